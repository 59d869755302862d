"""Trees for LOO and WAIC: with or without a stored log-likelihood, one row far out."""

from typing import Any

import numpy as np
import xarray as xr

from bayesmix.tree import build_tree, draws_of, family_of, training_rows
from tests.simulated_trees import made_by, simulated_tree


def log_likelihood(tree: xr.DataTree) -> np.ndarray:
    """The whole matrix (chain, draw, N)."""
    return family_of(tree).log_mixture(*draws_of(tree), training_rows(tree).values)


def stored(tree: xr.DataTree) -> xr.DataTree:
    """The tree with its log-likelihood, as ``fit_nuts`` stores it."""
    return rebuilt(tree, log_likelihood=log_likelihood(tree))


def rebuilt(tree: xr.DataTree, method: str = "nuts", **groups: Any) -> xr.DataTree:
    """The same draws and rows, with other groups beside them."""
    weights, params = draws_of(tree)
    return build_tree(
        family=family_of(tree),
        rows=training_rows(tree),
        posterior={"weights": weights, **params},
        record=made_by(method, tree),
        **groups,
    )


def approximation(tree: xr.DataTree, seed: int = 3) -> xr.DataTree:
    """The tree as draws of an approximation that is not quite the posterior."""
    rng = np.random.default_rng(seed)
    shape = draws_of(tree)[0].shape[:2]
    log_q = rng.normal(size=shape)
    stats = {"log_q": log_q, "log_p": log_q + 0.5 * rng.normal(size=shape)}
    return rebuilt(tree, "advi", log_likelihood=log_likelihood(tree), sample_stats=stats)


def scattered(covariance: str = "full", **options: Any) -> xr.DataTree:
    """Draws that scatter as a posterior of few rows does."""
    return simulated_tree(covariance, n_rows=35, shape=(3, 150), spread=0.15, **options)
