"""All components share one covariance matrix."""

import numpy as np

from bayesmix.families.base import ParameterSpec
from bayesmix.families.covariance import dense as matrix
from bayesmix.kernels import dense as kernel


def _of_every_component(array, n_components, n_trailing):
    """The shared array with a component axis in front of its last ``n_trailing`` axes."""
    array = np.asarray(array)
    leading = array.shape[: array.ndim - n_trailing]
    trailing = array.shape[array.ndim - n_trailing :]
    spread = array.reshape(*leading, 1, *trailing)
    return np.broadcast_to(spread, (*leading, n_components, *trailing))


class Tied:
    """``Sigma`` free and common; the factor is (D, D), lower triangular."""

    name = "tied"
    correlated = True
    kernel = kernel
    parameter = ParameterSpec("covariances", ("feature", "feature_bis"), "covariance")

    def factor(self, covariances):
        """Lower Cholesky factor of the covariance."""
        return matrix.cholesky(covariances)

    def values(self, factor):
        """Covariance of the factor."""
        return factor @ np.swapaxes(factor, -1, -2)

    def whiteners(self, factor, n_components, n_features):
        """The inverse factor, once for each component."""
        return _of_every_component(matrix.invert(factor), n_components, 2)

    def log_determinants(self, factor, n_components, n_features):
        """Half the log determinant of the covariance, once for each component."""
        return _of_every_component(matrix.log_determinant(factor), n_components, 0)

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

    def rescale(self, values, scale):
        """The covariance in units that are ``scale`` times as small."""
        return values * np.outer(scale, scale)

    def log_rescaling(self, scale, n_components):
        """Log of the Jacobian of :meth:`rescale`: D(D+1)/2 free values, each scaled twice."""
        return (scale.size + 1) * np.log(scale).sum()

    def initial_factor(self, n_components, n_features):
        """The factor of the unit covariance."""
        return np.eye(n_features)

    def m_step(self, means, factor, statistics, prior):
        """Means and factor that maximise the expected objective.

        As for full covariances, with the scatters summed:
        ``Sigma = L [sum_k (sum r y y' + kappa u u' - (n_k + kappa) d d') + A Lambda A'] L' / (N + nu + D + 1 + K)``.
        """
        counts, first, second = statistics.counts, statistics.first, statistics.second.sum(axis=0)
        kappa, pseudo_count = 0.0, 0.0
        if prior is not None:
            n_components, n_features = first.shape
            kappa, pseudo_count = prior.shrinkage, prior.dof + n_features + 1 + n_components
            whiteners = self.whiteners(factor, n_components, n_features)
            u, prior_second = matrix.pseudo_moments(whiteners, means, prior)
            first = first + kappa * u
            second = second + kappa * u.T @ u + prior_second[0]
        shift = first / (counts + kappa)[:, None]
        scatter = second - shift.T @ ((counts + kappa)[:, None] * shift)
        update = matrix.cholesky(scatter / (counts.sum() + pseudo_count))
        return means + shift @ factor.T, factor @ update

    def log_prior(self, means, factor, prior):
        """Log prior density of means and of the covariance."""
        n_components, n_features = means.shape[-2:]
        whiteners = self.whiteners(factor, n_components, n_features)
        log_determinants = self.log_determinants(factor, n_components, n_features)
        return {
            "covariances": matrix.log_inverse_wishart(factor, matrix.invert(factor), prior),
            "means": matrix.log_normal_means(whiteners, log_determinants, means, prior),
        }
