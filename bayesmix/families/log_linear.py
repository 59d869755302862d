r"""What families of counts and levels share: log densities that are linear in what a row is turned into.

.. math:: \log f(x \mid \theta) = b(\theta) + \eta(\theta)^\top t(x)

Everything follows from the counts and the sums of ``t`` over the rows of a component: the M-step, the gradient, the
conditional.
"""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self, override

import numba as nb
import numpy as np

from bayesmix.data import Rows, check_constant, shared_copy
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS
from bayesmix.families.complete_data import CompleteData
from bayesmix.families.parts import (
    Conditional,
    Form,
    Fused,
    ParameterSpec,
    Params,
    SeenKernel,
    Standardised,
    State,
    Statistics,
    Sweeps,
)
from bayesmix.families.protocol import Family
from bayesmix.passes import linear
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.known import above
from bayesmix.passes.linear_seen import (
    accumulate_indicators,
    log_joint_of_indicators,
    log_mixture_of_indicators,
)
from bayesmix.passes.patterns import has_patterns, with_patterns
from bayesmix.priors.sets import Priors
from bayesmix.vocabulary import behind_the_door

compiled = nb.njit(nogil=True, error_model="numpy")
LEAST = 1e-300  # of a gamma variable that is drawn, whose logarithm must be finite


@dataclass(frozen=True, eq=False)
class InOwnUnits(Standardised):
    """Rows that have no units: the state is the one parameter."""

    name: str
    columns: np.ndarray
    seen: Callable[[np.ndarray], np.ndarray]

    @override
    def to_params(self, state: State) -> dict[str, np.ndarray]:
        return {self.name: state[0].copy()}

    @override
    def to_state(self, params: Params) -> State:
        return (np.array(params[self.name], dtype=float),)

    @override
    def views(self, columns: np.ndarray) -> list[np.ndarray]:
        return [self.seen(filled(columns))]


def filled(columns: np.ndarray) -> np.ndarray:
    """``columns`` with a missing entry at the mean of those that were seen, to begin with."""
    if not has_patterns(columns):
        return columns
    seen = columns[:-1]
    absent = np.isnan(seen)
    numbers = np.where(absent, 0.0, seen)
    means = numbers.sum(axis=1) / np.maximum((~absent).sum(axis=1), 1)
    return np.where(absent, means[:, None], numbers)


