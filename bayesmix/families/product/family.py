"""The product of families over disjoint columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from types import SimpleNamespace
from typing import Any, ClassVar, Self, override

import numpy as np

from bayesmix.data import Column, Rows, check_names
from bayesmix.density.minibatch import SubsampledDensity
from bayesmix.families import family_from_name, read_family
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS
from bayesmix.families.parts import (
    Form,
    Fused,
    ParameterSpec,
    Params,
    State,
    Statistics,
    Summary,
    Sweeps,
    labels_drawn,
)
from bayesmix.families.product.block import Block, laid_out, read_name, split, states_of, written
from bayesmix.families.product.fused import fused
from bayesmix.families.product.given_rows import ProductConditional
from bayesmix.families.product.one_pass import OnePass, put_together
from bayesmix.families.product.standardised import Together
from bayesmix.families.protocol import Family
from bayesmix.notes import Note
from bayesmix.passes.patterns import has_patterns
from bayesmix.priors.sets import Priors
from bayesmix.vocabulary import behind_the_door, named_arguments

Families = tuple[tuple[tuple[str, ...], Family], ...]
_REMEDY = 'such as bm.Product({("height", "weight"): bm.Gaussian(), "visits": bm.Poisson()})'


@named_arguments
@dataclass(frozen=True, repr=False)
class Product(Family):
    r"""Mixed columns: blocks of columns that are independent within a component, each with a family of its own.

    .. math:: f(x \mid \theta_k) = \prod_b f_b(x_b \mid \theta_{kb})

    Parameters and priors have the names that the block's family gives them. Where two blocks have the same name, such
    as ``probabilities`` of zeros and ones and of levels, the family stands before it: ``bernoulli_probabilities``,
    ``categorical_probabilities``; a second block of one family is ``gaussian_2``. Dims of columns and levels are always
    called so: ``gaussian_feature``, ``categorical_level``. Each part has its family's default prior.

    Parameters
    ----------
    families : mapping
        From a column's name, or a tuple of names, to a family of these columns, or its name. Columns of an array are
        called ``"x0"``, ``"x1"``, ... Every column belongs to one block.

    Raises
    ------
    ValueError
        If a column stands in two blocks, or a block has none.
    TypeError
        If ``families`` is no mapping from columns to families.

    References
    ----------
    Hunt, L. and Jorgensen, M. (2011). Clustering mixed data. Wiley Interdisciplinary Reviews: Data Mining and Knowledge
    Discovery 1, 352-361. https://doi.org/10.1002/widm.33

    Examples
    --------
    >>> import bayesmix as bm
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> often = np.repeat([True, False], [120, 80])
    >>> X = pd.DataFrame(
    ...     {
    ...         "age": rng.normal(np.where(often, 60, 35), 8).round(1),
    ...         "visits": rng.poisson(np.where(often, 9, 2)),
    ...         "smokes": rng.choice(["yes", "no"], size=200),
    ...     }
    ... )
    >>> family = bm.Product({"age": bm.Gaussian("diag"), "visits": bm.Poisson(), "smokes": bm.Categorical()})
    >>> em = bm.Mixture(2, family).fit_em(X, random_seed=1)
    >>> em.params["rates"].round().ravel().tolist()
    [9.0, 2.0]
    >>> list(em.params)
    ['means', 'variances', 'rates', 'probabilities']
    """

    families: Any
    positions: tuple[tuple[int, ...], ...] = field(default=(), init=False)

    prepares_columns: ClassVar[bool] = True
    takes_labels: ClassVar[bool] = True

    def __post_init__(self):
        object.__setattr__(self, "families", _read(self.families))

    def _of(self, families: Sequence[tuple[tuple[str, ...], Family]], places: Sequence[Sequence[int]]) -> "Product":
        """Blocks whose columns stand at these positions."""
        family = replace(self, families=tuple(families))
        object.__setattr__(family, "positions", tuple(tuple(map(int, own)) for own in places))
        return family

    # What it is called

    @classmethod
    @override
    def names(cls) -> tuple[str, ...]:
        return ()

    @classmethod
    @override
    def named(cls, name: str) -> Self | None:
        found = read_name(name)
        return None if found is None else cls({names: family_from_name(family) for family, names in found})

    def __str__(self) -> str:
        return written(self.families)

    def __repr__(self) -> str:
        return self.code

    @property
    @override
    def code(self) -> str:
        return f"bm.Product({{{', '.join(f'{_key(names)}: {family.code}' for names, family in self.families)}}})"

    # What it is made of

    @cached_property
    def blocks(self) -> tuple[Block, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]: made once
        """Columns and family of each block, with the names that what is in it has in the whole table."""
        blocks = laid_out(self.families)
        if not self.positions:
            return blocks
        return tuple(replace(block, places=own) for block, own in zip(blocks, self.positions, strict=True))

    @property
    def takes(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]: kinds by column
        """What each column is read as, by its name."""
        return {name: family.takes for names, family in self.families for name in names}

    @property
    def measure(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]: that of the blocks
        """``"density"`` where a block has densities of its columns, else ``"probability"``."""
        return "density" if any(family.measure == "density" for _, family in self.families) else "probability"

    @property
    def sums_out_missing(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]: that of the blocks
        """Whether all blocks do."""
        return all(family.sums_out_missing for _, family in self.families)

    @property
    @override
    def parameters(self) -> tuple[ParameterSpec, ...]:
        return tuple(block.spec(own) for block in self.blocks for own in block.family.parameters)

    @property
    @override
    def derived(self) -> tuple[ParameterSpec, ...]:
        return tuple(block.spec(own) for block in self.blocks for own in block.family.derived)

    @property
    @override
    def prior_forms(self) -> tuple[Mapping[str, Any], ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """See :class:`~bayesmix.families.protocol.Family`: all blocks have the first of their forms, or the second."""
        forms = [block.family.prior_forms for block in self.blocks]
        return tuple(
            {
                block.called(part): prior
                for block, own in zip(self.blocks, forms, strict=True)
                for part, prior in own[min(i, len(own) - 1)].items()
            }
            for i in range(max(map(len, forms)))
        )

    @override
    def owner(self, part: str) -> tuple[Family, np.ndarray | None, str]:
        for block in self.blocks:
            for own in block.own_names:
                if block.called(own) == part:
                    return block.family, block.at if block.places else np.arange(block.n_features), own
        return self, None, part

    @override
    def shapes(self, n_components: int, n_features: int) -> dict[str, tuple[int, ...]]:
        return self._merged(lambda block: block.family.shapes(n_components, block.n_features))

    @override
    def n_parameters(self, n_components: int, n_features: int) -> int:
        own = (block.family.n_parameters(n_components, block.n_features) for block in self.blocks)
        return sum(own) - (len(self.blocks) - 1) * (n_components - 1)

    @override
    def complete(self, params: Params, priors: Priors | None = None) -> dict[str, np.ndarray]:
        def known(block: Block) -> dict[str, np.ndarray]:
            return block.family.complete(block.params(params), None if priors is None else block.priors(priors))

        return dict(params) | self._merged(known)

    @override
    def same_model_as(self, other: Family, n_components: int, n_features: int) -> bool:
        if not isinstance(other, Product) or [one for one, _ in self.families] != [one for one, _ in other.families]:
            return False
        pairs = zip(self.families, other.families, strict=True)
        return all(one.same_model_as(another, n_components, len(names)) for (names, one), (_, another) in pairs)

    @override
    def coords(self, rows: Rows) -> dict[str, list[str]]:
        return dict(chain.from_iterable(block.coords(rows).items() for block in self.blocks))

    def _merged(self, of_block: Callable[[Block], Mapping[str, Any]]) -> dict[str, Any]:
        """What every block says by its own names, by those of the whole table."""
        return dict(chain.from_iterable(block.named(of_block(block)).items() for block in self.blocks))

    # What it learns of the rows

    @override
    def on(self, columns: Sequence[Column]) -> "Product":
        at = {column.name: j for j, column in enumerate(columns)}
        check_names([*at], [name for names, _ in self.families for name in names])
        places = [[at[name] for name in names] for names, _ in self.families]
        families = [
            (names, family.on([columns[j] for j in own]))
            for (names, family), own in zip(self.families, places, strict=True)
        ]
        return self._of(families, places)

    @override
    def check(self, rows: Rows) -> None:
        for block in self.on(rows.columns).blocks:
            block.family.check(block.rows(rows))

    @override
    def why_no_maximum(self, rows: Rows) -> str | None:
        said = (block.family.why_no_maximum(block.rows(rows)) for block in self.on(rows.columns).blocks)
        return next((why for why in said if why), None)

    @override
    def standardised(self, rows: Rows) -> Together:
        return Together(self.blocks, [block.family.standardised(block.rows(rows)) for block in self.blocks])

    # One pass over the rows

    @property
    @override
    def kernel(self) -> OnePass:
        return OnePass(self.blocks)

    @override
    @behind_the_door
    def form(self, weights: np.ndarray, state: State) -> Form:
        ones, parts = np.ones(len(weights)), zip(self.blocks, states_of(self.blocks, state), strict=True)
        own = (block.family.form(ones, of_block) for block, of_block in parts)
        with np.errstate(divide="ignore"):  # an empty component has log weight -inf, and that is right
            return np.log(weights), *chain.from_iterable(own)

    @override
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        weights = np.asarray(weights, dtype=float)
        own = [block.family.forms(np.ones(weights.shape), block.params(params)) for block in self.blocks]
        with np.errstate(divide="ignore"):
            return np.broadcast_to(np.log(weights), own[0][0].shape), *chain.from_iterable(own)

    @override
    def columns(self, X: np.ndarray) -> np.ndarray:
        X = np.asarray(X)
        return np.concatenate([block.family.columns(X[:, block.at]) for block in self.blocks])

    @override
    @behind_the_door
    def statistics(self, form: Form, columns: np.ndarray, row_weights: np.ndarray = NO_ROW_WEIGHTS) -> Statistics:
        return self.kernel.statistics(form, columns, row_weights)

    @override
    def places(self, state: State) -> np.ndarray:
        parts = zip(self.blocks, states_of(self.blocks, state), strict=True)
        return np.concatenate([block.family.places(own) for block, own in parts], axis=1)

    @override
    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        found = [
            block.family.gathered(np.ascontiguousarray(own), memberships, n_components)
            for block, own in self.kernel.columns_of(columns)
        ]
        form = np.full(n_components, -np.log(n_components)), *chain.from_iterable(one.form for _, one in found)
        sums = chain.from_iterable((one.counts, *one.sums) for _, one in found)
        state = tuple(chain.from_iterable(state for state, _ in found))
        return state, Statistics(0.0, found[0][1].counts, tuple(sums), form)

    @override
    def conditional(self, standardised: Together, priors: Priors | None) -> ProductConditional | None:
        own = [
            block.family.conditional(of_block, None if priors is None else block.priors(priors))
            for block, of_block in zip(self.blocks, standardised.parts, strict=True)
        ]
        return None if any(one is None for one in own) else ProductConditional(self.blocks, own)

    @override
    def sweeps(self, standardised: Together, priors: Priors, n_rows: int) -> Sweeps | None:
        from bayesmix.families.product.sweeps import sweeps_of

        own = []
        for block, of_block in zip(self.blocks, standardised.parts, strict=True):
            sampler = block.family.sweeps(of_block, block.priors(priors), n_rows)
            if sampler is None or (has_patterns(of_block.columns) and not sampler.takes_gaps):
                return None
            own.append(sampler)
        return sweeps_of(self.blocks, own)

    # Its priors

    @override
    def prior_draws(
        self, priors: Priors, n_components: int, n_features: int, size: int, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        def drawn(block: Block) -> dict[str, np.ndarray]:
            return block.family.prior_draws(block.priors(priors), n_components, block.n_features, size, rng)

        return self._merged(drawn)

    @property
    @override
    def has_prior_constant(self) -> bool:
        return all(family.has_prior_constant for _, family in self.families)

    @override
    def log_prior_terms(self, priors: Priors, named: Params) -> dict[str, np.ndarray]:
        def terms(block: Block) -> dict[str, np.ndarray]:
            own = {"weights": named["weights"], **block.params(named)}
            return block.family.log_prior_terms(block.priors(priors), own)

        return self._merged(terms)

    @override
    def closed_form(
        self, rows: Rows, standardised: Together, priors: Priors, n_components: int
    ) -> SubsampledDensity | None:
        from bayesmix.families.product.density import closed_form

        return closed_form(self.blocks, rows, standardised, priors, n_components)

    @property
    @override
    def fused(self) -> Fused:
        return fused(self.kernel)

    @property
    @override
    def fused_of_seen(self) -> Fused:
        return fused(self.kernel)

    @override
    def columns_of_seen(self, X: np.ndarray) -> np.ndarray:
        return put_together([block.family.columns_of_seen(X[:, block.at]) for block in self.blocks])

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        # of each block what stands before the sum over components
        apart = SimpleNamespace(**{**vars(ops), "logsumexp": lambda joint, axis: joint})
        own = split(columns, [block.n_entries for block in self.blocks])
        joint, states = log_weights[:, None], states_of(self.blocks, parameters)
        for block, rows, values in zip(self.blocks, own, states, strict=True):
            joint = joint + block.family.written_out(apart, rows, 0.0 * log_weights, *values)
        return ops.logsumexp(joint, axis=0)

    # What is said of it

    @override
    def remarks(self, rows: Rows, priors: Priors) -> list[Note]:
        own = (block.family.remarks(block.rows(rows), block.priors(priors)) for block in self.blocks)
        return list(chain.from_iterable(own))

    @override
    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        labels = labels_drawn(weights, n, rng)
        rows, every = np.empty((n, sum(block.n_features for block in self.blocks))), np.eye(np.size(weights))
        for block in self.blocks:
            own = block.params(params)
            for k in np.unique(labels):
                at = np.flatnonzero(labels == k)
                rows[np.ix_(at, block.at)] = block.family.sample(every[k], own, at.size, rng)[0]
        return rows, labels

    @override
    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        found, order = [block.family.moments(block.params(params)) for block in self.blocks], self._order
        locations = np.concatenate([location for location, _ in found], axis=-1)
        covariances = np.zeros((*locations.shape, locations.shape[-1]))
        start = 0
        for location, covariance in found:
            own = slice(start, start + location.shape[-1])
            covariances[..., own, own] = covariance
            start = own.stop
        return locations[..., order], covariances[..., order[:, None], order]

    @property
    def _features(self) -> np.ndarray:
        """The feature of every entry of the blocks' moments, one block after the other."""
        own = (block.at[block.family.features_of_moments(block.n_features)] for block in self.blocks)
        return np.concatenate(list(own))

    @property
    def _order(self) -> np.ndarray:
        """The entries of the blocks' moments in the order of the columns."""
        return np.argsort(self._features, kind="stable")

    @override
    def features_of_moments(self, n_features: int) -> np.ndarray:
        return np.sort(self._features)

    @override
    def mean_and_variance(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        found = [block.family.mean_and_variance(block.params(params)) for block in self.blocks]
        means, variances = (np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True))
        return means[..., self._order], variances[..., self._order]

    @override
    def log_affinities(self, params: Params, others: Params) -> np.ndarray:
        own = (block.family.log_affinities(block.params(params), block.params(others)) for block in self.blocks)
        return np.sum(list(own), axis=0)

    @override
    def marginal(self, params: Params, features: np.ndarray) -> tuple[Family, dict[str, np.ndarray]]:
        return self._some(features, lambda block, own: block.family.marginal(block.params(params), own))

    @override
    def conditional_on(
        self, params: Params, features: np.ndarray, given: np.ndarray, values: np.ndarray
    ) -> tuple[Family, dict[str, np.ndarray]]:
        values = np.asarray(values)

        def given_own(block: Block, own: np.ndarray) -> tuple[Family, dict[str, np.ndarray]]:
            known = np.flatnonzero(np.isin(given, block.at))
            if known.size:
                among = block.among(np.asarray(given)[known])
                return block.family.conditional_on(block.params(params), own, among, values[..., known])
            family, alone = block.family.marginal(block.params(params), own)
            return family, family.broadcast(alone, values.shape[:-1])

        return self._some(features, given_own)

    def _some(
        self, features: np.ndarray, of_block: Callable[[Block, np.ndarray], tuple[Family, dict[str, np.ndarray]]]
    ) -> tuple[Family, dict[str, np.ndarray]]:
        """A distribution of some features, put together from those of the blocks; a block that is alone, as it is."""
        features, found = np.asarray(features, dtype=np.intp), []
        for block in self.blocks:
            places = np.flatnonzero(np.isin(features, block.at))
            if places.size:
                among = block.among(features[places])
                names = tuple(block.names[j] for j in among)
                found.append((names, places, *of_block(block, among)))
        if len(found) == 1:
            return found[0][2:]
        together = self._of([(names, family) for names, _, family, _ in found], [places for _, places, *_ in found])
        params = {}
        for block, (*_, own) in zip(together.blocks, found, strict=True):
            params |= block.named(own)
        return together, params

    @override
    def sample_given(
        self,
        params: Params,
        features: np.ndarray,
        given: np.ndarray,
        values: np.ndarray,
        labels: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        out = np.empty((len(values), len(features)))
        for block in self.blocks:
            wanted, known = np.flatnonzero(np.isin(features, block.at)), np.flatnonzero(np.isin(given, block.at))
            if wanted.size:
                among = block.among(np.asarray(features)[wanted]), block.among(np.asarray(given)[known])
                own = block.params(params)
                out[:, wanted] = block.family.sample_given(own, *among, values[:, known], labels, rng)
        return out

    @override
    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray | None:
        values, out = np.asarray(values), {}
        for block in self.blocks:
            below = block.family.cumulative(block.params(params), values[..., block.at])
            if below is None:
                return None
            out |= {j: below[..., i] for i, j in enumerate(block.places)}
        return np.stack([out[j] for j in sorted(out)], axis=-1)

    @override
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        own = [block.family.summaries(block.params(params), block.rows(rows)) for block in self.blocks]
        return _where(own, self._order), *chain.from_iterable(of_block[1:] for of_block in own)

    @override
    def in_words(self, n_features: int) -> str:
        said = []
        for block in self.blocks:
            words = block.family.in_words(block.n_features).partition(" (")[0]
            said.append(f"{', '.join(block.names)}: {words[0].lower()}{words[1:]}")
        return f"Columns of several kinds ({'; '.join(said)})"


def _read(given: Any) -> Families:
    """Blocks as a user writes them, or as they are."""
    if not isinstance(given, tuple):
        if not isinstance(given, Mapping):
            raise TypeError(f"families must map columns to families, {_REMEDY}, not {given!r:.60}")
        given = tuple(
            (tuple(map(str, key)) if isinstance(key, tuple) else (str(key),), _family(value, key))
            for key, value in given.items()
        )
    if not given:
        raise ValueError(f"families is empty: give each block of columns a family, {_REMEDY}")
    seen: dict[str, Any] = {}
    for names, family in given:
        if not names:
            raise ValueError(f"families has a block without columns, of {family}: name them, or leave it out")
        for name in names:
            if name in seen:
                raise ValueError(
                    f"families has column {name!r} twice, in a block of {seen[name]} and in one of {family}: a column "
                    "belongs to one block"
                )
            seen[name] = family
    return given


def _family(given: Any, key: Any) -> Family:
    family = read_family(given, f"families[{key!r:.60}]")
    if isinstance(family, Product):
        raise TypeError(f"families[{key!r:.60}] is itself a bm.Product: give its blocks one by one")
    return family


def _key(names: tuple[str, ...]) -> str:
    quoted = [f'"{name}"' if not {'"', "\\"} & {*name} else repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"({', '.join(quoted)})"


def _where(own: Sequence[Sequence[Summary]], order: np.ndarray) -> Summary:
    """Where a component lies, of columns of all kinds."""
    firsts = [summaries[0] for summaries in own]
    entries = tuple(chain.from_iterable(first.entries for first in firsts))
    values = np.concatenate([first.values for first in firsts], axis=-1)
    names = tuple(entries[j] for j in order)
    shares = tuple(np.concatenate([first.shares for first in firsts])[order].tolist())
    named = {(first.key, first.name, first.plural) for first in firsts}
    called = named.pop() if len(named) == 1 else ("location", "place", "places")
    return Summary(*called, names, values[..., order], shares)
