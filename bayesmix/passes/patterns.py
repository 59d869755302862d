"""Rows with missing cells as the passes take them: the cells are NaN, and below the features stands a row more.

Rows of one pattern miss the same cells. The row below holds the number of each row's pattern, from 1 on, and NaN for a
row that misses none: so ``columns`` (M + 1, N) hold a NaN whichever rows are chosen from them, and complete ones (M, N)
never do.
"""

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


def with_patterns(columns: np.ndarray, which: np.ndarray) -> np.ndarray:
    """``columns`` (M, N) with the pattern of each row, numbered from 0 by ``which`` (N,), below: (M + 1, N)."""
    below = np.where(np.isnan(columns).any(axis=0), which + 1.0, np.nan)
    return np.concatenate([np.ascontiguousarray(columns), below[None]])


def has_patterns(columns: np.ndarray) -> bool:
    """Whether :func:`with_patterns` made them."""
    return bool(np.isnan(columns).any())


@nb.njit(**COMPILED)
def by_pattern(below):
    """Positions of the rows, pattern after pattern (N,), and where each begins (P + 1,); some may have no rows."""
    n_rows, n_patterns = below.shape[0], 1
    which = np.zeros(n_rows, np.int64)
    for i in range(n_rows):
        if below[i] == below[i]:
            which[i] = int(below[i])
            n_patterns = max(n_patterns, which[i] + 1)
    begins = np.zeros(n_patterns + 1, np.int64)
    for i in range(n_rows):
        begins[which[i] + 1] += 1
    for p in range(n_patterns):
        begins[p + 1] += begins[p]
    order, place = np.empty(n_rows, np.int64), begins.copy()
    for i in range(n_rows):
        order[place[which[i]]] = i
        place[which[i]] += 1
    return order, begins


@nb.njit(**COMPILED)
def split_features(columns, i, n_features):
    """Which features of row i are missing, and which were seen."""
    missing, seen = np.empty(n_features, np.int64), np.empty(n_features, np.int64)
    n_missing, n_seen = 0, 0
    for j in range(n_features):
        if columns[j, i] != columns[j, i]:
            missing[n_missing] = j
            n_missing += 1
        else:
            seen[n_seen] = j
            n_seen += 1
    return missing[:n_missing], seen[:n_seen]


@nb.njit(**COMPILED)
def end_of_pattern(below, begin, until):
    """Where the rows from ``begin`` on that miss the same cells end, ``until`` at the latest."""
    own, end = below[begin], begin + 1
    while end < until and (below[end] == own or (own != own and below[end] != below[end])):
        end += 1
    return end
