"""Reads rows from files, and writes files that are either whole or not there."""

import difflib
import os
import zlib
from collections.abc import Callable, Collection, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bayesmix.cli.choices import as_option
from bayesmix.data import read_rows
from bayesmix.data.words import counted, listed
from bayesmix.replacing import written_whole

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
PARQUET = (".parquet", ".pq")

Say = Callable[[str], None]


def read_frame(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    index: str | None = None,
    drop_missing: bool = False,
    say: Say,
) -> "pd.DataFrame":
    """Read the columns of a CSV, TSV or Parquet file that hold the rows to be modelled.

    Parameters
    ----------
    path : Path
    columns : sequence of str, optional
        Which columns, in this order; by default all, and then all must be numbers.
    index : str, optional
        Column that names the rows.
    drop_missing : bool
        Leave out rows with missing values, and say how many.
    say : callable
        Takes a sentence for the user.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks a column, or its columns are not numbers; nothing is left
        out unless asked for.
    ImportError
        If it is a Parquet file and pyarrow is not installed.
    """
    asked = None if columns is None else {*columns, *([index] if index is not None else [])}
    frame = _read(path, asked)
    if path.suffix not in PARQUET and not hasattr(frame.index, "step"):  # no numbering, but a column without a name
        say(f"The lines of {path.name} have one field more than its header: the first one names the row.")
    wanted = [name for name in frame.columns if name != index] if columns is None else [*columns]
    absent = [name for name in (*wanted, index) if name is not None and name not in frame.columns]
    if absent:
        noun = "column" if len(absent) == 1 else "columns"
        raise ValueError(
            f"{path} has no {noun} {listed(absent)}: its columns are {', '.join(map(repr, _read(path, None).columns))}."
        )
    if index is not None:
        frame = frame.set_index(index, drop=index not in wanted)
    frame = frame.loc[:, wanted]
    if frame.empty:
        raise ValueError(f"{path} has column names but no rows: nothing can be fitted.")
    _check_numbers(path, frame)
    frame = _without_missing(path, frame, drop_missing, say)
    read_rows(frame, argument=path.name)
    return frame


def check_outputs(paths: Sequence[Path], suffixes: Sequence[str], data: Path | None = None) -> None:
    """Refuse places that nothing can be written to, before the work begins.

    Raises
    ------
    ValueError
        If a suffix is none of those, the folder does not exist or may not be written to, a folder stands there, or it
        is the file of the data.
    ImportError
        If it is to be a Parquet file and pyarrow is not installed.
    """
    for path in paths:
        said = f"--output {str(path)!r}"
        if path.suffix not in suffixes:
            raise ValueError(f"{said} must end in {', '.join(suffixes[:-1])} or {suffixes[-1]}.")
        if not path.parent.is_dir():
            raise ValueError(f"{said}: there is no folder {str(path.parent)!r}; create it first.")
        if not os.access(path.parent, os.W_OK):
            raise ValueError(f"{said}: nothing may be written to the folder {str(path.parent)!r}; choose another.")
        if path.is_dir() and path.suffix != ".zarr":
            raise ValueError(f"{said} is a folder: give the name of a file.")
        if data is not None and path.resolve() == data.resolve():
            raise ValueError(f"{said} is the file of the data, which would be lost: give another name.")
        if path.suffix in PARQUET:
            check_parquet(path)


def write_frame(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table as CSV or Parquet, by the suffix, with its index; the file is whole or not there."""
    with written_whole(path) as new:
        if path.suffix in PARQUET:
            frame.to_parquet(new)
        else:
            frame.to_csv(new)


def check_parquet(path: Path) -> None:
    """Say what to install where a Parquet file cannot be read or written."""
    if find_spec("pyarrow") is None:
        raise ImportError(f'{path}: Parquet files need pyarrow; install it with pip install "bayesmix[parquet]".')


def _read(path: Path, asked: Collection[str] | None) -> "pd.DataFrame":
    """The columns of a file that are asked for and there, or all."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a file of rows.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. {_nearest(path)}")
    if path.suffix.lower() in PARQUET:
        frame = _read_parquet(path)
        keep = [asked is None or name in asked for name in frame.columns]
        return frame.loc[:, keep]
    return _read_text(path, asked)


