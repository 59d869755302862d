"""What full and tied covariances share: factors, the standard form, the M-step and the log prior.

The functions that EM calls at every iteration are compiled, and take factors as a stack (M, D, D): M = K for full
covariances, M = 1 for a tied one. With one component the two coincide.
"""

import math
from functools import cache
from typing import NamedTuple

import numba as nb
import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import multigammaln  # pyright: ignore[reportAttributeAccessIssue]: missing from its stubs

from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import invert_lower
from bayesmix.threads import one_blas_thread

# Of a feature's variance the share, for each feature, that the features before it must leave unexplained: with less,
# the covariance is no longer positive definite when its entries are rounded.
_SINGULAR = 10 * np.finfo(float).eps
# Of the squares of rows about the last mean the share that must be left about the new one: with less, it is the
# rounding of what was taken away, of either sign.
_TAKEN_AWAY = 100 * np.finfo(float).eps


class Hyperparameters(NamedTuple):
    """A resolved normal-inverse-Wishart prior, prepared once for many steps.

    ``half_scale`` is the lower Cholesky factor of ``Lambda``, and ``constant`` what the density of one covariance has
    in front. All zeros are no prior.
    """

    mean: np.ndarray
    shrinkage: float
    dof: float
    half_scale: np.ndarray
    constant: float


def hyperparameters(prior) -> Hyperparameters:
    """The resolved prior as the compiled functions take it."""
    mean = np.asarray(prior.mean, dtype=float)
    constant = log_inverse_wishart_constant(prior)
    return Hyperparameters(mean, float(prior.shrinkage), float(prior.dof), cholesky(prior.scale), constant)


@cache
def no_prior(n_features: int) -> Hyperparameters:
    """Maximum likelihood."""
    return Hyperparameters(np.zeros(n_features), 0.0, 0.0, np.zeros((n_features, n_features)), 0.0)


def cholesky(covariances) -> np.ndarray:
    """Lower Cholesky factors of (..., D, D) covariances; NaN where one is not positive definite."""
    covariances = np.ascontiguousarray(covariances, dtype=float)
    return factors_of(stack_of(covariances)).reshape(covariances.shape)


