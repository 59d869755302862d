"""What the surroundings may not do to the work: how NumPy takes overflow, and where an interruption falls.

Python raises what a signal's handler raises (KeyboardInterrupt for Ctrl-C) between two instructions of its own.
Compiled code has none of these, but for every array that it returns Numba calls a function written in Python
(``numba.core.serialize._numba_unpickle``, from ``boxing.box_array``), and does not look whether it raised. An
interruption that came during the compiled call falls just there; the call returns a result all the same, and Python
makes of the two a SystemError, "returned a result with an exception set", whose cause is what was meant.

An exception that falls into a callback whose caller cannot hear of it (the garbage collector's, LLVM's, a finaliser)
is written to standard error and forgotten by Python: an interruption is made once more, a moment later.
"""

import _thread
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import _LazyModule, find_spec  # pyright: ignore[reportAttributeAccessIssue]: missing from its stubs
from typing import Any

import numpy as np

_MOMENT = 0.01  # seconds: a callback of the garbage collector has ended by then


@contextmanager
def sheltered() -> Iterator[None]:
    """A context, or a decorator, for work that calls compiled code.

    What a signal's handler raises, it raises here too. NumPy treats overflow, division by zero and the like as it does
    by default: whoever lets them raise in his own code does not thereby change this package's.
    """
    leave_jax_alone()
    with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"), _no_interruption_lost():
        try:
            yield
        except SystemError as error:
            meant = _meant_by(error)
            if meant is error:
                raise
            raise meant.with_traceback(error.__traceback__) from None


def _meant_by(error: BaseException) -> BaseException:
    """What was raised while compiled code handed over its results, or the error itself."""
    cause = error
    while isinstance(cause, SystemError) and "with an exception set" in str(cause) and cause.__cause__ is not None:
        cause = cause.__cause__
    return cause


@contextmanager
def _no_interruption_lost() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # where no signal is handled
        yield
        return
    outer = sys.unraisablehook

    def again(ignored: Any) -> None:
        if isinstance(ignored.exc_value, KeyboardInterrupt):
            threading.Timer(_MOMENT, _thread.interrupt_main).start()
        else:
            outer(ignored)

    sys.unraisablehook = again
    try:
        yield
    finally:
        if sys.unraisablehook is again:
            sys.unraisablehook = outer


@cache
def leave_jax_alone() -> None:
    """Keep SciPy from importing JAX, where it is installed, to learn that NumPy's arrays are none of JAX's.

    SciPy's ``logsumexp``, which ArviZ calls too, keeps the answer for each type of array.
    """
    if "jax" not in sys.modules and find_spec("jax") is None:  # asking a lazy module would load it
        return
    from scipy.special import logsumexp

    with jax_out_of_sight():
        logsumexp(np.zeros(2))


@contextmanager
def jax_out_of_sight() -> Iterator[None]:
    """A context in which nobody imports JAX, which takes a second, to learn that an array is none of JAX's.

    ArviZ leaves a module ``jax`` that is loaded when it is first asked for anything, and SciPy and matplotlib ask it.
    Where there is none the answer is no.
    """
    unloaded = {name: module for name, module in sys.modules.items() if name == "jax" and type(module) is _LazyModule}
    for name in unloaded:
        del sys.modules[name]
    try:
        yield
    finally:
        for name, module in unloaded.items():
            sys.modules.setdefault(name, module)
