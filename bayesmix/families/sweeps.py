r"""Gibbs sampling: assignments given the parameters, weights and parameters given the assignments, in turn.

A sweep is one pass over the rows, which draws every row's component, the statistics of these, and one draw from what is
then known of the weights and of the components. Now and then assignments move together
(:mod:`bayesmix.families.split_merge`, :mod:`bayesmix.families.recall`).

:func:`run` is composed of compiled functions of a family and its prior:

``log_component(columns, start, size, form, s, k, centred, residual, out)``
    Of the pass over the rows (:mod:`bayesmix.passes.draws`).
``complete(rng, labels, columns, form, numbers, state)``
    Of :func:`run_completed`: draw what is latent in a row beside its component, into columns that stand behind those of
    the data; before that, what of the state is better drawn with it summed out. Form and state are overwritten.
``sums_of(labels, columns, n_components, form)``
    The statistics of labels: counts (K,), and a tuple of what else the family gathers.
``draw(rng, weights, counts, sums, form, numbers, state)``
    The components given these statistics, which were taken at ``form`` and the flat ``state`` (P,): it is overwritten,
    and the form at the new point is returned, with an axis of one draw in front as everywhere here.
``begin(known, numbers, form, k)``, ``add(known, shared, columns, i, numbers, form, k)``
    Let ``known``, a vector, stand for no rows of component k; let it see row i. What the rows of all components tell of
    that which these share is in ``shared``, another vector.
``predictive(known, shared, columns, i, numbers, form, k)``
    Log density of row i in component k given the rows that ``known`` and ``shared`` have seen, location and spread
    being integrated out. Row i, and all rows, may be among the seen.

:func:`run_without_moves` needs the first four alone, where nobody integrates parameters out.

``numbers`` are the prior's. What functions take functions lives in the files of their callers: every family has one
short entry of its own, see :data:`ENTRY`.
"""

import numba as nb
import numpy as np

from bayesmix.families.concentration import draw_share
from bayesmix.families.handed_on import by_type
from bayesmix.families.recall import recall
from bayesmix.families.split_merge import move
from bayesmix.passes.assignments import draw_labels
from bayesmix.passes.blocks import COMPILED, INNER

ENTRY = {"nogil": True, "error_model": "numpy", "cache": True}
"""How a family's entry is compiled: it is not inlined, and no sum of it may be reordered."""


@nb.njit(**COMPILED)
def draw_weights(rng, concentrations, counts):
    """Weights of a Dirichlet distribution with parameters ``concentrations + counts``."""
    weights, total = np.empty(counts.shape[0]), 0.0
    for k in range(counts.shape[0]):
        weights[k] = max(rng.standard_gamma(concentrations[k] + counts[k]), 1e-300)
        total += weights[k]
    for k in range(counts.shape[0]):
        weights[k] /= total
    return weights


@nb.njit(**INNER)
def run(log_component, sums_of, draw, begin, predictive, add, rng, problem, position, plan):
    """:func:`run_completed` of a family in which only the components of rows are latent."""
    return run_completed(
        log_component, nothing_to_complete, sums_of, draw, begin, predictive, add, rng, problem, position, plan
    )


@nb.njit(**INNER)
def run_without_moves(log_component, complete, sums_of, draw, rng, problem, position, plan):
    """:func:`run_completed` where nobody integrates parameters out: assignments do not move together."""
    n_kept, thin, _ = plan
    return run_completed(
        log_component,
        complete,
        sums_of,
        draw,
        _begin,
        _predictive,
        _add,
        rng,
        problem,
        position,
        (n_kept, thin, 0),
    )


@nb.njit(**COMPILED)
def _begin(known, numbers, form, k):
    """Nothing is known."""


@nb.njit(**COMPILED)
def _predictive(known, shared, columns, i, numbers, form, k):
    """Nobody asks."""
    return 0.0


@nb.njit(**COMPILED)
def _add(known, shared, columns, i, numbers, form, k):
    """Nothing is known."""


