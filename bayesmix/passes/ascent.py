r"""Climbing the density of a mixture of bells to its modes: mean shift on the mixture itself, which is EM in x.

A bell is a component with a height, a centre, a precision matrix and degrees of freedom, infinite for a normal one (see
``Family.elliptical_form``). At x, with the responsibilities :math:`r_k` of its components and
:math:`u_k = (\nu_k + D) / (\nu_k + \delta_k)`, which is one for normal ones, the step

.. math:: x \leftarrow M^{-1} \sum_k r_k u_k P_k \mu_k, \qquad M = \sum_k r_k u_k P_k,

never lowers the density (Li, Ray and Lindsay 2007; Carreira-Perpinan 2007). It goes along :math:`M^{-1} g` with g the
slope of the log density. Lengths are measured by M: in standard deviations of the components that own the place,
whatever the units. Where steps have become short and the log density is concave, Newton's steps take over: mean shift
slows down without bound as two modes become one.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED

# Squared lengths, by M: a step that is short; the longest of Newton; one that has arrived; a mode that is as good as
# reached; a kick off a saddle.
_SHORT, _LONGEST, _ARRIVED, _NEAR, _KICK = 1e-4, 0.25, 1e-16, 1e-4, 1e-4
_MOST_STEPS = 2000
_MOST_KICKS = 5
# A row whose log density is lower is brought so much nearer to the first component: differences of squared distances
# drown in rounding there, and overflow further out.
_FAR, _NEARER = -1e14, 1e-3


@nb.njit(**COMPILED)
def _put(values, into):
    for i in range(values.size):
        into[i] = values[i]


@nb.njit(**COMPILED)
def _look(x, heights, centres, precisions, dof, joint, pulls, metric, curvature, slope):
    """Log density at x; fills M, minus the Hessian of the log density, and its slope."""
    n_components, n_features = centres.shape
    top = -math.inf
    for k in range(n_components):
        joint[k] = -math.inf
        if heights[k] == -math.inf:
            continue
        distance = 0.0
        for i in range(n_features):
            pull = 0.0
            for j in range(n_features):
                pull += precisions[k, i, j] * (x[j] - centres[k, j])
            pulls[k, i] = pull
            distance += pull * (x[i] - centres[k, i])
        if dof[k] == math.inf:
            joint[k] = heights[k] - 0.5 * distance
        else:
            joint[k] = heights[k] - 0.5 * (dof[k] + n_features) * math.log1p(distance / dof[k])
            # a weight above, the pull of a normal component below
            weight = (dof[k] + n_features) / (dof[k] + distance)
            for i in range(n_features):
                pulls[k, i] *= weight
        top = max(top, joint[k])
    if not math.isfinite(top):
        return -math.inf
    total = 0.0
    for k in range(n_components):
        joint[k] = math.exp(joint[k] - top)
        total += joint[k]
    for i in range(n_features):
        slope[i] = 0.0
        for j in range(i + 1):
            metric[i, j], curvature[i, j] = 0.0, 0.0
    for k in range(n_components):
        share = joint[k] / total
        if share == 0.0:
            continue
        weight, bend = 1.0, 1.0
        if dof[k] != math.inf:
            bend += 2.0 / (dof[k] + n_features)
            distance = 0.0
            for i in range(n_features):
                distance += pulls[k, i] * (x[i] - centres[k, i])
            # u from u delta: u = (nu + D - u delta) / nu
            weight = (dof[k] + n_features - distance) / dof[k]
        for i in range(n_features):
            slope[i] -= share * pulls[k, i]
            for j in range(i + 1):
                metric[i, j] += share * weight * precisions[k, i, j]
                curvature[i, j] -= share * bend * pulls[k, i] * pulls[k, j]
    for i in range(n_features):
        for j in range(i + 1):
            curvature[i, j] += metric[i, j] + slope[i] * slope[j]
    return top + math.log(total)


@nb.njit(**COMPILED)
def _solve(matrix, vector, factor, out):
    """Solve by the Cholesky factor of a matrix, of which the lower half counts; False where it has none."""
    n = vector.size
    for i in range(n):
        for j in range(i + 1):
            value = matrix[i, j]
            for m in range(j):
                value -= factor[i, m] * factor[j, m]
            if i == j:
                if not value > 0.0:
                    return False
                factor[i, i] = math.sqrt(value)
            else:
                factor[i, j] = value / factor[j, j]
    for i in range(n):
        value = vector[i]
        for m in range(i):
            value -= factor[i, m] * out[m]
        out[i] = value / factor[i, i]
    for i in range(n - 1, -1, -1):
        value = out[i]
        for m in range(i + 1, n):
            value -= factor[m, i] * out[m]
        out[i] = value / factor[i, i]
    return True


@nb.njit(**COMPILED)
def _length(metric, step):
    """Squared length by a matrix, of which the lower half counts."""
    total = 0.0
    for i in range(step.size):
        total += metric[i, i] * step[i] * step[i]
        for j in range(i):
            total += 2.0 * metric[i, j] * step[i] * step[j]
    return total


@nb.njit(**COMPILED)
def _nearest(x, n_modes, places, metrics, difference):
    """The mode that is nearest to x, and its squared distance, by the modes' own matrices."""
    best, least = -1, math.inf
    for m in range(n_modes):
        for i in range(x.size):
            difference[i] = x[i] - places[m, i]
        distance = _length(metrics[m], difference)
        if distance < least:
            best, least = m, distance
    return best, least