@dataclass(frozen=True, eq=False)
class LogLinearConditional(Conditional):
    """See :class:`~bayesmix.families.parts.Conditional`: conjugate."""

    family: "LogLinear"
    n_entries: int
    prior: Any = None
    has_gaps: bool = False

    def mode(self, state: State, statistics: Statistics) -> State:
        """See :class:`~bayesmix.families.parts.Conditional`; NaN for a component without rows or prior."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.family.mode_of(statistics.counts, statistics.sums[0], self.prior),)

    @override
    def complete_data(self, columns: np.ndarray) -> CompleteData | None:
        return None if self.prior is None else LogLinearCompleteData(self.family, self.prior, columns.T.copy())

    @override
    def log_prior(self, state: State) -> float:
        return 0.0 if self.prior is None else float(self.family.log_prior_of(self.prior, state[0]).sum())

    @override
    def straight(self, state: State) -> State | None:
        return state

    @override
    def from_straight(self, coordinates: State) -> State | None:
        (values,) = coordinates
        most = np.inf if self.family.parameter.support == "nonnegative" else 1.0
        return (self.family.summing_to_one(values),) if values.min() >= 0 and values.max() <= most else None

    @override
    def sweeps(self, n_rows: int) -> Sweeps | None:
        if self.prior is None:
            return None
        return self.family.sampler(self.prior, self.n_entries, n_rows, has_gaps=self.has_gaps)


@dataclass(frozen=True, eq=False)
class LogLinearCompleteData(CompleteData):
    """See :class:`~bayesmix.families.complete_data.CompleteData`: the rows are what the pass takes."""

    family: "LogLinear"
    prior: Any
    features: np.ndarray

    @override
    def natural(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(divide="ignore"):  # the logarithm of what is impossible
            offsets, etas = self.family.natural(state[0])
        return offsets, np.maximum(etas, linear.IMPOSSIBLE)

    @override
    def log_evidence(self, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        return self.family.log_evidence_of(counts, sums, self.prior).sum(axis=-1)

    @override
    def draw(self, counts: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> State:
        return (self.family.draw_of(counts, sums, self.prior, rng),)


class LogLinear(Family):
    """A family with one parameter, whose log density is linear in :meth:`columns`."""

    measure: ClassVar[str] = "probability"
    sums_out_missing: ClassVar[bool] = True
    takes_labels: ClassVar[bool] = True
    word: ClassVar[str]
    parameter: ClassVar[ParameterSpec]
    seen_kernel: ClassVar[SeenKernel] = SeenKernel(  # pyright: ignore[reportIncompatibleMethodOverride]: one for all
        accumulate_indicators, log_joint_of_indicators, log_mixture_of_indicators
    )

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
        return (self.parameter,)

    # What a family of this kind says of itself

    @abstractmethod
    def natural(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``b`` (..., K) and ``eta`` (..., K, M) of parameters (..., K, P)."""

    @abstractmethod
    def mode_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any) -> np.ndarray:
        """The parameter (K, P) with the highest conditional density; of highest likelihood where ``prior`` is None."""

    @abstractmethod
    def log_evidence_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any) -> np.ndarray:
        """Log probability (..., K) of the rows of each component, the parameter integrated out."""

    @abstractmethod
    def draw_of(self, counts: np.ndarray, sums: np.ndarray, prior: Any, rng: np.random.Generator) -> np.ndarray:
        """The parameter (..., K, P) drawn given these rows."""

    @abstractmethod
    def slope_of(self, values: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """Slope of the log-likelihood in the parameter (K, P), by Fisher's identity."""

    def log_prior_of(self, prior: Any, values: np.ndarray) -> np.ndarray:
        """Log prior density of parameters (..., K, P), to be summed over the last axes."""
        return prior.log_density(values)

    def sampler(self, prior: Any, n_entries: int, n_rows: int, *, has_gaps: bool) -> Sweeps | None:
        """The compiled Gibbs sampler of rows with M entries in :meth:`columns`; None where nobody wrote one.

        ``has_gaps`` says whether cells are missing.
        """
        return None

    def seen(self, columns: np.ndarray) -> np.ndarray:
        """``columns`` (M, n) as rows (n, d) for random starts."""
        return columns.T

    # What follows

    def check(self, rows: Rows) -> None:
        """Refuse constant columns.

        Parameters
        ----------
        rows : Rows

        Raises
        ------
        ValueError
        """
        if rows.n_rows > 1:
            check_constant(rows)

    @override
    def standardised(self, rows: Rows) -> InOwnUnits:
        columns = shared_copy(rows, type(self), lambda: self._standard_columns(rows))
        return InOwnUnits(self.parameter.name, columns, self.seen)

    def _standard_columns(self, rows: Rows) -> np.ndarray:
        columns = self.columns(rows.values)
        return columns if rows.missing is None else with_patterns(columns, rows.patterns[1])

    @override
    @behind_the_door
    def statistics(self, form: Form, columns: np.ndarray, row_weights: np.ndarray = NO_ROW_WEIGHTS) -> Statistics:
        n_components, n_entries = form[1].shape
        if above(columns, n_entries, n_components) == n_entries:
            return super().statistics(form, columns, row_weights)
        return self._statistics_of_seen(form, columns, row_weights)

    @property
    @override
    def kernel(self) -> Any:
        return linear

    @override
    def form(self, weights: np.ndarray, state: State) -> Form:
        return self._form(np.asarray(weights, dtype=float), state[0])

    @override
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        values = np.asarray(params[self.parameter.name], dtype=float)
        return self._form(np.broadcast_to(np.asarray(weights, dtype=float), values.shape[:-1]), values)

    def _form(self, weights: np.ndarray, values: np.ndarray) -> Form:
        # an empty component has log weight -inf, and an impossible level a logarithm of zero
        with np.errstate(divide="ignore"):
            offsets, etas = self.natural(values)
            return np.log(weights) + offsets, np.maximum(etas, linear.IMPOSSIBLE)

    @override
    def of_rows(self, what: str, columns: np.ndarray, forms: Form) -> np.ndarray:
        out = super().of_rows(what, columns, forms)
        if what != "responsibilities":
            out[out < linear.NEVER] = -np.inf
        return out

    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        """See :class:`~bayesmix.families.protocol.Family`: at the parameter of all rows."""
        columns = filled(columns)
        shares = np.eye(n_components)[memberships] if memberships.ndim == 1 else memberships
        counts, sums = shares.sum(axis=0), shares.T @ columns.T
        everywhere = self.mode_of(np.ones(1), columns.mean(axis=1)[None], None)
        state = (np.repeat(everywhere, n_components, axis=0),)
        form = self.form(np.full(n_components, 1 / n_components), state)
        return state, Statistics(0.0, counts, (sums,), form)

    def summing_to_one(self, values: np.ndarray) -> np.ndarray:
        """The parameter without what rounding has added to probabilities of levels."""
        return values

    def conditional(self, standardised: Any, priors: Priors | None) -> LogLinearConditional | None:
        """See :class:`~bayesmix.families.protocol.Family`: closed under the family's own prior."""
        has_gaps = has_patterns(standardised.columns)
        n_entries = len(standardised.columns) - has_gaps
        if priors is None:
            return LogLinearConditional(self, n_entries)
        if not priors.closed:
            return None
        return LogLinearConditional(self, n_entries, priors.parts[self.parameter.name], has_gaps)

    def score(self, form: Form, statistics: Statistics, params: Params) -> dict[str, np.ndarray]:
        """Slope of the log-likelihood in the parameter.

        Parameters
        ----------
        form : tuple of arrays
        statistics : Statistics
        params : mapping of arrays

        Returns
        -------
        dict of arrays
        """
        name = self.parameter.name
        return {name: self.slope_of(np.asarray(params[name]), statistics.counts, statistics.sums[0])}


@nb.njit(**COMPILED)
def sums_of(labels, columns, n_components, form):
    """See :mod:`bayesmix.families.sweeps`: the sums of ``t`` over the rows of each component."""
    n_entries, n_rows = columns.shape
    counts, sums = np.zeros(n_components), np.zeros((n_components, n_entries))
    for i in range(n_rows):
        k = labels[i]
        counts[k] += 1.0
        for j in range(n_entries):
            sums[k, j] += columns[j, i]
    return counts, (sums,)


@nb.njit(**COMPILED)
def sums_of_completed(labels, columns, n_components, form):
    """The same of columns below whose entries stand those that were seen (:mod:`bayesmix.families.missing_cells`)."""
    return sums_of(labels, columns[: form[1].shape[2]], n_components, form)


def fused_of(natural: Any, slope: Any, kernel: Any = linear) -> Fused:
    """The likelihood for PyMC, of compiled functions ``natural(values)`` and ``slope(values, counts, sums)``.

    ``kernel`` has the pass over the rows.
    """
    log_mixture, accumulate = kernel.log_mixture, kernel.accumulate

    @compiled
    def rows(columns, log_weights, values):
        offsets, etas = natural(values)
        offsets = offsets + log_weights
        columns = np.ascontiguousarray(columns)
        return log_mixture(columns, offsets.reshape((1, *offsets.shape)), etas.reshape((1, *etas.shape)))[0]

    @compiled
    def total(columns, row_weights, log_weights, values):
        offsets, etas = natural(values)
        offsets = offsets + log_weights
        value, counts, sums = accumulate(
            np.ascontiguousarray(columns), np.ascontiguousarray(row_weights), offsets, etas
        )
        if value == -math.inf:
            return np.array(value), np.zeros(counts.shape), np.zeros(values.shape)
        return np.array(value), counts, slope(values, counts, sums)

    return Fused(rows, total)
