r"""Maps between parameters in the units of the data and PyMC's unconstrained values, free of units.

``centre`` and ``scale`` are the columns' mean and standard deviation, ``half`` a Cholesky factor of their covariance,
so that one unit of an unconstrained value is one standard deviation of the data whatever the units, and PyMC's jitter
of plus or minus one is reasonable.
The names of the transforms have no underscore: PyMC cuts a value variable's name at its last one.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from scipy.linalg import solve_triangular


def lower_triangle_of(packed: Any, rows: np.ndarray, columns: np.ndarray, size: int) -> Any:
    """Scatter (..., P) packed entries into (..., size, size) matrices that are zero elsewhere."""
    empty = pt.zeros((*packed.shape[:-1], size, size), dtype="float64")
    return empty[..., rows, columns].set(packed)


def times_transpose(factor: Any) -> Any:
    """``L @ L.T``, of which PyTensor is told that ``L`` is lower triangular: its ``cholesky`` becomes ``L``."""
    factor.tag.lower_triangular = True
    return factor @ factor.mT


def inverse_of_lower(matrix: np.ndarray) -> np.ndarray:
    """The inverse of a lower triangular matrix."""
    return solve_triangular(matrix, np.eye(matrix.shape[0]), lower=True)


class Affine(Transform):
    """Location and scale of each feature: ``q = (value - centre) / scale``.

    Parameters
    ----------
    centre, scale : (D,) arrays
    """

    name = "affine"
    ndim_supp = 1

    def __init__(self, centre: Any, scale: Any):
        self.centre = np.asarray(centre, dtype=np.float64)
        self.scale = np.asarray(scale, dtype=np.float64)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Raw units to unconstrained."""
        return (value - self.centre) / self.scale

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained to raw units."""
        return value * self.scale + self.centre

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """A constant for each component."""
        return pt.full(value.shape[:-1], np.log(self.scale).sum())


class Whitening(Transform):
    """Location and scale of all features together: ``q = half^-1 (value - centre)``.

    Parameters
    ----------
    centre : (D,) array
    half : (D, D) array, lower triangular
    """

    name = "affine"
    ndim_supp = 1

    def __init__(self, centre: Any, half: Any):
        self.centre = np.asarray(centre, dtype=np.float64)
        self.half = np.asarray(half, dtype=np.float64)
        self.inverse = inverse_of_lower(self.half)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Raw units to unconstrained."""
        return (value - self.centre) @ self.inverse.T

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained to raw units."""
        return value @ self.half.T + self.centre

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """A constant for each component."""
        return pt.full(value.shape[:-1], np.log(np.diagonal(self.half)).sum())


class ScaledLog(Transform):
    """Positive numbers in units of ``unit``: ``q = log(value / unit)``.

    Parameters
    ----------
    unit : array that broadcasts against the value
    """

    name = "scaled-log"
    ndim_supp = 0

    def __init__(self, unit: Any):
        self.log_unit = np.log(np.asarray(unit, dtype=np.float64))

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Raw units to unconstrained."""
        return pt.log(value) - self.log_unit

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained to raw units."""
        return pt.exp(value + self.log_unit)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Log of the value itself."""
        return value + self.log_unit


class ScaledCholesky(Transform):
    r"""Covariance matrices by the Cholesky factor of the standardised matrix, its diagonal logged.

    .. math:: \Sigma = H L L^\top H^\top, \qquad
              \log\Bigl|\frac{\partial \Sigma}{\partial q}\Bigr| = D \log 2
              + \sum_{i=1}^D (D - i + 2)\, q_{ii} + (D + 1) \sum_j \log H_{jj}

    with ``q`` the lower triangle of ``L``, row by row.

    Parameters
    ----------
    half : (D, D) array, lower triangular
        ``H``: a Cholesky factor of the data's covariance.
    """

    name = "scaled-cholesky"
    ndim_supp = 1

    def __init__(self, half: Any):
        self.half = np.asarray(half, dtype=np.float64)
        self.inverse = inverse_of_lower(self.half)
        self.size = self.half.shape[0]
        self.rows, self.columns = np.tril_indices(self.size)
        self.diagonal = np.flatnonzero(self.rows == self.columns)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Raw units to unconstrained."""
        factor = self.inverse @ pt.linalg.cholesky(pt.as_tensor_variable(value))
        packed = factor[..., self.rows, self.columns]
        return packed[..., self.diagonal].set(pt.log(packed[..., self.diagonal]))

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained to raw units."""
        value = pt.as_tensor_variable(value)
        packed = value[..., self.diagonal].set(pt.exp(value[..., self.diagonal]))
        return times_transpose(self.half @ lower_triangle_of(packed, self.rows, self.columns, self.size))

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """One number a matrix."""
        value = pt.as_tensor_variable(value)
        powers = np.arange(self.size + 1.0, 1.0, -1.0)
        constant = self.size * np.log(2.0) + (self.size + 1.0) * np.log(np.diagonal(self.half)).sum()
        return constant + (value[..., self.diagonal] * powers).sum(axis=-1)


class CorrelationRows(Transform):
    r"""Correlation matrices by the rows of their Cholesky factor, scaled to a diagonal of one.

    Row :math:`i` of the factor is :math:`(z_{i1}, \dots, z_{i,i-1}, 1) / \sqrt{1 + |z_i|^2}`; ``q`` holds the
    ``z``, row by row. The log Jacobian of the strictly lower correlations is
    :math:`-\tfrac{D + 1}{2} \sum_i \log(1 + |z_i|^2)`.

    Parameters
    ----------
    size : int
        Number of features, at least 2.
    """

    name = "correlation-rows"
    ndim_supp = 1

    def __init__(self, size: int):
        self.size = size
        self.rows, self.columns = np.tril_indices(size, -1)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Correlation matrices to unconstrained."""
        factor = pt.linalg.cholesky(pt.as_tensor_variable(value))
        diagonal = pt.diagonal(factor, axis1=-2, axis2=-1)
        return (factor / diagonal[..., :, None])[..., self.rows, self.columns]

    def _squared_lengths(self, value: Any) -> tuple[Any, Any]:
        strict = lower_triangle_of(pt.as_tensor_variable(value), self.rows, self.columns, self.size)
        return strict, 1.0 + pt.square(strict).sum(axis=-1)

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained to correlation matrices."""
        strict, squared = self._squared_lengths(value)
        return times_transpose((strict + np.eye(self.size)) / pt.sqrt(squared)[..., None])

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """One number a matrix."""
        _, squared = self._squared_lengths(value)
        return -0.5 * (self.size + 1.0) * pt.log(squared).sum(axis=-1)
