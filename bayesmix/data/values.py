"""Turns the columns of a table into one array of float64 numbers, and refuses what is wrong in them."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from bayesmix.data.blocks import cuts
from bayesmix.data.columns import Column
from bayesmix.data.containers import Table
from bayesmix.data.entries import read_entries
from bayesmix.data.rows import Rows
from bayesmix.data.words import SHOWN, and_more, counted, listed, places, selection

# What is done about missing entries.
Missing = Literal["refuse", "keep"]

# For each kind of columns: what they must hold; what to do about columns, and about numbers, that are something else.
_WANTED = {
    "real": ("real numbers", "Turn them into numbers", ""),
    "count": (
        "counts (whole numbers of at least 0)",
        "Turn them into counts",
        "for measurements take a family of real numbers, such as bm.Gaussian()",
    ),
    "binary": (
        "zeros and ones (or False and True)",
        "Turn them into 0 and 1, read them as levels with bm.Categorical()",
        "for levels of any name take bm.Categorical()",
    ),
    "categorical": (
        "categories (text, whole numbers, False and True)",
        "Turn them into text, measurements into classes as pandas.cut does,",
        "",
    ),
}


def to_float64(table: Table, columns: Sequence[Column], argument: str) -> tuple[np.ndarray, tuple[Column, ...]]:
    """Return all columns as one fresh C-contiguous array, missing entries as NaN, and the columns with their levels.

    Levels that occur and that a column does not have stand behind those that it has.

    Raises
    ------
    TypeError
        If a column holds something other than its kind says.
    """
    values = np.empty((table.n_rows, len(columns)))
    found, refused = [], {}
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes an infinity: refused
        for j, (entries, column) in enumerate(zip(table.columns, columns, strict=True)):
            read = read_entries(entries, column)
            if isinstance(read, str):
                refused.setdefault(column.kind, []).append(f"column {column.name!r} holds {read}")
            else:
                values[:, j], known = read
                found.append(known)
    if not refused:
        return values, tuple(found)
    kind, holding = next(iter(refused.items()))
    remedy = f"{_WANTED[kind][1]} or leave them out"
    good = [column.name for column in found]
    if good and table.names is not None:
        remedy += f", for example {selection(argument, good)}"
    said = "; ".join(holding[:SHOWN]) + and_more(len(holding))
    raise TypeError(f"{argument} must hold {_WANTED[kind][0]}, but {said}. {remedy}.")


def check_present(rows: Rows, argument: str, *, missing: Missing) -> None:
    """Refuse infinite values, and missing ones unless they are kept (ValueError), naming their places."""
    if all(np.isfinite(rows.values[block]).all() for block in cuts(*rows.values.shape)):
        return
    absent = np.isnan(rows.values)
    if missing == "refuse" and absent.any():
        raise ValueError(
            f"{argument} has {counted(absent.sum(), 'missing value')} (NaN, None, null, masked): "
            f"{places(absent, rows.features, rows.obs)}. Leave these rows out, for a pandas frame with "
            f"{argument}.dropna(), or fill the values in; bayesmix does neither silently."
        )
    infinite = np.isinf(rows.values)
    if infinite.any():
        raise ValueError(
            f"{argument} has {counted(infinite.sum(), 'infinite value')} (inf, or beyond the range of "
            f"float64): {places(infinite, rows.features, rows.obs)}. Correct them or leave these rows out."
        )


def check_never_missing(rows: Rows, argument: str) -> None:
    """Refuse columns without any value (ValueError), of which nothing can be learnt."""
    empty = [name for name, numbers in zip(rows.features, rows.values.T, strict=True) if np.isnan(numbers).all()]
    if empty:
        noun = "a column" if len(empty) == 1 else "columns"
        raise ValueError(f"{argument} has {noun} without any value: {listed(empty)}. Leave out what was never seen.")


def check_kinds(rows: Rows, known: Sequence[Column], argument: str) -> None:
    """Refuse numbers that are none of their column's kind, and levels that no `known` column has (ValueError)."""
    for read, column, numbers in zip(rows.columns, known, rows.values.T, strict=True):
        wrong = column.wrong(numbers)
        if not wrong.any():
            continue
        where = wrong[:, None] & (np.array(rows.features) == column.name)
        if column.kind == "categorical":
            unknown = read.levels[int(numbers[wrong][0])]
            raise ValueError(
                f"{argument} holds levels that the model was not fitted on, {unknown!r:.40} first: "
                f"{places(where, rows.features, rows.obs)}. The levels of {column.name!r} are "
                f"{listed(column.levels)}. Correct them, leave these rows out, or fit a model to rows that have them."
            )
        what, _, otherwise = _WANTED[column.kind]
        remedy = f" Correct them or leave these rows out; {otherwise}."
        raise ValueError(of_others(rows, where, what, argument) + remedy)


def check_names(names: Sequence[str], in_blocks: Sequence[str], argument: str = "X") -> None:
    """Refuse columns of a table that are in no block of a product of families, and blocks of other columns."""
    unknown = [name for name in in_blocks if name not in names]
    if unknown:
        noun = "a column" if len(unknown) == 1 else "columns"
        raise ValueError(
            f"{argument} has not {noun} that the family names, {listed(unknown)}: its columns are {listed(names)}."
        )
    left = [name for name in names if name not in in_blocks]
    if left:
        noun = "a column that is" if len(left) == 1 else "columns that are"
        raise ValueError(
            f"{argument} has {noun} in no block of the family: {listed(left)}. Give bm.Product a family for "
            f"{'it' if len(left) == 1 else 'them'}, or choose the columns: {selection(argument, in_blocks)}."
        )


def of_others(rows: Rows, where: np.ndarray, what: str, argument: str) -> str:
    """Say which numbers, an (N, D) mask, are not what they must be, and quote the first."""
    count, first = counted(int(where.sum()), "other value"), rows.values[where][0]
    said = places(where, rows.features, rows.obs)
    return f"{argument} must hold {what}, but has {count}, {first:.6g} first: {said}."
