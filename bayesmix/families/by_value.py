r"""What families of counts share whose log density is looked up in a table of the values that there are.

.. math:: \log f(x \mid \theta) = \sum_j t(x_j \mid \theta_j)

The pass (:mod:`bayesmix.passes.by_value`) gathers how often each value is in each component. From these histograms
follow the M-step, the gradient and the conditional, whatever the distribution: a family says the table, its slopes, the
parameters of highest density, and a draw, each of one column.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple, Self, override

import numpy as np

from bayesmix.data import Rows, check_constant, shared_copy
from bayesmix.data.columns import Kind
from bayesmix.density import transforms
from bayesmix.density.by_parts import CHARTS
from bayesmix.density.closed_form import ClosedFormDensity, Compiled, OwnNumbers, placed
from bayesmix.families.parts import (
    Conditional,
    Form,
    Fused,
    ParameterSpec,
    Params,
    Standardised,
    State,
    Statistics,
    Sweeps,
    labels_drawn,
)
from bayesmix.families.protocol import Family
from bayesmix.passes import by_value, linear
from bayesmix.priors.sets import Priors

_MOST_NUMBERS = 4e6  # of tables that are made at once, about


@dataclass(frozen=True, eq=False)
class InTables(Standardised):
    """Rows that have no units, as places in a table of values; the state is the parameters in the order of the table.

    Attributes
    ----------
    values, owners : (V + 1,) arrays
        The value at each place, and the column that it is of, -1 of the last, where missing cells are.
    begins : (D + 1,) array of int
        Where the values of each column begin.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    values: np.ndarray
    owners: np.ndarray
    begins: np.ndarray

    @override
    def to_params(self, state: State) -> dict[str, np.ndarray]:
        return dict(zip(self.names, (part.copy() for part in state), strict=True))

    @override
    def to_state(self, params: Params) -> State:
        return tuple(np.array(params[name], dtype=float) for name in self.names)

    @override
    def views(self, columns: np.ndarray) -> list[np.ndarray]:
        # roots are about equally uncertain wherever counts are; a missing one is put where the others are
        n_features = len(columns) // 2
        missing = columns[:n_features] == columns[-1]
        roots = np.where(missing, 0.0, 2 * np.sqrt(columns[n_features:-1]))
        means = roots.sum(axis=1) / np.maximum((~missing).sum(axis=1), 1)
        return [np.where(missing, means[:, None], roots).T]


@dataclass(frozen=True, eq=False)
class ByValueConditional(Conditional):
    """See :class:`~bayesmix.families.parts.Conditional`.

    Attributes
    ----------
    family : ByValue
    standardised : InTables
    numbers : (M, D) array
        Of the prior, as the family's compiled functions take them, or of none.
    priors : tuple
        Of every parameter; empty for the likelihood alone.
    """

    family: "ByValue"
    standardised: InTables
    numbers: np.ndarray
    priors: tuple[Any, ...] = ()

    @override
    def mode(self, state: State, statistics: Statistics) -> State:
        begins, values = self.standardised.begins, self.standardised.values
        parts = tuple(np.array(part) for part in state)
        self.family.lookup.climb(statistics.sums[0], values, begins, self.numbers, *parts)
        return parts

    @override
    def log_prior(self, state: State) -> float:
        pairs = zip(self.priors, state, strict=False)
        return float(sum(prior.log_density(part).sum() for prior, part in pairs))

    @override
    def straight(self, state: State) -> State | None:
        return state

    @override
    def from_straight(self, coordinates: State) -> State | None:
        pairs = zip(self.family.table, coordinates, strict=True)
        most = {"nonnegative": np.inf, "probability": 1.0}
        return (
            coordinates if all(0 <= part.min() and part.max() <= most[spec.support] for spec, part in pairs) else None
        )

    @override
    def sweeps(self, n_rows: int) -> Sweeps | None:
        if not self.priors:
            return None
        numbers = (self.standardised.values, self.standardised.owners, self.standardised.begins, self.numbers)
        return Sweeps(partial(_run, self.family), numbers, 0, moving=False, takes_gaps=True)


