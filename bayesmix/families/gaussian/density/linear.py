"""Free values that are linear in fewer ones: see :mod:`bayesmix.families.gaussian.covariance.linear`.

Both vectors hold K - 1 logits, the values, and K x D means. The sparse matrix stands in ``numbers`` from ``at`` on: the
numbers of values and of terms, then the terms' rows, columns and factors.
"""

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def all_values(q, start, numbers, at):
    """The free values from those of ``q`` from ``start`` on."""
    n_values, n_terms = int(numbers[at]), int(numbers[at + 1])
    rows, columns, factors = at + 2, at + 2 + n_terms, at + 2 + 2 * n_terms
    out = np.zeros(n_values)
    for t in range(n_terms):
        out[int(numbers[rows + t])] += numbers[factors + t] * q[start + int(numbers[columns + t])]
    return out


@nb.njit(**COMPILED)
def add_slope(slope, gradient, start, numbers, at):
    """Add to ``gradient``, from ``start`` on, the slope in the free values."""
    n_terms = int(numbers[at + 1])
    rows, columns, factors = at + 2, at + 2 + n_terms, at + 2 + 2 * n_terms
    for t in range(n_terms):
        gradient[start + int(numbers[columns + t])] += numbers[factors + t] * slope[int(numbers[rows + t])]


@nb.njit(**COMPILED)
def all_coordinates(q, n_components, n_features, numbers, at):
    """The vector of free covariances that ``q`` stands for."""
    n_others, n_means = n_components - 1, n_components * n_features
    values = all_values(q, n_others, numbers, at)
    free = np.empty(n_others + values.size + n_means)
    for i in range(n_others):
        free[i] = q[i]
    for i in range(values.size):
        free[n_others + i] = values[i]
    for i in range(n_means):
        free[n_others + values.size + i] = q[q.size - n_means + i]
    return free


@nb.njit(**COMPILED)
def fill_gradient(slope, gradient, n_components, n_features, numbers, at):
    """The gradient of all but the weights from the slope in the vector of free covariances."""
    n_others, n_means = n_components - 1, n_components * n_features
    for i in range(n_others, gradient.size):
        gradient[i] = 0.0
    add_slope(slope[n_others:], gradient, n_others, numbers, at)
    for i in range(n_means):
        gradient[gradient.size - n_means + i] = slope[slope.size - n_means + i]
