r"""Search for the partition of least expected loss: rows go, one after another, where it is least.

With :math:`f(m)` of a group of m rows, and of what it shares with a group of a draw, the losses are functions of

.. math:: A = E \sum_{c, l} f(n_{cl}), \qquad B = \sum_c f(m_c),

:math:`n_{cl}` being the rows that group c has in common with group l of a draw and :math:`m_c` its size. For the
variation of information :math:`f(m) = m \log m`, and the loss is :math:`B - 2 A` up to what does not depend on the
partition. For losses of pairs :math:`f(m) = m (m - 1) / 2`, and A is the sum of the probabilities of the pairs in one
group. A row that joins a group adds :math:`f(m + 1) - f(m)` to B, and the same of what it shares to A.

The search is composed of functions. ``adds(evidence, labels, i, used, out)`` is what row i would add to A in each of
the first ``used`` groups, ``count(evidence, i, c, by)`` enters it in group c (by 1) or takes it out (by -1), and
``loss(known, A, B)`` is of the order of one.
"""

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED, INNER

# How the entries are compiled: they are not inlined.
_ENTRY = {"nogil": True, "error_model": "numpy", "cache": True}
_MOST_SWEEPS, _MOST_REBUILDS = 200, 10
_GAIN = 1e-12  # what is less is rounding


@nb.njit(**COMPILED)
def _adds_to_overlaps(evidence, labels, i, used, out):
    """From draws of labels (N, S), tables (S, L, C) of the rows that are placed, and the steps of f."""
    draws, tables, steps = evidence
    n_draws = draws.shape[1]
    for c in range(used):
        out[c] = 0.0
    for s in range(n_draws):
        row = tables[s, draws[i, s]]
        for c in range(used):
            out[c] += steps[row[c]]
    for c in range(used):
        out[c] /= n_draws


@nb.njit(**COMPILED)
def _count_overlaps(evidence, i, c, by):
    draws, tables, _ = evidence
    for s in range(draws.shape[1]):
        tables[s, draws[i, s], c] += by


@nb.njit(**COMPILED)
def _adds_to_pairs(evidence, labels, i, used, out):
    """From the probabilities (N, N) that two rows are together."""
    probability = evidence[0][i]
    for c in range(used):
        out[c] = 0.0
    for j in range(labels.shape[0]):
        if labels[j] >= 0:
            out[labels[j]] += probability[j]


@nb.njit(**COMPILED)
def _count_pairs(evidence, i, c, by):
    """Labels tell all that is asked of pairs."""


@nb.njit(**COMPILED)
def _difference(known, a, b):
    return (b - 2.0 * a) / known[0]


@nb.njit(**COMPILED)
def _minus_adjusted_rand(known, a, b):
    """``known`` are the number of pairs, and how many of them are expected to be together."""
    expected = b * known[1] / known[0]
    scale = 0.5 * (b + known[1]) - expected
    return -(a - expected) / scale if scale > _GAIN * known[0] else -1.0


@nb.njit(**COMPILED)
def _used(sizes):
    """Groups up to the last that has rows."""
    used = sizes.shape[0]
    while used > 0 and sizes[used - 1] == 0:
        used -= 1
    return used


