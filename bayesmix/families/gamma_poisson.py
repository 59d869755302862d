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
from bayesmix.families.log_linear import LEAST, sums_of
from bayesmix.families.parts import Sweeps
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.linear import component


def sampler(prior: Any, n_features: int) -> Sweeps:
    """The compiled sampler under a gamma prior; its numbers are a and b of every feature."""
    shape, rate = (np.full(n_features, given, dtype=float) for given in (prior.shape, prior.rate))
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
