"""What a family is made of and works with: its table of parameters, points, statistics."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, NamedTuple, Protocol

import numba as nb
import numpy as np

from bayesmix.families.column_blocks import ColumnBlocks, Held
from bayesmix.families.complete_data import CompleteData
from bayesmix.passes.blocks import COMPILED

State = tuple[np.ndarray, ...]
Form = tuple[np.ndarray, ...]
Params = Mapping[str, np.ndarray]
NOTHING_SHARED = np.empty(0)


@dataclass(frozen=True)
class ParameterSpec:
    """One named parameter of a component, from which dims, shapes and counts are derived.

    Attributes
    ----------
    name : str
    dims : tuple of str
        ``component`` first, unless all components share the parameter; then ``feature``, ``feature_bis`` or ``level``.
    support : "real", "positive", "nonnegative", "probability", "simplex" or "covariance"
        ``simplex``: probabilities of the levels of each feature, which sum to one.
    enters : "itself", "root" or "factor"
        How it enters the fused likelihood: as it is, by its square root, or by its lower Cholesky factor.
    lengths : tuple of (str, int)
        Of dims that are the family's own.
    """

    name: str
    dims: tuple[str, ...]
    support: Literal["real", "positive", "nonnegative", "probability", "simplex", "covariance"]
    enters: Literal["itself", "root", "factor"] = "itself"
    lengths: tuple[tuple[str, int], ...] = ()

    @property
    def shared(self) -> bool:
        """Whether one value serves every component."""
        return "component" not in self.dims

    def shape(self, n_components: int, n_features: int, n_levels: int = 0) -> tuple[int, ...]:
        """Shape of the array that holds the parameter."""
        sizes = {"component": n_components, "level": n_levels, **dict(self.lengths)}
        return tuple(sizes.get(dim, n_features) for dim in self.dims)

    def n_free(self, n_components: int, n_features: int, n_levels: int = 0) -> int:
        """Number of free values: a covariance counts its lower triangle, levels of a feature all but one."""
        shape = self.shape(n_components, n_features, n_levels)
        if self.support == "covariance":
            return int(np.prod(shape[:-2])) * n_features * (n_features + 1) // 2
        if self.support == "simplex":
            return int(np.prod(shape[:-1])) * (n_levels - n_features)
        return int(np.prod(shape))


@dataclass(frozen=True, eq=False)
class Statistics:
    """Sufficient statistics of one pass, weighted by the responsibilities; they add over row blocks.

    Attributes
    ----------
    log_likelihood : float
    counts : (K,) array
        Sums of the responsibilities.
    sums : tuple of arrays
        What else the family gathers, component axis first.
    form : tuple of arrays
        The point at which they were taken.
    of_subjects : (K,) array, optional
        Sums of the responsibilities of subjects, where rows belong together: these are what weights are shares of.
    """

    log_likelihood: float
    counts: np.ndarray
    sums: tuple[np.ndarray, ...]
    form: Form
    of_subjects: np.ndarray | None = None

    @property
    def memberships(self) -> np.ndarray:
        """How many components were drawn as each, (K,): one for each row, unless rows belong together."""
        return self.counts if self.of_subjects is None else self.of_subjects

    def __add__(self, other: "Statistics") -> "Statistics":
        if not _same(self.form, other.form):
            raise ValueError("statistics taken at different parameters do not add: take both at the same form")
        sums = tuple(one + another for one, another in zip(self.sums, other.sums, strict=True))
        log_likelihood = self.log_likelihood + other.log_likelihood
        return Statistics(log_likelihood, self.counts + other.counts, sums, self.form)


def _same(one: Any, other: Any) -> bool:
    """Whether two forms are of one point: statistics that were gathered elsewhere bring a copy of theirs."""
    if one is other:
        return True
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return np.array_equal(one, other)


@dataclass(frozen=True, eq=False)
class Point:
    """Weights (K,) and the components' state."""

    weights: np.ndarray
    state: State

    @property
    def finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return _all_finite(self.weights) and all(_all_finite(part.ravel()) for part in self.state)


@nb.njit(**COMPILED)
def _all_finite(numbers):
    for number in numbers:
        if not isfinite(number):
            return False
    return True


class Conditional(ABC):
    """What is known of the components' parameters given statistics and a prior; without a prior, by likelihood alone.

    EM takes its mode, Gibbs sampling draws from it.
    """

    @abstractmethod
    def mode(self, state: State, statistics: Statistics) -> State:
        """The state that maximises the expected objective: the M-step from ``state``, where the pass was made."""

    @abstractmethod
    def log_prior(self, state: State) -> float:
        """Log prior density of the components' parameters in the units of the data; 0 without a prior."""

    def straight(self, state: State) -> State | None:
        """Coordinates on which steps of EM may be extrapolated; None where that is never done."""
        return None

    def from_straight(self, coordinates: State) -> State | None:
        """The inverse of :meth:`straight`; None for what is no state."""
        return None

    def complete_data(self, columns: np.ndarray) -> CompleteData | None:
        """The standardised rows where their components are known; None where that has no closed form."""
        return None

    def sweeps(self, n_rows: int) -> "Sweeps | None":
        """The compiled Gibbs sampler on so many rows; None where nobody draws from this conditional."""
        return None


