"""Covariances along common axes as unconstrained values.

See :mod:`bayesmix.families.gaussian.covariance.one_orientation`.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesmix.pymc_model.linear_values import all_values
from bayesmix.pymc_model.rotations import cayley, log_uniform, skew_of


class OneOrientation(Transform):
    """Covariances (K, D, D) along common axes as one vector.

    Parameters
    ----------
    of_one : Transform
        Of a matrix, in units that are the same for all columns.
    n_components : int
    structure : Structure
        How logs of variances follow from others.
    """

    name = "one-orientation"
    ndim_supp = 3

    def __init__(self, of_one: Any, n_components: int, structure: Any):
        self.size, self.n_components = of_one.size, n_components
        self.sums = structure.linear(n_components, self.size)
        self.n_angles = self.size * (self.size - 1) // 2
        self.log_unit = 2 * np.log(of_one.half[0, 0])
        # no two axes have one sum of variances by the symmetry of anything
        self.mixing = np.sqrt(np.arange(2.0, n_components + 2))

    def _logs(self, value: Any) -> Any:
        """Logs of variances (..., K, D) in standardised units."""
        logs = all_values(self.sums, value[..., self.n_angles :])
        return logs.reshape((*value.shape[:-1], self.n_components, self.size))

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Matrices to unconstrained values; of the axes that do, those of a sum of the matrices."""
        value = pt.as_tensor_variable(value)
        traces = pt.diagonal(value, axis1=-2, axis2=-1).sum(axis=-1)
        mixed = ((self.mixing / traces)[..., None, None] * value).sum(axis=-3)
        axes = self._with_proper_signs(pt.linalg.eigh(mixed)[1])
        rotated = axes.mT[..., None, :, :] @ value @ axes[..., None, :, :]
        logs = pt.log(pt.diagonal(rotated, axis1=-2, axis2=-1)) - self.log_unit
        leading = tuple(logs.shape[i] for i in range(logs.ndim - 2))
        kept = logs.reshape((*leading, self.sums.n_values))[..., self.sums.kept]
        rows, columns = np.tril_indices(self.size, -1)
        return pt.concatenate([cayley(axes, self.size)[..., rows, columns], kept], axis=-1)

    def _with_proper_signs(self, axes: Any) -> Any:
        """Signs with which ``I + O`` is not nearly singular: no pivot of the elimination is less than one."""
        rest, signs = axes, []
        for _ in range(self.size):
            sign = pt.switch(rest[..., 0, 0] >= 0, 1.0, -1.0)
            signs.append(sign)
            pivot = rest[..., 0, 0] + sign
            outer = rest[..., 1:, :1] * rest[..., :1, 1:]
            rest = rest[..., 1:, 1:] - outer / pivot[..., None, None]
        return axes * pt.stack(signs, axis=-1)[..., None, :]

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained values to matrices."""
        value = pt.as_tensor_variable(value)
        axes = cayley(skew_of(value[..., : self.n_angles], self.size), self.size)[..., None, :, :]
        half = axes * pt.exp(0.5 * (self._logs(value) + self.log_unit))[..., None, :]
        return half @ half.mT

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """From the measure of the prior to that of the values."""
        value = pt.as_tensor_variable(value)
        logs = self._logs(value)
        rows, columns = np.tril_indices(self.size, -1)
        roots = 2 * pt.sinh(0.5 * (logs[..., rows] - logs[..., columns]))
        between = 0.5 * pt.log(pt.square(roots).mean(axis=-2)).sum(axis=-1)
        volumes = (self.size + 1) / 2 * (logs + self.log_unit).sum(axis=(-2, -1))
        return volumes + between + log_uniform(value[..., : self.n_angles], self.size)
