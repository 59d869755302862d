"""How many threads work may use: small work one, and blocks of rows all."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache, reduce
from itertools import chain, islice
from operator import add
from typing import Any, Self

from threadpoolctl import ThreadpoolController, threadpool_limits


def one_blas_thread() -> AbstractContextManager:
    """A context in which BLAS works in the calling thread alone.

    The matrices of a mixture's parameters are small: handing them to other threads costs more than the product, and
    tens of times more where those threads wait for a busy machine.
    """
    return _blas().limit(limits=1)


def one_openmp_thread() -> AbstractContextManager:
    """A context in which OpenMP works in the calling thread alone.

    Threads that wait for each other after a few hundred rows spend more on waiting than on rows: a hundred times as
    much where the machine is busy. Libraries that were loaded before are the ones that heed it.
    """
    return threadpool_limits(limits=1, user_api="openmp")


@cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of this process: NumPy's and SciPy's, which are looked for once (it takes milliseconds)."""
    return ThreadpoolController().select(user_api="blas")


class Threads:
    """Threads for compiled work on blocks of rows: a context, which ends them. None begins before there are two blocks.

    Parameters
    ----------
    cores : int, optional
        So many at once; None: as many as this process may use.

    Raises
    ------
    ValueError
        If it is no whole number of at least 1.
    """

    def __init__(self, cores: int | None = None):
        if cores is not None and (isinstance(cores, bool) or not isinstance(cores, int) or cores < 1):
            raise ValueError(f"cores must be a whole number of at least 1, or None for all, not {cores!r}")
        self.cores = cores or _usable()
        self._pool = ThreadPoolExecutor(self.cores) if self.cores > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def in_order[Item, Result](self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """What the work makes of each item, in the order of the items, whoever is done first.

        Few items are taken ahead of the results, so that memory does not grow with their number. A single one is worked
        on here.
        """
        coming = iter(items)
        first = list(islice(coming, 2))
        if self._pool is None or len(first) < 2:
            yield from map(work, chain(first, coming))
            return
        waiting: deque[Future[Result]] = deque()
        try:
            for item in chain(first, coming):
                waiting.append(self._pool.submit(work, item))
                if len(waiting) > 2 * self.cores:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


def summed(work: Callable[[Any], Any], items: Iterable[Any], threads: Threads | None = None) -> Any:
    """The sum of what the work makes of each item, added in the order of the items: the same bits on any threads."""
    return reduce(add, map(work, items) if threads is None else threads.in_order(work, items))


def _usable() -> int:
    """Cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1
