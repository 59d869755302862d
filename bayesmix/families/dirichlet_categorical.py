r"""Gibbs sampling of levels under the Dirichlet prior, and of zeros and ones under the beta prior, which is one.

A row is turned into ones for the levels that it has, and zeros. Of a component with n rows, :math:`s_l` of which have
level l, the probabilities of a column's levels are Dirichlet with :math:`a_l + s_l`, and a row more has level l with

.. math:: p(l \mid \text{rows}) = \frac{a_l + s_l}{\sum_m a_m + n}.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families import sweeps, telescoping
from bayesmix.families.log_linear import LEAST, sums_of, sums_of_completed
from bayesmix.families.missing_cells import of_seen
from bayesmix.families.parts import Sweeps
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import component
from bayesmix.passes.linear_seen import component_of_indicators


def sampler(concentrations: np.ndarray, column_of: np.ndarray, n_rows: int, *, has_gaps: bool) -> Sweeps:
    """The compiled sampler for levels (M,) with these concentrations, each of its column.

    Its numbers are these, and for every n the sum over the columns of ``log (sum_m a_m + n)``.
    """
    totals, n = np.bincount(column_of, concentrations), np.arange(n_rows + 1.0)
    of_rows = np.sum([np.log(total + n) for total in totals], axis=0)
    numbers, n_known = (concentrations, column_of, of_rows), 1 + concentrations.size
    if has_gaps:
        return of_seen(Sweeps(run_completed, numbers, n_known, telescope=telescope_completed), masses=False)
    return Sweeps(run, numbers, n_known, telescope=telescope)


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
    for m in range(numbers[0].shape[0]):
        if columns[m, i] > 0:
            log_density += math.log(known[1 + m])
    return log_density


@nb.njit(**COMPILED)
def add(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    known[0] += 1.0
    for m in range(numbers[0].shape[0]):
        known[1 + m] += columns[m, i]


@nb.njit(**sweeps.ENTRY)
def run(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run` of levels."""
    return sweeps.run(component, sums_of, draw, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def telescope(rng, problem, position, plan):
    """:func:`bayesmix.families.telescoping.run` of levels."""
    return telescoping.run(component, sums_of, draw, form_of, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**COMPILED)
def component_of_seen(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the levels that were seen, which stand below the completed ones."""
    component_of_indicators(columns[form[1].shape[2] :], start, size, form, s, k, centred, residual, out)


@nb.njit(**COMPILED)
def complete(rng, labels, columns, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`: draw the missing levels of every row from its component."""
    etas, column_of = form[1][0], numbers[1]
    n_levels = column_of.shape[0]
    last, left = np.empty(column_of.max() + 1, np.int64), np.empty(column_of.max() + 1)
    for m in range(n_levels):
        last[column_of[m]] = m
    for i in range(labels.shape[0]):
        if columns[2 * n_levels, i] != columns[2 * n_levels, i]:
            continue
        k = labels[i]
        left[:] = -1.0  # no number was drawn yet
        for m in range(n_levels):
            if columns[n_levels + m, i] == columns[n_levels + m, i]:
                continue
            c = column_of[m]
            if left[c] == -1.0:
                left[c] = rng.random()
            columns[m, i] = 0.0
            if left[c] != math.inf:
                left[c] -= math.exp(etas[k, m])
                if left[c] < 0.0 or m == last[c]:
                    columns[m, i], left[c] = 1.0, math.inf


@nb.njit(**sweeps.ENTRY)
def run_completed(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_completed` of levels of which some are missing."""
    return sweeps.run_completed(
        component_of_seen,
        complete,
        sums_of_completed,
        draw,
        begin,
        predictive,
        add,
        rng,
        problem,
        position,
        plan,
    )


@nb.njit(**sweeps.ENTRY)
def telescope_completed(rng, problem, position, plan):
    """:func:`bayesmix.families.telescoping.run_completed` of levels of which some are missing."""
    return telescoping.run_completed(
        component_of_seen,
        complete,
        sums_of_completed,
        draw,
        form_of,
        telescoping.nobody_is_born,
        begin,
        predictive,
        add,
        rng,
        problem,
        position,
        plan,
    )
