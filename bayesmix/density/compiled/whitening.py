"""The sampler's coordinates: ``q = centre + T z`` with slopes ``T' dq``."""

import numba as nb

from bayesmix.density.compiled.sampler import CENTRE, EXPAND, TRANSFORM, pointer_to_floats, pointer_to_integers
from bayesmix.kernels.blocks import COMPILED


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


@nb.cfunc(EXPAND, cache=True)
def expand_function(n, m, z, out, user):
    """The draw that is stored: ``q``."""
    entries = nb.carray(pointer_to_integers(user), 9)
    centre = nb.carray(pointer_to_floats(entries[CENTRE]), n)
    transform = nb.carray(pointer_to_floats(entries[TRANSFORM]), (n, n))
    from_sampler(nb.carray(z, n), centre, transform, nb.carray(out, m))
    return 0
