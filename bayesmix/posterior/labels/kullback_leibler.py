"""Relabelling by Stephens: each draw is named so that its responsibilities are closest to what they are on average."""

from collections.abc import Mapping

import numpy as np

from bayesmix.families import Family
from bayesmix.posterior.labels.permutations import best_matches, representatives

# Responsibilities below count as this much, as in R's label.switching: else one row of which a draw is certain, and
# the others are of the contrary, would decide on the names of all groups.
_SMALLEST = 1e-6
# Each turn brings the draws closer to their average, and there are finitely many ways to name them: a few are enough.
_MOST_TURNS = 100


def closest_to_their_mean(
    family: Family,
    weights: np.ndarray,
    params: Mapping[str, np.ndarray],
    values: np.ndarray,
    pivot: np.ndarray,
    start: np.ndarray,
) -> np.ndarray:
    """Permutations that minimise the Kullback-Leibler divergence of all draws' responsibilities from their mean.

    With ``q_ij`` the mean over the draws s of ``r_s,i,perm_s(j)``, the loss is
    ``sum over s, i, j of r_s,i,perm_s(j) log(r_s,i,perm_s(j) / q_ij)``. In turns, q is computed for the permutations,
    and the best permutation of each draw, by linear assignment, for q: the loss never rises. It may have several
    minima, of which the one next to the start is found. Rows are gone through in blocks, so that memory does not grow
    with them; of a label with more than `ROWS_PER_LABEL` rows, as many evenly spaced ones stand for all.

    Parameters
    ----------
    family : Family
    weights : array, (chain, draw, K)
    params : mapping of array, (chain, draw, ...)
    values : array, (N, D)
    pivot : int array, (N,)
        Labels by which rows are chosen.
    start : int array, (S, K)

    Returns
    -------
    int array, (S, K)

    References
    ----------
    Stephens (2000), Dealing with label switching in mixture models, Journal of the Royal Statistical Society B 62:
    algorithm 2.
    """
    chosen, sizes, stands_for = representatives(pivot, weights.shape[-1])
    rows, rows_stand_for = values[chosen], np.repeat(stands_for, sizes)
    permutations = start
    for _ in range(_MOST_TURNS):
        gains = np.zeros((*start.shape, start.shape[-1]))
        for block, shares in family.responsibilities_blocks(weights, params, rows):
            np.maximum(shares, _SMALLEST, out=shares)
            shares /= shares.sum(axis=0)
            named = np.take_along_axis(shares, permutations.T[:, None], axis=0)
            # Of the loss only sum r log q depends on the permutation.
            logs = rows_stand_for[block] * np.log(named.mean(axis=-1))
            gains += np.matmul(logs, shares).transpose(2, 1, 0)
        found = best_matches(gains)
        if np.array_equal(found, permutations):
            break
        permutations = found
    return permutations
