"""Models side by side, in threads: each comes out as soon as it is finished, and an interruption reaches all of them.

Kernels and samplers work without Python's lock, and what is compiled for one model is there for the next.
"""

import ctypes
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextvars import copy_context

from bayesmix.shelter import sheltered
from bayesmix.threads import one_blas_thread

_MOMENT = 0.2  # seconds between two looks at what is being done


def at_once[Item, Result](
    work: Callable[[Item, Callable[[str], None]], Result],
    items: Sequence[Item],
    n_threads: int,
    tell: Callable[[list[str]], None],
) -> Iterator[tuple[Item, Result]]:
    """Items with their results, in the order in which they are finished.

    Parameters
    ----------
    work : callable
        Takes an item and a function to call at each stage. Its result may depend on nothing else.
    items : sequence
    n_threads : int
        With one all is done in this thread.
    tell : callable
        Told the stages at which the items are that are being worked on.
    """
    if n_threads == 1 or len(items) < 2:
        for item in items:
            yield item, work(item, lambda stage: tell([stage]))
        return
    stages = _Stages()
    # What single threads put back at their end, the filters of warnings and the threads of BLAS, is put back once more.
    with warnings.catch_warnings(), one_blas_thread(), ThreadPoolExecutor(n_threads) as threads:
        pending = {threads.submit(copy_context().run, stages.of, work, item): item for item in items}
        try:
            while pending:
                tell(stages.now)
                done, _ = wait(pending, _MOMENT, FIRST_COMPLETED)
                for one in [one for one in pending if one in done]:
                    yield pending.pop(one), one.result()
        except KeyboardInterrupt:  # what was finished, but not seen yet, counts
            for one in [one for one in pending if one.done() and one.exception() is None]:
                yield pending.pop(one), one.result()
            raise
        finally:
            for one in pending:
                one.cancel()
            stages.stop()


class _Stages:
    """What threads are at, and how they are stopped."""

    def __init__(self):
        self._lock, self._stopped = threading.Lock(), False
        self._at: dict[int, str] = {}  # by thread

    @property
    def now(self) -> list[str]:
        return list(self._at.values())

    def of[Item, Result](self, work: Callable[[Item, Callable[[str], None]], Result], item: Item) -> Result:
        """Work on an item in this thread."""
        me = threading.get_ident()
        try:
            with sheltered():
                self._report("")
                return work(item, self._report)
        finally:
            with self._lock:
                self._at.pop(me, None)

    def stop(self) -> None:
        """Interrupt every thread as Ctrl-C does the main one: at its next step in Python."""
        with self._lock:
            self._stopped = True
            for thread in self._at:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt))

    def _report(self, stage: str) -> None:
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            self._at[threading.get_ident()] = stage
