"""Stan by ``pystan``: the program ``mixture.stan``, the same model with the same separated prior.

Configuration: one pass over the rows for each component (``columns_dot_self`` of ``mdivide_left_tri_low``), which is
several times as fast as ``multi_normal_cholesky`` row by row; Stan's NUTS with its defaults, four chains at once,
started at bayesmix's EM estimate. Two lengths of warm-up are tried, and the better counts. Compilation (a minute; kept
by pystan for later runs) does not count.
"""

import contextlib
import io
import os
import time
from pathlib import Path

import numpy as np

NAME = "Stan"
WARMUP = (500, 1000)
PROGRAM = Path(__file__).with_name("mixture.stan")


def missing() -> str:
    """Why Stan cannot be run here; empty where it can."""
    import shutil
    from importlib.util import find_spec

    if shutil.which("g++") is None and shutil.which("c++") is None:
        return "there is no C++ compiler"
    return "" if find_spec("stan") else "pystan is not installed"


def data(X: np.ndarray, n_components: int, priors) -> dict:
    """What the program reads."""
    n_rows, n_features = X.shape
    return {
        "N": n_rows,
        "D": n_features,
        "K": n_components,
        "columns": X.T.tolist(),
        "concentrations": priors.weights.concentrations(n_components).tolist(),
        "mean_location": list(priors.parts["means"].mean),
        "mean_sd": list(priors.parts["means"].sd),
        "log_scale_location": np.asarray(priors.parts["scales"].log_mean).tolist(),
        "log_scale_sd": priors.parts["scales"].log_sd,
        "eta": priors.parts["correlations"].eta,
    }


def start(weights: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> dict:
    """Parameters as the program's."""
    scales = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    factors = np.linalg.cholesky(covariances) / scales[..., None]
    named = {"weights": weights, "means": means, "scales": scales, "correlation_factors": factors}
    return {name: value.tolist() for name, value in named.items()}


class Sampler:
    """A compiled program with its data. pystan fixes the seed when it builds, and keeps what it compiled."""

    def __init__(self, X: np.ndarray, n_components: int, priors, begin):
        self._data, self._start = data(X, n_components, priors), start(**begin)

    def sample(self, warmup: int, draws: int, seed: int) -> tuple[float, dict[str, np.ndarray]]:
        """Seconds of warm-up and sampling, and the draws (chain, draw, ...)."""
        seconds, values = sampled(PROGRAM, self._data, self._start, warmup, draws, seed)
        factors = values["scales"][..., None] * values["correlation_factors"]
        covariances = factors @ np.swapaxes(factors, -1, -2)
        return seconds, {"weights": values["weights"], "means": values["means"], "covariances": covariances}


def sampled(program: Path, data: dict, start: dict, warmup: int, draws: int, seed: int) -> tuple[float, dict]:
    """Seconds of warm-up and sampling of four chains, and the draws (chain, draw, ...) of what they start at."""
    import stan

    with _quiet():
        built = stan.build(program.read_text(), data=data, random_seed=seed)
        began = time.perf_counter()
        fit = built.sample(num_chains=4, num_warmup=warmup, num_samples=draws, init=[start] * 4)
        seconds = time.perf_counter() - began
    return seconds, {name: _by_chain(fit[name], draws) for name in start}


def _by_chain(values: np.ndarray, draws: int) -> np.ndarray:
    """pystan's last axis runs through the chains first: (..., draws * chains) as (chain, draw, ...)."""
    return np.moveaxis(values.reshape(*values.shape[:-1], draws, -1), (-1, -2), (0, 1))


@contextlib.contextmanager
def _quiet():
    """pystan draws its progress on the process's standard error, and writes Stan's remarks there."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(io.StringIO()):
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
