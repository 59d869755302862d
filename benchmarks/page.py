"""The page that the documentation shows: sections, each put in its place when it has been measured."""

import inspect
import os
import re
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

Rows are simulated from Gaussian mixtures whose closest means are five standard deviations apart, unless a section says
otherwise. Kernels and EM have one thread on every side and are timed by processor time; samplers have two cores and are
timed on the wall.

`uv run --group bench python -m benchmarks` writes this page; with `--quick` it takes three minutes and a part of the
rows, with `--only em` it measures one section and leaves the others as they are.
"""


def section_text(section: ModuleType, tables: Sequence[Table], quick: bool) -> str:
    """A section: its title, when it was measured, what it says of itself, its tables."""
    said = inspect.cleandoc(section.__doc__ or "").replace("``", "`")
    when = f"*Measured on {datetime.now(UTC):%Y-%m-%d} in a {'quick' if quick else 'full'} run.*"
    return "\n\n".join([f"## {section.TITLE}", when, said, *(table.markdown() for table in tables)])


def sections_of(page: str) -> dict[str, str]:
    """The sections of a page by their titles."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0].removeprefix("## "): part.strip() for part in parts}


def page_text(sections: Sequence[str]) -> str:
    """The whole page."""
    return "\n\n".join([HEAD.strip(), *sections]) + "\n"


def with_sections(page: str, new: dict[str, str], order: Sequence[str]) -> str:
    """A page (or none, "") whose sections of the same title are replaced; in the order of the titles."""
    found = sections_of(page) | new
    return page_text([found[title] for title in order if title in found])


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
