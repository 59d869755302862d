"""The M-step of a prior without a closed one: climb the expected objective numerically, at a cost free of N."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.optimize import minimize

from bayesmix.em.loop import Point
from bayesmix.em.units import Units
from bayesmix.families import Family, Statistics

_STEPS = 10  # of L-BFGS; from one M-step to the next the top moves little


class Surface(Protocol):
    """What this rule needs of a density (see :class:`bayesmix.density.Density`)."""

    def expected_logp_grad(
        self, q: np.ndarray, counts: np.ndarray, centres: np.ndarray, scatters: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Expected complete-data log-likelihood plus log prior, and its gradient."""
        ...

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """Named values of a flat vector."""
        ...

    def unconstrain(self, values: Any) -> np.ndarray:
        """The flat vector of named values."""
        ...


@dataclass(frozen=True, eq=False)
class NumericRule:
    """A generalised M-step: the expected objective is raised by L-BFGS in the density's own coordinates.

    ``weights`` is the weights' prior, for the status that speaks of a concentration below 1.
    """

    surface: Surface
    family: Family
    units: Units
    weights: Any = None

    def m_step(self, point: Point, statistics: Statistics) -> Point:
        """See :class:`~bayesmix.em.loop.Rule`."""
        moments = self._moments(point, statistics)
        start = self._vector(point)

        height = self.surface.expected_logp_grad(start, *moments)[0]

        def minus_gain(q):
            value, gradient = self.surface.expected_logp_grad(q, *moments)
            return (height - value, -gradient) if np.isfinite(value) else (np.inf, np.zeros_like(q))

        climbed = minimize(minus_gain, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "ftol": 1e-14})
        if not climbed.fun < 0:
            return point
        named = self.surface.constrain(climbed.x)
        return self.units.to_point(named["weights"], named)

    def log_prior(self, point: Point) -> float:
        """See :class:`~bayesmix.em.loop.Rule`: the expected objective of no rows."""
        n_components, n_features = point.means.shape
        shape = (n_features, n_features) if self.family.correlated else (n_features,)
        nothing = np.zeros(n_components), np.zeros((n_components, n_features)), np.zeros((n_components, *shape))
        return self.surface.expected_logp_grad(self._vector(point), *nothing)[0]

    def _vector(self, point: Point) -> np.ndarray:
        params = self.family.with_scales(self.units.to_params(point))
        return self.surface.unconstrain({"weights": point.weights, **params})

    def _moments(self, point: Point, statistics: Statistics):
        """Counts, means and scatters around them, in the units of the data, from whitened statistics."""
        scale = self.units.scale
        counts, n_components = statistics.counts, point.weights.size
        shift = statistics.first / np.maximum(counts, np.finfo(float).tiny)[:, None]
        if self.family.correlated:
            factor = np.broadcast_to(point.factor, (n_components, *point.factor.shape[-2:]))
            centred = statistics.second - counts[:, None, None] * shift[:, :, None] * shift[:, None, :]
            scatters = factor @ centred @ np.swapaxes(factor, 1, 2) * np.outer(scale, scale)
            moved = np.einsum("kij,kj->ki", factor, shift)
        else:
            deviations = 1 / self.family.standard_form_of_factor(point.weights, point.means, point.factor).whiteners
            scatters = deviations**2 * (statistics.second - counts[:, None] * shift**2) * scale**2
            moved = deviations * shift
        return counts, self.units.centre + scale * (point.means + moved), scatters
