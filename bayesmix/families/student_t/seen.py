r"""The pass of :mod:`bayesmix.passes.student` over rows with missing cells, which are summed out.

Of a Student-t component some cells are Student-t too, with the same degrees of freedom and their own location and scale
matrix. Given the cells seen, d of them at the squared distance q, a row counts for location and scale with
:math:`u = (\nu + d) / (\nu + q)`, and the whitened row has, as in :mod:`bayesmix.passes.dense_seen`,

.. math:: E[u y] = u\, E[y], \qquad E[u y y^\top] = u\, E[y] E[y]^\top + Q Q^\top.

``tails`` and ``spreads`` are handed on as of rows that miss nothing: they are those from which
:func:`bayesmix.families.student_t.tails.dof_slope` and ``dof_curvature`` of all features give slope and curvature of
the rows as they are.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families.student_t.tails import dof_curvature, dof_slope, log_front
from bayesmix.passes import axis, draws, few_features, tiles
from bayesmix.passes.blocks import BLOCK, COMPILED, INNER, buffers, no_nan
from bayesmix.passes.dense_seen import add_expected, distances_of_pattern, marginal_form
from bayesmix.passes.elementary import log1p_of_nonnegative
from bayesmix.passes.known import add_known
from bayesmix.passes.log_sum_exp import normalise, weigh
from bayesmix.passes.patterns import by_pattern, end_of_pattern, split_features
from bayesmix.passes.student import discount, fill_upper, scaled_squares

_axis_distance, _axis_sums = axis.log_component, axis.gather
_few_distance, _few_sums = few_features.log_component, few_features.gather
_tiled_distance, _tiled_sums = tiles.log_component, tiles.gather


@nb.njit(**COMPILED)
def _square_room(n_components, n_features):
    return np.zeros((n_components, n_features, n_features))


@nb.njit(**COMPILED)
def _flat_room(n_components, n_features):
    return np.zeros((n_components, n_features))


@nb.njit(**COMPILED)
def _flat_form(whitener, missing, seen, basis, triangle, own):
    """As :func:`bayesmix.passes.dense_seen.marginal_form`, of inverse scales."""
    gain = 0.5 * missing.shape[0] * math.log(2 * math.pi)
    for j in missing:
        gain -= math.log(whitener[j])
    for i in range(seen.shape[0]):
        own[i] = whitener[seen[i]]
    return gain


@nb.njit(**COMPILED)
def _dense_distance(columns, start, size, offset, mean, whitener, centred, residual, out):
    if mean.shape[0] <= few_features.MOST:
        _few_distance(columns, start, size, offset, mean, whitener, centred, residual, out)
    else:
        _tiled_distance(columns, start, size, offset, mean, whitener, centred, residual, out)


@nb.njit(**COMPILED)
def _dense_sums(columns, start, size, mean, whitener, relative, share, residual, weighted, first, second):
    if mean.shape[0] <= few_features.MOST:
        return _few_sums(columns, start, size, mean, whitener, relative, share, residual, weighted, first, second)
    return _tiled_sums(columns, start, size, mean, whitener, relative, share, residual, weighted, first, second)


@nb.njit(**COMPILED)
def _add_dense(count, first_seen, second_seen, basis, missing, seen, first, second):
    add_expected(count, first_seen, second_seen, basis, missing.shape[0], first, second)


@nb.njit(**COMPILED)
def _add_flat(count, first_seen, second_seen, basis, missing, seen, first, second):
    for i in range(seen.shape[0]):
        first[seen[i]] += first_seen[i]
        second[seen[i]] += second_seen[i]
    for j in missing:
        second[j] += count


@nb.njit(**INNER)
def _accumulate(room, form_of, distance, gather, add_back, columns, row_weights, offsets, means, whiteners, dof):
    n_components, n_features = means.shape
    counts, masses = np.zeros(n_components), np.zeros(n_components)
    first, second = np.zeros((n_components, n_features)), np.zeros(whiteners.shape)
    tails, spreads = np.zeros(n_components), np.zeros(n_components)
    order, begins = by_pattern(columns[n_features])
    work = buffers(2 + 3 * n_components + tiles.HIGHEST + n_features * (2 + n_components))
    top, share, work = work[0], work[1], work[2:]
    log_joint, distances, logs = work[:n_components], work[n_components:], work[2 * n_components :]
    work = work[3 * n_components :]
    weighted, work = work[: tiles.HIGHEST], work[tiles.HIGHEST :]
    centred, packed, residuals = work[:n_features], work[n_features : 2 * n_features], work[2 * n_features :]
    basis, triangle = np.empty((n_components, n_features, n_features)), np.empty((n_features, n_features))
    own_offsets, own_weights = np.empty(n_components), np.empty(BLOCK if row_weights.shape[0] > 0 else 0)
    known = np.empty((columns.shape[0] - n_features - 1, BLOCK))
    log_likelihood = 0.0
    for p in range(begins.shape[0] - 1):
        if begins[p] == begins[p + 1]:
            continue
        missing, seen = split_features(columns, order[begins[p]], n_features)
        n_seen = seen.shape[0]
        own_means, own_whiteners = np.empty((n_components, n_seen)), room(n_components, n_seen)
        own_counts, own_first = np.zeros(n_components), np.zeros((n_components, n_seen))
        own_second, own_spreads = room(n_components, n_seen), np.zeros(n_components)
        for k in range(n_components):
            gain = form_of(whiteners[k], missing, seen, basis[k], triangle, own_whiteners[k])
            gain += log_front(dof[k], n_seen)[0] - log_front(dof[k], n_features)[0]
            own_offsets[k] = offsets[k] + gain
            for j in range(n_seen):
                own_means[k, j] = means[k, seen[j]]
        for start in range(begins[p], begins[p + 1], BLOCK):
            size = min(BLOCK, begins[p + 1] - start)
            for j in range(n_seen):
                of_feature = columns[seen[j]]
                for n in range(size):
                    packed[j, n] = of_feature[order[start + n]]
            for k in range(known.shape[0]):
                for n in range(size):
                    known[k, n] = columns[n_features + 1 + k, order[start + n]]
            for n in range(min(size, own_weights.shape[0])):
                own_weights[n] = row_weights[order[start + n]]
            for k in range(n_components):
                kept = residuals[k * n_features : (k + 1) * n_features]
                if n_seen > 0:
                    rows = packed[:n_seen]
                    distance(rows, 0, size, 0.0, own_means[k], own_whiteners[k], centred, kept, distances[k])
                else:
                    distances[k, :size] = 0.0
                scaled_squares(size, dof[k], distances[k], logs[k])
                joint, log, power = log_joint[k], logs[k], 0.5 * (dof[k] + n_seen)
                for n in range(size):
                    joint[n] = own_offsets[k] - power * log[n]
            add_known(known, 0, 0, size, log_joint)
            log_likelihood += normalise(log_joint, own_weights, 0, size, top, share)
            for k in range(n_components):
                kept = residuals[k * n_features : (k + 1) * n_features]
                count, tail, spread = discount(size, dof[k], n_seen, distances[k], logs[k], log_joint[k], share)
                own_counts[k] += count
                tails[k] += tail
                own_spreads[k] += spread
                if n_seen == 0:
                    masses[k] += weigh(log_joint[k], share, size)
                    continue
                masses[k] += gather(
                    packed[:n_seen],
                    0,
                    size,
                    own_means[k],
                    own_whiteners[k],
                    log_joint[k],
                    share,
                    kept,
                    weighted,
                    own_first[k],
                    own_second[k],
                )
        for k in range(n_components):
            count, nu = own_counts[k], dof[k]
            counts[k] += count
            tails[k] += 2.0 * (dof_slope(nu, n_seen, count, 0.0) - dof_slope(nu, n_features, count, 0.0))
            more = dof_curvature(nu, n_seen, count, own_spreads[k]) - dof_curvature(nu, n_features, count, 0.0)
            spreads[k] += 2.0 * (nu + n_features) * more
            add_back(count, own_first[k], own_second[k], basis[k], missing, seen, first[k], second[k])
    if not (math.isfinite(log_likelihood) and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, masses, first, second, tails, spreads


@nb.njit(**COMPILED)
def accumulate_dense(columns, row_weights, offsets, means, whiteners, dof):
    """As :func:`bayesmix.passes.student.accumulate`, of rows with their patterns (D + 1, N) and whiteners (K, D, D)."""
    found = _accumulate(
        _square_room,
        marginal_form,
        _dense_distance,
        _dense_sums,
        _add_dense,
        columns,
        row_weights,
        offsets,
        means,
        whiteners,
        dof,
    )
    fill_upper(found[4])
    return found


@nb.njit(**COMPILED)
def accumulate_axis(columns, row_weights, offsets, means, whiteners, dof):
    """The same of inverse scales (K, D)."""
    return _accumulate(
        _flat_room,
        _flat_form,
        _axis_distance,
        _axis_sums,
        _add_flat,
        columns,
        row_weights,
        offsets,
        means,
        whiteners,
        dof,
    )


@nb.njit(**COMPILED)
def dense_component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the cells that were seen, ``columns`` being (D + 1, N)."""
    offsets, means, whiteners, dof = form
    n_features, nu = means.shape[2], dof[s, k]
    below, begin, until = columns[n_features], start, start + size
    whole = log_front(nu, n_features)[0]
    while begin < until:
        end = end_of_pattern(below, begin, until)
        here = out[begin - start : end - start]
        gain, n_seen = distances_of_pattern(
            columns, begin, end - begin, means[s, k], whiteners[s, k], centred, residual, here
        )
        offset = offsets[s, k] + gain + (log_front(nu, n_seen)[0] - whole)
        scale, power = -2.0 / nu, 0.5 * (nu + n_seen)
        for n in range(end - begin):
            here[n] = offset - power * log1p_of_nonnegative(scale * here[n])
        begin = end


