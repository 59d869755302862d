"""The one door to the disk: a file, or a folder that is read as one, is replaced whole or not at all."""

import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

try:
    import fcntl
except ImportError:  # Windows: what a killed process left is not told from what another one writes, and stays
    fcntl = None

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REPLACED = "replaced"


@contextmanager
def written_whole(path: Path, *, size: int | None = None) -> Iterator[Path]:
    """Yield a place to write to, on the same disk; what is there at the end takes the place of ``path``.

    Whatever happens, a failing disk or a killed process included, ``path`` holds its old content or the whole new one.
    What a killed process left beside it is cleared away by the next one that writes there.

    Parameters
    ----------
    path : Path
        A file or a folder, whose own folder exists.
    size : int, optional
        How many bytes it will take, for the message where there is no room.

    Yields
    ------
    Path
        Of the same name; nothing is there yet.

    Raises
    ------
    OSError
        Of the kind that the system raised and with its ``errno``, where it cannot be written; names the path.
    """
    workshop = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        clear_leftovers(path)
        unnamed = workshop.with_suffix("")
        unnamed.mkdir()
        # Locked before it has the name by which others would take it for a leftover; the lock goes with it.
        with _locked(unnamed):
            unnamed.rename(workshop)
            try:
                new = workshop / path.name
                yield new
                _force_to_disk(new)
                _replace(path, new, workshop / _REPLACED)
            finally:
                shutil.rmtree(workshop, ignore_errors=True)
    except OSError as error:
        if error.errno is None:  # a refusal in words
            raise
        raise _in_words(error, path, size) from error


def clear_leftovers(path: Path) -> None:
    """Remove what killed processes left beside ``path``, once what they had put aside is back in its place."""
    for left in _leftovers(path):
        with _locked(left) as free:
            if not free:
                continue
            if (left / _REPLACED).exists() and not path.exists():
                os.replace(left / _REPLACED, path)
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def put_aside(path: Path) -> Path | None:
    """Where the old content of ``path`` is, if a process was killed between taking it away and giving the new one."""
    return next((left / _REPLACED for left in _leftovers(path) if (left / _REPLACED).exists()), None)


def _leftovers(path: Path) -> list[Path]:
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{32}}\.part")
    return [entry for entry in path.parent.iterdir() if ours.fullmatch(entry.name)] if path.parent.is_dir() else []


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether nobody else holds this file or folder; the system itself lets go of it when its holder dies."""
    descriptor = _lock(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(path: Path) -> int | None:
    """A descriptor that holds the lock; None where another holds it, it is gone, or the disk knows no locks."""
    if fcntl is None:
        return None
    descriptor = None
    try:
        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if descriptor is not None:
            os.close(descriptor)
        return None
    return descriptor


def _force_to_disk(new: Path) -> None:
    """Wait until it is on the disk: a rename may get there before the content that it names."""
    for file in [entry for entry in new.rglob("*") if entry.is_file()] if new.is_dir() else [new]:
        with file.open("rb+") as opened:
            os.fsync(opened.fileno())


def _replace(path: Path, new: Path, aside: Path) -> None:
    """Put ``new`` in the place of ``path``; a folder cannot be renamed over another one."""
    if not (path.is_dir() or new.is_dir()):
        os.replace(new, path)
    else:
        if path.exists():
            os.replace(path, aside)
        try:
            os.replace(new, path)
        except OSError:
            if aside.exists():
                os.replace(aside, path)
            raise
    if fcntl is not None:  # where there are such locks, a folder's own entries can be forced to the disk too
        with suppress(OSError):
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)


def _in_words(error: OSError, path: Path, size: int | None) -> OSError:
    reason, remedy = os.strerror(cast(int, error.errno)), ""
    if error.errno in _FULL:
        needed = "" if size is None else f"{_bytes(size)} are needed, and "
        free = _bytes(shutil.disk_usage(path.parent).free)
        reason += f" ({needed}{path.parent.absolute()} has {free} free)"
        remedy = " Make room or choose another folder."
    kept = " What was there is untouched." if path.exists() else ""
    said = type(error)(f"{path} cannot be written: {reason}.{remedy}{kept}")
    said.errno = error.errno
    return said


def _bytes(number: int) -> str:
    """Bytes as people count them: 1 MB is a million."""
    size = float(number)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.4g} {unit}"
        size /= 1000
    return f"{size:.4g} GB"
