"""From the call to the result on new rows, caches warm on both sides, in seconds on the wall.

bayesmix: ``fit_nuts`` with its defaults (EM, whitening, tuning, 4 x 1000 draws, relabelling, log-likelihood,
responsibilities). The textbook: declaring the model, ``pm.sample`` with nutpie as it comes and as many draws. New rows
mean that PyMC compiles again; its cache on disk is warm. Compile time is shown apart. The first call on a machine also
compiles bayesmix's kernels, once, and says so.
"""

import os
import subprocess
import sys
import tempfile
import time

import bayesmix as bm
from benchmarks.asked import FEW_ROWS, spread, verdict
from benchmarks.peers import textbook
from benchmarks.problems import PRIORS, problem
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import alternate, once

TITLE = "From call to result, and compilation"
PEER = "textbook PyMC, nutpie as it comes"

_FIRST_CALL = """
import sys, time
import numpy as np
import bayesmix as bm
X = np.random.default_rng(0).standard_normal((300, 2)) + 4 * np.arange(300)[:, None] % 12
priors = {"means": bm.priors.Normal(), "scales": bm.priors.LogNormal(), "correlations": bm.priors.LKJ(2.0)}
began = time.perf_counter()
bm.Mixture(3, priors=priors).fit_nuts(X, draws=1, tune=1, chains=1, random_seed=0, progressbar=False)
print(time.perf_counter() - began)
"""


def ours() -> None:
    """bayesmix, as people call it."""
    bm.Mixture(3, priors=PRIORS).fit_nuts(problem(FEW_ROWS).X, random_seed=1, progressbar=False)


def theirs() -> None:
    """The textbook, as people call it, in its faster form, started from PyMC's own points."""
    import pymc as pm

    with textbook.model(problem(FEW_ROWS).X, 3, problem(FEW_ROWS).mixture.priors, "list"):
        pm.sample(1000, chains=4, cores=2, random_seed=1, nuts_sampler="nutpie", progressbar=False, quiet=True)


def first_call_seconds(cache: str | None) -> float:
    """Seconds of a first small fit in a new process: with an empty cache of kernels where a folder is given."""
    environment = dict(os.environ) | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    command = [sys.executable, "-c", _FIRST_CALL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    rounds = 1 if quick else 3
    taken = alternate({"bayesmix": once(ours), PEER: once(theirs)}, rounds, warm=not quick)
    ratios = taken.ratios(PEER)
    times = seconds_text(taken.median("bayesmix")), seconds_text(taken.median(PEER))
    asked = verdict("call to result", FEW_ROWS, PEER, ratios)
    columns = ("(N, D, K)", "peer", "bayesmix", "peer's", "ratio (range)", "asked")
    table = Table(columns, [(size_text(FEW_ROWS), PEER, *times, spread(ratios), asked)])
    began = time.perf_counter()
    begin = {"weights": problem(FEW_ROWS).weights, "means": problem(FEW_ROWS).means}
    begin["covariances"] = problem(FEW_ROWS).covariances
    textbook.compile_model(problem(FEW_ROWS).X, 3, problem(FEW_ROWS).mixture.priors, "list", begin)
    graph = time.perf_counter() - began
    found = [
        (
            "bayesmix, first fit in a process, warm cache (imports of samplers included)",
            seconds_text(first_call_seconds(None)),
        )
    ]
    if not quick:
        with tempfile.TemporaryDirectory() as folder:
            found.append(
                (
                    "bayesmix, the very first fit on a machine (compiles the kernels)",
                    seconds_text(first_call_seconds(folder)),
                )
            )
    found.append(("textbook PyMC for nutpie, list form, warm cache, every model", seconds_text(graph)))
    return [table, Table(("compile time", "seconds"), found)]
