"""The pass over the rows for components whose log density is linear in what a row is turned into.

``log w_k f_k(x) = offset_k + eta_k . t(x)``: counts, binary and categorical rows, where ``t(x)`` are the counts
themselves or indicators of levels. An ``eta`` of minus infinity, an impossible count or level, is :data:`IMPOSSIBLE`:
times the zero of a row that does not have it, it is zero.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes import draws
from bayesmix.passes.blocks import BLOCK, COMPILED, buffers, no_nan
from bayesmix.passes.known import add_known
from bayesmix.passes.log_sum_exp import normalise, weigh

IMPOSSIBLE = -1e300
NEVER = -1e290
"""A log density below this is minus infinity."""


@nb.njit(**COMPILED)
def _log_component(columns, start, size, offset, eta, out):
    """``offset + eta . t`` for one component and one block, two entries at a time."""
    n_entries = columns.shape[0]
    odd = n_entries % 2
    if odd == 1:
        t, e = columns[0, start : start + size], eta[0]
        for n in range(size):
            out[n] = offset + e * t[n]
    else:
        for n in range(size):
            out[n] = offset
    for j in range(odd, n_entries, 2):
        t1, e1 = columns[j, start : start + size], eta[j]
        t2, e2 = columns[j + 1, start : start + size], eta[j + 1]
        for n in range(size):
            out[n] += e1 * t1[n] + e2 * t2[n]


@nb.njit(**COMPILED)
def _gather(columns, start, size, responsibility, sums):
    """Add ``sum r t``."""
    for j in range(columns.shape[0]):
        t, total = columns[j, start : start + size], 0.0
        for n in range(size):
            total += responsibility[n] * t[n]
        sums[j] += total


@nb.njit(**COMPILED)
def accumulate(columns, row_weights, offsets, etas):
    """Log-likelihood and statistics of one pass.

    Parameters
    ----------
    columns : (M, N) or (M + K, N) array
        What the rows are turned into, transposed; below it what is known of their components, if anything is
        (:mod:`bayesmix.passes.known`).
    row_weights : (N,) or (0,) array
        A weight for each row; empty for ones.
    offsets, etas : (K,) and (K, M) arrays

    Returns
    -------
    log_likelihood : float
    counts, sums : (K,) and (K, M) arrays
        ``sum_i r_ik`` and ``sum_i r_ik t(x_i)``.
    """
    n_rows, n_entries = columns.shape[1], etas.shape[1]
    entries = columns[:n_entries]
    n_components = offsets.shape[0]
    counts, sums = np.zeros(n_components), np.zeros((n_components, n_entries))
    work = buffers(2 + n_components)
    top, share, log_joint = work[0], work[1], work[2:]
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            _log_component(entries, start, size, offsets[k], etas[k], log_joint[k])
        add_known(columns, n_entries, start, size, log_joint)
        log_likelihood += normalise(log_joint, row_weights, start, size, top, share)
        for k in range(n_components):
            counts[k] += weigh(log_joint[k], share, size)
            _gather(entries, start, size, log_joint[k], sums[k])
    if not (math.isfinite(log_likelihood) and log_likelihood > NEVER and no_nan(offsets)):
        log_likelihood = -math.inf
    return log_likelihood, counts, sums


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`."""
    offsets, etas = form
    _log_component(columns, start, size, offsets[s, k], etas[s, k], out)


@nb.njit(**COMPILED)
def _log_components(columns, offsets, etas):
    return draws.log_components(component, columns, (offsets, etas))


def log_joint(columns, offsets, etas):
    """``log w_k + log f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N, K)."""
    return _log_components(columns, offsets, etas).transpose(0, 2, 1)


@nb.njit(**COMPILED)
def log_mixture(columns, offsets, etas):
    """``log sum_k w_k f_k(x_i)`` for S parameter draws: (S, K) offsets, ... -> (S, N)."""
    return draws.log_mixture(component, columns, (offsets, etas))


@nb.njit(**COMPILED)
def responsibilities(columns, offsets, etas):
    """``r_ik`` for S parameter draws: (S, K) offsets, ... -> (K, N, S)."""
    return draws.responsibilities(component, columns, (offsets, etas))


@nb.njit(**COMPILED)
def group_sums(columns, ends, offsets, etas):
    """``sum r_ik`` over groups of consecutive rows that end before ``ends (J,)``, for S draws -> (S, J, K)."""
    return draws.group_sums(component, columns, ends, (offsets, etas))
