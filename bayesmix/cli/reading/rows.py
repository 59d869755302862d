"""From a file to the rows that a model is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bayesmix.cli.choices import as_option, names_of
from bayesmix.cli.reading.cells import check_cells, rows_to_keep, wrong_cells
from bayesmix.cli.reading.header import check_named
from bayesmix.cli.reading.origin import find
from bayesmix.cli.reading.table import Table, read_table
from bayesmix.cli.source import Source
from bayesmix.data.words import counted, listed, visible

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from bayesmix.cli.choices import Takes
    from bayesmix.data.columns import Column, Kind

Say = Callable[[str], None]


class Beside(NamedTuple):
    """Columns that say something of the rows: how much each counts, its group, or which rows belong together."""

    weights: str | None = None
    labels: str | None = None
    groups: str | None = None


_NOTHING = Beside()


class Told(NamedTuple):
    """What they say, one a row; None where no column was named."""

    weights: "np.ndarray | None" = None
    labels: "pd.Series | None" = None
    groups: "pd.Series | None" = None


_TELLS = {"labels": "the group", "groups": "what belongs together"}


def read_frame(
    path: Path,
    source: Source,
    say: Say,
    *,
    takes: "Takes" = "real",
    fitted: "Sequence[Column] | None" = None,
    summed_out: bool = False,
    beside: Beside = _NOTHING,
) -> tuple["pd.DataFrame", Told]:
    """Read the columns of a file that hold the rows to be modelled, and say which they are; and what is told of them.

    Parameters
    ----------
    path : Path
        ``-`` is standard input.
    source : Source
        Which columns, and how the file is written.
    say : callable
        Takes a sentence for the user.
    takes : {"real", "count", "binary", "categorical"}, mapping or callable
        What the columns hold that a model is fitted to; only levels of categorical ones may be text. Of columns of
        several kinds the kind of each by its name, or what tells them from the columns.
    fitted : sequence of Column, optional
        The columns of a fit: these are read, or ``source.columns`` in their place; `takes` says nothing then, and
        values may be missing.
    summed_out : bool
        Whether values may be missing where there is no fit yet.
    beside : Beside
        The columns that say something of the rows; they are no features.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks a column, or its columns hold something else; nothing is left out unless
        asked for.
    ImportError
        If a file of its kind needs a library that is not installed.
    """
    features = None if fitted is None else [column.name for column in fitted]
    columns = features if source.columns is None else [visible(name) for name in names_of(source.columns)]
    index = None if source.index is None else visible(source.index)
    if features is not None and columns is not None and len(columns) != len(features):
        raise ValueError(
            f"--columns names {len(columns)} columns, but the fit has {len(features)}: "
            f"{', '.join(features)}. Name one for each, in this order."
        )
    origin = find(path, is_text=source.separator is not None)
    telling = {option: visible(name) for option, name in beside._asdict().items() if name is not None}
    asked = None if columns is None else {*columns, *telling.values(), *([] if index is None else [index])}
    table = read_table(origin, source, asked, say)
    told = {option: _beside(table, name, option) for option, name in telling.items()}
    no_features = [name for name in dict.fromkeys(telling.values()) if columns is None or name not in columns]
    if no_features:
        table = replace(table, frame=table.frame.drop(columns=no_features))
    frame = _chosen(table, columns, index, say)
    if frame.empty:
        raise ValueError(f"{table.name} has column names but no rows: nothing can be fitted.")
    table = replace(table, frame=frame)
    of_all = _kinds(frame, takes, table.name)
    kinds: list[Kind] = [*of_all.values()] if fitted is None else [column.kind for column in fitted]
    check_cells(table, dict(zip(frame.columns, kinds, strict=True)))
    kept = rows_to_keep(table, source, say, summed_out=summed_out or fitted is not None, fitted=fitted is not None)
    frame = frame if kept.all() else frame.loc[kept]
    noun = "row" if len(frame) == 1 else "rows"
    said = f"{table.name}: {len(frame):,} {noun} of {', '.join(map(str, frame.columns))}."
    if features is not None:
        frame = frame.set_axis(features, axis=1)
    from bayesmix.data import read_rows, read_weights

    missing = "keep" if summed_out or fitted is not None else "refuse"
    read_rows(frame, argument=table.name, takes=of_all, columns=fitted, missing=missing)
    say(said)
    told = {option: column.loc[kept].reset_index(drop=True) for option, column in told.items()}
    for option, words in _TELLS.items():
        if option in told:
            say(f"{telling[option]!r} says {words} of {told[option].count():,} of them.")
    if "weights" not in told:
        return frame, Told(None, told.get("labels"), told.get("groups"))
    weights = read_weights(told["weights"], len(frame), f"--weights {telling['weights']}")
    say(f"{telling['weights']!r} says how much each of them counts: {weights.sum():,.6g} rows in all.")
    counting = weights > 0
    if not counting.all():
        say(f"{counted(int((~counting).sum()), 'row')} of weight 0 left out.")
    labels, groups = (column if column is None else column.loc[counting] for column in map(told.get, _TELLS))
    return frame.loc[counting], Told(weights[counting], labels, groups)


def _beside(table: Table, name: str, option: str) -> "pd.Series":
    if name not in table.frame:
        there = ", ".join(repr(one) for one in table.frame.columns if one)
        raise ValueError(f"{table.name} has no column {name!r}, which --{option} names: its columns are {there}.")
    import pandas as pd

    return pd.Series(table.frame[name].to_numpy())


def _kinds(frame: "pd.DataFrame", takes: "Takes", argument: str) -> "dict[str, Kind]":
    """What is to be in each column."""
    if callable(takes):
        numbers = {name for name, column in frame.items() if column.dtype == object and wrong_cells(column) is not None}
        kinds: dict[str, Kind] = {**takes(frame)}
        for name in numbers:
            kinds[str(name)] = "real"
        return kinds
    if isinstance(takes, Mapping):
        from bayesmix.data.values import check_names

        check_names([*frame.columns], [*takes], argument)
        return {name: takes[name] for name in frame.columns}
    return {name: takes for name in frame.columns}


def _chosen(table: Table, columns: Sequence[str] | None, index: str | None, say: Say) -> "pd.DataFrame":
    """The columns that are features, with the names of the rows."""
    frame = table.frame
    absent = [name for name in (*(columns or ()), index) if name is not None and name not in frame.columns]
    if absent:
        noun = "column" if len(absent) == 1 else "columns"
        there = ", ".join(repr(name) for name in frame.columns if name)
        raise ValueError(f"{table.name} has no {noun} {listed(absent)}: its columns are {there}.")
    if index is None:
        return _with_guessed_names(table, columns, say)
    wanted = [name for name in frame.columns if name != index] if columns is None else [*columns]
    frame = frame.set_index(index, drop=index not in wanted).loc[:, wanted]
    check_named(table.name, frame)
    return frame


def _with_guessed_names(table: Table, columns: Sequence[str] | None, say: Say) -> "pd.DataFrame":
    from bayesmix.cli.reading.row_names import columns_that_name_rows

    frame = table.frame
    free = [name for name in frame.columns if columns is None or name not in columns]
    if columns is None:
        check_named(table.name, frame)
    naming = [] if frame.empty else columns_that_name_rows(frame.loc[:, [name for name in free if name]])
    wanted = [name for name in frame.columns if name not in naming] if columns is None else [*columns]
    if not naming or not wanted:  # a table of nothing else is one of features
        return frame if columns is None else frame.loc[:, wanted]
    has_names = type(frame.index).__name__ != "RangeIndex"
    first, others = naming[0], naming[0 if has_names else 1 :]
    if not has_names:
        frame = frame.set_index(first, drop=False)
        how = f"; as a feature it is chosen by name: {as_option([first, *wanted])}" if columns is None else ""
        say(f"{table.name}: {first!r} names the rows, as it would with --index{how}.")
    if others and columns is None:
        say(f"{table.name}: {listed(others)} only {'names' if len(others) == 1 else 'name'} the rows too; left out.")
    return frame.loc[:, wanted]
