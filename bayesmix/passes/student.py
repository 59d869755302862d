"""The pass over the rows for components with heavy tails (Student-t), of either geometry.

``log w_k f_k(x) = offset_k - (nu_k + D)/2 log(1 + |y|^2 / nu_k)`` with ``y = A_k (x - mean_k)``. Given that it belongs
to a component, a row counts for location and scale with ``u = (nu + D) / (nu + |y|^2)``: little where it is far out.
Here ``u - 1 = (D/nu - z) / (1 + z)`` with ``z = |y|^2 / nu``, which does not cancel where nu is large.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes import axis, draws, few_features, tiles
from bayesmix.passes.blocks import BLOCK, COMPILED, INNER, buffers, no_nan
from bayesmix.passes.elementary import log1p_of_nonnegative
from bayesmix.passes.known import add_known
from bayesmix.passes.log_sum_exp import normalise

_axis_distance, _axis_sums = axis.log_component, axis.gather
_few_distance, _few_sums = few_features.log_component, few_features.gather
_tiled_distance, _tiled_sums = tiles.log_component, tiles.gather


@nb.njit(**COMPILED)
def scaled_squares(size, dof, relative, logs):
    """From ``-|y|^2 / 2`` to ``z`` in its place, and ``log(1 + z)``."""
    scale = -2.0 / dof
    for n in range(size):
        relative[n] *= scale
        logs[n] = log1p_of_nonnegative(relative[n])


@nb.njit(**COMPILED)
def _to_log_density(size, offset, dof, n_features, out):
    """From ``-|y|^2 / 2`` to the log density in its place."""
    scale, power = -2.0 / dof, 0.5 * (dof + n_features)
    for n in range(size):
        out[n] = offset - power * log1p_of_nonnegative(scale * out[n])


@nb.njit(**COMPILED)
def discount(size, dof, n_features, distances, logs, relative, share):
    """Multiply ``relative`` by u; return ``sum r``, ``sum r (log u - u + 1)`` and ``sum r (u - 1)^2``."""
    excess = n_features / dof
    log_most = math.log1p(excess)
    count, tails, spread = 0.0, 0.0, 0.0
    for n in range(size):
        r = relative[n] * share[n]
        more = (excess - distances[n]) / (1.0 + distances[n])
        count += r
        tails += r * ((log_most - logs[n]) - more)
        spread += r * more * more
        relative[n] *= 1.0 + more
    return count, tails, spread


@nb.njit(**INNER)
def _accumulate(distance, gather, n_kept, columns, row_weights, offsets, means, whiteners, dof):
    n_rows, n_features = columns.shape[1], means.shape[1]
    features = columns[:n_features]
    n_components = offsets.shape[0]
    counts, masses = np.zeros(n_components), np.zeros(n_components)
    first, second = np.zeros((n_components, n_features)), np.zeros(whiteners.shape)
    tails, spreads = np.zeros(n_components), np.zeros(n_components)
    work = buffers(2 + 3 * n_components + tiles.HIGHEST + n_kept * (1 + n_components))
    top, share, work = work[0], work[1], work[2:]
    log_joint, distances, logs = work[:n_components], work[n_components:], work[2 * n_components :]
    work = work[3 * n_components :]
    weighted, work = work[: tiles.HIGHEST], work[tiles.HIGHEST :]
    centred, residuals = work[:n_kept], work[n_kept:].reshape((n_components, n_kept, BLOCK))
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            distance(features, start, size, 0.0, means[k], whiteners[k], centred, residuals[k], distances[k])
            scaled_squares(size, dof[k], distances[k], logs[k])
            joint, log, power = log_joint[k], logs[k], 0.5 * (dof[k] + n_features)
            for n in range(size):
                joint[n] = offsets[k] - power * log[n]
        add_known(columns, n_features, start, size, log_joint)
        log_likelihood += normalise(log_joint, row_weights, start, size, top, share)
        for k in range(n_components):
            count, tail, spread = discount(size, dof[k], n_features, distances[k], logs[k], log_joint[k], share)
            counts[k] += count
            tails[k] += tail
            spreads[k] += spread
            masses[k] += gather(
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
    if not (math.isfinite(log_likelihood) and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, masses, first, second, tails, spreads


@nb.njit(**COMPILED)
def fill_upper(second):
    """Copy the lower triangles to the upper ones."""
    for k in range(second.shape[0]):
        for i in range(second.shape[1]):
            for j in range(i):
                second[k, j, i] = second[k, i, j]


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, offsets, means, whiteners, dof):
    """Log-likelihood and statistics of one pass.

    Parameters
    ----------
    columns : (D, N) or (D + K, N) array
        The rows, transposed: each feature contiguous; below them what is known of their components, if anything is
        (:mod:`bayesmix.passes.known`).
    row_weights : (N,) or (0,) array
        A weight for each row; empty for ones.
    offsets, means : (K,) and (K, D) arrays
    whiteners : (K, D, D) or (K, D) array
        Lower triangular matrices, or inverse scales.
    dof : (K,) array

    Returns
    -------
    log_likelihood : float
    counts, masses : (K,) arrays
        ``sum r`` and ``sum r u``.
    first, second : (K, D) and (K, D, D) or (K, D) arrays
        ``sum r u y`` and ``sum r u y y'`` (of inverse scales ``sum r u y^2``).
    tails, spreads : (K,) arrays
        ``sum r (log u - u + 1)`` and ``sum r (u - 1)^2``.
    """
    if whiteners.ndim == 2:
        return _accumulate(_axis_distance, _axis_sums, 0, columns, row_weights, offsets, means, whiteners, dof)
    n_features = means.shape[1]
    if n_features <= few_features.MOST:
        found = _accumulate(_few_distance, _few_sums, 0, columns, row_weights, offsets, means, whiteners, dof)
    else:
        found = _accumulate(
            _tiled_distance, _tiled_sums, n_features, columns, row_weights, offsets, means, whiteners, dof
        )
    fill_upper(found[4])
    return found


@nb.njit(**COMPILED)
def axis_component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of uncorrelated features."""
    offsets, means, whiteners, dof = form
    _axis_distance(columns, start, size, 0.0, means[s, k], whiteners[s, k], centred, residual, out)
    _to_log_density(size, offsets[s, k], dof[s, k], columns.shape[0], out)


