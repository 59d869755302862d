"""Standard streams that are closed, and those whose reader has seen enough."""

import io
import os
import sys
from typing import Any


def open_all() -> None:
    """Open nothing in the place of every standard stream that is closed, so that the work goes on without it.

    Under its own number too: the next file that is opened would get it, and what a library written in C says of an
    error would be written into the user's file.
    """
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))


def let_go(stream: Any) -> None:
    """Write into nothing from now on, so that the work goes on, and Python does not try again when it ends."""
    if isinstance(stream, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
