r"""A family from its log density alone, in NumPy: the shortest way for a new one to join.

What is peculiar to the distribution is its log density with the slopes in its parameters, a guess at the parameters of
given rows, and draws. The rest follows: the pass with the gradient by Fisher's identity,
:math:`\partial \log L / \partial \theta_k = \sum_i r_{ik}\, \partial \log f(x_i \mid \theta_k) / \partial \theta_k`,
the posterior density in coordinates that the parameters' supports say, and EM's part by L-BFGS on that density. It
costs some ten times as much as a pass compiled for the family.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self, override

import numpy as np

from bayesmix.data import Rows, check_constant, shared_copy
from bayesmix.density.by_parts import DensityByParts, Part
from bayesmix.families.parts import (
    Form,
    Fused,
    ParameterSpec,
    Params,
    Standardised,
    State,
    Statistics,
    Summary,
    flattened,
    labels_drawn,
)
from bayesmix.families.protocol import Family
from bayesmix.priors.sets import Priors

_MOST_VALUES = 4e6  # numbers of a block of rows, about


@dataclass(frozen=True, eq=False)
class InDataUnits(Standardised):
    """The rows as they are; the state is the parameters in the order of the table."""

    names: tuple[str, ...]
    rows: Rows
    columns: np.ndarray

    @override
    def to_params(self, state: State) -> dict[str, np.ndarray]:
        return dict(zip(self.names, (part.copy() for part in state), strict=True))

    @override
    def to_state(self, params: Params) -> State:
        return tuple(np.array(params[name], dtype=float) for name in self.names)

    def views(self, columns: np.ndarray) -> list[np.ndarray]:
        """See :class:`~bayesmix.families.parts.Standardised`: columns in units of their standard deviations."""
        centre, scale = self.rows.centre_and_scale
        return [(columns.T - centre) / scale]


class ByDensity(Family):
    """A family that says its log density and slopes; all parameters have a component axis, and priors of their own."""

    word: ClassVar[str]
    table: ClassVar[tuple[ParameterSpec, ...]]
    takes_labels: ClassVar[bool] = True
    """The parameters, with support "real", "positive", "nonnegative" or "probability"."""

    # What a family of this kind says of itself

    @abstractmethod
    def log_density(self, X: np.ndarray, params: Params) -> np.ndarray:
        """Log density (N, K) of rows (N, 1, D) at parameters with the component as their first axis.

        Parameters
        ----------
        X : (N, 1, D) array
        params : mapping of arrays

        Returns
        -------
        (N, K) array
        """

    @abstractmethod
    def slopes(self, X: np.ndarray, params: Params) -> dict[str, np.ndarray]:
        """Derivative of :meth:`log_density` in every parameter, (N, K, ...) with the axes that the parameter has.

        Parameters
        ----------
        X : (N, 1, D) array
        params : mapping of arrays

        Returns
        -------
        dict of arrays
        """

    @abstractmethod
    def guess(self, X: np.ndarray, shares: np.ndarray) -> dict[str, np.ndarray]:
        """Parameters to begin with, inside their supports, of components that own shares (N, K) of the rows (N, D).

        Parameters
        ----------
        X : (N, D) array
        shares : (N, K) array

        Returns
        -------
        dict of arrays
        """

    @abstractmethod
    def draw(self, params: Params, rng: np.random.Generator) -> np.ndarray:
        """One row (n, D) for each entry of the first axis of the parameters.

        Parameters
        ----------
        params : mapping of arrays
        rng : numpy.random.Generator

        Returns
        -------
        (n, D) array
        """

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

    @override
    def check(self, rows: Rows) -> None:
        if rows.n_rows > 1:
            check_constant(rows)

    @override
    def standardised(self, rows: Rows) -> InDataUnits:
        columns = shared_copy(rows, type(self), lambda: self.columns(rows.values))
        return InDataUnits(tuple(spec.name for spec in self.table), rows, columns)

    @property
    @override
    def kernel(self) -> "_Pass":
        return _Pass(self)

    def named_parts(self, parts: Form) -> dict[str, np.ndarray]:
        """Arrays in the order of the table, by name.

        Parameters
        ----------
        parts : tuple of arrays

        Returns
        -------
        dict of arrays
        """
        return {spec.name: part for spec, part in zip(self.table, parts, strict=True)}

    @override
    def form(self, weights: np.ndarray, state: State) -> Form:
        with np.errstate(divide="ignore"):  # an empty component has log weight -inf, and that is right
            return np.log(weights), *state

    @override
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        values = [np.asarray(params[spec.name], dtype=float) for spec in self.table]
        leading = values[0].shape[: values[0].ndim - len(self.table[0].dims) + 1]
        return self.form(np.broadcast_to(np.asarray(weights, dtype=float), leading), tuple(values))

    @override
    def places(self, state: State) -> np.ndarray:
        locations, covariances = self.moments(self.named_parts(state))
        return locations / np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1).mean(axis=0))

    @override
    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        shares = np.eye(n_components)[memberships] if memberships.ndim == 1 else memberships
        guess = self.guess(columns.T, shares)
        state = tuple(np.asarray(guess[spec.name], dtype=float) for spec in self.table)
        form = self.form(np.full(n_components, 1 / n_components), state)
        return state, Statistics(0.0, shares.sum(axis=0), (), form)

    @override
    def conditional(self, standardised: Any, priors: Priors | None) -> None:
        return None

    @override
    def closed_form(self, rows: Rows, standardised: Any, priors: Priors, n_components: int) -> DensityByParts | None:
        if not priors.closed:
            return None
        shapes = self.shapes(n_components, rows.n_features)
        parts = tuple(Part(spec.name, shapes[spec.name], spec.support, priors.parts[spec.name]) for spec in self.table)

        def likelihood(weights: np.ndarray, params: Params, columns: np.ndarray, row_weights: np.ndarray):
            form = self.form(weights, tuple(params[spec.name] for spec in self.table))
            value, counts, *slopes = self.kernel.accumulate(columns, row_weights, *form)
            return value, counts, self.named_parts(tuple(slopes))

        return DensityByParts(standardised.columns, n_components, priors.weights, parts, likelihood)

    @property
    @override
    def fused(self) -> Fused:
        return Fused(self._rows, self._total)

    def _rows(self, columns: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
        forms = tuple(part[None] for part in (log_weights, *parameters))
        return self.kernel.log_mixture(columns, *forms)[0]

    def _total(self, columns: np.ndarray, row_weights: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray):
        value, counts, *slopes = self.kernel.accumulate(columns, row_weights, log_weights, *parameters)
        return np.array(value), counts, *slopes

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        raise NotImplementedError(f"{self} has its density in NumPy alone: rows must be data, and JAX is no backend")

    @override
    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        labels = labels_drawn(weights, n, rng)
        own = {spec.name: np.asarray(params[spec.name])[labels] for spec in self.table}
        return np.asarray(self.draw(own, rng), dtype=float), labels

    @override
    def marginal(self, params: Params, features: np.ndarray) -> tuple[Family, dict[str, np.ndarray]]:
        chosen = {
            spec.name: np.asarray(params[spec.name])[..., features] if "feature" in spec.dims else params[spec.name]
            for spec in self.table
        }
        return self, chosen

    @override
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        def told(spec: ParameterSpec) -> Summary:
            values = np.asarray(params[spec.name])
            name = spec.name.removesuffix("s")
            if "feature" in spec.dims:
                return Summary(name, name, spec.name, rows.labels, values)
            return Summary(name, name, spec.name, (name,), values[..., None])

        return tuple(told(spec) for spec in self.table)


class _Pass:
    """The pass in NumPy: what :mod:`bayesmix.passes` do, from a log density; forms are log weights and parameters."""

    def __init__(self, family: ByDensity):
        self.family = family

    def _joint(self, columns: np.ndarray, form: Form) -> np.ndarray:
        """``log w_k f_k(x_i)`` (N, K) at one point."""
        log_weights, *parts = form
        return log_weights + self.family.log_density(columns.T[:, None, :], self.family.named_parts(tuple(parts)))

    def _n_features(self, params: Params) -> int:
        """Of rows; components without a parameter for each feature are of one."""
        sizes = [params[s.name].shape[s.dims.index("feature")] for s in self.family.table if "feature" in s.dims]
        return sizes[0] if sizes else 1

    def accumulate(self, columns: np.ndarray, row_weights: np.ndarray, *form: np.ndarray) -> tuple:
        """Log-likelihood, counts, and the slope in every parameter."""
        n_components, n_rows = form[0].size, columns.shape[1]
        params = self.family.named_parts(form[1:])
        n_above = self._n_features(params)
        columns, known = columns[:n_above], columns[n_above:]
        value, counts = 0.0, np.zeros(n_components)
        slopes = {name: np.zeros_like(part) for name, part in params.items()}
        size = max(1, int(_MOST_VALUES // (n_components * columns.shape[0])))
        for start in range(0, n_rows, size):
            block = slice(start, start + size)
            joint = self._joint(columns[:, block], form)
            joint = joint + known[:, block].T if len(known) else joint
            of_rows = np.logaddexp.reduce(joint, axis=1)
            with np.errstate(invalid="ignore"):  # rows of density zero: the value says so
                shares = np.exp(joint - of_rows[:, None])
            if row_weights.size:
                of_rows, shares = row_weights[block] * of_rows, row_weights[block, None] * shares
            value += float(of_rows.sum())
            counts += shares.sum(axis=0)
            for name, slope in self.family.slopes(columns[:, block].T[:, None, :], params).items():
                slopes[name] += np.einsum("nk,nk...->k...", shares, slope)
        if not np.isfinite(value):
            return -np.inf, np.zeros(n_components), *(np.zeros_like(slope) for slope in slopes.values())
        return value, counts, *slopes.values()

    def log_joint(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, N, K)."""
        return np.stack([self._joint(columns, form) for form in zip(*flattened(forms), strict=True)])

    def log_mixture(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, N)."""
        return np.stack([np.logaddexp.reduce(self._joint(columns, form), axis=1) for form in zip(*forms, strict=True)])

    def responsibilities(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(K, N, S)."""
        joint = self.log_joint(columns, *forms)
        shares = np.exp(joint - np.logaddexp.reduce(joint, axis=2, keepdims=True))
        return np.ascontiguousarray(shares.transpose(2, 1, 0))

    def group_sums(self, columns: np.ndarray, ends: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, J, K)."""
        shares = self.responsibilities(columns, *forms)
        parts = np.split(shares, ends[:-1], axis=1)
        return np.stack([part.sum(axis=1) for part in parts]).transpose(2, 0, 1)
