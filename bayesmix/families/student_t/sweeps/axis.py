"""Uncorrelated features; see :mod:`bayesmix.families.student_t.sweeps.parts`."""

import numba as nb

from bayesmix.families import sweeps, telescoping
from bayesmix.families.gaussian.sweeps import axis as clouds
from bayesmix.families.gaussian.sweeps import axis_separated
from bayesmix.families.student_t.sweeps import parts
from bayesmix.families.student_t.sweeps.parts import (
    N_KNOWN,
    begin_masses,
    draw_dof_and_masses,
    draw_of,
    give_birth,
    log_density_of_mass,
    with_masses,
)
from bayesmix.passes import student
from bayesmix.passes.blocks import COMPILED

_component = student.axis_component
sums_of, _draw_clouds, _form_of_clouds = clouds.sums_of, clouds.draw, clouds.form_of
_draw_separated_clouds = axis_separated.draw
_form_of = parts.form_of
_begin, _predictive, _add = clouds.begin, clouds.predictive, clouds.add
_begin_pooled, _predictive_pooled, _add_pooled = clouds.begin_pooled, clouds.predictive_pooled, clouds.add_pooled


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.families.sweeps`."""
    _component(columns[:-1], start, size, form, s, k, centred, residual, out)


@nb.njit(**COMPILED)
def complete(rng, labels, columns, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`."""
    _, means, whiteners, _ = form
    masses, n_features = columns[-1], means.shape[2]
    for i in range(labels.shape[0]):
        k = labels[i]
        masses[i] = 0.0
        for j in range(n_features):
            y = whiteners[0, k, j] * (columns[j, i] - means[0, k, j])
            masses[i] += y * y
    draw_dof_and_masses(rng, labels, masses, form, numbers, state)


@nb.njit(**COMPILED)
def draw(rng, weights, counts, sums, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`; the state is means, deviations and degrees of freedom, if they are free."""
    return draw_of(_draw_clouds, rng, weights, counts, sums, form, numbers, state)


@nb.njit(**COMPILED)
def draw_separated(rng, weights, counts, sums, form, numbers, state):
    """The same under the separated prior."""
    return draw_of(_draw_separated_clouds, rng, weights, counts, sums, form, numbers, state)


@nb.njit(**COMPILED)
def form_of(weights, numbers, state):
    """See :mod:`bayesmix.families.telescoping`."""
    return _form_of(_form_of_clouds, weights, numbers, state)


@nb.njit(**COMPILED)
def begin(known, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    begin_masses(known, form, k)
    _begin(known[N_KNOWN:], numbers[0], form, k)


@nb.njit(**COMPILED)
def predictive(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    clouds = _predictive(known[N_KNOWN:], shared, columns, i, numbers[0], form, k)
    return clouds + log_density_of_mass(known, columns[-1, i])


@nb.njit(**COMPILED)
def add(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    _add(known[N_KNOWN:], shared, columns, i, numbers[0], form, k)


@nb.njit(**COMPILED)
def begin_pooled(known, numbers, form, k):
    """Of :func:`predictive_pooled`."""
    begin_masses(known, form, k)
    _begin_pooled(known[N_KNOWN:], numbers[0], form, k)


@nb.njit(**COMPILED)
def predictive_pooled(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`, where all components share the scales."""
    clouds = _predictive_pooled(known[N_KNOWN:], shared, columns, i, numbers[0], form, k)
    return clouds + log_density_of_mass(known, columns[-1, i])


@nb.njit(**COMPILED)
def add_pooled(known, shared, columns, i, numbers, form, k):
    """See :mod:`bayesmix.families.sweeps`."""
    _add_pooled(known[N_KNOWN:], shared, columns, i, numbers[0], form, k)


@nb.njit(**sweeps.ENTRY)
def run_free(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_completed` where every component has scales of its own."""
    return sweeps.run_completed(
        component, complete, sums_of, draw, begin, predictive, add, rng, with_masses(problem), position, plan
    )


@nb.njit(**sweeps.ENTRY)
def run_shared(rng, problem, position, plan):
    """The same where all share them."""
    return sweeps.run_completed(
        component,
        complete,
        sums_of,
        draw,
        begin_pooled,
        predictive_pooled,
        add_pooled,
        rng,
        with_masses(problem),
        position,
        plan,
    )


@nb.njit(**sweeps.ENTRY)
def run_separated(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_without_moves`, under the separated prior."""
    return sweeps.run_without_moves(
        component, complete, sums_of, draw_separated, rng, with_masses(problem), position, plan
    )


@nb.njit(**sweeps.ENTRY)
def telescope_free(rng, problem, position, plan):
    """:func:`bayesmix.families.telescoping.run_completed` where every component has scales of its own."""
    return telescoping.run_completed(
        component,
        complete,
        sums_of,
        draw,
        form_of,
        give_birth,
        begin,
        predictive,
        add,
        rng,
        with_masses(problem),
        position,
        plan,
    )


@nb.njit(**sweeps.ENTRY)
def telescope_shared(rng, problem, position, plan):
    """The same where all share them."""
    return telescoping.run_completed(
        component,
        complete,
        sums_of,
        draw,
        form_of,
        give_birth,
        begin_pooled,
        predictive_pooled,
        add_pooled,
        rng,
        with_masses(problem),
        position,
        plan,
    )


def entries(n_features: int, shared: bool) -> tuple:
    """The compiled samplers of a given and of an unknown number of components."""
    return (run_shared, telescope_shared) if shared else (run_free, telescope_free)


def entry_separated(n_features: int):
    """The compiled sampler under the separated prior."""
    return run_separated
