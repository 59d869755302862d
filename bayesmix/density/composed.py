"""The log posterior density with its gradient, compiled: composed of the weights, a pass, and a family's own part.

The own part of a family and a prior is two functions:

``unpack(q, log_w, n_blocks, n_entries, numbers) -> (form, own)``
    what the pass takes, from the flat unconstrained vector ``q`` and the log weights, and what else the prior's part
    needs of it. ``n_entries`` is the number of rows of ``columns`` (without that of patterns, and what is known of the
    rows' components).
``add_prior(value, q, gradient, statistics, form, own, numbers, jacobian) -> value``
    adds the log prior (and Jacobian) of everything but the weights to that of the weights; fills the gradient of
    likelihood and prior together, by Fisher's identity, from the statistics of the pass (log-likelihood, counts,
    sums). It may change these: a conjugate prior adds pseudo-rows.

``row_weights`` (N,) count each row so many times; empty (0,), each counts once.

``jacobian`` is 1 for the density of ``q`` itself, and 0 for the density in the constrained variables (what MAP
maximises). ``n_blocks`` is what a family repeats, such as the number of Cholesky factors. ``numbers`` are a constant,
the constant of the Jacobian, ``n_entries``, the K concentrations, and the family's own hyperparameters.

Numba keeps on disk only what is no function of functions: a module that joins the parts has two short entries,
``log_posterior`` and ``sampler_function``, the first as a C function that a sampler calls without Python; and beside
them the pair for rows with missing cells, whose pass gives the sums that are expected given what was seen.
"""

import numba as nb
import numpy as np

from bayesmix.density.sampler import RECOVERABLE
from bayesmix.density.weights import log_weights, weights_slope
from bayesmix.density.whitening import all_finite, arrays_at, from_sampler, to_sampler_slope
from bayesmix.passes.blocks import INNER


@nb.njit(**INNER)
def log_posterior(
    unpack, accumulate, add_prior, q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian
):
    """Log posterior density of ``q``; fills ``gradient``."""
    rows = (columns, row_weights)
    return _log_posterior(unpack, accumulate, add_prior, q, gradient, rows, n_components, n_blocks, numbers, jacobian)


@nb.njit(**INNER)
def log_posterior_of_seen(
    unpack, accumulate_seen, add_prior, q, gradient, columns, row_weights, n_components, n_blocks, numbers, jacobian
):
    """The same of rows with missing cells (see :mod:`bayesmix.passes.patterns`)."""
    rows = (columns, row_weights)
    return _log_posterior(
        unpack, accumulate_seen, add_prior, q, gradient, rows, n_components, n_blocks, numbers, jacobian
    )


@nb.njit(**INNER)
def _log_posterior(unpack, accumulate, add_prior, q, gradient, rows, n_components, n_blocks, numbers, jacobian):
    columns, row_weights = rows
    log_w, n_entries = log_weights(q, n_components), int(numbers[2])
    concentrations, rest = numbers[3 : 3 + n_components], numbers[3 + n_components :]
    form, own = unpack(q, log_w, n_blocks, n_entries, rest)
    statistics = accumulate(columns, row_weights, *form)
    value = numbers[0] + jacobian * numbers[1]
    value += weights_slope(log_w, statistics[1], concentrations, jacobian, gradient)
    return statistics[0] + add_prior(value, q, gradient, statistics, form, own, rest, jacobian)


@nb.njit(**INNER)
def in_sampler_coordinates(log_posterior, n, z, gradient, value, user):
    """The density at the sampler's ``z``; what is not finite is a divergence."""
    columns, row_weights, numbers, centre, transform, n_components, n_blocks = arrays_at(user, n)  # pyright: ignore[reportGeneralTypeIssues]: carray is compiled
    q, slope = np.empty(n), np.empty(n)
    from_sampler(nb.carray(z, n), centre, transform, q)
    result = log_posterior(q, slope, columns, row_weights, n_components, n_blocks, numbers, 1.0)
    to_sampler_slope(slope, transform, nb.carray(gradient, n))
    nb.carray(value, 1)[0] = result
    return 0 if all_finite(result, slope) else RECOVERABLE
