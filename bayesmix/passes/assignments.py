"""Assignments of rows to components, drawn in one pass."""

import math

import numba as nb

from bayesmix.passes.blocks import BLOCK, COMPILED, INNER, buffers, no_nan
from bayesmix.passes.elementary import exp_of_nonpositive, log_of_normal
from bayesmix.passes.known import add_known


@nb.njit(**INNER)
def draw_labels(log_component, rng, labels, columns, known, form):
    """Draw the component of every row into ``labels`` (N,); the log-likelihood is returned.

    ``log_component`` and ``form``, of one draw, as in :mod:`bayesmix.passes.draws`; ``known`` (K, N), or (0, N) where
    nothing is, as in :mod:`bayesmix.passes.known`.
    """
    n_features, n_rows = columns.shape
    n_components = form[0].shape[1]
    centred, residual = buffers(n_features), buffers(n_features)
    work = buffers(2 + n_components)
    top, total, log_joint = work[0], work[1], work[2:]
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            log_component(columns, start, size, form, 0, k, centred, residual, log_joint[k])
        add_known(known, 0, start, size, log_joint)
        log_likelihood += draw_block(rng, labels[start : start + size], log_joint, size, top, total)
    if not (math.isfinite(log_likelihood) and no_nan(form[0])):
        log_likelihood = -math.inf
    return log_likelihood


@nb.njit(**COMPILED)
def draw_block(rng, labels, log_joint, size, top, total):
    """For one block: a row is in component k where a uniform share of its total lies in k's part of it."""
    n_components = log_joint.shape[0]
    for n in range(size):
        top[n] = log_joint[0, n]
        total[n] = 0.0
    for k in range(1, n_components):
        row = log_joint[k]
        for n in range(size):
            top[n] = row[n] if row[n] > top[n] else top[n]
    for k in range(n_components):
        row = log_joint[k]
        for n in range(size):
            total[n] += exp_of_nonpositive(row[n] - top[n])
            row[n] = total[n]  # the parts up to k's end
    log_likelihood = 0.0
    for n in range(size):
        log_likelihood += top[n] + log_of_normal(total[n])
    share = top
    for n in range(size):
        share[n] = rng.random()
    for n in range(size):
        share[n] *= total[n]
        labels[n] = 0
    for k in range(n_components - 1):
        row = log_joint[k]
        for n in range(size):
            labels[n] += 1 if share[n] >= row[n] else 0
    return log_likelihood
