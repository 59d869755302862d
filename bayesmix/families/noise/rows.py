"""Rows with the density of noise below them, and what is known of the parameters given statistics."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, override

import numpy as np

from bayesmix.families.parts import Conditional, Params, Standardised, State, Statistics
from bayesmix.priors.rates import Beta

NAME = "noise_weight"
_LEAST, _MOST = 1e-290, 1 - 1e-16  # of the share of noise in a pass, which takes logarithms


def log_odds(share: Any) -> Any:
    """Log odds of noise against the groups, finite even where there is none of one of them."""
    inside = np.clip(share, _LEAST, _MOST)
    return np.log(inside) - np.log1p(-inside)


def log_rest(share: Any) -> Any:
    """Logarithm of the share of the groups."""
    return np.log1p(-np.clip(share, 0.0, _MOST))


def beside(columns: np.ndarray, row_weights: np.ndarray, odds: float) -> np.ndarray:
    """What a pass is told of noise (:func:`bayesmix.passes.log_sum_exp.normalise`), (3, N), in the place of weights."""
    told = np.empty((3, columns.shape[1]))
    told[0] = row_weights if row_weights.size else 1.0
    told[1] = columns[-1] + odds
    return told


@dataclass(frozen=True, eq=False)
class RowsWithNoise(Standardised):
    """See :class:`~bayesmix.families.parts.Standardised`: the columns of the groups' family, and one below them.

    Attributes
    ----------
    own : Standardised
        Of the groups' family.
    log_density : float
        Log density of noise in these units, the same for every row.
    """

    own: Any
    log_density: float

    @cached_property
    def columns(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]: made when first read
        """(M + 1, N)."""
        return with_density(self.own.columns, self.log_density)

    @property
    def n_entries(self) -> int:
        """See :class:`~bayesmix.families.parts.Standardised`."""
        return self.own.n_entries + 1

    @property
    def log_likelihood_shift(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]: of the groups'
        """What the log-likelihood gains in the units of the data."""
        return self.own.log_likelihood_shift

    @override
    def some(self, chosen: np.ndarray) -> np.ndarray:
        return with_density(self.own.some(chosen), self.log_density)

    @override
    def to_params(self, state: State) -> dict[str, np.ndarray]:
        return {**self.own.to_params(state[:-1]), NAME: state[-1]}

    @override
    def to_state(self, params: Params) -> State:
        return *self.own.to_state(params), np.asarray(params[NAME], dtype=float)

    @override
    def views(self, columns: np.ndarray) -> list[np.ndarray]:
        return self.own.views(columns[:-1])

    @override
    def collapsed(self, state: State) -> bool:
        return self.own.collapsed(state[:-1])


def with_density(columns: np.ndarray, log_density: float) -> np.ndarray:
    """Columns (M, N) with the log density of noise below, (M + 1, N)."""
    return np.concatenate([columns, np.full((1, columns.shape[1]), log_density)])


@dataclass(frozen=True, eq=False)
class ConditionalWithNoise(Conditional):
    """See :class:`~bayesmix.families.parts.Conditional`: the share of noise has a beta prior, and none for likelihood.

    At the mode a number of the prior below 1 counts as 1: the mode is on the boundary otherwise.
    """

    own: Conditional
    prior: Beta | None

    @override
    def mode(self, state: State, statistics: Statistics) -> State:
        *sums, of_noise = statistics.sums
        groups = replace(statistics, sums=tuple(sums), form=statistics.form[:-1])
        noise, rest = float(of_noise), float(statistics.counts.sum())
        if self.prior is not None:
            noise, rest = noise + excess(self.prior.a), rest + excess(self.prior.b)
        return *self.own.mode(state[:-1], groups), np.array(noise / (noise + rest))

    @override
    def log_prior(self, state: State) -> float:
        own = self.own.log_prior(state[:-1])
        return own if self.prior is None else own + float(at_mode(self.prior).log_density(state[-1]))

    @override
    def straight(self, state: State) -> State | None:
        own = self.own.straight(state[:-1])
        return None if own is None else (*own, np.atleast_1d(state[-1]))

    @override
    def from_straight(self, coordinates: State) -> State | None:
        share = float(coordinates[-1][0])
        own = self.own.from_straight(coordinates[:-1]) if 0 < share < 1 else None
        return None if own is None else (*own, np.array(share))


def excess(number: float) -> float:
    """What a number of the prior adds to a count at the mode."""
    return max(float(number) - 1.0, 0.0)


def at_mode(prior: Beta) -> Beta:
    """The prior as the mode has it."""
    return Beta(max(float(prior.a), 1.0), max(float(prior.b), 1.0))
