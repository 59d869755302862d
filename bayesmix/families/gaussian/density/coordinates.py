"""Where each free variable stands in the flat vector under either prior, and what its values mean.

A class for each prior; the covariance structure tells how many factors or standard deviations there are.
"""

from collections.abc import Mapping

import numpy as np

from bayesmix.density import transforms
from bayesmix.density.closed_form import placed
from bayesmix.density.protocol import FreeVariable
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.units import Units


class _Coordinates:
    """What both priors share: shapes, and the weights and means."""

    def __init__(self, structure: Structure, units: Units, n_components: int):
        self.structure, self.units = structure, units
        self.n_components, self.n_features = n_components, units.spread.size
        self.own = structure.parameter
        # what the covariance structure repeats: a component axis, or none for tied
        self.blocks = () if self.own.shared else (n_components,)
        self.weights = [("weights", (n_components - 1,))] if n_components > 1 else []

    def _taken(self, q: np.ndarray, variables: tuple[FreeVariable, ...]) -> dict[str, np.ndarray]:
        return {one.name: q[..., one.place].reshape((*q.shape[:-1], *one.shape)) for one in variables}

    def _weights_and_means(self, q: np.ndarray, taken: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        one = np.ones((*q.shape[:-1], 1))
        weights = transforms.simplex(taken["weights"]) if self.n_components > 1 else one
        means = self.units.centre + self.structure.from_standard(taken["means"], self.units.scale)
        return {"weights": weights, "means": means}

    def _joined(self, parts: Mapping[str, np.ndarray], variables, n_leading: int) -> np.ndarray:
        leading = np.shape(parts["means"])[:n_leading]
        return np.concatenate([np.reshape(parts[one.name], (*leading, -1)) for one in variables], axis=-1)

    def _free_weights_and_means(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        shift = np.asarray(values["means"], dtype=float) - self.units.centre
        means = self.structure.to_standard(shift, self.units.scale)
        return {"weights": transforms.simplex_inverse(np.asarray(values["weights"], dtype=float)), "means": means}


class ConjugateCoordinates(_Coordinates):
    """Weights, covariances or variances as their structure frees them, means."""

    def __init__(self, structure: Structure, units: Units, n_components: int):
        super().__init__(structure, units, n_components)
        shape = structure.free_shape(n_components, self.n_features)
        self.variables = placed([*self.weights, (self.own.name, shape), ("means", (n_components, self.n_features))])

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        taken = self._taken(q, self.variables)
        structure = self.structure
        factor = structure.factor_from_free(taken[self.own.name], self.n_components, self.n_features)
        values = structure.values(structure.factor_from_standard(factor, self.units.scale))
        named = self._weights_and_means(q, taken) | {self.own.name: values}
        return named | {"scales": structure.scales(values)}

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        structure = self.structure
        factor = structure.factor(np.asarray(values[self.own.name], dtype=float))
        factor = structure.factor_to_standard(factor, self.units.scale)
        parts = self._free_weights_and_means(values) | {self.own.name: structure.factor_to_free(factor)}
        return self._joined(parts, self.variables, np.ndim(values["means"]) - 2)


class SeparatedCoordinates(_Coordinates):
    """Weights, means, scales (logs), correlations (rows of their factors)."""

    def __init__(self, structure: Structure, units: Units, n_components: int):
        super().__init__(structure, units, n_components)
        n_features = self.n_features
        if structure.correlated:
            scales = (*self.blocks, n_features)
        else:
            scales = self.own.shape(n_components, n_features)
        places = [*self.weights, ("means", (n_components, n_features)), ("scales", scales)]
        if structure.correlated and n_features > 1:
            places.append(("correlations", (*self.blocks, n_features * (n_features - 1) // 2)))
        self.variables = placed(places)
        per_feature = structure.correlated or "feature" in self.own.dims
        unit = structure.common_scale(units.spread)
        self._unit_of_scales = unit if per_feature else unit[0]

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        taken = self._taken(q, self.variables)
        named = self._weights_and_means(q, taken)
        scales = np.exp(taken["scales"]) * self._unit_of_scales
        named["scales"] = scales
        if not self.structure.correlated:
            return named | {self.own.name: scales**2}
        correlations = np.ones((*scales.shape, 1))
        if self.n_features > 1:
            factor = transforms.correlation_factor(taken["correlations"], self.n_features)
            correlations = factor @ np.swapaxes(factor, -1, -2)
            named["correlations"] = correlations
        return named | {self.own.name: correlations * scales[..., :, None] * scales[..., None, :]}

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`; ``covariances`` or ``variances`` are enough."""
        structure = self.structure
        own = np.asarray(values[self.own.name], dtype=float)
        scales = structure.scales(own)
        parts = self._free_weights_and_means(values) | {"scales": np.log(scales / self._unit_of_scales)}
        if self.structure.correlated and self.n_features > 1:
            factor = structure.factor(own) / scales[..., None]
            parts["correlations"] = transforms.correlation_factor_inverse(factor)
        return self._joined(parts, self.variables, np.ndim(values["means"]) - 2)
