"""All components share one covariance dense."""

import numpy as np

from bayesmix.families.gaussian.covariance import dense
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.protocol import ParameterSpec
from bayesmix.passes import dense as kernel


def _of_every_component(array, n_components, n_trailing):
    """The shared array with a component axis in front of its last ``n_trailing`` axes."""
    array = np.asarray(array)
    leading = array.shape[: array.ndim - n_trailing]
    trailing = array.shape[array.ndim - n_trailing :]
    spread = array.reshape(*leading, 1, *trailing)
    return np.broadcast_to(spread, (*leading, n_components, *trailing))


class Tied(Structure):
    """``Sigma`` free and common; the factor is (D, D), lower triangular."""

    name = "tied"
    words = "all of one size, shape and direction"
    correlated = True
    kernel = kernel
    compiled = dense
    parameter = ParameterSpec("covariances", ("feature", "feature_bis"), "covariance", "factor")

    def blocks(self, factor):
        """The factor as a stack of one."""
        return factor[..., None, :, :]

    def of_blocks(self, blocks):
        """The one factor of the stack."""
        return blocks[..., 0, :, :]

    def factor(self, values):
        """Lower Cholesky factor of the covariance."""
        return dense.cholesky(values)

    def values(self, factor):
        """Covariance of the factor."""
        return factor @ np.swapaxes(factor, -1, -2)

    def matrices(self, values, n_components, n_features):
        """Covariance matrix of every component."""
        return _of_every_component(values, n_components, 2)

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
        """Log of the Jacobian from ``covariance`` to ``scale covariance scale'``."""
        return (scale.shape[0] + 1) * self.log_determinant(scale)

    def initial_factor(self, n_components, n_features):
        """The factor of the unit covariance."""
        return np.eye(n_features)

    def written_out(self, ops, centred, factor):
        """Squared distances (K, N) of centred rows (K, D, N), and log determinants, in tensors."""
        residuals = ops.solve_lower(factor, centred)
        return (residuals**2).sum(axis=1), ops.log(ops.diagonal(factor)).sum(axis=-1)
