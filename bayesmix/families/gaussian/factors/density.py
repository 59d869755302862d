"""The posterior density of a mixture of factor analysers, by the pass over rows that EM makes.

``q``: K - 1 logits; K x D means in standardised units; the coordinates of the loadings, component by component
(:mod:`~bayesmix.families.gaussian.factors.rotation`); the logarithms of the uniquenesses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import override

import numpy as np

from bayesmix.density import transforms
from bayesmix.density.by_parts import DensityByParts
from bayesmix.density.closed_form import placed
from bayesmix.density.protocol import FreeVariable
from bayesmix.families.gaussian.factors import rotation
from bayesmix.families.gaussian.factors.units import FactorUnits


@dataclass(frozen=True, eq=False)
class FactorDensity(DensityByParts):
    """See :class:`~bayesmix.density.Density`; ``parts`` are in standardised units.

    Attributes
    ----------
    units : FactorUnits
    n_factors : int
    """

    units: FactorUnits = field(kw_only=True)
    n_factors: int = field(kw_only=True)

    @property
    def _n_features(self) -> int:
        return self.units.scale.size

    @property
    @override
    def variables(self) -> tuple[FreeVariable, ...]:
        n_components, n_features = self.n_components, self._n_features
        free = [("weights", (n_components - 1,))] if n_components > 1 else []
        return placed(
            [
                *free,
                ("means", (n_components, n_features)),
                ("loadings", (n_components, rotation.n_free(n_features, self.n_factors))),
                ("uniquenesses", (n_components, n_features)),
            ]
        )

    def _taken(self, q: np.ndarray) -> dict[str, np.ndarray]:
        return {one.name: q[..., one.place].reshape(*q.shape[:-1], *one.shape) for one in self.variables}

    @override
    def _evaluate(self, q, columns, row_weights, *, jacobian: float, prior: float) -> tuple[float, np.ndarray]:
        q = np.asarray(q, dtype=float)
        taken, several = self._taken(q), self.n_components > 1
        weights = transforms.simplex(taken["weights"]) if several else np.ones(1)
        with np.errstate(over="ignore"):
            params = {
                "means": taken["means"],
                "loadings": rotation.from_free(taken["loadings"], self._n_features, self.n_factors),
                "uniquenesses": np.exp(taken["uniquenesses"]),
            }
        value, counts, found = self.likelihood(weights, params, columns, row_weights)
        slopes = dict(found)
        value += self.units.log_likelihood_shift
        if prior:
            value += (1 - jacobian) * self.units.log_prior_shift(self.n_components, self.n_factors)
            for part in self.parts:
                value += float(part.prior.log_density(params[part.name]).sum())
                slopes[part.name] = slopes[part.name] + part.prior.slope(params[part.name])
        gradient = []
        if several:
            value += self._log_of_weights(weights, jacobian, prior)
            gradient.append(self._of_weights(weights, counts, jacobian, prior))
        rows, places, diagonal = rotation.places(self._n_features, self.n_factors)
        powers = jacobian * rotation.powers(self.n_factors)
        in_free = slopes["loadings"][:, rows, places]
        in_free[:, diagonal] = in_free[:, diagonal] * params["loadings"][:, rows[diagonal], places[diagonal]] + powers
        value += float((taken["loadings"][:, diagonal] * powers).sum())
        value += jacobian * (self.n_components * rotation.log_volume(self.n_factors) + taken["uniquenesses"].sum())
        gradient += [slopes["means"].ravel(), in_free.ravel()]
        gradient.append((slopes["uniquenesses"] * params["uniquenesses"] + jacobian).ravel())
        return value, np.concatenate(gradient)

    @override
    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        q = np.asarray(q, dtype=float)
        taken, units = self._taken(q), self.units
        one = np.ones((*q.shape[:-1], 1))
        loadings = rotation.from_free(taken["loadings"], self._n_features, self.n_factors)
        named = {
            "weights": transforms.simplex(taken["weights"]) if self.n_components > 1 else one,
            "means": units.centre + units.scale * taken["means"],
            "loadings": units.scale[:, None] * loadings,
            "uniquenesses": units.scale**2 * np.exp(taken["uniquenesses"]),
        }
        return named | derived(named)

    @override
    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        units = self.units
        uniquenesses = np.asarray(values["uniquenesses"], dtype=float) / units.scale**2
        weights = transforms.simplex_inverse(np.asarray(values["weights"], dtype=float))
        parts = [
            (np.asarray(values["means"], dtype=float) - units.centre) / units.scale,
            rotation.to_free(np.asarray(values["loadings"], dtype=float) / units.scale[:, None]),
            np.log(np.maximum(uniquenesses, _LEAST)),
        ]
        leading = weights.shape[:-1]
        return np.concatenate([weights, *(part.reshape(*leading, -1) for part in parts)], axis=-1)


_LEAST = 1e-10  # of what must not be zero where a sampler starts


def derived(params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Standard deviations, and of each column's variance the share that factors explain."""
    explained = (np.asarray(params["loadings"]) ** 2).sum(axis=-1)
    variances = explained + np.asarray(params["uniquenesses"])
    return {"scales": np.sqrt(variances), "communalities": explained / variances}
