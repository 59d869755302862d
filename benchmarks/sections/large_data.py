"""EM of many rows: how it grows with their number, with one thread and two, from memory and from a Parquet file that is
larger than what the process may hold.

``fit_em`` from given parameters runs ten iterations (``tol=0``); from the file, its defaults with five starts. Beside
the seconds on the wall stand those of the processor, which other users of the machine change less, and the part of them
that the main thread spends: with two threads, the wall can be no shorter than that part and half of the rest. The file
(``write_rows``) is written in blocks of a million rows, in single precision. Every measurement is a process of its own,
whose peak is that of its resident set, above what it was before the fit where the rows are in memory.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.tables import Table, seconds_text, size_text

TITLE = "Large data"
MEMORY = ("(N, D, K)", "threads", "wall", "processor", "main thread", "peak above the rows")
FILE = ("(N, D, K)", "threads", "wall", "processor", "passes", "peak of the process")
_BLOCK = 1_000_000

_START = """
import json, re, sys, time
import numpy as np
import bayesmix as bm
n, cores, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
def mebibytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024
clocks = time.perf_counter, time.process_time, time.thread_time
"""
_MEMORY = """
rng, X = np.random.default_rng(0), np.empty((n, 4))
for begin in range(0, n, 10**6):
    block = X[begin : begin + 10**6]
    block[:] = rng.standard_normal(block.shape) + 1.5 * rng.integers(8, size=(len(block), 1))
start = bm.Mixture(8).fit_em(X[:50_000].copy(), n_init=1, random_seed=0)
given = dict(init=start, tol=0, cores=cores, copy=False)
def fit(rows, n_iterations): bm.Mixture(8).fit_em(rows, max_iter=n_iterations, **given)
fit(X[:100_000], 1)
open("/proc/self/clear_refs", "w").write("5")  # the peak starts again from here
before = mebibytes("VmRSS")
begun = [clock() for clock in clocks]
fit(X, 10)
taken = [clock() - then for clock, then in zip(clocks, begun)]
print(json.dumps([*taken, mebibytes("VmHWM") - before]))
"""
_FILE = """
begun = [clock() for clock in clocks]
em = bm.Mixture(5).fit_em(bm.data.open(path), n_init=5, cores=cores, random_seed=1, progressbar=False)
taken = [clock() - then for clock, then in zip(clocks, begun)]
print(json.dumps([*taken[:2], len(em.history) + 2, mebibytes("VmHWM")]))
"""


def write_rows(path: Path, n_rows: int) -> None:
    """Write so many rows of five groups in four columns as Parquet, a million at a time."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    rng = np.random.default_rng(3)
    centres = 4 * rng.standard_normal((5, 4))
    schema = pyarrow.schema([(name, pyarrow.float32()) for name in "abcd"])
    with ParquetWriter(path, schema, use_dictionary=False) as writer:
        for begin in range(0, n_rows, _BLOCK):
            n = min(_BLOCK, n_rows - begin)
            rows = (centres[rng.integers(5, size=n)] + rng.standard_normal((n, 4))).astype(np.float32)
            writer.write_table(pyarrow.table(dict(zip("abcd", rows.T, strict=True)), schema=schema))


def measured(code: str, n_rows: int, cores: int, path: Path | str = "") -> list[float]:
    """What a process of its own prints."""
    command = [sys.executable, "-W", "ignore", "-c", _START + code, str(n_rows), str(cores), str(path)]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    if not Path("/proc/self/clear_refs").exists():
        return [Table(MEMORY, [], "Not run: this machine has no `/proc` to read the peak from.")]
    in_memory, of_file = [], []
    for n_rows in (10**5, 10**6) if quick else (10**5, 10**6, 10**7):
        for cores in (1, 2):
            *seconds, peak = measured(_MEMORY, n_rows, cores)
            in_memory.append((size_text((n_rows, 4, 8)), str(cores), *map(seconds_text, seconds), f"{peak:.0f} MiB"))
    with tempfile.TemporaryDirectory() as folder:
        for n_rows in (10**6,) if quick else (10**7, 10**8):
            path = Path(folder) / "rows.parquet"
            write_rows(path, n_rows)
            for cores in (1, 2):
                wall, processor, passes, peak = measured(_FILE, n_rows, cores, path)
                times = seconds_text(wall), seconds_text(processor)
                of_file.append((size_text((n_rows, 4, 5)), str(cores), *times, f"{passes:.0f}", f"{peak:.0f} MiB"))
    return [Table(MEMORY, in_memory), Table(FILE, of_file)]