@nb.njit(**COMPILED)
def ascend(starts, heights, centres, precisions, dof, n_modes, places, metrics, tops):
    """Climb from each start to a mode; modes that are new are added to those that are known.

    Parameters
    ----------
    starts : (J, D) array
    heights : (K,) array
    centres : (K, D) array
    precisions : (K, D, D) array
    dof : (K,) array
    n_modes : int
        So many modes are known.
    places, metrics, tops : (M, D), (M, D, D) and (M,) arrays
        Where they are, M there, and the log density; written into.

    Returns
    -------
    n_modes : int
    reached : (J,) array of int
        The mode that each start climbs to.
    """
    n_components, n_features = centres.shape
    reached = np.empty(starts.shape[0], dtype=np.int64)
    joint, pulls = np.empty(n_components), np.empty((n_components, n_features))
    metric, curvature = np.empty((n_features, n_features)), np.empty((n_features, n_features))
    factor, slope = np.empty((n_features, n_features)), np.empty(n_features)
    shift, newton = np.empty(n_features), np.empty(n_features)
    x, before, fallback = np.empty(n_features), np.empty(n_features), np.empty(n_features)
    for s in range(starts.shape[0]):
        _put(starts[s], x)
        kicks, was_newton, height_before = 0, False, -math.inf
        mode = -1
        height = -math.inf
        for _ in range(_MOST_STEPS):
            mode, distance = _nearest(x, n_modes, places, metrics, shift)
            if distance < _NEAR:
                break
            mode = -1
            height = _look(x, heights, centres, precisions, dof, joint, pulls, metric, curvature, slope)
            if height < _FAR:
                for i in range(n_features):
                    x[i] = centres[0, i] + _NEARER * (x[i] - centres[0, i])
                continue
            if was_newton and height < height_before - 1e-12 * (1.0 + abs(height_before)):
                for i in range(n_features):
                    x[i] = before[i] + fallback[i]
                was_newton = False
                continue
            if not _solve(metric, slope, factor, shift):
                break
            length = _length(metric, shift)
            was_newton = False
            if length < _SHORT:
                concave = _solve(curvature, slope, factor, newton)
                newtons = _length(metric, newton) if concave else math.inf
                if newtons < _ARRIVED:
                    break
                if newtons < _LONGEST:
                    was_newton, height_before = True, height
                    _put(x, before)
                    _put(shift, fallback)
                    _put(newton, shift)
                elif length < _ARRIVED:
                    if kicks == _MOST_KICKS:
                        break
                    # a saddle: off it, in a direction that no symmetry has
                    kicks += 1
                    for i in range(n_features):
                        shift[i] = math.cos(1.0 + 2.0 * i + 7.0 * kicks)
                    scale = math.sqrt(_KICK / _length(metric, shift))
                    for i in range(n_features):
                        shift[i] *= scale
            stands = True
            for i in range(n_features):
                moved = x[i] + shift[i]
                stands = stands and moved == x[i]
                x[i] = moved
            if stands:
                break
        if mode < 0:
            mode, distance = _nearest(x, n_modes, places, metrics, shift)
            if distance >= _NEAR and n_modes < tops.size and height > -math.inf:
                mode = n_modes
                _put(x, places[mode])
                _put(metric.ravel(), metrics[mode].ravel())
                tops[mode] = height
                n_modes += 1
        reached[s] = mode
    return n_modes, reached


