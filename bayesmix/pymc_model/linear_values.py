"""Free values that are linear in fewer ones: see :mod:`bayesmix.families.gaussian.covariance.linear`."""

from typing import Any

import pytensor.tensor as pt
from pymc.logprob.transforms import Transform


def all_values(sums: Any, kept: Any) -> Any:
    """All values (..., n_values) from kept ones."""
    empty = pt.zeros((*kept.shape[:-1], sums.n_values), dtype="float64")
    return empty[..., sums.rows].inc(sums.factors * kept[..., sums.columns])


class OnSubspace(Transform):
    """Covariances of which some unconstrained values follow from others.

    Parameters
    ----------
    of_all : Transform
        Of free ones.
    shape : tuple of int
        Of their unconstrained values.
    sums : Linear
    n_axes : int
        Number of axes of one value.
    """

    name = "on-subspace"

    def __init__(self, of_all: Any, shape: tuple[int, ...], sums: Any, n_axes: int):
        self.of_all, self.shape, self.sums, self.ndim_supp = of_all, shape, sums, n_axes

    def _free(self, value: Any) -> Any:
        value = pt.as_tensor_variable(value)
        return all_values(self.sums, value).reshape((*value.shape[:-1], *self.shape))

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Covariances to the values that the others follow from."""
        values = self.of_all.forward(value)
        leading = tuple(values.shape[i] for i in range(values.ndim - len(self.shape)))
        return values.reshape((*leading, self.sums.n_values))[..., self.sums.kept]

    def backward(self, value: Any, *inputs: Any) -> Any:
        """The inverse."""
        return self.of_all.backward(self._free(value))

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """That of all values together."""
        of_each = self.of_all.log_jac_det(self._free(value))
        n_leading = pt.as_tensor_variable(value).ndim - 1
        return of_each.sum(axis=tuple(range(n_leading, of_each.ndim)))
