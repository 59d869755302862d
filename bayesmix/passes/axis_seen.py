r"""The pass of :mod:`bayesmix.passes.axis` over rows with missing cells, which are left out of their rows' densities.

Given the seen cells a missing one is whitened to :math:`E[y] = 0` and :math:`E[y^2] = 1`: with that for its moments the
sums are those that EM wants, and that Fisher's identity takes.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes import draws, measured
from bayesmix.passes.blocks import BLOCK, COMPILED, buffers, no_nan
from bayesmix.passes.known import add_known
from bayesmix.passes.log_sum_exp import normalise, weigh


@nb.njit(**COMPILED)
def log_component(columns, start, size, offset, mean, whitener, out):
    """``offset - |a (x - mean)|^2 / 2`` of the seen cells, whose constants alone count; two features at a time."""
    n_features = mean.shape[0]
    for n in range(size):
        out[n] = offset
    odd = n_features % 2
    if odd == 1:
        x1, m1, a1 = columns[0, start : start + size], mean[0], whitener[0]
        g1 = 0.5 * math.log(2 * math.pi) - math.log(a1)
        for n in range(size):
            y1 = a1 * (x1[n] - m1)
            out[n] += -0.5 * (y1 * y1) if x1[n] == x1[n] else g1
    for j in range(odd, n_features, 2):
        x1, m1, a1 = columns[j, start : start + size], mean[j], whitener[j]
        x2, m2, a2 = columns[j + 1, start : start + size], mean[j + 1], whitener[j + 1]
        g1, g2 = 0.5 * math.log(2 * math.pi) - math.log(a1), 0.5 * math.log(2 * math.pi) - math.log(a2)
        for n in range(size):
            y1 = a1 * (x1[n] - m1)
            y2 = a2 * (x2[n] - m2)
            t1 = -0.5 * (y1 * y1) if x1[n] == x1[n] else g1
            t2 = -0.5 * (y2 * y2) if x2[n] == x2[n] else g2
            out[n] += t1 + t2


@nb.njit(**COMPILED)
def _gather(columns, start, size, mean, whitener, responsibility, first, second):
    """Add ``sum r E[y]`` and ``sum r E[y^2]``."""
    n_features = mean.shape[0]
    for j in range(n_features):
        x, m, a = columns[j, start : start + size], mean[j], whitener[j]
        t, s = 0.0, 0.0
        for n in range(size):
            y = a * (x[n] - m)
            there = x[n] == x[n]
            r = responsibility[n]
            t += r * y if there else 0.0
            s += r * (y * y) if there else r
        first[j] += t
        second[j] += s


@nb.njit(**COMPILED)
def _accumulate_measured(columns, row_weights, offsets, means, whiteners):
    """Errors may be correlated though features are not: true values then are so, given the row."""
    matrices = np.zeros((*whiteners.shape, whiteners.shape[1]))
    for k in range(whiteners.shape[0]):
        for j in range(whiteners.shape[1]):
            matrices[k, j, j] = whiteners[k, j]
    log_likelihood, counts, first, moments = measured.accumulate(columns, row_weights, offsets, means, matrices)
    second = np.empty_like(first)
    for k in range(whiteners.shape[0]):
        for j in range(whiteners.shape[1]):
            second[k, j] = moments[k, j, j]
    return log_likelihood, counts, first, second


@nb.njit(**COMPILED)
def accumulate_seen(columns, row_weights, offsets, means, whiteners):
    """As :func:`bayesmix.passes.axis.accumulate`, of rows with their patterns (D + 1, N) and expected moments.

    Rows that were measured with errors are :mod:`bayesmix.passes.measured`'s.
    """
    n_rows, n_features = columns.shape[1], means.shape[1]
    n_components = offsets.shape[0]
    if measured.is_measured(columns, n_features):
        return _accumulate_measured(columns, row_weights, offsets, means, whiteners)
    counts = np.zeros(n_components)
    first = np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features))
    work = buffers(2 + n_components)
    top, share, log_joint = work[0], work[1], work[2:]
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            log_component(columns, start, size, offsets[k], means[k], whiteners[k], log_joint[k])
        add_known(columns, n_features + 1, start, size, log_joint)
        log_likelihood += normalise(log_joint, row_weights, start, size, top, share)
        for k in range(n_components):
            counts[k] += weigh(log_joint[k], share, size)
            _gather(columns, start, size, means[k], whiteners[k], log_joint[k], first[k], second[k])
    if not (math.isfinite(log_likelihood) and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, first, second


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the cells that were seen, ``columns`` being (D + 1, N)."""
    offsets, means, whiteners = form
    log_component(columns, start, size, offsets[s, k], means[s, k], whiteners[s, k], out)


@nb.njit(**COMPILED)
def _log_components(columns, offsets, means, whiteners):
    return draws.log_components(component, columns, (offsets, means, whiteners))


def log_joint(columns, offsets, means, whiteners):
    """As :func:`bayesmix.passes.axis.log_joint`, of rows with their patterns (D + 1, N)."""
    return _log_components(columns, offsets, means, whiteners).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture(columns, offsets, means, whiteners):
    """As :func:`bayesmix.passes.axis.log_mixture`, of rows with their patterns (D + 1, N)."""
    return draws.log_mixture(component, columns, (offsets, means, whiteners))
