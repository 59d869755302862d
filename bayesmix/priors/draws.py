"""Draws from the priors that have a closed form, without PyMC."""

from typing import Any

import numpy as np

from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.separated import LKJ
from bayesmix.priors.sets import ConjugatePriors, Priors, SeparatedPriors


def draw_parameters(
    priors: Priors, family: Any, n_components: int, n_features: int, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draw weights and parameters from resolved priors that all have a closed form.

    Parameters
    ----------
    priors : Priors
    family : Family
    n_components, n_features : int
    size : int
        Number of draws.
    rng : numpy.random.Generator

    Returns
    -------
    weights : (size, K) array
    params : dict of arrays
        The family's parameters, with the draw as the first axis, in the units of the data.
    """
    weights = rng.dirichlet(priors.weights.concentrations(n_components), size=size)
    spread = family.parameters[1]
    shape = (size, *spread.shape(n_components, n_features))
    normals = rng.standard_normal((size, n_components, n_features))
    if isinstance(priors, SeparatedPriors):
        means = np.asarray(priors.means.mean) + np.asarray(priors.means.sd) * normals
        return weights, {"means": means, spread.name: _separated(priors, family.correlated, shape, rng)}
    means, spreads = (_of_matrices if family.correlated else _of_variances)(priors, shape, normals, rng)
    return weights, {"means": means, spread.name: spreads}


def draw_correlations(eta: float, shape: tuple[int, ...], n_features: int, rng: np.random.Generator) -> np.ndarray:
    """Draw correlation matrices ``(*shape, D, D)`` with density proportional to ``|R|^(eta - 1)``.

    By the onion construction, whose laws :meth:`bayesmix.priors.LKJ.log_normaliser` states: a row of the Cholesky
    factor points anywhere on a sphere, and the square of its length is beta-distributed.
    """
    factor = np.zeros((*shape, n_features, n_features))
    factor[..., 0, 0] = 1
    for i in range(1, n_features):
        squared = rng.beta(i / 2, eta + (n_features - 1 - i) / 2, size=shape)
        direction = rng.standard_normal((*shape, i))
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        factor[..., i, :i] = np.sqrt(squared)[..., None] * direction
        factor[..., i, i] = np.sqrt(1 - squared)
    return factor @ factor.swapaxes(-1, -2)


def draw_wishart_factors(dof: float, scale: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw ``F (*shape, D, D)`` such that ``F F'`` is inverse-Wishart.

    By Bartlett's decomposition ``A A'`` of a Wishart matrix: with ``scale = C C'``, ``F = C A'^-1``.
    """
    n_features = len(scale)
    bartlett = np.tril(rng.standard_normal((*shape, n_features, n_features)), -1)
    diagonal = np.arange(n_features)
    bartlett[..., diagonal, diagonal] = np.sqrt(rng.chisquare(dof - diagonal, size=(*shape, n_features)))
    return np.linalg.cholesky(scale) @ np.linalg.inv(bartlett).swapaxes(-1, -2)


def _of_matrices(priors: ConjugatePriors, shape: tuple[int, ...], normals: np.ndarray, rng: np.random.Generator):
    prior: NormalInverseWishart = priors.components
    factors = draw_wishart_factors(float(prior.dof or 0), np.asarray(prior.scale), shape[:-2], rng)
    # A shared matrix serves every component.
    own = factors if factors.ndim == normals.ndim + 1 else factors[:, None]
    deviations = (own @ normals[..., None])[..., 0]
    return np.asarray(prior.mean) + deviations / np.sqrt(prior.shrinkage), factors @ factors.swapaxes(-1, -2)


def _of_variances(priors: ConjugatePriors, shape: tuple[int, ...], normals: np.ndarray, rng: np.random.Generator):
    prior: NormalInverseWishart = priors.components
    variances = np.asarray(prior.scale) / rng.chisquare(float(prior.dof or 0), size=shape)
    own = variances if variances.ndim == normals.ndim else variances[..., None]
    return np.asarray(prior.mean) + np.sqrt(own / prior.shrinkage) * normals, variances


def _separated(
    priors: SeparatedPriors, correlated: bool, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    of_scales = shape[:-1] if correlated else shape
    log_scales = np.asarray(priors.scales.log_mean) + priors.scales.log_sd * rng.standard_normal(of_scales)
    scales = np.exp(log_scales)
    if not correlated:
        return scales**2
    prior: LKJ = priors.correlations
    correlations = draw_correlations(prior.eta, shape[:-2], shape[-1], rng)
    return scales[..., :, None] * correlations * scales[..., None, :]
