"""The pass of :mod:`bayesmix.passes.linear` over rows with missing cells, which are summed out.

The features are independent within a component, and the offset holds a constant of each. A row that misses one has
neither its entries nor its constant; where an entry is missing, ``left_out`` is what that takes away from the offset.
Its expected value, ``expected``, stands for it in the sums, as EM wants it, and Fisher's identity.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes import draws
from bayesmix.passes.blocks import BLOCK, COMPILED, buffers, no_nan
from bayesmix.passes.known import add_known
from bayesmix.passes.linear import NEVER
from bayesmix.passes.log_sum_exp import normalise, weigh


@nb.njit(**COMPILED)
def _log_component(columns, start, size, offset, eta, left_out, out):
    """``offset + eta . t`` of what was seen, two entries at a time."""
    n_entries = eta.shape[0]
    odd = n_entries % 2
    for n in range(size):
        out[n] = offset
    if odd == 1:
        t, e, g = columns[0, start : start + size], eta[0], left_out[0]
        for n in range(size):
            out[n] += e * t[n] if t[n] == t[n] else g
    for j in range(odd, n_entries, 2):
        t1, e1, g1 = columns[j, start : start + size], eta[j], left_out[j]
        t2, e2, g2 = columns[j + 1, start : start + size], eta[j + 1], left_out[j + 1]
        for n in range(size):
            one = e1 * t1[n] if t1[n] == t1[n] else g1
            other = e2 * t2[n] if t2[n] == t2[n] else g2
            out[n] += one + other


@nb.njit(**COMPILED)
def _gather(columns, start, size, expected, responsibility, sums):
    """Add ``sum r E[t]``, two entries at a time."""
    n_entries = expected.shape[0]
    odd = n_entries % 2
    if odd == 1:
        t, m, total = columns[0, start : start + size], expected[0], 0.0
        for n in range(size):
            total += responsibility[n] * (t[n] if t[n] == t[n] else m)
        sums[0] += total
    for j in range(odd, n_entries, 2):
        t1, m1, total1 = columns[j, start : start + size], expected[j], 0.0
        t2, m2, total2 = columns[j + 1, start : start + size], expected[j + 1], 0.0
        for n in range(size):
            total1 += responsibility[n] * (t1[n] if t1[n] == t1[n] else m1)
            total2 += responsibility[n] * (t2[n] if t2[n] == t2[n] else m2)
        sums[j] += total1
        sums[j + 1] += total2


@nb.njit(**COMPILED)
def _accumulate(columns, row_weights, offsets, etas, left_out, expected):
    n_components, n_entries = etas.shape
    n_rows = columns.shape[1]
    counts, sums = np.zeros(n_components), np.zeros((n_components, n_entries))
    work = buffers(2 + n_components)
    top, share, log_joint = work[0], work[1], work[2:]
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            _log_component(columns, start, size, offsets[k], etas[k], left_out[k], log_joint[k])
        add_known(columns, n_entries + 1, start, size, log_joint)
        log_likelihood += normalise(log_joint, row_weights, start, size, top, share)
        for k in range(n_components):
            counts[k] += weigh(log_joint[k], share, size)
            _gather(columns, start, size, expected[k], log_joint[k], sums[k])
    if not (math.isfinite(log_likelihood) and log_likelihood > NEVER and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, sums


@nb.njit(**COMPILED)
def accumulate_indicators(columns, row_weights, offsets, etas):
    """As :func:`bayesmix.passes.linear.accumulate`, of rows with their patterns (M + 1, N).

    The entries are indicators, each with the log of its probability for an eta.
    """
    return _accumulate(columns, row_weights, offsets, etas, np.zeros_like(etas), np.exp(etas))


@nb.njit(**COMPILED)
def accumulate_counts(columns, row_weights, offsets, etas):
    """The same of counts, each with the log of its rate, which is taken from the offset; the last is never missing."""
    rates = np.exp(etas)
    left_out = np.empty_like(etas)
    for k in range(etas.shape[0]):
        left_out[k] = _without_rates(etas[k])
    return _accumulate(columns, row_weights, offsets, etas, left_out, rates)


@nb.njit(**COMPILED)
def accumulate_ones(columns, row_weights, offsets, etas):
    """The same of zeros and ones, each with its logit; the offset holds the logs of the zeros' probabilities."""
    left_out, expected = np.empty_like(etas), np.empty_like(etas)
    for k in range(etas.shape[0]):
        left_out[k] = _without_logits(etas[k])
        for j in range(etas.shape[1]):
            expected[k, j] = 1.0 / (1.0 + math.exp(-etas[k, j]))
    return _accumulate(columns, row_weights, offsets, etas, left_out, expected)


@nb.njit(**COMPILED)
def _without_rates(eta):
    """What missing counts take away from the offset; the last entry is never missing."""
    left_out = np.exp(eta)
    left_out[-1] = 0.0
    return left_out


@nb.njit(**COMPILED)
def _without_logits(eta):
    """What missing zeros and ones take away from the offset: ``log(1 + exp(eta))``."""
    left_out = np.empty_like(eta)
    for j in range(eta.shape[0]):
        e = eta[j]
        left_out[j] = e + math.log1p(math.exp(-e)) if e > 0 else math.log1p(math.exp(e))
    return left_out


@nb.njit(**COMPILED)
def component_of_indicators(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of what was seen, ``columns`` being (M + 1, N)."""
    offsets, etas = form
    _log_component(columns, start, size, offsets[s, k], etas[s, k], np.zeros_like(etas[s, k]), out)


@nb.njit(**COMPILED)
def component_of_counts(columns, start, size, form, s, k, centred, residual, out):
    """The same of counts."""
    offsets, etas = form
    _log_component(columns, start, size, offsets[s, k], etas[s, k], _without_rates(etas[s, k]), out)


@nb.njit(**COMPILED)
def component_of_ones(columns, start, size, form, s, k, centred, residual, out):
    """The same of zeros and ones with their logits."""
    offsets, etas = form
    _log_component(columns, start, size, offsets[s, k], etas[s, k], _without_logits(etas[s, k]), out)


@nb.njit(**COMPILED)
def _log_components_of_indicators(columns, offsets, etas):
    return draws.log_components(component_of_indicators, columns, (offsets, etas))


@nb.njit(**COMPILED)
def _log_components_of_counts(columns, offsets, etas):
    return draws.log_components(component_of_counts, columns, (offsets, etas))


@nb.njit(**COMPILED)
def _log_components_of_ones(columns, offsets, etas):
    return draws.log_components(component_of_ones, columns, (offsets, etas))


def log_joint_of_indicators(columns, offsets, etas):
    """As :func:`bayesmix.passes.linear.log_joint`, of rows with their patterns (M + 1, N)."""
    return _log_components_of_indicators(columns, offsets, etas).transpose(0, 2, 1)


def log_joint_of_counts(columns, offsets, etas):
    """The same of counts."""
    return _log_components_of_counts(columns, offsets, etas).transpose(0, 2, 1)


def log_joint_of_ones(columns, offsets, etas):
    """The same of zeros and ones with their logits."""
    return _log_components_of_ones(columns, offsets, etas).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture_of_indicators(columns, offsets, etas):
    """As :func:`bayesmix.passes.linear.log_mixture`, of rows with their patterns (M + 1, N)."""
    return draws.log_mixture(component_of_indicators, columns, (offsets, etas))


@nb.njit(**COMPILED)
def log_mixture_of_counts(columns, offsets, etas):
    """The same of counts."""
    return draws.log_mixture(component_of_counts, columns, (offsets, etas))
