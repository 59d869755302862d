"""What a file declares, looked at before anything of it is read: a tree of groups, of a size that it can hold."""

import json
import os
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from bayesmix.tree.record import REMEDY

# A file may hold more than its own size, compressed: deflate gets to a thousandth at best. What is smaller than the
# first number may be declared by any file.
_ALWAYS = 2**28
_TIMES = 1000
# What reads arrays of numbers and texts. Among those that are missing one runs code from the file.
_CODECS = {"bytes", "vlen-utf8", "zstd", "gzip", "blosc", "crc32c"}


def check_netcdf(path: Path) -> str | None:
    """Say what a netCDF file has that ``save`` writes into none, or None."""
    import h5py

    declared, seen = 0, set()
    with h5py.File(path, "r") as file:
        for name, found in _objects(file, "", h5py):
            if isinstance(found, str):
                return f"{name} is {found}, and no part of it. {REMEDY}"
            if found.id in seen:  # which compares where in the file it is
                return f"{name} is in it twice. {REMEDY}"
            seen.add(found.id)
            if isinstance(found, h5py.Dataset):
                if found.is_virtual or found.external:
                    return f"the values of {name} are in another file. {REMEDY}"
                declared += found.size * found.dtype.itemsize if found.shape is not None else 0
                if found.chunks:
                    declared = max(declared, prod(found.chunks) * found.dtype.itemsize)
    return _too_large(declared, path.stat().st_size)


def _objects(group: Any, path: str, h5py: Any) -> Iterator[tuple[str, Any]]:
    """Everything below a group, named; the caller stops where something comes twice, so that no circle is walked."""
    for name in group:
        link = group.get(name, getlink=True)
        place = f"{path}/{name}"
        if not isinstance(link, h5py.HardLink):
            yield place, "a link"
            return
        found = group[name]
        yield place, found
        if isinstance(found, h5py.Group):
            yield from _objects(found, place, h5py)


def check_zarr(path: Path) -> str | None:
    """Say what a zarr folder has that ``save`` writes into none, or None."""
    declared = stored = 0
    for folder, folders, files in os.walk(path):
        for entry in (*folders, *files):
            if os.path.islink(os.path.join(folder, entry)):
                return f"{os.path.relpath(os.path.join(folder, entry), path)} is a link, and no part of it. {REMEDY}"
        stored += sum(os.path.getsize(os.path.join(folder, name)) for name in files)
        if "zarr.json" in files:
            about = json.loads(Path(folder, "zarr.json").read_text(encoding="utf-8"))
            name = os.path.relpath(folder, path)
            if about.get("node_type") == "array":
                codecs = {codec["name"] for codec in about["codecs"]}
                if not codecs <= _CODECS or about.get("storage_transformers"):
                    return f"{name} is stored in a way that save does not write. {REMEDY}"
                chunk = prod(map(int, about["chunk_grid"]["configuration"]["chunk_shape"]))
                declared += 8 * max(prod(map(int, about["shape"])), chunk)
        elif folder == str(path):
            return None  # no zarr, or of an older format, which is said where it is opened
    return _too_large(declared, stored)


def _too_large(declared: int, stored: int) -> str | None:
    if declared <= max(_ALWAYS, _TIMES * stored):
        return None
    return f"it declares {declared / 1e9:.3g} GB of values and holds {stored / 1e6:.3g} MB. {REMEDY}"
