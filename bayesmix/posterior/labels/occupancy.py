"""Components that own no row."""

import numpy as np
import xarray as xr

from bayesmix.tree import draws_of, family_of, training_rows

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
    weights, params = draws_of(tree)
    weights = weights.reshape(-1, weights.shape[-1])
    chosen = np.unique(np.linspace(0, len(weights) - 1, min(len(weights), _DRAWS)).astype(int))
    params = {name: v.reshape(len(weights), *v.shape[2:])[chosen] for name, v in params.items()}
    weights = weights[chosen]
    owns_rows = np.zeros(weights.shape, dtype=bool)
    values = training_rows(tree).values
    for _, probability in family_of(tree).responsibilities_blocks(weights, params, values):
        winner = probability.argmax(axis=0)
        for component in range(weights.shape[-1]):
            owns_rows[:, component] |= (winner == component).any(axis=0)
    return (~owns_rows).mean(axis=0), float((~owns_rows).any(axis=-1).mean())
