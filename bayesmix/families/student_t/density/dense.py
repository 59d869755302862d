"""Correlated features; see :mod:`bayesmix.families.student_t.density.parts`."""

import numba as nb

from bayesmix.density import composed
from bayesmix.density.closed_form import Compiled
from bayesmix.density.sampler import LOG_DENSITY
from bayesmix.families.gaussian.density import dense_conjugate as clouds
from bayesmix.families.student_t.density.parts import add_prior_of, unpack_of
from bayesmix.families.student_t.seen import accumulate_dense
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.student import accumulate

_unpack_clouds, _add_prior_of_clouds = clouds.unpack, clouds.add_prior


@nb.njit(**COMPILED)
def unpack(q, log_w, n_blocks, n_features, numbers):
    """The components in standard form, and what the clouds keep for their prior."""
    return unpack_of(_unpack_clouds, q, log_w, n_blocks, n_features, numbers)


@nb.njit(**COMPILED)
def add_prior(value, q, gradient, statistics, form, own, numbers, jacobian):
    """Log prior of the clouds; fills the gradient of everything."""
    return add_prior_of(_add_prior_of_clouds, value, q, gradient, statistics, form, own, numbers, jacobian)


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
        unpack,
        accumulate_dense,
        add_prior,
        q,
        gradient,
        columns,
        row_weights,
        n_components,
        n_blocks,
        numbers,
        jacobian,
    )


def _seen_in_sampler_coordinates(n, z, gradient, value, user):
    return composed.in_sampler_coordinates(log_posterior_of_seen, n, z, gradient, value, user)


OF_SEEN = Compiled(log_posterior_of_seen, _seen_in_sampler_coordinates, unpack, accumulate_dense, add_prior)
"""The pair for rows with missing cells."""
