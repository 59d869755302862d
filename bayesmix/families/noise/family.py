"""A family of groups with noise beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, override

import numpy as np
from scipy.special import expit

from bayesmix.data import Column, Rows
from bayesmix.density.minibatch import SubsampledDensity
from bayesmix.families import family_from_name, read_family
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS
from bayesmix.families.noise.density import DensityWithNoise
from bayesmix.families.noise.fused import fused
from bayesmix.families.noise.rows import (
    NAME,
    ConditionalWithNoise,
    RowsWithNoise,
    beside,
    log_odds,
    log_rest,
    with_density,
)
from bayesmix.families.noise.sweeps import sweeps_of
from bayesmix.families.parts import (
    Form,
    Fused,
    Kernel,
    ParameterSpec,
    Params,
    State,
    Statistics,
    Summary,
    Sweeps,
)
from bayesmix.families.protocol import Family
from bayesmix.notes import Note
from bayesmix.priors.rates import Beta
from bayesmix.priors.sets import Priors
from bayesmix.registry import NOISE
from bayesmix.vocabulary import behind_the_door, named_arguments

_FIRST = 0.05  # share of noise that a climb starts from
_SHARE = ParameterSpec(NAME, (), "probability")
Box = tuple[tuple[float, float], ...]


@named_arguments
@dataclass(frozen=True, repr=False)
class WithNoise(Family):
    r"""Groups of a family, and noise: rows of no group, which lie anywhere in the box of the data.

    .. math:: p(x) = (1 - \epsilon) \sum_k w_k f(x \mid \theta_k) + \epsilon \frac{1}{V},
              \qquad V = \prod_j (\max_i x_{ij} - \min_i x_{ij})

    The weights are those of the groups among the rows that are no noise, and sum to one; ``noise_weight``,
    :math:`\epsilon`, is the share of the others. The box is that of the rows that the mixture was fitted to, and the
    density of noise the same beyond it.

    Parameters
    ----------
    family : Family or str
        Of the groups.

    Raises
    ------
    ValueError
        If its pass takes no noise, or it has noise already.

    References
    ----------
    Banfield, J. D. and Raftery, A. E. (1993). Model-based Gaussian and non-Gaussian clustering. Biometrics 49, 803-821.
    https://doi.org/10.2307/2532201

    Fraley, C. and Raftery, A. E. (1998). How many clusters? Which clustering method? Answers via model-based cluster
    analysis. The Computer Journal 41, 578-588. https://doi.org/10.1093/comjnl/41.8.578
    """

    family: Any
    box: Box = field(default=(), init=False)

    has_noise: ClassVar[bool] = True
    prepares_columns: ClassVar[bool] = True

    def __post_init__(self):
        object.__setattr__(self, "family", read_family(self.family))
        if self.family.has_noise:
            raise ValueError(f"noise is asked for twice: {self.family} has it already")
        if not self.family.takes_noise:
            raise ValueError(
                f"noise does not go with a {self.family} mixture, but with groups of bm.Gaussian (without factors) and "
                "bm.StudentT, over whose columns it is uniform: take one of these, or leave noise out"
            )

    # What it is called

    @classmethod
    @override
    def names(cls) -> tuple[str, ...]:
        return ()

    @classmethod
    @override
    def named(cls, name: str) -> Self | None:
        return cls(family_from_name(name.removesuffix(NOISE))) if name.endswith(NOISE) else None

    def __str__(self) -> str:
        return f"{self.family}{NOISE}"

    def __repr__(self) -> str:
        return f"WithNoise({self.family!r}, box={self.box})"

    @property
    @override
    def code(self) -> str:
        return f'"{self}"'

    # What it is made of

    @property
    @override
    def groups(self) -> Family:
        return self.family

    @override
    def priors_of_groups(self, priors: Priors) -> Priors:
        return Priors(tuple((part, prior) for part, prior in priors.entries if part != NAME))

    @property
    @override
    def parameters(self) -> tuple[ParameterSpec, ...]:
        return (*self.family.parameters, _SHARE)

    @property
    @override
    def derived(self) -> tuple[ParameterSpec, ...]:
        return self.family.derived

    @property
    @override
    def prior_forms(self) -> tuple[Mapping[str, Any], ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """See :class:`~bayesmix.families.protocol.Family`: any share of noise is as plausible as any other."""
        return tuple({**form, NAME: Beta(1.0, 1.0)} for form in self.family.prior_forms)

    @override
    def owner(self, part: str) -> tuple[Family, np.ndarray | None, str]:
        return (self, None, part) if part == NAME else self.family.owner(part)

    @override
    def standard_scale(self, scale: np.ndarray) -> np.ndarray:
        return self.family.standard_scale(scale)

    @override
    def reduce(self, covariance_or_variances: np.ndarray) -> Any:
        return self.family.reduce(covariance_or_variances)

    @override
    def coords(self, rows: Rows) -> dict[str, list[str]]:
        return self.family.coords(rows)

    @override
    def n_parameters(self, n_components: int, n_features: int) -> int:
        return self.family.n_parameters(n_components, n_features) + 1

    @override
    def complete(self, params: Params, priors: Priors | None = None) -> dict[str, np.ndarray]:
        return self.family.complete(params, None if priors is None else self.priors_of_groups(priors))

    @override
    def same_model_as(self, other: Family, n_components: int, n_features: int) -> bool:
        return isinstance(other, WithNoise) and self.family.same_model_as(other.family, n_components, n_features)

    # What it learns of the rows

    @override
    def on(self, columns: Sequence[Column]) -> "WithNoise":
        family = replace(self, family=self.family.on(columns))
        box = tuple(column.span for column in columns if column.span is not None)
        object.__setattr__(family, "box", box if len(box) == len(columns) else ())
        return family

    @property
    def log_density(self) -> float:
        """Of noise, in the units of the data: minus the logarithm of the volume of the box."""
        if not self.box:
            raise ValueError(f"{self} knows of no box: only rows tell it, to a Mixture with noise=True")
        low, high = np.array(self.box).T
        return -float(np.log(high - low).sum())

    @override
    def check(self, rows: Rows) -> None:
        self.family.check(rows)
        if rows.n_rows == 1:
            raise ValueError("X has one row, which spans no box for noise to lie in: leave noise out")

    @override
    def why_no_maximum(self, rows: Rows) -> str | None:
        return self.family.why_no_maximum(rows)

    @override
    def standardised(self, rows: Rows) -> RowsWithNoise:
        own = self.family.standardised(rows)
        return RowsWithNoise(own, self._in_units_of(own, rows))

    def _in_units_of(self, own: Any, rows: Rows) -> float:
        """Log density of noise in the units of whatever has a shift of the log-likelihood of all rows."""
        return self.log_density - own.log_likelihood_shift / rows.total

    # One pass over the rows

    @property
    @override
    def kernel(self) -> Kernel:
        return self.family.kernel

    @override
    @behind_the_door
    def form(self, weights: np.ndarray, state: State) -> Form:
        return *self.family.form(weights, state[:-1]), state[-1]

    @override
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        return *self.family.forms(weights, params), np.asarray(params[NAME], dtype=float)

    @override
    def columns(self, X: np.ndarray) -> np.ndarray:
        return with_density(self.family.columns(X), self.log_density)

    @override
    @behind_the_door
    def statistics(self, form: Form, columns: np.ndarray, row_weights: np.ndarray = NO_ROW_WEIGHTS) -> Statistics:
        *own, share = form
        told = beside(columns, row_weights, float(log_odds(share)))
        found = self.family.statistics(tuple(own), columns[:-1], told)
        log_likelihood = found.log_likelihood + told[0].sum() * float(log_rest(share))
        return Statistics(log_likelihood, found.counts, (*found.sums, told[2].sum()), form)

    def of_rows(self, what: str, columns: np.ndarray, forms: Form) -> np.ndarray:
        """See :class:`~bayesmix.families.protocol.Family`: log densities of noise are no part of ``log_joint``.

        Parameters
        ----------
        what : str
        columns : (D + 1, n) array
        forms : tuple of arrays

        Returns
        -------
        array
        """
        *own, share = forms

        def of_groups(what: str) -> np.ndarray:
            return self.family.of_rows(what, np.ascontiguousarray(columns[:-1]), tuple(own))

        if what == "log_joint":
            return of_groups(what) + log_rest(share)[:, None, None]
        groups = of_groups("log_mixture")
        if what == "log_mixture":
            with np.errstate(divide="ignore"):
                return np.logaddexp(groups + log_rest(share)[:, None], np.log(share)[:, None] + columns[-1])
        rest = expit(groups - columns[-1] - log_odds(share)[:, None])
        return of_groups(what) * rest.T

    def _blocks(self, what, weights, params, X, max_values, threads=None, beforehand=None):
        if beforehand is not None and not (beforehand.log_prior is None and beforehand.subjects is None):
            raise ValueError(
                f"groups, or labels, are given, and a {self} mixture cannot use what is known of rows: leave them out"
            )
        rest = 1 - np.reshape(params[NAME], -1)
        for places, found in super()._blocks(what, weights, params, X, max_values, threads):
            if what != "log_mixture" and (empty := np.isnan(X[places]).all(axis=1)).any():
                # a row without cells is as probable under noise as in a group
                if what == "responsibilities":
                    found[:, empty] *= rest
                else:
                    found[:, empty] += np.log(rest)[:, None, None]
            yield places, found

    def group_sums(self, weights: np.ndarray, params: Params, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """See :class:`~bayesmix.families.protocol.Family`.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        ends : (J,) int array

        Returns
        -------
        (S, J, K) array
        """
        X = np.asarray(X, dtype=float)
        begins = np.concatenate([[0], ends[:-1]])
        sums = np.empty((np.size(weights) // np.shape(weights)[-1], len(ends), np.shape(weights)[-1]))
        for j, group in enumerate(map(slice, begins, ends)):
            shares = self.responsibilities_blocks(weights, params, X[group])
            sums[:, j] = sum((part.sum(axis=1).T for _, part in shares), np.zeros(sums[:, j].shape))
        return sums

    @override
    def places(self, state: State) -> np.ndarray:
        return self.family.places(state[:-1])

    @override
    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        state, found = self.family.gathered(np.ascontiguousarray(columns[:-1]), memberships, n_components)
        noise = found.counts.sum() * _FIRST / (1 - _FIRST)
        share = np.array(_FIRST)
        return (*state, share), Statistics(0.0, found.counts, (*found.sums, noise), (*found.form, share))

    @override
    def conditional(self, standardised: RowsWithNoise, priors: Priors | None) -> ConditionalWithNoise | None:
        own = self.family.conditional(standardised.own, None if priors is None else self.priors_of_groups(priors))
        prior = None if priors is None else priors.parts[NAME]
        if own is None or not isinstance(prior, Beta | None):
            return None
        return ConditionalWithNoise(own, prior)

    @override
    def sweeps(self, standardised: RowsWithNoise, priors: Priors, n_rows: int) -> Sweeps | None:
        own, prior = self.family.sweeps(standardised.own, self.priors_of_groups(priors), n_rows), priors.parts[NAME]
        if own is None or not isinstance(prior, Beta):
            return None
        return sweeps_of(self.family.kernel.log_joint, own, prior)

    # Its priors

    @override
    def prior_draws(
        self, priors: Priors, n_components: int, n_features: int, size: int, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        drawn = self.family.prior_draws(self.priors_of_groups(priors), n_components, n_features, size, rng)
        return {**drawn, NAME: priors.parts[NAME].draw((size,), rng)}

    @property
    @override
    def has_prior_constant(self) -> bool:
        return self.family.has_prior_constant

    @override
    def log_prior_terms(self, priors: Priors, named: Params) -> dict[str, np.ndarray]:
        terms = self.family.log_prior_terms(self.priors_of_groups(priors), named)
        return {**terms, NAME: priors.parts[NAME].log_density(named[NAME])}

    @override
    def prior_shares(self, rows: Rows, priors: Priors, weights: np.ndarray, params: Params) -> np.ndarray | None:
        shares = self.log_joint(weights, params, rows.values) - self.log_mixture(weights, params, rows.values)[:, None]
        groups = rows.weighing(rows.weighed(np.exp(shares).sum(axis=1)))
        return self.family.prior_shares(groups, self.priors_of_groups(priors), weights, params)

    @override
    def closed_form(
        self, rows: Rows, standardised: RowsWithNoise, priors: Priors, n_components: int
    ) -> SubsampledDensity | None:
        prior = priors.parts[NAME]
        groups: Any = self.family.closed_form(rows, standardised.own, self.priors_of_groups(priors), n_components)
        if groups is None or not isinstance(prior, Beta):
            return None
        return DensityWithNoise(groups, prior, self._in_units_of(groups, rows), NO_ROW_WEIGHTS)

    @property
    def fused(self) -> Fused:
        """See :class:`~bayesmix.families.protocol.Family`.

        Returns
        -------
        Fused
        """
        return fused(self.family.fused)

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        raise NotImplementedError(
            "rows that are unknown, and JAX, need a density written out, which mixtures with noise do not have: leave "
            "noise out, or use the Numba backend"
        )

    # What is said of it

    @override
    def remarks(self, rows: Rows, priors: Priors) -> list[Note]:
        return self.family.remarks(rows, self.priors_of_groups(priors))

    @override
    def told_of(self, rows: Rows) -> tuple[Note, ...]:
        box = [[label, *ends] for label, ends in zip(rows.labels, self.box, strict=True)]
        return (*self.family.told_of(rows), Note("noise", {"box": box}))

    @override
    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        rows, labels = self.family.sample(weights, params, n, rng)
        noise = rng.random(n) < float(params[NAME])
        low, high = np.array(self.box).T
        rows[noise] = rng.uniform(low, high, (np.count_nonzero(noise), low.size))
        labels[noise] = -1
        return rows, labels

    @override
    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        return self.family.moments(params)

    @override
    def total_covariance(self, weights: np.ndarray, params: Params) -> np.ndarray:
        return self.family.total_covariance(weights, params)

    @override
    def log_affinities(self, params: Params, others: Params) -> np.ndarray:
        return self.family.log_affinities(params, others)

    @override
    def radii(self, params: Params, share: float) -> np.ndarray:
        return self.family.radii(params, share)

    @override
    def features_of_moments(self, n_features: int) -> np.ndarray:
        return self.family.features_of_moments(n_features)

    @override
    def marginal(self, params: Params, features: np.ndarray) -> tuple[Family, dict[str, np.ndarray]]:
        family, own = self.family.marginal(params, features)
        return self._of(family, features), {**own, NAME: params[NAME]}

    def _of(self, family: Family, features: np.ndarray) -> "WithNoise":
        """Noise beside another family, in the box of some of the features."""
        found = WithNoise(family)
        object.__setattr__(found, "box", tuple(self.box[j] for j in features))
        return found

    @override
    def mean_and_variance(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        return self.family.mean_and_variance(params)

    @override
    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray | None:
        return self.family.cumulative(params, values)

    @override
    def elliptical_form(self, weights: np.ndarray, params: Params) -> Any:
        return self.family.elliptical_form(weights, params)

    @override
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        return self.family.summaries(params, rows)

    @override
    def estimates(self, params: Params) -> dict[str, np.ndarray]:
        own = {spec.name for spec in self.family.parameters}
        return self.family.estimates({name: value for name, value in params.items() if name in own}) | {
            NAME: params[NAME]
        }

    @override
    def in_words(self, n_features: int) -> str:
        return f"{self.family.in_words(n_features)}, and noise all over the box of the data"
