"""Every component has a variance of its own for each feature; features are uncorrelated."""

import numpy as np

from bayesmix.families.base import ParameterSpec
from bayesmix.families.covariance import axis
from bayesmix.kernels import axis as kernel


class Diagonal:
    """``Sigma_k`` diagonal; the factor is (K, D), standard deviations."""

    name = "diag"
    correlated = False
    kernel = kernel
    parameter = ParameterSpec("variances", ("component", "feature"), "positive")

    def factor(self, variances):
        """Standard deviations of the variances."""
        return np.sqrt(variances)

    def values(self, factor):
        """Variances of the standard deviations."""
        return factor**2

    def whiteners(self, factor, n_components, n_features):
        """Inverse standard deviations."""
        return 1 / factor

    def log_determinants(self, factor, n_components, n_features):
        """Half the log determinant of each component's covariance."""
        return np.log(factor).sum(axis=-1)

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

    def rescale(self, values, scale):
        """The variances in units that are ``scale`` times as small."""
        return values * scale**2

    def log_rescaling(self, scale, n_components):
        """Log of the Jacobian of :meth:`rescale`."""
        return n_components * 2 * np.log(scale).sum()

    def initial_factor(self, n_components, n_features):
        """The factor of unit variances."""
        return np.ones((n_components, n_features))

    def m_step(self, means, factor, statistics, prior):
        """Means and factor that maximise the expected objective.

        ``variance_kj = s_kj^2 [sum r y^2 + kappa u^2 - (n_k + kappa) d^2 + s_j / s_kj^2] / (n_k + nu + 3)``, with
        the shift of the means ``d = (sum r y + kappa u) / (n_k + kappa)`` in whitened units.
        """
        counts, pseudo_count = statistics.counts[:, None], 0.0
        shift, scatter = axis.centred_scatter(means, factor, statistics, prior)
        if prior is not None:
            scatter = scatter + np.asarray(prior.scale) / factor**2
            pseudo_count = prior.dof + 3
        return means + factor * shift, factor * axis.root(scatter / (counts + pseudo_count))

    def log_prior(self, means, factor, prior):
        """Log prior density of means and of variances, summed over components."""
        return {
            "variances": axis.log_inverse_gamma(factor**2, prior).sum(axis=(-2, -1)),
            "means": axis.log_normal_means(factor, means, prior),
        }
