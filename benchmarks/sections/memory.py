"""Peak memory of a whole EM fit above the data, responsibilities not read, each side in a process of its own.

The peak of the resident set (``VmHWM``) after the fit, less the resident set before it, when the rows are in memory and
a fit of a few rows has loaded everything.
"""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.asked import LONG, verdict
from benchmarks.tables import Table, size_text

TITLE = "Memory"

_START = """
import re, sys
import numpy as np
n, d, k = map(int, sys.argv[1:])
rng = np.random.default_rng(0)
X = rng.standard_normal((n, d))
X += 6.0 * rng.integers(k, size=(n, 1))
def mebibytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024
"""
_FITS = {
    "bayesmix": "import bayesmix as bm\ndef fit(X): bm.Mixture(k).fit_em(X, n_init=1, max_iter=3, random_seed=0)",
    "scikit-learn": "from sklearn.mixture import GaussianMixture\n"
    "def fit(X): GaussianMixture(k, n_init=1, max_iter=3, init_params='k-means++', random_state=0).fit(X)",
}
_END = """
fit(X[:1000].copy())
open("/proc/self/clear_refs", "w").write("5")  # the peak starts again from here
before = mebibytes("VmRSS")
fit(X)
print(mebibytes("VmHWM") - before)
"""


def peak_mebibytes(side: str) -> float:
    """MiB above the data."""
    code = "\n".join([_START, _FITS[side], _END])
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, LONG)]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    if not Path("/proc/self/clear_refs").exists():
        return [Table(("(N, D, K)", "MiB"), [], "Not run: this machine has no `/proc` to read the peak from.")]
    measured = {side: peak_mebibytes(side) for side in _FITS}
    asked = verdict("peak memory above the data", LONG, "", [measured["bayesmix"]])
    row = (size_text(LONG), *(f"{value:.0f} MiB" for value in measured.values()), asked)
    return [Table(("(N, D, K)", *measured, "asked"), [row])]
