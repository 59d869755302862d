"""The posterior density of a Gaussian mixture in closed form, under the conjugate or the separated prior."""

import importlib

import numpy as np

from bayesmix.data import Rows
from bayesmix.density.closed_form import ClosedFormDensity, OwnNumbers
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.density.coordinates import ConjugateCoordinates, SeparatedCoordinates
from bayesmix.families.gaussian.units import Units
from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.sets import Priors
from bayesmix.priors.weights import Dirichlet


def closed_form(structure: Structure, rows: Rows, whitened: Units, priors: Priors, n_components: int):
    """The density, or None where a prior is known to PyMC alone.

    Parameters
    ----------
    structure : Structure
    rows : Rows
    whitened : Units
        Of the same rows.
    priors : Priors
        Resolved.
    n_components : int
    """
    if not priors.closed:
        return None
    conjugate = "components" in priors.parts
    units = whitened if conjugate or not structure.correlated else Units.by_columns(rows, structure, whitened.names)
    coordinates = (ConjugateCoordinates if conjugate else SeparatedCoordinates)(structure, units, n_components)
    geometry = "dense" if structure.correlated else "axis"
    # loaded when first needed: each module takes seconds to compile on a new machine
    compiled = importlib.import_module(
        f"bayesmix.families.gaussian.density.{geometry}_{'conjugate' if conjugate else 'separated'}"
    )
    n_blocks = _count_blocks(structure, n_components, rows.n_features)
    own = (_conjugate_numbers if conjugate else _separated_numbers)(structure, units, priors, n_components, n_blocks)
    weights: Dirichlet = priors.weights
    concentrations = weights.concentrations(n_components)
    return ClosedFormDensity(
        units.columns, units.log_likelihood_shift, coordinates, compiled, concentrations, n_blocks, own
    )


def _count_blocks(structure: Structure, n_components: int, n_features: int) -> int:
    """Cholesky factors, or standard deviations of each component."""
    dims = structure.parameter.dims
    if structure.correlated:
        return n_components if "component" in dims else 1
    return n_features if "feature" in dims else 1


def _conjugate_numbers(structure: Structure, units: Units, priors: Priors, n_components: int, n_blocks: int):
    components: NormalInverseWishart = priors.parts["components"]
    prior = structure.hyperparameters(components.standardised(units.centre, units.scale))
    n_features = prior.mean.size
    means = 0.5 * n_components * n_features * np.log(prior.shrinkage / (2 * np.pi))
    if structure.correlated:
        constant, scale = n_blocks * prior.constant, prior.half_scale.ravel()
        jacobian = n_blocks * n_features * np.log(2)
    else:
        constant, scale, jacobian = n_components * prior.constant, prior.scale, 0.0
    # what the log prior gains in the units of the data; the Jacobians lose as much
    shift = units.log_prior_shift(n_components)
    hyperparameters = np.concatenate([prior.mean, [prior.shrinkage, prior.dof], scale])
    return OwnNumbers(constant + means + shift, jacobian - shift, hyperparameters)


def _separated_numbers(structure: Structure, units: Units, priors: Priors, n_components: int, n_blocks: int):
    centre, scale = units.centre, structure.common_scale(units.spread)
    means = priors.parts["means"].standardised(centre, scale)
    scales = priors.parts["scales"].standardised(centre, scale)
    n_features = scale.size
    log_2pi = np.log(2 * np.pi)
    constant = -n_components * float((np.log(means.sd) + 0.5 * log_2pi).sum())
    if structure.correlated:
        n_scales, log_units = n_blocks * n_features, n_blocks * np.log(scale).sum()
        correlations = priors.parts["correlations"]
        constant += n_blocks * correlations.log_normaliser(n_features)
        rest = [correlations.eta]
    else:
        n_scales = n_components * n_blocks
        log_units = n_components * np.log(scale[:n_blocks]).sum()
        rest = []
    constant -= n_scales * (np.log(scales.log_sd) + 0.5 * log_2pi)
    shift = -n_components * float(np.log(scale).sum()) - float(log_units)
    numbers = np.concatenate([means.mean, means.sd, np.atleast_1d(scales.log_mean), [scales.log_sd], rest])
    return OwnNumbers(constant + shift, -shift, numbers)
