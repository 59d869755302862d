"""What the first row says: names of columns, or the first numbers."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from bayesmix.cli.reading.layout import is_number

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 3


def check_header(name: str, header: Sequence[str], asked: Collection[str] | None) -> None:
    """Refuse a first row that holds numbers, and a name that stands twice.

    Parameters
    ----------
    name : str
        What messages call the file.
    header : sequence of str
    asked : collection of str, optional
        The columns that were asked for by name, which then are names, whatever they look like.

    Raises
    ------
    ValueError
    """
    numbers = [cell for cell in header if is_number(cell)]
    named = asked is not None and all(column in header for column in asked)
    if numbers and not named:
        shown = ", ".join(map(repr, numbers[:_SHOWN])) + (", ..." if len(numbers) > _SHOWN else "")
        raise ValueError(
            f"{name} begins with numbers ({shown}) where the names of its columns should stand. If this is the first "
            "row, add --no-header; if they are names, choose columns by them with --columns."
        )
    twice = [cell for cell in dict.fromkeys(header) if cell and list(header).count(cell) > 1]
    used = [cell for cell in twice if asked is None or cell in asked]
    if used:
        raise ValueError(f"{name} names the column {used[0]!r} twice: give each column a name of its own.")


def with_names(frame: "pd.DataFrame", header: Sequence[str] | None, name: str, say) -> "pd.DataFrame":
    """Name the columns of a table.

    A first column without a name names the rows, as R and pandas write it; a column without name and values, which
    separators at the ends of lines make, is left out. Columns without a name that hold something keep an empty one.

    Parameters
    ----------
    frame : DataFrame
        Its columns are numbered; one more of them than names stands first or, if it is empty, last.
    header : sequence of str or None
        None: the columns are called x0, x1, ...
    name : str
        What messages call the file.
    say : callable
        Takes a sentence for the user.
    """
    if header is None:
        return frame.set_axis([f"x{j}" for j in range(frame.shape[1])], axis=1)
    names = list(header)
    if len(names) < frame.shape[1]:
        names = [*names, ""] if frame.iloc[:, -1].isna().all() else ["", *names]
    keep = [bool(names[j]) or not frame.iloc[:, j].isna().all() for j in range(frame.shape[1])]
    if not all(keep):
        say(f"{name}: a column without a name and without values is left out.")
    frame = frame.set_axis(names, axis=1).loc[:, keep]
    if frame.shape[1] > 1 and frame.columns[0] == "" and not frame.iloc[:, 0].dtype.kind == "f":
        say(f"{name}: its first column has no name and names the rows.")
        frame = frame.set_axis(frame.iloc[:, 0].to_numpy(), axis=0).iloc[:, 1:]
    return frame


def check_named(name: str, frame: "pd.DataFrame") -> None:
    """Refuse columns without a name among those that are to be used."""
    if "" in frame.columns:
        raise ValueError(f"{name} has a column without a name: name it in the file, or choose others with --columns.")
