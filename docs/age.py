"""Which figures on the pages are older than the code that they depend on.

``python -m docs.age`` names them, and fails where there are any. The built pages say the same.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.run import SECTIONS
from tests.fingerprint import fingerprint

HERE = Path(__file__).parent
STUDY = "tests.calibration.study"  # what every cell of the calibration depends on


def of_evidence() -> Iterator[tuple[str, str, str | None]]:
    """Modules with findings: what people call it, the module, and the code that its figures are of."""
    for name, one in _read("docs/evidence.json").items():
        yield name, name, one.get("code")


def of_calibration() -> Iterator[tuple[str, str, str | None]]:
    """Cells of the study, and its planted errors."""
    for group in _read("tests/calibration/results.json").values():
        for name, one in group.items():
            yield f"calibration of {name}", STUDY, one.get("code")


def of_benchmarks() -> Iterator[tuple[str, str, str | None]]:
    """Sections of the benchmarks."""
    for name, one in _read("docs/benchmarks.json").items():
        yield one["title"], f"benchmarks.sections.{SECTIONS[name]}", one.get("code")


FIGURES = {"evidence": of_evidence, "calibration": of_calibration, "benchmarks": of_benchmarks}


def older(kinds: Iterable[str] = tuple(FIGURES)) -> tuple[list[str], int]:
    """What was made from other code than there is now, and how many there are in all."""
    every = [one for kind in kinds for one in FIGURES[kind]()]
    now = {module: fingerprint(module) for module in {module for _, module, _ in every}}
    return [name for name, module, code in every if code != now[module]], len(every)


def sentence(kinds: Iterable[str] = tuple(FIGURES)) -> str:
    """The same for people."""
    names, n_all = older(kinds)
    if not names:
        return "All figures are of the code as it stands."
    if len(names) == n_all:
        return "The code has changed since these figures were made."
    return f"The code has changed since some of these figures were made: {'; '.join(names)}."


def _read(name: str) -> dict:
    return json.loads((HERE.parent / name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    print(sentence())
    sys.exit(bool(older()[0]))
