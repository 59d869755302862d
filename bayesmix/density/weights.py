"""Weights through PyMC's simplex transform, their Dirichlet prior, and the slopes in both."""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def log_weights(q, n_components):
    """``log softmax(q, -sum q)`` of the first K - 1 entries of ``q``."""
    t = np.zeros(n_components)
    for k in range(n_components - 1):
        t[k] = q[k]
        t[n_components - 1] -= q[k]
    top = t[0]
    for k in range(1, n_components):
        top = max(top, t[k])
    total = 0.0
    for k in range(n_components):
        total += math.exp(t[k] - top)
    shift = top + math.log(total)
    for k in range(n_components):
        t[k] -= shift
    return t


@nb.njit(**COMPILED)
def weights_slope(log_w, counts, concentrations, jacobian, gradient):
    """Log prior kernel of the weights; fills the slopes of likelihood, prior and Jacobian.

    The log Jacobian of the transform is ``log K + sum_k log w_k`` (its logits sum to zero), so that with
    ``c_k = n_k + a_k - 1 + jacobian`` everything that depends on the weights is ``sum_k c_k log w_k``, whose slope in
    logit k is ``c_k - w_k sum c``; the last logit is minus the sum of the others.
    """
    n_components = log_w.shape[0]
    if n_components == 1:
        return 0.0
    value, total = 0.0, 0.0
    for k in range(n_components):
        prior = concentrations[k] - 1.0 + jacobian
        value += prior * log_w[k]
        total += counts[k] + prior
    last = n_components - 1
    slope_last = counts[last] + concentrations[last] - 1.0 + jacobian - total * math.exp(log_w[last])
    for k in range(last):
        own = counts[k] + concentrations[k] - 1.0 + jacobian
        gradient[k] = own - total * math.exp(log_w[k]) - slope_last
    return value
