"""What a fit needs in memory above the data: a copy of the rows, one standardised and transposed, and little else."""

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
fit = lambda rows: bm.Mixture(8).fit_em(rows, n_init=2, max_iter=2, random_seed=0)
fit(X[:1000].copy())
open("/proc/self/clear_refs", "w").write("5")  # the peak starts again from here
before = mebibytes("VmRSS")
fit(X)
print(mebibytes("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are read from /proc")
def test_peak_above_the_data():
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert float(done.stdout) <= 64
