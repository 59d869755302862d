"""The pass over the rows for components with correlated features (full and tied covariances).

Rows are worked in blocks that stay in the cache, with the rows along the SIMD axis. The functions are serial
and release the GIL.
"""

import math

import numba as nb
import numpy as np

from bayesmix.kernels.blocks import BLOCK, COMPILED, fill, log_sum, no_nan, normalise


@nb.njit(**COMPILED)
def _whiten(columns, start, size, mean, whitener, centred, residual, square):
    """``residual = A (x - mean)`` and its squared length, for one component and one block."""
    n_features = columns.shape[0]
    for j in range(n_features):
        source, target, m = columns[j], centred[j], mean[j]
        for n in range(size):
            target[n] = source[start + n] - m
    for i in range(n_features):
        y, row = residual[i], whitener[i]
        c0, a0 = centred[i], row[i]
        remainder = i % 2
        if remainder == 1:
            c1, a1 = centred[0], row[0]
            for n in range(size):
                y[n] = a0 * c0[n] + a1 * c1[n]
        else:
            for n in range(size):
                y[n] = a0 * c0[n]
        for j in range(remainder, i, 2):
            c1, a1, c2, a2 = centred[j], row[j], centred[j + 1], row[j + 1]
            for n in range(size):
                y[n] += a1 * c1[n] + a2 * c2[n]
        if i == 0:
            for n in range(size):
                square[n] = y[n] * y[n]
        else:
            for n in range(size):
                square[n] += y[n] * y[n]


