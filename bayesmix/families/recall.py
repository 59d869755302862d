r"""A move that takes a component from where it is to rows that were one component before.

Small components are what a Gibbs sampler is slow to find and slow to leave: parameters drawn from a wide prior rarely
land on a few rows, and a split of two random rows rarely parts these few from the others. What a chain, or another one
beside it, has found once is remembered, as a set of rows, and proposed ever after.

A component k is chosen, with a probability in proportion to :math:`1 / (1 + n_k)`. Its rows, if it has any, go to the
other components by the densities and sizes of these; call the assignments between :math:`z'`. Of the remembered sets a
few are drawn, whatever the state is. One of them stands for the component, or none: against the component where a row
is by :math:`z'`, every row takes part in k with the odds

.. math:: o_i = \frac{(|e| + \alpha_k) \, f(x_i \mid e)}{(n'_{z'_i} + \alpha_{z'_i}) \, f(x_i \mid z')},

the predictive densities of row i given the rows of the set e, and given those of its component. So the proposed rows
are not the set but like it, and the component may end without rows as it may begin without. The way back leads through
the same :math:`z'` and the same sets. With :math:`p(z \mid x)` of :mod:`bayesmix.families.split_merge`, :math:`c` the
choice of k, :math:`d` the probability that the rows of k go where they are by :math:`z'`, and the sum over the sets and
none of them

.. math:: r(A) = 1_{A = \emptyset} + \sum_e \prod_i \frac{o_{ei}^{1_{i \in A}}}{1 + o_{ei}},

new rows :math:`A^*` in the place of the rows A of component k are accepted with the probability

.. math:: \min\left(1, \frac{p(z^* \mid x) \, c(z^*) \, d(z^*, z') \, r(A)}{p(z \mid x) \, c(z) \, d(z, z') \, r(A^*)}
   \right).
"""

import math

import numba as nb
import numpy as np

from bayesmix.families.handed_on import APART
from bayesmix.families.split_merge import below

# Remembered sets that one proposal looks at. Each costs a look at every row; the way back must find its own among them.
SETS = 4
# Odds below exp(-40) are none.
_NO_ODDS = -40.0


@nb.njit(**APART)
def _choose(rng, counts):
    """A component, small ones first."""
    left = 0.0
    for count in counts:
        left += 1.0 / (1.0 + count)
    left *= rng.random()
    for k in range(counts.shape[0]):
        left -= 1.0 / (1.0 + counts[k])
        if left < 0.0:
            return k
    return counts.shape[0] - 1


@nb.njit(**APART)
def _log_choice(counts, k):
    """Log probability of that choice."""
    total = 0.0
    for count in counts:
        total += 1.0 / (1.0 + count)
    return -math.log((1.0 + counts[k]) * total)


@nb.njit(**APART)
def _see(begin, predictive, add, columns, numbers, no_rows, form, labels, wanted, known, shared, log_densities):
    """Let the wanted components see their rows; the log density of these into ``log_densities``.

    Where components share something all are wanted, whatever ``wanted`` says.
    """
    shared[:] = no_rows[1]
    if shared.shape[0] > 0:
        wanted[:] = True
    for c in range(wanted.shape[0]):
        if wanted[c]:
            begin(known[c], numbers, form, c)
            log_densities[c] = 0.0
    for i in range(labels.shape[0]):
        c = labels[i]
        if wanted[c]:
            log_densities[c] += predictive(known[c], shared, columns, i, numbers, form, c)
            add(known[c], shared, columns, i, numbers, form, c)


@nb.njit(**APART)
def _log_shares(predictive, columns, i, numbers, form, known, shared, counts, concentrations, k, shares):
    """Log probabilities with which row i goes to each component but k."""
    top = -math.inf
    for c in range(counts.shape[0]):
        shares[c] = -math.inf
        if c != k:
            shares[c] = predictive(known[c], shared, columns, i, numbers, form, c) + math.log(
                counts[c] + concentrations[c]
            )
        top = max(top, shares[c])
    total = 0.0
    for c in range(counts.shape[0]):
        total += math.exp(shares[c] - top)
    for c in range(counts.shape[0]):
        shares[c] -= top + math.log(total)


@nb.njit(**APART)
def _one_of(rng, log_shares):
    """An index, drawn by log probabilities."""
    left, drawn = rng.random(), 0
    for c in range(log_shares.shape[0]):
        if log_shares[c] > -math.inf:
            drawn = c
            left -= math.exp(log_shares[c])
            if left < 0.0:
                break
    return drawn


