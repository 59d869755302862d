"""How to rename the components of each draw: arrays in, permutations out.

Convention: ``new[k] = old[permutation[k]]``.
"""

from collections.abc import Mapping

import numpy as np

from bayesmix.families import Family

# Rows looked at per pivot label. Which labels belong together is plain long before that many
# rows, and the time stays bounded however long the data are.
ROWS_PER_LABEL = 1000


def agreement_matrices(
    family: Family,
    weights: np.ndarray,
    params: Mapping[str, np.ndarray],
    values: np.ndarray,
    pivot: np.ndarray,
) -> np.ndarray:
    """Count the expected agreement between the pivot's labels and each draw's components.

    ``agreement[s, j, k] = sum of p(z_i = k | x_i, theta_s) over the rows i with pivot label j``:
    the number of rows that carry label j in the pivot and label k in draw s, with the draw's
    labels integrated out (Rao-Blackwell) instead of sampled. Of a label with more than
    `ROWS_PER_LABEL` rows, as many evenly spaced ones stand for all.

    Parameters
    ----------
    family : Family
    weights : array, (chain, draw, K)
    params : mapping of array, (chain, draw, ...)
    values : array, (N, D)
    pivot : int array, (N,)

    Returns
    -------
    array, (S, K, K)
        S = chain * draw; the rows of each matrix sum to the sizes of the pivot's groups.
    """
    chosen, sizes, stands_for = representatives(pivot, weights.shape[-1])
    return family.group_sums(weights, params, values[chosen], np.cumsum(sizes)) * stands_for[:, None]


def best_assignments(agreement: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Permutations that maximise the agreement with the pivot.

    Components left over by labels that are empty in the pivot agree with nothing; they are named
    by decreasing weight, whatever they were called before.

    Parameters
    ----------
    agreement : array, (S, K, K)
    weights : array, (S, K)

    Returns
    -------
    int array, (S, K)

    References
    ----------
    Papastamoulis and Iliopoulos (2010), An artificial allocations based solution to the label
    switching problem in Bayesian analysis of mixtures of distributions, Journal of Computational
    and Graphical Statistics 19: equivalence classes representatives (ECR).
    """
    n_draws, n_components, _ = agreement.shape
    occupied = np.flatnonzero(agreement[0].sum(axis=-1) > 0)
    vacant = np.setdiff1d(np.arange(n_components), occupied)
    matched = best_matches(agreement[:, occupied])
    permutations = np.empty((n_draws, n_components), dtype=np.int64)
    permutations[:, occupied] = matched
    left = np.ones((n_draws, n_components), dtype=bool)
    np.put_along_axis(left, matched, False, axis=-1)
    by_weight = np.argsort(np.where(left, -weights, np.inf), axis=-1, kind="stable")
    permutations[:, vacant] = by_weight[:, : len(vacant)]
    return permutations


def best_matches(gains: np.ndarray) -> np.ndarray:
    """Different columns of the rows of each matrix ``(S, J, K)`` whose gains have the largest sum: linear assignment.

    Parameters
    ----------
    gains : array, (S, J, K)
        With J <= K.

    Returns
    -------
    int array, (S, J)
    """
    matched = gains.argmax(axis=-1)
    ordered = np.sort(matched, axis=-1)
    # Where every row's favourite is another one, the favourites are the best assignment.
    clashing = (ordered[:, 1:] == ordered[:, :-1]).any(axis=-1)
    for draw in np.flatnonzero(clashing):
        from scipy.optimize import linear_sum_assignment

        matched[draw] = linear_sum_assignment(gains[draw], maximize=True)[1]
    return matched


def ordering(values: np.ndarray, *, descending: bool = False) -> np.ndarray:
    """Permutations that sort ``values (..., K)`` along its last axis; ties keep their order."""
    return np.argsort(-values if descending else values, axis=-1, kind="stable")


def representatives(pivot: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows that stand for the labels, at most `ROWS_PER_LABEL` of each, evenly spaced.

    Parameters
    ----------
    pivot : int array, (N,)
    n_components : int

    Returns
    -------
    chosen : int array
        Positions, label after label.
    sizes : int array, (K,)
        How many of them a label has.
    stands_for : array, (K,)
        For how many rows each of them stands.
    """
    chosen = []
    for label in range(n_components):
        members = np.flatnonzero(pivot == label)
        positions = np.linspace(0, len(members) - 1, min(len(members), ROWS_PER_LABEL))
        chosen.append(members[np.round(positions).astype(int)])
    sizes = np.array([len(members) for members in chosen])
    totals = np.bincount(pivot[pivot >= 0], minlength=n_components)  # noise, -1, has no name to agree on
    stands_for = np.divide(totals, sizes, out=np.zeros(n_components), where=sizes > 0)
    return np.concatenate(chosen), sizes, stands_for
