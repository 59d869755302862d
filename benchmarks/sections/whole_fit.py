"""A whole EM fit from ten random starts, with one thread a side, and the log-likelihood that it ends at.

Both sides maximise the likelihood of full covariances. bayesmix runs as it comes (k-means++ starts, ``tol=1e-8``);
scikit-learn as it comes (k-means starts, ``tol=1e-3``, which stops much earlier), and again with bayesmix's starts and
stopping rule. The asked figure holds against the first, and only where bayesmix's log-likelihood is no lower.
"""

import numpy as np

import bayesmix as bm
from benchmarks.asked import MIDDLE, SMALL, Size, spread, verdict
from benchmarks.peers import scikit_learn
from benchmarks.problems import problem
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import alternate, processor_seconds

TITLE = "EM: a whole fit from ten starts"
COLUMNS = ("(N, D, K)", "peer", "bayesmix", "peer's", "ratio (range)", "log-likelihood: bayesmix", "peer's", "asked")
PEERS = {"scikit-learn": scikit_learn.AS_IT_COMES, "scikit-learn, same starts and stop": scikit_learn.SAME_STOP}
SAME = 1e-9  # relative difference of log-likelihoods that is rounding


def rows(size: Size, rounds: int, peers: dict[str, dict] = PEERS):
    """A row for each configuration of scikit-learn; every round has its own seed."""
    given = problem(size)
    heights: dict[str, list[float]] = {name: [] for name in ("bayesmix", *peers)}

    def ours() -> float:
        began = processor_seconds()
        fitted = bm.Mixture(size[2]).fit_em(given.X, estimate="ml", cores=1, random_seed=len(heights["bayesmix"]))
        seconds = processor_seconds() - began
        heights["bayesmix"].append(fitted.log_likelihood)
        return seconds

    def theirs(name: str) -> float:
        seconds, model = scikit_learn.fit(given, len(heights[name]), peers[name])
        heights[name].append(float(model.score(given.X)) * len(given.X))
        return seconds

    sides = {"bayesmix": ours} | {name: lambda name=name: theirs(name) for name in peers}
    taken = alternate(sides, rounds, warm=size == SMALL)
    own = np.array(heights["bayesmix"])
    for name in peers:
        their = np.array(heights[name])
        ratios = taken.ratios(name)
        asked = verdict("whole fit", size, name, ratios)
        if asked and (own < their - SAME * np.abs(their)).any():
            asked = "void: a **lower log-likelihood** in some round"
        yield (
            size_text(size),
            name,
            seconds_text(taken.median("bayesmix")),
            seconds_text(taken.median(name)),
            spread(ratios),
            f"{np.median(own):.3f}",
            f"{np.median(their):.3f}",
            asked,
        )


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    as_it_comes, same = ({name: PEERS[name]} for name in PEERS)
    if quick:
        note = "The larger size against the same starts and stop takes minutes and is left out by `--quick`."
        return [Table(COLUMNS, [*rows(SMALL, 3), *rows(MIDDLE, 1, as_it_comes)], note)]
    found = [*rows(SMALL, 5), *rows(MIDDLE, 3, as_it_comes), *rows(MIDDLE, 1, same)]
    return [Table(COLUMNS, found, "The larger size against the same starts and stop takes minutes: one round.")]
