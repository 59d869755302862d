"""Entropy of responsibilities, averaged over draws."""

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.elementary import log_of_normal

_TINY = 2.2250738585072014e-308  # the smallest normal number: less has no entropy to speak of


@nb.njit(**COMPILED)
def mean_entropies(shares):
    """``mean over s of -sum_k r_ks log r_ks`` in nats as (N,), of shares (K, N, S) from zero to one."""
    n_components, n_rows, n_draws = shares.shape
    out = np.empty(n_rows)
    for n in range(n_rows):
        total = 0.0
        for k in range(n_components):
            row = shares[k, n]
            for s in range(n_draws):
                total -= row[s] * log_of_normal(row[s] if row[s] > _TINY else _TINY)
        out[n] = total / n_draws
    return out
