"""Writes files that are either whole or not there."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bayesmix.cli.extras import check_installed
from bayesmix.replacing import written_whole

if TYPE_CHECKING:
    import pandas as pd

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
    """Write a table as CSV or Parquet, by the suffix, with its index; the file is whole or not there."""
    with written_whole(path) as new:
        if path.suffix in PARQUET:
            frame.to_parquet(new)
        else:
            frame.to_csv(new)
