"""The page that the documentation shows: sections, each put in its place when it has been measured."""

import inspect
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.asked import ASKED, Asked, Verdict, asked_of, spread
from benchmarks.tables import Table, size_text
from tests.fingerprint import fingerprint

RECORDS = Path(__file__).parents[1] / "docs" / "benchmarks.json"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

HEAD = """\
# Benchmarks

bayesmix and its peers side by side: the same data, model, priors and (but for whole fits) start, each in its own
fastest sensible configuration, measured in one run and in turn (A, B, A, B, ...). A ratio is how many times as long
the peer takes (for effective sample sizes: how many times as many bayesmix gets a second); the median of the rounds'
ratios is followed by their range. "asked" is the figure that bayesmix set itself, and says whether the median reaches
it. What each peer was given stands in the docstring of its module in `benchmarks/peers`.

Rows are simulated from Gaussian mixtures whose closest means are five standard deviations apart, unless a section says
otherwise. Kernels and EM have one thread on every side and are timed by processor time; samplers have two cores and are
timed on the wall.

`uv run --group bench python -m benchmarks` writes this page; with `--quick` it takes three minutes and a part of the
rows, with `--only em` it measures one section and leaves the others as they are.

```{age} benchmarks
```
"""


def record_of(section: ModuleType, tables: Sequence[Table], quick: bool) -> dict[str, Any]:
    """A section as it is kept: its code, when it was measured, its text, and what was measured of the figures asked."""
    said = inspect.cleandoc(section.__doc__ or "").replace("``", "`")
    when = f"*Measured on {datetime.now(UTC):%Y-%m-%d} in a {'quick' if quick else 'full'} run.*"
    cells = [cell for table in tables for row in table.rows for cell in row]
    return {
        "title": section.TITLE,
        "code": fingerprint(section.__name__),
        "text": "\n\n".join([when, said, *(table.markdown() for table in tables)]),
        "figures": [
            {"what": one.asked.what, "size": one.asked.size, "against": one.asked.against, "measured": one.measured}
            for one in cells
            if isinstance(one, Verdict)
        ],
    }


def verdicts(records: Iterable[dict[str, Any]]) -> dict[Asked, Verdict]:
    """What was measured of each figure that is asked, in their order; a figure that is asked no more is left out."""
    found = {}
    for one in (figure for record in records for figure in record["figures"]):
        if asked := asked_of(one["what"], tuple(one["size"]), one["against"]):
            found[asked] = Verdict(asked, tuple(one["measured"]))
    return {asked: found[asked] for asked in ASKED if asked in found}


def summary(records: Iterable[dict[str, Any]]) -> str:
    """Every figure that is asked, what was measured, and whether it is reached."""
    found = verdicts(records)
    rows = [
        (asked.what, size_text(asked.size), asked.against, spread(one.measured), one) for asked, one in found.items()
    ]
    missing = [
        f"{asked.what} {size_text(asked.size)}" + (f" against {asked.against}" if asked.against else "")
        for asked in ASKED
        if asked not in found
    ]
    note = f"Not measured, or void: {'; '.join(missing)}." if missing else ""
    table = Table(("what", "(N, D, K)", "against", "measured (range)", "asked"), rows, note)
    reached = sum(one.reached for one in found.values())
    return f"## In short\n\n{reached} of {len(ASKED)} figures are reached.\n\n{table.markdown()}"


def page_text(records: Iterable[dict[str, Any]]) -> str:
    """The whole page."""
    records = list(records)
    sections = [f"## {record['title']}\n\n{record['text']}" for record in records]
    return "\n\n".join([HEAD.strip(), summary(records), *sections]) + "\n"


def read_records() -> dict[str, dict[str, Any]]:
    """What was measured until now, by section."""
    return json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}


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
