r"""Gibbs sampling of Gaussian components with correlated features where cells are missing.

See :mod:`bayesmix.families.missing_cells`; the columns are the completed features, a mass of one, the features as they
were seen, and their patterns.

With the factors :math:`A_m = Q R` of :mod:`bayesmix.passes.dense_seen`, and :math:`z` standard normal, missing cells
are :math:`x_m = \mu_m + R^{-1} (z - Q^\top A_s (x_s - \mu_s))`; rows of mass u have :math:`z / \sqrt u` there. What a
pattern needs is worked out once for its rows, of each component that has some of them.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families import sweeps, telescoping
from bayesmix.families.gaussian.sweeps import dense, dense_separated
from bayesmix.passes import dense_seen
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense_seen import marginal_form
from bayesmix.passes.patterns import split_features

_component = dense_seen.component
_sums_of, _draw, _form_of = dense.sums_of, dense.draw, dense.form_of
_draw_separated = dense_separated.draw
_begin, _predictive, _add = dense.begin, dense.predictive, dense.add
_begin_pooled, _predictive_pooled, _add_pooled = dense.begin_pooled, dense.predictive_pooled, dense.add_pooled


@nb.njit(**COMPILED)
def component(columns, start, size, form, s, k, centred, residual, out):
    """See :mod:`bayesmix.passes.draws`: of the cells that were seen."""
    _component(columns[form[1].shape[2] + 1 :], start, size, form, s, k, centred, residual, out)


@nb.njit(**COMPILED)
def draw_missing(rng, labels, columns, means, whiteners, dof):
    """Draw the missing cells of every row from its component; ``dof`` (K,) of Student-t ones, (0,) of normal ones."""
    n_components, n_features = means.shape
    of_seen = columns[n_features + 1 :]
    triangles, ready = np.empty((n_components, n_features, n_features)), np.zeros(n_components, np.bool_)
    basis, own, centred = np.empty((n_features, n_features)), np.empty((n_features, n_features)), np.empty(n_features)
    pattern, (missing, seen) = 0.0, split_features(of_seen, 0, n_features)
    for i in range(labels.shape[0]):
        its = of_seen[n_features, i]
        if its != its:
            continue
        if its != pattern:
            pattern, (missing, seen) = its, split_features(of_seen, i, n_features)
            ready[:] = False
        k, n_missing, n_seen = labels[i], missing.shape[0], seen.shape[0]
        triangle = triangles[k]
        if not ready[k]:
            marginal_form(whiteners[k], missing, seen, basis, triangle, own)
            ready[k] = True
        for a in range(n_seen):  # in the order of the triangle's columns
            j = seen[n_seen - 1 - a]
            centred[n_missing + a] = of_seen[j, i] - means[k, j]
        root = 1.0
        if dof.shape[0] > 0:
            square = 0.0
            for a in range(n_missing, n_features):
                y = 0.0
                for b in range(a, n_features):
                    y += triangle[a, b] * centred[b]
                square += y * y
            root = math.sqrt(0.5 * (dof[k] + square) / rng.standard_gamma(0.5 * (dof[k] + n_seen)))
        for a in range(n_missing - 1, -1, -1):
            rest = root * rng.standard_normal()
            for b in range(a + 1, n_features):
                rest -= triangle[a, b] * centred[b]
            centred[a] = rest / triangle[a, a]
            columns[missing[a], i] = means[k, missing[a]] + centred[a]


@nb.njit(**COMPILED)
def complete(rng, labels, columns, form, numbers, state):
    """See :mod:`bayesmix.families.sweeps`: draw the missing cells of every row from its component."""
    draw_missing(rng, labels, columns, form[1][0], form[2][0], np.empty(0))


@nb.njit(**sweeps.ENTRY)
def run_free(rng, problem, position, plan):
    """:func:`bayesmix.families.sweeps.run_completed` where every component has a covariance of its own."""
    return sweeps.run_completed(
        component, complete, _sums_of, _draw, _begin, _predictive, _add, rng, problem, position, plan
    )


@nb.njit(**sweeps.ENTRY)
def run_shared(rng, problem, position, plan):
    """The same where all share one."""
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
    """:func:`bayesmix.families.telescoping.run_completed` where every component has a covariance of its own."""
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
    """The same where all share one."""
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
