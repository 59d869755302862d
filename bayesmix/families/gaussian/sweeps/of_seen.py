"""Gibbs sampling of Gaussian components with uncorrelated features where cells are missing.

A sweep draws the component of each row with its missing cells summed out, then the cells given the component: both
together are one draw of what is latent. What follows, parameters and moves of assignments, takes the completed rows as
if they were the data.

The sampler's columns are the completed features, a mass of one, and the features as they were seen.
"""

import numba as nb
import numpy as np

from bayesmix.families import sweeps
from bayesmix.families.gaussian.sweeps import axis
from bayesmix.passes.axis_seen import log_component
from bayesmix.passes.blocks import COMPILED

_sums_of, _draw = axis.sums_of, axis.draw
_begin, _predictive, _add = axis.begin, axis.predictive, axis.add
_begin_pooled, _predictive_pooled, _add_pooled = axis.begin_pooled, axis.predictive_pooled, axis.add_pooled


@nb.njit(**COMPILED)
def with_room(problem):
    """The problem, with columns that have room for completed rows."""
    columns = problem[0]
    n_features, n_rows = columns.shape[0] - 1, columns.shape[1]
    wider = np.ones((2 * n_features + 1, n_rows))
    for j in range(n_features):
        for i in range(n_rows):
            wider[j, i] = columns[j, i]
            wider[n_features + 1 + j, i] = columns[j, i]
    return (wider, *problem[1:])


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the cells that were seen."""
    offsets, means, whiteners = form
    seen = columns[means.shape[2] + 1 :]
    log_component(seen, start, size, offsets[s, k], means[s, k], whiteners[s, k], out)


@nb.njit(**COMPILED)
def complete(rng, labels, columns, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`: draw the missing cells of every row from its component."""
    _, means, whiteners = form
    n_features = means.shape[2]
    for j in range(n_features):
        seen = columns[n_features + 1 + j]
        for i in range(seen.shape[0]):
            if seen[i] != seen[i]:
                k = labels[i]
                columns[j, i] = means[0, k, j] + rng.standard_normal() / whiteners[0, k, j]


@nb.njit(**sweeps.ENTRY)
def run_free(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_completed` where every component has variances of its own."""
    return sweeps.run_completed(
        component, complete, _sums_of, _draw, _begin, _predictive, _add, rng, with_room(problem), position, plan
    )


@nb.njit(**sweeps.ENTRY)
def run_shared(rng, problem, position, plan):
    """The same where all share them."""
    return sweeps.run_completed(
        component,
        complete,
        _sums_of,
        _draw,
        _begin_pooled,
        _predictive_pooled,
        _add_pooled,
        rng,
        with_room(problem),
        position,
        plan,
    )


def entry(*, shared: bool):
    """The compiled sampler."""
    return run_shared if shared else run_free
