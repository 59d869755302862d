r"""Gibbs sampling of levels under the Dirichlet prior, and of zeros and ones under the beta prior, which is one.

A row is turned into ones for the levels that it has, and zeros. Of a component with n rows, :math:`s_l` of which have
level l, the probabilities of a column's levels are Dirichlet with :math:`a_l + s_l`, and a row more has level l with

.. math:: p(l \mid \text{rows}) = \frac{a_l + s_l}{\sum_m a_m + n}.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families import sweeps, telescoping
from bayesmix.families.log_linear import LEAST, sums_of
from bayesmix.families.parts import Sweeps
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import component


def sampler(concentrations: np.ndarray, column_of: np.ndarray, n_rows: int) -> Sweeps:
    """The compiled sampler for levels (M,) with these concentrations, each of its column.

    Its numbers are these, and for every n the sum over the columns of ``log (sum_m a_m + n)``.
    """
    totals, n = np.bincount(column_of, concentrations), np.arange(n_rows + 1.0)
    of_rows = np.sum([np.log(total + n) for total in totals], axis=0)
    return Sweeps(run, (concentrations, column_of, of_rows), 1 + concentrations.size, telescope=telescope)


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`; the state is the probabilities (K, P) of the first P levels."""
    concentrations, column_of, _ = numbers
    (tallies,) = sums
    n_components, n_levels = tallies.shape
    probabilities = state.reshape((n_components, -1))
    offsets, etas = np.empty((1, n_components)), np.empty((1, n_components, n_levels))
    totals = np.empty(column_of.max() + 1)
    for k in range(n_components):
        offsets[0, k] = math.log(weights[k])
        totals[:] = 0.0
        for m in range(n_levels):
            etas[0, k, m] = max(rng.standard_gamma(concentrations[m] + tallies[k, m]), LEAST)
            totals[column_of[m]] += etas[0, k, m]
        for m in range(n_levels):
            probability = etas[0, k, m] / totals[column_of[m]]
            if m < probabilities.shape[1]:
                probabilities[k, m] = probability
            etas[0, k, m] = math.log(probability)
    return offsets, etas


@nb.njit(**COMPILED)
def form_of(weights, numbers, state):
    """See :mod:`bayesmix.families.telescoping`; a level that the state leaves out has what is left to its column."""
    concentrations, column_of, _ = numbers
    n_components, n_levels = weights.shape[0], concentrations.shape[0]
    probabilities = state.reshape((n_components, -1))
    offsets, etas = np.empty((1, n_components)), np.empty((1, n_components, n_levels))
    left = np.empty(column_of.max() + 1)
    for k in range(n_components):
        offsets[0, k] = math.log(weights[k])
        left[:] = 1.0
        for m in range(n_levels):
            probability = probabilities[k, m] if m < probabilities.shape[1] else left[column_of[m]]
            left[column_of[m]] -= probability
            etas[0, k, m] = math.log(max(probability, LEAST))
    return offsets, etas


@nb.njit(**COMPILED)
def begin(known, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`; ``known`` are n, and ``a + s`` of every level."""
    known[0] = 0.0
    known[1:] = numbers[0]


@nb.njit(**COMPILED)
def predictive(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    log_density = -numbers[2][int(known[0])]
    for m in range(columns.shape[0]):
        if columns[m, i] > 0:
            log_density += math.log(known[1 + m])
    return log_density


@nb.njit(**COMPILED)
def add(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    known[0] += 1.0
    for m in range(columns.shape[0]):
        known[1 + m] += columns[m, i]


@nb.njit(**sweeps.ENTRY)
def run(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run` of levels."""
    return sweeps.run(component, sums_of, draw, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def telescope(rng, problem, position, plan):
    """:func:`bayesmix.families.telescoping.run` of levels."""
    return telescoping.run(component, sums_of, draw, form_of, begin, predictive, add, rng, problem, position, plan)
