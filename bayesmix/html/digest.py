"""A tree read once: what all sections of a report need of it."""

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.data import Rows
from bayesmix.families import Family
from bayesmix.html.numbers import as_sure, percent, percent_with_interval, to_spread, with_interval
from bayesmix.posterior.checks import Check, posterior_check
from bayesmix.posterior.intervals import credible_interval, read_ci_prob
from bayesmix.posterior.labels import Diagnosis, diagnose
from bayesmix.posterior.margins import Marginal, evenly, marginal_of
from bayesmix.posterior.membership import responsibilities
from bayesmix.posterior.merging import merge
from bayesmix.posterior.modal import has_modes, modes
from bayesmix.posterior.numbers import number_of_groups
from bayesmix.posterior.partitions.overview import Overview
from bayesmix.posterior.power_scaling import told_sensitivity
from bayesmix.posterior.tails import outliers
from bayesmix.registry import ENGINES, from_chains
from bayesmix.tree import family_of, number_varies, record_of, training_rows

_METHODS = {
    "em": "expectation-maximisation (a point estimate)",
    **{method: engine.words for method, engine in ENGINES.items()},
    "adopted": "draws of another sampler",
}

# Peaks of the density are looked for in so many draws, from so many rows.
_CLIMBING_DRAWS, _CLIMBING_ROWS = 400, 500

# LOO of so many draws at least, and of so many numbers at most: two seconds.
_FEWEST_DRAWS = 100
_MOST_VALUES = 10_000_000


