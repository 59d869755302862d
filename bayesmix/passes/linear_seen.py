"""The pass of :mod:`bayesmix.passes.linear` over rows with missing cells, which are summed out.

The features are independent within a component, and the offset holds a constant of each. A row that misses one has
neither its entries nor its constant; where an entry is missing, ``left_out`` is what that takes away from the offset.
Its expected value, ``expected``, stands for it in the sums, as EM wants it, and Fisher's identity.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import BLOCK, COMPILED, buffers, no_nan
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
def accumulate_seen(columns, row_weights, offsets, etas, left_out, expected):
    """As :func:`bayesmix.passes.linear.accumulate`, of rows with their patterns (M + 1, N).

    ``left_out`` and ``expected`` are (K, M): of every component and entry.
    """
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
        log_likelihood += normalise(log_joint, row_weights, start, size, top, share)
        for k in range(n_components):
            counts[k] += weigh(log_joint[k], share, size)
            responsibility = log_joint[k]
            for j in range(n_entries):
                t, m, total = columns[j, start : start + size], expected[k, j], 0.0
                for n in range(size):
                    total += responsibility[n] * (t[n] if t[n] == t[n] else m)
                sums[k, j] += total
    if not (math.isfinite(log_likelihood) and log_likelihood > NEVER and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, sums
