"""How the messages name columns, and places in a table: the first few, and how many more."""

from collections.abc import Sequence

import numpy as np

SHOWN = 5


def and_more(count: int) -> str:
    """Say how many of `count` things the first few leave out."""
    return f" and {count - SHOWN} more" if count > SHOWN else ""


def counted(count: int, thing: str) -> str:
    """Say "1 row" or "2 rows"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def listed(names: Sequence[str]) -> str:
    """Name the first few columns."""
    return ", ".join(repr(name) for name in names[:SHOWN]) + and_more(len(names))


def selection(argument: str, names: Sequence[str]) -> str:
    """Write the expression that picks these columns out of a data frame."""
    more = ", ..." if len(names) > 2 * SHOWN else ""
    return f"{argument}[[{', '.join(repr(name) for name in names[: 2 * SHOWN])}{more}]]"


def places(wrong: np.ndarray, features: Sequence[str], obs: np.ndarray) -> str:
    """Name the first few true entries of an (N, D) mask by row, row label and column."""

    def place(row: int, column: int) -> str:
        label = str(obs[row]) if obs.dtype.kind == "M" else obs[row].item()
        called = "" if label == row else f" (index {label!r})"
        return f"row {row}{called}, column {features[column]!r}"

    shown = np.argwhere(wrong)[:SHOWN].tolist()
    return "; ".join(place(*where) for where in shown) + and_more(int(wrong.sum()))
