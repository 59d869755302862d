"""bayesm: ``rnmixGibbs`` of the R package (C++), a blocked Gibbs sampler of normal mixtures, through ``Rscript``.

Configuration: as it comes, full covariances under its own normal-inverse-Wishart prior, every draw kept, nothing
printed; BLAS with one thread. R is started once and asked again and again, so that its start does not count.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np

from benchmarks.environment import FOR_R

NAME = "bayesm"
SCRIPT = Path(__file__).with_name("bayesm.R")


def missing() -> str:
    """Why bayesm cannot be run here; empty where it can."""
    if shutil.which("Rscript") is None:
        return "Rscript is not on the path"
    asked = subprocess.run(["Rscript", "-e", "library(bayesm)"], capture_output=True, check=False)
    return "" if asked.returncode == 0 else "the R package bayesm is not installed"


class Server:
    """A running R that sweeps over rows; a context manager."""

    def __init__(self, X: np.ndarray, n_components: int):
        self._folder = tempfile.TemporaryDirectory()
        for name, values in {"size": [*X.shape, n_components], "rows": X.T}.items():
            np.ascontiguousarray(values, dtype=float).tofile(Path(self._folder.name) / name)
        self._process = subprocess.Popen(
            ["Rscript", str(SCRIPT), self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **FOR_R, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()

    def sweep(self, n_sweeps: int) -> float:
        """Seconds of so many sweeps."""
        self._process.stdin.write(f"{n_sweeps}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())
