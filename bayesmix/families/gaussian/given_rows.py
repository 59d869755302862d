"""What is known of Gaussian components given statistics: closed under the normal-inverse-Wishart prior."""

from dataclasses import dataclass
from typing import Any, override

import numpy as np

from bayesmix.families.complete_data import CompleteData
from bayesmix.families.gaussian.covariance.structure import Structure
from bayesmix.families.gaussian.units import Units
from bayesmix.families.missing_cells import of_seen
from bayesmix.families.parts import Conditional, State, Statistics, Sweeps
from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.sets import Priors


@dataclass(frozen=True, eq=False)
class GaussianConditional(Conditional):
    """See :class:`~bayesmix.families.parts.Conditional`.

    Attributes
    ----------
    structure : Structure
    standardised : Units
    prior : hyperparameters or None
        In whitened units, as the structure prepared them; None for the likelihood alone.
    """

    structure: Structure
    standardised: Units
    prior: Any = None

    @classmethod
    def under(cls, structure: Structure, standardised: Units, priors: Priors | None) -> "GaussianConditional | None":
        """The conditional under resolved priors; None where these are not conjugate."""
        if priors is None:
            return cls(structure, standardised)
        prior = priors.parts.get("components")
        if not isinstance(prior, NormalInverseWishart):
            return None
        own = prior.standardised(standardised.centre, standardised.scale)
        return cls(structure, standardised, structure.hyperparameters(own))

    @override
    def mode(self, state: State, statistics: Statistics) -> State:
        counts = statistics.counts
        (means, factor), (first, second) = state, statistics.sums
        return self.structure.m_step(means, factor, counts, counts, first, second, self.prior)

    @override
    def log_prior(self, state: State) -> float:
        if self.prior is None:
            return 0.0
        means, factor = state
        of_factor, of_means = self.structure.log_prior(means, factor, self.prior)
        return float(of_factor) + float(of_means) + self.standardised.log_prior_shift(means.shape[0])

    @override
    def straight(self, state: State) -> State | None:
        return None if self.structure.restricted else state

    @override
    def from_straight(self, coordinates: State) -> State | None:
        factor = coordinates[1]
        scales = np.diagonal(factor, axis1=-2, axis2=-1) if self.structure.correlated else factor
        return coordinates if scales.min() > 0 else None

    @override
    def complete_data(self, columns: np.ndarray) -> CompleteData | None:
        if self.prior is None or self.structure.restricted:
            return None
        return self.structure.complete_data(self.structure, self.prior, columns)

    @override
    def sweeps(self, n_rows: int) -> Sweeps | None:
        if self.prior is None or self.structure.restricted:
            return None
        compiled, shared, n_features = self.structure.sweeps, self.structure.shared, self.prior.mean.size
        numbers = compiled.numbers_of(self.prior, n_rows)
        of_no_rows = compiled.known_of_no_rows(numbers, shared)
        if self.standardised.has_gaps:
            run, telescope = self.structure.sweeps_of_seen.entries(shared)
            return of_seen(Sweeps(run, numbers, *of_no_rows, telescope=telescope), masses=True)
        run, telescope = compiled.entries(n_features, shared)
        return Sweeps(run, numbers, *of_no_rows, telescope=telescope)
