"""Reads a whole file as a table whose columns bear their names, with pandas."""

import io
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bayesmix.cli.extras import check_installed
from bayesmix.cli.reading.header import check_header, with_names
from bayesmix.cli.reading.layout import examine, line_of, not_in
from bayesmix.cli.reading.origin import TORN, Origin
from bayesmix.cli.source import Source
from bayesmix.data.words import visible

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str], None]


@dataclass(frozen=True)
class Table:
    """What a file holds.

    Attributes
    ----------
    name : str
        What messages call the file.
    frame : DataFrame
        The names of its columns are visible, as the gate makes them.
    line_of : callable
        The line of the file on which a row (from 0) begins; None where a file has no lines.
    """

    name: str
    frame: "pd.DataFrame"
    line_of: Callable[[int], int | None]


def read_table(origin: Origin, source: Source, asked: Collection[str] | None, say: Say) -> Table:
    """Read a file of any kind.

    Parameters
    ----------
    origin : Origin
    source : Source
        How the file is written, where the user has said so.
    asked : collection of str, optional
        The columns that were asked for by name.
    say : callable
        Takes a sentence for the user.

    Raises
    ------
    ValueError
        If it cannot be read, or its columns have no names of their own.
    ImportError
        If its kind needs a library that is not installed.
    """
    table = _READERS[origin.kind](origin, source, asked, say)
    return replace(table, frame=table.frame.rename(columns=visible))


def _read_text(origin: Origin, source: Source, asked: Collection[str] | None, say: Say) -> Table:
    layout = examine(origin, source, say)
    header = layout.header
    if header is not None:
        check_header(origin.name, header, asked)
        if layout.width > len(header) + 1:
            raise ValueError(f"{origin.name}: its first row has {layout.width} fields, but {len(header)} names.")
    import pandas as pd

    blanks = layout.separator == " "
    width = layout.width if header is None else max(layout.width, len(header))
    try:
        with origin.open() as file, warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # that it has cut lines which are too long
            frame = pd.read_csv(
                file,
                sep=r"\s+" if blanks else layout.separator,
                names=list(range(width)),
                header=None if header is None else 0,
                index_col=False,
                skipinitialspace=not blanks,
                decimal=layout.decimal,
                thousands=source.mark("thousands"),
                na_values=source.missing,
                encoding=layout.encoding,
                low_memory=False,
            )
    except UnicodeError as error:
        raise not_in(origin, layout.encoding) from error
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"{origin.name} is empty.") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, *TORN) as error:
        raise ValueError(
            f"{origin.name} cannot be read as a table of text: {_without_jargon(error)}. Mend the file there: a number "
            "such as 1,234 among commas must stand in quotes."
        ) from error
    return Table(origin.name, with_names(frame, header, origin.name, say), lambda row: line_of(origin, layout, row))


def _without_jargon(error: BaseException) -> str:
    return str(error).strip().removeprefix("Error tokenizing data. ").removeprefix("C error: ")


def _read_parquet(origin: Origin, source: Source, asked: Collection[str] | None, say: Say) -> Table:
    check_installed("pyarrow", f"{origin.name}: Parquet files", "parquet")
    import pandas as pd
    from pyarrow import ArrowException

    try:
        with origin.open() as file:
            frame = pd.read_parquet(io.BytesIO(file.read()))
    except (ArrowException, *TORN) as error:
        raise ValueError(f"{origin.name} cannot be read as Parquet: {error} Copy it again from its source.") from error
    names = [str(name) for name in frame.columns]
    check_header(origin.name, names, names)
    frame = frame.set_axis(names, axis=1)
    return Table(origin.name, _with_missing(frame, source), lambda row: None)


def _with_missing(frame: "pd.DataFrame", source: Source) -> "pd.DataFrame":
    """Cells that ``--missing`` names become missing ones, in columns of numbers and of text."""
    for text in source.missing or ():
        values: list[object] = [text]
        try:
            values.append(float(text))
        except ValueError:
            pass
        frame = frame.mask(frame.isin(values))
    return frame


def _read_workbook(origin: Origin, source: Source, asked: Collection[str] | None, say: Say) -> Table:
    check_installed("openpyxl", f"{origin.name}: Excel files", "excel")
    from zipfile import BadZipFile

    import pandas as pd

    try:
        with origin.open() as file, pd.ExcelFile(io.BytesIO(file.read()), engine="openpyxl") as book:
            sheets = book.sheet_names
            cells = pd.read_excel(book, header=None, na_values=source.missing, dtype=object)
    except (ValueError, KeyError, BadZipFile, *TORN) as error:
        raise ValueError(
            f"{origin.name} cannot be read as an Excel file: {error}. Save it anew, or as .csv."
        ) from error
    if len(sheets) > 1:
        say(f"{origin.name} has {len(sheets)} sheets, of which the first, {sheets[0]!r}, is read.")
    if cells.empty:
        raise ValueError(f"{origin.name} is empty: its first sheet, {sheets[0]!r}, holds nothing.")
    header = None if source.no_header else ["" if pd.isna(cell) else str(cell).strip() for cell in cells.iloc[0]]
    if header is not None:
        check_header(origin.name, header, asked)
        cells = cells.iloc[1:].reset_index(drop=True)
    frame = with_names(cells.infer_objects(), header, origin.name, say)
    return Table(origin.name, frame, lambda row: row + (1 if header is None else 2))


_READERS = {"text": _read_text, "parquet": _read_parquet, "excel": _read_workbook}
