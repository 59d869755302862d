"""Real rows and more components than they can tell apart: NUTS, Gibbs sampling, and the evidence from its draws.

bayesmix's default prior, full covariances, four chains. Gates are those of every fit: R-hat of at most 1.01 and 400
effective draws, in bulk and tails, of what does not depend on labels (log-likelihood, sorted weights, total
covariance). NUTS: 1000 draws of each chain, one seed. Gibbs sampling: `fit_gibbs` as it comes, several seeds; what is
shown of R-hat and effective draws is the worst of them, of sweeps and seconds the median. Seconds are of a processor,
for all four chains together, beside how long they took on two cores; where nothing else runs there that is half of
them, and the figures asked are twice the seconds that people may wait. Evidence: `bm.log_evidence` of each seed's
draws, from the lowest to the highest, beside the standard error that one of them states.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

import bayesmix as bm
from bayesmix.engines.begin import begin
from bayesmix.engines.gibbs import Gibbs
from bayesmix.posterior.assembly import tree_of_draws
from bayesmix.posterior.labels.diagnosis import Diagnosis
from benchmarks.asked import spread, three_digits, verdict
from benchmarks.tables import Table, seconds_text
from benchmarks.timing import processor_seconds

TITLE = "More components than the data can tell apart"
COLUMNS = (
    "rows",
    "K",
    "NUTS: R-hat, ESS",
    "a sweep",
    "sweeps of a chain",
    "seconds (range)",
    "waited",
    "R-hat, ESS",
    "log evidence",
    "its error",
    "asked",
)
SAMPLING = "Gibbs sampling until the gates pass"


def penguins() -> pd.DataFrame:
    """The four measurements of the 342 penguins that have them."""
    return bm.datasets.load_penguins().select_dtypes("float").dropna()


LOADED: dict[str, Callable[[], pd.DataFrame]] = {
    "Old Faithful": bm.datasets.load_faithful,
    "galaxies": bm.datasets.load_galaxies,
    "penguins": penguins,
}
ROWS = (
    *(("Old Faithful", k) for k in (3, 4, 5, 6)),
    *(("galaxies", k) for k in (3, 4, 5, 6)),
    *(("penguins", k) for k in (3, 4, 5)),
)
SEEDS = (1, 2, 3, 4)
SLOW = ("penguins", 4)  # two seeds


class Sampled(NamedTuple):
    """One run."""

    seconds: float
    waited: float
    sweeps: int
    diagnosis: Diagnosis
    evidence: bm.Evidence


@dataclass(frozen=True)
class Task:
    """Rows, and how many components."""

    name: str
    n_components: int

    @property
    def X(self) -> pd.DataFrame:
        return LOADED[self.name]()

    @property
    def size(self) -> tuple[int, int, int]:
        return (*self.X.shape, self.n_components)

    def gibbs(self, seed: int) -> Sampled:
        """``fit_gibbs``, of which the sampling alone is timed."""
        settings = Gibbs(cores=2, progressbar=False)
        problem = bm.Mixture(self.n_components)._problem(self.X)
        start = begin(problem, "em", seed)
        began = processor_seconds()
        drawn = settings.run(problem, start)
        seconds = processor_seconds() - began
        tree = tree_of_draws(
            drawn, start, method="gibbs", relabel_method="ecr", log_likelihood=None, settings={"draws": settings.draws}
        )
        waited, sweeps = drawn.seconds["sampling"], int(drawn.attrs["sweeps"])
        return Sampled(seconds, waited, sweeps, bm.diagnose(tree), bm.log_evidence(tree))

    def nuts(self) -> Diagnosis:
        """Of 1000 draws of each of four chains."""
        return bm.diagnose(bm.Mixture(self.n_components).fit_nuts(self.X, random_seed=1, cores=2, progressbar=False))


def gates(rhat: float, ess: float) -> str:
    """R-hat and effective draws as a cell."""
    return f"{rhat:.3f}, {ess:.0f}"


def row(task: Task, seeds: tuple[int, ...], *, with_nuts: bool) -> tuple[object, ...]:
    """The cells of one number of components."""
    found = [task.gibbs(seed) for seed in seeds]
    by_nuts = task.nuts() if with_nuts else None
    seconds, sweeps = (np.array([getattr(one, name) for one in found]) for name in ("seconds", "sweeps"))
    evidences = np.array([one.evidence.log_evidence for one in found])
    worst = max(one.diagnosis.max_rhat for one in found), min(one.diagnosis.min_ess for one in found)
    asked = verdict(SAMPLING, task.size, "", seconds)
    failed = sum(not one.diagnosis.passed for one in found)
    refused = [one.evidence.reason.words for one in found if one.evidence.reason is not None]
    told = [f"{np.nanmin(evidences):.2f}..{np.nanmax(evidences):.2f}"] if len(refused) < len(found) else []
    return (
        task.name,
        task.n_components,
        gates(by_nuts.max_rhat, by_nuts.min_ess) if by_nuts else "",
        seconds_text(float(np.median(seconds / (4 * sweeps)))),
        f"{np.median(sweeps):,.0f}",
        spread(seconds),
        seconds_text(float(np.median([one.waited for one in found]))),
        gates(*worst) + (f"; {failed} of {len(found)} did not pass" if failed else ""),
        "; ".join(told + ([f"{len(refused)} of {len(found)} refused: {refused[0]}"] if refused else [])),
        three_digits(float(np.nanmedian([one.evidence.se for one in found]))) if told else "",
        asked,
    )


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bm.UntrustedWarning)  # the table says it
        bm.Mixture(2).fit_gibbs(penguins(), draws=50, thin=1, random_seed=1, progressbar=False)  # from the disk
        rows = []
        for name, k in ROWS:
            few = quick or (name, k) == SLOW
            rows.append(row(Task(name, k), SEEDS[:2] if few else SEEDS, with_nuts=not quick))
    note = "" if not quick else "NUTS takes long here and is left out by `--quick`."
    return [Table(COLUMNS, rows, note)]
