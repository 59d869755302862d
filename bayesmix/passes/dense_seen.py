r"""The pass of :mod:`bayesmix.passes.dense` over rows with missing cells, which are summed out.

Let :math:`A` whiten a component, and :math:`A_m, A_s` be its columns of the missing and of the seen features. With an
orthonormal basis :math:`Q` of the span of :math:`A_m`, what is known of a whitened row :math:`y = A (x - \mu)` given
its seen cells is a normal distribution with

.. math:: E[y] = (I - Q Q^\top) A_s (x_s - \mu_s), \qquad \text{Cov}[y] = Q Q^\top,

and :math:`|E[y]|^2` is the squared Mahalanobis distance of the seen cells under their marginal, whose log determinant
is that of all minus the one of the missing given the seen, :math:`-2 \sum_i \log R_{ii}` with :math:`A_m = Q R`. So the
statistics that EM wants (expected first and second moments) are those of the complete pass plus a projection for each
row, and by Fisher's identity the gradient of the marginal log-likelihood follows from them as it does there.

Rows of one pattern are worked together, in the coordinates of the seen features: :math:`(I - Q Q^\top) A_s = T W` with
:math:`T` orthonormal and :math:`W` lower triangular (a QL decomposition), so that the complete pass takes them with the
whitener :math:`W`, and its sums go back by :math:`T`.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes import draws, few_features, measured, tiles
from bayesmix.passes.blocks import BLOCK, COMPILED, buffers, no_nan
from bayesmix.passes.known import add_known
from bayesmix.passes.log_sum_exp import normalise, weigh
from bayesmix.passes.patterns import by_pattern, end_of_pattern, split_features

_few_distance, _few_sums = few_features.log_component, few_features.gather
_tiled_distance, _tiled_sums = tiles.log_component, tiles.gather


@nb.njit(**COMPILED)
def orthonormal(vectors, places, basis, triangle):
    """Gram-Schmidt, each vector twice: ``vectors[:, places] = basis triangle``, the triangle an upper one."""
    size, n = vectors.shape[0], places.shape[0]
    for b in range(n):
        for i in range(size):
            basis[i, b] = vectors[i, places[b]]
        for _ in range(2):
            for a in range(b):
                along = 0.0
                for i in range(size):
                    along += basis[i, a] * basis[i, b]
                triangle[a, b] += along
                for i in range(size):
                    basis[i, b] -= along * basis[i, a]
        length = 0.0
        for i in range(size):
            length += basis[i, b] * basis[i, b]
        triangle[b, b] = math.sqrt(length)
        for i in range(size):
            basis[i, b] /= triangle[b, b]


@nb.njit(**COMPILED)
def marginal_form(whitener, missing, seen, basis, triangle, own):
    """Fill ``basis`` (D, D), missing features first and the seen ones from the last on, and the whitener ``own``.

    Returns what the offset gains: half the log determinant of the missing given the seen, and their constant.
    """
    n_features, n_missing, n_seen = whitener.shape[0], missing.shape[0], seen.shape[0]
    places = np.empty(n_features, np.int64)
    for a in range(n_missing):
        places[a] = missing[a]
    for a in range(n_seen):
        places[n_missing + a] = seen[n_seen - 1 - a]
    triangle[:] = 0.0
    orthonormal(whitener, places, basis, triangle)
    gain = 0.5 * n_missing * math.log(2 * math.pi)
    for a in range(n_missing):
        gain -= math.log(triangle[a, a])
    for i in range(n_seen):
        for j in range(n_seen):
            # row i of W belongs to the i-th seen feature, which is the (n_seen - 1 - i)-th of the basis' second part
            own[i, j] = triangle[n_features - 1 - i, n_features - 1 - j] if j <= i else 0.0
    return gain


@nb.njit(**COMPILED)
def add_expected(count, first_seen, second_seen, basis, n_missing, first, second):
    """Add a pattern's sums to those of all features: ``T f``, and ``T S T' + n Q Q'``."""
    n_features, n_seen = basis.shape[0], basis.shape[0] - n_missing
    half = np.empty((n_features, n_seen))
    for i in range(n_features):
        for b in range(n_seen):
            first[i] += basis[i, n_features - 1 - b] * first_seen[b]
            half[i, b] = 0.0
            for a in range(n_seen):
                moment = second_seen[a, b] if a >= b else second_seen[b, a]
                half[i, b] += basis[i, n_features - 1 - a] * moment
    for i in range(n_features):
        for j in range(i + 1):
            total = 0.0
            for b in range(n_seen):
                total += half[i, b] * basis[j, n_features - 1 - b]
            for a in range(n_missing):
                total += count * basis[i, a] * basis[j, a]
            second[i, j] += total


