r"""Covariances of one shape under the conjugate prior: the density of free matrices, by the chain rule.

``q``: K - 1 logits; of the first matrix the Cholesky factor's lower triangle with logged diagonal; the logs ``rho_k``
of K - 1 volumes relative to the first, or none; for each other component the strictly lower entries of a skew-symmetric
``S_k``, or none; K x D means. With ``P = (I + S)^-1`` and ``R = (I - S) P = 2 P - I``,

    Sigma_k = exp(rho_k) R_k Sigma_1 R_k'.

Every matrix is then factored and handed, with the prior, to :mod:`~bayesmix.families.gaussian.density.dense_conjugate`.
The statistics with their pseudo-rows give the slope in each matrix, ``G = A' (sum y y' - n I) A / 2``, and since
``dR R' = -2 P dS P'``, with ``C = Sigma G - G Sigma``,

    d / d rho = tr(G Sigma),    d / d Sigma_1 = G_1 + sum_k exp(rho_k) R_k' G_k R_k,    d / d s_ij = 4 (P' C P)_ij.

The measure of the prior, and the Jacobian with it, are those of :mod:`bayesmix.families.gaussian.covariance.one_shape`.
``numbers``: as for free matrices, then how many ratios of volumes there are and how many rotations.
"""

import math

import numba as nb
import numpy as np

from bayesmix.density import composed
from bayesmix.density.closed_form import Compiled
from bayesmix.density.sampler import LOG_DENSITY
from bayesmix.families.gaussian.covariance.dense import factors_of
from bayesmix.families.gaussian.density import dense_conjugate as free_matrices
from bayesmix.families.gaussian.density.turns import (
    as_free,
    commutator,
    inverse_of_one_plus_skew,
    rotation,
    sandwich,
    turned_over,
)
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import accumulate
from bayesmix.passes.dense_seen import accumulate_seen

_unpack_free, _add_prior_of_free = free_matrices.unpack, free_matrices.add_prior


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_features, numbers):
    """The components in standard form, what free matrices keep for their prior, and what the chain rule needs."""
    n_components = log_w.shape[0]
    n_packed, n_angles = n_features * (n_features + 1) // 2, n_features * (n_features - 1) // 2
    at = n_features * (n_features + 1) + 2
    n_ratios, n_turns = int(numbers[at]), int(numbers[at + 1])
    place_ratios = n_components - 1 + n_packed
    place_angles = place_ratios + n_ratios
    first = np.zeros((n_features, n_features))
    place = n_components - 1
    for i in range(n_features):
        for j in range(i):
            first[i, j] = q[place + j]
        first[i, i] = math.exp(q[place + i])
        place += i + 1
    covariances = np.empty((n_components, n_features, n_features))
    inverses = np.zeros((n_components, n_features, n_features))
    log_turns = 0.0
    for k in range(n_components):
        volume, half = 1.0, first
        if 0 < k <= n_ratios:
            volume = math.exp(q[place_ratios + k - 1])
        if 0 < k <= n_turns:
            inverse, log_turn = inverse_of_one_plus_skew(q, place_angles + (k - 1) * n_angles, n_features)
            log_turns += log_turn
            turn = rotation(inverse)
            half = np.zeros((n_features, n_features))
            for i in range(n_features):
                for j in range(n_features):
                    inverses[k, i, j] = inverse[i, j]
                    for h in range(j, n_features):
                        half[i, j] += turn[i, h] * first[h, j]
        for i in range(n_features):
            for j in range(n_features):
                covariances[k, i, j] = 0.0
                for h in range(n_features):
                    covariances[k, i, j] += volume * half[i, h] * half[j, h]
    free = as_free(q, factors_of(covariances))
    form, own = _unpack_free(free, log_w, n_components, n_features, numbers)
    return form, (free, own, covariances, inverses, log_turns)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Log prior (and Jacobian) of matrices of one shape and of means; fills the gradient of everything."""
    free, of_free, covariances, inverses, log_turns = own
    _, counts, _, second = statistics
    _, means, whiteners = form
    factors, log_determinants = of_free
    n_components, n_features = means.shape
    slope = np.empty(free.size)
    value = _add_prior_of_free(value, free, slope, statistics, form, of_free, numbers, 0.0)
    for i in range(means.size):
        gradient[q.size - means.size + i] = slope[free.size - means.size + i]
    at = n_features * (n_features + 1) + 2
    n_ratios, n_turns = int(numbers[at]), int(numbers[at + 1])
    n_others = n_components - 1
    place_ratios = n_others + n_features * (n_features + 1) // 2
    place = place_ratios + n_ratios
    in_first = np.zeros((n_features, n_features))
    for k in range(n_components):
        excess = second[k].copy()
        trace = 0.0
        for i in range(n_features):
            excess[i, i] -= counts[k]
            trace += 0.5 * excess[i, i]
        in_matrix = sandwich(turned_over(whiteners[k]), 0.5 * excess)
        volume = 1.0
        if 0 < k <= n_ratios:
            ratio = q[place_ratios + k - 1]
            volume = math.exp(ratio)
            weight = 0.5 * n_features * (n_features + 1) * jacobian
            value += weight * ratio
            gradient[place_ratios + k - 1] = trace + weight
        if 0 < k <= n_turns:
            inverse = inverses[k]
            turned = sandwich(turned_over(inverse), commutator(covariances[k], in_matrix))
            for i in range(n_features):
                for j in range(i):
                    haar = jacobian * (n_features - 1) * (inverse[i, j] - inverse[j, i])
                    gradient[place] = 4.0 * turned[i, j] + haar
                    place += 1
            in_matrix = sandwich(turned_over(rotation(inverse)), in_matrix)
        for i in range(n_features):
            for j in range(n_features):
                in_first[i, j] += volume * in_matrix[i, j]
    value -= jacobian * (n_features - 1) * log_turns
    value += jacobian * n_others * (n_features + 1) * log_determinants[0]
    place = n_others
    for i in range(n_features):
        for j in range(i + 1):
            gradient[place + j] = 0.0
            for h in range(j, n_features):
                gradient[place + j] += 2.0 * in_first[i, h] * factors[0, h, j]
        own_power = jacobian * (n_features - i + 1)
        value += own_power * q[place + i]
        gradient[place + i] = gradient[place + i] * factors[0, i, i] + own_power
        gradient[place + i] += jacobian * n_others * (n_features + 1)
        place += i + 1
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
