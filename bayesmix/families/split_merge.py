r"""Moves of many assignments at once, which take a Gibbs sampler from mode to mode.

Two rows are chosen. Where they share a component that is to be split, an empty component takes the second one, and
every other row of the component is allocated to one of the two in random order, by its predictive density given the
rows that are there already (sequentially allocated, Dahl 2005). Where they do not, either their components are merged,
which is the way back, or all rows of the two but the chosen ones are allocated anew, an exchange.

Weights and the parameters of the two components are integrated out: with :math:`m(A)` the density of the rows of A
under one component, the product of the predictive densities in any order, assignments have the density

.. math:: p(z \mid x) \propto \prod_k \Gamma(n_k + \alpha_k) \, m(A_k),

where components share nothing. What they share, such as a covariance, is integrated out, too: the product over the
components is then the density of all rows, and a row is predicted from rows of all components, of which those of others
than the two are seen first.

A proposal is accepted by Metropolis and Hastings' rule with the probability
:math:`q` of the allocation, and with the choices that are not alike on both ways: a split takes one of E empty
components, and two rows that are apart are merged in one of two cases,

.. math:: \frac{p(z^*)}{p(z)} \, \frac{E / 2}{q(z^*)} \quad \text{(split)}, \qquad
   \frac{p(z^*)}{p(z)} \, \frac{q(z)}{(E + 1) / 2} \quad \text{(merge)}, \qquad
   \frac{p(z^*)}{p(z)} \, \frac{q(z)}{q(z^*)} \quad \text{(exchange)}.

Where the number of components is unknown (:func:`bayesmix.families.telescoping.move`) the assignments are a partition
of the rows, which has one place for a new component: E is 1 in a split, and 0 in a merge.

References
----------
Dahl, D. B. (2005). Sequentially-allocated merge-split sampler for conjugate and nonconjugate Dirichlet process mixture
models. Technical report, Texas A&M University.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families.handed_on import APART

SPLIT, MERGE, EXCHANGE = 0, 1, 2


@nb.njit(**APART)
def below(rng, n):
    """One of ``0, ..., n - 1``."""
    return min(int(rng.random() * n), n - 1)


@nb.njit(**APART)
def _allocate(
    begin,
    predictive,
    add,
    rng,
    columns,
    numbers,
    form,
    rows,
    firsts,
    pair,
    prior_counts,
    known,
    of_others,
    sides,
    drawing,
):
    """Allocate rows to the two components of a pair in turn, or follow the allocation in ``sides``.

    Returns the log probability of the allocation, the log density of the rows as it allocates them, and how many the
    two then have.
    """
    log_density, log_probability, shared = 0.0, 0.0, of_others.copy()
    counts = np.empty(2)
    for side in range(2):
        begin(known[side], numbers, form, pair[side])
        log_density += predictive(known[side], shared, columns, firsts[side], numbers, form, pair[side])
        add(known[side], shared, columns, firsts[side], numbers, form, pair[side])
        counts[side] = prior_counts[side] + 1.0
    for place in range(rows.shape[0]):
        i = rows[place]
        first = predictive(known[0], shared, columns, i, numbers, form, pair[0])
        second = predictive(known[1], shared, columns, i, numbers, form, pair[1])
        odds = second - first + math.log(counts[1] / counts[0])  # of the second component, in logs
        if drawing:
            sides[place] = (
                1 if rng.random() * (1.0 + math.exp(-abs(odds))) < (1.0 if odds > 0 else math.exp(odds)) else 0
            )
        side = sides[place]
        log_density += second if side == 1 else first
        other = odds if side == 0 else -odds
        log_probability -= max(other, 0.0) + math.log1p(math.exp(-abs(other)))
        add(known[side], shared, columns, i, numbers, form, pair[side])
        counts[side] += 1.0
    n_second = 1.0 + sides.sum()
    return log_probability, log_density, (rows.shape[0] + 2.0 - n_second, n_second)


@nb.njit(**APART)
def _together(begin, predictive, add, columns, numbers, form, rows, firsts, component, known, of_others):
    """Log density of all these rows in one component, and how many it then has, and the other."""
    begin(known[0], numbers, form, component)
    log_density, shared = 0.0, of_others.copy()
    for side in range(2):
        log_density += predictive(known[0], shared, columns, firsts[side], numbers, form, component)
        add(known[0], shared, columns, firsts[side], numbers, form, component)
    for i in rows:
        log_density += predictive(known[0], shared, columns, i, numbers, form, component)
        add(known[0], shared, columns, i, numbers, form, component)
    return log_density, (rows.shape[0] + 2.0, 0.0)


@nb.njit(**APART)
def _shared_by_others(begin, add, columns, numbers, no_rows, form, labels, pair):
    """What is known of that which all components share, from the rows of all but the pair."""
    n_known, at_first = no_rows
    shared = at_first.copy()
    if shared.shape[0] > 0:
        n_components = form[0].shape[1]
        known = np.empty((n_components, n_known))
        for k in range(n_components):
            begin(known[k], numbers, form, k)
        for i in range(labels.shape[0]):
            k = labels[i]
            if k != pair[0] and k != pair[1]:
                add(known[k], shared, columns, i, numbers, form, k)
    return shared


@nb.njit(**APART)
def two_rows(rng, n_rows):
    """Two that differ."""
    i = below(rng, n_rows)
    j = below(rng, n_rows - 1)
    return i, j + (j >= i)


@nb.njit(**APART)
def merge_or_exchange(rng):
    """What is proposed where two rows are apart."""
    return MERGE if rng.random() < 0.5 else EXCHANGE


@nb.njit(**APART)
def propose(begin, predictive, add, rng, columns, numbers, no_rows, form, labels, kind, firsts, pair, prior_counts):
    """Propose new places for the rows of a pair of components, of which the second may have none.

    Returns the log of the ratio of densities of the rows with that of the probabilities of the proposals, with E as 1
    and 0; the rows but the ``firsts``, and which side each is to go to; and how many rows the two have now, and then.
    """
    mine, other = pair
    n_others = 0
    for label in labels:
        n_others += label == mine or label == other
    rows = np.empty(n_others - 2, np.int64)
    place = 0
    for n in range(labels.shape[0]):
        if (labels[n] == mine or labels[n] == other) and n != firsts[0] and n != firsts[1]:
            rows[place] = n
            place += 1
    for place in range(rows.shape[0] - 1, 0, -1):
        swapped = below(rng, place + 1)
        rows[place], rows[swapped] = rows[swapped], rows[place]
    known, of_others = (
        np.empty((2, no_rows[0])),
        _shared_by_others(begin, add, columns, numbers, no_rows, form, labels, pair),
    )
    now, then = np.empty(rows.shape[0], np.int64), np.zeros(rows.shape[0], np.int64)
    for place in range(rows.shape[0]):
        now[place] = 1 if labels[rows[place]] == other else 0
    if kind == MERGE:
        p_then, n_then = _together(begin, predictive, add, columns, numbers, form, rows, firsts, mine, known, of_others)
        q_then = math.log(0.5)
    else:
        q_then, p_then, n_then = _allocate(
            begin,
            predictive,
            add,
            rng,
            columns,
            numbers,
            form,
            rows,
            firsts,
            pair,
            prior_counts,
            known,
            of_others,
            then,
            True,
        )
    if kind == SPLIT:
        p_now, n_now = _together(begin, predictive, add, columns, numbers, form, rows, firsts, mine, known, of_others)
        q_now = math.log(0.5)
    else:
        q_now, p_now, n_now = _allocate(
            begin,
            predictive,
            add,
            rng,
            columns,
            numbers,
            form,
            rows,
            firsts,
            pair,
            prior_counts,
            known,
            of_others,
            now,
            False,
        )
    return p_then - p_now + q_now - q_then, rows, then, n_now, n_then


@nb.njit(**APART)
def accept(rng, log_ratio, labels, kind, firsts, pair, rows, then, moves):
    """By Metropolis and Hastings' rule; whether ``labels`` have changed."""
    moves[kind, 0] += 1
    if not math.log(rng.random()) < log_ratio:
        return False
    moves[kind, 1] += 1
    labels[firsts[1]] = pair[0] if kind == MERGE else pair[1]
    for place in range(rows.shape[0]):
        labels[rows[place]] = pair[then[place]]
    return True


