"""Opens the containers people keep rows in: arrays, lists, data frames, series, DataArrays."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayesmix.data.source import Source, is_dask
from bayesmix.data.words import FROM_ZERO, listed, visible


@dataclass(frozen=True, eq=False)
class Categories:
    """A column of categories.

    Attributes
    ----------
    entries : list
        None or NaN where one is missing.
    order : sequence
        All categories there may be, in an order that somebody gave them; empty where nobody did.
    what : str
        What a refusal calls the entries.
    """

    entries: list
    order: Sequence[Any]
    what: str


@dataclass(frozen=True, eq=False)
class Table:
    """What a container holds, before its entries are judged.

    Attributes
    ----------
    n_rows : int
    columns : sequence of ndarray, Categories or str
        The columns as they came; a str says what a column holds that is neither.
    names : tuple of str or None
        Column names, made visible, where the container has them.
    index : ndarray or None
        Row labels, where the container has them.
    units : tuple of str
        Units of the columns, empty text for one that has none; no entries where the container names no units.
    """

    n_rows: int
    columns: Sequence[np.ndarray | Categories | str]
    names: tuple[str, ...] | None = None
    index: np.ndarray | None = None
    units: tuple[str, ...] = ()


def open_table(X: Any, argument: str) -> Table:
    """Take the columns, names and index out of any container.

    Raises
    ------
    TypeError
        If X is no container of rows: a scalar, a mapping, a sparse array or a lazy frame.
    ValueError
        If X is not a table: three or more dimensions, rows of different lengths, repeated names.
    """
    table = _open(X, argument)
    table = replace(
        table,
        names=None if table.names is None else tuple(map(visible, table.names)),
        units=tuple(map(visible, _units(X, table))),
    )
    repeated = [name for name, count in Counter(table.names or ()).items() if count > 1]
    if repeated:
        raise _repeats_names(argument, repeated)
    return table


def as_they_lie(X: Any) -> np.ndarray | None:
    """The floats of a container as a view (N, D) of one array; None where it holds them otherwise.

    A data frame makes the array anew where its columns lie apart.
    """
    array = X
    if hasattr(X, "columns") and hasattr(X, "dtypes"):  # a frame of pandas or polars
        kinds = {str(kind).lower() for kind in X.dtypes}
        array = X.to_numpy() if len(kinds) == 1 and kinds <= {"float32", "float64"} else None
    elif type(X).__name__ == "DataArray":
        array = X.values
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray) or array.ndim != 2:
        return None
    return array.view(np.ndarray) if array.dtype in (np.float32, np.float64) else None


def _units(X: Any, table: Table) -> tuple[str, ...]:
    """Units in ``X.attrs["units"]`` (pandas, xarray): one for all columns, or a mapping from names."""
    attrs = getattr(X, "attrs", None)
    found = attrs.get("units") if isinstance(attrs, Mapping) else None
    if isinstance(found, str):
        return (found,) * len(table.columns)
    if isinstance(found, Mapping):
        by_name = {str(name): str(unit) for name, unit in found.items()}
        return tuple(by_name.get(name, "") for name in table.names or ())
    return ()


def check_in_memory(X: Any, argument: str) -> None:
    """Refuse rows that lie in a file or in partitions of Dask (TypeError), where all of them are needed at once."""
    if isinstance(X, Source):
        raise TypeError(
            f"{argument} is {X.name}, opened by bm.data.open: fit_em and the predictions of its result read it block "
            f"by block, and this needs the rows in memory. Read them, {X.to_hold_them}."
        )
    if is_dask(X):
        raise TypeError(
            f"{argument} is a Dask {type(X).__name__}: fit_em and the predictions of its result work where its rows "
            f"lie, and this needs the rows in memory. Give {argument}.compute(), or of many rows a sample of them."
        )


def _open(X: Any, argument: str) -> Table:
    check_in_memory(X, argument)
    if isinstance(X, (np.ndarray, list, tuple)):
        return _open_array(X, argument)
    xarray = sys.modules.get("xarray")  # a DataArray cannot exist before its library is imported
    if xarray is not None and isinstance(X, xarray.DataArray):
        return _open_data_array(X, argument)

    import narwhals as nw
    from narwhals.exceptions import DuplicateError

    try:
        frame = nw.from_native(X, allow_series=True, pass_through=True)
    except DuplicateError:
        names = Counter(map(str, X.columns if hasattr(X, "iloc") else X.column_names))
        raise _repeats_names(argument, [name for name in names if names[name] > 1]) from None
    if isinstance(frame, nw.LazyFrame):
        raise TypeError(
            f"{argument} is a lazy frame ({type(X).__module__}.{type(X).__name__}) that holds no "
            f"rows yet: collect it first, for example {argument}.collect()."
        )
    if isinstance(frame, nw.Series):
        named = frame.name not in (None, "")
        table = _open_frame(frame.to_frame())
        return table if named else replace(table, names=None)
    return _open_frame(frame) if isinstance(frame, nw.DataFrame) else _open_array(X, argument)


def _open_frame(frame: Any) -> Table:
    import narwhals as nw

    def column(series: Any) -> np.ndarray | Categories | str:
        dtype = series.dtype
        native = series.to_native()
        if isinstance(getattr(native, "dtype", None), np.dtype) and dtype in (nw.Float32, nw.Float64):
            return native.to_numpy()
        if dtype.is_numeric():  # decimals, 128-bit integers and nullable types included
            return series.cast(nw.Float64).to_numpy()
        what = f"{str(dtype).split('(')[0].lower()} entries"
        if dtype in (nw.Categorical, nw.Enum):
            # pandas keeps an order in any case; that of a Categorical of polars is the order in which it met them.
            kept = getattr(getattr(series.to_native(), "cat", None), "categories", ())
            order: Any = getattr(dtype, "categories", kept)
            return Categories(series.to_list(), list(order), what)
        return what if dtype.is_nested() else series.to_numpy()

    index = nw.maybe_get_index(frame)
    if index is not None and type(index).__name__ == "RangeIndex" and (index.start, index.step) == (0, 1):
        index = None  # the rows' positions, which would take memory for nothing
    return Table(
        n_rows=len(frame),
        columns=[column(series) for series in frame.iter_columns()],
        names=tuple(str(name) for name in frame.columns),
        index=None if index is None else np.asarray(index),
    )


def _open_data_array(X: Any, argument: str) -> Table:
    table = _open_array(X.values, argument)
    names = None
    if X.ndim == 1 and X.name is not None:
        names = (str(X.name),)
    elif X.ndim == 2 and X.dims[1] in X.coords:
        names = tuple(str(name) for name in X.coords[X.dims[1]].values)
    index = X.coords[X.dims[0]].values if X.dims[0] in X.coords else None
    return replace(table, names=names, index=index)


def _open_array(X: Any, argument: str) -> Table:
    array = _masked_to_none(X) if isinstance(X, np.ma.MaskedArray) else _as_array(X, argument)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{argument} must be two-dimensional, rows by columns; its shape is {array.shape}. "
            f"Reshape it, for example {argument}.reshape(len({argument}), -1)."
        )
    columns = list(array.T) if array.ndim == 2 else [array]
    return Table(len(array), columns)


def _masked_to_none(X: np.ma.MaskedArray) -> np.ndarray:
    """Masked means missing: as None it is refused further on, with its place."""
    array = np.ma.getdata(X)
    mask = np.ma.getmaskarray(X)
    if not mask.any():
        return array
    array = array.astype(object)
    array[mask] = None
    return array


def _as_array(X: Any, argument: str) -> np.ndarray:
    if hasattr(X, "toarray"):
        raise TypeError(f"{argument} is a sparse array: make it dense with {argument}.toarray().")
    wanted = f"{argument} must be rows of numbers (an array, list of lists, data frame or DataArray)"
    try:
        array = np.asarray(X)
        if array.dtype.kind in "US" and isinstance(X, (list, tuple)):
            array = np.asarray(X, dtype=object)  # one text in a list makes all of it text
    except TypeError as error:
        raise TypeError(f"{wanted}; got {type(X).__name__}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{wanted}{_uneven(X) or f': {error}'}") from error
    if array.ndim == 0:
        made = f"; make one with pandas.DataFrame({argument})" if isinstance(X, Mapping) else ""
        raise TypeError(f"{wanted}; got {type(X).__name__}{made}.")
    return array


def _uneven(X: Any) -> str:
    """Where rows of different lengths begin."""
    lengths = [len(row) if hasattr(row, "__len__") else 1 for row in X]
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is None:
        return ""
    return (
        f", but row 0 has {lengths[0]} values and row {odd} has {lengths[odd]} ({FROM_ZERO}). Give every row the "
        "same number of values."
    )


def _repeats_names(argument: str, names: list[str]) -> ValueError:
    return ValueError(
        f"{argument} repeats column names: {listed(names)}. Rename or leave out columns, so that "
        "each name appears once."
    )
