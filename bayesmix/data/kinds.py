"""What the columns of a table look like, where nobody says what they are."""

from typing import Any

import numpy as np

from bayesmix.data.columns import Kind
from bayesmix.data.containers import Categories, open_table
from bayesmix.data.entries import is_missing

# Whole numbers of which half are larger are as good as continuous, such as grams and years.
_LARGEST_MEDIAN = 20


def kinds_of(X: Any, argument: str = "X") -> dict[str, Kind]:
    """The kind that every column looks like, by its name.

    Text and categories are levels; truth values, zeros and ones are yes or no; whole numbers of which none is negative,
    and half are at most 20, are counts; all else are real numbers.

    Parameters
    ----------
    X : array-like, data frame, series or xarray.DataArray
        As :func:`bayesmix.data.read_rows` takes it.
    argument : str
        The name by which messages call X.

    Returns
    -------
    dict
    """
    table = open_table(X, argument)
    names = table.names or tuple(f"x{j}" for j in range(len(table.columns)))
    return {name: _kind(column) for name, column in zip(names, table.columns, strict=True)}


def _kind(column: np.ndarray | Categories | str) -> Kind:
    if isinstance(column, Categories):
        return "categorical"
    if isinstance(column, str):
        return "real"
    if column.dtype.kind == "O":
        column = np.array([entry for entry in column if not is_missing(entry)])
    if column.dtype.kind == "b":
        return "binary"
    if column.dtype.kind in "OUST":
        return "categorical"
    if column.dtype.kind not in "iuf":
        return "real"
    seen = column[~np.isnan(column)] if column.dtype.kind == "f" else column
    if not seen.size or not (np.isfinite(seen) & (np.floor(seen) == seen) & (seen >= 0)).all():
        return "real"
    if seen.max() <= 1:
        return "binary"
    return "count" if np.median(seen) <= _LARGEST_MEDIAN else "real"
