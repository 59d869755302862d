"""What responsibilities are over the draws: their means, deviations and entropies."""

from math import sqrt

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.elementary import log_of_normal

_TINY = 2.2250738585072014e-308  # the smallest normal number: less has no entropy to speak of


@nb.njit(**COMPILED)
def share_summaries(shares):
    """Means and standard deviations (N, K) over s of shares (K, N, S) from zero to one, and entropies (N,).

    The entropy is ``mean over s of -sum_k r_ks log r_ks``, in nats. Everything is made of a row and a component while
    its draws are in the cache.
    """
    n_components, n_rows, n_draws = shares.shape
    means, deviations = np.empty((n_rows, n_components)), np.empty((n_rows, n_components))
    entropies = np.zeros(n_rows)
    for k in range(n_components):
        for n in range(n_rows):
            row = shares[k, n]
            total, entropy = 0.0, 0.0
            for s in range(n_draws):
                total += row[s]
                entropy -= row[s] * log_of_normal(row[s] if row[s] > _TINY else _TINY)
            mean = total / n_draws
            squares = 0.0
            for s in range(n_draws):
                squares += (row[s] - mean) * (row[s] - mean)
            means[n, k], deviations[n, k] = mean, sqrt(squares / n_draws)
            entropies[n] += entropy / n_draws
    return means, deviations, entropies
