"""Tables for the terminal, which go on below where it is too narrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# What rich puts between two columns.
_BETWEEN = 3


@dataclass(frozen=True)
class Column:
    """A heading and its cells."""

    heading: str
    cells: Sequence[str | Text]
    justify: Literal["left", "right"] = "right"

    @property
    def width(self) -> int:
        """Characters of the widest cell."""
        return max(cell_len(str(text)) for text in (self.heading, *self.cells))


def show_columns(
    console: Console, keys: Sequence[Column], columns: Sequence[Column], styles: Sequence[str] | None = None
) -> None:
    """Print a table; the columns for which there is no room follow below it, beside the same keys."""
    left = list(columns)
    while left:
        taken = [left.pop(0)]
        while left and width_of([*keys, *taken, left[0]]) <= console.width:
            taken.append(left.pop(0))
        grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        shown = [*keys, *taken]
        for column in shown:
            grid.add_column(Text(column.heading), justify=column.justify, overflow="fold")
        for i in range(len(keys[0].cells)):
            cells = (column.cells[i] for column in shown)
            texts = [cell if isinstance(cell, Text) else Text(cell) for cell in cells]
            grid.add_row(*texts, style=None if styles is None else styles[i])
        console.print(grid)
        if left:
            console.print()


def width_of(columns: Sequence[Column]) -> int:
    """Characters of a table."""
    return sum(column.width for column in columns) + _BETWEEN * (len(columns) - 1)
