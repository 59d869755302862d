"""``python -m benchmarks.readme``: the README's table of measured figures, from the records of the benchmarks."""

from pathlib import Path

import numpy as np

from benchmarks.asked import FEW_ROWS, LONG, MANY_UNKNOWNS, MIDDLE, SMALL, Size, asked_of, three_digits
from benchmarks.page import read_records, verdicts, write

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- measured: python -m benchmarks.readme -->\n", "<!-- end of measured -->"

# What the README says of a figure, in a stranger's words.
FIGURES: tuple[tuple[str, str, str, Size, str], ...] = (
    ("an EM iteration, 10^6 rows, 4 columns, 8 groups", "scikit-learn", "EM iteration, full", LONG, "scikit-learn"),
    ("the same", "mclust (Fortran)", "EM iteration, full", LONG, "mclust"),
    ("a whole EM fit from 10 starts, 10^4 rows", "scikit-learn", "whole fit", SMALL, "scikit-learn"),
    ("10^5 rows, 10 columns, 10 groups", "scikit-learn", "whole fit", MIDDLE, "scikit-learn"),
    (
        "log density and gradient, 1000 rows",
        "PyMC, its fastest form",
        "log density and gradient",
        FEW_ROWS,
        "textbook PyMC, best of Numba and JAX",
    ),
    (
        "10^4 rows, 10 columns, 5 groups",
        "PyMC, its fastest form",
        "log density and gradient",
        MANY_UNKNOWNS,
        "textbook PyMC, best of Numba and JAX",
    ),
    (
        "effective draws a second, 1000 rows",
        "PyMC with nutpie",
        "smallest ESS per second",
        FEW_ROWS,
        "textbook PyMC, nutpie as it comes",
    ),
    ("the same", "NumPyro", "smallest ESS per second", FEW_ROWS, "NumPyro"),
    ("the same", "Stan", "smallest ESS per second", FEW_ROWS, "Stan"),
    (
        "from the call to the posterior, 1000 rows",
        "PyMC with nutpie",
        "call to result",
        FEW_ROWS,
        "textbook PyMC, nutpie as it comes",
    ),
)


def table() -> str:
    """The table: medians of what was measured; a figure that was not measured is left out."""
    found = verdicts(read_records().values())
    lines = ["| | beside | times as fast |", "| --- | --- | --- |"]
    for words, peer, what, size, against in FIGURES:
        asked = asked_of(what, size, against)
        if asked in found:
            lines.append(f"| {words} | {peer} | {three_digits(float(np.median(found[asked].measured)))} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Put the table in its place."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    write(f"{before}{BEGIN}\n{table()}\n{END}{after}", README)


if __name__ == "__main__":
    main()
