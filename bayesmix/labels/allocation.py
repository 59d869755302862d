"""Allocation probabilities of rows, draw by draw, in blocks that fit into memory."""

from collections.abc import Iterator, Mapping

import numpy as np

from bayesmix.families import Family


def allocation_blocks(
    family: Family,
    weights: np.ndarray,
    params: Mapping[str, np.ndarray],
    values: np.ndarray,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Walk over the rows and give p(z_i = k | x_i, theta_s) for every draw s.

    Parameters
    ----------
    family : Family
    weights : array, (chain, draw, K)
    params : mapping of array, (chain, draw, ...)
    values : array, (N, D)

    Yields
    ------
    rows : slice
    probability : array, (K, S, b)
        Component first, S = chain * draw, b rows of this block; sums to one over the first axis.
    """
    for rows, joint in family.log_joint_blocks(weights, params, values):
        # Component first: sums over K become sums of K long contiguous arrays.
        probability = np.ascontiguousarray(np.moveaxis(joint, -1, 0))
        probability -= probability.max(axis=0)
        np.exp(probability, out=probability)
        probability /= probability.sum(axis=0)
        yield rows, probability
