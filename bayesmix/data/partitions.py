"""Rows of a Dask collection: chunks of an array or partitions of a data frame, wherever its scheduler keeps them.

This module alone knows Dask. Work goes to the rows, and what comes back is small: sums, and one sample. Partitions are
counted, and their sums added, in the collection's order, whoever works on them and however often: a worker that dies
changes nothing.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from operator import add
from typing import Any, ClassVar, override

import numpy as np

from bayesmix.data.blocks import Blocks, InMemory
from bayesmix.data.columns import Column
from bayesmix.data.moments import Spread, factor_of_triangles, triangle_of
from bayesmix.data.reading import read_rows
from bayesmix.data.source import SAMPLE, SEED, Look, Source, is_dask
from bayesmix.data.words import visible
from bayesmix.threads import Threads


def source_of(X: Any) -> Source | None:
    """Where the rows lie, of a file or a Dask collection; None of rows in memory."""
    if isinstance(X, Source):
        return X
    return Partitions(X) if is_dask(X) else None


class Partitions(Source):
    """The rows of a Dask array (N, D) or data frame.

    Parameters
    ----------
    X : dask.array.Array, dask.dataframe.DataFrame or Series

    Raises
    ------
    TypeError
        If it is another collection.
    ValueError
        If it is no table.
    """

    to_hold_them: ClassVar[str] = "such as with X.compute()"

    def __init__(self, X: Any):
        what = type(X).__name__
        if what not in ("Array", "DataFrame", "Series"):
            raise TypeError(
                f"X is a Dask {what}, which is no table: give a Dask array of two dimensions or data frame."
            )
        self.named = hasattr(X, "map_partitions")  # a frame and no array
        if self.named:
            X = X if hasattr(X, "columns") else X.to_frame()
            names = tuple(visible(str(name)) for name in X.columns)
        else:
            X = X[:, None] if X.ndim == 1 else X
            if X.ndim != 2:
                raise ValueError(f"X is a Dask array of {X.ndim} dimensions: rows and columns are two.")
            X = X.rechunk({1: -1})  # a row lies in one chunk
            names = tuple(f"x{j}" for j in range(X.shape[1]))
        self.name, self.columns, self._collection = "X, a Dask collection,", names, X
        self._parts = np.ravel(X.to_delayed()).tolist()
        self._n_rows: list[int] = []

    @override
    def look(self) -> Look:
        firsts = self._of_parts(_moments)
        if not any(n_rows for n_rows, *_ in firsts):
            raise ValueError(f"X has no rows: each of its {len(firsts)} partitions is empty.")
        spread = Spread(len(self.columns))
        for _, one, *_ in firsts:
            spread.join(one)
        self._n_rows = [n_rows for n_rows, *_ in firsts]
        n_rows, ends = sum(self._n_rows), np.cumsum(self._n_rows)
        scale = np.where(spread.scale > 0, spread.scale, 1.0)
        rng = np.random.default_rng(SEED)
        drawn = np.sort(rng.choice(n_rows, min(SAMPLE, n_rows), replace=False))
        each = np.split(drawn, np.searchsorted(drawn, ends[:-1]))
        places = [some - (end - n) for some, end, n in zip(each, ends, self._n_rows, strict=True)]
        seconds = self._of_parts(partial(_triangle_and_some, spread.centre, scale), places)
        there = n_rows > len(self.columns) and bool((spread.scale > 0).all())
        triangles = [triangle for triangle, _ in seconds]
        return Look(
            n_rows,
            spread.centre,
            spread.scale,
            np.min([low for *_, low, _ in firsts], axis=0),
            np.max([high for *_, high in firsts], axis=0),
            rng.permutation(np.concatenate([some for _, some in seconds])),
            factor_of_triangles(triangles, n_rows) if there else np.eye(len(self.columns)),
        )

    @override
    def blocks(self, n_rows: int) -> Blocks:
        return _Blocks(self, n_rows)

    @override
    def each(
        self,
        work: Callable[[np.ndarray], np.ndarray],
        kind: type,
        names: Sequence[str] = (),
        threads: Threads | None = None,
    ) -> Any:
        """A Dask collection again, of which nothing is made before somebody asks for it."""
        X, of_part = self._collection, partial(_each_row, work, self._known, kind, tuple(names))
        if self.named:
            import pandas as pd

            meta = pd.DataFrame(columns=[*names], dtype=kind) if names else pd.Series(dtype=kind)
            return X.map_partitions(of_part, meta=meta)
        if names:
            return X.map_blocks(of_part, dtype=kind, chunks=(X.chunks[0], (len(names),)), meta=np.empty((0, 0), kind))
        return X.map_blocks(of_part, dtype=kind, drop_axis=1, meta=np.empty(0, kind))

    def summed(self, work: Callable[[np.ndarray], Any]) -> Any:
        """The sum of what the work makes of blocks of rows, added up where they lie and then here."""
        sums = self._of_parts(partial(_sum, work), self._n_rows)
        return reduce(add, (one for one in sums if one is not None))

    @property
    def _known(self) -> tuple[Column, ...]:
        return tuple(map(Column, self.columns))

    def _of_parts(self, work: Callable[..., Any], own: Sequence[Any] | None = None) -> tuple[Any, ...]:
        """What the work makes of the rows of each partition, with something of its own."""
        import dask

        # The work, with the parameters in it, is one node of the graph: it travels once, and not with every partition.
        place = "partitions" if self.named else "blocks"
        shared = dask.delayed(partial(_of_part, work, self._known, place), pure=False)
        call = dask.delayed(_call, pure=False)
        owned = [()] * len(self._parts) if own is None else [(one,) for one in own]
        return dask.compute(
            *(
                call(shared, part, number, *one)
                for number, (part, one) in enumerate(zip(self._parts, owned, strict=True))
            )
        )


class _Blocks:
    """See :class:`bayesmix.data.blocks.Blocks`; the scheduler has threads of its own."""

    def __init__(self, partitions: Partitions, n_rows: int):
        self._partitions, self.n_rows = partitions, n_rows

    def summed(self, work: Callable[[np.ndarray], Any], threads: Threads | None = None) -> Any:
        return self._partitions.summed(work)


# What workers do


def _call(work: Callable[..., Any], *given: Any) -> Any:
    return work(*given)


def _of_part(work: Callable[..., Any], known: tuple[Column, ...], place: str, part: Any, number: int, *own: Any) -> Any:
    return work(_values(part, known, f"X.{place}[{number}]"), *own)


def _values(part: Any, known: tuple[Column, ...], argument: str) -> np.ndarray:
    """The checked rows of a partition, where they lie."""
    if len(part) == 0:
        return np.empty((0, len(known)))
    return read_rows(part, argument=argument, columns=known, copy=False).values


def _moments(values: np.ndarray) -> tuple[int, Spread, np.ndarray, np.ndarray]:
    spread = Spread(values.shape[1])
    for block in InMemory(values):
        spread.add(block)
    low, high = np.min(values, axis=0, initial=np.inf), np.max(values, axis=0, initial=-np.inf)
    return len(values), spread, low, high


def _triangle_and_some(
    centre: np.ndarray, scale: np.ndarray, values: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return triangle_of(values, centre, scale), np.array(values[places], dtype=float)


def _sum(work: Callable[[np.ndarray], Any], values: np.ndarray, n_rows: int) -> Any:
    if len(values) != n_rows:
        raise ValueError(f"A partition of X had {n_rows:,} rows before, and has {len(values):,} now.")
    return InMemory(values).summed(work) if n_rows else None


def _each_row(
    work: Callable[[np.ndarray], np.ndarray], known: tuple[Column, ...], kind: type, names: tuple[str, ...], part: Any
) -> Any:
    shape = (0, len(names)) if names else (0,)
    made = work(_values(part, known, "X")) if len(part) else np.empty(shape)
    made = made.astype(kind, copy=False)
    if not hasattr(part, "index"):
        return made
    import pandas as pd

    return pd.DataFrame(made, index=part.index, columns=[*names]) if names else pd.Series(made, index=part.index)
