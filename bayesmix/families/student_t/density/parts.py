"""What both geometries share: how degrees of freedom join the density of clouds.

``q`` are the coordinates of a Gaussian mixture under the conjugate prior and then the logarithms of the free degrees of
freedom: K, one or none. The parts see *one for each component* in their place. The last four hyperparameters are the
prior's shape and rate, how many are free, and what is given if none are.
"""

import math

import numba as nb
import numpy as np

from bayesmix.density import composed
from bayesmix.families.student_t.tails import dof_slope, log_front
from bayesmix.passes.blocks import INNER
from bayesmix.passes.student import accumulate


@nb.njit(**INNER)
def with_tails(form, q):
    """The standard form of clouds with the front of Student-t densities, and with the degrees of freedom."""
    offsets, means, whiteners = form
    n_components, n_features = means.shape
    dof = np.empty(n_components)
    for k in range(n_components):
        dof[k] = math.exp(q[q.size - n_components + k])
        offsets[k] += log_front(dof[k], n_features)[0]
    return offsets, means, whiteners, dof


@nb.njit(**INNER)
def add_prior_of(add_prior, value, q, gradient, statistics, form, own, numbers, jacobian):
    """What the clouds' own part adds, from scaled statistics, and the likelihood's slope in each component's dof."""
    log_likelihood, counts, _, first, second, tails, _ = statistics
    offsets, means, whiteners, dof = form
    n_components, n_features = means.shape
    for k in range(n_components):
        slope = dof[k] * dof_slope(dof[k], n_features, counts[k], tails[k])
        gradient[q.size - n_components + k] = slope
    clouds = (log_likelihood, counts, first, second)
    return add_prior(value, q, gradient, clouds, (offsets, means, whiteners), own, numbers, jacobian)


@nb.njit(**INNER)
def log_posterior_of(unpack, add_prior, q, gradient, columns, n_components, n_blocks, numbers, jacobian):
    """Log posterior density of ``q``; fills ``gradient``."""
    shape, rate, given = numbers[numbers.size - 4], numbers[numbers.size - 3], numbers[numbers.size - 1]
    n_free = int(numbers[numbers.size - 2])
    n_clouds = q.size - n_free
    each, slope = np.empty(n_clouds + n_components), np.empty(n_clouds + n_components)
    for i in range(n_clouds):
        each[i] = q[i]
    for k in range(n_components):
        each[n_clouds + k] = q[n_clouds + (k if n_free == n_components else 0)] if n_free > 0 else math.log(given)
    value = composed.log_posterior(
        unpack, accumulate, add_prior, each, slope, columns, n_components, n_blocks, numbers, jacobian
    )
    for i in range(n_clouds):
        gradient[i] = slope[i]
    for g in range(n_free):
        log_dof = q[n_clouds + g]
        value += (shape - 1.0 + jacobian) * log_dof - rate * math.exp(log_dof)
        gradient[n_clouds + g] = shape - 1.0 + jacobian - rate * math.exp(log_dof)
        for k in range(g, g + 1 if n_free == n_components else n_components):
            gradient[n_clouds + g] += slope[n_clouds + k]
    return value
