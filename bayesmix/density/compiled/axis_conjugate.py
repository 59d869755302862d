"""Uncorrelated features under the conjugate prior (diag: D variances a component, spherical: one).

``q``: K - 1 logits; the logs of the K x n_blocks variances; K x D means.
``numbers``: constant, constant of the Jacobian, K concentrations, D prior means, shrinkage, dof, and n_blocks scales.
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
    log_variances = matrix_from(q, n_components - 1, n_components, n_blocks)
    whiteners = np.empty((n_components, n_features))
    offsets = np.empty(n_components)
    for k in range(n_components):
        offsets[k] = log_w[k] - 0.5 * n_features * math.log(2 * math.pi)
        for j in range(n_features):
            log_variance = log_variances[k, j if n_blocks == n_features else 0]
            whiteners[k, j] = math.exp(-0.5 * log_variance)
            offsets[k] -= 0.5 * log_variance
    means = matrix_from(q, n_components - 1 + n_components * n_blocks, n_components, n_features)
    return log_w, log_variances, offsets, means, whiteners


@nb.njit(**COMPILED)
def _add_prior(gradient, counts, first, second, log_w, log_variances, means, whiteners, numbers, jacobian):
    """Log prior (and Jacobian); fills the gradient of everything.

    In the log variance ``v``: a mean's prior is ``-v/2 - kappa u^2 / 2``; a variance's is
    ``-(nu/2 + 1) v - scale exp(-v) / 2``; the Jacobian is ``v``.
    """
    n_components, n_features = means.shape
    n_blocks = log_variances.shape[1]
    concentrations = numbers[2 : 2 + n_components]
    place = 2 + n_components
    prior_mean = numbers[place : place + n_features]
    shrinkage, dof = numbers[place + n_features], numbers[place + n_features + 1]
    scale = numbers[place + n_features + 2 :]
    value = numbers[0] + jacobian * numbers[1]
    value += weights_slope(log_w, counts, concentrations, jacobian, gradient)
    slope_log_variances = np.empty((n_components, n_blocks))
    for k in range(n_components):
        for b in range(n_blocks):
            v = log_variances[k, b]
            rate = 0.5 * scale[b] * math.exp(-v)
            value += jacobian * v - (0.5 * dof + 1.0) * v - rate
            slope_log_variances[k, b] = jacobian - (0.5 * dof + 1.0) + rate
        for j in range(n_features):
            b = j if n_blocks == n_features else 0
            u = whiteners[k, j] * (prior_mean[j] - means[k, j])
            value -= 0.5 * log_variances[k, b] + 0.5 * shrinkage * u * u
            first[k, j] += shrinkage * u
            second[k, j] += shrinkage * u * u
        counts[k] += 1.0
    slope_means, slope_deviations = score(counts, first, second, whiteners)
    place = n_components - 1
    place_of_means = place + n_components * n_blocks
    for k in range(n_components):
        for j in range(n_features):
            b = j if n_blocks == n_features else 0
            slope_log_variances[k, b] += 0.5 * slope_deviations[k, j] / whiteners[k, j]
            gradient[place_of_means + k * n_features + j] = slope_means[k, j]
        for b in range(n_blocks):
            gradient[place + k * n_blocks + b] = slope_log_variances[k, b]
    return value


@nb.njit(**COMPILED)
def log_posterior(q, gradient, columns, n_components, n_blocks, numbers, jacobian):
    """See :mod:`bayesmix.density.compiled`."""
    log_w, log_variances, offsets, means, whiteners = _unpack(q, n_components, n_blocks, columns.shape[0])
    log_likelihood, counts, first, second = accumulate(columns, np.empty(0), offsets, means, whiteners)
    return log_likelihood + _add_prior(
        gradient, counts, first, second, log_w, log_variances, means, whiteners, numbers, jacobian
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
