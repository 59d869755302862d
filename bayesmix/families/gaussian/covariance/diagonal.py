"""Every component has a variance of its own for each feature; features are uncorrelated."""

import numpy as np

from bayesmix.families.gaussian.covariance import axis
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.protocol import ParameterSpec
from bayesmix.passes import axis as kernel


class Diagonal(Structure):
    """``Sigma_k`` diagonal; the factor is (K, D), standard deviations."""

    name = "diag"
    words = "each with a size of its own along every feature, and no direction"
    correlated = False
    kernel = kernel
    compiled = axis
    parameter = ParameterSpec("variances", ("component", "feature"), "positive", "root")

    def factor(self, values):
        """Standard deviations of the variances."""
        return np.sqrt(values)

    def values(self, factor):
        """Variances of the standard deviations."""
        return factor**2

    def matrices(self, values, n_components, n_features):
        """Covariance matrix of every component."""
        return values[..., :, None] * np.eye(n_features)

    def scales(self, values):
        """Standard deviations."""
        return np.sqrt(values)

    def reduce(self, matrix_or_vector):
        """A covariance matrix (or a vector of variances) as this structure describes one component."""
        given = np.asarray(matrix_or_vector)
        return np.diagonal(given).copy() if given.ndim == 2 else given

    def common_scale(self, scale):
        """The column scales that this structure can be standardised by."""
        return scale

    def log_rescaling(self, scale, n_components):
        """Log of the Jacobian from variances to ``scale^2`` times as large ones."""
        return n_components * 2 * self.log_determinant(scale)

    def initial_factor(self, n_components, n_features):
        """The factor of unit variances."""
        return np.ones((n_components, n_features))

    def written_out(self, ops, centred, factor):
        """Squared distances (K, N) of centred rows (K, D, N), and log determinants, in tensors."""
        return ((centred / factor[:, :, None]) ** 2).sum(axis=1), ops.log(factor).sum(axis=-1)
