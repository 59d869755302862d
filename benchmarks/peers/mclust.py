"""mclust: the Fortran EM of the R package, model VVV (full covariances), through ``Rscript``.

Configuration: ``mclust::em`` from the same parameters as every side, ``tol=0`` and a fixed number of iterations, timed
inside R; BLAS with one thread. R is started once and asked again and again, so that its start does not count.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np

from benchmarks.environment import FOR_R
from benchmarks.problems import Problem

NAME = "mclust"
SCRIPT = Path(__file__).with_name("mclust.R")


def missing() -> str:
    """Why mclust cannot be run here; empty where it can."""
    if shutil.which("Rscript") is None:
        return "Rscript is not on the path"
    asked = subprocess.run(["Rscript", "-e", "library(mclust)"], capture_output=True, check=False)
    return "" if asked.returncode == 0 else "the R package mclust is not installed"


class Server:
    """A running R that iterates from the problem's start; a context manager."""

    def __init__(self, problem: Problem):
        self._folder = tempfile.TemporaryDirectory()
        n_features = problem.size[1]
        parts = {
            "size": np.array(problem.size, dtype=float),
            "rows": problem.X.T,
            "weights": problem.weights,
            "means": problem.means,
            "covariances": problem.covariances.reshape(-1, n_features, n_features),
        }
        for name, values in parts.items():
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

    def iterate(self, n_iterations: int) -> tuple[float, float]:
        """Seconds of so many iterations, and the log-likelihood reached."""
        self._process.stdin.write(f"{n_iterations}\n")
        self._process.stdin.flush()
        seconds, log_likelihood, done = self._process.stdout.readline().split()
        if int(done) != n_iterations:
            raise RuntimeError(f"mclust did {done} iterations where {n_iterations} were asked")
        return float(seconds), float(log_likelihood)
