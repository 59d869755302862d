"""Simulation-based calibration of every cell, written to ``results.json``.

    uv run python -m tests.calibration                       # all of it
    uv run python -m tests.calibration --cells tied --replicates 100 --file try.json

Cells that the file already holds with as many replicates of the same code are kept, so that a run that was stopped
goes on.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.calibration import results as evidence
from tests.calibration.cells import BY_GIBBS, CELLS, PLANTED_IN
from tests.calibration.planted import PLANTED
from tests.calibration.replicate import APPROXIMATIONS
from tests.calibration.study import Processes, of_approximation, of_method
from tests.fingerprint import fingerprint


def main() -> None:
    """Run what is missing and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibration", description=__doc__.splitlines()[0])
    parser.add_argument("--cells", default="", help="only those whose name holds this")
    parser.add_argument("--replicates", type=int, default=1000, help="of NUTS in each cell; 0 for none")
    parser.add_argument("--gibbs", type=int, default=300, help="of Gibbs sampling in each of its cells")
    parser.add_argument("--approximations", type=int, default=150, help="replicates that Laplace and ADVI fit, too")
    parser.add_argument("--planted", type=int, default=100, help="replicates with each planted error")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--file", type=Path, default=evidence.FILE)
    asked = parser.parse_args()
    results = evidence.read(asked.file)
    code = fingerprint("tests.calibration.study")
    made = {"on": f"{datetime.now(UTC):%Y-%m-%d}", "code": code}
    with Processes(asked.cores) as processes:
        for cell in CELLS:
            held = results["cells"].get(str(cell), {})
            if asked.cells in str(cell) and not _enough(held, held.get("nuts"), asked.replicates, code):
                found = _calibrated(processes, cell, asked.replicates, asked.approximations)
                results["cells"][str(cell)] = held | made | found
                evidence.write(results, asked.file)
                _say(str(cell), results["cells"][str(cell)]["nuts"])
        for cell in BY_GIBBS:
            held = results["cells"].get(str(cell), {}).get("gibbs", {})
            if asked.cells in str(cell) and not _enough(held, held, asked.gibbs, code):
                outcomes, seconds = processes.run(cell, range(asked.gibbs), ["gibbs"])
                found = {"processor_seconds": round(seconds, 1)} | of_method([one["gibbs"] for one in outcomes])
                results["cells"].setdefault(str(cell), {})["gibbs"] = made | found
                evidence.write(results, asked.file)
                _say(f"{cell}, by Gibbs sampling", found)
        for error in PLANTED if asked.planted else ():
            if results["planted"].get(error, {}).get("code") != code:
                outcomes, _ = processes.run(PLANTED_IN, range(asked.planted), ["nuts"], error)
                results["planted"][error] = made | of_method([one["nuts"] for one in outcomes])
                evidence.write(results, asked.file)
                _say(error, results["planted"][error])


def _enough(held, found, n_replicates: int, code: str) -> bool:
    """Whether a method has so many replicates of this code."""
    return n_replicates == 0 or bool(found and found["replicates"] >= n_replicates and held.get("code") == code)


def _calibrated(processes: Processes, cell, n_replicates: int, n_approximated: int):
    both = min(n_replicates, n_approximated)
    first, seconds = processes.run(cell, range(both), ["nuts", *APPROXIMATIONS])
    rest, more = processes.run(cell, range(both, n_replicates), ["nuts"])
    nuts = [one["nuts"] for one in first + rest]
    found = {"processor_seconds": round(seconds + more, 1), "rows": cell.n_rows, "nuts": of_method(nuts)}
    for method in APPROXIMATIONS if both else ():
        found[method] = of_approximation([one[method] for one in first], nuts[:both])
    return found


def _say(name: str, found) -> None:
    worst = min(evidence.judgements(name, found), key=lambda one: one.p_value)
    print(
        f"{time.strftime('%H:%M:%S')} {name}: {found['replicates']} replicates, {found['failed']} failed a gate; "
        f"least probable: {worst.what}, p = {worst.p_value:.2g}",
        flush=True,
    )


if __name__ == "__main__":
    main()
