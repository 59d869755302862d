"""What full and tied covariances share: Cholesky factors, whiteners and the prior's pseudo-moments."""

import numpy as np
from scipy.special import multigammaln  # pyright: ignore[reportAttributeAccessIssue]: missing from its stubs

from bayesmix.kernels import dense


def cholesky(covariances) -> np.ndarray:
    """Lower Cholesky factors of (..., D, D) covariances; NaN where one is not positive definite.

    The matrix is factored in correlation form, so that column units cannot overflow or underflow.
    """
    covariances = np.asarray(covariances, dtype=float)
    scale = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    correlations = covariances / scale[..., :, None] / scale[..., None, :]
    try:
        factors = np.linalg.cholesky(correlations)
    except np.linalg.LinAlgError:
        factors = np.full_like(correlations, np.nan)
        for place in np.ndindex(correlations.shape[:-2]):
            try:
                factors[place] = np.linalg.cholesky(correlations[place])
            except np.linalg.LinAlgError:
                continue
    return factors * scale[..., :, None]


def invert(factors) -> np.ndarray:
    """Inverses of (..., D, D) lower triangular factors."""
    factors = np.ascontiguousarray(factors, dtype=float)
    return dense.invert_lower(factors.reshape(-1, *factors.shape[-2:])).reshape(factors.shape)


def log_determinant(factors) -> np.ndarray:
    """``log |L|``, half the log determinant of the covariance."""
    return np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)


def pseudo_moments(whiteners, means, prior) -> tuple[np.ndarray, np.ndarray]:
    """``u_k = A_k (m - mean_k)`` (..., K, D) and ``A_k Lambda A_k'`` (..., K, D, D)."""
    u = np.einsum("...kij,...kj->...ki", whiteners, np.asarray(prior.mean) - means)
    half = whiteners @ cholesky(prior.scale)
    return u, half @ np.swapaxes(half, -1, -2)


def log_normal_means(whiteners, log_determinants, means, prior) -> np.ndarray:
    """``sum_k log N(mean_k | m, Sigma_k / kappa)``; log determinants of the factors are (..., K)."""
    u = np.einsum("...kij,...kj->...ki", whiteners, np.asarray(prior.mean) - means)
    n_features = u.shape[-1]
    constant = 0.5 * n_features * np.log(prior.shrinkage / (2 * np.pi))
    return (constant - log_determinants - 0.5 * prior.shrinkage * (u**2).sum(axis=-1)).sum(axis=-1)


def log_inverse_wishart_constant(prior) -> float:
    """``nu/2 log|Lambda| - nu D/2 log 2 - log Gamma_D(nu/2)``, what an inverse-Wishart density has in front."""
    half_scale = cholesky(prior.scale)
    n_features = half_scale.shape[0]
    return float(
        prior.dof * log_determinant(half_scale)
        - 0.5 * prior.dof * n_features * np.log(2)
        - multigammaln(0.5 * prior.dof, n_features)
    )


def log_inverse_wishart(factors, whiteners, prior) -> np.ndarray:
    """Log density of each covariance (..., D, D), given by its factor and whitener.

    ``nu/2 log|Lambda| - nu D/2 log 2 - log Gamma_D(nu/2) - (nu + D + 1)/2 log|Sigma| - tr(Lambda Sigma^-1)/2``
    """
    n_features = factors.shape[-1]
    half = whiteners @ cholesky(prior.scale)
    return (
        log_inverse_wishart_constant(prior)
        - (prior.dof + n_features + 1) * log_determinant(factors)
        - 0.5 * (half**2).sum(axis=(-2, -1))
    )
