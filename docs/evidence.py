"""The page of evidence: what was checked, against what, with which figure. No number on it is typed by hand.

``python -m docs.evidence`` makes the checks of every module in ``docs/sections.py``, keeps their figures in
``evidence.json`` and writes ``evidence.md``. With names of modules, or their beginnings (``tests.exact``), it makes
only these and what was never made; with ``--page`` none, so that new words, or a new
``tests/calibration/results.json``, take seconds.
"""

import argparse
import importlib
import json
import math
import platform
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.page import write
from benchmarks.tables import Table
from docs import calibration
from docs.figures import in_words, number, paragraph
from docs.sections import SECTIONS, Section
from tests.fingerprint import fingerprint

HERE = Path(__file__).parent
PAGE, RUNS = HERE / "evidence.md", HERE / "evidence.json"
DOORS = ("findings", "caught")  # the functions of which a module has one
FIGURES = ("figure", "allowed")
COUNT = re.compile(r"^\d+ (?=[a-z])")  # of what differs in number from case to case
PACKAGES = ("numpy", "numba", "pymc", "nutpie", "arviz")
# What these checks found is kept here; the others keep it themselves.
MODULES = tuple(name for section in SECTIONS for name in section.modules if section.body is None)

HEAD = """\
# Evidence

What was checked, against what, and with which figure. A program made the checks and wrote the figures down; none is
typed by hand. Every check is a test of the package, which fails where its figure is not allowed.

- Figures of posterior draws are distances in Monte Carlo standard errors, of both sides together where both were drawn.
  Among many of them that are right, the largest is still expected to be two or three. The limit is 5 and not 4: seeds
  are fixed, but every kind of processor rounds otherwise and so draws anew, and of some thousands of right figures one
  would lie beyond 4 on one new processor in ten. Every error that was planted lies beyond 5.
- Figures of numbers that are not drawn are differences next to the size of what is compared. Double precision rounds
  at about 10⁻¹⁶."""


# Written when the documentation is built, from the sources as they are then.
AGE = """\
```{age} evidence calibration
```"""

WHEN = """\
What is tested *at every change* must pass before a change lands, with the limits that stand here. Of what is tested *in
part*, a quick part is; the whole is tested *on demand*: `bash .ci/everything` makes every figure anew, runs all tests
and dates this page, once a week and before a release."""


def run(name: str) -> dict[str, Any]:
    """The lines of a module, when they were made, in how many seconds, from which code, and with which versions."""
    module = importlib.import_module(name)
    began = time.perf_counter()
    (door,) = (getattr(module, door) for door in DOORS if hasattr(module, door))
    lines = [{key: plain(value) for key, value in one._asdict().items()} for one in door()]
    seconds = round(time.perf_counter() - began, 1)
    versions = {"bayesmix": version("bayesmix"), "Python": platform.python_version()}
    versions |= {package: version(package) for package in PACKAGES}
    today, code = f"{datetime.now(UTC):%Y-%m-%d}", fingerprint(name)
    return {"on": today, "seconds": seconds, "code": code, "versions": versions, "lines": lines}


def as_json(runs: dict[str, Any]) -> str:
    """What was found, a finding a line."""
    modules = []
    for name, one in runs.items():
        about = json.dumps({key: value for key, value in one.items() if key != "lines"})
        lines = ",\n".join(f"  {json.dumps(line, ensure_ascii=False)}" for line in one["lines"])
        modules.append(f'{json.dumps(name)}: {about[:-1]}, "lines": [\n{lines}\n]}}')
    return "{\n" + ",\n".join(modules) + "\n}\n"


def plain(value: Any) -> str | float:
    """As JSON holds it."""
    return value if isinstance(value, str) else float(value)


def lines_of(section: Section, runs: dict[str, Any]) -> list[dict[str, Any]]:
    """What the modules of a section found."""
    return [line for name in section.modules for line in runs[name]["lines"]]


def section_text(section: Section, runs: dict[str, Any]) -> str:
    """A section as Markdown."""
    parts = [f"({section.anchor})=\n{'#' * section.level} {section.title}", section.words]
    if section.body is not None:
        parts.append(section.body())
    elif section.modules:
        parts.append((condensed if section.condensed else table_of)(lines_of(section, runs)))
    if section.modules:
        files = " ".join(f"{name.replace('.', '/')}.py" for name in section.modules)
        commands = section.commands or (f"uv run pytest -m 'not slow' {files}",)
        parts.append(f"Tested {section.tested}: " + ", then ".join(f"`{one}`" for one in commands))
    return "\n\n".join(parts)