@nb.njit(**COMPILED)
def nothing_to_complete(rng, labels, columns, form, numbers, state):
    """Only the components of rows are latent."""


@nb.njit(**INNER)
def run_completed(log_component, complete, sums_of, draw, begin, predictive, add, rng, problem, position, plan):
    """Keep every ``thin``-th of ``n_kept * thin`` sweeps, with moves of assignments before one in ``between_moves``.

    Parameters
    ----------
    rng : numpy.random.Generator
    problem : tuple
        ``columns (M, N)``, the concentrations (K,) of the weights' prior, which are overwritten where they are unknown,
        ``numbers``, what is known of no rows (the length of ``known``, and ``shared``), remembered sets of rows (M, N)
        of bool, and what is believed of the concentration: its prior, and of how many of them it is the sum
        (:func:`bayesmix.families.concentration.draw_share`); what is known of the rows' components, (K, N), or (0, N).
        Moves do not look at it: where something is known, there are none.
    position : tuple
        Labels (N,) and the flat state (P,), which are overwritten, and the form there.
    plan : tuple of int
        ``n_kept``, ``thin``, ``between_moves`` (0 for no moves).

    Returns
    -------
    weights : (S, K) array
    states : (S, P) array
    log_likelihoods : (S,) array
    occupied : (S,) array of int
        Components with rows, by the assignments that the draw was made from.
    moves : (S, 4, 2) array of int
        Splits, merges, exchanges and recalls that were proposed and accepted on the way to each.
    shares : (S,) array
        The concentration of the first component.
    form : tuple of arrays
        At the end, to go on from.
    """
    columns, concentrations, numbers, no_rows, remembered, (of_concentration, parts), known = problem
    labels, state, form = position
    n_kept, thin, between_moves = plan
    n_components = concentrations.shape[0]
    kept_weights, kept_states = np.empty((n_kept, n_components)), np.empty((n_kept, state.shape[0]))
    log_likelihoods, occupied = np.empty(n_kept), np.empty(n_kept, np.int64)
    moves, shares = np.zeros((n_kept, 4, 2), np.int64), np.empty(n_kept)
    complete(rng, labels, columns, form, numbers, state)
    counts, sums = sums_of(labels, columns, n_components, form)
    for s in range(n_kept):
        for t in range(thin):
            if between_moves > 0 and rng.random() * between_moves < 1.0:
                if move(
                    by_type(begin),
                    by_type(predictive),
                    by_type(add),
                    rng,
                    columns,
                    concentrations,
                    numbers,
                    no_rows,
                    form,
                    labels,
                    counts,
                    moves[s],
                ):
                    counts, sums = sums_of(labels, columns, n_components, form)
                if recall(
                    by_type(begin),
                    by_type(predictive),
                    by_type(add),
                    rng,
                    columns,
                    concentrations,
                    numbers,
                    no_rows,
                    form,
                    labels,
                    counts,
                    remembered,
                    moves[s, 3],
                ):
                    counts, sums = sums_of(labels, columns, n_components, form)
            if of_concentration.shape[0] > 0:
                concentrations[:] = draw_share(
                    rng, of_concentration, parts, concentrations[0], n_components, counts, columns.shape[1]
                )
            weights = draw_weights(rng, concentrations, counts)
            form = draw(rng, weights, counts, sums, form, numbers, state)
            if t == thin - 1:
                kept_weights[s], kept_states[s], shares[s] = weights, state, concentrations[0]
                occupied[s] = 0
                for k in range(n_components):
                    occupied[s] += counts[k] > 0
            log_likelihood = draw_labels(log_component, rng, labels, columns, known, form)
            complete(rng, labels, columns, form, numbers, state)
            counts, sums = sums_of(labels, columns, n_components, form)
            if t == thin - 1:
                log_likelihoods[s] = log_likelihood
    return kept_weights, kept_states, log_likelihoods, occupied, moves, shares, form
