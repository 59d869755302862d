"""The pass over the rows for components with correlated features (full and tied covariances).

Rows are worked in blocks that stay in the cache, with the rows along the SIMD axis. The functions are serial
and release the GIL.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes import draws, few_features, tiles
from bayesmix.passes.blocks import BLOCK, COMPILED, INNER, buffers, no_nan
from bayesmix.passes.known import add_known
from bayesmix.passes.log_sum_exp import normalise

_few_distance, _few_sums = few_features.log_component, few_features.gather
_tiled_distance, _tiled_sums = tiles.log_component, tiles.gather


@nb.njit(**INNER)
def _accumulate(log_component, gather, n_kept, columns, row_weights, offsets, means, whiteners):
    n_rows, n_features = columns.shape[1], means.shape[1]
    features = columns[:n_features]
    n_components = offsets.shape[0]
    counts = np.zeros(n_components)
    first = np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features, n_features))
    # One reservation: for a thousand rows, a tenth of the time went into nine.
    work = buffers(2 + n_components + tiles.HIGHEST + n_kept * (1 + n_components))
    top, share, work = work[0], work[1], work[2:]
    log_joint, work = work[:n_components], work[n_components:]
    weighted, work = work[: tiles.HIGHEST], work[tiles.HIGHEST :]
    centred, residuals = work[:n_kept], work[n_kept:].reshape((n_components, n_kept, BLOCK))
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            form = (offsets[k], means[k], whiteners[k])
            log_component(features, start, size, *form, centred, residuals[k], log_joint[k])
        add_known(columns, n_features, start, size, log_joint)
        log_likelihood += normalise(log_joint, row_weights, start, size, top, share)
        for k in range(n_components):
            counts[k] += gather(
                features,
                start,
                size,
                means[k],
                whiteners[k],
                log_joint[k],
                share,
                residuals[k],
                weighted,
                first[k],
                second[k],
            )
    for k in range(n_components):
        for i in range(n_features):
            for j in range(i):
                second[k, j, i] = second[k, i, j]
    if not (math.isfinite(log_likelihood) and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, first, second


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, offsets, means, whiteners):
    """Log-likelihood and whitened statistics of one pass.

    Parameters
    ----------
    columns : (D, N) or (D + K, N) array
        The rows, transposed: each feature contiguous; below them what is known of their components, if anything is
        (:mod:`bayesmix.passes.known`).
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
    n_features = means.shape[1]
    if n_features <= few_features.MOST:
        return _accumulate(_few_distance, _few_sums, 0, columns, row_weights, offsets, means, whiteners)
    return _accumulate(_tiled_distance, _tiled_sums, n_features, columns, row_weights, offsets, means, whiteners)


@nb.njit(**COMPILED)
def few_component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of up to four features."""
    offsets, means, whiteners = form
    _few_distance(columns, start, size, offsets[s, k], means[s, k], whiteners[s, k], centred, residual, out)


@nb.njit(**COMPILED)
def tiled_component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of more."""
    offsets, means, whiteners = form
    _tiled_distance(columns, start, size, offsets[s, k], means[s, k], whiteners[s, k], centred, residual, out)


@nb.njit(**COMPILED)
def _log_components(columns, offsets, means, whiteners):
    if columns.shape[0] <= few_features.MOST:
        return draws.log_components(few_component, columns, (offsets, means, whiteners))
    return draws.log_components(tiled_component, columns, (offsets, means, whiteners))


def log_joint(columns, offsets, means, whiteners):
    """``log w_k + log f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N, K)."""
    return _log_components(columns, offsets, means, whiteners).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture(columns, offsets, means, whiteners):
    """``log sum_k w_k f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N)."""
    if columns.shape[0] <= few_features.MOST:
        return draws.log_mixture(few_component, columns, (offsets, means, whiteners))
    return draws.log_mixture(tiled_component, columns, (offsets, means, whiteners))


@nb.njit(**COMPILED)
def responsibilities(columns, offsets, means, whiteners):
    """``r_ik`` for S parameter draws: (S, K) offsets, ... -> (K, N, S)."""
    if columns.shape[0] <= few_features.MOST:
        return draws.responsibilities(few_component, columns, (offsets, means, whiteners))
    return draws.responsibilities(tiled_component, columns, (offsets, means, whiteners))


@nb.njit(**COMPILED)
def group_sums(columns, ends, offsets, means, whiteners):
    """``sum r_ik`` over groups of consecutive rows that end before ``ends (J,)``, for S draws -> (S, J, K)."""
    if columns.shape[0] <= few_features.MOST:
        return draws.group_sums(few_component, columns, ends, (offsets, means, whiteners))
    return draws.group_sums(tiled_component, columns, ends, (offsets, means, whiteners))


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
