"""The slow, obvious twin of the kernels: what they compute, in ten lines of NumPy."""

import numpy as np
from scipy.special import logsumexp


def residuals(rows, means, whiteners):
    """``y_ik = A_k (x_i - mean_k)`` as (N, K, D); whiteners are (K, D, D), or (K, D) when diagonal."""
    centred = rows[:, None, :] - means
    return centred * whiteners if whiteners.ndim == 2 else np.einsum("kij,nkj->nki", whiteners, centred)


def accumulate(rows, row_weights, offsets, means, whiteners):
    """Log-likelihood, counts, first and second whitened moments (see :mod:`bayesmix.passes`)."""
    y = residuals(rows, means, whiteners)
    joint = offsets - 0.5 * (y**2).sum(axis=2)
    log_density = logsumexp(joint, axis=1)
    r = row_weights[:, None] * np.exp(joint - log_density[:, None])
    second = np.einsum("nk,nki->ki", r, y**2) if whiteners.ndim == 2 else np.einsum("nk,nki,nkj->kij", r, y, y)
    return row_weights @ log_density, r.sum(axis=0), np.einsum("nk,nki->ki", r, y), second
