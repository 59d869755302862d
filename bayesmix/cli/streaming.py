"""Files that are read block by block, because their rows need not fit in memory: ``--stream``."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesmix.cli.choices import names_of
from bayesmix.cli.outputs import PARQUET, for_spreadsheets
from bayesmix.cli.request import Manner
from bayesmix.cli.source import Source
from bayesmix.data.words import counted
from bayesmix.registry import AUTO
from bayesmix.replacing import written_whole

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayesmix.data import File

_ROWS = 2**17  # of so many blocks of rows together labels are written


def open_rows(path: Path, source: Source, say: Callable[[str], None], fitted: Sequence[str] | None = None) -> "File":
    """Open a file of rows for reading by blocks, and say which columns are read.

    Raises
    ------
    ValueError
        If an option was given that has no meaning then, or the file is of no such kind.
    """
    given = [name for name, value in vars(source).items() if name != "columns" and value]
    if given:
        raise ValueError(
            f"--{given[0].replace('_', '-')} has no meaning with --stream, which takes .parquet, .npy, .zarr and plain "
            ".csv and .tsv files as they are: leave out one of the two."
        )
    from bayesmix.data import open as open_file

    columns = fitted if source.columns is None else names_of(source.columns)
    if fitted is not None and columns is not None and len(columns) != len(fitted):
        named = counted(len(columns), "column")
        raise ValueError(f"--columns names {named}, but the fit has {len(fitted)}: {', '.join(fitted)}.")
    try:
        file = open_file(path, columns=columns)
    except TypeError as error:
        raise ValueError(str(error).replace("bm.data.open(..., columns=", "--columns (").replace("')", "'")) from error
    say(f"{file.name}: rows of {', '.join(file.columns)}, read block by block.")
    return file


def check_streamed(method: str, outputs: Sequence[Path], components: int | str, family: str) -> None:
    """Refuse what cannot be done with rows that are not in memory.

    Raises
    ------
    ValueError
    """
    if method != "em" or components == "unknown":
        raise ValueError("--stream is for --method em and a number of components: the samplers need rows in memory.")
    if family == AUTO:
        raise ValueError("--family auto looks at the columns in memory: with --stream name a family, such as full.")
    tables = [str(path) for path in outputs if path.suffix in (".csv", *PARQUET)]
    if tables:
        raise ValueError(
            f"--output {tables[0]!r}: with --stream a fit writes no labels. Keep it with --output fit.nc; then "
            "bayesmix predict fit.nc DATA --stream writes them block by block."
        )


def label_streamed(
    tree: "xr.DataTree", file: "File", outputs: Sequence[Path], manner: Manner, *, intervals: bool
) -> int:
    """Write who belongs where, block by block, to the outputs or else to standard output; return the exit status."""
    import numpy as np
    import pandas as pd

    from bayesmix.cli.labelling import table_of_labels
    from bayesmix.cli.trust import status_of, verdict_of_fit, warn
    from bayesmix.posterior.labels.judgement import verdict_of
    from bayesmix.posterior.membership import responsibilities
    from bayesmix.progress import progress

    reasons = verdict_of(tree)
    warn(verdict_of_fit(reasons))
    done = 0
    with ExitStack() as opened, progress(not manner.quiet) as report:
        writers = [opened.enter_context(_writer(path)) for path in outputs or [None]]
        for values in _gathered(file):
            report(f"Labels, row {done:,}")
            index = pd.RangeIndex(done, done + len(values))
            table = table_of_labels(responsibilities(tree, np.asarray(values)), index, intervals=intervals)
            for write in writers:
                write(table)
            done += len(values)
    for path in outputs:
        manner.say(f"{done:,} labelled rows written to {path}.")
    return status_of(reasons)


def _gathered(file: "File") -> Iterator[Any]:
    """Blocks of the file, a few together."""
    import numpy as np

    waiting, n_rows = [], 0
    for block in file:
        waiting.append(block)
        n_rows += len(block)
        if n_rows >= _ROWS:
            yield np.concatenate(waiting)
            waiting, n_rows = [], 0
    if waiting:
        yield np.concatenate(waiting)


@contextmanager
def _writer(path: Path | None) -> Iterator[Callable[["pd.DataFrame"], None]]:
    """What writes one table below the other; the file is whole or not there."""
    if path is None:
        yield _text_writer(sys.stdout)
        return
    with written_whole(path) as new:
        if path.suffix not in PARQUET:
            with Path(new).open("w", encoding="utf-8", newline="") as file:
                yield _text_writer(file)
            return
        import pyarrow
        from pyarrow.parquet import ParquetWriter

        with ExitStack() as opened:
            writer: Any = None

            def write(table: "pd.DataFrame") -> None:
                nonlocal writer
                rows = pyarrow.Table.from_pandas(table.reset_index())
                writer = writer or opened.enter_context(ParquetWriter(new, rows.schema))
                writer.write_table(rows)

            yield write


def _text_writer(file: Any) -> Callable[["pd.DataFrame"], None]:
    first = True

    def write(table: "pd.DataFrame") -> None:
        nonlocal first
        for_spreadsheets(table).to_csv(file, index=False, header=first)
        first = False

    return write
