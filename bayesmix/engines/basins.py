"""Which basins of the posterior the chains start from."""

from collections.abc import Sequence

import numpy as np

from bayesmix.density import Density
from bayesmix.engines.em import EMResult
from bayesmix.engines.laplace import MANY_UNKNOWNS, Laplace, approximate
from bayesmix.threads import one_blas_thread

# Optima this far below the best in height are not looked at: their mass would have to make up for e^-15.
_WITHIN = 15.0
_AT_MOST = 8


def find_basins(density: Density, em: EMResult) -> list[Laplace]:
    """The Laplace approximation of every distinct basin that EM's optima lead to, by decreasing mass.

    The objective of MAP and the mass of a basin are different things: a narrow peak can be high. A mode whose Hessian
    is not negative definite gives an approximate mass only. With more than 500 unknowns the highest optimum is taken
    for the only basin, because a Hessian is then dear.
    """
    tops = em.optima or (em,)
    height = max(top.objective for top in tops)
    basins: list[Laplace] = []
    at_most = _AT_MOST if density.size <= MANY_UNKNOWNS else 1
    for top in [top for top in tops if top.objective > height - _WITHIN][:at_most]:
        # a density that PyMC compiled asks for every free variable: scales and correlations, too
        named = {"weights": top.weights, **em.family.complete(top.params)}
        with one_blas_thread():
            basin = approximate(density, density.start(named))
        if not any(_is_same(basin, other) for other in basins):
            basins.append(basin)
    return sorted(basins, key=lambda basin: -basin.log_mass)


def _is_same(one: Laplace, other: Laplace) -> bool:
    """Whether two climbs ended on one top, up to a relabelling: of the same height and the same mass."""
    return abs(one.log_density - other.log_density) < 1e-3 and abs(one.log_mass - other.log_mass) < 1e-2


def allocate(basins: Sequence[Laplace], chains: int) -> list[int]:
    """How many chains each basin gets: in proportion to its mass, by largest remainders."""
    log_mass = np.array([basin.log_mass for basin in basins])
    share = np.exp(log_mass - log_mass.max())
    share = chains * share / share.sum()
    counts = np.floor(share).astype(int)
    for i in np.argsort(-(share - counts), kind="stable")[: chains - counts.sum()]:
        counts[i] += 1
    return counts.tolist()
