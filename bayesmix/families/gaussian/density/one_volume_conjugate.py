"""Covariance matrices of one volume under the conjugate prior: the density of free matrices, on a subspace.

``numbers``: as for free matrices, then the sums of :mod:`~bayesmix.families.gaussian.density.linear`.
"""

import numba as nb
import numpy as np

from bayesmix.density import composed
from bayesmix.density.closed_form import Compiled
from bayesmix.density.sampler import LOG_DENSITY
from bayesmix.families.gaussian.density import dense_conjugate as free_matrices
from bayesmix.families.gaussian.density.linear import all_coordinates, fill_gradient
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import accumulate
from bayesmix.passes.dense_seen import accumulate_seen

_unpack_free, _add_prior_of_free = free_matrices.unpack, free_matrices.add_prior


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_features, numbers):
    """The components in standard form, and what free matrices keep for their prior."""
    n_components = log_w.shape[0]
    free = all_coordinates(q, n_components, n_features, numbers, n_features * (n_features + 1) + 2)
    form, own = _unpack_free(free, log_w, n_components, n_features, numbers)
    return form, (free, own)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Log prior (and Jacobian) of free matrices; fills the gradient of everything."""
    free, of_free = own
    n_components, n_features = form[1].shape
    slope = np.empty(free.size)
    value = _add_prior_of_free(value, free, slope, statistics, form, of_free, numbers, jacobian)
    fill_gradient(slope, gradient, n_components, n_features, numbers, n_features * (n_features + 1) + 2)
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