def table_of(lines: Sequence[dict[str, Any]]) -> str:
    """A row for each line; what they begin with, up to a colon, is not said again in the next row."""
    first, second = columns_of(lines)
    rows, above = [], ""
    for line in lines:
        subject, detail = parts_of(line[first])
        rows.append(["" if subject == above else subject, detail, line[second], *figures(line)])
        above = subject
    if not any(row[1] for row in rows):
        return Table([first, second, *FIGURES], [[row[0], *row[2:]] for row in rows]).markdown()
    return Table([first, "", second, *FIGURES], rows).markdown()


def condensed(lines: Sequence[dict[str, Any]]) -> str:
    """A row for each kind of check, what comes after the colon: in how many cases, and the one nearest to its limit."""
    first, second = columns_of(lines)
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in lines:
        kind = COUNT.sub("", parts_of(line[first])[1])
        kinds.setdefault((kind, line[second]), []).append(line)
    rows = []
    for (kind, against), of_kind in kinds.items():
        worst = max(of_kind, key=share)
        case = parts_of(worst[first])[0] if worst["figure"] else ""
        rows.append([kind, against, str(len(of_kind)), case, *figures(worst)])
    table = Table(["checked", second, "cases", "nearest to its limit", *FIGURES], rows).markdown()
    cases = dict.fromkeys(parts_of(line[first])[0] for line in lines)
    names = "\n".join(f"- {case}" for case in cases)
    return f"{table}\n\n:::{{dropdown}} The {len(cases)} cases\n{names}\n:::"


def columns_of(lines: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """The names of the two columns of words."""
    first, second = (name for name in lines[0] if name not in FIGURES)
    return first, second


def parts_of(words: str) -> tuple[str, str]:
    """What comes before the last colon, and what after it."""
    subject, colon, detail = words.rpartition(": ")
    return (subject, detail) if colon else (detail, "")


def figures(line: dict[str, Any]) -> list[str]:
    """The last two columns."""
    return [number(line[name]) for name in FIGURES]


def share(line: dict[str, Any]) -> float:
    """A figure over what is allowed."""
    if line["allowed"]:
        return line["figure"] / line["allowed"]
    return math.inf if line["figure"] else 0.0


def summary(section: Section, runs: dict[str, Any]) -> tuple[int, str]:
    """Number of lines, and the one nearest to its limit."""
    if section.summary is not None:
        return section.summary()
    lines = lines_of(section, runs)
    if section.planted:
        caught = sum(line["figure"] > line["allowed"] for line in lines)
        return len(lines), "planted on purpose: " + ("all caught" if caught == len(lines) else f"{caught} caught")
    worst = max(lines, key=share)
    return len(lines), f"{number(worst['figure'])} of {number(worst['allowed'])}"


def page_text(runs: dict[str, Any]) -> str:
    """The whole page."""
    shown = [section for section in SECTIONS if section.modules]
    rows = [[f"[{one.title}](#{one.anchor})", *map(str, summary(one, runs)), one.tested] for one in shown]
    glance = Table(["checked", "lines", "nearest to its limit", "tested"], rows).markdown()
    parts = [HEAD, AGE, glance, WHEN, *(section_text(one, runs) for one in SECTIONS), how_made(runs)]
    return "\n\n".join(parts) + "\n"


def how_made(runs: dict[str, Any]) -> str:
    """Commands, dates and versions."""
    rows = [
        [f"`{name}`", runs[name]["on"], f"{runs[name]['seconds']:.0f}", runs[name].get("code", "not recorded")]
        for name in MODULES
    ]
    days = sorted(runs[name]["on"] for name in MODULES)
    versions = dict.fromkeys(in_words(runs[name]["versions"]) for name in MODULES)
    parts = [
        "## How this page was made",
        paragraph(
            "`uv run python -m docs.evidence` makes the checks again and writes this page; with the names of modules, "
            f"it makes theirs. The oldest figure is of {days[0]}, the newest of {days[-1]}; for calibration see there. "
            "A code is the hash of a module and of all that it imports, without words and layout. "
            f"Versions: {'; '.join(versions)}."
        ),
        Table(["module", "on", "seconds", "code"], rows).markdown(),
    ]
    return "\n\n".join(parts)


def main() -> None:
    """Make the checks that are asked for and write the page."""
    parser = argparse.ArgumentParser(prog="python -m docs.evidence", description="Write the page of evidence.")
    parser.add_argument("modules", nargs="*", help="only those whose names begin so")
    parser.add_argument("--page", action="store_true", help="only write the page, from what was found before")
    asked = parser.parse_args()
    runs = json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.exists() else {}
    for name in () if asked.page else MODULES:
        if name not in runs or name.startswith(tuple(asked.modules) or ""):
            runs[name] = run(name)
            print(f"{name}: {runs[name]['seconds']} s", flush=True)
            write(as_json({name: runs[name] for name in MODULES if name in runs}), RUNS)
    calibration.draw()
    write(page_text(runs), PAGE)
    print(f"{PAGE.name} written")


if __name__ == "__main__":
    main()
