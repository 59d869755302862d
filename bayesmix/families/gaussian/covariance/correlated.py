"""Structures of correlated features: covariance matrices, one for each component or one for all."""

import numpy as np

from bayesmix.density import transforms
from bayesmix.families.gaussian.complete_data import CorrelatedCompleteData
from bayesmix.families.gaussian.covariance import dense
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.sweeps import dense as sweeps
from bayesmix.families.gaussian.sweeps import dense_of_seen
from bayesmix.families.parts import SeenKernel
from bayesmix.passes import dense as kernel
from bayesmix.passes import dense_seen


class Correlated(Structure):
    """Covariance matrices; the factor is their lower Cholesky factors, (K, D, D), or (D, D) where they are shared."""

    correlated = True
    geometry = "dense"
    affine = True
    kernel = kernel
    of_seen = SeenKernel(dense_seen.accumulate_seen, dense_seen.log_joint, dense_seen.log_mixture)
    compiled = dense
    sweeps = sweeps
    sweeps_of_seen = dense_of_seen
    complete_data = CorrelatedCompleteData

    def blocks(self, factor):
        """The factors as a stack."""
        return factor[..., None, :, :] if self.shared else factor

    def of_blocks(self, blocks):
        """The inverse of :meth:`blocks`."""
        return blocks[..., 0, :, :] if self.shared else blocks

    def factor(self, values):
        """Lower Cholesky factors of the covariances."""
        return dense.cholesky(values)

    def values(self, factor):
        """Covariances of the factors."""
        return factor @ np.swapaxes(factor, -1, -2)

    def matrices(self, values, n_components, n_features):
        """Covariance matrix of every component."""
        blocks = self.blocks(np.asarray(values))
        return np.broadcast_to(blocks, (*blocks.shape[:-3], n_components, n_features, n_features))

    def scales(self, values):
        """Standard deviations."""
        return np.sqrt(np.diagonal(values, axis1=-2, axis2=-1))

    def reduce(self, matrix_or_vector):
        """A covariance matrix (or a vector of variances) as this structure describes one component."""
        return matrix_or_vector

    def common_scale(self, scale):
        """The column scales that this structure can be standardised by."""
        return scale

    def log_rescaling(self, scale, n_components):
        """Log of the Jacobian from ``covariance`` to ``scale covariance scale'``: ``|scale|^(D + 1)`` for each."""
        return self.n_blocks(n_components) * (scale.shape[0] + 1) * self.log_determinant(scale)

    def initial_factor(self, n_components, n_features):
        """The factor of unit covariances."""
        return np.broadcast_to(np.eye(n_features), self.parameter.shape(n_components, n_features)).copy()

    def free_shape(self, n_components, n_features):
        """Of each factor the lower triangle with logged diagonal."""
        return (*self.parameter.shape(n_components, n_features)[:-2], n_features * (n_features + 1) // 2)

    def factor_from_free(self, free, n_components, n_features):
        """The factors of their triangles."""
        return transforms.lower_triangle(free, n_features)

    def factor_to_free(self, factor):
        """The triangles of the factors."""
        return transforms.lower_triangle_inverse(factor)

    def free_constant(self, n_components, n_features):
        """Two for each entry of a factor's diagonal."""
        return self.n_blocks(n_components) * n_features * np.log(2)

    def written_out(self, ops, centred, factor):
        """Squared distances (K, N) of centred rows (K, D, N), and log determinants, in tensors."""
        residuals = ops.solve_lower(factor, centred)
        return (residuals**2).sum(axis=1), ops.log(ops.diagonal(factor)).sum(axis=-1)
