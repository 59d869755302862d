"""Correlated features under the separated prior (full: K factors, tied: one).

``q``: K - 1 logits; K x D means; for each factor the logs of its D standard deviations; then for each factor the
strictly lower rows z of the Cholesky factor of its correlations, whose row i is ``(z_i, 1) / sqrt(1 + |z_i|^2)``.
``numbers``: constant, constant of the Jacobian, K concentrations, D prior means, D prior deviations of the means, D log
medians of the standard deviations, their log deviation, and the LKJ's eta.
"""

import math

import numba as nb
import numpy as np

from bayesmix.density.compiled.matrices import matrix_from, sum_into_first
from bayesmix.density.compiled.sampler import LOG_DENSITY, RECOVERABLE
from bayesmix.density.compiled.weights import log_weights, weights_slope
from bayesmix.density.compiled.whitening import all_finite, arrays_at, from_sampler, to_sampler_slope
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import accumulate, invert_lower, score


@nb.njit(**COMPILED)
def _unpack(q, n_components, n_blocks, n_features):
    """Log weights, factors, the logs of the correlation factors' diagonals, and the components in standard form."""
    log_w = log_weights(q, n_components)
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
    return log_w, log_scales, log_diagonals, factors, offsets, means, whiteners


@nb.njit(**COMPILED)
def _add_prior(
    q, gradient, counts, first, second, log_w, log_scales, log_diagonals, factors, means, whiteners, numbers, jacobian
):
    """Log prior (and Jacobian); fills the gradient of everything.

    With ``rho_i`` the log of the correlation factor's diagonal, the LKJ density is ``2 (eta - 1) sum rho_i`` and the
    log Jacobian from z to correlations ``(D + 1) sum rho_i``: ``(i + 2) rho_i`` from z to row i of the factor and
    ``(D - 1 - i) rho_i`` from the factor to the matrix.
    """
    n_components, n_features = means.shape
    n_blocks = factors.shape[0]
    concentrations = numbers[2 : 2 + n_components]
    place = 2 + n_components
    prior_mean = numbers[place : place + n_features]
    prior_deviation = numbers[place + n_features : place + 2 * n_features]
    log_median = numbers[place + 2 * n_features : place + 3 * n_features]
    log_deviation, eta = numbers[place + 3 * n_features], numbers[place + 3 * n_features + 1]
    value = numbers[0] + jacobian * numbers[1]
    value += weights_slope(log_w, counts, concentrations, jacobian, gradient)
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
def log_posterior(q, gradient, columns, n_components, n_blocks, numbers, jacobian):
    """See :mod:`bayesmix.density.compiled`."""
    log_w, log_scales, log_diagonals, factors, offsets, means, whiteners = _unpack(
        q, n_components, n_blocks, columns.shape[0]
    )
    log_likelihood, counts, first, second = accumulate(columns, np.empty(0), offsets, means, whiteners)
    return log_likelihood + _add_prior(
        q,
        gradient,
        counts,
        first,
        second,
        log_w,
        log_scales,
        log_diagonals,
        factors,
        means,
        whiteners,
        numbers,
        jacobian,
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
