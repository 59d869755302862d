"""Correlated features under the conjugate prior (full: K factors, tied: one).

``q``: K - 1 logits; for each factor L its lower triangle row by row with logged diagonal; K x D means.
``numbers``: D prior means, shrinkage, dof, and the lower Cholesky factor of the prior's scale (D x D).
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
    """The components in standard form, and their factors with the log determinants."""
    n_components = log_w.shape[0]
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
    return (offsets, means, whiteners), (factors, log_determinants)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Log prior (and Jacobian); fills the gradient of everything from likelihood statistics and pseudo-rows.

    A mean's prior adds one to the count of its log determinant, and ``kappa u u'``; a factor's prior adds
    ``nu + D + 1`` and ``A Lambda A'`` (see :mod:`bayesmix.families.gaussian.covariance`).
    """
    _, counts, first, second = statistics
    _, means, whiteners = form
    factors, log_determinants = own
    n_components, n_features = means.shape
    n_blocks = factors.shape[0]
    prior_mean = numbers[:n_features]
    shrinkage, dof = numbers[n_features], numbers[n_features + 1]
    half_scale = matrix_from(numbers, n_features + 2, n_features, n_features)
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
