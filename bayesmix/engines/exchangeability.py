"""Whether components may change places without changing the posterior."""

from collections.abc import Callable

import numpy as np

from bayesmix.density import Density
from bayesmix.families import Family

_POINTS = 3  # random points at which the density is compared
_STEP = 1e-3


def is_exchangeable(density: Density, family: Family, n_components: int) -> bool:
    """Whether the posterior is the same after every swap of neighbouring components, at random points.

    The likelihood is symmetric, so that only a prior can tell components apart: a Dirichlet with unequal
    concentrations, or a PyMC prior with different numbers for each component. So may coordinates: then a swap
    stretches them, and the density of ``q`` changes by as much.
    """
    if n_components == 1:
        return True
    moving = family.component_variables
    rng = np.random.default_rng(0)
    for _ in range(_POINTS):
        q = 0.3 * rng.standard_normal(density.size)
        value = density.logp_grad(q)[0]
        allowed = 1e-7 * (1 + abs(value))
        for k in range(n_components - 1):
            order = np.arange(n_components)
            order[[k, k + 1]] = order[[k + 1, k]]

            def swapped(points, order=order):
                named = density.constrain(points)
                other = {name: np.take(named[name], order, axis=points.ndim - 1) for name in moving if name in named}
                return density.unconstrain({**named, **other})

            change = density.logp_grad(swapped(q))[0] - value
            if abs(change) > allowed and not abs(change + _log_stretch(swapped, q)) <= allowed:
                return False
    return True


def _log_stretch(function: Callable[[np.ndarray], np.ndarray], q: np.ndarray) -> float:
    """``log |d function / d q|`` by central differences of order four."""
    steps = _STEP * np.eye(q.size)
    near, far = (function(q + m * steps) - function(q - m * steps) for m in (1, 2))
    return float(np.linalg.slogdet((8 * near - far) / (12 * _STEP))[1])
