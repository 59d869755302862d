"""The first use on a machine compiles kernels and keeps them; whoever watches is told why it takes so long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

from bayesmix.progress import is_shown_or_silenced, is_watched, notices

SENTENCE = "Compiling for this machine, which takes up to a few minutes. It is kept: later runs begin at once."


class _Compiling(event.Listener):
    """Hears of every function that Numba did not find in its cache; tells of the first one."""

    reported = False  # in this process

    def __init__(self, tell: Callable[[str], None]):
        self._tell = tell

    def on_start(self, event: Any) -> None:
        function = event.data["dispatcher"]
        # What has no cache, such as a model that PyTensor compiles, is compiled on later uses too.
        kept = function.py_func.__module__.startswith("bayesmix.") and function.stats.cache_path is not None
        if kept and not _Compiling.reported:
            _Compiling.reported = True
            self._tell(SENTENCE)

    def on_end(self, event: Any) -> None:
        """What is compiled is kept by Numba."""


@contextmanager
def compiling_told_by(tell: Callable[[str], None]) -> Iterator[None]:
    """While something lasts, tell when kernels are compiled and not loaded: once in a process."""
    with event.install_listener("numba:compile", _Compiling(tell)):
        yield


@contextmanager
def compiling_shown(shown: bool | None) -> Iterator[None]:
    """Tell so on standard error or in a notebook, as progress does; None: where somebody watches."""
    if shown is False or (shown is None and not is_watched()) or is_shown_or_silenced():
        yield
        return
    with notices() as tell, compiling_told_by(tell):
        yield