@nb.njit(**COMPILED)
def _shuffle(rng, order):
    for i in range(order.shape[0] - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        order[i], order[j] = order[j], order[i]


@nb.njit(**INNER)
def _leave(adds, count, evidence, steps, partition, i):
    """Take row i out of its group, which is returned; what it would add to each stands in ``out``."""
    labels, sizes, totals, out = partition
    c = labels[i]
    count(evidence, i, c, -1)
    labels[i] = -1
    sizes[c] -= 1
    adds(evidence, labels, i, min(max(_used(sizes), c) + 1, sizes.shape[0]), out)
    totals[0] -= out[c]
    totals[1] -= steps[sizes[c]]
    return c


@nb.njit(**INNER)
def _enter(count, evidence, steps, partition, i, c):
    """Put row i into group c; what it adds to each stands in ``out``."""
    labels, sizes, totals, out = partition
    totals[0] += out[c]
    totals[1] += steps[sizes[c]]
    count(evidence, i, c, 1)
    labels[i] = c
    sizes[c] += 1


@nb.njit(**INNER)
def _best(loss, known, steps, partition, stays):
    """The group, or an empty place, where a row costs least; ``stays``, if any, unless another is better."""
    _, sizes, totals, out = partition
    best = max(stays, 0)
    least = loss(known, totals[0] + out[best], totals[1] + steps[sizes[best]])
    for c in range(min(max(_used(sizes), stays) + 1, sizes.shape[0])):
        value = loss(known, totals[0] + out[c], totals[1] + steps[sizes[c]])
        if value < least - _GAIN:
            best, least = c, value
    return best


@nb.njit(**INNER)
def _allocate(adds, count, loss, evidence, known, steps, partition, rows):
    """Place rows that have no group, one after another."""
    labels, sizes, _, out = partition
    for i in rows:
        adds(evidence, labels, i, min(_used(sizes) + 1, sizes.shape[0]), out)
        _enter(count, evidence, steps, partition, i, _best(loss, known, steps, partition, -1))


@nb.njit(**INNER)
def _sweep(adds, count, loss, evidence, known, steps, partition, rows):
    """Let each of the rows go where the loss is least; how many went is returned."""
    moved = 0
    for i in rows:
        c = _leave(adds, count, evidence, steps, partition, i)
        best = _best(loss, known, steps, partition, c)
        _enter(count, evidence, steps, partition, i, best)
        moved += best != c
    return moved


@nb.njit(**INNER)
def _rebuild(adds, count, loss, rng, evidence, known, steps, partition, c):
    """Dissolve group c and place its rows anew; where that is no better all is as before. Whether it is better."""
    labels, sizes, totals, _ = partition
    before, a, b = labels.copy(), totals[0], totals[1]
    rows = np.flatnonzero(labels == c)
    _shuffle(rng, rows)
    for i in rows:
        _leave(adds, count, evidence, steps, partition, i)
    _allocate(adds, count, loss, evidence, known, steps, partition, rows)
    _sweep(adds, count, loss, evidence, known, steps, partition, rows)
    if loss(known, totals[0], totals[1]) < loss(known, a, b) - _GAIN:
        return True
    for i in rows:
        count(evidence, i, labels[i], -1)
        count(evidence, i, before[i], 1)
        sizes[labels[i]] -= 1
        sizes[before[i]] += 1
        labels[i] = before[i]
    totals[0], totals[1] = a, b
    return False


@nb.njit(**INNER)
def _search(adds, count, loss, rng, evidence, known, steps, start, n_groups):
    """One search from ``start`` (N,), in which rows of label -1 are placed first; at most ``n_groups`` groups.

    After Dahl, Johnson and Mueller (2022): rows are placed in a random order, then each goes where the loss is least
    until none does; then groups are dissolved and their rows placed anew, as long as that helps.
    """
    n_rows = start.shape[0]
    labels, sizes = np.full(n_rows, -1), np.zeros(n_groups, dtype=np.int64)
    partition = labels, sizes, np.zeros(2), np.zeros(n_groups)
    order = np.arange(n_rows)
    _shuffle(rng, order)
    for i in order:
        if start[i] >= 0:
            adds(evidence, labels, i, n_groups, partition[3])
            _enter(count, evidence, steps, partition, i, start[i])
    _allocate(adds, count, loss, evidence, known, steps, partition, order[start[order] < 0])
    for _ in range(_MOST_REBUILDS):
        for _ in range(_MOST_SWEEPS):
            _shuffle(rng, order)
            if _sweep(adds, count, loss, evidence, known, steps, partition, order) == 0:
                break
        groups = np.flatnonzero(sizes)
        _shuffle(rng, groups)
        better = False
        for c in groups:
            if sizes[c] > 0 and _rebuild(adds, count, loss, rng, evidence, known, steps, partition, c):
                better = True
        if not better:
            break
    return labels


@nb.njit(**_ENTRY)
def least_information(rng, draws, n_labels, known, steps, start, n_groups):
    """Search for the least variation of information from draws of labels (N, S)."""
    tables = np.zeros((draws.shape[1], n_labels, n_groups), dtype=np.int32)
    evidence = draws, tables, steps
    return _search(_adds_to_overlaps, _count_overlaps, _difference, rng, evidence, known, steps, start, n_groups)


@nb.njit(**_ENTRY)
def least_binder(rng, together, known, steps, start, n_groups):
    """Search for Binder's least loss, by the probabilities of pairs (N, N)."""
    return _search(_adds_to_pairs, _count_pairs, _difference, rng, (together,), known, steps, start, n_groups)


@nb.njit(**_ENTRY)
def greatest_adjusted_rand(rng, together, known, steps, start, n_groups):
    """Search for the greatest adjusted Rand index, by the probabilities of pairs (N, N)."""
    return _search(_adds_to_pairs, _count_pairs, _minus_adjusted_rand, rng, (together,), known, steps, start, n_groups)
