"""Whether components may change places without changing the posterior."""

import numpy as np

from bayesmix.density import Density
from bayesmix.families import Family

_POINTS = 3  # random points at which the density is compared


def is_exchangeable(density: Density, family: Family, n_components: int) -> bool:
    """Whether the log density is the same after every swap of neighbouring components, at random points.

    The likelihood and the Jacobians are symmetric, so that only a prior can tell components apart: a Dirichlet with
    unequal concentrations, or a PyMC prior with different numbers for each component.
    """
    if n_components == 1:
        return True
    rng = np.random.default_rng(0)
    for _ in range(_POINTS):
        q = 0.3 * rng.standard_normal(density.size)
        value, named = density.logp_grad(q)[0], density.constrain(q)
        for k in range(n_components - 1):
            order = np.arange(n_components)
            order[[k, k + 1]] = order[[k + 1, k]]
            permuted = {name: named[name][order] for name in family.component_variables if name in named}
            swapped = {**named, **permuted}
            other = density.logp_grad(density.unconstrain(swapped))[0]
            if abs(other - value) > 1e-7 * (1 + abs(value)):
                return False
    return True
