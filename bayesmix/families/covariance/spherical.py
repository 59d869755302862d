"""Every component has one variance, the same in every direction."""

import numpy as np

from bayesmix.families.base import ParameterSpec
from bayesmix.families.covariance import axis
from bayesmix.kernels import axis as kernel


class Spherical:
    """``Sigma_k = variance_k I``; the factor is (K,), standard deviations."""

    name = "spherical"
    correlated = False
    kernel = kernel
    parameter = ParameterSpec("variances", ("component",), "positive")

    def factor(self, variances):
        """Standard deviations of the variances."""
        return np.sqrt(variances)

    def values(self, factor):
        """Variances of the standard deviations."""
        return factor**2

    def whiteners(self, factor, n_components, n_features):
        """Inverse standard deviations, once for each feature."""
        factor = np.asarray(factor)
        return np.broadcast_to((1 / factor)[..., None], (*factor.shape, n_features))

    def log_determinants(self, factor, n_components, n_features):
        """Half the log determinant of each component's covariance."""
        return n_features * np.log(factor)

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

    def rescale(self, values, scale):
        """The variances in units that are ``scale`` times as small."""
        return values * scale[0] ** 2

    def log_rescaling(self, scale, n_components):
        """Log of the Jacobian of :meth:`rescale`."""
        return n_components * 2 * np.log(scale[0])

    def initial_factor(self, n_components, n_features):
        """The factor of unit variances."""
        return np.ones(n_components)

    def m_step(self, means, factor, statistics, prior):
        """Means and factor that maximise the expected objective.

        ``variance_k = s_k^2 [sum_j (sum r y_j^2 + kappa u_j^2 - (n_k + kappa) d_j^2) + s / s_k^2]
        / (n_k D + nu + D + 2)``, with the shift of the means ``d = (sum r y + kappa u) / (n_k + kappa)`` in whitened
        units.
        """
        n_features = means.shape[1]
        counts, pseudo_count = statistics.counts * n_features, 0.0
        shift, scatter = axis.centred_scatter(means, factor[:, None], statistics, prior)
        scatter = scatter.sum(axis=1)
        if prior is not None:
            scatter = scatter + prior.scale / factor**2
            pseudo_count = prior.dof + n_features + 2
        return means + factor[:, None] * shift, factor * axis.root(scatter / (counts + pseudo_count))

    def log_prior(self, means, factor, prior):
        """Log prior density of means and of variances, summed over components."""
        return {
            "variances": axis.log_inverse_gamma(factor**2, prior).sum(axis=-1),
            "means": axis.log_normal_means(np.asarray(factor)[..., None], means, prior),
        }
