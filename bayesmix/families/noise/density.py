"""The posterior density with noise: that of the groups, in whose pass every row is shared with noise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy.special import expit, logit

from bayesmix.density.minibatch import Minibatch
from bayesmix.density.protocol import FreeVariable
from bayesmix.families.noise.rows import NAME, at_mode, beside, log_odds, log_rest, with_density
from bayesmix.priors.rates import Beta

_INSIDE = 1e-10, 1 - 1e-10  # where samplers start


@dataclass(frozen=True, eq=False)
class DensityWithNoise:
    """See :class:`~bayesmix.density.Density`: ``q`` is that of the groups, and the log odds of noise.

    Attributes
    ----------
    groups : SubsampledDensity
        Of the groups alone, on rows that each count once.
    prior : Beta
        Of the share of noise.
    log_density : float
        Log density of noise at every row, in the units of the groups' columns.
    row_weights : (N,) or (0,) array
        How much each row counts; empty, once.
    """

    groups: Any
    prior: Beta
    log_density: float
    row_weights: np.ndarray

    def weighted(self, row_weights: np.ndarray) -> Self:
        """The density in which each row counts so many times, (N,); empty, once."""
        return replace(self, row_weights=row_weights)

    @property
    def variables(self) -> tuple[FreeVariable, ...]:
        """The free variables in the order of ``q``."""
        return *self.groups.variables, FreeVariable(NAME, (), slice(self.size - 1, self.size))

    @property
    def size(self) -> int:
        """Length of ``q``."""
        return self.groups.size + 1

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.groups.n_rows

    def logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        return self._evaluate(q, self.prior, lambda own, told: self.groups.weighted(told).logp_grad(own), 1.0)

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        prior = at_mode(self.prior)
        return self._evaluate(q, prior, lambda own, told: self.groups.weighted(told).map_logp_grad(own), 0.0)

    def minibatch(self, indices: np.ndarray) -> Minibatch:
        """The density with the likelihood of the rows ``indices`` alone, counted as all of them."""
        of_groups = self.groups.minibatch(indices)

        def logp_grad_of(q, columns, row_weights):
            def groups(own, told):
                return of_groups.logp_grad_of(own, columns[:-1], told)

            return self._evaluate(q, self.prior, groups, 1.0, columns, row_weights)

        some = self.row_weights[indices] if self.row_weights.size else self.row_weights
        return Minibatch(logp_grad_of, with_density(of_groups.columns, self.log_density), some, self.n_rows)

    def _evaluate(self, q, prior, groups, jacobian: float, columns=None, row_weights=None) -> tuple[float, np.ndarray]:
        """``groups(q of the groups, what the pass is told of noise)`` is the density with the prior of the groups."""
        q = np.asarray(q, dtype=float)
        share = float(expit(q[-1]))
        columns = np.full((1, self.n_rows), self.log_density) if columns is None else columns
        told = beside(columns, self.row_weights if row_weights is None else row_weights, log_odds(share))
        value, slope = groups(q[:-1], told)
        total, noise = told[0].sum(), told[2].sum()
        value += total * float(log_rest(share))
        # d/d logit: the prior and the Jacobian are powers of the share and of the rest
        a, b = float(prior.a) - 1.0 + jacobian, float(prior.b) - 1.0 + jacobian
        with np.errstate(divide="ignore"):
            value += float(prior.log_density(share)) + jacobian * float(np.log(share) + np.log1p(-share))
        return value, np.concatenate([slope, [noise + a - (total + a + b) * share]])

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        q = np.asarray(q, dtype=float)
        return self.groups.constrain(q[..., :-1]) | {NAME: expit(q[..., -1])}

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        own = logit(np.clip(np.asarray(values[NAME], dtype=float), *_INSIDE))
        return np.concatenate([self.groups.unconstrain(values), own[..., None]], axis=-1)

    def start(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`: mixture parameters are all that there is."""
        return self.unconstrain(values)
