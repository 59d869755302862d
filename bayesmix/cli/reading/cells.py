"""Judges cells: those that are no numbers or no levels, and those that are missing."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bayesmix.cli.choices import as_option
from bayesmix.cli.reading.table import Table
from bayesmix.cli.source import Source
from bayesmix.data.words import counted, listed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from bayesmix.data.columns import Kind

# Of a column in which fewer cells are numbers, it is not the others that are wrong.
_MOST = 0.5
_WITH_THOUSANDS = {
    "--thousands ,": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"),
    "--decimal , --thousands .": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?"),
    "--decimal ,": re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?"),
}


def check_cells(table: Table, kinds: "Mapping[str, Kind]") -> None:
    """Refuse columns that are not numbers, and those of levels that are measurements.

    Where only some cells are wrong, the first is quoted.

    Raises
    ------
    ValueError
    """
    from pandas.api.types import is_numeric_dtype

    frame = table.frame
    numeric = [name for name in frame.columns if is_numeric_dtype(frame[name])]
    of_levels = [name for name in frame.columns if kinds[name] == "categorical"]
    _check_levels(table, [name for name in of_levels if name in numeric])
    good = [name for name in frame.columns if name in numeric or name in of_levels]
    refused = [name for name in frame.columns if name not in good]
    spoilt = {
        str(name): wrong
        for name, column in frame.items()
        if name in refused and (wrong := wrong_cells(column)) is not None
    }
    text = [name for name in refused if name not in spoilt]
    if text:
        example = frame[text[0]].dropna()
        shown = f" ({text[0]!r} holds {str(example.iloc[0])!r:.40})" if len(example) else ""
        usable = [name for name in frame.columns if name not in text]
        otherwise = "Give columns of numbers, or read text as levels: --family categorical"
        remedy = f"Choose columns: {as_option(usable)}" if usable else otherwise
        holds = "a column that is" if len(text) == 1 else "columns that are"
        raise ValueError(f"{table.name} has {holds} not numbers: {listed(text)}{shown}. {remedy}.")
    if spoilt:
        raise ValueError(_of_spoilt(table, spoilt, good))


def _check_levels(table: Table, numeric: Sequence[str]) -> None:
    for name in numeric:
        numbers = table.frame[name].to_numpy(float, na_value=float("nan"))
        fractions = (numbers % 1 != 0) & (numbers == numbers)
        if fractions.any():
            row = int(fractions.argmax())
            others = [other for other in table.frame.columns if other != name]
            remedy = f"Leave the column out: {as_option(others)}" if others else "Give columns of text or whole numbers"
            raise ValueError(
                f"{table.name} has {numbers[row]:.6g} in {place(table, row)}, column {name!r}: a number that is not "
                f"whole is no level. {remedy}."
            )


def wrong_cells(column: "pd.Series") -> "np.ndarray | None":
    """Which cells are no numbers, if most are; None if the column is one of text."""
    import pandas as pd

    numbers = pd.Series(pd.to_numeric(column, errors="coerce"))
    wrong = (numbers.isna() & column.notna()).to_numpy()
    n_numbers = int(column.notna().sum()) - int(wrong.sum())
    return wrong if wrong.any() and n_numbers > 0 and n_numbers >= _MOST * (n_numbers + wrong.sum()) else None


def _of_spoilt(table: Table, spoilt: "dict[str, np.ndarray]", good: Sequence[str]) -> str:
    name, wrong = next(iter(spoilt.items()))
    row = int(wrong.argmax())
    cell = str(table.frame[name].iloc[row])
    more = sum(int(mask.sum()) for mask in spoilt.values()) - 1
    others = f", and {counted(more, 'more such cell')} (columns {listed(list(spoilt))})" if more else ""
    said = f"{table.name} has {cell!r:.40} in {place(table, row)}, column {name!r}, which is no number{others}."
    for options, pattern in _WITH_THOUSANDS.items():
        if pattern.fullmatch(cell.strip()):
            return f"{said} If that is how its numbers are written, add {options}."
    choose = f", or leave the column out: {as_option(good)}" if good else ""
    return f"{said} If it stands for a missing value, add {_missing_option(cell)}{choose}."


def _missing_option(cell: str) -> str:
    import shlex

    quoted = shlex.quote(cell)
    return f"--missing {quoted if quoted != cell else repr(cell)}"


def place(table: Table, row: int) -> str:
    """Name a row (from 0) as people count: from 1, and by the line of the file."""
    line = table.line_of(row)
    return f"row {row + 1}" + ("" if line is None else f" (line {line})")


def rows_to_keep(table: Table, source: Source, say, *, summed_out: bool, fitted: bool) -> "np.ndarray":
    """Which rows stay, (N,) bool: where that was asked for those without missing values; else say they are summed out.

    Rows without any value say nothing to a fit that is to be made, and are left out aloud.

    Raises
    ------
    ValueError
        If values are missing and nothing can be done about them, or if nothing would be left.
    """
    frame = table.frame
    missing = frame.isna()
    affected = missing.any(axis=1).to_numpy()
    n_affected = int(affected.sum())
    if n_affected == 0:
        return ~affected
    within = listed([str(name) for name in frame.columns[missing.any(axis=0)]])
    n_values = int(missing.to_numpy().sum())
    if summed_out and not source.drop_missing:
        if not fitted and missing.all(axis=0).any():
            raise ValueError(_of_nothing_left(table, missing))
        empty, kept = missing.all(axis=1).to_numpy(), affected | ~affected
        if not fitted and empty.any() and not empty.all():
            say(f"{counted(int(empty.sum()), 'row')} without any value left out.")
            n_affected -= int(empty.sum())
            n_values -= int(empty.sum()) * frame.shape[1]
            kept = ~empty
        if n_affected and not empty.all():
            said = f"{counted(n_values, 'missing value')} in {counted(n_affected, 'row')} (columns {within})"
            how = "these rows are judged by their other columns" if fitted else "assumed to be missing at random"
            say(f"{said} {'is' if n_values == 1 else 'are'} summed out: {how}.")
        return kept
    if n_affected == len(frame):
        raise ValueError(_of_nothing_left(table, missing))
    if source.drop_missing:
        say(f"{counted(n_affected, 'row')} with missing values left out ({within}).")
        return ~affected
    raise ValueError(
        f"{table.name} has {counted(n_values, 'missing value')} in {counted(n_affected, 'row')} (columns {within}; "
        f"first in {place(table, int(affected.argmax()))}). Leave these rows out with --drop-missing, or fill the "
        "values in."
    )


def _of_nothing_left(table: Table, missing: "pd.DataFrame") -> str:
    """Every row has a missing value: name the columns without which rows are left."""
    share = missing.mean(axis=0)
    empty = [str(name) for name in missing.columns[share == 1]]
    if empty:
        noun = "a column" if len(empty) == 1 else "columns"
        kept = [str(name) for name in missing.columns if name not in empty]
        remedy = f"Leave it out: {as_option(kept)}" if kept else "Give columns of numbers"
        return f"{table.name} has {noun} without any value: {listed(empty)}. {remedy}."
    worst = str(share.idxmax())
    kept = [str(name) for name in missing.columns if name != worst]
    return (
        f"{table.name} has a missing value in every row, so that --drop-missing would leave none; {worst!r} lacks "
        f"{share[worst]:.0%} of its values. Choose columns with fewer: {as_option(kept)}."
    )
