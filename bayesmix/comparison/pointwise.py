"""What LOO and WAIC need of a tree, and of its rows."""

from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDDataLOO

from bayesmix.data import Rows, read_rows
from bayesmix.data.moments import divisor
from bayesmix.posterior.labels.convergence import near_one
from bayesmix.posterior.labels.judgement import heed
from bayesmix.tree import SAMPLE_DIMS, columns_of, family_of, log_likelihood_blocks, record_of, training_rows
from bayesmix.verdict import PARETO_GATE

# ArviZ fits the tail of the importance weights to at least 5 draws, a fifth of them.
_FEWEST_DRAWS = 25

# With more posterior entries than this, those of weights and of the first parameter (means, rates) speak for all: the
# effective size of every entry of large covariance matrices would take longer than the rest.
_MAX_ENTRIES = 2000


def check_posterior(tree: xr.DataTree, X: Any = None) -> None:
    """Refuse a tree with no or few posterior draws, and rows it was not fitted on.

    Raises
    ------
    ValueError
        When the tree is a point estimate or has fewer than 25 draws, or ``X`` is not its training
        data.
    """
    heed(tree)
    record = record_of(tree)
    sizes = tree["posterior"].to_dataset().sizes
    n_draws = sizes["chain"] * sizes["draw"]
    if record["method"] == "em" or n_draws < 2:
        raise ValueError(
            "LOO, WAIC and the evidence are of posterior draws, and this tree holds a point estimate: "
            "use fit; for a point estimate compare bic and icl."
        )
    if n_draws < _FEWEST_DRAWS:
        raise ValueError(
            f"The tree has {n_draws} draws, and LOO, WAIC and the evidence need at least {_FEWEST_DRAWS}: "
            "a fifth of them is the tail that importance weights are smoothed by."
        )
    if X is None:
        return
    rows = read_rows(X, columns=columns_of(tree), missing="keep")
    if rows.sha256 != record["data_sha256"]:
        raise ValueError(
            f"X ({rows.n_rows} rows) is not the data that the tree was fitted on: LOO and WAIC "
            "are about its training rows. For other rows use bm.log_density(tree, X)."
        )


def log_densities(tree: xr.DataTree) -> tuple[xr.DataArray, xr.DataArray] | None:
    """``log_p`` and ``log_q`` of the draws of an approximation; None for a Markov chain."""
    stats = tree["sample_stats"].to_dataset()
    if not {"log_p", "log_q"} <= set(stats.data_vars):
        return None
    log_p, log_q = (stats[name].transpose(*SAMPLE_DIMS) for name in ("log_p", "log_q"))
    return log_p, log_q


def relative_efficiency(tree: xr.DataTree) -> float:
    """Effective sample size over draws, as ``az.loo`` takes it: the mean over the posterior."""
    import arviz_stats

    posterior = tree["posterior"].to_dataset()
    n_draws = posterior.sizes["chain"] * posterior.sizes["draw"]
    if posterior.sizes["chain"] == 1:
        return 1.0
    if sum(array[0, 0].size for array in posterior.data_vars.values()) > _MAX_ENTRIES:
        posterior = posterior[["weights", family_of(tree).parameters[0].name]]
    sizes = arviz_stats.ess(posterior.map(near_one), method="mean")
    every = np.concatenate([np.ravel(sizes[name].values) for name in sizes.data_vars])
    efficiency = float(np.mean(every)) / n_draws
    return efficiency if np.isfinite(efficiency) else 1.0


def per_row(tree: xr.DataTree, values: np.ndarray, name: str) -> xr.DataArray:
    """One number a training row, with the tree's ``obs``; or where rows belong together one for each ``subject``."""
    rows = training_rows(tree)
    dim, labels = ("obs", rows.obs) if rows.subjects is None else ("subject", np.arange(rows.n_subjects))
    return xr.DataArray(values, dims=dim, coords={dim: labels}, name=name)


def sum_and_error(pointwise: np.ndarray, rows: Rows) -> tuple[float, float]:
    """The sum over rows and its standard error ``sqrt(N var)`` with ``N - 1``, as ``az.loo``.

    Of rows with weights ``N`` is what they count as, and the variance is that of a copy: how much rows differ in their
    weights says nothing about how exactly the sum is known.
    """
    if pointwise.size == 1:
        return float(pointwise[0]), np.nan
    total = float(pointwise.sum())
    if rows.weights is None:
        return total, float(np.sqrt(pointwise.size * np.var(pointwise, ddof=1)))
    squares = rows.weights @ (pointwise / rows.weights - total / rows.total) ** 2
    return total, float(np.sqrt(rows.total * squares / divisor(rows.total)))


def log_mean_density(tree: xr.DataTree) -> np.ndarray:
    """Log of the mean density of every training row, or subject of these, over all draws."""
    sizes = tree["posterior"].to_dataset().sizes
    found = np.empty(training_rows(tree).n_subjects)
    for where, values in log_likelihood_blocks(tree):
        found[where] = np.logaddexp.reduce(values, axis=(0, 1))
    return found - np.log(sizes["chain"] * sizes["draw"])


def bad_rows(elpd: ELPDDataLOO) -> np.ndarray:
    """Positions of the rows whose Pareto k exceeds 0.7, the worst first."""
    pareto_k = np.asarray(elpd.pareto_k, dtype=float)
    order = np.argsort(-pareto_k, kind="stable")
    return order[pareto_k[order] > PARETO_GATE]
