"""Covariances of one shape as unconstrained values: see :mod:`bayesmix.families.gaussian.covariance.one_shape`."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesmix.pymc_model.rotations import cayley, log_uniform, skew_of


class OneShape(Transform):
    """Covariances (K, D, D) of one shape as one vector.

    Parameters
    ----------
    of_one : Transform
        Of the first matrix.
    n_components : int
    structure : Structure
        What it calls numbers of the chart: of ratios of volumes, and of rotations.
    """

    name = "one-shape"
    ndim_supp = 3

    def __init__(self, of_one: Any, n_components: int, structure: Any):
        self.of_one, self.size, self.n_others = of_one, of_one.size, n_components - 1
        self.n_ratios, self.n_turns = map(int, structure.chart_numbers(n_components, self.size))
        self.n_first, self.n_angles = self.size * (self.size + 1) // 2, self.size * (self.size - 1) // 2

    def _parts(self, value: Any) -> tuple[Any, Any, Any]:
        """Values of the first matrix, log ratios of volumes, and entries of S (..., D (D - 1) / 2)."""
        first, ratios, angles = (
            value[..., : self.n_first],
            value[..., self.n_first : self.n_first + self.n_ratios],
            value[..., self.n_first + self.n_ratios :],
        )
        return first, ratios, angles.reshape((*value.shape[:-1], self.n_turns, self.n_angles))

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Matrices to unconstrained values; of the rotations that do, those nearest to none."""
        value = pt.as_tensor_variable(value)
        first = value[..., :1, :, :]
        parts = [self.of_one.forward(first[..., 0, :, :])]
        if self.n_ratios:
            logs = 2 * pt.log(pt.diagonal(pt.linalg.cholesky(value), axis1=-2, axis2=-1)).sum(axis=-1) / self.size
            parts.append(logs[..., 1:] - logs[..., :1])
        if self.n_turns:
            entries = self._turns(value)
            parts.append(entries.reshape((*entries.shape[:-2], self.n_turns * self.n_angles)))
        return pt.concatenate(parts, axis=-1)

    def _turns(self, value: Any) -> Any:
        _, orientations = pt.linalg.eigh(value)
        one, others = orientations[..., :1, :, :], orientations[..., 1:, :, :]
        along = (one * others).sum(axis=-2)  # cosines of each axis and its own in the first
        signs = pt.switch(along < 0, -1.0, 1.0)
        turned = pt.linalg.det(others) * pt.linalg.det(one) * signs.prod(axis=-1)
        least = pt.eq(pt.arange(self.size), pt.argmin(pt.abs(along), axis=-1)[..., None])
        signs = pt.switch((turned[..., None] < 0) & least, -signs, signs)
        entries = cayley((others * signs[..., None, :]) @ one.mT, self.size)
        rows, columns = np.tril_indices(self.size, -1)
        return entries[..., rows, columns]

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained values to matrices."""
        first, ratios, angles = self._parts(pt.as_tensor_variable(value))
        one = self.of_one.backward(first)[..., None, :, :]
        others = pt.repeat(one, self.n_others, axis=-3)
        if self.n_turns:
            rotation = cayley(skew_of(angles, self.size), self.size)
            others = rotation @ others @ rotation.mT
        if self.n_ratios:
            others = pt.exp(ratios)[..., None, None] * others
        return pt.concatenate([one, others], axis=-3)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """From the measure of the prior to that of the values."""
        first, ratios, angles = self._parts(pt.as_tensor_variable(value))
        one = pt.linalg.cholesky(self.of_one.backward(first))
        log_volume = 2 * pt.log(pt.diagonal(one, axis1=-2, axis2=-1)).sum(axis=-1) / self.size
        measure = self.size * (self.size + 1) / 2 * (self.n_others * log_volume + ratios.sum(axis=-1))
        jacobian = self.of_one.log_jac_det(first) + measure
        return jacobian + log_uniform(angles, self.size).sum(axis=-1) if self.n_turns else jacobian
