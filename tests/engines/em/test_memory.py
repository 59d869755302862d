"""What a fit needs in memory above the data: a copy of the rows where one is asked for, and little else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MEASURE = """
import re
import numpy as np
import bayesmix as bm

def mebibytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024

rng = np.random.default_rng(0)
X = rng.standard_normal((1_000_000, 4)) + 6.0 * rng.integers(8, size=(1_000_000, 1))
X = np.asarray(X, dtype=DTYPE, order=ORDER)
fit = lambda rows, **given: bm.Mixture(8).fit_em(rows, max_iter=2, copy=COPY, random_seed=0, **given)
start = fit(X[:100_000], n_init=2)
fit(X[:100_000], init=start)
open("/proc/self/clear_refs", "w").write("5")  # the peak starts again from here
before = mebibytes("VmRSS")
fit(X, n_init=2)
if not COPY:
    fit(X, init=start)
print(mebibytes("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are read from /proc")
@pytest.mark.parametrize(
    ("copy", "dtype", "order", "limit"),
    [(True, "float64", "C", 56), (False, "float64", "C", 24), (False, "float32", "F", 12)],
    ids=["copied", "where they lie", "where they lie, single precision by columns"],
)
def test_peak_above_the_data(copy, dtype, order, limit):
    """In MiB; the rows are 30.5 of them, or half of that."""
    code = MEASURE.replace("COPY", repr(copy)).replace("DTYPE", repr(dtype)).replace("ORDER", repr(order))
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert float(done.stdout) <= limit
