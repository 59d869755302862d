"""Writes files that are either whole or not there."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bayesmix.cli.extras import check_installed
from bayesmix.data.words import visible
from bayesmix.replacing import written_whole

if TYPE_CHECKING:
    import pandas as pd

# With which spreadsheets take a text for a formula, in the letters of East Asia too.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
PARQUET = (".parquet", ".pq")


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
            raise ValueError(
                f"{said} must end in {' or '.join(filter(None, (', '.join(suffixes[:-1]), suffixes[-1])))}."
            )
        if not path.parent.is_dir():
            raise ValueError(f"{said}: there is no folder {str(path.parent)!r}; create it first.")
        if not os.access(path.parent, os.W_OK):
            raise ValueError(f"{said}: nothing may be written to the folder {str(path.parent)!r}; choose another.")
        if path.is_dir() and path.suffix != ".zarr":
            raise ValueError(f"{said} is a folder: give the name of a file.")
        if data is not None and path.resolve() == data.resolve():
            raise ValueError(f"{said} is the file of the data, which would be lost: give another name.")
        if path.suffix in PARQUET:
            check_installed("pyarrow", f"{path}: Parquet files", "parquet")


def write_frame(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table as CSV or Parquet, by the suffix, with its index; the file is whole or not there.

    In CSV a text that a spreadsheet would take for a formula begins with an apostrophe; Parquet keeps it as it is.
    """
    with written_whole(path) as new:
        if path.suffix in PARQUET:
            frame.to_parquet(new)
        else:
            for_spreadsheets(frame).to_csv(new, index=False)


def for_spreadsheets(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Write the index as columns, and no text so that a spreadsheet would reckon with it or a terminal obey it."""
    import pandas as pd

    levels = [frame.index.get_level_values(i).to_series(index=range(len(frame))) for i in range(frame.index.nlevels)]
    whole = pd.concat([*levels, frame.reset_index(drop=True)], axis=1)
    whole.columns = pd.Index([_harmless(name) for name in (*frame.index.names, *frame.columns)])
    texts = [j for j, kind in enumerate(whole.dtypes) if not pd.api.types.is_any_real_numeric_dtype(kind)]
    for j in texts:
        whole.isetitem(j, [_harmless(entry) for entry in whole.iloc[:, j]])
    return whole


def _harmless(entry: object) -> object:
    """A text that is no number but would be a formula, after an apostrophe; hidden characters made visible."""
    if not isinstance(entry, str):
        return entry
    text = visible(entry)
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
