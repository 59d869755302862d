r"""Covariances along common axes under the conjugate prior: the density of free matrices, by the chain rule.

``q``: K - 1 logits; the strictly lower entries of a skew-symmetric S; the logs ``v_kj`` of variances, of which some may
follow from others (:mod:`~bayesmix.families.gaussian.density.linear`); K x D means. With ``P = (I + S)^-1`` and
``O = 2 P - I``,

    Sigma_k = O diag(exp(v_k)) O'.

Every matrix is then factored and handed, with the prior, to :mod:`~bayesmix.families.gaussian.density.dense_conjugate`,
and with the slope G_k in each (see :mod:`~bayesmix.families.gaussian.density.one_shape_conjugate`)

    d / d v_kj = (O' G_k O)_jj exp(v_kj),    d / d s_ij = 4 (P' [sum_k (Sigma_k G_k - G_k Sigma_k)] P)_ij.

The measure of the prior, and the Jacobian with it, are those of
:mod:`bayesmix.families.gaussian.covariance.one_orientation`.
``numbers``: as for free matrices, then the sums.
"""

import math

import numba as nb
import numpy as np

from bayesmix.density import composed
from bayesmix.density.closed_form import Compiled
from bayesmix.density.sampler import LOG_DENSITY
from bayesmix.families.gaussian.covariance.axes import along, from_axes
from bayesmix.families.gaussian.covariance.dense import factors_of
from bayesmix.families.gaussian.density import dense_conjugate as free_matrices
from bayesmix.families.gaussian.density.linear import add_slope, all_values
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
    place = n_components - 1
    inverse, log_turn = inverse_of_one_plus_skew(q, place, n_features)
    place += n_features * (n_features - 1) // 2
    logs = all_values(q, place, numbers, n_features * (n_features + 1) + 2)
    variances = np.empty((n_components, n_features))
    for k in range(n_components):
        for j in range(n_features):
            variances[k, j] = math.exp(logs[k * n_features + j])
    covariances = from_axes(rotation(inverse), variances)
    free = as_free(q, factors_of(covariances))
    form, own = _unpack_free(free, log_w, n_components, n_features, numbers)
    return form, (free, own, covariances, inverse, log_turn, logs)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Log prior (and Jacobian) of matrices along common axes and of means; fills the gradient of everything."""
    free, of_free, covariances, inverse, log_turn, logs = own
    _, counts, _, second = statistics
    _, means, whiteners = form
    n_components, n_features = means.shape
    slope = np.empty(free.size)
    value = _add_prior_of_free(value, free, slope, statistics, form, of_free, numbers, 0.0)
    for i in range(n_components - 1, gradient.size):
        gradient[i] = 0.0
    for i in range(means.size):
        gradient[q.size - means.size + i] = slope[free.size - means.size + i]
    in_matrices = np.empty(covariances.shape)
    pull = np.zeros((n_features, n_features))
    for k in range(n_components):
        excess = second[k].copy()
        for i in range(n_features):
            excess[i, i] -= counts[k]
        in_matrix = sandwich(turned_over(whiteners[k]), 0.5 * excess)
        turned = commutator(covariances[k], in_matrix)
        for i in range(n_features):
            for j in range(n_features):
                pull[i, j] += turned[i, j]
                in_matrices[k, i, j] = in_matrix[i, j]
    pull = sandwich(turned_over(inverse), pull)
    place = n_components - 1
    for i in range(n_features):
        for j in range(i):
            haar = jacobian * (n_features - 1) * (inverse[i, j] - inverse[j, i])
            gradient[place] = 4.0 * pull[i, j] + haar
            place += 1
    rotated = along(in_matrices, rotation(inverse))
    slope_logs = np.empty(logs.size)
    for k in range(n_components):
        for j in range(n_features):
            v = logs[k * n_features + j]
            value += 0.5 * jacobian * (n_features + 1) * v
            slope_logs[k * n_features + j] = rotated[k, j, j] * math.exp(v) + 0.5 * jacobian * (n_features + 1)
    value += jacobian * (_log_measure(logs, n_components, jacobian, slope_logs) - (n_features - 1) * log_turn)
    add_slope(slope_logs, gradient, place, numbers, n_features * (n_features + 1) + 2)
    return value


@nb.njit(**COMPILED)
def _log_measure(logs, n_components, jacobian, slope):
    """``sum_(i<j) log Delta_ij``; adds ``jacobian`` times its slope."""
    n_features = logs.size // n_components
    total = 0.0
    for j in range(n_features):
        for i in range(j):
            mean = 0.0
            for k in range(n_components):
                root = 2.0 * math.sinh(0.5 * (logs[k * n_features + i] - logs[k * n_features + j]))
                mean += root * root / n_components
            total += 0.5 * math.log(mean)
            for k in range(n_components):
                own = math.sinh(logs[k * n_features + i] - logs[k * n_features + j]) / (n_components * mean)
                slope[k * n_features + i] += jacobian * own
                slope[k * n_features + j] -= jacobian * own
    return total


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
