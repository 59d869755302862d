"""What diagonal and spherical covariances share: the prior's part, one feature at a time."""

import numpy as np
from scipy.special import gammaln


def root(variance_ratios) -> np.ndarray:
    """Square roots, NaN where a variance has collapsed to zero."""
    return np.sqrt(np.where(variance_ratios > 0, variance_ratios, np.nan))


def centred_scatter(means, deviations, statistics, prior) -> tuple[np.ndarray, np.ndarray]:
    """Shift of the means ``d`` and ``sum r y^2 + kappa u^2 - (n_k + kappa) d^2``, both (K, D), in whitened units."""
    counts, first, second = statistics.counts[:, None], statistics.first, statistics.second
    if prior is not None:
        u = (np.asarray(prior.mean) - means) / deviations
        counts = counts + prior.shrinkage
        first = first + prior.shrinkage * u
        second = second + prior.shrinkage * u**2
    shift = first / counts
    return shift, second - counts * shift**2


def log_normal_means(deviations, means, prior) -> np.ndarray:
    """``sum_kj log N(mean_kj | m_j, variance_kj / kappa)``; deviations broadcast to (..., K, D)."""
    u = (np.asarray(prior.mean) - means) / deviations
    constant = 0.5 * np.log(prior.shrinkage / (2 * np.pi))
    return (constant - np.log(deviations) - 0.5 * prior.shrinkage * u**2).sum(axis=(-2, -1))


def log_inverse_gamma(variances, prior) -> np.ndarray:
    """Log density of each variance: inverse-gamma with shape ``nu / 2`` and rate ``scale / 2``."""
    shape, rate = 0.5 * prior.dof, 0.5 * np.asarray(prior.scale)
    return shape * np.log(rate) - gammaln(shape) - (shape + 1) * np.log(variances) - rate / variances