class Standardised(ABC):
    """The rows as engines work on them, and the way back to the units of the data.

    Attributes
    ----------
    columns : (M, N) array
        What a pass takes: the rows, transposed.
    log_likelihood_shift : float
        What the log-likelihood gains in the units of the data.
    """

    columns: np.ndarray
    log_likelihood_shift: float = 0.0

    @property
    def blocks(self) -> ColumnBlocks:
        """The same in blocks, as EM passes over them."""
        return Held(self.columns)

    @property
    def n_entries(self) -> int:
        """Rows of the columns, M."""
        return len(self.columns)

    def some(self, chosen: np.ndarray) -> np.ndarray:
        """The columns (M, n) of the rows in these places (n,)."""
        return np.take(self.columns, chosen, axis=1)

    @abstractmethod
    def to_params(self, state: State) -> dict[str, np.ndarray]:
        """Named parameters in the units of the data."""

    @abstractmethod
    def to_state(self, params: Params) -> State:
        """The inverse of :meth:`to_params`."""

    @abstractmethod
    def views(self, columns: np.ndarray) -> list[np.ndarray]:
        """``columns`` (M, n) as rows (n, d) in which distances mean something, for random starts to choose from."""

    def collapsed(self, state: State) -> bool:
        """Whether some component has shrunk to where the likelihood has no bound."""
        return False


class Sweeps(NamedTuple):
    """A family's compiled Gibbs sampler under one prior.

    Attributes
    ----------
    run : callable
        :func:`bayesmix.families.sweeps.run` with the family's functions.
    numbers : tuple
        The prior's.
    n_known : int
        Length of what its ``predictive`` knows of a component.
    shared : (M,) array
        What it knows of that which all components share, while it has seen no rows.
    moving : bool
        Whether assignments move together. Where they do not, a component that has all rows is not split any more.
    takes_gaps : bool
        Whether rows may have missing cells, which ``run`` draws with all else.
    cost : float
        By how much a sweep takes longer than to look at a number for each row and component.
    telescope : callable, optional
        :func:`bayesmix.families.telescoping.run`, for an unknown number of components; None where nobody has it.
    """

    run: Callable[..., tuple]
    numbers: Any
    n_known: int
    shared: np.ndarray = NOTHING_SHARED
    moving: bool = True
    takes_gaps: bool = False
    cost: float = 1.0
    telescope: Callable[..., tuple] | None = None


class Kernel(Protocol):
    """The pass of a family; ``form`` is one point in ``accumulate``, and S of them elsewhere."""

    accumulate: Callable[..., tuple]
    log_joint: Callable[..., np.ndarray]
    log_mixture: Callable[..., np.ndarray]
    responsibilities: Callable[..., np.ndarray]
    group_sums: Callable[..., np.ndarray]


class SeenKernel(NamedTuple):
    """The pass of a family over rows with missing cells and their patterns (:mod:`bayesmix.passes.patterns`)."""

    accumulate: Callable[..., tuple]
    log_joint: Callable[..., np.ndarray]
    log_mixture: Callable[..., np.ndarray]


class Fused(NamedTuple):
    """The likelihood as a model of PyMC calls it; what is compiled never raises.

    Attributes
    ----------
    rows : callable
        ``(columns (M, N), log_weights (K,), *parameters as they enter) -> (N,)``: log density of each row.
    total : callable
        ``(columns, row_weights (N,) or (0,), log_weights, *parameters) -> (value, slope in the log weights, ...)``.
    """

    rows: Callable[..., np.ndarray]
    total: Callable[..., tuple]

    @staticmethod
    def laid_out(*arrays: Any) -> list[np.ndarray]:
        """Arrays in the one layout in which Python calls these functions: each other one is compiled, for seconds."""
        plain = (np.asarray(array, dtype=float) for array in arrays)
        return [one if one.flags.c_contiguous and one.flags.writeable else np.array(one, order="C") for one in plain]


class Summary(NamedTuple):
    """One thing that tables say of every component.

    Attributes
    ----------
    key : str
        A short name, for JSON.
    name, plural : str
        Such as ``"centre"``, ``"centres"``.
    entries : tuple of str
        What the last axis runs over: features, or levels of features.
    values : (..., K, M) array
        In the units of the data.
    share : bool or tuple of bool
        Whether the values are probabilities, which people read in percent; of columns of several kinds, of each entry.
    """

    key: str
    name: str
    plural: str
    entries: tuple[str, ...]
    values: np.ndarray
    share: bool | tuple[bool, ...] = False

    @property
    def shares(self) -> np.ndarray:
        """Whether the values of each entry are probabilities, (M,)."""
        return np.broadcast_to(self.share, len(self.entries))


def flattened(forms: Form) -> Form:
    """Forms with all leading axes made one."""
    n_leading = forms[0].ndim - 1
    return tuple(np.reshape(part, (-1, *part.shape[n_leading:])) for part in forms)


def unflattened(flat: np.ndarray, shapes: Iterable[tuple[int, ...]]) -> State:
    """The parts of a state, of these shapes, that stand one after the other along the last axis (..., size)."""
    parts, start = [], 0
    for shape in shapes:
        stop = start + int(np.prod(shape))
        parts.append(flat[..., start:stop].reshape((*flat.shape[:-1], *shape)))
        start = stop
    return tuple(parts)


def most_probable(shares: np.ndarray, *, noise: bool) -> np.ndarray:
    """The component of which a row most probably is, of shares (K, ...); -1 where noise is, which has the rest."""
    label = shares.argmax(axis=0)
    return np.where(1 - shares.sum(axis=0) > shares.max(axis=0), -1, label) if noise else label


def labels_drawn(weights: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """The components (n,) of new rows."""
    weights = np.asarray(weights, dtype=float)
    return rng.choice(weights.size, size=n, p=weights / weights.sum())
