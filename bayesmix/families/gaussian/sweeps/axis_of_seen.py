"""Gibbs sampling of Gaussian components with uncorrelated features where cells are missing.

See :mod:`bayesmix.families.missing_cells`; the columns are the completed features, a mass of one, the features as they
were seen, and their patterns.
"""

import numba as nb

from bayesmix.families import sweeps, telescoping
from bayesmix.families.gaussian.sweeps import axis, axis_separated
from bayesmix.passes import axis_seen
from bayesmix.passes.blocks import COMPILED

_component = axis_seen.component
_sums_of, _draw, _form_of = axis.sums_of, axis.draw, axis.form_of
_draw_separated = axis_separated.draw
_begin, _predictive, _add = axis.begin, axis.predictive, axis.add
_begin_pooled, _predictive_pooled, _add_pooled = axis.begin_pooled, axis.predictive_pooled, axis.add_pooled


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the cells that were seen."""
    _component(columns[form[1].shape[2] + 1 :], start, size, form, s, k, centred, residual, out)


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
        component, complete, _sums_of, _draw, _begin, _predictive, _add, rng, problem, position, plan
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
        problem,
        position,
        plan,
    )


@nb.njit(**sweeps.ENTRY)
def run_separated(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_without_moves`, under the separated prior."""
    return sweeps.run_without_moves(component, complete, _sums_of, _draw_separated, rng, problem, position, plan)


@nb.njit(**sweeps.ENTRY)
def telescope_free(rng, problem, position, plan):
    """:func:`bayesmix.families.telescoping.run_completed` where every component has variances of its own."""
    return telescoping.run_completed(
        component,
        complete,
        _sums_of,
        _draw,
        _form_of,
        telescoping.nobody_is_born,
        _begin,
        _predictive,
        _add,
        rng,
        problem,
        position,
        plan,
    )


@nb.njit(**sweeps.ENTRY)
def telescope_shared(rng, problem, position, plan):
    """The same where all share them."""
    return telescoping.run_completed(
        component,
        complete,
        _sums_of,
        _draw,
        _form_of,
        telescoping.nobody_is_born,
        _begin_pooled,
        _predictive_pooled,
        _add_pooled,
        rng,
        problem,
        position,
        plan,
    )


def entries(shared: bool) -> tuple:
    """The compiled samplers of a given and of an unknown number of components."""
    return (run_shared, telescope_shared) if shared else (run_free, telescope_free)