@nb.njit(**COMPILED)
def accumulate_seen(columns, row_weights, offsets, means, whiteners):
    """As :func:`bayesmix.passes.dense.accumulate`, of rows with their patterns (D + 1, N) and expected moments.

    Of a row without a seen cell, which other columns may know of, nothing but its component counts. Rows that were
    measured with errors are :mod:`bayesmix.passes.measured`'s.
    """
    n_features, n_components = means.shape[1], offsets.shape[0]
    if measured.is_measured(columns, n_features):
        return measured.accumulate(columns, row_weights, offsets, means, whiteners)
    counts = np.zeros(n_components)
    first = np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features, n_features))
    order, begins = by_pattern(columns[n_features])
    work = buffers(2 + n_components + tiles.HIGHEST + n_features * (2 + n_components))
    top, share, work = work[0], work[1], work[2:]
    log_joint, work = work[:n_components], work[n_components:]
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
        own_means, own_whiteners = np.empty((n_components, n_seen)), np.empty((n_components, n_seen, n_seen))
        own_counts, own_first = np.zeros(n_components), np.zeros((n_components, n_seen))
        own_second = np.zeros((n_components, n_seen, n_seen))
        for k in range(n_components):
            gain = marginal_form(whiteners[k], missing, seen, basis[k], triangle, own_whiteners[k])
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
                form = (own_offsets[k], own_means[k], own_whiteners[k])
                if n_seen == 0:
                    log_joint[k, :size] = own_offsets[k]
                elif n_seen <= few_features.MOST:
                    _few_distance(packed[:n_seen], 0, size, *form, centred, kept, log_joint[k])
                else:
                    _tiled_distance(packed[:n_seen], 0, size, *form, centred, kept, log_joint[k])
            add_known(known, 0, 0, size, log_joint)
            log_likelihood += normalise(log_joint, own_weights, 0, size, top, share)
            for k in range(n_components):
                kept = residuals[k * n_features : (k + 1) * n_features]
                sums = (own_first[k], own_second[k])
                rows = (packed[:n_seen], 0, size, own_means[k], own_whiteners[k], log_joint[k], share)
                if n_seen == 0:
                    own_counts[k] += weigh(log_joint[k], share, size)
                elif n_seen <= few_features.MOST:
                    own_counts[k] += _few_sums(*rows, kept, weighted, *sums)
                else:
                    own_counts[k] += _tiled_sums(*rows, kept, weighted, *sums)
        for k in range(n_components):
            counts[k] += own_counts[k]
            add_expected(own_counts[k], own_first[k], own_second[k], basis[k], missing.shape[0], first[k], second[k])
    for k in range(n_components):
        for i in range(n_features):
            for j in range(i):
                second[k, j, i] = second[k, i, j]
    if not (math.isfinite(log_likelihood) and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, first, second


@nb.njit(**COMPILED)
def distances_of_pattern(columns, start, size, mean, whitener, centred, residual, out):
    """Fill ``out`` with ``-|E[y]|^2 / 2`` of rows that miss the same cells, the first being ``start``.

    Returns what the offset gains, and how many cells were seen.
    """
    n_features, gain = mean.shape[0], 0.0
    missing, seen = split_features(columns, start, n_features)
    own = whitener
    if missing.shape[0] > 0:
        own = np.empty((n_features, n_features))
        gain = marginal_form(whitener, missing, seen, np.empty_like(own), np.empty_like(own), own)
    for n in range(size):
        out[n] = 0.0
    y = residual[0]
    for i in range(seen.shape[0]):
        x, middle = columns[seen[i], start : start + size], mean[seen[i]]
        for n in range(size):
            centred[i, n] = x[n] - middle
            y[n] = own[i, i] * centred[i, n]
        for j in range(i):
            weight, other = own[i, j], centred[j]
            for n in range(size):
                y[n] += weight * other[n]
        for n in range(size):
            out[n] -= 0.5 * y[n] * y[n]
    return gain, seen.shape[0]


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the cells that were seen, ``columns`` being (D + 1, N).

    Rows of one pattern that stand side by side are worked together.
    """
    offsets, means, whiteners = form
    below, begin, until = columns[means.shape[2]], start, start + size
    while begin < until:
        end = end_of_pattern(below, begin, until)
        here = out[begin - start : end - start]
        gain, _ = distances_of_pattern(
            columns, begin, end - begin, means[s, k], whiteners[s, k], centred, residual, here
        )
        for n in range(end - begin):
            here[n] += offsets[s, k] + gain
        begin = end


@nb.njit(**COMPILED)
def _log_components(columns, offsets, means, whiteners):
    return draws.log_components(component, columns, (offsets, means, whiteners))


def log_joint(columns, offsets, means, whiteners):
    """As :func:`bayesmix.passes.dense.log_joint`, of rows with their patterns (D + 1, N)."""
    return _log_components(columns, offsets, means, whiteners).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture(columns, offsets, means, whiteners):
    """As :func:`bayesmix.passes.dense.log_mixture`, of rows with their patterns (D + 1, N)."""
    return draws.log_mixture(component, columns, (offsets, means, whiteners))
