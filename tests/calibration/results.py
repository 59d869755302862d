"""The numbers of a study in a file, and what they say."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from tests.calibration.uniformity import distance, p_value
from tests.monte_carlo import Finding

FILE = Path(__file__).with_name("results.json")
LEVEL = 0.01  # of all tests of a method together


class Judgement(NamedTuple):
    """One test: how probable what was seen is where the method is calibrated."""

    cell: str
    what: str
    p_value: float
    distance: float  # from the uniform distribution function, or from the coverage that was promised


def read(file: Path = FILE) -> dict[str, Any]:
    """The results so far; none where there is no file."""
    if not file.exists():
        return {"cells": {}, "planted": {}}
    return json.loads(file.read_text())


def write(results: dict[str, Any], file: Path = FILE) -> None:
    """The whole file at once, a cell a line."""
    groups = []
    for group, entries in results.items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())
        groups.append(f" {json.dumps(group)}: {{\n{lines}\n }}")
    temporary = file.with_suffix(".tmp")
    temporary.write_text("{\n" + ",\n".join(groups) + "\n}\n")
    os.replace(temporary, file)


def judgements(cell: str, found: dict[str, Any]) -> Iterator[Judgement]:
    """Every test of one method in one cell: uniform ranks, and intervals that hold as often as they promise."""
    for name, counts in found["ranks"].items():
        counts = np.array(counts)
        yield Judgement(cell, name, p_value(counts), distance(counts))
    for name, seen in found["coverage"].items():
        promised = float(name.split()[-1])
        p = stats.binomtest(seen["picked"], seen["replicates"], promised).pvalue if seen["replicates"] else 1.0
        yield Judgement(cell, f"intervals of {name}", float(p), abs(seen["share"] - promised))


def of_method(results: dict[str, Any], method: str) -> list[Judgement]:
    """Every test of a method over all cells that have it."""
    return [
        one for cell, found in results["cells"].items() if method in found for one in judgements(cell, found[method])
    ]


def bad(found: list[Judgement], level: float = LEVEL) -> list[Judgement]:
    """Those that fail; the chance that any fails where all is right is at most ``level`` (Bonferroni)."""
    return [one for one in found if one.p_value < level / len(found)]


def findings(results: dict[str, Any] | None = None) -> list[Finding]:
    """For each cell of NUTS the least probable of its tests, as minus the decimal logarithm."""
    results = read() if results is None else results
    family = of_method(results, "nuts")
    allowed = -np.log10(LEVEL / len(family))
    lines = []
    for cell, found in results["cells"].items():
        own = [one for one in family if one.cell == cell]
        worst = min(own, key=lambda one: one.p_value)
        what = f"{cell}: {len(own)} tests of {found['nuts']['replicates']} replicates, the worst {worst.what}"
        lines.append(Finding(what, "uniform ranks", float(-np.log10(worst.p_value)), float(allowed)))
    return lines
