"""Relabelling by a pivot: each draw is named so that it is closest to the draw of the highest posterior density."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from bayesmix.families import Family
from bayesmix.posterior.labels.permutations import best_matches
from bayesmix.tree import log_likelihood_blocks

# What components unlike all of the pivot's count for: too little to move another one, so that they go by their weights.
_UNLIKE = 1e-9
_MAX_VALUES = 4_000_000


def highest_draw(tree: xr.DataTree) -> tuple[int, int]:
    """Chain and draw, by position, of the highest posterior density; of the highest likelihood where none is stored."""
    stats = tree["sample_stats"].to_dataset() if "sample_stats" in tree.children else {}
    stored = [name for name in ("lp", "log_p") if name in stats]
    if stored:
        height = np.asarray(stats[stored[0]])
    else:
        height = sum(values.sum(axis=-1) for _, values in log_likelihood_blocks(tree))
    chain, draw = np.unravel_index(np.argmax(height), np.shape(height))
    return int(chain), int(draw)


def closest_to_pivot(
    family: Family,
    weights: np.ndarray,
    params: Mapping[str, np.ndarray],
    pivot_weights: np.ndarray,
    pivot_params: Mapping[str, np.ndarray],
) -> np.ndarray:
    r"""Permutations under which the draws are closest to a pivot in the distribution of a row and its label.

    The distance is Hellinger's, which is smallest where

    .. math:: \sum_j \sqrt{w^*_j w_{\pi(j)}} \int \sqrt{f(x | \theta^*_j) f(x | \theta_{\pi(j)})} \, dx

    is largest: a scalar product with the pivot, like that of Marin, Mengersen and Robert, of densities in the place of
    parameters. So it has no units, and components that hold few rows, wherever they lie, do not exchange the names
    of those that hold many. No row is looked at.

    Parameters
    ----------
    family : Family
    weights : array, (S, K)
    params : mapping of array, (S, ...)
    pivot_weights : array, (K,)
    pivot_params : mapping of array

    Returns
    -------
    int array, (S, K)

    References
    ----------
    Marin, Mengersen and Robert (2005), Bayesian modelling and inference on mixtures of distributions, Handbook of
    Statistics 25.
    """
    affinities = np.empty((*weights.shape, weights.shape[-1]))
    n_features = family.moments(pivot_params)[0].shape[-1]
    step = max(1, _MAX_VALUES // (weights.shape[-1] * n_features) ** 2)
    for start in range(0, len(weights), step):
        draws = slice(start, start + step)
        some = {name: values[draws] for name, values in params.items()}
        affinities[draws] = np.exp(family.log_affinities(pivot_params, some))
    return best_matches(np.sqrt(pivot_weights[:, None] * weights[:, None, :]) * (affinities + _UNLIKE))
