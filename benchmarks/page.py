"""The page that the documentation shows, written whole through a temporary name."""

import inspect
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from benchmarks.tables import Table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

HEAD = """\
# Benchmarks

bayesmix and its peers side by side: the same data, model, priors and start, each in its own fastest sensible
configuration, measured in one run and in turn (A, B, A, B, ...). A ratio is how many times as long the peer takes (for
effective sample sizes: how many times as many bayesmix gets a second); the median of the rounds' ratios is followed by
their range. "asked" repeats the figure that bayesmix set itself and says whether it is reached. What each peer was
given stands in the docstring of its module in `benchmarks/peers`.

Rows are simulated from Gaussian mixtures whose closest means are five standard deviations apart, unless a table says
otherwise. Kernels and EM have one thread on every side and are timed by processor time; samplers have two cores and are
timed on the wall.

`uv run --group bench python -m benchmarks` writes this page (`--quick` takes three minutes and a part of the rows,
`--only em` one section).
"""


def section_text(section: ModuleType, tables: Sequence[Table]) -> str:
    """A section: its title, what it says of itself, its tables."""
    said = inspect.cleandoc(section.__doc__ or "").replace("``", "`")
    return "\n\n".join([f"## {section.TITLE}", said, *(table.markdown() for table in tables)])


def page_text(parts: Sequence[str], machine: Table, quick: bool) -> str:
    """The whole page."""
    kind = "a quick run" if quick else "a full run"
    measured = f"Measured on {datetime.now(UTC):%Y-%m-%d} in {kind}.\n\n{machine.markdown()}"
    return "\n\n".join([HEAD + "\n" + measured, *parts]) + "\n"


def write(text: str, path: Path) -> None:
    """Write it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
