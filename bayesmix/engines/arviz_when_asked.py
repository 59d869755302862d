"""Lets nutpie be imported without ArviZ's plots, and matplotlib behind them, which a fit does not use."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


@contextmanager
def arviz_when_asked() -> Iterator[None]:
    """While nutpie is imported, give it in the place of ArviZ a module that loads ArviZ when it is asked for anything.

    nutpie needs ArviZ to convert draws, and we read them as they are (``chains``). The import of ArviZ takes a quarter
    of the time of a small fit by NUTS. Everybody else imports ArviZ itself.
    """
    if "arviz" in sys.modules:
        yield
        return

    def asked(name: str) -> Any:
        return getattr(import_module("arviz"), name)

    stand_in = ModuleType("arviz")
    stand_in.__dict__["__getattr__"] = asked
    sys.modules["arviz"] = stand_in
    try:
        yield
    finally:
        if sys.modules.get("arviz") is stand_in:
            del sys.modules["arviz"]
