"""Which part of a file holds the rows, and how the file is written."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from bayesmix.cli.request import NO_DEFAULT

# What no shell passes well, by a name.
_MARKS = {"tab": "\t", r"\t": "\t", "space": " ", "comma": ",", "semicolon": ";"}
_HYPHENS = Parameter(allow_leading_hyphen=True)  # "-" is what many write for a missing value


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Source:
    """Which part of a file holds the rows, and how the file is written."""

    columns: str | None = None
    """Columns to use: height,weight (all by default; for predict those of the fit)."""
    index: str | None = None
    """Column that names the rows; without it one that only counts or names them is taken, and said."""
    drop_missing: Annotated[bool, NO_DEFAULT] = False
    """Leave out rows with missing values, which are summed out otherwise (where the family can do that)."""
    missing: Annotated[list[str] | None, _HYPHENS] = None
    """What stands for a missing value beside an empty cell, NA or NaN: ? or -999; may be repeated."""
    no_header: Annotated[bool, NO_DEFAULT] = False
    """The first row holds numbers, not names; the columns are called x0, x1, ..."""
    separator: str | None = None
    """What stands between columns of text: a character, tab or space (found out by default)."""
    decimal: str | None = None
    """What stands before decimals: . or , (found out by default)."""
    thousands: str | None = None
    """What stands between thousands: , or . in 1,234.5 or 1.234,5 (nothing by default)."""
    encoding: str | None = None
    """How letters are written: latin-1, cp1252, utf-16-le (UTF-8, or what the file's first bytes say, by default)."""

    def mark(self, option: str) -> str | None:
        """The character after ``--separator``, ``--decimal`` or ``--thousands``.

        Raises
        ------
        ValueError
            If it is not one character.
        """
        text: str | None = getattr(self, option)
        if text is None:
            return None
        mark: str = _MARKS.get(text.lower(), text)
        if len(mark) != 1:
            raise ValueError(f"--{option} {text!r} is not one character: write , or ; or . or tab or space.")
        return mark