@nb.njit(**COMPILED)
def axis_component(columns, start, size, form, s, k, centred, residual, out):
    """The same of uncorrelated features."""
    offsets, means, whiteners, dof = form
    n_features, nu = means.shape[2], dof[s, k]
    fronts, n_seen = np.empty(n_features + 1), residual[0]
    for d in range(n_features + 1):
        fronts[d] = log_front(nu, d)[0] if d > 0 else 0.0
    squares = centred[0]
    for n in range(size):
        squares[n], n_seen[n] = 0.0, 0.0
        out[n] = offsets[s, k] - fronts[n_features]
    for j in range(n_features):
        x, middle, whitener = columns[j, start : start + size], means[s, k, j], whiteners[s, k, j]
        gain = 0.5 * math.log(2 * math.pi) - math.log(whitener)
        for n in range(size):
            y = whitener * (x[n] - middle)
            there = x[n] == x[n]
            squares[n] += y * y if there else 0.0
            n_seen[n] += 1.0 if there else 0.0
            out[n] += 0.0 if there else gain
    for n in range(size):
        power = 0.5 * (nu + n_seen[n])
        out[n] += fronts[int(n_seen[n])] - power * log1p_of_nonnegative(squares[n] / nu)


@nb.njit(**COMPILED)
def _dense_log_components(columns, offsets, means, whiteners, dof):
    return draws.log_components(dense_component, columns, (offsets, means, whiteners, dof))


@nb.njit(**COMPILED)
def _axis_log_components(columns, offsets, means, whiteners, dof):
    return draws.log_components(axis_component, columns, (offsets, means, whiteners, dof))


def dense_log_joint(columns, offsets, means, whiteners, dof):
    """As :func:`bayesmix.passes.student.log_joint`, of rows with their patterns (D + 1, N)."""
    return _dense_log_components(columns, offsets, means, whiteners, dof).transpose(0, 2, 1)


def axis_log_joint(columns, offsets, means, whiteners, dof):
    """The same of inverse scales."""
    return _axis_log_components(columns, offsets, means, whiteners, dof).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def dense_log_mixture(columns, offsets, means, whiteners, dof):
    """As :func:`bayesmix.passes.student.log_mixture`, of rows with their patterns (D + 1, N)."""
    return draws.log_mixture(dense_component, columns, (offsets, means, whiteners, dof))


@nb.njit(**COMPILED)
def axis_log_mixture(columns, offsets, means, whiteners, dof):
    """The same of inverse scales."""
    return draws.log_mixture(axis_component, columns, (offsets, means, whiteners, dof))
