"""Correlated features under the conjugate prior (full: K factors, tied: one).

``q``: K - 1 logits; for each factor L its lower triangle row by row with logged diagonal; K x D means.
``numbers``: constant, constant of the Jacobian, K concentrations, D prior means, shrinkage, dof, and the lower
Cholesky factor of the prior's scale (D x D).
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
    """Log weights, factors, and the components in standard form."""
    log_w = log_weights(q, n_components)
    factors = np.zeros((n_blocks, n_features, n_features))
    log_determinants = np.zeros(n_blocks)
    place = n_components - 1
    for m in range(n_blocks):
        for i in range(n_features):
            for j in range(i):
                factors[m, i, j] = q[place + j]
            factors[m, i, i] = math.exp(q[place + i])
            log_determinants[m] += q[place + i]
            place += i + 1
    inverse = invert_lower(factors)
    offsets = np.empty(n_components)
    whiteners = np.empty((n_components, n_features, n_features))
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        offsets[k] = log_w[k] - 0.5 * n_features * math.log(2 * math.pi) - log_determinants[m]
        for i in range(n_features):
            for j in range(n_features):
                whiteners[k, i, j] = inverse[m, i, j]
    means = matrix_from(q, place, n_components, n_features)
    return log_w, factors, log_determinants, offsets, means, whiteners


@nb.njit(**COMPILED)
def _add_prior(gradient, counts, first, second, log_w, factors, log_determinants, means, whiteners, numbers, jacobian):
    """Log prior (and Jacobian); fills the gradient of everything from likelihood statistics and pseudo-rows.

    A mean's prior adds one to the count of its log determinant, and ``kappa u u'``; a factor's prior adds
    ``nu + D + 1`` and ``A Lambda A'`` (see :mod:`bayesmix.families.covariance`).
    """
    n_components, n_features = means.shape
    n_blocks = factors.shape[0]
    concentrations = numbers[2 : 2 + n_components]
    place = 2 + n_components
    prior_mean = numbers[place : place + n_features]
    shrinkage, dof = numbers[place + n_features], numbers[place + n_features + 1]
    half_scale = matrix_from(numbers, place + n_features + 2, n_features, n_features)
    value = numbers[0] + jacobian * numbers[1]
    value += weights_slope(log_w, counts, concentrations, jacobian, gradient)
    u = np.empty(n_features)
    for k in range(n_components):
        counts[k] += 1.0
        value -= log_determinants[k if n_blocks == n_components else 0]
        for i in range(n_features):
            u[i] = 0.0
            for j in range(i + 1):
                u[i] += whiteners[k, i, j] * (prior_mean[j] - means[k, j])
            value -= 0.5 * shrinkage * u[i] * u[i]
            first[k, i] += shrinkage * u[i]
        for i in range(n_features):
            for j in range(n_features):
                second[k, i, j] += shrinkage * u[i] * u[j]
    half = np.empty((n_features, n_features))
    for m in range(n_blocks):
        value -= (dof + n_features + 1) * log_determinants[m]
        counts[m] += dof + n_features + 1
        for i in range(n_features):
            for j in range(n_features):
                half[i, j] = 0.0
                for h in range(j, i + 1):
                    half[i, j] += whiteners[m, i, h] * half_scale[h, j]
                value -= 0.5 * half[i, j] * half[i, j]
        for i in range(n_features):
            for j in range(n_features):
                for h in range(n_features):
                    second[m, i, j] += half[i, h] * half[j, h]
    slope_means, slope_factors = score(counts, first, second, whiteners)
    place = n_components - 1
    for m in range(n_blocks):
        if n_blocks != n_components:
            sum_into_first(slope_factors)
        for i in range(n_features):
            for j in range(i):
                gradient[place + j] = slope_factors[m, i, j]
            # d Sigma / d q: D log 2 + sum_i (D - i + 1) q_ii, i from 0
            gradient[place + i] = slope_factors[m, i, i] * factors[m, i, i] + jacobian * (n_features - i + 1)
            value += jacobian * (n_features - i + 1) * math.log(factors[m, i, i])
            place += i + 1
    for k in range(n_components):
        for i in range(n_features):
            gradient[place] = slope_means[k, i]
            place += 1
    return value


@nb.njit(**COMPILED)
def log_posterior(q, gradient, columns, n_components, n_blocks, numbers, jacobian):
    """See :mod:`bayesmix.density.compiled`."""
    log_w, factors, log_determinants, offsets, means, whiteners = _unpack(q, n_components, n_blocks, columns.shape[0])
    log_likelihood, counts, first, second = accumulate(columns, np.empty(0), offsets, means, whiteners)
    return log_likelihood + _add_prior(
        gradient, counts, first, second, log_w, factors, log_determinants, means, whiteners, numbers, jacobian
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
