"""What people wait for, on Old Faithful (272 rows), in seconds on the wall, caches warm and bytecode compiled.

``bayesmix fit`` is timed as a whole process, from its start to its end; ``compare`` inside this process, with four
chains of 1000 draws for each of six models.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import bayesmix as bm
from benchmarks.asked import FAITHFUL, spread, verdict
from benchmarks.tables import Table
from benchmarks.timing import alternate, once

TITLE = "Old Faithful: comparison and command line"
COMPARE = "compare(faithful, range(1, 7))"


def command(method: str, folder: str) -> list[str]:
    """The command line of a fit."""
    rows = str(Path(folder) / "faithful.csv")
    return [sys.executable, "-m", "bayesmix", "fit", rows, "--method", method, "--components", "2", "--seed", "1"]


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    rounds = 2 if quick else 5
    X = bm.datasets.load_faithful()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        X.to_csv(Path(folder) / "faithful.csv", index=False)

        def process(method: str) -> None:
            # in the folder of the rows: where the output goes, if there is any
            subprocess.run(command(method, folder), cwd=folder, env=environment, capture_output=True, check=True)

        sides = {f"bayesmix fit --method {method}": once(lambda m=method: process(m)) for method in ("nuts", "em")}
        taken = dict(alternate(sides, rounds).seconds)
    sweep = once(lambda: bm.compare(X, range(1, 7), random_seed=1, cores=2, progressbar=False))
    taken |= alternate({COMPARE: sweep}, 1 if quick else 3, warm=not quick).seconds
    found = [(f"`{what}`", spread(seconds), verdict(what, FAITHFUL, "", seconds)) for what, seconds in taken.items()]
    return [Table(("what", "seconds (range)", "asked"), found)]
