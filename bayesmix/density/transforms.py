"""The transforms of the model in NumPy, for any number of draws at once.

They are PyMC's simplex transform, and those of :mod:`bayesmix.pymc_model.transforms`, in standardised units.
"""

import numpy as np


def simplex(q: np.ndarray) -> np.ndarray:
    """Weights (..., K) from K - 1 logits; the last logit is minus the sum of the others."""
    logits = np.concatenate([q, -q.sum(axis=-1, keepdims=True)], axis=-1)
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def simplex_inverse(weights: np.ndarray) -> np.ndarray:
    """The K - 1 logits of weights, which are kept off zero: a start must be finite."""
    logs = np.log(np.maximum(weights, 1e-10))
    return (logs - logs.mean(axis=-1, keepdims=True))[..., :-1]


def lower_triangle(q: np.ndarray, n_features: int) -> np.ndarray:
    """Cholesky factors (..., D, D) from packed rows with logged diagonal (..., D(D+1)/2)."""
    factor = np.zeros((*q.shape[:-1], n_features, n_features))
    rows, columns = np.tril_indices(n_features)
    factor[..., rows, columns] = q
    diagonal = np.arange(n_features)
    factor[..., diagonal, diagonal] = np.exp(factor[..., diagonal, diagonal])
    return factor


def lower_triangle_inverse(factor: np.ndarray) -> np.ndarray:
    """The packed rows of Cholesky factors."""
    packed = factor.copy()
    diagonal = np.arange(factor.shape[-1])
    packed[..., diagonal, diagonal] = np.log(packed[..., diagonal, diagonal])
    rows, columns = np.tril_indices(factor.shape[-1])
    return packed[..., rows, columns]


def correlation_factor(q: np.ndarray, n_features: int) -> np.ndarray:
    """Cholesky factors of correlations (..., D, D): row i is ``(z_i, 1) / sqrt(1 + |z_i|^2)``."""
    factor = np.zeros((*q.shape[:-1], n_features, n_features))
    rows, columns = np.tril_indices(n_features, -1)
    factor[..., rows, columns] = q
    diagonal = np.arange(n_features)
    factor[..., diagonal, diagonal] = 1.0
    return factor / np.sqrt((factor**2).sum(axis=-1, keepdims=True))


def correlation_factor_inverse(factor: np.ndarray) -> np.ndarray:
    """The strictly lower rows ``z`` of correlation factors."""
    diagonal = np.diagonal(factor, axis1=-2, axis2=-1)
    rows, columns = np.tril_indices(factor.shape[-1], -1)
    return (factor / diagonal[..., None])[..., rows, columns]
