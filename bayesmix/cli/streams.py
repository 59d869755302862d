"""Streams whose reader has seen enough."""

import io
import os
from typing import Any


def let_go(stream: Any) -> None:
    """Write into nothing from now on, so that the work goes on, and Python does not try again when it ends."""
    if isinstance(stream, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
