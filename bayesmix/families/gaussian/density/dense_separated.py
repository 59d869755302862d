"""Correlated features under the separated prior (full: K factors, tied: one).

``q``: K - 1 logits; K x D means; for each factor the logs of its D standard deviations; then for each factor the
strictly lower rows z of the Cholesky factor of its correlations, whose row i is ``(z_i, 1) / sqrt(1 + |z_i|^2)``.
``numbers``: D prior means, D prior deviations of the means, D log medians of the standard deviations, their log
deviation, and the LKJ's eta.
"""

import math

import numba as nb
import numpy as np

from bayesmix.density import composed
from bayesmix.density.closed_form import Compiled
from bayesmix.density.matrices import matrix_from, sum_into_first
from bayesmix.density.sampler import LOG_DENSITY
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import accumulate, invert_lower, score
from bayesmix.passes.dense_seen import accumulate_seen


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_features, numbers):
    """The components in standard form, log scales, the logs of the correlation factors' diagonals, and the factors."""
    n_components = log_w.shape[0]
    place = n_components - 1
    means = matrix_from(q, place, n_components, n_features)
    place += n_components * n_features
    log_scales = matrix_from(q, place, n_blocks, n_features)
    place += n_blocks * n_features
    factors = np.zeros((n_blocks, n_features, n_features))
    log_diagonals = np.zeros((n_blocks, n_features))
    log_determinants = np.zeros(n_blocks)
    for m in range(n_blocks):
        for i in range(n_features):
            length = 1.0
            for j in range(i):
                length += q[place + j] * q[place + j]
            log_diagonals[m, i] = -0.5 * math.log(length)
            log_factor = log_scales[m, i] + log_diagonals[m, i]
            factors[m, i, i] = math.exp(log_factor)
            log_determinants[m] += log_factor
            for j in range(i):
                factors[m, i, j] = factors[m, i, i] * q[place + j]
            place += i
    inverse = invert_lower(factors)
    offsets = np.empty(n_components)
    whiteners = np.empty((n_components, n_features, n_features))
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        offsets[k] = log_w[k] - 0.5 * n_features * math.log(2 * math.pi) - log_determinants[m]
        for i in range(n_features):
            for j in range(n_features):
                whiteners[k, i, j] = inverse[m, i, j]
    return (offsets, means, whiteners), (log_scales, log_diagonals, factors)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Log prior (and Jacobian); fills the gradient of everything.

    With ``rho_i`` the log of the correlation factor's diagonal, the LKJ density is ``2 (eta - 1) sum rho_i`` and the
    log Jacobian from z to correlations ``(D + 1) sum rho_i``: ``(i + 2) rho_i`` from z to row i of the factor and
    ``(D - 1 - i) rho_i`` from the factor to the matrix.
    """
    _, counts, first, second = statistics
    _, means, whiteners = form
    log_scales, log_diagonals, factors = own
    n_components, n_features = means.shape
    n_blocks = factors.shape[0]
    prior_mean = numbers[:n_features]
    prior_deviation = numbers[n_features : 2 * n_features]
    log_median = numbers[2 * n_features : 3 * n_features]
    log_deviation, eta = numbers[3 * n_features], numbers[3 * n_features + 1]
    slope_means, slope_factors = score(counts, first, second, whiteners)
    if n_blocks != n_components:
        sum_into_first(slope_factors)
    place = n_components - 1
    for k in range(n_components):
        for j in range(n_features):
            z = (means[k, j] - prior_mean[j]) / prior_deviation[j]
            value -= 0.5 * z * z
            gradient[place] = slope_means[k, j] - z / prior_deviation[j]
            place += 1
    for m in range(n_blocks):
        for i in range(n_features):
            z = (log_scales[m, i] - log_median[i]) / log_deviation
            value += (jacobian - 1.0) * log_scales[m, i] - 0.5 * z * z
            gradient[place] = jacobian - 1.0 - z / log_deviation
            for j in range(i + 1):
                gradient[place] += slope_factors[m, i, j] * factors[m, i, j]
            place += 1
    power = 2.0 * (eta - 1.0) + jacobian * (n_features + 1)
    for m in range(n_blocks):
        for i in range(n_features):
            value += power * log_diagonals[m, i]
            shrink = math.exp(2.0 * log_diagonals[m, i])
            along = slope_factors[m, i, i]
            for j in range(i):
                along += slope_factors[m, i, j] * q[place + j]
            for j in range(i):
                z = q[place + j]
                gradient[place + j] = (
                    factors[m, i, i] * (slope_factors[m, i, j] - shrink * z * along) - power * shrink * z
                )
            place += i
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
