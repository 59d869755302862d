"""What both geometries share: how degrees of freedom join the density of clouds.

``q`` are the coordinates of a Gaussian mixture under the conjugate prior and then the logarithms of the free degrees of
freedom: K, one or none. The last four hyperparameters are the prior's shape and rate, how many are free, and what is
given if none are.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families.student_t.tails import dof_slope, log_front
from bayesmix.passes.blocks import INNER


@nb.njit(**INNER)
def unpack_of(unpack, q, log_w, n_blocks, n_features, numbers):
    """The components in standard form, with their tails, and what the clouds keep for their prior."""
    n_free = int(numbers[numbers.size - 2])
    form, own = unpack(q[: q.size - n_free], log_w, n_blocks, n_features, numbers[: numbers.size - 4])
    return _with_tails(form, q, numbers), own


@nb.njit(**INNER)
def _with_tails(form, q, numbers):
    """The standard form of clouds with the front of Student-t densities, and with the degrees of freedom."""
    offsets, means, whiteners = form
    n_components, n_features = means.shape
    n_free, given = int(numbers[numbers.size - 2]), numbers[numbers.size - 1]
    dof = np.empty(n_components)
    for k in range(n_components):
        dof[k] = math.exp(q[q.size - n_free + (k if n_free == n_components else 0)]) if n_free > 0 else given
        offsets[k] += log_front(dof[k], n_features)[0]
    return offsets, means, whiteners, dof


@nb.njit(**INNER)
def add_prior_of(add_prior, value, q, gradient, statistics, form, own, numbers, jacobian):
    """What the clouds' own part adds, from scaled statistics, and the degrees of freedom's part."""
    log_likelihood, counts, _, first, second, tails, _ = statistics
    offsets, means, whiteners, dof = form
    n_components, n_features = means.shape
    shape, rate = numbers[numbers.size - 4], numbers[numbers.size - 3]
    n_free = int(numbers[numbers.size - 2])
    for g in range(n_free):
        place = q.size - n_free + g
        value += (shape - 1.0 + jacobian) * q[place] - rate * dof[g]
        gradient[place] = shape - 1.0 + jacobian - rate * dof[g]
        for k in range(g, g + 1 if n_free == n_components else n_components):
            gradient[place] += dof[k] * dof_slope(dof[k], n_features, counts[k], tails[k])
    clouds = (log_likelihood, counts, first, second)
    q, numbers = q[: q.size - n_free], numbers[: numbers.size - 4]
    return add_prior(value, q, gradient, clouds, (offsets, means, whiteners), own, numbers, jacobian)
