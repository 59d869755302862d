"""Save a tree to one netCDF file or zarr folder, and load it again, whole and closed."""

import io
import os
from pathlib import Path

import xarray as xr

from bayesmix.replacing import put_aside, written_whole
from bayesmix.tree.building import portable
from bayesmix.tree.given import PointEstimate, as_tree
from bayesmix.tree.reading import draws_of, training_rows
from bayesmix.tree.record import record_of, with_record
from bayesmix.tree.verdicts import tell_stored
from bayesmix.vocabulary import named_arguments

# Zarr reads a chunk that is not there as fill values, so a half-copied folder would load as
# made-up numbers. ``save`` writes every chunk and says so under this key; ``load`` counts them.
_EVERY_CHUNK = "every_chunk_written"


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
    if path.suffix == ".nc":
        content = _as_netcdf(tree)
        with written_whole(path, size=len(content)) as new:
            new.write_bytes(content)
        return path
    whole = _plain(with_record(tree, **{_EVERY_CHUNK: True}))
    with written_whole(path) as new:
        whole.to_zarr(new, mode="w", consolidated=False, write_empty_chunks=True)
    return path


def _as_netcdf(tree: xr.DataTree) -> bytes:
    file = io.BytesIO()
    _plain(tree).to_netcdf(file, engine="h5netcdf")
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
    tree = _read(path)
    try:
        record = record_of(tree)
        if record.pop(_EVERY_CHUNK, False):
            _check_chunks(path)
            tree.attrs = with_record(tree, **{_EVERY_CHUNK: None}).attrs
        draws_of(tree)
        complete = training_rows(tree).sha256 == record["data_sha256"]
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    if not complete:
        raise ValueError(
            f"{path} is damaged: its training rows are not those that were saved. "
            "Copy it again from its source, or fit again."
        )
    tell_stored(tree)
    return tree


def _read(path: Path) -> xr.DataTree:
    try:
        if path.is_dir():
            opened = xr.open_datatree(path, engine="zarr", consolidated=False)
        else:
            opened = xr.open_datatree(path, engine="h5netcdf")
        with opened:
            return opened.load()
    except (PermissionError, MemoryError):
        raise
    except Exception as error:  # HDF5, zarr and their codecs raise nearly every type there is
        kind = "zarr folder" if path.is_dir() else "netCDF file"
        raise ValueError(
            f"{path} cannot be read as a {kind}: it is damaged, cut short or something else "
            f"({type(error).__name__}: {error}). Copy it again from its source, or fit again."
        ) from error


def _check_chunks(path: Path) -> None:
    import zarr

    for name, array in zarr.open_group(path, mode="r").members(max_depth=None):
        if isinstance(array, zarr.Array) and array.nchunks_initialized < array.nchunks:
            missing = array.nchunks - array.nchunks_initialized
            raise ValueError(
                f"{missing} of {array.nchunks} chunks of {name} are missing. "
                "Copy the folder again from its source, or fit again."
            )


def _plain(tree: xr.DataTree) -> xr.DataTree:
    """Forget how the tree was stored before: one format's encodings mean nothing to another."""
    groups = {}
    for node in tree.subtree:
        dataset = node.to_dataset(inherit=False).drop_encoding()
        dataset.attrs = {name: portable(value) for name, value in dataset.attrs.items()}
        groups[node.path] = dataset
    return xr.DataTree.from_dict(groups)


def _is_zarr(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("zarr.json", ".zgroup"))
