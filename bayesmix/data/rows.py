"""Rows of numbers with their column names and row labels."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bayesmix.data.columns import Column, Kind
from bayesmix.data.containers import Table, open_table
from bayesmix.data.moments import centre_and_scale, correlation_factor
from bayesmix.data.values import Missing, check_kinds, check_never_missing, check_present, to_float64
from bayesmix.data.words import FROM_ZERO, counted, listed, row_name, selection, visible


@dataclass(frozen=True, eq=False)
class Rows:
    r"""Checked rows.

    Attributes
    ----------
    values : ndarray of shape (N, D)
        Finite float64 numbers, C-contiguous and read-only; NaN where a value is missing and that was to be kept.
    columns : tuple of Column
        Their names, "x0", "x1", ... where the container had none, what their numbers mean, and their units. Characters
        that are not seen, or steer a terminal, stand in them as Python writes them, "\x1b"; so they do in text labels
        of rows.
    index : ndarray of shape (N,) or None
        Row labels that netCDF can hold: integers, floats, text or datetime64[ns]. None: their positions.
    weights : ndarray of shape (N,) or None
        How much each row counts (see :func:`bayesmix.data.read_weights`). None: each counts once.
    known : ndarray of shape (N,) or None
        The component that each row is known to belong to, -1 where it is unknown (see
        :func:`bayesmix.data.read_known_labels`). None: all are unknown.
    """

    values: np.ndarray
    columns: tuple[Column, ...]
    index: np.ndarray | None = None
    weights: np.ndarray | None = None
    known: np.ndarray | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows, N."""
        return self.values.shape[0]

    @property
    def n_features(self) -> int:
        """Number of columns, D."""
        return self.values.shape[1]

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

    @cached_property
    def missing(self) -> np.ndarray | None:
        """Where values are missing, (N, D) bool; None where none is."""
        absent = np.isnan(self.values)
        return absent if absent.any() else None

    @cached_property
    def obs(self) -> np.ndarray:
        """Row labels, (N,); made when first asked for, since positions of many rows take much memory."""
        return np.arange(self.n_rows) if self.index is None else self.index

    @cached_property
    def named(self) -> bool:
        """Whether the rows have names of their own; those that have none are called by their positions, from 0."""
        return self.index is not None and not np.array_equal(self.index, np.arange(self.n_rows))

    @property
    def heading(self) -> str:
        """What stands over row labels in a table."""
        return "row" if self.named else "row (from 0)"

    def called(self, positions: Sequence[int] | np.ndarray, most: int) -> str:
        """Name so many rows in a sentence: ``"row 243 (counting from 0)"``, ``"rows Ann, Ben and 3 more"``."""
        names = [row_name(self.obs[i]) for i in positions[:most]]
        if len(positions) > most:
            names.append(f"{len(positions) - most:,} more")
        *first, last = names
        said = f"rows {', '.join(first)} and {last}" if first else f"row {last}"
        return said if self.named else f"{said} ({FROM_ZERO})"

    @cached_property
    def centre_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each column (see :func:`bayesmix.data.centre_and_scale`)."""
        return centre_and_scale(self.values)

    @property
    def singular(self) -> bool:
        """Whether there are no more rows than columns, so that their covariance matrix is singular."""
        return self.n_rows <= self.n_features

    @cached_property
    def correlation_factor(self) -> np.ndarray:
        """Lower Cholesky factor of the columns' correlation matrix, (D, D); the identity where it is singular.

        No column may be constant.
        """
        if self.singular:
            return np.eye(self.n_features)
        return correlation_factor(self.values, *self.centre_and_scale)

    @property
    def covariance_factor(self) -> np.ndarray:
        """Lower Cholesky factor of the columns' covariance matrix, (D, D); of its diagonal where it is singular."""
        return self.correlation_factor * self.centre_and_scale[1][:, None]

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the values and their shape, the same on every machine."""
        digest = hashlib.sha256(repr(self.values.shape).encode())
        digest.update(np.ascontiguousarray(self.values, dtype="<f8").reshape(-1).data)
        return digest.hexdigest()


def read_rows(
    X: Any,
    *,
    argument: str = "X",
    takes: Kind = "real",
    columns: Sequence[Column] | None = None,
    missing: Missing = "refuse",
) -> Rows:
    """Turn rows of numbers, in whatever container, into checked float64 rows.

    Parameters
    ----------
    X : array-like, data frame, series or xarray.DataArray
        N rows and D columns; one-dimensional data are one column. Data frames (pandas, polars and
        whatever else narwhals knows) give their column names, pandas its index, a DataArray the
        coordinates of its two dimensions. Integers, booleans (as 0 and 1), float32, decimals and
        numeric objects are widened to float64. ``X.attrs["units"]`` (pandas, xarray), one unit for
        all columns or a mapping from their names, goes into labels.
    argument : str
        The name by which messages call X.
    takes : {"real", "count", "binary", "categorical"}
        What the columns are read as. The levels of categorical columns may be text, categories, booleans and whole
        numbers; they are in the order of their categories where pandas or an Enum of polars has one, else sorted,
        and those that occur in no row are left out.
    columns : sequence of Column, optional
        The columns a model was fitted on, from its ``Rows``: X must have as many, and where X names its columns, the
        same names in the same order. (Names "0", "1", ... are positions and not compared.)
        They are read as the kinds, and with the levels, that these have; `takes` says nothing then.
    missing : {"refuse", "keep"}
        Whether missing entries are refused, or stay NaN.

    Returns
    -------
    Rows

    Raises
    ------
    TypeError
        If X is no container of rows, or a column holds something other than its kind says.
    ValueError
        If X is not two-dimensional, has no rows or no columns, repeats a column name, holds infinite
        values, missing ones (where they are kept: a column of nothing else), numbers that are no counts or neither 0
        nor 1 where such are to be read, or does not match `columns`.
    """
    table = open_table(X, argument)
    width = len(table.columns)
    if width == 0:
        raise ValueError(f"{argument} has no columns (shape {(table.n_rows, 0)}). Give at least one column.")
    if table.n_rows == 0:
        raise ValueError(f"{argument} has no rows (shape {(0, width)}). Give at least one row.")
    if columns is None:
        names = table.names or tuple(f"x{j}" for j in range(width))
        units = table.units or ("",) * width
        wanted = tuple(Column(name, takes, unit=unit) for name, unit in zip(names, units, strict=True))
    else:
        wanted = tuple(columns)
        _check_match(table, tuple(column.name for column in wanted), argument)
    values, found = to_float64(table, wanted, argument)
    index = None if table.index is None else _storable(table.index)
    check_present(values, found, index, argument, missing=missing)
    if columns is None and missing == "keep":
        check_never_missing(values, found, argument)
    known = found if columns is None else wanted
    check_kinds(values, found, known, index, argument)
    values.flags.writeable = False
    return Rows(values, known, index)


def _check_match(table: Table, fitted: tuple[str, ...], argument: str) -> None:
    """Refuse columns other than those a model was fitted on."""
    names, width = table.names, len(table.columns)
    if width != len(fitted):
        remedy = "Give the same columns in the same order"
        if names is not None and set(fitted) <= set(names):
            remedy = f"Use {selection(argument, fitted)}"
        elif width == 1 and names is None:
            remedy += f" (a single row is {argument}.reshape(1, -1))"
        raise ValueError(
            f"{argument} has {counted(width, 'column')}, but the model was fitted on "
            f"{len(fitted)}: {listed(fitted)}. {remedy}."
        )
    positions = tuple(str(j) for j in range(width))
    if names is None or names in (fitted, positions):
        return
    if set(names) == set(fitted):
        raise ValueError(
            f"{argument} has its columns in another order ({listed(names)}) than the model was "
            f"fitted on ({listed(fitted)}). Use {selection(argument, fitted)}."
        )
    absent = [name for name in fitted if name not in names]
    unknown = [name for name in names if name not in fitted]
    raise ValueError(
        f"{argument} has other columns than the model was fitted on: {listed(absent)} missing, "
        f"{listed(unknown)} unknown. Rename the columns or select the right ones; where they are "
        "the right ones, a plain array of their values needs no names."
    )


def _storable(index: np.ndarray) -> np.ndarray:
    """Row labels as netCDF can hold them; whatever it cannot becomes text."""
    wide = {"i": np.int64, "u": np.uint64, "f": np.float64}
    if index.dtype.kind in wide:
        return index.astype(wide[index.dtype.kind])
    if index.dtype.kind == "M":
        years = index.astype("datetime64[Y]").astype(np.int64) + 1970
        if ((years > 1677) & (years < 2262)).all():  # what nanoseconds reach; NaT is far below
            return index.astype("datetime64[ns]")
    return np.array([_text(label) for label in index])


def _text(label: Any) -> str:
    return visible(label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label))
