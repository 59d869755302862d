r"""Gibbs sampling where the number of components is unknown: the telescoping sampler.

Given the partition that the assignments make of the rows, of which k components have :math:`n_1, \dots, n_k`, the
number K of components has nothing to do with the rows themselves. With weights from a Dirichlet distribution of K equal
concentrations :math:`\gamma_K`, which are integrated out,

.. math:: p(K \mid z) \propto p(K) \, \frac{K!}{(K - k)!} \, \frac{\Gamma(\gamma_K K)}{\Gamma(\gamma_K K + N)}
   \prod_{j=1}^k \frac{\Gamma(n_j + \gamma_K)}{\Gamma(\gamma_K)}.

So a sweep draws K, then weights and components, those without rows from the prior, and then assignments as ever
(:mod:`bayesmix.families.sweeps`): no move has to invent parameters. Static weights have one :math:`\gamma`, dynamic
ones :math:`\gamma_K = \alpha / K`; where :math:`\alpha` is unknown, it is drawn after K
(:mod:`bayesmix.families.concentration`).

:func:`run` and :func:`run_completed` are composed of the functions of :mod:`bayesmix.families.sweeps` and

``form_of(weights, numbers, state)``
    The form at a state.
``give_birth(rng, numbers, state, n_components, n_old)``
    Of :func:`run_completed`, to components from ``n_old`` on: draw from the prior what ``draw`` does not draw.

References
----------
Fruehwirth-Schnatter, S., Malsiner-Walli, G. and Gruen, B. (2021). Generalized mixtures of finite mixtures and
telescoping sampling. Bayesian Analysis 16, 1279-1307.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families.concentration import draw_share, log_partition
from bayesmix.families.handed_on import APART, by_type
from bayesmix.families.split_merge import MERGE, SPLIT, accept, merge_or_exchange, propose, two_rows
from bayesmix.families.sweeps import draw_weights, nothing_to_complete
from bayesmix.passes.assignments import draw_labels
from bayesmix.passes.blocks import COMPILED, INNER


@nb.njit(**COMPILED)
def share_of(concentration, dynamic, n_components):
    """The concentration of one of so many components."""
    return concentration / n_components if dynamic else concentration


@nb.njit(**APART)
def _log_room(n_components, concentration, dynamic, n_occupied):
    r"""Log of what :func:`log_partition` is at most below its supremum over all larger numbers of components.

    Without ``prod_i (K - i) / K`` (dynamic weights) or ``prod_i gamma (K - i) / (gamma K + i)`` (static ones), where i
    goes from 0 to k - 1 and which grow to one, it falls with K.
    """
    log_room = 0.0
    for i in range(n_occupied):
        if dynamic:
            log_room += math.log((n_components - i) / n_components)
        else:
            log_room += math.log(concentration * (n_components - i) / (concentration * n_components + i))
    return log_room


@nb.njit(**APART)
def draw_number(rng, number, concentration, dynamic, sizes, n_rows):
    """Draw the number of components given the sizes of those with rows.

    ``number`` (2, M) has log probabilities of 1, ..., M before the data, and the logs of what lies beyond each. The
    distribution function is followed no farther than the draw needs: what is left is bounded (:func:`_log_room`).
    """
    n_occupied, most = sizes.shape[0], number.shape[1]
    up_to = np.empty(most - n_occupied + 1)
    total, level, chosen = 0.0, -math.inf, 0
    target = rng.random()
    for n_components in range(n_occupied, most + 1):
        log_likelihood = log_partition(n_components, share_of(concentration, dynamic, n_components), sizes, n_rows)
        place, log_term = n_components - n_occupied, number[0, n_components - 1] + log_likelihood
        if log_term > level + 500.0:  # at the first, and where numbers would leave the range of floats
            rescaled = math.exp(level - log_term)
            total *= rescaled
            for before in range(place):
                up_to[before] *= rescaled
            level = log_term
        total += math.exp(log_term - level)
        up_to[place] = total
        log_room = _log_room(n_components, concentration, dynamic, n_occupied)
        left = math.exp(number[1, n_components - 1] + log_likelihood - log_room - level)
        while up_to[chosen] < target * total:
            chosen += 1
        if up_to[chosen] >= target * (total + left):
            break
    return n_occupied + chosen


@nb.njit(**APART)
def move(
    begin, predictive, add, rng, columns, number, concentration, dynamic, numbers, no_rows, form, labels, counts, moves
):
    """Propose a split, a merge or an exchange; whether ``labels`` have changed.

    As :func:`bayesmix.families.split_merge.move`, but that components without rows stay as many as they are: a split
    adds a component, whose label is the next one, and a merge takes one away. Weights are integrated out, and the ratio
    of the probabilities of the partitions is that of ``p(K)`` times :func:`log_partition`. Of a component that is not
    there yet ``form`` holds what a draw from the prior gives it, at its label.
    """
    n_rows, n_components = labels.shape[0], counts.shape[0]
    if n_rows < 2:
        return False
    firsts = two_rows(rng, n_rows)
    mine, other = labels[firsts[0]], labels[firsts[1]]
    if mine == other:
        kind, other, n_then = SPLIT, n_components, n_components + 1
        if n_then > number.shape[1]:
            return False
    else:
        kind = merge_or_exchange(rng)
        n_then = n_components - 1 if kind == MERGE else n_components
    # rows are allocated by a rule that both ways have in common: that of the fewer components
    share = share_of(concentration, dynamic, min(n_components, n_then))
    pair = (mine, other)
    log_ratio, rows, then, _, sizes_then = propose(
        begin, predictive, add, rng, columns, numbers, no_rows, form, labels, kind, firsts, pair, (share, share)
    )
    sizes = np.zeros(n_components + 1)
    sizes[:n_components] = counts
    log_ratio -= number[0, n_components - 1] + log_partition(
        n_components, share_of(concentration, dynamic, n_components), sizes[sizes > 0], n_rows
    )
    sizes[mine], sizes[other] = sizes_then
    log_ratio += number[0, n_then - 1] + log_partition(
        n_then, share_of(concentration, dynamic, n_then), sizes[sizes > 0], n_rows
    )
    return accept(rng, log_ratio, labels, kind, firsts, pair, rows, then, moves)


@nb.njit(**COMPILED)
def occupied_first(labels, counts):
    """Give the components with rows the first places in ``labels``; their old places, (k,)."""
    places, order = np.empty(counts.shape[0], np.int64), np.empty(counts.shape[0], np.int64)
    n_occupied = 0
    for k in range(counts.shape[0]):
        if counts[k] > 0:
            places[k], order[n_occupied] = n_occupied, k
            n_occupied += 1
    for i in range(labels.shape[0]):
        labels[i] = places[labels[i]]
    return order[:n_occupied]


@nb.njit(**COMPILED)
def carried(state, n_components, layout, blank, order, n_new):
    """A flat state of ``n_new`` components: those of ``order`` of the old ones, and blank ones that were not there.

    ``layout`` (parts, 2) has for each part of the state how many numbers a component has, and whether all share them;
    ``blank`` a component's numbers, part after part.
    """
    size = 0
    for part in range(layout.shape[0]):
        size += layout[part, 0] * (1 if layout[part, 1] else n_new)
    new = np.empty(size)
    old_start, new_start, blank_start = 0, 0, 0
    for part in range(layout.shape[0]):
        width, shared = layout[part, 0], layout[part, 1]
        for k in range(1 if shared else n_new):
            for w in range(width):
                if shared:
                    value = state[old_start + w]
                elif k < order.shape[0] and order[k] < n_components:
                    value = state[old_start + order[k] * width + w]
                else:
                    value = blank[blank_start + w]
                new[new_start + k * width + w] = value
        old_start += width * (1 if shared else n_components)
        new_start += width * (1 if shared else n_new)
        blank_start += 0 if shared else width
    return new


@nb.njit(**COMPILED)
def _counted(labels, n_components):
    counts = np.zeros(n_components)
    for label in labels:
        counts[label] += 1.0
    return counts


@nb.njit(**COMPILED)
def _with_room(numbers, size):
    """The buffer, or a longer one with the same beginning."""
    if numbers.shape[0] >= size:
        return numbers
    longer = np.empty(2 * size)
    longer[: numbers.shape[0]] = numbers
    return longer


@nb.njit(**COMPILED)
def nobody_is_born(rng, numbers, state, n_components, n_old):
    """``draw`` draws everything."""


@nb.njit(**INNER)
def run(log_component, sums_of, draw, form_of, begin, predictive, add, rng, problem, position, plan):
    """:func:`run_completed` of a family in which only the components of rows are latent."""
    return run_completed(
        log_component,
        nothing_to_complete,
        sums_of,
        draw,
        form_of,
        nobody_is_born,
        begin,
        predictive,
        add,
        rng,
        problem,
        position,
        plan,
    )


@nb.njit(**INNER)
def run_completed(
    log_component,
    complete,
    sums_of,
    draw,
    form_of,
    give_birth,
    begin,
    predictive,
    add,
    rng,
    problem,
    position,
    plan,
):
    """Keep every ``thin``-th of ``n_kept * thin`` sweeps, with a move of assignments before one in ``between_moves``.

    The number of components is drawn after the moves, and at every sweep.

    Parameters
    ----------
    rng : numpy.random.Generator
    problem : tuple
        ``columns (M, N)``; what :func:`draw_number` takes of the prior; the prior of the concentration, and whether it
        is shared out; ``numbers``, what is known of no rows; and of :func:`carried` the layout and a
        blank.
    position : tuple
        Labels (N,), which are overwritten; the flat state, and the form there; the concentration.
    plan : tuple of int
        ``n_kept``, ``thin``, ``between_moves``.

    Returns
    -------
    n_components, occupied : (S,) arrays of int
        All components, and those with rows, by the assignments that the draw was made from.
    weights, states : arrays
        One draw after the other, each as long as its components are many.
    log_likelihoods : (S,) array
    moves : (S, 3, 2) array of int
        Splits, merges and exchanges that were proposed and accepted on the way to each.
    concentrations : (S,) array
    state, form, concentration : arrays and number
        At the end, to go on from.
    """
    columns, number, of_concentration, dynamic, numbers, no_rows, layout, blank = problem
    labels, state, form, concentration = position
    n_kept, thin, between_moves = plan
    n_rows, n_components = columns.shape[1], form[0].shape[1]
    nothing_known = np.empty((0, n_rows))
    kept_numbers, occupied = np.empty(n_kept, np.int64), np.empty(n_kept, np.int64)
    kept_weights, kept_states = np.empty(8 * n_kept), np.empty(8 * n_kept)
    n_weights, n_states = 0, 0
    log_likelihoods, moves = np.empty(n_kept), np.zeros((n_kept, 3, 2), np.int64)
    concentrations = np.empty(n_kept)
    complete(rng, labels, columns, form, numbers, state)
    for s in range(n_kept):
        for t in range(thin):
            counts, n_before = _counted(labels, n_components), n_components
            if rng.random() * between_moves < 1.0:
                n_before = n_components + 1
                state = carried(state, n_components, layout, blank, np.arange(n_components), n_before)
                give_birth(rng, numbers, state, n_before, n_components)
                form = form_of(np.full(n_before, 1.0 / n_before), numbers, state)
                move(
                    by_type(begin),
                    by_type(predictive),
                    by_type(add),
                    rng,
                    columns,
                    number,
                    concentration,
                    dynamic,
                    numbers,
                    no_rows,
                    form,
                    labels,
                    counts,
                    moves[s],
                )
                counts = _counted(labels, n_before)
            order = occupied_first(labels, counts)
            sizes = counts[order]
            n_components = draw_number(rng, number, concentration, dynamic, sizes, n_rows)
            parts = n_components if dynamic else 1
            share = draw_share(rng, of_concentration, parts, concentration / parts, n_components, sizes, n_rows)
            concentration = share * parts
            state = carried(state, n_before, layout, blank, order, n_components)
            give_birth(rng, numbers, state, n_components, order.shape[0])
            form = form_of(np.full(n_components, 1.0 / n_components), numbers, state)
            counts, sums = sums_of(labels, columns, n_components, form)
            weights = draw_weights(rng, np.full(n_components, share), counts)
            form = draw(rng, weights, counts, sums, form, numbers, state)
            if t == thin - 1:
                kept_numbers[s], occupied[s], concentrations[s] = n_components, order.shape[0], concentration
                kept_weights = _with_room(kept_weights, n_weights + n_components)
                kept_states = _with_room(kept_states, n_states + state.shape[0])
                kept_weights[n_weights : n_weights + n_components] = weights
                kept_states[n_states : n_states + state.shape[0]] = state
                n_weights, n_states = n_weights + n_components, n_states + state.shape[0]
            log_likelihoods[s] = draw_labels(log_component, rng, labels, columns, nothing_known, form)
            complete(rng, labels, columns, form, numbers, state)
    return (
        kept_numbers,
        occupied,
        kept_weights[:n_weights],
        kept_states[:n_states],
        log_likelihoods,
        moves,
        concentrations,
        state,
        form,
        concentration,
    )
