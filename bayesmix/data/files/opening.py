"""Opens a file of rows by its name."""

from collections.abc import Callable, Sequence
from os import PathLike, fspath
from pathlib import Path

from bayesmix.data.files.arrays import NumpyFile, ZarrArray
from bayesmix.data.files.parquet import ParquetFiles
from bayesmix.data.files.source import File
from bayesmix.data.files.text import TextFile
from bayesmix.data.words import joined

_KINDS: dict[str, Callable[[Path, Sequence[str] | None], File]] = {
    ".csv": TextFile,
    ".tsv": TextFile,
    ".npy": NumpyFile,
    ".zarr": ZarrArray,
}
_PARQUET = (".parquet", ".pq")


def open(path: str | PathLike[str] | Sequence[str | PathLike[str]], *, columns: Sequence[str] | None = None) -> File:
    """Open rows that need not fit in memory: ``fit_em`` and the predictions of its result read them block by block.

    Parameters
    ----------
    path : str or path, or sequence of these
        A file ``.parquet`` (needs pyarrow), ``.csv`` or ``.tsv`` (also packed, ``.csv.gz``) with names in its first
        line, ``.npy`` (mapped into memory) or ``.zarr`` (an array of two dimensions; needs zarr). Several Parquet files
        with the same columns, or a folder of them, are one table.
    columns : sequence of str, optional
        The columns to read, in this order; all by default. Those of an array are called ``"x0"``, ``"x1"``, ...

    Returns
    -------
    File
        Iterating over it gives the blocks, arrays (n, D).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If a column holds something other than numbers; the message says where.
    ValueError
        If the file is of no kind that is read by blocks, has no rows, or lacks a column.
    ImportError
        If a file of its kind needs a library that is not installed.

    Examples
    --------
    >>> import bayesmix as bm
    >>> bm.datasets.load_faithful().to_parquet("faithful.parquet")
    >>> rows = bm.data.open("faithful.parquet")
    >>> rows.columns
    ('eruptions', 'waiting')
    >>> em = bm.Mixture(2).fit_em(rows, random_seed=1)
    >>> em.weights.round(2).tolist()
    [0.64, 0.36]
    """
    several = not isinstance(path, (str, PathLike))
    paths = [Path(fspath(one)) for one in (path if several else [path])]
    if not paths:
        raise ValueError("path names no file: give at least one.")
    for one in paths:
        if not one.exists():
            raise FileNotFoundError(f"{one} does not exist.")
    if len(paths) == 1 and paths[0].is_dir() and paths[0].suffix != ".zarr":
        inside = sorted(file for file in paths[0].iterdir() if file.suffix in _PARQUET)
        if not inside:
            raise ValueError(f"{paths[0]} is a folder without Parquet files.")
        return ParquetFiles(inside, columns, name=str(paths[0]))
    if all(one.suffix in _PARQUET for one in paths):
        return ParquetFiles(paths, columns)
    suffixes = [suffix for suffix in paths[0].suffixes if suffix in _KINDS]
    if len(paths) > 1 or not suffixes:
        raise ValueError(
            f"{joined([str(one) for one in paths])}: read by blocks are one file {', '.join(_KINDS)}, or Parquet "
            "files; other rows must be read into memory."
        )
    return _KINDS[suffixes[-1]](paths[0], columns)