@nb.njit(**COMPILED)
def _gather(responsibility, residual, size, weighted, first, second):
    """Add one block's ``sum r y`` and lower triangle of ``sum r y y'`` for one component."""
    for i in range(first.shape[0]):
        y = residual[i]
        total = 0.0
        for n in range(size):
            weighted[n] = responsibility[n] * y[n]
            total += weighted[n]
        first[i] += total
        j = 0
        while j + 1 <= i:
            y1, y2 = residual[j], residual[j + 1]
            s1, s2 = 0.0, 0.0
            for n in range(size):
                s1 += weighted[n] * y1[n]
                s2 += weighted[n] * y2[n]
            second[i, j] += s1
            second[i, j + 1] += s2
            j += 2
        if j == i:
            s1 = 0.0
            for n in range(size):
                s1 += weighted[n] * y[n]
            second[i, i] += s1


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, offsets, means, whiteners):
    """Log-likelihood and whitened statistics of one pass.

    Parameters
    ----------
    columns : (D, N) array
        The rows, transposed: each feature contiguous.
    row_weights : (N,) or (0,) array
        A weight for each row; empty for ones.
    offsets, means, whiteners : (K,), (K, D) and (K, D, D) arrays
        Standard form; whiteners are lower triangular.

    Returns
    -------
    log_likelihood : float
        ``sum_i w_i log sum_k exp(offset_k - |y_ik|^2 / 2)`` with ``y_ik = A_k (x_i - mean_k)``.
    counts, first, second : (K,), (K, D) and (K, D, D) arrays
        ``sum_i r_ik``, ``sum_i r_ik y_ik`` and ``sum_i r_ik y_ik y_ik'``.
    """
    n_features, n_rows = columns.shape
    n_components = offsets.shape[0]
    counts = np.zeros(n_components)
    first = np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features, n_features))
    residuals = np.empty((n_components, n_features, BLOCK))
    log_joint = np.empty((n_components, BLOCK))
    centred = np.empty((n_features, BLOCK))
    square, top, total = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            _whiten(columns, start, size, means[k], whiteners[k], centred, residuals[k], square)
            row, offset = log_joint[k], offsets[k]
            for n in range(size):
                row[n] = offset - 0.5 * square[n]
        log_likelihood += normalise(log_joint, row_weights, start, size, top, total)
        for k in range(n_components):
            responsibility = log_joint[k]
            count = 0.0
            for n in range(size):
                count += responsibility[n]
            counts[k] += count
            _gather(responsibility, residuals[k], size, square, first[k], second[k])
    for k in range(n_components):
        for i in range(n_features):
            for j in range(i):
                second[k, j, i] = second[k, i, j]
    if not (math.isfinite(log_likelihood) and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, first, second


@nb.njit(**COMPILED)
def _log_components(columns, offsets, means, whiteners):
    """``log w_k + log f_k(x_i)`` as (S, K, N)."""
    n_features, n_rows = columns.shape
    n_draws, n_components = offsets.shape
    out = np.empty((n_draws, n_components, n_rows))
    centred, residual = np.empty((n_features, BLOCK)), np.empty((n_features, BLOCK))
    square = np.empty(BLOCK)
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for s in range(n_draws):
            for k in range(n_components):
                _whiten(columns, start, size, means[s, k], whiteners[s, k], centred, residual, square)
                row, offset = out[s, k], offsets[s, k]
                for n in range(size):
                    row[start + n] = offset - 0.5 * square[n]
    return out


def log_joint(columns, offsets, means, whiteners):
    """``log w_k + log f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N, K)."""
    return _log_components(columns, offsets, means, whiteners).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture(columns, offsets, means, whiteners):
    """``log sum_k w_k f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N)."""
    n_features, n_rows = columns.shape
    n_draws, n_components = offsets.shape
    out = np.empty((n_draws, n_rows))
    centred, residual = np.empty((n_features, BLOCK)), np.empty((n_features, BLOCK))
    log_joint = np.empty((n_components, BLOCK))
    square, top, total = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for s in range(n_draws):
            for k in range(n_components):
                _whiten(columns, start, size, means[s, k], whiteners[s, k], centred, residual, square)
                row, offset = log_joint[k], offsets[s, k]
                for n in range(size):
                    row[n] = offset - 0.5 * square[n]
            log_sum(log_joint, size, top, total, out[s], start)
    for s in range(n_draws):
        if not no_nan(offsets[s]):
            fill(out[s], math.nan)
    return out


@nb.njit(**COMPILED)
def invert_lower(factors):
    """Inverse of each lower triangular matrix of an (M, D, D) stack, by forward substitution."""
    n_matrices, n_features, _ = factors.shape
    out = np.zeros_like(factors)
    for m in range(n_matrices):
        for j in range(n_features):
            out[m, j, j] = 1.0 / factors[m, j, j]
            for i in range(j + 1, n_features):
                total = 0.0
                for h in range(j, i):
                    total += factors[m, i, h] * out[m, h, j]
                out[m, i, j] = -total / factors[m, i, i]
    return out


@nb.njit(**COMPILED)
def score(counts, first, second, whiteners):
    """Slope of the log-likelihood in the means and in the lower Cholesky factors (Fisher's identity).

    The slope at theta of ``sum_k [-n_k log|L_k| - sum_i r_ik |A_k (x_i - mean_k)|^2 / 2]`` with the
    responsibilities held at theta. With ``y = A (x - mean)``: ``dL`` changes the first term by
    ``-n tr(A dL)`` and, since ``dA = -A dL A``, the second by ``tr(A dL S)`` with ``S = sum r y y'``. Hence

        d/d mean_k = A_k' sum r y,    d/d L_k = lower triangle of A_k' (S_k - n_k I).

    Returns arrays of shapes (K, D) and (K, D, D).
    """
    n_components, n_features = first.shape
    means = np.zeros_like(first)
    factors = np.zeros_like(second)
    for k in range(n_components):
        for i in range(n_features):
            for h in range(i, n_features):
                means[k, i] += whiteners[k, h, i] * first[k, h]
                for j in range(i + 1):
                    excess = second[k, h, j] - counts[k] if h == j else second[k, h, j]
                    factors[k, i, j] += whiteners[k, h, i] * excess
    return means, factors