def _nearest(path: Path) -> str:
    """Propose the file there whose name is most like the one that is missing."""
    there = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, there, n=1, cutoff=0.8)
    return f"Did you mean {path.with_name(near[0])}?" if near else "Give its path from the folder where you are."


def _read_parquet(path: Path) -> "pd.DataFrame":
    check_parquet(path)
    import pandas as pd
    from pyarrow import ArrowException

    try:
        frame = pd.read_parquet(path)
    except (ArrowException, OSError) as error:
        raise ValueError(f"{path} cannot be read as Parquet: {error} Copy it again from its source.") from error
    return frame.set_axis([str(name) for name in frame.columns], axis=1)


def _read_text(path: Path, asked: Collection[str] | None) -> "pd.DataFrame":
    import pandas as pd

    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix not in _SEPARATORS:
        known = ", ".join((*_SEPARATORS, *PARQUET))
        raise ValueError(f"{path}: rows are read from files that end in {known}; export it as one.")
    separator = _SEPARATORS[suffix]
    try:
        _check_header(path, separator, asked)
        keep = None if asked is None else lambda name: name in asked
        return pd.read_csv(path, sep=separator, usecols=keep)
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"{path} is empty.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} cannot be read as a table of text: it is not UTF-8. Save it so.") from error
    except (pd.errors.ParserError, OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} cannot be read as a table of text: {str(error).strip()}. Mend the file there."
        ) from error


def _check_header(path: Path, separator: str, asked: Collection[str] | None) -> None:
    """Refuse a column name that stands twice, which pandas would change, and other separators."""
    import pandas as pd

    first = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False)
    names = [str(name) for name in first.iloc[0]]
    twice = sorted({name for name in names if names.count(name) > 1 and (asked is None or name in asked)})
    if twice:
        raise ValueError(f"{path} names the column {twice[0]!r} twice: give each column a name of its own.")
    other = next((mark for mark in (";", "\t", ",") if mark != separator and mark in names[0]), None)
    if len(names) == 1 and other is not None:
        raise ValueError(
            f"{path} seems to be separated by {other!r}, but {path.suffix} files by {separator!r}: "
            "save it so, with decimal points."
        )


def _check_numbers(path: Path, frame: "pd.DataFrame") -> None:
    from pandas.api.types import is_numeric_dtype

    good = [name for name in frame.columns if is_numeric_dtype(frame[name])]
    refused = [name for name in frame.columns if name not in good]
    if not refused:
        return
    example = frame[refused[0]].dropna()
    shown = f" ({refused[0]!r} holds {str(example.iloc[0])!r:.40})" if len(example) else ""
    remedy = f"Choose columns: {as_option(good)}" if good else "Give columns of numbers"
    holds = "a column that is" if len(refused) == 1 else "columns that are"
    raise ValueError(f"{path} has {holds} not numbers: {listed(refused)}{shown}. {remedy}.")


def _without_missing(path: Path, frame: "pd.DataFrame", drop: bool, say: Say) -> "pd.DataFrame":
    missing = frame.isna()
    affected = missing.any(axis=1)
    n_affected = int(affected.sum())
    if n_affected == 0:
        return frame
    n_values = int(missing.to_numpy().sum())
    within = listed([str(name) for name in frame.columns[missing.any(axis=0)]])
    if not drop:
        raise ValueError(
            f"{path} has {counted(n_values, 'missing value')} in {counted(n_affected, 'row')} "
            f"(columns {within}). Leave these rows out with --drop-missing, or fill the values in."
        )
    say(f"{counted(n_affected, 'row')} with missing values left out ({within}).")
    return frame.loc[~affected]
