"""Small matrices, entry by entry.

Numba compiles a loop in milliseconds, and a slice assignment or a ``reshape`` in seconds (it brings the error messages
for shapes that do not match).
"""

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def matrix_from(vector, start, n_rows, n_columns):
    """The matrix whose entries stand in a vector from ``start`` on, row by row."""
    out = np.empty((n_rows, n_columns))
    for i in range(n_rows):
        for j in range(n_columns):
            out[i, j] = vector[start + i * n_columns + j]
    return out


@nb.njit(**COMPILED)
def sum_into_first(stack):
    """Replace the first matrix of a stack by the sum of all."""
    for k in range(1, stack.shape[0]):
        for i in range(stack.shape[1]):
            for j in range(stack.shape[2]):
                stack[0, i, j] += stack[k, i, j]
