"""Polya's urn: how many of K places have rows, weights from a symmetric Dirichlet distribution being integrated out."""

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def occupied_places(n_places, concentration, n_rows):
    r"""Probability that 0, 1, ..., K of so many places have rows, (K + 1,).

    After n rows, of which m places have some, the next row goes to a new one with probability

    .. math:: \frac{(K - m) \gamma}{K \gamma + n}.
    """
    probabilities = np.zeros(n_places + 1)
    probabilities[0] = 1.0
    total = n_places * concentration
    for n in range(n_rows):
        for m in range(min(n + 1, n_places), 0, -1):
            stays = (m * concentration + n) / (total + n) * probabilities[m]
            probabilities[m] = stays + (n_places - m + 1) * concentration / (total + n) * probabilities[m - 1]
        probabilities[0] = 0.0
    return probabilities
