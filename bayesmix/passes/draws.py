"""Many parameter draws over the same rows, whatever a component is.

``form`` is a tuple of arrays that begin with the axes of draws and components, the offsets first.
``log_component(columns, start, size, form, s, k, centred, residual, out)`` is the pass's own: it fills the log density
of component k in draw s for one block of rows, into an array that has room for a whole block. Blocks come first and
draws second, so that the rows of a block are read from the cache by every draw.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import BLOCK, INNER, buffers, fill, no_nan
from bayesmix.passes.log_sum_exp import log_sum, normalise, weigh


@nb.njit(**INNER)
def log_components(log_component, columns, form):
    """``log w_k + log f_k(x_i)`` as (S, K, N)."""
    n_features, n_rows = columns.shape
    n_draws, n_components = form[0].shape
    out = np.empty((n_draws, n_components, n_rows))
    centred, residual, row = buffers(n_features), buffers(n_features), buffers(1)[0]
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for s in range(n_draws):
            for k in range(n_components):
                log_component(columns, start, size, form, s, k, centred, residual, row)
                out[s, k, start : start + size] = row[:size]
    return out


@nb.njit(**INNER)
def log_mixture(log_component, columns, form):
    """``log sum_k w_k f_k(x_i)`` as (S, N)."""
    n_features, n_rows = columns.shape
    n_draws, n_components = form[0].shape
    out = np.empty((n_draws, n_rows))
    centred, residual = buffers(n_features), buffers(n_features)
    work = buffers(2 + n_components)
    top, total, log_joint = work[0], work[1], work[2:]
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for s in range(n_draws):
            for k in range(n_components):
                row = log_joint[k]
                log_component(columns, start, size, form, s, k, centred, residual, row)
            log_sum(log_joint, size, top, total, out[s, start : start + size])
    for s in range(n_draws):
        if not no_nan(form[0][s]):
            fill(out[s], math.nan)
    return out


@nb.njit(**INNER)
def responsibilities(log_component, columns, form):
    """``r_ik`` as (K, N, S): the draws of one row and component lie side by side, ready to be summarised."""
    n_features, n_rows = columns.shape
    n_draws, n_components = form[0].shape
    out = np.empty((n_components, n_rows, n_draws))
    centred, residual = buffers(n_features), buffers(n_features)
    work = buffers(2 + n_components)
    top, share, log_joint = work[0], work[1], work[2:]
    no_weights = np.empty(0)
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for s in range(n_draws):
            for k in range(n_components):
                row = log_joint[k]
                log_component(columns, start, size, form, s, k, centred, residual, row)
            normalise(log_joint, no_weights, start, size, top, share)
            for k in range(n_components):
                relative = log_joint[k]
                for n in range(size):
                    out[k, start + n, s] = relative[n] * share[n]
    return out


@nb.njit(**INNER)
def group_sums(log_component, columns, ends, form):
    """``sum r_ik`` over the rows of each group as (S, J, K); group j holds the rows from ``ends[j - 1]`` on."""
    n_features = columns.shape[0]
    n_draws, n_components = form[0].shape
    n_groups = ends.shape[0]
    out = np.zeros((n_draws, n_groups, n_components))
    centred, residual = buffers(n_features), buffers(n_features)
    work = buffers(2 + n_components)
    top, share, log_joint = work[0], work[1], work[2:]
    no_weights = np.empty(0)
    begin = 0
    for j in range(n_groups):
        for start in range(begin, ends[j], BLOCK):
            size = min(BLOCK, ends[j] - start)
            for s in range(n_draws):
                for k in range(n_components):
                    row = log_joint[k]
                    log_component(columns, start, size, form, s, k, centred, residual, row)
                normalise(log_joint, no_weights, start, size, top, share)
                for k in range(n_components):
                    out[s, j, k] += weigh(log_joint[k], share, size)
        begin = ends[j]
    return out
