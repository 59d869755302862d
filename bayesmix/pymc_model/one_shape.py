"""Covariances of one shape as unconstrained values: see :mod:`bayesmix.families.gaussian.covariance.vev`."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesmix.pymc_model.transforms import lower_triangle_of


def _skew(entries: Any, size: int) -> Any:
    """Skew-symmetric matrices of their strictly lower entries."""
    rows, columns = np.tril_indices(size, -1)
    lower = lower_triangle_of(entries, rows, columns, size)
    return lower - lower.mT


def _cayley(matrices: Any, size: int) -> Any:
    """Of skew-symmetric matrices, and its own inverse."""
    identity = np.eye(size)
    return pt.linalg.solve(identity + matrices, identity - matrices, b_ndim=2)


class OneShape(Transform):
    """Covariances (K, D, D) of one shape as one vector.

    Parameters
    ----------
    of_one : Transform
        Of the first matrix.
    n_components : int
    """

    name = "one-shape"
    ndim_supp = 3

    def __init__(self, of_one: Any, n_components: int):
        self.of_one, self.size, self.n_others = of_one, of_one.size, n_components - 1
        self.n_first, self.n_angles = self.size * (self.size + 1) // 2, self.size * (self.size - 1) // 2

    def _parts(self, value: Any) -> tuple[Any, Any, Any]:
        """Values of the first matrix, log ratios of volumes (K - 1,), and entries of S (K - 1, D (D - 1) / 2)."""
        first, ratios, angles = (
            value[..., : self.n_first],
            value[..., self.n_first : self.n_first + self.n_others],
            value[..., self.n_first + self.n_others :],
        )
        return first, ratios, angles.reshape((*value.shape[:-1], self.n_others, self.n_angles))

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Matrices to unconstrained values; of the rotations that do, those nearest to none."""
        value = pt.as_tensor_variable(value)
        first = value[..., :1, :, :]
        logs = 2 * pt.log(pt.diagonal(pt.linalg.cholesky(value), axis1=-2, axis2=-1)).sum(axis=-1) / self.size
        _, orientations = pt.linalg.eigh(value)
        one, others = orientations[..., :1, :, :], orientations[..., 1:, :, :]
        along = (one * others).sum(axis=-2)  # cosines of each axis and its own in the first
        signs = pt.switch(along < 0, -1.0, 1.0)
        turned = pt.linalg.det(others) * pt.linalg.det(one) * signs.prod(axis=-1)
        least = pt.eq(pt.arange(self.size), pt.argmin(pt.abs(along), axis=-1)[..., None])
        signs = pt.switch((turned[..., None] < 0) & least, -signs, signs)
        entries = _cayley((others * signs[..., None, :]) @ one.mT, self.size)
        rows, columns = np.tril_indices(self.size, -1)
        angles = entries[..., rows, columns]
        flat = angles.reshape((*angles.shape[:-2], self.n_others * self.n_angles))
        packed = self.of_one.forward(first[..., 0, :, :])
        return pt.concatenate([packed, logs[..., 1:] - logs[..., :1], flat], axis=-1)

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Unconstrained values to matrices."""
        first, ratios, angles = self._parts(pt.as_tensor_variable(value))
        one = self.of_one.backward(first)[..., None, :, :]
        rotation = _cayley(_skew(angles, self.size), self.size)
        others = pt.exp(ratios)[..., None, None] * (rotation @ one @ rotation.mT)
        return pt.concatenate([one, others], axis=-3)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """From the measure of the prior to that of the values."""
        first, ratios, angles = self._parts(pt.as_tensor_variable(value))
        one = pt.linalg.cholesky(self.of_one.backward(first))
        log_volume = 2 * pt.log(pt.diagonal(one, axis1=-2, axis2=-1)).sum(axis=-1) / self.size
        matrices = _skew(angles, self.size)
        gram = pt.linalg.cholesky(np.eye(self.size) + matrices @ matrices.mT)  # |I + S|^2 = |I + S S'|
        haar = -(self.size - 1) * pt.log(pt.diagonal(gram, axis1=-2, axis2=-1)).sum(axis=-1)
        measure = self.size * (self.size + 1) / 2 * (log_volume[..., None] + ratios)
        return self.of_one.log_jac_det(first) + (haar + measure).sum(axis=-1)
