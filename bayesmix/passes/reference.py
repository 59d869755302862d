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


def accumulate_seen(rows, row_weights, offsets, means, whiteners):
    """As :func:`accumulate`, of rows with missing cells (NaN): expected moments given the cells that were seen."""
    whiteners = whiteners[:, :, None] * np.eye(means.shape[1]) if whiteners.ndim == 2 else whiteners
    y = np.zeros((len(rows), *means.shape))
    spread = np.zeros((*y.shape, means.shape[1]))
    joint = np.empty(y.shape[:2])
    for n, row in enumerate(rows):
        missing, seen = np.isnan(row), ~np.isnan(row)
        for k, (mean, a) in enumerate(zip(means, whiteners, strict=True)):
            of_missing = a[:, missing]
            gram = np.linalg.inv(of_missing.T @ of_missing)  # their covariance given the seen cells
            residual = a[:, seen] @ (row - mean)[seen]
            spread[n, k] = of_missing @ gram @ of_missing.T
            y[n, k] = residual - spread[n, k] @ residual
            gained = 0.5 * missing.sum() * np.log(2 * np.pi) + 0.5 * np.linalg.slogdet(gram)[1]
            joint[n, k] = offsets[k] - 0.5 * (y[n, k] ** 2).sum() + gained
    log_density = np.asarray(logsumexp(joint, axis=1))
    r = row_weights[:, None] * np.exp(joint - log_density[:, None])
    second = np.einsum("nk,nkij->kij", r, y[..., :, None] * y[..., None, :] + spread)
    return row_weights @ log_density, r.sum(axis=0), np.einsum("nk,nki->ki", r, y), second


def accumulate_by_value(places, row_weights, log_weights, table):
    """As :func:`bayesmix.passes.by_value.accumulate`, of the places (N, D) of the cells."""
    joint = log_weights + table[:, places].sum(axis=2).T
    log_density = np.asarray(logsumexp(joint, axis=1))
    r = row_weights[:, None] * np.exp(joint - log_density[:, None])
    there = places[:, :, None] == np.arange(table.shape[1])
    return row_weights @ log_density, r.sum(axis=0), np.einsum("nk,njv->kv", r, there.astype(float))
