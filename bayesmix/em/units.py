"""Standardised units: what the engines work in, so that the units of the data never matter."""

import numpy as np

from bayesmix.data import Rows, centre_and_scale
from bayesmix.em.loop import Point
from bayesmix.families import Family


class Units:
    """Standardised units of one analysis: ``z = (x - centre) / scale``, with scales that the family allows."""

    def __init__(self, rows: Rows, family: Family):
        self.family = family
        self.centre, scale = centre_and_scale(rows.values)
        self.scale = family.standard_scale(scale)
        self.rows = (rows.values - self.centre) / self.scale
        self.columns = np.ascontiguousarray(self.rows.T)
        self.log_likelihood_shift = -rows.n_rows * float(np.log(self.scale).sum())

    def to_params(self, point: Point) -> dict[str, np.ndarray]:
        """Named parameters in the units of the data."""
        structure = self.family.structure
        values = structure.rescale(structure.values(point.factor), self.scale)
        return {"means": self.centre + self.scale * point.means, structure.parameter.name: values}

    def to_point(self, weights, params) -> Point:
        """The inverse of :meth:`to_params`."""
        structure = self.family.structure
        values = structure.rescale(np.asarray(params[structure.parameter.name]), 1 / self.scale)
        means = (np.asarray(params["means"]) - self.centre) / self.scale
        return Point(np.asarray(weights), means, structure.factor(values))

    def log_prior_shift(self, n_components: int) -> float:
        """What a log prior density of means and covariances gains in the units of the data."""
        means = n_components * float(np.log(self.scale).sum())
        return -means - float(self.family.structure.log_rescaling(self.scale, n_components))
