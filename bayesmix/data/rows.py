"""Rows of numbers with what is known of their columns, and row labels."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bayesmix.data.blocks import Blocks, InMemory, cuts
from bayesmix.data.columns import Column, Kind
from bayesmix.data.moments import centre_and_scale, correlation_factor, correlation_factor_by_pairs, telling
from bayesmix.data.subjects import Subjects
from bayesmix.data.words import FROM_ZERO, joined, row_name


@dataclass(frozen=True, eq=False)
class Beforehand:
    """What is known of the rows' components before they are seen.

    Attributes
    ----------
    log_prior : (N, K) array or None
        As of :class:`Rows`. Rows of one subject have the same.
    subjects : Subjects or None
        Which rows belong together.
    """

    log_prior: np.ndarray | None = None
    subjects: Subjects | None = None

    def __getitem__(self, which: np.ndarray | slice) -> "Beforehand":
        return Beforehand(
            None if self.log_prior is None else self.log_prior[which],
            None if self.subjects is None else self.subjects.chosen(which),
        )


@dataclass(frozen=True, eq=False)
class Rows:
    r"""Checked rows.

    Attributes
    ----------
    values : ndarray of shape (N, D)
        Finite numbers, read-only; NaN where a value is missing and that was to be kept. C-contiguous float64, unless
        they are those of the user where they lie, of any layout and single precision too.
    columns : tuple of Column
        Their names, "x0", "x1", ... where the container had none, what their numbers mean, and their units. Characters
        that are not seen, or steer a terminal, stand in them as Python writes them, "\x1b"; so they do in text labels
        of rows.
    index : ndarray of shape (N,) or None
        Row labels that netCDF can hold: integers, floats, text or datetime64[ns]. None: their positions.
    weights : ndarray of shape (N,) or None
        How much each row counts (see :func:`bayesmix.data.read_weights`). None: each counts once.
    kept : ndarray of bool or None
        Which of the rows that were given are here: those of weight 0 are not. None: all.
    log_prior : ndarray of shape (N, K) or None
        What is known beforehand of the component of each row (see :func:`bayesmix.data.read_labels`): logarithms of how
        plausible each is, the largest being 0, and minus infinity for all but one where the component is known. None:
        nothing is known of any row.
    classes : tuple of str
        Names of the first components, where labels gave them names.
    errors : ndarray of shape (N, D, D) or None
        Covariance matrices of the errors that the rows were measured with (see :func:`bayesmix.data.read_errors`).
        None: the values are exact.
    subjects : Subjects or None
        Which rows are known to belong together; then they have one log prior. None: no two are.
    """

    values: np.ndarray
    columns: tuple[Column, ...]
    index: np.ndarray | None = None
    weights: np.ndarray | None = None
    log_prior: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    kept: np.ndarray | None = None
    errors: np.ndarray | None = None
    subjects: Subjects | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows, N."""
        return self.values.shape[0]

    @property
    def n_features(self) -> int:
        """Number of columns, D."""
        return self.values.shape[1]

    def of(self, places: Sequence[int] | np.ndarray) -> "Rows":
        """The rows of some columns, by position."""
        values = np.ascontiguousarray(self.values[:, places])
        values.flags.writeable = False
        errors = None if self.errors is None else self.errors[:, np.asarray(places)[:, None], places]
        return replace(self, values=values, columns=tuple(self.columns[j] for j in places), errors=errors)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Column names."""
        return tuple(column.name for column in self.columns)

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the columns, empty text for one that has none."""
        return tuple(column.unit for column in self.columns)

    @property
    def labels(self) -> tuple[str, ...]:
        """Column names with their units, as pictures and tables show them: ``"waiting (min)"``."""
        return tuple(column.label for column in self.columns)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What the numbers of each column are."""
        return tuple(column.kind for column in self.columns)

    @property
    def mixed(self) -> bool:
        """Whether columns are of several kinds."""
        return len({*self.kinds}) > 1

    @cached_property
    def missing(self) -> np.ndarray | None:
        """Where values are missing, (N, D) bool; None where none is."""
        if not any(np.isnan(self.values[block]).any() for block in cuts(*self.values.shape)):
            return None
        return np.isnan(self.values)

    @cached_property
    def known(self) -> np.ndarray:
        """The component that each row is known to belong to, (N,) int64; -1 where it is not known."""
        if self.log_prior is None:
            return np.full(self.n_rows, -1)
        possible = np.isfinite(self.log_prior)
        return np.where(possible.sum(axis=1) == 1, possible.argmax(axis=1), -1)

    @cached_property
    def complete(self) -> "Rows":
        """The rows of which no value is missing."""
        if self.missing is None:
            return self
        return self.chosen(~self.missing.any(axis=1))

    def chosen(self, which: np.ndarray | slice) -> "Rows":
        """Some of the rows, (N,) bool, positions or a slice, with all that is known of them."""
        values = self.values[which]
        values.flags.writeable = False
        # which rows were kept is known of all of them, and of no choice
        beside = {"weights": self.weights, "log_prior": self.log_prior, "errors": self.errors}
        beside = {name: None if one is None else one[which] for name, one in beside.items()}
        subjects = None if self.subjects is None else self.subjects.chosen(which)
        return replace(self, values=values, index=self.obs[which], kept=None, subjects=subjects, **beside)

    # What belongs together

    @property
    def beforehand(self) -> Beforehand | None:
        """What is known of the rows' components before they are seen; None where nothing is."""
        if self.log_prior is None and self.subjects is None:
            return None
        return Beforehand(self.log_prior, self.subjects)

    @property
    def n_subjects(self) -> int:
        """How many components are drawn: one for each row, or for each set of rows that belong together."""
        return self.n_rows if self.subjects is None else self.subjects.n

    def of_subjects(self, subjects: np.ndarray) -> np.ndarray:
        """Positions of the rows of some subjects; where every row is one, these."""
        return subjects if self.subjects is None else self.subjects.rows_of(subjects)

    def together(self, subjects: Subjects | None) -> "Rows":
        """The rows with these subjects, each of which has the log prior that its rows have together."""
        if subjects is None or self.log_prior is None:
            return replace(self, subjects=subjects)
        log_prior = subjects.sums(self.log_prior)
        log_prior = (log_prior - log_prior.max(axis=1, keepdims=True))[subjects.of_rows]
        log_prior.flags.writeable = False
        return replace(self, subjects=subjects, log_prior=log_prior)

    # What errors make of them

    @cached_property
    def entries(self) -> np.ndarray:
        """What densities are asked of: the values, and beside them the lower triangles of the errors' covariances.

        (N, D), or (N, D + D (D + 1) / 2).
        """
        if self.errors is None:
            return self.values
        return np.concatenate([self.values, self.errors[:, *np.tril_indices(self.n_features)]], axis=1)

    @cached_property
    def error_deviations(self) -> np.ndarray | None:
        """Standard deviation of the error of each value, (N, D), NaN where it is missing; None where all are exact."""
        if self.errors is None:
            return None
        deviations = np.sqrt(np.diagonal(self.errors, axis1=1, axis2=2))
        return deviations if self.missing is None else np.where(self.missing, np.nan, deviations)

    def measured(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """True values (n, D), with errors as those of the first n rows, over again where these are fewer."""
        if self.errors is None:
            return values
        deviations, axes = np.linalg.eigh(self.errors[np.arange(len(values)) % self.n_rows])  # they may be singular
        half = axes * np.sqrt(np.maximum(deviations, 0.0))[:, None]
        return values + np.einsum("nij,nj->ni", half, rng.standard_normal(values.shape))

    @cached_property
    def _telling(self) -> np.ndarray | None:
        if self.error_deviations is None:
            return None
        return telling(self.values, self.error_deviations, self.weights)

    # What weights make of them

    @property
    def total(self) -> float:
        """How many rows they count as: the sum of the weights, or where there are none their number."""
        return float(self.n_rows if self.weights is None else self.weights.sum())

    def weighing(self, weights: np.ndarray) -> "Rows":
        """The rows with these weights (N,), without those of weight 0, which are no rows."""
        rows, kept = replace(self, weights=weights), weights > 0
        return rows if kept.all() else replace(rows.chosen(kept), kept=kept)

    def weighed(self, of_rows: np.ndarray) -> np.ndarray:
        """Numbers of rows, which the last axis runs over, each times the weight of its row."""
        if self.weights is None:
            return of_rows
        return of_rows * self.weights

    @property
    def row_weights(self) -> np.ndarray:
        """The weights as passes take them, (N,), or (0,) where each row counts once."""
        return np.empty(0) if self.weights is None else np.array(self.weights)

    @property
    def weighs_whole(self) -> bool:
        """Whether every row counts a whole number of times."""
        return self.weights is None or bool((self.weights == np.floor(self.weights)).all())

    @cached_property
    def copies(self) -> "Rows":
        """Each row so many times as its weight, a whole number, says, one after the other."""
        if self.weights is None:
            return self
        return replace(self.chosen(np.repeat(np.arange(self.n_rows), self.weights.astype(np.int64))), weights=None)

    @property
    def widened(self) -> "Rows":
        """The same in double precision and by rows, as trees hold them."""
        values = np.ascontiguousarray(self.values, dtype=float)
        return self if values is self.values else replace(self, values=values)

    @cached_property
    def patterns(self) -> tuple[np.ndarray, np.ndarray]:
        """Which values are missing together, (P, D) bool, and the pattern of each row, (N,) int."""
        absent = np.zeros(self.values.shape, dtype=bool) if self.missing is None else self.missing
        patterns, which = np.unique(absent, axis=0, return_inverse=True)
        return patterns, which.reshape(-1)

    @cached_property
    def obs(self) -> np.ndarray:
        """Row labels, (N,); made when first asked for, since positions of many rows take much memory."""
        return np.arange(self.n_rows) if self.index is None else self.index

    @cached_property
    def named(self) -> bool:
        """Whether the rows have names of their own; those that have none are called by their positions, from 0."""
        return self.index is not None and not np.array_equal(self.index, np.arange(self.n_rows))

    def group(self, k: int) -> str:
        """What component k is called: by its class, where labels named it, and else by its number."""
        return self.classes[k] if k < len(self.classes) else f"group {k}"

    @property
    def heading(self) -> str:
        """What stands over row labels in a table."""
        return "row" if self.named else "row (from 0)"

    def called(self, positions: Sequence[int] | np.ndarray, most: int) -> str:
        """Name so many rows in a sentence: ``"row 243 (counting from 0)"``, ``"rows Ann, Ben and 3 more"``."""
        names = [row_name(self.obs[i]) for i in positions[:most]]
        if len(positions) > most:
            names.append(f"{len(positions) - most:,} more")
        said = f"{'row' if len(names) == 1 else 'rows'} {joined(names)}"
        return said if self.named else f"{said} ({FROM_ZERO})"

    @cached_property
    def centre_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each column (see :func:`bayesmix.data.centre_and_scale`).

        Of the values that are not missing; where they were measured with errors, each counts as much as it tells (see
        :func:`bayesmix.data.moments.telling`).
        """
        if self._telling is None:
            return centre_and_scale(self.values, self.weights)
        counted = self._telling if self.weights is None else self.weights[:, None] * self._telling
        each = [centre_and_scale(self.values[:, [j]], counted[:, j]) for j in range(self.n_features)]
        centre, scale = (np.concatenate(parts) for parts in zip(*each, strict=True))
        return centre, scale

    @cached_property
    def extent(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value of each column, of those that are not missing."""
        # Column by column: along the first axis of a narrow array NumPy is ten times as slow.
        columns = [column if self.missing is None else column[~np.isnan(column)] for column in self.values.T]
        return np.array([column.min() for column in columns]), np.array([column.max() for column in columns])

    @cached_property
    def spanning(self) -> "Rows":
        """The same, of which every column knows its span; one that it knows already, as of all rows, stays."""
        spans = zip(*(ends.tolist() for ends in self.extent), strict=True)
        columns = (replace(one, span=one.span or own) for one, own in zip(self.columns, spans, strict=True))
        return replace(self, columns=tuple(columns))

    @property
    def sample(self) -> np.ndarray:
        """Rows as :attr:`entries`, of which some are chosen by their places: all that there are."""
        return self.entries

    @property
    def held(self) -> "Rows":
        """The rows that are in memory: these."""
        return self

    @property
    def blocks(self) -> Blocks:
        """The rows block by block."""
        return InMemory(self.values)

    @property
    def singular(self) -> bool:
        """Whether there are no more rows than columns, so that their covariance matrix is singular."""
        return self.n_rows <= self.n_features

    @cached_property
    def correlation_factor(self) -> np.ndarray:
        """Lower Cholesky factor of the columns' correlation matrix, (D, D); the identity where it is singular.

        No column may be constant. Where values are missing, each correlation is that of the rows that have both.
        """
        if self.singular:
            return np.eye(self.n_features)
        weights = self.weights
        if self._telling is not None:  # a row tells of correlations as much as its least exact value
            least = np.nanmin(self._telling, axis=1)
            weights = least if weights is None else weights * least
        if self.missing is not None:
            return correlation_factor_by_pairs(self.values, *self.centre_and_scale, weights)
        return correlation_factor(self.values, *self.centre_and_scale, weights)

    @property
    def covariance_factor(self) -> np.ndarray:
        """Lower Cholesky factor of the columns' covariance matrix, (D, D); of its diagonal where it is singular."""
        return self.correlation_factor * self.centre_and_scale[1][:, None]

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the values and their shape, the same on every machine."""
        digest = hashlib.sha256(repr(self.values.shape).encode())
        for block in cuts(*self.values.shape):
            digest.update(np.ascontiguousarray(self.values[block], dtype="<f8").reshape(-1).data)
        return digest.hexdigest()


def interchangeable(log_prior: np.ndarray) -> list[np.ndarray]:
    """Components of which the same is known, (N, K), together: they may change places without changing anything."""
    _, which = np.unique(log_prior, axis=1, return_inverse=True)
    return [np.flatnonzero(which.ravel() == one) for one in np.unique(which)]
