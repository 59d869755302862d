r"""Gibbs sampling of counts under the gamma prior.

Of a component with n rows, whose counts sum to s, a rate is gamma with :math:`a + s` and :math:`b + n`. What normalises
such a density, :math:`c(a, b) = a \log b - \log \Gamma(a)`, also gives that of a row x more, negative binomial:

.. math:: \log p(x \mid \text{rows}) = c(a + s, b + n) - c(a + s + x, b + n + 1) - \log x!
"""

import math
from typing import Any

import numba as nb
import numpy as np

from bayesmix.families import sweeps, telescoping
from bayesmix.families.log_linear import LEAST, sums_of, sums_of_completed
from bayesmix.families.missing_cells import of_seen
from bayesmix.families.parts import Sweeps
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import component
from bayesmix.passes.linear_seen import component_of_counts


def sampler(prior: Any, n_features: int, *, has_gaps: bool) -> Sweeps:
    """The compiled sampler under a gamma prior; its numbers are a and b of every feature."""
    shape, rate = (np.full(n_features, given, dtype=float) for given in (prior.shape, prior.rate))
    if has_gaps:
        found = Sweeps(run_completed, (shape, rate), 2 + n_features, telescope=telescope_completed)
        return of_seen(found, masses=False)
    return Sweeps(run, (shape, rate), 2 + n_features, telescope=telescope)


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`; the state is rates (K, D)."""
    shape, rate = numbers
    (totals,) = sums
    n_components, n_features = counts.shape[0], shape.shape[0]
    rates = state.reshape((n_components, n_features))
    for k in range(n_components):
        for j in range(n_features):
            gamma = max(rng.standard_gamma(shape[j] + totals[k, j]), LEAST)
            rates[k, j] = gamma / (rate[j] + counts[k])
    return form_of(weights, numbers, state)


@nb.njit(**COMPILED)
def form_of(weights, numbers, state):
    """See :mod:`bayesmix.families.telescoping`."""
    n_components, n_features = weights.shape[0], numbers[0].shape[0]
    rates = state.reshape((n_components, n_features))
    offsets, etas = np.empty((1, n_components)), np.ones((1, n_components, n_features + 1))
    for k in range(n_components):
        offsets[0, k] = math.log(weights[k])
        for j in range(n_features):
            offsets[0, k] -= rates[k, j]
            etas[0, k, j] = math.log(rates[k, j])
    return offsets, etas


@nb.njit(**COMPILED)
def begin(known, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`; ``known`` are n, the sum of c over the features, and their shapes (D,)."""
    shape, rate = numbers
    known[0], known[1] = 0.0, 0.0
    for j in range(shape.shape[0]):
        known[2 + j] = shape[j]
        known[1] += shape[j] * math.log(rate[j]) - math.lgamma(shape[j])


@nb.njit(**COMPILED)
def predictive(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`: negative binomial."""
    rate = numbers[1]
    n_features = rate.shape[0]
    log_density = columns[n_features, i] + known[1]
    for j in range(n_features):
        shape = known[2 + j] + columns[j, i]
        log_density += math.lgamma(shape) - shape * math.log(rate[j] + known[0] + 1.0)
    return log_density


@nb.njit(**COMPILED)
def add(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    rate = numbers[1]
    known[0] += 1.0
    known[1] = 0.0
    for j in range(rate.shape[0]):
        known[2 + j] += columns[j, i]
        known[1] += known[2 + j] * math.log(rate[j] + known[0]) - math.lgamma(known[2 + j])


@nb.njit(**sweeps.ENTRY)
def run(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run` of counts."""
    return sweeps.run(component, sums_of, draw, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def telescope(rng, problem, position, plan):
    """:func:`bayesmix.families.telescoping.run` of counts."""
    return telescoping.run(component, sums_of, draw, form_of, begin, predictive, add, rng, problem, position, plan)


@nb.njit(**COMPILED)
def component_of_seen(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the counts that were seen, which stand below the completed ones."""
    component_of_counts(columns[form[1].shape[2] :], start, size, form, s, k, centred, residual, out)


@nb.njit(**COMPILED)
def complete(rng, labels, columns, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`: draw the missing counts of every row from its component.

    What they would add to ``-log x!`` is the same in all components, and nobody asks for it.
    """
    etas = form[1][0]
    n_features = etas.shape[1] - 1
    for j in range(n_features):
        seen = columns[n_features + 1 + j]
        for i in range(labels.shape[0]):
            if seen[i] != seen[i]:
                columns[j, i] = rng.poisson(math.exp(etas[labels[i], j]))


@nb.njit(**sweeps.ENTRY)
def run_completed(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_completed` of counts of which some are missing."""
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
    """:func:`bayesmix.families.telescoping.run_completed` of counts of which some are missing."""
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
