"""Turns the entries of one column into numbers or positions among levels, or says what they are instead."""

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from bayesmix.data.columns import Column
from bayesmix.data.containers import Categories
from bayesmix.data.words import FROM_ZERO, visible

# What a NumPy dtype kind holds when it is neither real numbers nor objects, and what would do.
NOT_REAL = {
    "c": "complex numbers (give real and imaginary parts as two columns)",
    "M": "dates (days since a start would do)",
    "m": "time differences (seconds would do)",
    "V": "records (give each field as a column of its own)",
    "U": "text",
    "S": "text",
    "T": "text",
}
_NUMBERS: tuple[type, ...] = (Real, Decimal)
_MISSING = ("NoneType", "NAType", "MaskedConstant")
_WHOLE = re.compile(r"[+-]?[0-9]+")


Entries = np.ndarray | Categories | str


def read_entries(entries: Entries, column: Column) -> tuple[np.ndarray, Column] | str:
    """Return the entries as the column's numbers, missing ones as NaN, or say what they are instead.

    The levels that occur and that a categorical column does not have are put behind those that it has.
    """
    if isinstance(entries, str):
        return entries
    if column.kind == "categorical":
        return _as_codes(entries, column)
    numbers = _as_numbers(entries)
    return numbers if isinstance(numbers, str) else (numbers, column)


def _as_numbers(column: np.ndarray | Categories) -> np.ndarray | str:
    if isinstance(column, Categories):
        return column.what
    if column.dtype.kind in "biuf":
        return column
    if column.dtype.kind != "O":
        return NOT_REAL[column.dtype.kind]
    other = _of_another_type(column, (*_NUMBERS, np.bool_))
    return other or np.array([np.nan if is_missing(entry) else _float(entry) for entry in column])


def _as_codes(raw: np.ndarray | Categories, column: Column) -> tuple[np.ndarray, Column] | str:
    """Positions among levels, which are texts; a whole number is one without decimals, whatever type holds it."""
    order, places = (), slice(None)
    if isinstance(raw, Categories):
        entries, order = raw.entries, raw.order
    elif raw.dtype.kind in "biuf":
        entries, rows, places = np.unique(raw, return_index=True, return_inverse=True)
        if wrong := _no_level(entries, rows):
            return wrong
    elif raw.dtype.kind in "OUT":
        entries = raw.astype(object)
        wrong = _of_another_type(entries, (str, *_NUMBERS, np.bool_)) or _no_level(entries, range(len(raw)))
        if wrong:
            return wrong
    else:
        return "bytes" if raw.dtype.kind == "S" else NOT_REAL[raw.dtype.kind].split(" (")[0]
    texts = [_as_text(entry) for entry in entries]
    shown = {text: visible(text) for text in set(texts) if text is not None}
    if len(set(shown.values())) < len(shown):
        return "levels that differ in hidden characters only"
    new = set(shown.values()) - set(column.levels)
    ordered = dict.fromkeys(level for entry in order if (level := visible(_as_text(entry) or "")) in new)
    levels = (*column.levels, *ordered, *sorted(new - set(ordered), key=_by_size))
    positions = {level: float(position) for position, level in enumerate(levels)}
    codes = {text: positions[level] for text, level in shown.items()} | {None: np.nan}
    return np.array([codes[text] for text in texts])[places], replace(column, levels=levels)


def _of_another_type(column: np.ndarray, types: tuple[type, ...]) -> str | None:
    """Say which entries of a column of objects are of no such type; missing ones may be of any."""
    for kind in set(map(type, column)):
        # NumPy files its time differences under the integers.
        if kind.__name__ not in _MISSING and (not issubclass(kind, types) or issubclass(kind, np.timedelta64)):
            row = next(i for i, entry in enumerate(column) if type(entry) is kind)
            what = "text" if issubclass(kind, str) else f"{kind.__name__} entries"
            return f"{what} ({column[row]!r:.40} in row {row}, {FROM_ZERO})"
    return None


def _no_level(entries: Iterable[Any], rows: Iterable[int]) -> str | None:
    """Say which numbers are no levels: fractions, and what a float64, through which some containers go, rounds."""
    for row, entry in zip(rows, entries, strict=True):
        if isinstance(entry, str) or is_missing(entry):
            continue
        whole = _float(entry).is_integer()
        if not whole or abs(entry) >= 2**53:
            what = "too large to be told apart" if whole else "that are not whole"
            return f"numbers {what} ({entry!s:.40} in row {row}, {FROM_ZERO})"
    return None


def _as_text(entry: Any) -> str | None:
    if is_missing(entry):
        return None
    if isinstance(entry, _NUMBERS) and not isinstance(entry, bool) and _float(entry).is_integer():
        return str(int(entry))
    return str(entry)


def is_missing(entry: Any) -> bool:
    """Whether an entry of a column of objects stands for nothing: None, NaN, pandas' NA and NaT, a masked one."""
    return type(entry).__name__ in _MISSING or bool(entry != entry)


def _by_size(level: str) -> tuple[bool, float, str]:
    whole = _WHOLE.fullmatch(level) is not None
    return not whole, float(level) if whole else 0.0, level


def _float(entry: Any) -> float:
    try:
        return float(entry)
    except OverflowError:  # an integer or fraction beyond float64: an infinity, which is refused
        return np.inf
