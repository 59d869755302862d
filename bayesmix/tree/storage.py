"""Save a tree to one netCDF file or zarr folder, and load it again, whole and closed."""

import io
import os
from pathlib import Path
from typing import Any

import xarray as xr

from bayesmix.replacing import put_aside, written_whole
from bayesmix.tree.building import portable
from bayesmix.tree.contents import check_netcdf, check_zarr
from bayesmix.tree.fingerprints import fingerprints_of, first_difference
from bayesmix.tree.names import with_visible_names
from bayesmix.tree.point_estimates import PointEstimate, as_tree
from bayesmix.tree.possible import check_possible
from bayesmix.tree.reading import training_rows
from bayesmix.tree.record import REMEDY, record_of, with_record
from bayesmix.tree.verdicts import tell_stored
from bayesmix.vocabulary import named_arguments

# Zarr reads a chunk that is not there as fill values, so a half-copied folder would load as
# made-up numbers. ``save`` writes every chunk and says so under this key; ``load`` counts them.
_EVERY_CHUNK = "every_chunk_written"
# What every variable was when it was saved; files of before have none.
_FINGERPRINTS = "fingerprints"


@named_arguments
def save(tree: xr.DataTree | PointEstimate, path: str | os.PathLike[str]) -> Path:
    """Save a result: everything needed to predict again travels in the file.

    ``path`` holds either its old content or the whole new one, whatever happens meanwhile. The bytes of a netCDF file
    are made in memory, which takes as much of it as the file is large, and then written: HDF5 does not survive a disk
    that runs full under it.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    path : str or path
        ``.nc`` writes one netCDF file, ``.zarr`` a zarr folder. An existing file is replaced.

    Returns
    -------
    pathlib.Path
        The path written.

    Raises
    ------
    ValueError
        When the suffix is neither, or the tree is not bayesmix's.
    FileNotFoundError
        When the folder of ``path`` does not exist.
    FileExistsError
        When ``path`` is a folder that is not a zarr store.
    OSError
        When it cannot be written, as on a full disk; names the path.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> path = bm.save(em, "faithful.nc")
    >>> path.name, path.stat().st_size > 10_000
    ('faithful.nc', True)
    """
    tree = as_tree(tree)
    tell_stored(tree)
    path = Path(path)
    if path.suffix not in (".nc", ".zarr"):
        raise ValueError(f"path must end in .nc (netCDF) or .zarr, not {path.name!r}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist; create it first.")
    if path.is_dir() and any(path.iterdir()) and not _is_zarr(path):
        raise FileExistsError(f"{path} is a folder and no zarr store; choose another path.")
    plain = with_record(_plain(tree), **({_EVERY_CHUNK: True} if path.suffix == ".zarr" else {}))
    plain = with_record(plain, **{_FINGERPRINTS: fingerprints_of(plain, record_of(plain))})
    if path.suffix == ".nc":
        content = _as_netcdf(plain)
        with written_whole(path, size=len(content)) as new:
            new.write_bytes(content)
        return path
    with written_whole(path) as new:
        plain.to_zarr(new, mode="w", consolidated=False, write_empty_chunks=True)
    return path


def _as_netcdf(tree: xr.DataTree) -> bytes:
    # Values stay as they are: no number stands for a missing one.
    encoding = {
        node.path: {name: {"_FillValue": None} for name, array in node.variables.items() if array.dtype.kind in "fM"}
        for node in tree.subtree
    }
    file = io.BytesIO()
    tree.to_netcdf(file, engine="h5netcdf", encoding=encoding)
    return file.getvalue()  # of which Python makes no second copy


