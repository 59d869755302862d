r"""Gaussian components whose rows are known, under the normal-inverse-Wishart prior.

With n rows of a component, their sum and the prior's :math:`(m, \kappa, \nu, \Lambda)`,

.. math:: \kappa' = \kappa + n, \quad m' = (\kappa m + \textstyle\sum x) / \kappa', \quad \nu' = \nu + n, \quad
   \Lambda' = \Lambda + \textstyle\sum x x^\top + \kappa m m^\top - \kappa' m' m'^\top;

where components share a covariance, :math:`\nu'` and :math:`\Lambda'` are summed over them. Rows are in standardised
units, about their common mean, so that the sums of squares lose no more digits than a component is narrower than all
rows together.
"""

from abc import abstractmethod
from typing import Any, override

import numpy as np
from scipy.special import gammaln, multigammaln  # pyright: ignore[reportAttributeAccessIssue]: missing from its stubs

from bayesmix.families.complete_data import CompleteData
from bayesmix.families.parts import State


class GaussianCompleteData(CompleteData):
    """See :class:`~bayesmix.families.complete_data.CompleteData`.

    ``structure`` is the covariances', ``prior`` what it prepared, ``columns`` (D, N) the standardised rows.
    """

    def __init__(self, structure: Any, prior: Any, columns: np.ndarray):
        self.structure, self.prior = structure, prior
        self.features = np.concatenate([columns, self._squares(columns)]).T.copy()

    @abstractmethod
    def _squares(self, columns: np.ndarray) -> np.ndarray:
        """The products (F - D, N) that the covariances are about."""

    def _means(self, counts: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``kappa'`` (M, K, 1) and ``m'`` (M, K, D)."""
        prior, n_features = self.prior, self.prior.mean.size
        total = (prior.shrinkage + counts)[..., None]
        return total, (prior.shrinkage * prior.mean + sums[..., :n_features]) / total

    def _together(self, per_component: np.ndarray) -> np.ndarray:
        """Values (M, K, ...) summed over the components that share a covariance."""
        return per_component.sum(axis=1, keepdims=True) if self.structure.shared else per_component


class CorrelatedCompleteData(GaussianCompleteData):
    """With covariance matrices."""

    @override
    def _squares(self, columns: np.ndarray) -> np.ndarray:
        first, second = np.tril_indices(len(columns))
        return columns[first] * columns[second]

    @override
    def natural(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        means, factor = state
        n_features = means.shape[-1]
        blocks = np.broadcast_to(self.structure.blocks(factor), (*means.shape, n_features))
        whiteners = np.linalg.inv(blocks)
        precisions = np.swapaxes(whiteners, -1, -2) @ whiteners
        pulls = np.einsum("skij,skj->ski", precisions, means)
        log_scales = np.log(np.diagonal(blocks, axis1=-2, axis2=-1)).sum(axis=-1)
        offsets = -0.5 * n_features * np.log(2 * np.pi) - log_scales - 0.5 * (means * pulls).sum(axis=-1)
        first, second = np.tril_indices(n_features)
        own = precisions[..., first, second] * np.where(first == second, -0.5, -1.0)
        return offsets, np.concatenate([pulls, own], axis=-1)

    @override
    def log_evidence(self, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        prior, n_features = self.prior, self.prior.mean.size
        total, _ = self._means(counts, sums)
        dof, factors = self._scatter(counts, sums)
        of_means = 0.5 * n_features * np.log(prior.shrinkage / total[..., 0]).sum(axis=1)
        log_scale = np.log(np.diagonal(prior.half_scale)).sum()
        log_scales = np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)
        of_matrices = prior.dof * log_scale - dof * log_scales
        of_matrices += multigammaln(0.5 * dof, n_features) - multigammaln(0.5 * prior.dof, n_features)
        return of_means + of_matrices.sum(axis=1) - 0.5 * n_features * np.log(np.pi) * counts.sum(axis=1)

    def _scatter(self, counts: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``nu'`` (M, B) of B matrices, and factors (M, B, D, D) of ``Lambda'``."""
        prior, n_features = self.prior, self.prior.mean.size
        total, means = self._means(counts, sums)
        first, second = np.tril_indices(n_features)
        scatters = np.zeros((*counts.shape, n_features, n_features))
        scatters[..., first, second] = scatters[..., second, first] = sums[..., n_features:]
        scatters += prior.shrinkage * np.outer(prior.mean, prior.mean)
        scatters -= total[..., None] * means[..., :, None] * means[..., None, :]
        scale = prior.half_scale @ prior.half_scale.T
        return prior.dof + self._together(counts), np.linalg.cholesky(scale + self._together(scatters))

    @override
    def draw(self, counts: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> State:
        """As :func:`bayesmix.families.gaussian.sweeps.dense.draw`, for all assignments at once."""
        (total, means), (dof, halves) = self._means(counts, sums), self._scatter(counts, sums)
        n_features = means.shape[-1]
        roots = np.tril(rng.standard_normal(halves.shape), -1)
        places = np.arange(n_features)
        roots[..., places, places] = np.sqrt(rng.chisquare(dof[..., None] - n_features + 1 + places))
        factors = halves @ np.linalg.inv(roots)
        normal = rng.standard_normal(means.shape) / np.sqrt(total)
        return means + np.einsum("skij,skj->ski", factors, normal), self.structure.of_blocks(factors)


class UncorrelatedCompleteData(GaussianCompleteData):
    """With a variance for each feature, or one for all of them: inverse-gamma with shape nu / 2 and rate scale / 2."""

    @override
    def _squares(self, columns: np.ndarray) -> np.ndarray:
        return columns**2

    @property
    def _sharing(self) -> int:
        """How many features have a variance together."""
        return self.prior.mean.size // self.prior.scale.size

    @override
    def natural(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        means, factor = state
        deviations = np.broadcast_to(self.structure.blocks(factor), means.shape)
        precisions = deviations**-2.0
        squares = np.log(2 * np.pi) + 2 * np.log(deviations) + precisions * means**2
        return -0.5 * squares.sum(axis=-1), np.concatenate([precisions * means, -0.5 * precisions], axis=-1)

    @override
    def log_evidence(self, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        prior, n_features = self.prior, self.prior.mean.size
        total, _ = self._means(counts, sums)
        dof, scatters = self._scatter(counts, sums)
        of_means = 0.5 * n_features * np.log(prior.shrinkage / total[..., 0]).sum(axis=1)
        of_variances = gammaln(0.5 * dof) - 0.5 * dof * np.log(0.5 * scatters)
        of_variances += 0.5 * prior.dof * np.log(0.5 * prior.scale) - gammaln(0.5 * prior.dof)
        return of_means + of_variances.sum(axis=(1, 2)) - 0.5 * n_features * np.log(2 * np.pi) * counts.sum(axis=1)

    def _scatter(self, counts: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Degrees of freedom (M, B, 1) and scales (M, B, W) of B times W variances."""
        prior, n_features = self.prior, self.prior.mean.size
        total, means = self._means(counts, sums)
        squares = sums[..., n_features:] + prior.shrinkage * prior.mean**2 - total * means**2
        scatters = squares.reshape(*counts.shape, -1, self._sharing).sum(axis=-1)
        dof = prior.dof + self._sharing * self._together(counts)
        return dof[..., None], prior.scale + self._together(scatters)

    @override
    def draw(self, counts: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> State:
        """As :func:`bayesmix.families.gaussian.sweeps.axis.draw`, for all assignments at once."""
        (total, means), (dof, scatters) = self._means(counts, sums), self._scatter(counts, sums)
        deviations = np.sqrt(scatters / rng.chisquare(np.broadcast_to(dof, scatters.shape)))
        moved = means + deviations * rng.standard_normal(means.shape) / np.sqrt(total)
        return moved, self.structure.of_blocks(deviations)
