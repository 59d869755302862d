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
from tests.calibration.cells import CELLS, PLANTED_IN
from tests.calibration.planted import PLANTED
from tests.calibration.replicate import METHODS
from tests.calibration.study import Processes, of_approximation, of_method
from tests.fingerprint import fingerprint


def main() -> None:
    """Run what is missing and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibration", description=__doc__.splitlines()[0])
    parser.add_argument("--cells", default="", help="only those whose name holds this")
    parser.add_argument("--replicates", type=int, default=1000, help="of NUTS in each cell")
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
            held = results["cells"].get(str(cell), {"nuts": {"replicates": 0}})
            enough = held["nuts"]["replicates"] >= asked.replicates and held.get("code") == code
            if asked.cells in str(cell) and not enough:
                found = _calibrated(processes, cell, asked.replicates, asked.approximations)
                results["cells"][str(cell)] = made | found
                evidence.write(results, asked.file)
                _say(str(cell), results["cells"][str(cell)]["nuts"])
        for error in PLANTED if asked.planted else ():
            if results["planted"].get(error, {}).get("code") != code:
                outcomes, _ = processes.run(PLANTED_IN, range(asked.planted), ["nuts"], error)
                results["planted"][error] = made | of_method([one["nuts"] for one in outcomes])
                evidence.write(results, asked.file)
                _say(error, results["planted"][error])


def _calibrated(processes: Processes, cell, n_replicates: int, n_approximated: int):
    both = min(n_replicates, n_approximated)
    first, seconds = processes.run(cell, range(both), METHODS)
    rest, more = processes.run(cell, range(both, n_replicates), ["nuts"])
    nuts = [one["nuts"] for one in first + rest]
    found = {"processor_seconds": round(seconds + more, 1), "rows": cell.n_rows, "nuts": of_method(nuts)}
    for method in METHODS[1:] if both else ():
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
