"""Every component has a covariance matrix of its own."""

import numpy as np

from bayesmix.families.base import ParameterSpec
from bayesmix.families.covariance import dense as matrix
from bayesmix.kernels import dense as kernel


class Full:
    """``Sigma_k`` free; the factor is (K, D, D), lower triangular."""

    name = "full"
    correlated = True
    kernel = kernel
    parameter = ParameterSpec("covariances", ("component", "feature", "feature_bis"), "covariance")

    def factor(self, covariances):
        """Lower Cholesky factors of the covariances."""
        return matrix.cholesky(covariances)

    def values(self, factor):
        """Covariances of the factors."""
        return factor @ np.swapaxes(factor, -1, -2)

    def whiteners(self, factor, n_components, n_features):
        """Inverse factors, one a component."""
        return matrix.invert(factor)

    def log_determinants(self, factor, n_components, n_features):
        """Half the log determinant of each component's covariance."""
        return matrix.log_determinant(factor)

    def matrices(self, values, n_components, n_features):
        """Covariance matrix of every component."""
        return values

    def scales(self, values):
        """Standard deviations."""
        return np.sqrt(np.diagonal(values, axis1=-2, axis2=-1))

    def reduce(self, matrix_or_vector):
        """A covariance matrix (or a vector of variances) as this structure describes one component."""
        return matrix_or_vector

    def common_scale(self, scale):
        """The column scales that this structure can be standardised by."""
        return scale

    def rescale(self, values, scale):
        """The covariances in units that are ``scale`` times as small."""
        return values * np.outer(scale, scale)

    def log_rescaling(self, scale, n_components):
        """Log of the Jacobian of :meth:`rescale`: a (D, D) matrix has D(D+1)/2 free values, each scaled twice."""
        return n_components * (scale.size + 1) * np.log(scale).sum()

    def initial_factor(self, n_components, n_features):
        """The factor of unit covariances."""
        return np.broadcast_to(np.eye(n_features), (n_components, n_features, n_features)).copy()

    def m_step(self, means, factor, statistics, prior):
        """Means and factor that maximise the expected objective.

        With the shift of the means ``d_k = (sum r y + kappa u) / (n_k + kappa)`` in whitened units,
        ``Sigma_k = L_k [sum r y y' + kappa u u' - (n_k + kappa) d d' + A Lambda A'] L_k' / (n_k + nu + D + 2)``.
        """
        counts, first, second = statistics.counts, statistics.first, statistics.second
        kappa, pseudo_count = 0.0, 0.0
        if prior is not None:
            kappa, pseudo_count = prior.shrinkage, prior.dof + first.shape[1] + 2
            u, prior_second = matrix.pseudo_moments(matrix.invert(factor), means, prior)
            first = first + kappa * u
            second = second + kappa * u[:, :, None] * u[:, None, :] + prior_second
        shift = first / (counts + kappa)[:, None]
        scatter = second - (counts + kappa)[:, None, None] * shift[:, :, None] * shift[:, None, :]
        update = matrix.cholesky(scatter / (counts + pseudo_count)[:, None, None])
        return means + np.einsum("kij,kj->ki", factor, shift), factor @ update

    def log_prior(self, means, factor, prior):
        """Log prior density of means and of covariances, summed over components."""
        whiteners = matrix.invert(factor)
        return {
            "covariances": matrix.log_inverse_wishart(factor, whiteners, prior).sum(axis=-1),
            "means": matrix.log_normal_means(whiteners, matrix.log_determinant(factor), means, prior),
        }