def to_standard(points: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """``scale^-1 x`` of points (..., D), for a lower triangular scale (D, D)."""
    flat = np.reshape(points, (-1, scale.shape[0]))
    with one_blas_thread():
        # a factor may be NaN, of what has collapsed up to rounding
        return solve_triangular(scale, flat.T, lower=True, check_finite=False).T.reshape(np.shape(points))


def from_standard(points: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """``scale z`` of points (..., D)."""
    return points @ scale.T


def factor_to_standard(factors: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """``scale^-1 L`` of factors (..., D, D): the factors of ``scale^-1 Sigma scale^-T``."""
    return np.swapaxes(to_standard(np.swapaxes(factors, -1, -2), scale), -1, -2)


def factor_from_standard(factors: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """``scale L`` of factors (..., D, D)."""
    return scale @ factors


def log_determinant(scale: np.ndarray) -> float:
    """``log |scale|``."""
    return float(np.log(np.diagonal(scale)).sum())


def stack_of(factors) -> np.ndarray:
    """(..., D, D) as (M, D, D)."""
    factors = np.ascontiguousarray(factors, dtype=float)
    return factors.reshape(-1, *factors.shape[-2:])


@nb.njit(**COMPILED)
def factors_of(covariances):
    """Lower Cholesky factors of a stack, row by row.

    Each matrix is factored in correlation form, so that column units cannot overflow or underflow.
    """
    n_matrices, n_features, _ = covariances.shape
    factors = np.zeros_like(covariances)
    scale = np.empty(n_features)
    for m in range(n_matrices):
        proper = True
        for i in range(n_features):
            scale[i] = math.sqrt(covariances[m, i, i])
            for j in range(i + 1):
                rest = covariances[m, i, j] / scale[i] / scale[j]
                for h in range(j):
                    rest -= factors[m, i, h] * factors[m, j, h]
                if j < i:
                    factors[m, i, j] = rest / factors[m, j, j]
                else:
                    proper = proper and rest > 0  # false for NaN too
                    factors[m, i, i] = math.sqrt(rest)
        for i in range(n_features):
            for j in range(i + 1):
                factors[m, i, j] = factors[m, i, j] * scale[i] if proper else math.nan
    return factors


@nb.njit(**COMPILED)
def offsets_and_whiteners(weights, means, factors):
    """Standard form, without the means, of weights (S, K), means (S, K, D) and factors (S, M, D, D)."""
    n_draws, n_components = weights.shape
    n_blocks, n_features = factors.shape[1], factors.shape[2]
    offsets = np.empty((n_draws, n_components))
    whiteners = np.empty((n_draws, n_components, n_features, n_features))
    constant = 0.5 * n_features * math.log(2 * math.pi)
    for s in range(n_draws):
        inverses = invert_lower(factors[s])
        for k in range(n_components):
            m = k if n_blocks == n_components else 0
            # an empty component has log weight -inf, and that is right
            offsets[s, k] = math.log(weights[s, k]) - constant - _log_determinant(factors[s, m])
            for i in range(n_features):
                for j in range(n_features):
                    whiteners[s, k, i, j] = inverses[m, i, j]
    return offsets, whiteners


@nb.njit(**COMPILED)
def _log_determinant(factor):
    """``log |L|``, half the log determinant of the covariance."""
    total = 0.0
    for i in range(factor.shape[0]):
        total += math.log(factor[i, i])
    return total


@nb.njit(**COMPILED)
def _prior_in_whitened_units(whitener, mean, prior_mean, half_scale, u, half):
    """Fill ``u = A (m - mean)`` and ``half = A Lambda^(1/2)``, a lower triangle."""
    for i in range(mean.shape[0]):
        u[i] = 0.0
        for j in range(i + 1):
            u[i] += whitener[i, j] * (prior_mean[j] - mean[j])
            half[i, j] = 0.0
            for h in range(j, i + 1):
                half[i, j] += whitener[i, h] * half_scale[h, j]


@nb.njit(**COMPILED)
def scatters_about_the_mode(
    means, factors, counts, masses, first, second, prior_mean, shrinkage, dof, half_scale, constant
):
    """Means (K, D), and what the expected objective knows of the covariances: whitened scatters and their counts.

    As in :func:`m_step`: of the M sums in its brackets the lower triangles (M, D, D), and ``c_m`` (M,).
    """
    n_components, n_features = means.shape
    n_blocks = factors.shape[0]
    has_prior = shrinkage > 0
    moved = np.empty((n_components, n_features))
    scatters = np.zeros((n_blocks, n_features, n_features))
    totals = np.zeros(n_blocks)
    whiteners = invert_lower(factors)
    u, shift = np.zeros(n_features), np.empty(n_features)
    half = np.zeros((n_features, n_features))
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        if has_prior:
            _prior_in_whitened_units(whiteners[m], means[k], prior_mean, half_scale, u, half)
        total = masses[k] + shrinkage
        totals[m] += counts[k] + 1.0 if has_prior else counts[k]
        for i in range(n_features):
            shift[i] = (first[k, i] + shrinkage * u[i]) / total
            moved[k, i] = means[k, i]
            for j in range(i + 1):
                moved[k, i] += factors[m, i, j] * shift[j]
                scatters[m, i, j] += second[k, i, j] + shrinkage * u[i] * u[j] - total * shift[i] * shift[j]
    for m in range(n_blocks):
        if has_prior:
            totals[m] += dof + n_features + 1
            _prior_in_whitened_units(whiteners[m], means[m], prior_mean, half_scale, u, half)
        for i in range(n_features):
            for j in range(i + 1):
                for h in range(j + 1):
                    scatters[m, i, j] += half[i, h] * half[j, h]
    return moved, scatters, totals


@nb.njit(**COMPILED)
def m_step(means, factors, counts, masses, first, second, prior_mean, shrinkage, dof, half_scale, constant):
    """Means (K, D) and factors (M, D, D) that maximise the expected objective.

    In whitened units, with ``u_k = A_k (m - mean_k)`` and the shift of the means
    ``d_k = (sum r y + kappa u_k) / (m_k + kappa)`` (the masses ``m_k`` are the counts ``n_k`` unless rows are scaled),

        mean_k <- mean_k + L_k d_k,
        Sigma_m <- L_m [sum_k (sum r y y' + kappa u_k u_k' - (m_k + kappa) d_k d_k') + A_m Lambda A_m'] L_m' / c_m,

    where k runs over the components that share factor m and ``c_m`` is the sum of ``n_k + 1`` plus ``nu + D + 1``:
    the log determinant is counted once for each row, for each mean's prior and ``nu + D + 1`` times by the factor's.
    NaN where a covariance has become singular up to rounding.
    """
    n_blocks, n_features, _ = factors.shape
    n_components, of_prior = means.shape[0], shrinkage > 0
    moved, scatters, totals = scatters_about_the_mode(
        means, factors, counts, masses, first, second, prior_mean, shrinkage, dof, half_scale, constant
    )
    for m in range(n_blocks):
        for i in range(n_features):
            squares = 0.0
            for k in range(n_components):
                if k == m or n_blocks < n_components:
                    squares += second[k, i, i]
            for j in range(i + 1):
                scatters[m, i, j] /= totals[m]
            if not of_prior and not scatters[m, i, i] * totals[m] > _TAKEN_AWAY * squares:
                scatters[m, i, i] = math.nan
    updates = factors_of(scatters)
    updated = np.zeros((n_blocks, n_features, n_features))
    for m in range(n_blocks):
        for i in range(n_features):
            variance = 0.0
            for j in range(i + 1):
                for h in range(j, i + 1):
                    updated[m, i, j] += factors[m, i, h] * updates[m, h, j]
                variance += updated[m, i, j] * updated[m, i, j]
            if not updated[m, i, i] * updated[m, i, i] > n_features * _SINGULAR * variance:
                updated[m, i, i] = math.nan
    return moved, updated


@nb.njit(**COMPILED)
def log_prior(means, factors, prior_mean, shrinkage, dof, half_scale, constant):
    """Log density of the covariances and of the means given them, for S draws: two arrays (S,).

    A covariance has ``constant - (nu + D + 1)/2 log|Sigma| - tr(Lambda Sigma^-1)/2`` (inverse-Wishart), a mean
    ``N(m, Sigma_k / kappa)``.
    """
    n_draws, n_components, n_features = means.shape
    n_blocks = factors.shape[1]
    of_covariances, of_means = np.zeros(n_draws), np.zeros(n_draws)
    u, half = np.empty(n_features), np.zeros((n_features, n_features))
    mean_constant = 0.5 * n_features * math.log(shrinkage / (2 * math.pi))
    for s in range(n_draws):
        whiteners = invert_lower(factors[s])
        for k in range(n_components):
            m = k if n_blocks == n_components else 0
            _prior_in_whitened_units(whiteners[m], means[s, k], prior_mean, half_scale, u, half)
            log_determinant = _log_determinant(factors[s, m])
            of_means[s] += mean_constant - log_determinant
            for i in range(n_features):
                of_means[s] -= 0.5 * shrinkage * u[i] * u[i]
            if k < n_blocks:
                of_covariances[s] += constant - (dof + n_features + 1) * log_determinant
                for i in range(n_features):
                    for j in range(i + 1):
                        of_covariances[s] -= 0.5 * half[i, j] * half[i, j]
    return of_covariances, of_means


def log_inverse_wishart_constant(prior) -> float:
    """``nu/2 log|Lambda| - nu D/2 log 2 - log Gamma_D(nu/2)``, what an inverse-Wishart density has in front."""
    half_scale = cholesky(prior.scale)
    n_features = half_scale.shape[0]
    return float(
        prior.dof * np.log(np.diagonal(half_scale)).sum()
        - 0.5 * prior.dof * n_features * np.log(2)
        - multigammaln(0.5 * prior.dof, n_features)
    )
