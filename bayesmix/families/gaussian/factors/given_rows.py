r"""What is known of factor analysers given statistics.

The factors are latent as the components are: EM takes, in whitened units, the regression of the rows on their factors
and a one, with the prior's precision R of each column's coefficients, and then the uniquenesses about it (an ECM step
under a prior, an EM step without one),

.. math:: [B_j, \delta_j] \leftarrow \bigl(\textstyle\sum r z_j (f, 1)^\top + (0, R_\mu m_j)\bigr)
   \bigl(\textstyle\sum r\, \mathbb{E}[(f, 1)(f, 1)^\top] + R_j\bigr)^{-1}.

References
----------
Rubin, D. B. and Thayer, D. T. (1982). EM algorithms for ML factor analysis. Psychometrika 47, 69-76.
https://doi.org/10.1007/BF02293851

Ghahramani, Z. and Hinton, G. E. (1996). The EM algorithm for mixtures of factor analyzers. Technical report
CRG-TR-96-1, University of Toronto.
"""

from dataclasses import dataclass
from typing import Any, override

import numpy as np

from bayesmix.families.gaussian.factors import low_rank, sweeps
from bayesmix.families.gaussian.factors.units import FactorUnits
from bayesmix.families.parts import Conditional, State, Statistics, Sweeps
from bayesmix.priors.factors import InverseGamma, Loadings
from bayesmix.priors.separated import Normal
from bayesmix.priors.sets import Priors

_KINDS = {"means": Normal, "loadings": Loadings, "uniquenesses": InverseGamma}


@dataclass(frozen=True, eq=False)
class FactorConditional(Conditional):
    """See :class:`~bayesmix.families.parts.Conditional`.

    Attributes
    ----------
    standardised : FactorUnits
    parts : mapping of str to prior, or None
        In standardised units; None for the likelihood alone.
    """

    standardised: FactorUnits
    parts: dict[str, Any] | None = None

    @classmethod
    def under(cls, standardised: FactorUnits, priors: Priors | None) -> "FactorConditional | None":
        """The conditional under resolved priors; None where one of them is known to PyMC alone."""
        if priors is None:
            return cls(standardised)
        if not all(isinstance(priors.parts[name], kind) for name, kind in _KINDS.items()):
            return None
        return cls(standardised, in_units(priors, standardised))

    @override
    def mode(self, state: State, statistics: Statistics) -> State:
        means, loadings, uniquenesses = state
        counts, (first, cross, squares) = statistics.counts, statistics.sums
        _, _, precisions, scaled = statistics.form
        n_factors = loadings.shape[2]
        sums, products = low_rank.of_factors(counts, first, cross, scaled)
        gram = np.empty((len(means), n_factors + 1, n_factors + 1))
        gram[:, :-1, :-1], gram[:, -1, -1] = products, counts
        gram[:, :-1, -1] = gram[:, -1, :-1] = sums
        right = np.concatenate([cross, first[..., None]], axis=2)
        try:
            moved = self._regressed(gram, right, means, precisions)
        except np.linalg.LinAlgError:  # a component without rows
            moved = np.full_like(right, np.nan)
        rest = squares + np.einsum("kdq,kdq->kd", moved, moved @ gram - 2 * right)
        with np.errstate(invalid="ignore", divide="ignore"):
            own, count = rest * uniquenesses, counts[:, None]
            if self.parts is not None:
                prior = self.parts["uniquenesses"]
                own, count = own + 2 * np.asarray(prior.scale), count + 2 * np.asarray(prior.shape) + 2
            updated = np.where(own > 0, own, np.nan) / count
        return means + moved[..., -1] / precisions, moved[..., :-1] / precisions[..., None], updated

    def _regressed(self, gram, right, means, precisions):
        """Coefficients (K, D, q + 1) in whitened units."""
        if self.parts is None:
            return np.swapaxes(np.linalg.solve(gram, np.swapaxes(right, -1, -2)), -1, -2)
        of_means, of_loadings = self.parts["means"], self.parts["loadings"]
        ridge = np.empty(right.shape)
        ridge[..., :-1] = (precisions * np.asarray(of_loadings.sd))[..., None] ** -2
        ridge[..., -1] = (precisions * np.asarray(of_means.sd)) ** -2
        pulled = right.copy()
        pulled[..., -1] += ridge[..., -1] * precisions * (np.asarray(of_means.mean) - means)
        matrices = np.repeat(gram[:, None], right.shape[1], axis=1)
        diagonal = np.arange(gram.shape[-1])
        matrices[..., diagonal, diagonal] += ridge
        return np.linalg.solve(matrices, pulled[..., None])[..., 0]

    @override
    def log_prior(self, state: State) -> float:
        if self.parts is None:
            return 0.0
        with np.errstate(invalid="ignore", divide="ignore"):
            of_each = (prior.log_density(part).sum() for prior, part in zip(self.parts.values(), state, strict=True))
            return float(sum(of_each)) + self.standardised.log_prior_shift(len(state[0]), state[1].shape[2])

    @override
    def straight(self, state: State) -> State:
        means, loadings, uniquenesses = state
        return means, loadings, np.log(uniquenesses)

    @override
    def from_straight(self, coordinates: State) -> State:
        means, loadings, logs = coordinates
        with np.errstate(over="ignore"):
            return means, loadings, np.exp(logs)

    @override
    def sweeps(self, n_rows: int) -> Sweeps | None:
        return None if self.parts is None else sweeps.sampler(self.parts, n_rows)


def in_units(priors: Priors, units: FactorUnits) -> dict[str, Any]:
    """The priors of means, loadings and uniquenesses in standardised units."""
    return {name: priors.parts[name].standardised(units.centre, units.scale) for name in _KINDS}
