"""What the passes share: the block of rows, and how they are compiled."""

import numba as nb
import numpy as np

from bayesmix.passes.elementary import ROW_LOOP

# Rows a block: K * (D + 1) * 384 doubles stay in the second-level cache. Not a power of two, so that the same place in
# the arrays of a block does not fall into the same set of the first-level cache.
BLOCK = 384
_LINE = 8  # doubles in a line of the cache

# Serial, without the GIL, cached on disk. Row loops may be reordered into SIMD lanes (see ROW_LOOP). Callees are
# inlined: else a callee is compiled twice, alone and (optimised once more) inside its caller's file, and the process
# that compiles runs the one copy where later processes load the other, with other roundings.
COMPILED = {"nogil": True, "fastmath": ROW_LOOP, "error_model": "numpy", "cache": True, "forceinline": True}
# For a function that takes functions: it lives in the files of its callers, and is part of these before anything is
# compiled. (Where it were compiled by itself, all of it would be so twice or more.)
INNER = {**COMPILED, "cache": False, "inline": "always"}


@nb.njit(**COMPILED)
def buffers(n):
    """``n`` arrays of a block's length, uninitialised.

    Each begins on a line of the cache: the widest SIMD register fills a line, and two lines take twice as long.
    """
    space = np.empty(n * BLOCK + _LINE)
    skipped = (-space.ctypes.data % (8 * _LINE)) // 8
    return space[skipped : skipped + n * BLOCK].reshape((n, BLOCK))


@nb.njit(**COMPILED)
def no_nan(array):
    """Whether no entry is NaN. A row's maximum over components passes over NaN, so that it must be looked for."""
    for value in array.flat:
        if value != value:
            return False
    return True


@nb.njit(**COMPILED)
def fill(row, value):
    """Set every entry of a row."""
    for n in range(row.shape[0]):
        row[n] = value
