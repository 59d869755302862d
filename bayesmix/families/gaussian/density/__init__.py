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
    structure = structure.chart(n_components)
    conjugate = "components" in priors.parts
    units = whitened if conjugate or not structure.correlated else Units.by_columns(rows, structure, whitened.names)
    coordinates = (ConjugateCoordinates if conjugate else SeparatedCoordinates)(structure, units, n_components)
    # loaded when first needed: each module takes seconds to compile on a new machine
    compiled = importlib.import_module(
        f"bayesmix.families.gaussian.density.{structure.geometry}_{'conjugate' if conjugate else 'separated'}"
    )
    n_blocks = structure.n_blocks(n_components)
    own = (_conjugate_numbers if conjugate else _separated_numbers)(structure, units, priors, n_components)
    weights: Dirichlet = priors.weights
    concentrations = weights.concentrations(n_components)
    compiled = compiled if rows.missing is None and rows.errors is None else compiled.OF_SEEN
    return ClosedFormDensity(
        units.columns, units.log_likelihood_shift, coordinates, compiled, concentrations, n_blocks, own
    )


def _conjugate_numbers(structure: Structure, units: Units, priors: Priors, n_components: int):
    components: NormalInverseWishart = priors.parts["components"]
    prior = structure.hyperparameters(components.standardised(units.centre, units.scale))
    n_blocks, n_features = structure.n_blocks(n_components), prior.mean.size
    means = 0.5 * n_components * n_features * np.log(prior.shrinkage / (2 * np.pi))
    jacobian = structure.free_constant(n_components, n_features)
    # what the log prior gains in the units of the data; the Jacobians lose as much
    shift = units.log_prior_shift(n_components)
    of_prior = [np.ravel(part) for part in prior[:-1]]
    hyperparameters = np.concatenate([*of_prior, structure.chart_numbers(n_components, n_features)])
    return OwnNumbers(n_blocks * prior.constant + means + shift, jacobian - shift, hyperparameters)


def _separated_numbers(structure: Structure, units: Units, priors: Priors, n_components: int):
    centre, scale = units.centre, structure.common_scale(units.spread)
    means = priors.parts["means"].standardised(centre, scale)
    scales = priors.parts["scales"].standardised(centre, scale)
    log_medians = np.atleast_1d(scales.log_mean)
    n_blocks, width, log_2pi = structure.n_blocks(n_components), log_medians.size, np.log(2 * np.pi)
    constant = -n_components * float((np.log(means.sd) + 0.5 * log_2pi).sum())
    constant -= n_blocks * width * (np.log(scales.log_sd) + 0.5 * log_2pi)
    shift = -n_components * float(np.log(scale).sum()) - n_blocks * float(np.log(scale[:width]).sum())
    numbers = [means.mean, means.sd, log_medians, [scales.log_sd]]
    if structure.correlated:
        correlations = priors.parts["correlations"]
        constant += n_blocks * correlations.log_normaliser(scale.size)
        numbers.append([correlations.eta])
    return OwnNumbers(constant + shift, -shift, np.concatenate(numbers))
