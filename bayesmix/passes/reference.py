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
    log_density = np.asarray(logsumexp(joint, axis=1))
    r = row_weights[:, None] * np.exp(joint - log_density[:, None])
    second = np.einsum("nk,nki->ki", r, y**2) if whiteners.ndim == 2 else np.einsum("nk,nki,nkj->kij", r, y, y)
    return row_weights @ log_density, r.sum(axis=0), np.einsum("nk,nki->ki", r, y), second


def accumulate_with_tails(rows, row_weights, offsets, means, whiteners, dof):
    """As :func:`bayesmix.passes.student.accumulate`."""
    y = residuals(rows, means, whiteners)
    squares, n_features = (y**2).sum(axis=2), rows.shape[1]
    joint = offsets - 0.5 * (dof + n_features) * np.log1p(squares / dof)
    log_density = np.asarray(logsumexp(joint, axis=1))
    r, u = row_weights[:, None] * np.exp(joint - log_density[:, None]), (dof + n_features) / (dof + squares)
    second = np.einsum("nk,nki->ki", r * u, y**2) if whiteners.ndim == 2 else np.einsum("nk,nki,nkj->kij", r * u, y, y)
    of_tails = (r * (np.log(u) - u + 1)).sum(axis=0), (r * (u - 1) ** 2).sum(axis=0)
    masses, first = (r * u).sum(axis=0), np.einsum("nk,nki->ki", r * u, y)
    return row_weights @ log_density, r.sum(axis=0), masses, first, second, *of_tails
