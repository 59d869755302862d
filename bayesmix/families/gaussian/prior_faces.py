"""Draws and log densities of a Gaussian component's priors, where all of them have a closed form."""

from collections.abc import Mapping

import numpy as np

from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.separated import LKJ, LogNormal
from bayesmix.priors.sets import Priors


def draw_parameters(
    priors: Priors, structure: Structure, n_components: int, n_features: int, size: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """``size`` draws of the parameters from resolved priors, the draw being the first axis."""
    if structure.restricted:
        raise NotImplementedError(
            f"The prior of {structure.name} covariances is known up to a constant, and nothing draws from it."
        )
    spread = structure.parameter
    shape = (size, *spread.shape(n_components, n_features))
    normals = rng.standard_normal((size, n_components, n_features))
    if "components" not in priors.parts:
        prior = priors.parts["means"]
        means = np.asarray(prior.mean) + np.asarray(prior.sd) * normals
        return {"means": means, spread.name: _separated(priors, structure.correlated, shape, rng)}
    joint: NormalInverseWishart = priors.parts["components"]
    dof, scale = float(joint.dof or 0), np.asarray(joint.scale)
    if structure.correlated:
        factors = draw_wishart_factors(dof, scale, shape[:-2], rng)
        deviations = (structure.blocks(factors) @ normals[..., None])[..., 0]
    else:
        factors = np.sqrt(scale / rng.chisquare(dof, size=shape))
        deviations = structure.blocks(factors) * normals
    means = np.asarray(joint.mean) + deviations / np.sqrt(joint.shrinkage)
    return {"means": means, spread.name: structure.values(factors)}


def log_prior_terms(structure: Structure, priors: Priors, named: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Log prior density of each free variable but the weights, (chain, draw), from draws in the data's units."""
    if "components" in priors.parts:
        factor = structure.factor(named[structure.parameter.name])
        prior = structure.hyperparameters(priors.parts["components"])
        of_factor, of_means = structure.log_prior(named["means"], factor, prior)
        return {structure.parameter.name: of_factor, "means": of_means}
    terms = {}
    n_leading = np.ndim(named["means"]) - 2
    for part in ("means", "scales", "correlations"):
        if part in named:
            of_each = priors.parts[part].log_density(named[part])
            terms[part] = of_each.sum(axis=tuple(range(n_leading, of_each.ndim)))
    return terms


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


def _separated(priors: Priors, correlated: bool, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    of_scales = shape[:-1] if correlated else shape
    prior: LogNormal = priors.parts["scales"]
    scales = np.exp(np.asarray(prior.log_mean) + prior.log_sd * rng.standard_normal(of_scales))
    if not correlated:
        return scales**2
    of_correlations: LKJ = priors.parts["correlations"]
    correlations = draw_correlations(of_correlations.eta, shape[:-2], shape[-1], rng)
    return scales[..., :, None] * correlations * scales[..., None, :]
