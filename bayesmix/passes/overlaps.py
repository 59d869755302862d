"""How many rows a group of one partition shares with the groups of others: what every loss between partitions is of."""

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def overlaps(labels, n_groups, draws, n_labels, values):
    """Sums over groups, and over what groups share, of a function of how many rows there are.

    Parameters
    ----------
    labels : (N,) int array
        Groups from 0 to ``n_groups - 1``.
    draws : (S, N) int array
        Groups from 0 to ``n_labels - 1`` in each of S partitions.
    values : (N + 1,) array
        The function's values for 0, 1, ..., N rows; that for 0 is 0.

    Returns
    -------
    own : float
        Over the groups of ``labels``.
    theirs : (S,) array
        Over the groups of each draw.
    shared : (S,) array
        Over the pairs of a group of ``labels`` and one of a draw.
    """
    n_draws, n_rows = draws.shape
    theirs, shared = np.zeros(n_draws), np.zeros(n_draws)
    sizes = np.zeros(n_groups, dtype=np.int64)
    for i in range(n_rows):
        sizes[labels[i]] += 1
    own = 0.0
    for c in range(n_groups):
        own += values[sizes[c]]
    counts = np.zeros((n_labels, n_groups), dtype=np.int64)
    for s in range(n_draws):
        counts[:] = 0
        for i in range(n_rows):
            counts[draws[s, i], labels[i]] += 1
        for label in range(n_labels):
            size = 0
            for c in range(n_groups):
                size += counts[label, c]
                shared[s] += values[counts[label, c]]
            theirs[s] += values[size]
    return own, theirs, shared


@nb.njit(**COMPILED)
def disagreements(labels, n_groups, draws, n_labels):
    """For each row (N,), how many others are with it in one partition and not in the other, on average over the draws.

    Parameters as in :func:`overlaps`.
    """
    n_draws, n_rows = draws.shape
    others = np.zeros(n_rows)
    sizes = np.zeros(n_groups, dtype=np.int64)
    for i in range(n_rows):
        sizes[labels[i]] += 1
    counts, totals = np.zeros((n_labels, n_groups), dtype=np.int64), np.zeros(n_labels, dtype=np.int64)
    for s in range(n_draws):
        counts[:] = 0
        totals[:] = 0
        for i in range(n_rows):
            counts[draws[s, i], labels[i]] += 1
            totals[draws[s, i]] += 1
        for i in range(n_rows):
            others[i] += sizes[labels[i]] + totals[draws[s, i]] - 2 * counts[draws[s, i], labels[i]]
    return others / n_draws
