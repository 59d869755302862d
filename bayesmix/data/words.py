"""How columns, rows and places in a table are named: the first few, and how many more."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

SHOWN = 5
# Said wherever a row is called by its position.
FROM_ZERO = "counting from 0"


# Categories of characters that are seen as nothing, steer a terminal or cannot be written as UTF-8 (control characters,
# half characters, breaks of lines), and those that turn the text beside them around.
_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# What XML, and so SVG, cannot hold besides.
_NO_CHARACTERS = frozenset("\ufffe\uffff")


def visible(text: str) -> str:
    r"""Write a name so that it shows what it holds: a control character as Python would write it, ``\x1b``.

    Names come from files of others too, and are shown in terminals, pages and pictures; every name goes through here
    where it enters: columns, row labels and units at the gate, and what a loaded tree or adopted draws bring.
    """
    if text.isprintable():
        return text
    return "".join(repr(mark)[1:-1] if _is_hidden(mark) else mark for mark in text)


def visible_within(value: Any) -> Any:
    """Plain data of JSON, with every text and every key in it made visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [visible_within(part) for part in value]
    if isinstance(value, dict):
        return {visible(name): visible_within(part) for name, part in value.items()}
    return value


def _is_hidden(mark: str) -> bool:
    return unicodedata.category(mark) in _HIDDEN or mark in _TURNING or mark in _NO_CHARACTERS


def and_more(count: int) -> str:
    """Say how many of `count` things the first few leave out."""
    return f" and {count - SHOWN} more" if count > SHOWN else ""


def counted(count: int, thing: str) -> str:
    """Say "1 row" or "2 rows"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def joined(parts: Sequence[object], last: str = "and") -> str:
    """``a, b and c``."""
    texts = [str(part) for part in parts]
    return f"{', '.join(texts[:-1])} {last} {texts[-1]}" if len(texts) > 1 else "".join(texts)


def is_run(numbers: Sequence[int]) -> bool:
    """Whether these are three or more whole numbers that count upwards by one."""
    return len(numbers) > 2 and all(b - a == 1 for a, b in pairwise(numbers))


def spanned(numbers: Sequence[int]) -> str:
    """``2 to 5``, or ``2 or 4`` where it is no run."""
    return f"{numbers[0]} to {numbers[-1]}" if is_run(numbers) else joined(numbers, "or")


def listed(names: Sequence[str]) -> str:
    """Name the first few columns."""
    return ", ".join(repr(name) for name in names[:SHOWN]) + and_more(len(names))


def selection(argument: str, names: Sequence[str]) -> str:
    """Write the expression that picks these columns out of a data frame."""
    more = ", ..." if len(names) > 2 * SHOWN else ""
    return f"{argument}[[{', '.join(repr(name) for name in names[: 2 * SHOWN])}{more}]]"


def row_name(name: Any) -> str:
    """Return a row's name as text: a time without needless zeros."""
    if isinstance(name, np.datetime64):
        return str(np.datetime_as_string(name, unit="auto"))
    return str(name)


def places(wrong: np.ndarray, features: Sequence[str], obs: np.ndarray) -> str:
    """Name the first few true entries of an (N, D) mask by row, row label and column."""

    def place(row: int, column: int) -> str:
        label = str(obs[row]) if obs.dtype.kind == "M" else obs[row].item()
        called = "" if label == row else f" (index {label!r})"
        return f"row {row}{called}, column {features[column]!r}"

    shown = np.argwhere(wrong)[:SHOWN].tolist()
    return "; ".join(place(*where) for where in shown) + and_more(int(wrong.sum())) + f" (rows {FROM_ZERO})"
