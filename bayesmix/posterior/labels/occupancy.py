"""Components that own no row."""

import numpy as np
import xarray as xr

from bayesmix.families.parts import most_probable
from bayesmix.posterior.margins import marginal_of
from bayesmix.tree import training_rows

# Shares are told in whole percents; this many evenly spaced draws know them well enough.
_DRAWS = 400


def empty_shares(tree: xr.DataTree) -> tuple[np.ndarray, float]:
    """Share of draws in which a component is the most probable one of no training row.

    Parameters
    ----------
    tree : xarray.DataTree

    Returns
    -------
    each : array, (K,)
        Share of draws in which component k is empty.
    any : float
        Share of draws in which at least one component is empty (free of labels).
    """
    draws = marginal_of(tree).thinned(_DRAWS)
    owns_rows = np.zeros(draws.weights.shape, dtype=bool)
    rows = training_rows(tree)
    blocks = draws.family.responsibilities_blocks(draws.weights, draws.params, rows.entries, beforehand=rows.beforehand)
    for _, probability in blocks:
        winner = most_probable(probability, noise=draws.family.has_noise)
        for component in range(draws.n_components):
            owns_rows[:, component] |= (winner == component).any(axis=0)
    return (~owns_rows).mean(axis=0), float((~owns_rows).any(axis=-1).mean())