def _run(family: "ByValue", rng: Any, problem: Any, position: Any, plan: Any) -> tuple:
    """See :func:`bayesmix.families.sweeps.run_completed`: while chains run, their form is the table."""
    (values, owners, *_), (labels, state, form) = problem[2], position
    log_weights, *parts = form
    tables = family.lookup.logs(values, owners, *(part[0] for part in parts))
    *kept, (log_weights, _) = family.lookup.run(rng, problem, (labels, state, (log_weights, tables[None])), plan)
    ends = np.cumsum([part.size for part in parts])[:-1]
    shaped = (flat.reshape(part.shape).copy() for flat, part in zip(np.split(state, ends), parts, strict=True))
    return *kept, (log_weights, *shaped)


class Lookup(NamedTuple):
    """The compiled part of a family; ``parameters`` are (K, D) each.

    Attributes
    ----------
    logs : callable
        ``(values (V + 1,), owners (V + 1,), *parameters) -> (K, V + 1)``: log probability of every value in the column
        that owns it, zero where none does.
    accumulate : callable
        ``(columns, row_weights, log_weights, *parameters)``: the pass with this table, and after what it gathers the
        slope of the log-likelihood in each parameter (K, D).
    climb : callable
        ``(histograms (K, V + 1), values, begins, numbers, *parameters)``: overwrites parameters by those of highest
        density given the histograms; NaN without rows or prior.
    run : callable
        :func:`bayesmix.families.sweeps.run_without_moves`; its numbers are values, owners, begins and the prior's, its
        form log weights (1, K) and the table (1, K, V + 1).
    density : Compiled
        The posterior density (:mod:`bayesmix.density.composed`), whose hyperparameters are the prior's numbers.
    """

    logs: Callable[..., np.ndarray]
    accumulate: Callable[..., tuple]
    climb: Callable[..., None]
    run: Callable[..., tuple]
    density: Compiled


