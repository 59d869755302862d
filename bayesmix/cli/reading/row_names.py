"""Tells columns that only name or count the rows from features."""

import re
from typing import TYPE_CHECKING

from bayesmix.cli.reading.cells import wrong_cells

if TYPE_CHECKING:
    import pandas as pd

# Fewer rows may count upwards by chance.
_FEWEST = 3
_OF_AN_IDENTIFIER = re.compile(
    r"(id|ids|idx|index|row|rows?[ _.-]?(id|no|nr|num|number|names?)|no|nr|number|key|uuid|guid|unnamed: \d+)"
    r"|.+[ _.-](id|idx|index|no|nr|number|key|uuid|guid)"
    r"|id[ _.-].+",
    re.IGNORECASE,
)
_CAMEL = re.compile(r".*[a-z](ID|Id|No|Nr)")


def columns_that_name_rows(frame: "pd.DataFrame") -> list[str]:
    """Find the columns whose cells are all different and are no measurements, in the order of the file.

    These are: whole numbers that count evenly by one from row to row, whatever they are called; whole numbers that
    are called an identifier; and text. A sorted column of whole numbers without such a name may be a measurement,
    and is none of them; so is every column with decimals.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    list of str
    """
    if len(frame) < _FEWEST:
        return []
    return [str(name) for name, column in frame.items() if _names_rows(str(name), column)]


def _names_rows(name: str, column: "pd.Series") -> bool:
    from pandas.api.types import is_integer_dtype, is_string_dtype

    if is_integer_dtype(column.dtype):
        if column.hasnans:
            return False
        values = column.to_numpy()
        if (values[1:] - values[:-1] == 1).all():
            return True
        return _is_identifier(name) and column.is_unique
    is_text = is_string_dtype(column.dtype) and wrong_cells(column) is None  # no numbers with a slip among them
    return is_text and not column.hasnans and column.is_unique


def _is_identifier(name: str) -> bool:
    return _OF_AN_IDENTIFIER.fullmatch(name) is not None or _CAMEL.fullmatch(name) is not None
