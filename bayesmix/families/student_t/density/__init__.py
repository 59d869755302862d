"""The posterior density of a Student-t mixture in closed form: a Gaussian one, and degrees of freedom behind it."""

import importlib
from collections.abc import Mapping

import numpy as np

from bayesmix.data import Rows
from bayesmix.density.closed_form import ClosedFormDensity, Coordinates, OwnNumbers
from bayesmix.density.protocol import FreeVariable
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.density import closed_form as gaussian_closed_form
from bayesmix.families.gaussian.units import Units
from bayesmix.priors.rates import Gamma
from bayesmix.priors.sets import Priors


def closed_form(
    structure: Structure, dof: str | float, rows: Rows, standardised: Units, priors: Priors, n_components: int
) -> ClosedFormDensity | None:
    """The density under the conjugate prior of location and scale matrix; None under others.

    Parameters
    ----------
    structure : Structure
    dof : {"component", "shared"} or float
    rows : Rows
    standardised : Units
        Of the same rows.
    priors : Priors
        Resolved.
    n_components : int
    """
    clouds = gaussian_closed_form(structure, rows, standardised, priors, n_components)
    if clouds is None or "components" not in priors.parts:
        return None
    compiled = importlib.import_module(f"{__name__}.{'dense' if structure.correlated else 'axis'}")
    own, coordinates = clouds.own, clouds.coordinates
    constant, tail = own.constant, np.array([1.0, 0.0, 0.0, dof if isinstance(dof, float) else 0.0])
    if isinstance(dof, str):
        shape = (n_components,) if dof == "component" else ()
        coordinates = _WithDof(coordinates, shape)
        prior: Gamma = priors.parts["dof"]
        n_free = int(np.prod(shape))
        # at one the log density is the constant less the rate
        constant += n_free * float(prior.log_density(np.ones(())) + prior.rate)
        tail[:3] = prior.shape, prior.rate, n_free
    numbers = OwnNumbers(constant, own.jacobian_constant, np.concatenate([own.hyperparameters, tail]))
    concentrations = priors.weights.concentrations(n_components)
    shift = standardised.log_likelihood_shift
    compiled = compiled if rows.missing is None else compiled.OF_SEEN
    return ClosedFormDensity(
        standardised.columns, shift, coordinates, compiled, concentrations, clouds.n_blocks, numbers
    )


class _WithDof:
    """Coordinates of clouds, and behind them the logarithms of degrees of freedom of some shape."""

    def __init__(self, clouds: Coordinates, shape: tuple[int, ...]):
        self.clouds, self.shape = clouds, shape
        start = clouds.variables[-1].place.stop
        self.place = slice(start, start + int(np.prod(shape)))
        self.variables = (*clouds.variables, FreeVariable("dof", shape, self.place))

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        dof = np.exp(q[..., self.place]).reshape((*q.shape[:-1], *self.shape))
        return {**self.clouds.constrain(q), "dof": dof}

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        clouds = self.clouds.unconstrain(values)
        logs = np.log(np.asarray(values["dof"], dtype=float)).reshape((*clouds.shape[:-1], -1))
        return np.concatenate([clouds, logs], axis=-1)
