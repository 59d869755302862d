"""Turns the entries of a table into finite float64 numbers, or says which are not numbers."""

from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from bayesmix.data.containers import Table
from bayesmix.data.words import FROM_ZERO, SHOWN, and_more, counted, places, selection

# What a NumPy dtype kind holds when it is neither real numbers nor objects.
NOT_REAL = {
    "c": "complex numbers (give real and imaginary parts as two columns)",
    "M": "dates (days since a start would do)",
    "m": "time differences (seconds would do)",
    "V": "records (give each field as a column of its own)",
    "U": "text",
    "S": "text",
    "T": "text",
}


def to_float64(table: Table, features: tuple[str, ...], argument: str) -> np.ndarray:
    """Return all columns as one fresh C-contiguous array, missing entries as NaN.

    Raises
    ------
    TypeError
        If a column holds something other than real numbers.
    """
    values = np.empty((table.n_rows, len(features)))
    refused = {}
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes an infinity: refused
        for j, column in enumerate(table.columns):
            numbers = column if isinstance(column, str) else _numbers(column)
            if isinstance(numbers, str):
                refused[features[j]] = numbers
            else:
                values[:, j] = numbers
    if not refused:
        return values
    found = "; ".join(f"column {name!r} holds {what}" for name, what in [*refused.items()][:SHOWN])
    remedy = "Turn them into numbers or leave them out"
    good = [name for name in features if name not in refused]
    if good and table.names is not None:
        remedy += f", for example {selection(argument, good)}"
    raise TypeError(f"{argument} must hold real numbers, but {found}{and_more(len(refused))}. {remedy}.")


def check_finite(values: np.ndarray, features: Sequence[str], index: np.ndarray | None, argument: str) -> None:
    """Refuse missing and infinite values (ValueError), naming their places; without an index by position."""
    if np.isfinite(values).all():
        return
    obs = np.arange(len(values)) if index is None else index
    missing = np.isnan(values)
    if missing.any():
        raise ValueError(
            f"{argument} has {counted(missing.sum(), 'missing value')} (NaN, None, null, masked): "
            f"{places(missing, features, obs)}. Leave these rows out, for a pandas frame with "
            f"{argument}.dropna(), or fill the values in; bayesmix does neither silently."
        )
    infinite = np.isinf(values)
    raise ValueError(
        f"{argument} has {counted(infinite.sum(), 'infinite value')} (inf, or beyond the range of "
        f"float64): {places(infinite, features, obs)}. Correct them or leave these rows out."
    )


def _numbers(column: np.ndarray) -> np.ndarray | str:
    """Return the column as numbers, missing entries as NaN, or say what it holds instead."""
    if column.dtype.kind in "biuf":
        return column
    if column.dtype.kind != "O":
        return NOT_REAL[column.dtype.kind]
    kinds = set(map(type, column))
    missing = {kind for kind in kinds if kind.__name__ in ("NoneType", "NAType", "MaskedConstant")}
    for kind in kinds - missing:
        # NumPy files its time differences under the integers.
        if not issubclass(kind, (Real, Decimal, np.bool_)) or issubclass(kind, np.timedelta64):
            row = next(i for i, entry in enumerate(column) if type(entry) is kind)
            what = "text" if issubclass(kind, str) else f"{kind.__name__} entries"
            return f"{what} ({column[row]!r:.40} in row {row}, {FROM_ZERO})"
    return np.array([np.nan if type(entry) in missing else _float(entry) for entry in column])


def _float(entry: Any) -> float:
    try:
        return float(entry)
    except OverflowError:  # an integer or fraction beyond float64: an infinity, which is refused
        return np.inf
