"""The numbers of a study in a file, and what they say.

``cells``, by name, have ``processor_seconds`` (both processes together, compiling included), ``rows`` and the methods.
``on`` and ``code`` say when and from which code a cell was made. A method has ``replicates``, those ``refused`` (an
error in the place of a fit), those that ``failed`` a gate (they stay in the ranks) and by which; ``ranks``, how often
the truth took each of the 101 places among a hundred draws, for every quantity; and ``coverage``, the share of true
values inside their intervals. Gibbs sampling has ``on``, ``code`` and ``processor_seconds`` of its own. Approximations
also have k-hat and distance from NUTS of every replicate, and the share of their ``central ranks`` on each side of
k-hat's gate. ``planted`` is the same of NUTS with an error, by the name of the error.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from bayesmix.verdict import PARETO_GATE
from tests.calibration.planted import ERRORS
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


def pooled_coverage(results: dict[str, Any], method: str) -> list[Judgement]:
    """Each kind of interval over all cells: one entry of every data set, so that the binomial law is exact.

    Cell by cell a miss of ten points can hide. A family of its own, beside the tests of the cells.
    """
    found = [cell[method]["coverage"] for cell in results["cells"].values() if method in cell]
    tests = []
    for name in dict.fromkeys(name for one in found for name in one):
        inside, judged = (sum(one[name][count] for one in found if name in one) for count in ("picked", "replicates"))
        promised = float(name.split()[-1])
        p = stats.binomtest(inside, judged, promised).pvalue
        tests.append(Judgement("all cells", f"intervals of {name}", float(p), abs(inside / judged - promised)))
    return tests


def bad(found: list[Judgement], level: float = LEVEL) -> list[Judgement]:
    """Those that fail; the chance that any fails where all is right is at most ``level`` (Bonferroni)."""
    return [one for one in found if one.p_value < level / len(found)]


def findings(results: dict[str, Any] | None = None) -> list[Finding]:
    """The least probable test of each cell, and of each planted error: p-values times the number of tests.

    Of NUTS they are to stay above the level, so that the figure is the level over the p-value; errors are to fall
    below it.
    """
    results = read() if results is None else results
    family = of_method(results, "nuts")
    lines = []
    for cell, found in results["cells"].items():
        own = [one for one in family if one.cell == cell]
        worst = min(own, key=lambda one: one.p_value)
        what = f"{cell}: {len(own)} tests of {found['nuts']['replicates']} replicates, the worst {worst.what}"
        lines.append(Finding(what, "uniform ranks", LEVEL / (worst.p_value * len(family)), 1.0))
    for error in ERRORS:
        found = results["planted"][error]
        own = list(judgements(error, found))
        worst = min(own, key=lambda one: one.p_value)
        what = f"{error}: {found['replicates']} replicates, caught by {worst.what}"
        lines.append(Finding(what, "uniform ranks", worst.p_value * len(own), LEVEL))
    return lines


class Fits(NamedTuple):
    """Approximations of one kind that Pareto k-hat calls good, or bad, over all cells.

    ``central`` is the share of the ranks in the central 90 %, with its standard error; the errors are distances from
    the posterior by NUTS in standard deviations (see :func:`tests.calibration.study.error_from`).
    """

    replicates: int
    central: tuple[float, float]
    errors: np.ndarray


def by_pareto_k(results: dict[str, Any], method: str) -> dict[str, Fits]:
    """The fits of Laplace or ADVI that k-hat lets pass, and those of which it warns."""
    found = [cell[method] for cell in results["cells"].values() if method in cell]
    k_hat = np.concatenate([one["pareto_k"] for one in found])
    errors = np.concatenate([one["error"] for one in found])
    groups = {}
    for name, chosen in (
        (f"k-hat <= {PARETO_GATE}", k_hat <= PARETO_GATE),
        (f"k-hat > {PARETO_GATE}", ~(k_hat <= PARETO_GATE)),
    ):
        central = pooled([one["central ranks"][name] for one in found])
        groups[name] = Fits(int(chosen.sum()), central, errors[chosen])
    return groups


def interval_coverage(results: dict[str, Any], method: str) -> dict[str, tuple[float, float]]:
    """Share of the true values inside each kind of interval over all cells, and its standard error.

    Of one entry a replicate: a data set all of whose rows are in doubt counts no more than one with a single such row.
    """
    found = [cell[method]["coverage"] for cell in results["cells"].values() if method in cell]
    shares = {}
    for name in dict.fromkeys(name for one in found for name in one):
        inside, judged = (sum(one[name][count] for one in found if name in one) for count in ("picked", "replicates"))
        share = inside / judged
        shares[name] = share, float(np.sqrt(share * (1 - share) / judged))
    return shares


def pooled(parts: list[dict[str, float]]) -> tuple[float, float]:
    """Share and standard error over cells, from those of each."""
    parts = [one for one in parts if one["replicates"] > 1]
    entries = np.array([one["entries"] for one in parts])
    share, error = (np.array([one[name] for one in parts]) for name in ("share", "error"))
    total = entries.sum()
    return float(entries @ share / total), float(np.sqrt(((entries * error) ** 2).sum()) / total)
