"""What diagonal and spherical covariances share: the standard form, the M-step and the log prior.

The functions that EM calls at every iteration are compiled, and take standard deviations as a stack (M, B): M = K where
every component has its own, M = 1 where all share them; B = D where every feature has its own, B = 1 where all share
one. With one component, or one feature, the two coincide.
"""

import math
from functools import cache
from typing import NamedTuple

import numba as nb
import numpy as np
from scipy.special import gammaln

from bayesmix.passes.blocks import COMPILED


class Hyperparameters(NamedTuple):
    """A resolved normal-inverse-gamma prior, prepared once for many steps.

    ``constant`` is what the densities of one component's variances have in front. All zeros are no prior.
    """

    mean: np.ndarray
    shrinkage: float
    dof: float
    scale: np.ndarray
    constant: float


def hyperparameters(prior) -> Hyperparameters:
    """The resolved prior as the compiled functions take it."""
    mean, scale = np.asarray(prior.mean, dtype=float), np.atleast_1d(np.asarray(prior.scale, dtype=float))
    shape = 0.5 * prior.dof
    constant = float((shape * np.log(0.5 * scale) - gammaln(shape)).sum())
    return Hyperparameters(mean, float(prior.shrinkage), float(prior.dof), scale, constant)


@cache
def no_prior(n_features: int) -> Hyperparameters:
    """Maximum likelihood."""
    return Hyperparameters(np.zeros(n_features), 0.0, 0.0, np.zeros(n_features), 0.0)


def to_standard(points: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Points (..., D) in units of ``scale`` (D,)."""
    return points / scale


def from_standard(points: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The inverse of :func:`to_standard`."""
    return points * scale


def factor_to_standard(deviations: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Standard deviations (..., B) in units of ``scale`` (D,), whose entries are equal where B is 1."""
    return deviations / scale[: deviations.shape[-1]]


def factor_from_standard(deviations: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The inverse of :func:`factor_to_standard`."""
    return deviations * scale[: deviations.shape[-1]]


def log_determinant(scale: np.ndarray) -> float:
    """The sum of the logs."""
    return float(np.log(scale).sum())


@nb.njit(**COMPILED)
def offsets_and_whiteners(weights, means, deviations):
    """Standard form, without the means, of weights (S, K), means (S, K, D) and standard deviations (S, M, B)."""
    n_draws, n_components, n_features = means.shape
    own = deviations.shape[1] == n_components
    every = deviations.shape[2] == n_features
    offsets = np.empty((n_draws, n_components))
    whiteners = np.empty((n_draws, n_components, n_features))
    for s in range(n_draws):
        for k in range(n_components):
            m = k if own else 0
            # an empty component has log weight -inf, and that is right
            offsets[s, k] = math.log(weights[s, k]) - 0.5 * n_features * math.log(2 * math.pi)
            for j in range(n_features):
                deviation = deviations[s, m, j if every else 0]
                offsets[s, k] -= math.log(deviation)
                whiteners[s, k, j] = 1.0 / deviation
    return offsets, whiteners


@nb.njit(**COMPILED)
def scatters_about_the_mode(means, deviations, masses, first, second, prior_mean, shrinkage, scale):
    """Means (K, D) and whitened scatters (M, B): the brackets of :func:`m_step`."""
    n_components, n_features = means.shape
    n_blocks, width = deviations.shape
    moved = np.empty((n_components, n_features))
    scatters = np.empty((n_blocks, width))
    for m in range(n_blocks):
        for b in range(width):
            scatters[m, b] = scale[b] / deviations[m, b] / deviations[m, b]
    for k in range(n_components):
        m = k if n_blocks == n_components else 0
        total = masses[k] + shrinkage
        for j in range(n_features):
            b = j if width == n_features else 0
            u = (prior_mean[j] - means[k, j]) / deviations[m, b] if shrinkage > 0 else 0.0
            shift = (first[k, j] + shrinkage * u) / total
            moved[k, j] = means[k, j] + deviations[m, b] * shift
            scatters[m, b] += second[k, j] + shrinkage * u * u - total * shift * shift
    return moved, scatters


@nb.njit(**COMPILED)
def m_step(means, deviations, counts, masses, first, second, prior_mean, shrinkage, dof, scale, constant):
    """Means (K, D) and standard deviations (M, B) that maximise the expected objective.

    In whitened units, with ``u_k = (m - mean_k) / s_m`` and the shift of the means
    ``d_k = (sum r y + kappa u_k) / (m_k + kappa)`` (the masses ``m_k`` are the counts ``n_k`` unless rows are scaled),

        mean_k <- mean_k + s_m d_k,
        s_mb^2 <- s_mb^2 [sum_kj (sum r y_j^2 + kappa u_kj^2 - (m_k + kappa) d_kj^2) + scale_b / s_mb^2] / c_mb,

    where k runs over the components and j over the features that share variance (m, b), and ``c_mb`` is the sum of
    ``n_k + 1`` over them plus ``nu + 2``. NaN where a variance has collapsed to zero.
    """
    n_components, n_features = means.shape
    n_blocks, width = deviations.shape
    has_prior = shrinkage > 0
    moved, scatters = scatters_about_the_mode(means, deviations, masses, first, second, prior_mean, shrinkage, scale)
    totals = np.zeros(n_blocks)
    for k in range(n_components):
        totals[k if n_blocks == n_components else 0] += counts[k] + 1.0 if has_prior else counts[k]
    sharing = 1.0 if width == n_features else float(n_features)
    for m in range(n_blocks):
        divisor = sharing * totals[m] + dof + 2.0 if has_prior else sharing * totals[m]
        for b in range(width):
            rest = scatters[m, b]
            scatters[m, b] = deviations[m, b] * math.sqrt(rest / divisor) if rest > 0 else math.nan
    return moved, scatters


@nb.njit(**COMPILED)
def log_prior(means, deviations, prior_mean, shrinkage, dof, scale, constant):
    """Log density of the variances and of the means given them, for S draws: two arrays (S,).

    A variance is inverse-gamma with shape ``nu / 2`` and rate ``scale / 2``, a mean ``N(m_j, variance_kj / kappa)``.
    """
    n_draws, n_components, n_features = means.shape
    n_blocks, width = deviations.shape[1:]
    of_variances, of_means = np.zeros(n_draws), np.zeros(n_draws)
    mean_constant = 0.5 * math.log(shrinkage / (2 * math.pi))
    for s in range(n_draws):
        for m in range(n_blocks):
            of_variances[s] += constant
            for b in range(width):
                deviation = deviations[s, m, b]
                of_variances[s] -= (dof + 2) * math.log(deviation) + 0.5 * scale[b] / deviation / deviation
        for k in range(n_components):
            m = k if n_blocks == n_components else 0
            for j in range(n_features):
                deviation = deviations[s, m, j if width == n_features else 0]
                u = (prior_mean[j] - means[s, k, j]) / deviation
                of_means[s] += mean_constant - math.log(deviation) - 0.5 * shrinkage * u * u
    return of_variances, of_means
