"""Uncorrelated features where cells are missing; see :mod:`bayesmix.families.student_t.sweeps.parts`.

As :mod:`bayesmix.families.gaussian.sweeps.axis_of_seen`. Missing cells are drawn with degrees of freedom as they are
and the masses summed out; then both are drawn of the completed rows.
"""

import math

import numba as nb

from bayesmix.families import sweeps, telescoping
from bayesmix.families.student_t import seen
from bayesmix.families.student_t.sweeps import axis
from bayesmix.families.student_t.sweeps.parts import give_birth
from bayesmix.passes.blocks import COMPILED

_component, _complete = seen.axis_component, axis.complete
_sums_of, _draw, _draw_separated, _form_of = axis.sums_of, axis.draw, axis.draw_separated, axis.form_of
_begin, _predictive, _add = axis.begin, axis.predictive, axis.add
_begin_pooled, _predictive_pooled, _add_pooled = axis.begin_pooled, axis.predictive_pooled, axis.add_pooled


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the cells that were seen."""
    _component(columns[form[1].shape[2] + 1 :], start, size, form, s, k, centred, residual, out)


@nb.njit(**COMPILED)
def complete(rng, labels, columns, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`: missing cells, degrees of freedom and masses."""
    _, means, whiteners, dof = form
    n_features = means.shape[2]
    of_seen = columns[n_features + 1 :]
    for i in range(labels.shape[0]):
        if of_seen[n_features, i] != of_seen[n_features, i]:
            continue
        k, square, n_seen = labels[i], 0.0, 0
        for j in range(n_features):
            if of_seen[j, i] == of_seen[j, i]:
                square += (whiteners[0, k, j] * (of_seen[j, i] - means[0, k, j])) ** 2
                n_seen += 1
        root = math.sqrt(0.5 * (dof[0, k] + square) / rng.standard_gamma(0.5 * (dof[0, k] + n_seen)))
        for j in range(n_features):
            if of_seen[j, i] != of_seen[j, i]:
                columns[j, i] = means[0, k, j] + root * rng.standard_normal() / whiteners[0, k, j]
    _complete(rng, labels, columns[: n_features + 1], form, numbers, state)


@nb.njit(**COMPILED)
def predictive(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`: of the completed row with its mass."""
    return _predictive(known, shared, columns[: form[1].shape[2] + 1], i, numbers, form, k)


@nb.njit(**COMPILED)
def predictive_pooled(known, shared, columns, i, numbers, form, k):
    """The same where all components share the scales."""
    return _predictive_pooled(known, shared, columns[: form[1].shape[2] + 1], i, numbers, form, k)


@nb.njit(**sweeps.ENTRY)
def run_free(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_completed` where every component has scales of its own."""
    return sweeps.run_completed(
        component, complete, _sums_of, _draw, _begin, predictive, _add, rng, problem, position, plan
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
        predictive_pooled,
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
    """:func:`bayesmix.families.telescoping.run_completed` where every component has scales of its own."""
    return telescoping.run_completed(
        component,
        complete,
        _sums_of,
        _draw,
        _form_of,
        give_birth,
        _begin,
        predictive,
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
        give_birth,
        _begin_pooled,
        predictive_pooled,
        _add_pooled,
        rng,
        problem,
        position,
        plan,
    )


def entries(shared: bool) -> tuple:
    """The compiled samplers of a given and of an unknown number of components."""
    return (run_shared, telescope_shared) if shared else (run_free, telescope_free)
