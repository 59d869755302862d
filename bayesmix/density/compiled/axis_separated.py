"""Uncorrelated features under the separated prior (diag: D standard deviations a component, spherical: one).

``q``: K - 1 logits; K x D means; the logs of the K x n_blocks standard deviations.
``numbers``: constant, constant of the Jacobian, K concentrations, D prior means, D prior deviations of the means,
n_blocks log medians of the standard deviations, and their log deviation.
"""

import math

import numba as nb
import numpy as np

from bayesmix.density.compiled.matrices import matrix_from
from bayesmix.density.compiled.sampler import LOG_DENSITY, RECOVERABLE
from bayesmix.density.compiled.weights import log_weights, weights_slope
from bayesmix.density.compiled.whitening import all_finite, arrays_at, from_sampler, to_sampler_slope
from bayesmix.passes.axis import accumulate, score
from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def _unpack(q, n_components, n_blocks, n_features):
    """Log weights, and the components in standard form."""
    log_w = log_weights(q, n_components)
    place = n_components - 1
    means = matrix_from(q, place, n_components, n_features)
    log_scales = matrix_from(q, place + n_components * n_features, n_components, n_blocks)
    whiteners = np.empty((n_components, n_features))
    offsets = np.empty(n_components)
    for k in range(n_components):
        offsets[k] = log_w[k] - 0.5 * n_features * math.log(2 * math.pi)
        for j in range(n_features):
            log_scale = log_scales[k, j if n_blocks == n_features else 0]
            whiteners[k, j] = math.exp(-log_scale)
            offsets[k] -= log_scale
    return log_w, log_scales, offsets, means, whiteners


@nb.njit(**COMPILED)
def _add_prior(gradient, counts, first, second, log_w, log_scales, means, whiteners, numbers, jacobian):
    """Log prior (and Jacobian); fills the gradient of everything."""
    n_components, n_features = means.shape
    n_blocks = log_scales.shape[1]
    concentrations = numbers[2 : 2 + n_components]
    place = 2 + n_components
    prior_mean = numbers[place : place + n_features]
    prior_deviation = numbers[place + n_features : place + 2 * n_features]
    log_median = numbers[place + 2 * n_features : place + 2 * n_features + n_blocks]
    log_deviation = numbers[place + 2 * n_features + n_blocks]
    value = numbers[0] + jacobian * numbers[1]
    value += weights_slope(log_w, counts, concentrations, jacobian, gradient)
    slope_means, slope_deviations = score(counts, first, second, whiteners)
    place = n_components - 1
    for k in range(n_components):
        for j in range(n_features):
            z = (means[k, j] - prior_mean[j]) / prior_deviation[j]
            value -= 0.5 * z * z
            gradient[place] = slope_means[k, j] - z / prior_deviation[j]
            place += 1
    for k in range(n_components):
        for b in range(n_blocks):
            z = (log_scales[k, b] - log_median[b]) / log_deviation
            value += (jacobian - 1.0) * log_scales[k, b] - 0.5 * z * z
            gradient[place + b] = jacobian - 1.0 - z / log_deviation
        for j in range(n_features):
            b = j if n_blocks == n_features else 0
            gradient[place + b] += slope_deviations[k, j] / whiteners[k, j]
        place += n_blocks
    return value


@nb.njit(**COMPILED)
def log_posterior(q, gradient, columns, n_components, n_blocks, numbers, jacobian):
    """See :mod:`bayesmix.density.compiled`."""
    log_w, log_scales, offsets, means, whiteners = _unpack(q, n_components, n_blocks, columns.shape[0])
    log_likelihood, counts, first, second = accumulate(columns, np.empty(0), offsets, means, whiteners)
    return log_likelihood + _add_prior(
        gradient, counts, first, second, log_w, log_scales, means, whiteners, numbers, jacobian
    )


@nb.cfunc(LOG_DENSITY, cache=True)
def sampler_function(n, z, gradient, value, user):
    """:func:`log_posterior` in the sampler's coordinates."""
    columns, numbers, centre, transform, n_components, n_blocks = arrays_at(user, n)
    q, slope = np.empty(n), np.empty(n)
    from_sampler(nb.carray(z, n), centre, transform, q)
    result = log_posterior(q, slope, columns, n_components, n_blocks, numbers, 1.0)
    to_sampler_slope(slope, transform, nb.carray(gradient, n))
    nb.carray(value, 1)[0] = result
    return 0 if all_finite(result, slope) else RECOVERABLE
