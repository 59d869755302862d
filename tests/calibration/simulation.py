"""Parameters from the prior, rows from the parameters: SciPy's distributions, nothing of bayesmix but the numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import logsumexp


@dataclass(frozen=True, eq=False)
class Truth:
    """Weights (K,), means (K, D) and covariances (K, D, D) from which rows were drawn."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def rows(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Independent rows (n, D)."""
        labels = rng.choice(self.weights.size, size=n, p=self.weights)
        factors = np.linalg.cholesky(self.covariances)
        noise = rng.standard_normal((n, self.means.shape[1]))
        return self.means[labels] + np.einsum("nij,nj->ni", factors[labels], noise)

    def log_joint(self, rows: np.ndarray) -> np.ndarray:
        """``log w_k + log N(x_i; mean_k, covariance_k)``, (N, K)."""
        parts = zip(self.means, self.covariances, strict=True)
        columns = [np.atleast_1d(stats.multivariate_normal.logpdf(rows, *part)) for part in parts]
        return np.log(self.weights) + np.stack(columns, axis=-1)

    def log_density(self, rows: np.ndarray) -> np.ndarray:
        return logsumexp(self.log_joint(rows), axis=-1)

    def responsibilities(self, rows: np.ndarray) -> np.ndarray:
        joint = self.log_joint(rows)
        return np.exp(joint - logsumexp(joint, axis=-1, keepdims=True))

    def renamed(self, order: np.ndarray) -> "Truth":
        """Component k is the one that was called ``order[k]``."""
        return Truth(self.weights[order], self.means[order], self.covariances[order])


def draw_truth(mixture: Any, n_features: int, rng: np.random.Generator) -> Truth:
    """One draw of the prior of a mixture whose priors are numbers."""
    priors, covariance, n_components = mixture.priors, mixture.family.covariance, mixture.n_components
    weights = rng.dirichlet(np.full(n_components, priors.weights.concentration))
    if "components" in priors.parts:
        means, covariances = _conjugate(priors.parts["components"], covariance, n_features, n_components, rng)
    else:
        means, covariances = _separated(priors, covariance, n_features, n_components, rng)
    return Truth(weights, means, covariances)


def _conjugate(prior, covariance, n_features, n_components, rng):
    """Covariances inverse-Wishart or inverse-gamma; means normal given them."""
    n_spreads = 1 if covariance == "tied" else n_components
    scale = np.asarray(prior.scale)
    if covariance in ("full", "tied"):
        matrices = stats.invwishart(prior.dof, scale).rvs(n_spreads, random_state=rng)
    else:
        n_variances = n_features if covariance == "diag" else 1
        shape = (n_spreads, n_variances)
        variances = stats.invgamma(prior.dof / 2, scale=scale / 2).rvs(shape, random_state=rng)
        matrices = np.apply_along_axis(np.diag, -1, np.broadcast_to(variances, (n_spreads, n_features)))
    matrices = np.reshape(matrices, (n_spreads, n_features, n_features))
    matrices = np.broadcast_to(matrices, (n_components, n_features, n_features))
    means = [rng.multivariate_normal(prior.mean, matrix / prior.shrinkage) for matrix in matrices]
    return np.array(means), matrices


def _separated(priors, covariance, n_features, n_components, rng):
    """Means normal, standard deviations log-normal, correlations LKJ, all independent."""
    means = rng.normal(priors.parts["means"].mean, priors.parts["means"].sd, size=(n_components, n_features))
    n_spreads = 1 if covariance == "tied" else n_components
    n_scales = 1 if covariance == "spherical" else n_features
    logs = rng.normal(priors.parts["scales"].log_mean, priors.parts["scales"].log_sd, size=(n_spreads, n_scales))
    scales = np.broadcast_to(np.exp(logs), (n_spreads, n_features))
    correlations = np.broadcast_to(np.eye(n_features), (n_spreads, n_features, n_features))
    if covariance in ("full", "tied"):
        correlations = [_lkj(priors.parts["correlations"].eta, n_features, rng) for _ in range(n_spreads)]
    matrices = np.array(correlations) * scales[:, :, None] * scales[:, None, :]
    return means, np.broadcast_to(matrices, (n_components, n_features, n_features))


def _lkj(eta: float, n_features: int, rng: np.random.Generator) -> np.ndarray:
    """A correlation matrix from partial correlations on a C-vine (Lewandowski, Kurowicka and Joe, 2009)."""
    partial = np.zeros((n_features, n_features))
    correlations = np.eye(n_features)
    for k in range(n_features - 1):
        shape = eta + (n_features - 2 - k) / 2
        for i in range(k + 1, n_features):
            partial[k, i] = 2 * rng.beta(shape, shape) - 1
            r = partial[k, i]
            for j in range(k - 1, -1, -1):
                r = r * np.sqrt((1 - partial[j, i] ** 2) * (1 - partial[j, k] ** 2)) + partial[j, i] * partial[j, k]
            correlations[k, i] = correlations[i, k] = r
    return correlations
