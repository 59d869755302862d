"""The sampler's coordinates: ``q = centre + T z`` with slopes ``T' dq``."""

import math

import numba as nb

from bayesmix.density.sampler import (
    CENTRE,
    COLUMNS,
    EXPAND,
    N_BLOCKS,
    N_COMPONENTS,
    N_ENTRIES,
    N_FEATURES,
    N_NUMBERS,
    N_ROWS,
    N_WEIGHTS,
    NUMBERS,
    ROW_WEIGHTS,
    TRANSFORM,
    pointer_to_floats,
    pointer_to_integers,
)
from bayesmix.passes.blocks import COMPILED


@nb.njit(**COMPILED)
def arrays_at(user, n):
    """What stands at the sampler's address: rows, their weights, hyperparameters, centre, transform, and two counts."""
    # an intrinsic is called without its first argument
    entries = nb.carray(pointer_to_integers(user), N_ENTRIES)  # pyright: ignore[reportCallIssue]
    columns = nb.carray(pointer_to_floats(entries[COLUMNS]), (entries[N_FEATURES], entries[N_ROWS]))
    row_weights = nb.carray(pointer_to_floats(entries[ROW_WEIGHTS]), entries[N_WEIGHTS])
    numbers = nb.carray(pointer_to_floats(entries[NUMBERS]), entries[N_NUMBERS])
    centre = nb.carray(pointer_to_floats(entries[CENTRE]), n)
    transform = nb.carray(pointer_to_floats(entries[TRANSFORM]), (n, n))
    return columns, row_weights, numbers, centre, transform, entries[N_COMPONENTS], entries[N_BLOCKS]


@nb.njit(**COMPILED)
def from_sampler(z, centre, transform, q):
    """``q = centre + T z``."""
    for i in range(q.shape[0]):
        row = transform[i]
        total = 0.0
        for j in range(z.shape[0]):
            total += row[j] * z[j]
        q[i] = centre[i] + total


@nb.njit(**COMPILED)
def to_sampler_slope(slope, transform, out):
    """``T' slope``."""
    for j in range(out.shape[0]):
        out[j] = 0.0
    for i in range(slope.shape[0]):
        row, s = transform[i], slope[i]
        for j in range(out.shape[0]):
            out[j] += row[j] * s


@nb.njit(**COMPILED)
def all_finite(value, slope):
    """Whether neither the value nor any of its slopes is infinite or NaN."""
    finite = math.isfinite(value)
    for one in slope:
        finite = finite and math.isfinite(one)
    return finite


@nb.cfunc(EXPAND, cache=True)
def expand_function(n, m, z, out, user):
    """The draw that is stored: ``q``."""
    _, _, _, centre, transform, _, _ = arrays_at(user, n)  # pyright: ignore[reportGeneralTypeIssues]: carray is compiled
    from_sampler(nb.carray(z, n), centre, transform, nb.carray(out, m))
    return 0