@named_arguments
def load(path: str | os.PathLike[str]) -> xr.DataTree:
    """Load a tree that ``save`` wrote; it is read fully and the file is closed.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    xarray.DataTree

    Raises
    ------
    FileNotFoundError
        When there is nothing at ``path``.
    ValueError
        When the file is damaged, is not bayesmix's, or has another format version.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> path = bm.save(em, "faithful.nc")
    >>> tree = bm.load("faithful.nc")
    >>> bm.responsibilities(tree, [[4.5, 82.0]])["label"].values.tolist()
    [0]
    """
    path = Path(path)
    if not path.exists():
        aside = put_aside(path)
        hint = "" if aside is None else f" A save that was killed put what was there aside, in {aside}: move it back."
        raise FileNotFoundError(f"{path} does not exist.{hint}")
    read = _read(path)
    try:
        tree = _checked(read, path)
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    tell_stored(tree)
    return tree


def _checked(tree: xr.DataTree, path: Path) -> xr.DataTree:
    """The tree without what only a file needs, once it is known to be what was saved and what can be."""
    record = record_of(tree)
    if record.get(_EVERY_CHUNK):
        _check_chunks(path)
    fingerprints = record.pop(_FINGERPRINTS, None)
    if fingerprints is not None:
        difference = first_difference(fingerprints, fingerprints_of(tree, record))
        if difference is not None:
            raise ValueError(f"it is damaged: {difference}. {REMEDY}")
    groups = {node.path: with_visible_names(node.to_dataset(inherit=False)) for node in tree.subtree}
    tree = xr.DataTree.from_dict(groups)
    tree = with_record(tree, **{_EVERY_CHUNK: None, _FINGERPRINTS: None})
    try:
        check_possible(tree, record)
    except ValueError as error:
        raise ValueError(f"{error}. {REMEDY}") from error
    if training_rows(tree).sha256 != record["data_sha256"]:
        raise ValueError(f"it is damaged: its training rows are not those that were saved. {REMEDY}")
    return tree


def _read(path: Path) -> xr.DataTree:
    try:
        foreign = (check_zarr if path.is_dir() else check_netcdf)(path)
        if foreign is None:
            how: dict[str, Any] = {"engine": "h5netcdf"}
            if path.is_dir():
                how = {"engine": "zarr", "consolidated": False, "zarr_format": 3}
            # Numbers are read as they are stored: ``scale_factor`` and the like are for files of others.
            with xr.open_datatree(path, mask_and_scale=False, **how) as opened:
                return _without_fill_values(opened.load())
    except (PermissionError, MemoryError):
        raise
    except Exception as error:  # HDF5, zarr and their codecs raise nearly every type there is
        kind = "zarr folder" if path.is_dir() else "netCDF file"
        raise ValueError(
            f"{path} cannot be read as a {kind}: it is damaged, cut short or something else "
            f"({type(error).__name__}: {error}). {REMEDY}"
        ) from error
    raise ValueError(f"{path} cannot be loaded: {foreign}")


def _without_fill_values(tree: xr.DataTree) -> xr.DataTree:
    """Forget which number was to stand for a missing one: files of before name one, and none has such values."""
    for node in tree.subtree:
        for variable in node.variables.values():
            variable.attrs.pop("_FillValue", None)
    return tree


def _check_chunks(path: Path) -> None:
    import zarr

    for name, array in zarr.open_group(path, mode="r").members(max_depth=None):
        if isinstance(array, zarr.Array) and array.nchunks_initialized < array.nchunks:
            missing = array.nchunks - array.nchunks_initialized
            raise ValueError(f"{missing} of {array.nchunks} chunks of {name} are missing. {REMEDY}")


def _plain(tree: xr.DataTree) -> xr.DataTree:
    """Forget how the tree was stored before: one format's encodings mean nothing to another."""
    groups = {}
    for node in tree.subtree:
        dataset = with_visible_names(node.to_dataset(inherit=False)).drop_encoding()
        dataset.attrs = {name: portable(value) for name, value in dataset.attrs.items()}
        groups[node.path] = dataset
    return xr.DataTree.from_dict(groups)


def _is_zarr(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("zarr.json", ".zgroup"))
