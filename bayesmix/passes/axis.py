"""The pass over the rows for components with uncorrelated features (diagonal and spherical covariances).

As :mod:`bayesmix.passes.dense`, with a vector of inverse standard deviations for a whitener.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes import draws
from bayesmix.passes.blocks import BLOCK, COMPILED, buffers, no_nan
from bayesmix.passes.known import add_known
from bayesmix.passes.log_sum_exp import normalise, weigh


@nb.njit(**COMPILED)
def log_component(columns, start, size, offset, mean, whitener, centred, residual, out):
    """``out = offset - |a (x - mean)|^2 / 2``, two features at a time; the buffers are not needed."""
    n_features = columns.shape[0]
    x1, m1, a1 = columns[0, start : start + size], mean[0], whitener[0]
    odd = n_features % 2
    if odd == 1:
        for n in range(size):
            y1 = a1 * (x1[n] - m1)
            out[n] = offset - 0.5 * (y1 * y1)
    else:
        for n in range(size):
            out[n] = offset
    for j in range(odd, n_features, 2):
        x1, m1, a1 = columns[j, start : start + size], mean[j], whitener[j]
        x2, m2, a2 = columns[j + 1, start : start + size], mean[j + 1], whitener[j + 1]
        for n in range(size):
            y1 = a1 * (x1[n] - m1)
            y2 = a2 * (x2[n] - m2)
            out[n] -= 0.5 * (y1 * y1 + y2 * y2)


@nb.njit(**COMPILED)
def gather(columns, start, size, mean, whitener, relative, share, residual, weighted, first, second):
    """Add ``sum r y`` and ``sum r y^2``, two features at a time; return ``sum r``. The buffers are not needed."""
    n_features = columns.shape[0]
    count = weigh(relative, share, size)
    responsibility = relative
    odd = n_features % 2
    if odd == 1:
        x1, m1, a1 = columns[0, start : start + size], mean[0], whitener[0]
        t1, s1 = 0.0, 0.0
        for n in range(size):
            y1 = a1 * (x1[n] - m1)
            r1 = responsibility[n] * y1
            t1 += r1
            s1 += r1 * y1
        first[0] += t1
        second[0] += s1
    for j in range(odd, n_features, 2):
        x1, m1, a1 = columns[j, start : start + size], mean[j], whitener[j]
        x2, m2, a2 = columns[j + 1, start : start + size], mean[j + 1], whitener[j + 1]
        t1, t2, s1, s2 = 0.0, 0.0, 0.0, 0.0
        for n in range(size):
            y1 = a1 * (x1[n] - m1)
            y2 = a2 * (x2[n] - m2)
            r1 = responsibility[n] * y1
            r2 = responsibility[n] * y2
            t1 += r1
            t2 += r2
            s1 += r1 * y1
            s2 += r2 * y2
        first[j] += t1
        first[j + 1] += t2
        second[j] += s1
        second[j + 1] += s2
    return count


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, offsets, means, whiteners):
    """Log-likelihood and whitened statistics of one pass.

    Parameters
    ----------
    columns : (D, N) array
        The rows, transposed: each feature contiguous.
    row_weights : (N,) or (0,) array
        A weight for each row; empty for ones.
    offsets, means, whiteners : (K,), (K, D) and (K, D) arrays
        Standard form.

    Returns
    -------
    log_likelihood : float
    counts, first, second : (K,), (K, D) and (K, D) arrays
        ``sum_i r_ik``, ``sum_i r_ik y_ik`` and ``sum_i r_ik y_ik^2`` with ``y_ik = a_k (x_i - mean_k)``.
    """
    n_rows, n_features = columns.shape[1], means.shape[1]
    features = columns[:n_features]
    n_components = offsets.shape[0]
    counts = np.zeros(n_components)
    first = np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features))
    work = buffers(2 + n_components)
    top, share, log_joint = work[0], work[1], work[2:]
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            log_component(features, start, size, offsets[k], means[k], whiteners[k], top, share, log_joint[k])
        add_known(columns, n_features, start, size, log_joint)
        log_likelihood += normalise(log_joint, row_weights, start, size, top, share)
        for k in range(n_components):
            counts[k] += gather(
                features, start, size, means[k], whiteners[k], log_joint[k], share, top, top, first[k], second[k]
            )
    if not (math.isfinite(log_likelihood) and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, first, second


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`."""
    offsets, means, whiteners = form
    log_component(columns, start, size, offsets[s, k], means[s, k], whiteners[s, k], centred, residual, out)


@nb.njit(**COMPILED)
def _log_components(columns, offsets, means, whiteners):
    return draws.log_components(component, columns, (offsets, means, whiteners))


def log_joint(columns, offsets, means, whiteners):
    """``log w_k + log f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N, K)."""
    return _log_components(columns, offsets, means, whiteners).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture(columns, offsets, means, whiteners):
    """``log sum_k w_k f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N)."""
    return draws.log_mixture(component, columns, (offsets, means, whiteners))


@nb.njit(**COMPILED)
def responsibilities(columns, offsets, means, whiteners):
    """``r_ik`` for S parameter draws: (S, K) offsets, ... -> (K, N, S)."""
    return draws.responsibilities(component, columns, (offsets, means, whiteners))


@nb.njit(**COMPILED)
def group_sums(columns, ends, offsets, means, whiteners):
    """``sum r_ik`` over groups of consecutive rows that end before ``ends (J,)``, for S draws -> (S, J, K)."""
    return draws.group_sums(component, columns, ends, (offsets, means, whiteners))


@nb.njit(**COMPILED)
def score(counts, first, second, whiteners):
    """Slope of the log-likelihood in the means and in the standard deviations (Fisher's identity).

    As :func:`bayesmix.passes.dense.score` with one feature at a time: with ``s = 1 / a`` the standard deviation,
    ``d/d mean = a sum r y`` and ``d/d s = a (sum r y^2 - n)``. Returns two (K, D) arrays.
    """
    n_components, n_features = first.shape
    means = np.empty_like(first)
    deviations = np.empty_like(first)
    for k in range(n_components):
        for j in range(n_features):
            means[k, j] = whiteners[k, j] * first[k, j]
            deviations[k, j] = whiteners[k, j] * (second[k, j] - counts[k])
    return means, deviations
