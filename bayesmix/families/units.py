"""Standardised units: what the engines work in, so that the units of the data never matter."""

from dataclasses import dataclass
from math import isfinite

import numba as nb
import numpy as np

from bayesmix.data import Rows
from bayesmix.families.gaussian import Gaussian as Family
from bayesmix.passes.blocks import COMPILED
from bayesmix.threads import one_blas_thread

_BLOCK = 4096  # rows turned at once: they stay in the cache


@dataclass(frozen=True, eq=False)
class Point:
    """Parameters in standardised units: weights (K,), means (K, D) and the covariance structure's factor."""

    weights: np.ndarray
    means: np.ndarray
    factor: np.ndarray

    @property
    def finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return _all_finite(self.weights) and _all_finite(self.means.ravel()) and _all_finite(self.factor.ravel())


@nb.njit(**COMPILED)
def _all_finite(numbers):
    for number in numbers:
        if not isfinite(number):
            return False
    return True


class Units:
    """Standardised units of one analysis: ``z = scale^-1 (x - centre)``, with a scale that the family allows.

    For correlated features ``scale`` is a lower triangular matrix (D, D), for others standard deviations (D,).
    ``columns`` (D, N) are the standardised rows, transposed: the only copy of the data that an engine needs.
    ``spread`` (D,) are the standard deviations of the data's columns.
    """

    def __init__(self, rows: Rows, family: Family, scale: np.ndarray):
        self.family, self.scale = family, scale
        self.centre, self.spread = rows.centre_and_scale
        self.columns = np.empty((rows.n_features, rows.n_rows))
        with one_blas_thread():
            for start in range(0, rows.n_rows, _BLOCK):
                block = slice(start, start + _BLOCK)
                self.columns[:, block] = family.structure.to_standard(rows.values[block] - self.centre, scale).T
        self.log_likelihood_shift = -rows.n_rows * family.structure.log_determinant(scale)

    @classmethod
    def whitened(cls, rows: Rows, family: Family) -> "Units":
        """Units in which the covariance of the data is the identity, or for uncorrelated features has ones as diagonal.

        Full and tied covariances then have the condition of the groups, however nearly collinear the columns are, and
        an affine change of the columns changes nothing. With no more rows than columns: see :meth:`by_columns`.
        """
        if family.correlated:
            return cls(rows, family, rows.covariance_factor)
        return cls.by_columns(rows, family)

    @classmethod
    def by_columns(cls, rows: Rows, family: Family) -> "Units":
        """Units of each column's own, for priors that speak of columns: of their scales and correlations."""
        spread = family.standard_scale(rows.centre_and_scale[1])
        return cls(rows, family, np.diag(spread) if family.correlated else spread)

    def in_columns(self, columns: np.ndarray) -> np.ndarray:
        """Rows (n, D) in units of their columns' standard deviations, from ``columns`` (D, n) in these units."""
        return self.family.structure.from_standard(columns.T, self.scale) / self.family.standard_scale(self.spread)

    @property
    def least_spread(self) -> float:
        """Smallest standard deviation of a combination (of length one) of the columns in their own units."""
        if self.scale.ndim == 1:
            return 1.0
        return float(np.linalg.svd(self.scale / self.spread[:, None], compute_uv=False)[-1])

    def to_params(self, point: Point) -> dict[str, np.ndarray]:
        """Named parameters in the units of the data."""
        structure = self.family.structure
        values = structure.values(structure.factor_from_standard(point.factor, self.scale))
        means = self.centre + structure.from_standard(point.means, self.scale)
        return {"means": means, structure.parameter.name: values}

    def to_point(self, weights, params) -> Point:
        """The inverse of :meth:`to_params`."""
        structure = self.family.structure
        factor = structure.factor(np.asarray(params[structure.parameter.name], dtype=float))
        means = structure.to_standard(np.asarray(params["means"]) - self.centre, self.scale)
        return Point(np.asarray(weights), means, structure.factor_to_standard(factor, self.scale))

    def log_prior_shift(self, n_components: int) -> float:
        """What a log prior density of means and covariances gains in the units of the data."""
        means = n_components * self.family.structure.log_determinant(self.scale)
        return -means - float(self.family.structure.log_rescaling(self.scale, n_components))
