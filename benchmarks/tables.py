"""Markdown tables."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table with a heading and, below it, what a reader must know."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str = ""

    def markdown(self) -> str:
        """The table, padded so that it reads well as plain text too."""
        cells = [list(self.columns), *([str(cell).replace("|", "\\|") for cell in row] for row in self.rows)]
        if any(len(row) != len(self.columns) for row in cells):
            raise ValueError("every row of a table needs a cell for each column")
        widths = [max(3, *(len(row[j]) for row in cells)) for j in range(len(self.columns))]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in cells
        ]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(lines) + (f"\n\n{self.note}" if self.note else "")


def size_text(size: Sequence[int]) -> str:
    """``(10^4, 2, 3)`` for powers of ten, digits otherwise."""
    n_rows, *rest = size
    digits = str(n_rows)
    power = len(digits) - 1
    first = f"10^{power}" if power > 3 and n_rows == 10**power else digits
    return f"({', '.join([first, *map(str, rest)])})"


def seconds_text(seconds: float) -> str:
    """A duration with a unit that leaves one to three digits before the point."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            return f"{seconds * factor:.3g} {unit}" if seconds * factor < 1000 else f"{seconds * factor:.0f} {unit}"
    raise AssertionError("µs takes the rest")
