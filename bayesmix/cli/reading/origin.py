"""Finds what rows are to be read from: a file or standard input, packed or not, and of which kind.

Nothing heavy is imported here, so that what cannot be read is refused at once.
"""

import bz2
import difflib
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

STANDARD_INPUT = Path("-")
Kind = Literal["text", "parquet", "excel"]

# By their first bytes; the suffix tells people, and may be anything on standard input.
_PACKED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_OF_FITS = (".nc", ".zarr")
_TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data")
KNOWN = ".csv, .tsv, .txt, .dat (also .gz), .parquet and .xlsx"
# Enough to see how a file is written.
SAMPLE = 1 << 16
# What reading a damaged file raises.
TORN = (OSError, EOFError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Origin:
    """Where rows are read from.

    Attributes
    ----------
    name : str
        What messages call it.
    suffix : str
        Of the name, in lower case and without that of a packer; empty for standard input.
    kind : {"text", "parquet", "excel"}
    head : bytes
        How it begins, unpacked.
    open : callable
        Opens it, unpacked, at its beginning.
    """

    name: str
    suffix: str
    kind: Kind
    head: bytes
    open: Callable[[], BinaryIO]


def find(path: Path, *, is_text: bool) -> Origin:
    """Open the file, or standard input for ``-``, and see what kind it is of.

    Parameters
    ----------
    path : Path
    is_text : bool
        Whether the user has said how its text is written, so that any suffix will do.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it is a folder, empty, damaged or of no kind that holds rows.
    """
    name, opened = _opened(path)
    try:
        with opened() as file:
            start = file.read(8)
        packer = next((unpack for mark, unpack in _PACKED.items() if start.startswith(mark)), None)
        if packer is not None:
            packed = opened

            def opened() -> BinaryIO:
                return packer(packed())

        with opened() as file:
            head = file.read(SAMPLE)
    except TORN as error:
        raise ValueError(f"{name} cannot be read: {error}. Copy it again from its source.") from error
    suffixes = [suffix.lower() for suffix in Path(name).suffixes] if path != STANDARD_INPUT else []
    if packer is not None and suffixes:
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if not head.strip():
        raise ValueError(f"{name} is empty.")
    return Origin(name, suffix, _kind(name, suffix, head, is_text or path == STANDARD_INPUT), head, opened)


def is_fit(path: Path) -> bool:
    """Whether a file's name is that of a fit which was kept."""
    return path.suffix.lower() in _OF_FITS


def _opened(path: Path) -> tuple[str, Callable[[], BinaryIO]]:
    if path == STANDARD_INPUT:
        content = sys.stdin.buffer.read()
        return "standard input", lambda: io.BytesIO(content)
    if is_fit(path) and path.exists():
        raise ValueError(
            f"{path} is a fit, not rows: bayesmix predict {path} DATA says which group the rows belong to."
        )
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a file of rows.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. {_nearest(path)}")
    return str(path), lambda: path.open("rb")


def _nearest(path: Path) -> str:
    """Propose the file there whose name is most like the one that is missing."""
    there = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, there, n=1, cutoff=0.8)
    return f"Did you mean {path.with_name(near[0])}?" if near else "Give its path from the folder where you are."


def _kind(name: str, suffix: str, head: bytes, is_text: bool) -> Kind:
    if head.startswith(b"PAR1") or suffix in (".parquet", ".pq"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" in head or suffix == ".xlsx":
            return "excel"
        raise ValueError(f"{name} is an archive: unpack it, and give the file of rows in it.")
    if suffix == ".xlsx" or head.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValueError(f"{name} is no .xlsx file: rows are read from {KNOWN}; save it as one of these.")
    if not is_text and suffix not in (*_TEXT, ""):
        raise ValueError(
            f"{name}: rows are read from {KNOWN}. If it is a table of text all the same, say what stands between its "
            "columns: --separator , (or ; or tab)."
        )
    return "text"