@nb.njit(**APART)
def move(begin, predictive, add, rng, columns, concentrations, numbers, no_rows, form, labels, counts, moves):
    """Propose a split, a merge or an exchange; whether ``labels`` have changed.

    ``moves`` (4, 2) counts, in its first three rows, what was proposed and what was accepted.
    """
    n_rows, n_components = labels.shape[0], counts.shape[0]
    if n_rows < 2 or n_components < 2:
        return False
    firsts = two_rows(rng, n_rows)
    mine, other = labels[firsts[0]], labels[firsts[1]]
    n_empty = 0
    for k in range(n_components):
        n_empty += counts[k] == 0
    if mine == other:
        if n_empty == 0:
            return False
        kind, skipped = SPLIT, below(rng, n_empty)
        for k in range(n_components):
            if counts[k] == 0:
                if skipped == 0:
                    other = k
                skipped -= 1
    else:
        kind = merge_or_exchange(rng)
    pair, prior_counts = (mine, other), (concentrations[mine], concentrations[other])
    log_ratio, rows, then, n_now, n_then = propose(
        begin, predictive, add, rng, columns, numbers, no_rows, form, labels, kind, firsts, pair, prior_counts
    )
    if kind == SPLIT:
        log_ratio += math.log(n_empty)
    elif kind == MERGE:
        log_ratio -= math.log(n_empty + 1)
    for side in range(2):
        log_ratio += math.lgamma(prior_counts[side] + n_then[side]) - math.lgamma(prior_counts[side] + n_now[side])
    return accept(rng, log_ratio, labels, kind, firsts, pair, rows, then, moves)
