"""Arrays that lie in files: NumPy's, mapped into memory, and Zarr's."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bayesmix.data.blocks import cuts
from bayesmix.data.files.source import File, chosen
from bayesmix.data.words import FROM_ZERO


class _Array(File):
    """An array of two dimensions, rows by columns, of which blocks of rows can be taken."""

    def __init__(self, path: Path, array: Any, columns: Sequence[str] | None):
        self.name, self._array = str(path), array
        if getattr(array, "ndim", None) != 2 or array.dtype.kind not in "biuf":
            raise ValueError(f"{path} must hold an array of numbers of two dimensions, rows by columns.")
        there = [f"x{j}" for j in range(array.shape[1])]
        self._positions = chosen(there, columns, self.name)
        self.columns = tuple(there[j] for j in self._positions)
        self.named = columns is not None
        if array.shape[0] == 0:
            raise ValueError(f"{path} has no rows (shape {array.shape}).")

    def __iter__(self) -> Iterator[np.ndarray]:
        whole = self._positions == list(range(self._array.shape[1]))
        for block in cuts(self._array.shape[0], len(self.columns)):
            rows = np.asarray(self._array[block])
            rows = rows if whole else rows[:, self._positions]
            yield rows if rows.dtype in (np.float32, np.float64) else rows.astype(float)

    def place(self, row: int) -> str:
        """See :class:`~bayesmix.data.files.source.File`."""
        return f"row {row:,} ({FROM_ZERO})"


class NumpyFile(_Array):
    """A file of ``numpy.save``; see :func:`bayesmix.data.open`."""

    def __init__(self, path: Path, columns: Sequence[str] | None):
        try:
            array = np.load(path, mmap_mode="r")
        except (ValueError, EOFError, OSError) as error:
            raise ValueError(f"{path} cannot be read as an array of numbers: {error}.") from error
        super().__init__(path, array, columns)


class ZarrArray(_Array):
    """An array of Zarr; see :func:`bayesmix.data.open`."""

    def __init__(self, path: Path, columns: Sequence[str] | None):
        if find_spec("zarr") is None:
            raise ImportError("Zarr arrays need zarr; install it with pip install zarr.")
        import zarr

        super().__init__(path, zarr.open(path, mode="r"), columns)
