"""Many parameter draws over the same rows, for either geometry.

``log_component`` is the geometry's own: it fills one component's log density for one block of rows. Blocks come first
and draws second, so that the rows of a block are read from the cache by every draw.
"""

import math

import numba as nb
import numpy as np

from bayesmix.kernels.blocks import BLOCK, INNER, fill, log_sum, no_nan, normalise


@nb.njit(**INNER)
def log_components(log_component, columns, offsets, means, whiteners):
    """``log w_k + log f_k(x_i)`` as (S, K, N)."""
    n_features, n_rows = columns.shape
    n_draws, n_components = offsets.shape
    out = np.empty((n_draws, n_components, n_rows))
    centred, residual = np.empty((n_features, BLOCK)), np.empty((n_features, BLOCK))
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for s in range(n_draws):
            for k in range(n_components):
                row = out[s, k, start : start + size]
                log_component(columns, start, size, offsets[s, k], means[s, k], whiteners[s, k], centred, residual, row)
    return out


@nb.njit(**INNER)
def log_mixture(log_component, columns, offsets, means, whiteners):
    """``log sum_k w_k f_k(x_i)`` as (S, N)."""
    n_features, n_rows = columns.shape
    n_draws, n_components = offsets.shape
    out = np.empty((n_draws, n_rows))
    centred, residual = np.empty((n_features, BLOCK)), np.empty((n_features, BLOCK))
    log_joint = np.empty((n_components, BLOCK))
    top, total = np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for s in range(n_draws):
            for k in range(n_components):
                row = log_joint[k]
                log_component(columns, start, size, offsets[s, k], means[s, k], whiteners[s, k], centred, residual, row)
            log_sum(log_joint, size, top, total, out[s, start : start + size])
    for s in range(n_draws):
        if not no_nan(offsets[s]):
            fill(out[s], math.nan)
    return out


@nb.njit(**INNER)
def responsibilities(log_component, columns, offsets, means, whiteners):
    """``r_ik`` as (K, N, S): the draws of one row and component lie side by side, ready to be summarised."""
    n_features, n_rows = columns.shape
    n_draws, n_components = offsets.shape
    out = np.empty((n_components, n_rows, n_draws))
    centred, residual = np.empty((n_features, BLOCK)), np.empty((n_features, BLOCK))
    log_joint = np.empty((n_components, BLOCK))
    top, total = np.empty(BLOCK), np.empty(BLOCK)
    no_weights = np.empty(0)
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for s in range(n_draws):
            for k in range(n_components):
                row = log_joint[k]
                log_component(columns, start, size, offsets[s, k], means[s, k], whiteners[s, k], centred, residual, row)
            normalise(log_joint, no_weights, start, size, top, total)
            for k in range(n_components):
                r = log_joint[k]
                for n in range(size):
                    out[k, start + n, s] = r[n]
    return out


@nb.njit(**INNER)
def group_sums(log_component, columns, ends, offsets, means, whiteners):
    """``sum r_ik`` over the rows of each group as (S, J, K); group j holds the rows from ``ends[j - 1]`` on."""
    n_features = columns.shape[0]
    n_draws, n_components = offsets.shape
    n_groups = ends.shape[0]
    out = np.zeros((n_draws, n_groups, n_components))
    centred, residual = np.empty((n_features, BLOCK)), np.empty((n_features, BLOCK))
    log_joint = np.empty((n_components, BLOCK))
    top, total = np.empty(BLOCK), np.empty(BLOCK)
    no_weights = np.empty(0)
    begin = 0
    for j in range(n_groups):
        for start in range(begin, ends[j], BLOCK):
            size = min(BLOCK, ends[j] - start)
            for s in range(n_draws):
                for k in range(n_components):
                    row = log_joint[k]
                    log_component(
                        columns, start, size, offsets[s, k], means[s, k], whiteners[s, k], centred, residual, row
                    )
                normalise(log_joint, no_weights, start, size, top, total)
                for k in range(n_components):
                    r = log_joint[k]
                    count = 0.0
                    for n in range(size):
                        count += r[n]
                    out[s, j, k] += count
        begin = ends[j]
    return out