@nb.njit(**COMPILED)
def _between(one, other, precisions, centres, factor, metric, vector, out):
    """The middle of the ridge from one centre to another: its crest is where two components have their modes."""
    n_features = centres.shape[1]
    for i in range(n_features):
        vector[i] = 0.0
        for j in range(n_features):
            metric[i, j] = precisions[one, i, j] + precisions[other, i, j]
            vector[i] += precisions[one, i, j] * centres[one, j] + precisions[other, i, j] * centres[other, j]
    return _solve(metric, vector, factor, out)


@nb.njit(**COMPILED)
def modes_of_draws(rows, heights, centres, precisions, dof, most):
    """The modes of many mixtures, and the one that each row, and each component's centre, climbs to.

    Parameters
    ----------
    rows : (N, D) array
    heights : (S, K) array
    centres : (S, K, D) array
    precisions : (S, K, D, D) array
    dof : (S, K) array
    most : int
        Room for so many modes of a draw, M.

    Returns
    -------
    n_modes : (S,) array of int
    places : (S, M, D) array
    tops : (S, M) array
        Log density at the modes.
    of_centres : (S, K) array of int
        The mode of each component's centre; -1 of one without weight.
    of_rows : (S, N) array of int
    """
    n_draws, n_components, n_features = centres.shape
    n_rows, n_starts = rows.shape[0], rows.shape[0] + n_components * (n_components + 1) // 2
    n_modes = np.zeros(n_draws, dtype=np.int64)
    places, tops = np.full((n_draws, most, n_features), math.nan), np.full((n_draws, most), -math.inf)
    metrics = np.empty((most, n_features, n_features))
    of_centres = np.full((n_draws, n_components), -1, dtype=np.int64)
    of_rows = np.empty((n_draws, n_rows), dtype=np.int16)  # rows may be many, and modes are few
    starts = np.empty((n_starts, n_features))
    factor, metric = np.empty((n_features, n_features)), np.empty((n_features, n_features))
    vector = np.empty(n_features)
    for s in range(n_draws):
        # centres, ridges between them, rows
        n = 0
        for k in range(n_components):
            if heights[s, k] > -math.inf:
                of_centres[s, k] = n
                _put(centres[s, k], starts[n])
                n += 1
        for a in range(n_components):
            for b in range(a):
                if of_centres[s, a] >= 0 and of_centres[s, b] >= 0:
                    if _between(a, b, precisions[s], centres[s], factor, metric, vector, starts[n]):
                        n += 1
        for i in range(n_rows):
            _put(rows[i], starts[n + i])
        n_modes[s], reached = ascend(
            starts[: n + n_rows], heights[s], centres[s], precisions[s], dof[s], 0, places[s], metrics, tops[s]
        )
        for k in range(n_components):
            if of_centres[s, k] >= 0:
                of_centres[s, k] = reached[of_centres[s, k]]
        for i in range(n_rows):
            of_rows[s, i] = reached[n + i]
    return n_modes, places, tops, of_centres, of_rows
