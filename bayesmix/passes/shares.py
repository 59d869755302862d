"""Responsibilities and assignments of rows whose log densities are known already, such as sums over blocks of columns.

What is given is ``log_joint (K, N)``, ``log w_k f_k(x_i)``: each component contiguous, as the passes have it.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.assignments import draw_block
from bayesmix.passes.blocks import BLOCK, COMPILED, buffers
from bayesmix.passes.linear import NEVER
from bayesmix.passes.log_sum_exp import normalise, weigh


@nb.njit(**COMPILED)
def share_out(log_joint, row_weights):
    """Log-likelihood, and weighted responsibilities.

    Parameters
    ----------
    log_joint : (K, N) array
    row_weights : (N,) or (0,) array
        A weight for each row; empty for ones.

    Returns
    -------
    log_likelihood : float
    shares : (K, N) array
    """
    n_components, n_rows = log_joint.shape
    shares = np.empty((n_components, n_rows))
    work = buffers(2 + n_components)
    top, share, block = work[0], work[1], work[2:]
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            block[k, :size] = log_joint[k, start : start + size]
        log_likelihood += normalise(block, row_weights, start, size, top, share)
        for k in range(n_components):
            weigh(block[k], share, size)
            shares[k, start : start + size] = block[k, :size]
    if not (math.isfinite(log_likelihood) and log_likelihood > NEVER):
        log_likelihood = -math.inf
    return log_likelihood, shares


@nb.njit(**COMPILED)
def draw_components(rng, log_joint, labels):
    """Draw the component of every row into ``labels`` (N,); the log-likelihood is returned."""
    n_components, n_rows = log_joint.shape
    work = buffers(2 + n_components)
    top, total, block = work[0], work[1], work[2:]
    log_likelihood = 0.0
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for k in range(n_components):
            block[k, :size] = log_joint[k, start : start + size]
        log_likelihood += draw_block(rng, labels[start : start + size], block, size, top, total)
    return log_likelihood
