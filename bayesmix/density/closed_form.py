"""The density in closed form, for bayesmix's own families and priors: compiled once, kept on disk."""

import importlib
from collections.abc import Mapping

import numpy as np

from bayesmix.data import Rows
from bayesmix.density.coordinates import ConjugateCoordinates, SeparatedCoordinates
from bayesmix.density.minibatch import Minibatch
from bayesmix.density.protocol import FreeVariable
from bayesmix.families import Family
from bayesmix.families.covariance import Diagonal, Full, Spherical, Tied
from bayesmix.families.units import Units
from bayesmix.priors.sets import ConjugatePriors, Priors, has_closed_form
from bayesmix.priors.weights import log_dirichlet_constant

# What the compiled modules were written for. They cannot tell: another structure's parameters would be read as those
# of one of these, and give a wrong density without an error.
COMPILED_FOR = (Full, Tied, Diagonal, Spherical)


class ClosedFormDensity:
    """Log posterior density of a Gaussian mixture under the conjugate or the separated prior.

    Parameters
    ----------
    rows : Rows
    family : Family
    priors : Priors
        Resolved.
    n_components : int

    Raises
    ------
    TypeError
        If the family or a prior has no closed form (see :meth:`covers`).
    """

    def __init__(self, rows: Rows, family: Family, priors: Priors, n_components: int):
        if not self.covers(family, priors):
            raise TypeError(f"{family} has no closed form, or a prior is known to PyMC alone: use PyMCDensity")
        self.family, self.n_components = family, n_components
        self._priors = priors
        conjugate = isinstance(priors, ConjugatePriors)
        self.units = Units.whitened(rows, family) if conjugate else Units.by_columns(rows, family)
        coordinates = ConjugateCoordinates if conjugate else SeparatedCoordinates
        self.coordinates = coordinates(family, self.units, n_components)
        geometry = "dense" if family.correlated else "axis"
        prior = "conjugate" if conjugate else "separated"
        # loaded when first needed: each module takes seconds to compile on a new machine
        self.compiled = importlib.import_module(f"bayesmix.density.compiled.{geometry}_{prior}")
        self.n_blocks = self._count_blocks()
        concentrations = priors.weights.concentrations(n_components)
        make = self._conjugate_numbers if conjugate else self._separated_numbers
        constant, jacobian_constant, numbers = make(priors)
        if n_components > 1:
            jacobian_constant += np.log(n_components)  # of the simplex transform
        constant += self._raw_prior_shift
        self.numbers = self._with_constants(constant, jacobian_constant, concentrations, numbers)
        # MAP counts a concentration below 1 as 1: its mode is otherwise on the boundary
        flat = np.maximum(concentrations, 1)
        self._map_numbers = self._with_constants(constant, jacobian_constant, flat, numbers)

    @staticmethod
    def covers(family: Family, priors: Priors) -> bool:
        """Whether this covariance structure and every part of these priors have a closed form."""
        return type(family.structure) in COMPILED_FOR and has_closed_form(priors)

    def _count_blocks(self) -> int:
        dims = self.family.structure.parameter.dims
        if self.family.correlated:
            return 1 if "component" not in dims else self.n_components
        return self.units.spread.size if "feature" in dims else 1

    @property
    def size(self) -> int:
        """Length of ``q``."""
        return self.variables[-1].place.stop

    @property
    def variables(self) -> tuple[FreeVariable, ...]:
        """The free variables in the order of ``q``."""
        return self.coordinates.variables

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self.numbers, 1.0, self.units.columns)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.units.columns.shape[1]

    def minibatch(self, indices: np.ndarray) -> Minibatch:
        """The density with the likelihood of the rows ``indices`` alone, counted as all of them."""
        columns = np.take(self.units.columns, indices, axis=1)

        def logp_grad_of(q, columns):
            return self._evaluate(q, self.numbers, 1.0, columns)

        return Minibatch(logp_grad_of, columns, self.n_rows)

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self._map_numbers, 0.0, self.units.columns)

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self.coordinates.constrain(np.asarray(q, dtype=float))

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        return self.coordinates.unconstrain(values)

    def start(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`: mixture parameters are all that there is."""
        return self.unconstrain(values)

    def _evaluate(self, q, numbers, jacobian, columns):
        gradient = np.empty(self.size)
        value = self.compiled.log_posterior(
            np.ascontiguousarray(q, dtype=float),
            gradient,
            columns,
            self.n_components,
            self.n_blocks,
            numbers,
            jacobian,
        )
        return value + self.units.log_likelihood_shift, gradient

    def _with_constants(self, constant, jacobian_constant, concentrations, numbers) -> np.ndarray:
        dirichlet = log_dirichlet_constant(concentrations) if self.n_components > 1 else 0.0
        return np.concatenate([[constant + dirichlet, jacobian_constant], concentrations, numbers])

    def _conjugate_numbers(self, priors):
        """Constant, constant of the Jacobian, and hyperparameters of the conjugate prior."""
        structure, n_components = self.family.structure, self.n_components
        prior = structure.hyperparameters(priors.components.standardised(self.units.centre, self.units.scale))
        n_features = prior.mean.size
        means = 0.5 * n_components * n_features * np.log(prior.shrinkage / (2 * np.pi))
        if self.family.correlated:
            constant, scale = self.n_blocks * prior.constant, prior.half_scale.ravel()
            jacobian = self.n_blocks * n_features * np.log(2)
        else:
            constant, scale, jacobian = n_components * prior.constant, prior.scale, 0.0
        # What the log prior gains in the units of the data; the Jacobians lose as much.
        self._raw_prior_shift = self.units.log_prior_shift(n_components)
        return (
            constant + means,
            jacobian - self._raw_prior_shift,
            np.concatenate([prior.mean, [prior.shrinkage, prior.dof], scale]),
        )

    def _separated_numbers(self, priors):
        """Constant, constant of the Jacobian, and hyperparameters of the separated prior."""
        centre, scale = self.units.centre, self.family.standard_scale(self.units.spread)
        means = priors.means.standardised(centre, scale)
        scales = priors.scales.standardised(centre, scale)
        n_features, n_components = scale.size, self.n_components
        log_2pi = np.log(2 * np.pi)
        constant = -n_components * float((np.log(means.sd) + 0.5 * log_2pi).sum())
        if self.family.correlated:
            n_scales, log_units = self.n_blocks * n_features, self.n_blocks * np.log(scale).sum()
            constant += self.n_blocks * priors.correlations.log_normaliser(n_features)
            rest = [priors.correlations.eta]
        else:
            n_scales = n_components * self.n_blocks
            log_units = n_components * np.log(scale[: self.n_blocks]).sum()
            rest = []
        constant -= n_scales * (np.log(scales.log_sd) + 0.5 * log_2pi)
        self._raw_prior_shift = -n_components * float(np.log(scale).sum()) - float(log_units)
        median = np.atleast_1d(scales.log_mean)
        numbers = np.concatenate([means.mean, means.sd, median, [scales.log_sd], rest])
        return constant, -self._raw_prior_shift, numbers