@dataclass(frozen=True, eq=False)
class Estimate:
    """A quantity's typical value and interval, in arrays of one shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Summary(NamedTuple):
    """One thing that tables say of every group (see :class:`bayesmix.families.parts.Summary`)."""

    key: str
    name: str
    plural: str
    entries: tuple[str, ...]
    estimate: Estimate
    shares: tuple[bool, ...]

    def text(self, k: int, j: int, *, interval: bool = True) -> str:
        """Entry j of group k in words; where there is no interval the differences between groups decide the digits."""
        value, low, high = (float(part[k, j]) for part in (self.estimate.value, self.estimate.low, self.estimate.high))
        if self.shares[j]:
            return percent_with_interval(value, low, high) if interval else percent(value)
        if not low < high:
            return to_spread(value, float(np.std(self.estimate.value[:, j])))
        return with_interval(value, low, high) if interval else as_sure(value, low, high)


@dataclass(frozen=True, eq=False)
class Digest:
    """What a tree says, group by group and row by row."""

    tree: xr.DataTree

    @cached_property
    def record(self) -> dict[str, Any]:
        """How the tree came about."""
        return record_of(self.tree)

    @cached_property
    def family(self) -> Family:
        """What a group is."""
        return family_of(self.tree)

    @cached_property
    def rows(self) -> Rows:
        """The training rows."""
        return training_rows(self.tree)

    @cached_property
    def membership(self) -> xr.Dataset:
        """Who belongs where."""
        return responsibilities(self.tree)

    @cached_property
    def merged(self) -> xr.Dataset:
        """Which groups overlap so much that they may be one."""
        return merge(self.tree)

    @cached_property
    def peaks(self) -> dict[int, float] | None:
        """Probabilities of the numbers of peaks that the density has.

        None where it has no slope to climb, or no row is complete.
        """
        complete = self.rows.complete
        if not has_modes(self.family) or complete.n_rows == 0:
            return None
        some = complete.values[evenly(complete.n_rows, _CLIMBING_ROWS)]
        numbers = modes(self.tree, some, draws=max(1, _CLIMBING_DRAWS // self.n_chains))["n_modes"].values.ravel()
        found, counts = np.unique(numbers, return_counts=True)
        return {int(number): float(count) / numbers.size for number, count in zip(found, counts, strict=True)}

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """How far the draws can be trusted."""
        return diagnose(self.tree)

    @cached_property
    def sensitivity(self) -> pd.DataFrame | None:
        """How the answer moves under half and twice the prior; None of draws of which nothing can be told."""
        return None if self.diagnosis.reasons else told_sensitivity(self.tree)

    @cached_property
    def check(self) -> Check | None:
        """The data beside what the model makes; None of too few rows."""
        return posterior_check(self.tree)

    @cached_property
    def misfits(self) -> xr.Dataset:
        """Which rows fit badly; the same draws for the same tree."""
        return outliers(self.tree, random_seed=0)

    @cached_property
    def numbers(self) -> xr.Dataset:
        """How probable each number of groups is, where it is unknown."""
        return number_of_groups(self.tree)

    @property
    def unnamed(self) -> bool:
        """Whether the number of groups varies, so that none has a name."""
        return number_varies(self.tree)

    @cached_property
    def ci_prob(self) -> float:
        """Probability inside all intervals."""
        return read_ci_prob() if self.unnamed else float(self.membership.attrs["ci_prob"])

    @cached_property
    def pareto_k(self) -> np.ndarray | None:
        """Pareto k-hat of every row; None where LOO needs more than a moment, or more than the tree."""
        if not from_chains(self.method) or "log_likelihood" not in self.tree.children:
            return None
        if self.n_chains * self.n_draws < _FEWEST_DRAWS or self.tree["log_likelihood"]["x"].size > _MOST_VALUES:
            return None
        import arviz_stats

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of high values, which are told
            return cast(Any, arviz_stats.loo(self.tree, var_name="x", pointwise=True)).pareto_k.values

    @property
    def method(self) -> str:
        """How the draws were made."""
        return self.record["method"]

    @property
    def method_in_words(self) -> str:
        """How the draws were made, for people who do not know the short name."""
        return _METHODS.get(self.method, self.method)

    @property
    def n_components(self) -> int:
        """K."""
        return int(self.record["n_components"])

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return int(self.tree["posterior"].to_dataset().sizes["chain"])

    @property
    def n_draws(self) -> int:
        """Draws of each chain."""
        return int(self.tree["posterior"].to_dataset().sizes["draw"])

    @property
    def sampled(self) -> bool:
        """Whether there is more than one draw, and thus any uncertainty."""
        return self.n_chains * self.n_draws > 1

    @cached_property
    def shares(self) -> Estimate:
        """Shares of all rows (K,): posterior means, which sum to one, or to what noise leaves."""
        shares = self.marginal.shares
        return _summary(shares, shares.mean(axis=0), self.membership)

    @cached_property
    def noise(self) -> Estimate | None:
        """Share of noise: its posterior mean; None where there is none."""
        if not self.family.has_noise:
            return None
        share = np.asarray(self.marginal.params["noise_weight"])[:, None]
        return _summary(share, share.mean(axis=0), self.membership)

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """What tables say of every group; values are estimates (K, M): posterior medians, or means of probabilities."""
        found = []
        for one in self.family.summaries(self.marginal.params, self.rows):
            middle = np.where(one.shares, np.mean(one.values, axis=0), np.median(one.values, axis=0))
            estimate = _summary(one.values, middle, self.membership)
            found.append(Summary(one.key, one.name, one.plural, one.entries, estimate, tuple(one.shares.tolist())))
        return tuple(found)

    @cached_property
    def separation(self) -> np.ndarray:
        """How far the groups lie apart in each feature (D,): the variance of their centres over that within groups.

        Of a feature with levels that of the level in which they lie furthest apart.
        """
        return self.marginal.separation() ** 2

    @cached_property
    def telling(self) -> tuple[int, ...]:
        """Of each feature the entry of the first summary in which the groups lie furthest apart, (D,)."""
        return tuple(self.marginal.telling().tolist())

    @cached_property
    def overview(self) -> Overview:
        """Who belongs with whom."""
        return Overview(self.tree)

    @cached_property
    def marginal(self) -> Marginal:
        """All draws, of all features."""
        return marginal_of(self.tree)


def _summary(draws: np.ndarray, value: np.ndarray, membership: xr.Dataset) -> Estimate:
    """Interval over the draws (S, ...), like those of the memberships."""
    flat = draws.reshape(len(draws), -1)
    interval = credible_interval(flat.T, membership.attrs["ci_prob"], membership.attrs["ci_kind"]).reshape(
        *draws.shape[1:], 2
    )
    return Estimate(value, interval[..., 0], interval[..., 1])
