"""Structures of uncorrelated features: variances that components, or features, may share."""

from functools import cached_property

import numpy as np

from bayesmix.families.gaussian.complete_data import UncorrelatedCompleteData
from bayesmix.families.gaussian.covariance import axis
from bayesmix.families.gaussian.covariance.structure import Structure, root_mean_square
from bayesmix.families.gaussian.sweeps import axis as sweeps
from bayesmix.families.gaussian.sweeps import axis_of_seen
from bayesmix.families.parts import SeenKernel
from bayesmix.passes import axis as kernel
from bayesmix.passes import axis_seen


class Uncorrelated(Structure):
    """Variances; the factor is standard deviations in the same shape, with or without component and feature axis."""

    correlated = False
    geometry = "axis"
    kernel = kernel
    of_seen = SeenKernel(axis_seen.accumulate_seen, axis_seen.log_joint, axis_seen.log_mixture)
    compiled = axis
    sweeps = sweeps
    sweeps_of_seen = axis_of_seen
    complete_data = UncorrelatedCompleteData

    @cached_property
    def _by_feature(self) -> bool:
        return "feature" in self.parameter.dims

    def blocks(self, factor):
        """The standard deviations with both axes."""
        by_feature = factor if self._by_feature else factor[..., None]
        return by_feature[..., None, :] if self.shared else by_feature

    def of_blocks(self, blocks):
        """The inverse of :meth:`blocks`."""
        own = blocks[..., 0, :] if self.shared else blocks
        return own if self._by_feature else own[..., 0]

    def factor(self, values):
        """Standard deviations of the variances."""
        return np.sqrt(values)

    def values(self, factor):
        """Variances of the standard deviations."""
        return factor**2

    def matrices(self, values, n_components, n_features):
        """Covariance matrix of every component."""
        blocks = self.blocks(np.asarray(values))
        variances = np.broadcast_to(blocks, (*blocks.shape[:-2], n_components, n_features))
        return variances[..., :, None] * np.eye(n_features)

    def scales(self, values):
        """Standard deviations."""
        return np.sqrt(values)

    def reduce(self, matrix_or_vector):
        """A covariance matrix (or a vector of variances) as this structure describes one component.

        One variance for all features is the mean.
        """
        given = np.asarray(matrix_or_vector)
        variances = np.diagonal(given).copy() if given.ndim == 2 else given
        return variances if self._by_feature else np.mean(variances)

    def common_scale(self, scale):
        """The column scales that this structure can be standardised by: one for all is the root mean square."""
        return scale if self._by_feature else root_mean_square(scale)

    def log_rescaling(self, scale, n_components):
        """Log of the Jacobian from variances to ``scale^2`` times as large ones."""
        logs = np.log(scale).sum() if self._by_feature else np.log(scale[0])
        return self.n_blocks(n_components) * 2 * logs

    def initial_factor(self, n_components, n_features):
        """The factor of unit variances."""
        return np.ones(self.parameter.shape(n_components, n_features))

    def free_shape(self, n_components, n_features):
        """A logarithm for each variance."""
        return self.parameter.shape(n_components, n_features)

    def factor_from_free(self, free, n_components, n_features):
        """Standard deviations of log variances."""
        return np.exp(0.5 * free)

    def factor_to_free(self, factor):
        """Log variances of standard deviations."""
        return 2 * np.log(factor)

    def free_constant(self, n_components, n_features):
        """Nothing."""
        return 0.0

    def written_out(self, ops, centred, factor):
        """Squared distances (K, N) of centred rows (K, D, N), and log determinants, in tensors."""
        deviations = self.blocks(factor)
        sharing = 1 if self._by_feature else centred.shape[1]
        return ((centred / deviations[:, :, None]) ** 2).sum(axis=1), sharing * ops.log(deviations).sum(axis=-1)
