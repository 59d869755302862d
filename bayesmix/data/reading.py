"""Turns whatever the user brings into checked rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bayesmix.data.columns import Column, Kind
from bayesmix.data.containers import as_they_lie, open_table
from bayesmix.data.rows import Rows
from bayesmix.data.values import Missing, check_kinds, check_names, check_never_missing, check_present, to_float64
from bayesmix.data.words import counted, listed, selection, visible

_COPIED = 2**26  # bytes of rows that are copied unless somebody says


def read_rows(
    X: Any,
    *,
    argument: str = "X",
    takes: Kind | Mapping[str, Kind] = "real",
    columns: Sequence[Column] | None = None,
    missing: Missing = "refuse",
    copy: bool | None = True,
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
    takes : {"real", "count", "binary", "categorical"} or mapping
        What the columns are read as; of columns of several kinds, the kind of each by its name. The levels of
        categorical columns may be text, categories, booleans and whole numbers; they are in the order of their
        categories where pandas or an Enum of polars has one, else sorted, and those that occur in no row are left out.
    columns : sequence of Column, optional
        The columns a model was fitted on, from its ``Rows``: X must have as many, and where X names its columns, the
        same names in the same order. (Names "0", "1", ... are positions and not compared.)
        They are read as the kinds, and with the levels, that these have; `takes` says nothing then.
    missing : {"refuse", "keep"}
        Whether missing entries are refused, or stay NaN.
    copy : bool, optional
        False: floats that lie in one table are read where they are, and must not change while the rows are in use.
        None: such are copied up to 64 MiB. Where cells are missing there is a copy in any case.

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
        if isinstance(takes, Mapping):
            check_names(names, [*takes], argument)
        kinds: list[Kind] = [takes[name] if isinstance(takes, Mapping) else takes for name in names]
        wanted = tuple(Column(name, kind, unit=unit) for name, kind, unit in zip(names, kinds, units, strict=True))
    else:
        wanted = tuple(columns)
        check_match(table.names, tuple(column.name for column in wanted), argument, width)
    there = None if copy or any(column.kind != "real" for column in wanted) else as_they_lie(X)
    if there is None or (copy is None and there.nbytes <= _COPIED) or np.isnan(there.min()):
        values, found = to_float64(table, wanted, argument)
    else:
        values, found = there, wanted
    index = None if table.index is None else _storable(table.index)
    rows = Rows(values, found, index)
    check_present(rows, argument, missing=missing)
    if columns is None and missing == "keep":
        check_never_missing(rows, argument)
    known = found if columns is None else wanted
    check_kinds(rows, known, argument)
    if rows.missing is not None:
        values[rows.missing] = np.nan  # of all NaN the one whose bits everybody has
    values.flags.writeable = False
    return Rows(values, known, index)


def check_match(names: tuple[str, ...] | None, fitted: tuple[str, ...], argument: str, width: int = 0) -> None:
    """Refuse columns other than those a model was fitted on (ValueError); without names, another number of them."""
    width = len(names) if names is not None else width
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