class ByValue(Family):
    """A family of independent counts that is looked up by value; parameters are (K, D)."""

    takes: ClassVar[Kind] = "count"
    measure: ClassVar[str] = "probability"
    sums_out_missing: ClassVar[bool] = True
    takes_labels: ClassVar[bool] = True
    prepares_columns: ClassVar[bool] = True
    word: ClassVar[str]
    table: ClassVar[tuple[ParameterSpec, ...]]
    """The parameters, with support "nonnegative" or "probability"."""

    # What a family of this kind says of itself

    no_prior: ClassVar[tuple[float, ...]]
    """The prior's numbers (M,) where there is none."""

    @property
    @abstractmethod
    def lookup(self) -> Lookup:
        """What is compiled."""

    @abstractmethod
    def numbers_of(self, *priors: Any) -> tuple[Any, ...]:
        """The numbers of these priors, M of them, each one for all columns or (D,)."""

    @abstractmethod
    def log_constants(self, *priors: Any) -> tuple[Any, ...]:
        """Logarithms of what normalises each of these priors, which the compiled density leaves out."""

    @abstractmethod
    def guess(self, mean: np.ndarray, variance: np.ndarray) -> State:
        """Parameters (D,) of columns of this mean and variance, about."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, *parameters: np.ndarray) -> np.ndarray:
        """One count for each entry of the parameters."""

    # What follows

    @classmethod
    @override
    def names(cls) -> tuple[str, ...]:
        return (cls.word,)

    @classmethod
    @override
    def named(cls, name: str) -> Self | None:
        return cls() if name == cls.word else None

    def __str__(self) -> str:
        return self.word

    @property
    @override
    def parameters(self) -> tuple[ParameterSpec, ...]:
        return self.table

    def values_of(self, params: Params) -> list[np.ndarray]:
        """The parameters in the order of the table."""
        return [np.asarray(params[spec.name], dtype=float) for spec in self.table]

    @override
    def check(self, rows: Rows) -> None:
        if rows.n_rows > 1:
            check_constant(rows)

    @override
    def columns(self, X: np.ndarray) -> np.ndarray:
        return by_value.with_places(np.asarray(X, dtype=float))

    @override
    def standardised(self, rows: Rows) -> InTables:
        columns = shared_copy(rows, ByValue, lambda: self.columns(rows.values))
        values, owners = by_value.distinct(columns, rows.n_features)
        begins = np.searchsorted(owners[:-1], np.arange(rows.n_features + 1))
        return InTables(tuple(spec.name for spec in self.table), columns, values, owners, begins)

    @property
    @override
    def kernel(self) -> "_Pass":
        return _Pass(self)

    @override
    def form(self, weights: np.ndarray, state: State) -> Form:
        with np.errstate(divide="ignore"):  # an empty component has log weight -inf, and that is right
            return np.log(weights), *state

    @override
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        parts = self.values_of(params)
        return self.form(np.broadcast_to(np.asarray(weights, dtype=float), parts[0].shape[:-1]), tuple(parts))

    @override
    def of_rows(self, what: str, columns: np.ndarray, forms: Form) -> np.ndarray:
        out = super().of_rows(what, columns, forms)
        if what != "responsibilities":
            out[out < linear.NEVER] = -np.inf
        return out

    @override
    def places(self, state: State) -> np.ndarray:
        return 2 * np.sqrt(self.moments(dict(zip((spec.name for spec in self.table), state, strict=True)))[0])

    @override
    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        n_features, n_rows = len(columns) // 2, columns.shape[1]
        shares = np.eye(n_components)[memberships] if memberships.ndim == 1 else memberships
        n_places = int(columns[-1, 0]) + 1
        cells = columns[:n_features].astype(np.intp).ravel()
        histograms = [np.bincount(cells, np.tile(share, n_features), n_places) for share in shares.T]
        seen = columns[:n_features] < n_places - 1
        n_seen = np.maximum(seen.sum(axis=1), 1)
        mean = columns[n_features:-1].sum(axis=1) / n_seen
        variance = (seen * (columns[n_features:-1] - mean[:, None]) ** 2).sum(axis=1) / n_seen
        state = tuple(np.tile(part, (n_components, 1)) for part in self.guess(mean, variance))
        form = self.form(np.full(n_components, 1 / n_components), state)
        sums = np.array(histograms), *(np.zeros_like(part) for part in state)
        return state, Statistics(0.0, shares.sum(axis=0) if n_rows else np.zeros(n_components), sums, form)

    @override
    def conditional(self, standardised: InTables, priors: Priors | None) -> ByValueConditional | None:
        n_features = standardised.begins.size - 1
        if priors is None:
            return ByValueConditional(self, standardised, _laid_out(self.no_prior, n_features))
        if not priors.closed:
            return None
        own = tuple(priors.parts[spec.name] for spec in self.table)
        return ByValueConditional(self, standardised, _laid_out(self.numbers_of(*own), n_features), own)

    @override
    def closed_form(
        self, rows: Rows, standardised: InTables, priors: Priors, n_components: int
    ) -> ClosedFormDensity | None:
        if not priors.closed:
            return None
        own, n_features = [priors.parts[spec.name] for spec in self.table], rows.n_features
        numbers = _laid_out(self.numbers_of(*own), n_features)
        constant = n_components * float(_laid_out(self.log_constants(*own), n_features).sum())
        return ClosedFormDensity(
            standardised.columns,
            0.0,
            _Coordinates(self.table, n_components, n_features),
            self.lookup.density,
            priors.weights.concentrations(n_components),
            1,
            OwnNumbers(constant, 0.0, numbers.ravel()),
        )

    @property
    @override
    def fused(self) -> Fused:
        return Fused(self._rows, self._total)

    def _rows(self, columns: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
        return self.of_rows("log_mixture", columns, tuple(part[None] for part in (log_weights, *parameters)))[0]

    def _total(self, columns: np.ndarray, row_weights: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray):
        value, counts, _, *slopes = self.lookup.accumulate(columns, row_weights, log_weights, *parameters)
        if value == -np.inf:
            return np.array(value), np.zeros_like(counts), *(np.zeros_like(slope) for slope in slopes)
        return np.array(value), counts, *slopes

    @override
    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        labels = labels_drawn(weights, n, rng)
        return self.draw(rng, *(part[labels] for part in self.values_of(params))).astype(float), labels

    @override
    def marginal(self, params: Params, features: np.ndarray) -> tuple[Family, dict[str, np.ndarray]]:
        return self, {spec.name: np.asarray(params[spec.name])[..., features] for spec in self.table}


def _laid_out(numbers: tuple[Any, ...], n_features: int) -> np.ndarray:
    """Numbers of a prior as (M, D)."""
    return np.array([np.broadcast_to(np.asarray(one, dtype=float), n_features) for one in numbers])


class _Pass:
    """See :class:`~bayesmix.families.parts.Kernel`; a form is log weights and parameters, of which tables are made."""

    def __init__(self, family: ByValue):
        self.family, self.accumulate = family, family.lookup.accumulate

    def _tables(self, columns: np.ndarray, forms: Form):
        """Log weights (s, K) and tables (s, K, V + 1) of some draws after the other."""
        log_weights, *parts = forms
        values, owners = by_value.distinct(columns, parts[0].shape[-1])
        n_draws, n_components = log_weights.shape
        size = max(1, int(_MOST_NUMBERS // (n_components * values.size)))
        for start in range(0, n_draws, size):
            some = slice(start, start + size)
            flat = (np.ascontiguousarray(part[some]).reshape(-1, part.shape[-1]) for part in parts)
            tables = self.family.lookup.logs(values, owners, *flat)
            yield np.ascontiguousarray(log_weights[some]), tables.reshape(-1, n_components, values.size)

    def log_joint(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, N, K)."""
        return np.concatenate([by_value.log_joint(columns, *some) for some in self._tables(columns, forms)])

    def log_mixture(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, N)."""
        return np.concatenate([by_value.log_mixture(columns, *some) for some in self._tables(columns, forms)])

    def responsibilities(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(K, N, S)."""
        parts = [by_value.responsibilities(columns, *some) for some in self._tables(columns, forms)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)

    def group_sums(self, columns: np.ndarray, ends: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, J, K)."""
        return np.concatenate([by_value.group_sums(columns, ends, *some) for some in self._tables(columns, forms)])


class _Coordinates:
    """Logits of the weights, and of each parameter the coordinates of its support."""

    def __init__(self, table: tuple[ParameterSpec, ...], n_components: int, n_features: int):
        self.table, self.n_components = table, n_components
        weights = [("weights", (n_components - 1,))] if n_components > 1 else []
        self.variables = placed([*weights, *((spec.name, (n_components, n_features)) for spec in table)])

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.density.Density`."""
        named = {"weights": transforms.simplex(q[..., : self.n_components - 1])}
        for spec, one in zip(self.table, self.variables[-len(self.table) :], strict=True):
            named[one.name] = CHARTS[spec.support].value(q[..., one.place]).reshape(*q.shape[:-1], *one.shape)
        return named

    def unconstrain(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """See :class:`~bayesmix.density.Density`."""
        weights = transforms.simplex_inverse(np.asarray(values["weights"], dtype=float))
        own = (CHARTS[spec.support].inverse(np.asarray(values[spec.name], dtype=float)) for spec in self.table)
        return np.concatenate([weights, *(part.reshape(*weights.shape[:-1], -1) for part in own)], axis=-1)