@nb.njit(**APART)
def _odds_given(
    begin, predictive, add, columns, numbers, form, k, concentration, rows, at_home, known, shared, log_odds
):
    """Log odds of every row of being in component k, for which a set of rows stands; the sum of log(1 + odds).

    What all components share is as ``shared`` knows it.
    """
    begin(known, numbers, form, k)
    size, with_set = 0, shared.copy()
    for i in range(rows.shape[0]):
        if rows[i]:
            add(known, with_set, columns, i, numbers, form, k)
            size += 1
    log_size, total = math.log(size + concentration), 0.0
    for i in range(rows.shape[0]):
        log_odds[i] = predictive(known, shared, columns, i, numbers, form, k) + log_size - at_home[i]
        if log_odds[i] > _NO_ODDS:
            total += max(log_odds[i], 0.0) + math.log1p(math.exp(-abs(log_odds[i])))
    return total


@nb.njit(**APART)
def _log_proposal(log_odds, totals, labels, k):
    """``log r`` of the rows of k."""
    logs, empty = -totals, True
    for i in range(labels.shape[0]):
        if labels[i] == k:
            empty = False
            for t in range(totals.shape[0]):
                logs[t] += log_odds[t, i]
    top = 0.0 if empty else logs.max()
    if not top > -math.inf:
        return top
    total = math.exp(-top) if empty else 0.0
    for one in logs:
        total += math.exp(one - top)
    return top + math.log(total)


@nb.njit(**APART)
def recall(
    begin,
    predictive,
    add,
    rng,
    columns,
    concentrations,
    numbers,
    no_rows,
    form,
    labels,
    counts,
    remembered,
    moves,
):
    """Propose other rows for one component; whether ``labels`` have changed.

    ``remembered`` (M, N) are the sets of rows, ``moves`` (2,) counts what was proposed and what was accepted.
    """
    n_rows, n_components = labels.shape[0], counts.shape[0]
    if n_components < 2 or remembered.shape[0] == 0:
        return False
    k = _choose(rng, counts)
    known, shared = np.empty((n_components, no_rows[0])), np.empty(no_rows[1].shape[0])
    log_now, changed = np.empty(n_components), np.ones(n_components, np.bool_)
    _see(begin, predictive, add, columns, numbers, no_rows, form, labels, changed, known, shared, log_now)

    # The rows of k go elsewhere.
    between, sizes, shares = labels.copy(), counts.copy(), np.empty(n_components)
    changed[:] = False
    changed[k] = True
    back, there = 0.0, _log_choice(counts, k)
    for i in range(n_rows):
        if labels[i] == k:
            _log_shares(predictive, columns, i, numbers, form, known, shared, counts, concentrations, k, shares)
            between[i] = _one_of(rng, shares)
            there += shares[between[i]]
            sizes[between[i]] += 1.0
            changed[between[i]] = True
    log_then = log_now.copy()
    _see(begin, predictive, add, columns, numbers, no_rows, form, between, changed, known, shared, log_then)

    # Other rows come to it.
    at_home = np.empty(n_rows)
    for i in range(n_rows):
        c = between[i]
        at_home[i] = predictive(known[c], shared, columns, i, numbers, form, c) + math.log(sizes[c] + concentrations[c])
    log_odds, totals = np.empty((SETS, n_rows)), np.empty(SETS)
    for t in range(SETS):
        rows = remembered[below(rng, remembered.shape[0])]
        totals[t] = _odds_given(
            begin,
            predictive,
            add,
            columns,
            numbers,
            form,
            k,
            concentrations[k],
            rows,
            at_home,
            known[k],
            shared,
            log_odds[t],
        )
    then, same, t = between.copy(), True, below(rng, SETS + 1)
    sizes[k] = 0.0
    for i in range(n_rows):
        if t < SETS and log_odds[t, i] > _NO_ODDS and rng.random() * (1.0 + math.exp(-log_odds[t, i])) < 1.0:
            then[i] = k
            changed[between[i]] = True
            sizes[between[i]] -= 1.0
            sizes[k] += 1.0
        same = same and then[i] == labels[i]
    if same:
        return False
    moves[0] += 1
    there += _log_proposal(log_odds, totals, then, k)
    back += _log_proposal(log_odds, totals, labels, k)

    # And back.
    _see(begin, predictive, add, columns, numbers, no_rows, form, then, changed, known, shared, log_then)
    back += _log_choice(sizes, k)
    for i in range(n_rows):
        if then[i] == k:
            _log_shares(predictive, columns, i, numbers, form, known, shared, sizes, concentrations, k, shares)
            back += shares[between[i]]
    log_ratio = back - there
    for c in range(n_components):
        log_ratio += log_then[c] - log_now[c]
        log_ratio += math.lgamma(sizes[c] + concentrations[c]) - math.lgamma(counts[c] + concentrations[c])
    if not math.log(rng.random()) < log_ratio:
        return False
    moves[1] += 1
    labels[:] = then
    return True
