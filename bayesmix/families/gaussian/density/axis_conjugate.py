"""Uncorrelated features under the conjugate prior, their variances a stack (M, B) as in ``covariance.axis``.

``q``: K - 1 logits; the logs of the M x B variances; K x D means. ``n_blocks`` is M.
``numbers``: D prior means, shrinkage, dof, and B scales.
"""

import math

import numba as nb
import numpy as np

from bayesmix.density import composed
from bayesmix.density.closed_form import Compiled
from bayesmix.density.matrices import matrix_from
from bayesmix.density.sampler import LOG_DENSITY
from bayesmix.passes.axis import accumulate, score
from bayesmix.passes.axis_seen import accumulate_seen
from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_features, numbers):
    """The components in standard form, and the logs of their variances."""
    n_components = log_w.shape[0]
    width = (q.shape[0] - n_components + 1 - n_components * n_features) // n_blocks
    log_variances = matrix_from(q, n_components - 1, n_blocks, width)
    whiteners = np.empty((n_components, n_features))
    offsets = np.empty(n_components)
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        offsets[k] = log_w[k] - 0.5 * n_features * math.log(2 * math.pi)
        for j in range(n_features):
            log_variance = log_variances[m, j if width == n_features else 0]
            whiteners[k, j] = math.exp(-0.5 * log_variance)
            offsets[k] -= 0.5 * log_variance
    means = matrix_from(q, n_components - 1 + n_blocks * width, n_components, n_features)
    return (offsets, means, whiteners), (log_variances,)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Log prior (and Jacobian); fills the gradient of everything.

    In the log variance ``v``: a mean's prior is ``-v/2 - kappa u^2 / 2``; a variance's is
    ``-(nu/2 + 1) v - scale exp(-v) / 2``; the Jacobian is ``v``.
    """
    _, counts, first, second = statistics
    _, means, whiteners = form
    log_variances = own[0]
    n_components, n_features = means.shape
    n_blocks, width = log_variances.shape
    prior_mean = numbers[:n_features]
    shrinkage, dof = numbers[n_features], numbers[n_features + 1]
    scale = numbers[n_features + 2 :]
    slope_log_variances = np.empty((n_blocks, width))
    for m in range(n_blocks):
        for b in range(width):
            v = log_variances[m, b]
            rate = 0.5 * scale[b] * math.exp(-v)
            value += jacobian * v - (0.5 * dof + 1.0) * v - rate
            slope_log_variances[m, b] = jacobian - (0.5 * dof + 1.0) + rate
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        for j in range(n_features):
            u = whiteners[k, j] * (prior_mean[j] - means[k, j])
            value -= 0.5 * log_variances[m, j if width == n_features else 0] + 0.5 * shrinkage * u * u
            first[k, j] += shrinkage * u
            second[k, j] += shrinkage * u * u
        counts[k] += 1.0
    slope_means, slope_deviations = score(counts, first, second, whiteners)
    place = n_components - 1
    place_of_means = place + n_blocks * width
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        for j in range(n_features):
            slope_log_variances[m, j if width == n_features else 0] += 0.5 * slope_deviations[k, j] / whiteners[k, j]
            gradient[place_of_means + k * n_features + j] = slope_means[k, j]
    for m in range(n_blocks):
        for b in range(width):
            gradient[place + m * width + b] = slope_log_variances[m, b]
    return value


@nb.njit(**COMPILED)
def log_posterior(q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian):
    """See :mod:`bayesmix.density.composed`."""
    return composed.log_posterior(
        unpack, accumulate, add_prior, q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian
    )


@nb.cfunc(LOG_DENSITY, cache=True)
def sampler_function(n, z, gradient, value, user):
    """:func:`log_posterior` in the sampler's coordinates."""
    return composed.in_sampler_coordinates(log_posterior, n, z, gradient, value, user)


@nb.njit(**COMPILED)
def log_posterior_of_seen(q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian):
    """:func:`log_posterior` of rows with missing cells."""
    return composed.log_posterior_of_seen(
        unpack, accumulate_seen, add_prior, q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian
    )


def _seen_in_sampler_coordinates(n, z, gradient, value, user):
    return composed.in_sampler_coordinates(log_posterior_of_seen, n, z, gradient, value, user)


OF_SEEN = Compiled(log_posterior_of_seen, _seen_in_sampler_coordinates, unpack, accumulate_seen, add_prior)
"""The pair for rows with missing cells."""
