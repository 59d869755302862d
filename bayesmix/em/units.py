"""Standardised units: what the engines work in, so that the units of the data never matter."""

import numpy as np

from bayesmix.data import Rows
from bayesmix.em.loop import Point
from bayesmix.families import Family

_BLOCK = 4096  # rows turned at once: they stay in the cache


class Units:
    """Standardised units of one analysis: ``z = (x - centre) / scale``, with scales that the family allows.

    ``columns`` (D, N) are the standardised rows, transposed: the only copy of the data that an engine needs.
    """

    def __init__(self, rows: Rows, family: Family):
        self.family = family
        self.centre, self.spread = rows.centre_and_scale
        self.scale = family.standard_scale(self.spread)
        self.columns = np.empty((rows.n_features, rows.n_rows))
        for start in range(0, rows.n_rows, _BLOCK):
            block = self.columns[:, start : start + _BLOCK]
            np.subtract(rows.values[start : start + _BLOCK].T, self.centre[:, None], out=block)
            block /= self.scale[:, None]
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
