"""Rows into standard units and into the layout of the passes, one block at a time.

Rows come as whoever has them keeps them: row by row or column by column, in double or single precision. Blocks of them
are made into columns (D, n) in double precision, in the cache.
"""

import numba as nb

from bayesmix.passes.blocks import BLOCK, COMPILED


@nb.njit(**COMPILED)
def by_matrix(rows, centre, scale, columns):
    """``scale z = x - centre`` by forward substitution, for a lower triangular ``scale`` (D, D), into ``columns``."""
    n_features, n_rows = columns.shape
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for j in range(n_features):
            entries, out, middle = rows[start : start + size, j], columns[j, start : start + size], centre[j]
            for n in range(size):
                out[n] = entries[n] - middle
        for j in range(n_features):
            out = columns[j, start : start + size]
            for i in range(j):
                above, slope = columns[i, start : start + size], scale[j, i]
                for n in range(size):
                    out[n] -= slope * above[n]
            inverse = 1.0 / scale[j, j]
            for n in range(size):
                out[n] *= inverse


@nb.njit(**COMPILED)
def by_column(rows, centre, scale, columns):
    """``z = (x - centre) / scale`` for standard deviations ``scale`` (D,), into ``columns``."""
    n_features, n_rows = columns.shape
    for start in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - start)
        for j in range(n_features):
            entries, out, middle = rows[start : start + size, j], columns[j, start : start + size], centre[j]
            inverse = 1.0 / scale[j]
            for n in range(size):
                out[n] = (entries[n] - middle) * inverse