@nb.njit(**COMPILED)
def few_component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of up to four features."""
    offsets, means, whiteners, dof = form
    _few_distance(columns, start, size, 0.0, means[s, k], whiteners[s, k], centred, residual, out)
    _to_log_density(size, offsets[s, k], dof[s, k], columns.shape[0], out)


@nb.njit(**COMPILED)
def tiled_component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of more."""
    offsets, means, whiteners, dof = form
    _tiled_distance(columns, start, size, 0.0, means[s, k], whiteners[s, k], centred, residual, out)
    _to_log_density(size, offsets[s, k], dof[s, k], columns.shape[0], out)


@nb.njit(**COMPILED)
def _log_components(columns, offsets, means, whiteners, dof):
    form = (offsets, means, whiteners, dof)
    if whiteners.ndim == 3:
        return draws.log_components(axis_component, columns, form)
    if columns.shape[0] <= few_features.MOST:
        return draws.log_components(few_component, columns, form)
    return draws.log_components(tiled_component, columns, form)


def log_joint(columns, offsets, means, whiteners, dof):
    """``log w_k + log f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N, K)."""
    return _log_components(columns, offsets, means, whiteners, dof).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture(columns, offsets, means, whiteners, dof):
    """``log sum_k w_k f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N)."""
    form = (offsets, means, whiteners, dof)
    if whiteners.ndim == 3:
        return draws.log_mixture(axis_component, columns, form)
    if columns.shape[0] <= few_features.MOST:
        return draws.log_mixture(few_component, columns, form)
    return draws.log_mixture(tiled_component, columns, form)


@nb.njit(**COMPILED)
def responsibilities(columns, offsets, means, whiteners, dof):
    """``r_ik`` for S parameter draws: (S, K) offsets, ... -> (K, N, S)."""
    form = (offsets, means, whiteners, dof)
    if whiteners.ndim == 3:
        return draws.responsibilities(axis_component, columns, form)
    if columns.shape[0] <= few_features.MOST:
        return draws.responsibilities(few_component, columns, form)
    return draws.responsibilities(tiled_component, columns, form)


@nb.njit(**COMPILED)
def group_sums(columns, ends, offsets, means, whiteners, dof):
    """``sum r_ik`` over groups of consecutive rows that end before ``ends (J,)``, for S draws -> (S, J, K)."""
    form = (offsets, means, whiteners, dof)
    if whiteners.ndim == 3:
        return draws.group_sums(axis_component, columns, ends, form)
    if columns.shape[0] <= few_features.MOST:
        return draws.group_sums(few_component, columns, ends, form)
    return draws.group_sums(tiled_component, columns, ends, form)
