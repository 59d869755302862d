"""What is told of groups from 4000 posterior draws, in time of a processor: who belongs where, names, one partition.

Draws vary a little around the truth of simulated rows; there is no peer that takes posterior draws of this size.
Responsibilities are those of ``bm.responsibilities`` for new rows, in a process of its own whose peak of memory (its
resident set, less what it had before) is the second figure. Names are ``bm.relabel`` of draws whose components change
places at random. ``bm.partition`` has the variation of information as its loss.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import bayesmix as bm
from bayesmix.data import read_rows
from bayesmix.tree import build_tree
from bayesmix.tree.record import describe
from bayesmix.tree.verdicts import with_verdict
from benchmarks.asked import ALLOCATED, NAMED, PARTED, Size, verdict
from benchmarks.problems import problem
from benchmarks.tables import Table, size_text
from benchmarks.timing import processor_seconds

TITLE = "Groups of 4000 draws"
SHAPE = (4, 1000)

_ALONE = """
import re, time
from bayesmix import responsibilities
from benchmarks.asked import ALLOCATED
from benchmarks.problems import problem
from benchmarks.sections.groups import drawn
def mebibytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024
X = problem(ALLOCATED).X
tree = drawn(ALLOCATED, 1000)
responsibilities(tree, X[:100])
open("/proc/self/clear_refs", "w").write("5")  # the peak starts again from here
before, began = mebibytes("VmRSS"), time.process_time()
responsibilities(tree, X)
print(time.process_time() - began, mebibytes("VmHWM") - before)
"""


def drawn(size: Size, n_rows: int | None = None, *, switching: bool = False):
    """A tree of 4000 draws around the truth, of so many of the rows; its components may change places."""
    given, rng = problem(size), np.random.default_rng(3)
    X = given.X[:n_rows]
    means = given.means + 0.05 * rng.standard_normal((*SHAPE, *given.means.shape))
    covariances = given.covariances * np.exp(0.05 * rng.standard_normal((*SHAPE, given.n_components, 1, 1)))
    weights = rng.dirichlet(1000 * given.weights, size=SHAPE)
    if switching:
        moved = rng.permuted(np.broadcast_to(np.arange(given.n_components), weights.shape), axis=-1)
        weights = np.take_along_axis(weights, moved, -1)
        means = np.take_along_axis(means, moved[..., None], -2)
        covariances = np.take_along_axis(covariances, moved[..., None, None], -3)
    mixture = bm.Mixture(given.n_components).resolve_priors(X)
    tree = build_tree(
        family=mixture.family,
        rows=read_rows(X),
        posterior={"weights": weights, "means": means, "covariances": covariances},
        record={"method": "nuts", "seed": 0, "mixture": describe(mixture.family, given.n_components, mixture.priors)},
        sample_stats={"lp": rng.standard_normal(SHAPE)},  # by which the pivot is chosen
        constant_data={"pivot": np.argmin(((X[:, None] - given.means) ** 2).sum(-1), axis=1)},
    )
    return with_verdict(tree, ())  # as every fit has it: nothing is judged again


def seconds_of(work, *given) -> float:
    """Processor time of a call."""
    began = processor_seconds()
    work(*given)
    return processor_seconds() - began


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    if not Path("/proc/self/clear_refs").exists():
        return [Table(("what", "(N, D, K)"), [], "Not run: this machine has no `/proc` to read the peak from.")]
    rows = []

    def told(what: str, size: Size, unit: str, measured: float) -> None:
        rows.append((what, size_text(size), f"{measured:.3g} {unit}", verdict(what, size, "", [measured])))

    command = [sys.executable, "-W", "ignore", "-c", _ALONE]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
    seconds, peak = map(float, done.stdout.split()[-2:])
    told("responsibilities", ALLOCATED, "s", seconds)
    told("memory of responsibilities", ALLOCATED, "MiB", peak)
    tree = drawn(NAMED, switching=True)
    for method in ("ecr", "pivot", "stephens"):
        bm.relabel(tree, method)  # compiles
        told(f"relabel, {method}", NAMED, "s", seconds_of(bm.relabel, tree, method))
    tree = drawn(PARTED)
    bm.partition(tree, X=problem(PARTED).X[:50])  # compiles
    told("partition", PARTED, "s", seconds_of(bm.partition, tree))
    return [Table(("what", "(N, D, K)", "bayesmix", "asked"), rows)]
