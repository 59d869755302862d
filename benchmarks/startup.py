"""How long a process takes from its start: imports, help, one fit.

``python -m benchmarks.startup`` prints the median of several fresh processes, after one that fills the caches. What is
asked: ``import bayesmix`` 0.4 s, a fit by EM 2.5 s, by NUTS 5 s.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time

import bayesmix as bm

REPEATS = 5
_RUN = [sys.executable, "-m", "bayesmix"]
_FIT = [*_RUN, "fit", "faithful.csv", "--components", "2", "--seed", "1", "--quiet"]
PROCESSES = {
    "python, which does nothing": [sys.executable, "-c", ""],
    "import bayesmix": [sys.executable, "-c", "import bayesmix"],
    "bayesmix --help": [*_RUN, "--help"],
    "bayesmix fit --method em": [*_FIT, "--method", "em"],
    "bayesmix fit --method nuts": [*_FIT, "--method", "nuts"],
}


def seconds(command: list[str], folder: str) -> tuple[float, float]:
    """How long one process takes, and how long it computes, which a busy machine lengthens less."""
    begun, computed = time.perf_counter(), _computed()
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun, _computed() - computed


def _computed() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print one line for each process."""
    with tempfile.TemporaryDirectory() as folder:
        bm.datasets.load_faithful().to_csv(f"{folder}/faithful.csv", index=False)
        for name, command in PROCESSES.items():
            seconds(command, folder)
            times, computed = zip(*(seconds(command, folder) for _ in range(REPEATS)), strict=True)
            spread = f"({min(times):.2f} to {max(times):.2f})"
            cpu = statistics.median(computed)
            print(f"{name:30s} {statistics.median(times):6.2f} s  {spread:18s} computing {cpu:.2f} s")


if __name__ == "__main__":
    main()
