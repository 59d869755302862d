"""R's loo on the same log densities, timed inside R, in one thread."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.environment import FOR_R

NAME = "R's loo"
SCRIPT = Path(__file__).with_name("loo.R")


def missing() -> str:
    """Why it cannot be run here; empty where it can."""
    if shutil.which("Rscript") is None:
        return "Rscript is not on the path"
    asked = subprocess.run(["Rscript", "-e", "library(loo)"], capture_output=True, check=False)
    return "" if asked.returncode == 0 else "the R package loo is not installed"


def leave_out(log_densities: np.ndarray) -> tuple[float, float]:
    """Seconds and elpd of log densities (S, N)."""
    with tempfile.TemporaryDirectory() as folder:
        np.ascontiguousarray(log_densities).tofile(Path(folder) / "log_densities")
        made = subprocess.run(
            ["Rscript", str(SCRIPT), folder, *map(str, log_densities.shape)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **FOR_R, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    seconds, elpd = map(float, made.stdout.split())
    return seconds, elpd
