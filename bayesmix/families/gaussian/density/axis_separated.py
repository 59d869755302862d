"""Uncorrelated features under the separated prior, their standard deviations a stack (M, B) as in ``covariance.axis``.

``q``: K - 1 logits; K x D means; the logs of the M x B standard deviations. ``n_blocks`` is M.
``numbers``: D prior means, D prior deviations of the means, B log medians of the standard deviations, and their log
deviation.
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
    """The components in standard form, and the logs of their standard deviations."""
    n_components = log_w.shape[0]
    place = n_components - 1
    means = matrix_from(q, place, n_components, n_features)
    place += n_components * n_features
    width = (q.shape[0] - place) // n_blocks
    log_scales = matrix_from(q, place, n_blocks, width)
    whiteners = np.empty((n_components, n_features))
    offsets = np.empty(n_components)
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        offsets[k] = log_w[k] - 0.5 * n_features * math.log(2 * math.pi)
        for j in range(n_features):
            log_scale = log_scales[m, j if width == n_features else 0]
            whiteners[k, j] = math.exp(-log_scale)
            offsets[k] -= log_scale
    return (offsets, means, whiteners), (log_scales,)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Log prior (and Jacobian); fills the gradient of everything."""
    _, counts, first, second = statistics
    _, means, whiteners = form
    log_scales = own[0]
    n_components, n_features = means.shape
    n_blocks, width = log_scales.shape
    prior_mean = numbers[:n_features]
    prior_deviation = numbers[n_features : 2 * n_features]
    log_median = numbers[2 * n_features : 2 * n_features + width]
    log_deviation = numbers[2 * n_features + width]
    slope_means, slope_deviations = score(counts, first, second, whiteners)
    place = n_components - 1
    for k in range(n_components):
        for j in range(n_features):
            z = (means[k, j] - prior_mean[j]) / prior_deviation[j]
            value -= 0.5 * z * z
            gradient[place] = slope_means[k, j] - z / prior_deviation[j]
            place += 1
    for m in range(n_blocks):
        for b in range(width):
            z = (log_scales[m, b] - log_median[b]) / log_deviation
            value += (jacobian - 1.0) * log_scales[m, b] - 0.5 * z * z
            gradient[place + m * width + b] = jacobian - 1.0 - z / log_deviation
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        for j in range(n_features):
            b = j if width == n_features else 0
            gradient[place + m * width + b] += slope_deviations[k, j] / whiteners[k, j]
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
