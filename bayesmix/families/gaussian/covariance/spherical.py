"""Every component has one variance, the same in every direction."""

import numpy as np

from bayesmix.families.gaussian.covariance import axis
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.protocol import ParameterSpec
from bayesmix.passes import axis as kernel


class Spherical(Structure):
    """``Sigma_k = variance_k I``; the factor is (K,), standard deviations."""

    name = "spherical"
    words = "each as wide along every feature"
    correlated = False
    kernel = kernel
    compiled = axis
    parameter = ParameterSpec("variances", ("component",), "positive", "root")

    def blocks(self, factor):
        """The standard deviations with an axis for the features, of length one."""
        return factor[..., None]

    def of_blocks(self, blocks):
        """The one standard deviation of each component."""
        return blocks[..., 0]

    def factor(self, values):
        """Standard deviations of the variances."""
        return np.sqrt(values)

    def values(self, factor):
        """Variances of the standard deviations."""
        return factor**2

    def matrices(self, values, n_components, n_features):
        """Covariance matrix of every component."""
        return np.asarray(values)[..., None, None] * np.eye(n_features)

    def scales(self, values):
        """Standard deviations."""
        return np.sqrt(values)

    def reduce(self, matrix_or_vector):
        """A covariance matrix (or a vector of variances) as this structure describes one component: their mean."""
        given = np.asarray(matrix_or_vector)
        return np.mean(np.diagonal(given) if given.ndim == 2 else given)

    def common_scale(self, scale):
        """The column scales that this structure can be standardised by: one for all, the root mean square."""
        largest = scale.max()
        return np.full_like(scale, largest * np.sqrt(np.mean((scale / largest) ** 2)))

    def log_rescaling(self, scale, n_components):
        """Log of the Jacobian from variances to ``scale^2`` times as large ones."""
        return n_components * 2 * np.log(scale[0])

    def initial_factor(self, n_components, n_features):
        """The factor of unit variances."""
        return np.ones(n_components)

    def written_out(self, ops, centred, factor):
        """Squared distances (K, N) of centred rows (K, D, N), and log determinants, in tensors."""
        return ((centred / factor[:, None, None]) ** 2).sum(axis=1), centred.shape[1] * ops.log(factor)
