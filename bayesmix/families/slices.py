"""Slice sampling: draws of one number whose log density is known up to a constant, without anything to tune.

References
----------
Neal, R. M. (2003). Slice sampling. The Annals of Statistics 31, 705-767. https://doi.org/10.1214/aos/1056562461
"""

import numba as nb

from bayesmix.families.handed_on import APART


@nb.njit(**APART)
def slice_step(log_density, rng, at, width, known):
    """A step from ``at`` that keeps the density ``exp(log_density(x, known))``, by stepping out and shrinkage.

    ``width``, about as wide as the density, changes the cost alone: it must not depend on where the step begins.
    """
    level = log_density(at, known) - rng.standard_exponential()
    low = at - width * rng.random()
    high = low + width
    while log_density(low, known) > level:
        low -= width
    while log_density(high, known) > level:
        high += width
    while True:
        new = low + (high - low) * rng.random()
        if log_density(new, known) > level or new == at:
            return new
        if new < at:
            low = new
        else:
            high = new
