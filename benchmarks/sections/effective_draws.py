"""Smallest bulk ESS per second of sampling: four chains of 1000 draws on two cores.

The clock counts everything after compilation: on bayesmix's side EM, the Hessian and its whitening, tuning and draws;
on the peers' side tuning and draws (the EM estimate that they start from is a present). ESS and R-hat are taken over
weights, means and covariances (each entry once) after the same relabelling on every side. A run with an R-hat above
1.01 is void on any side, and is reported as void. For every peer its configurations are tried once; the best goes on in
turn with bayesmix.

What bounds bayesmix's side is shown below: the gradients of the draws that are kept, each at the time of one call on
one thread, shared by the cores. The rest of a run is EM (ten starts to convergence), tuning and the sampler's own work.

The rows are of groups that overlap, 3 standard deviations apart; how the ratio changes where they lie 5 apart and the
posterior is almost Gaussian is shown below.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np

from bayesmix.density import Density
from bayesmix.engines.begin import begin
from bayesmix.engines.draws import Draws
from bayesmix.engines.nuts_over_basins import Nuts
from benchmarks.asked import FEW_ROWS, spread, verdict
from benchmarks.draws import Worth, worth
from benchmarks.peers import numpyro, stan, textbook
from benchmarks.problems import Problem, problem
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import repeated

TITLE = "Smallest effective sample size per second"
COLUMNS = ("(N, D, K)", "peer", "its configuration", "bayesmix", "peer's", "ratio (range)", "asked")
DRAWS, CHAINS, CORES = 1000, 4, 2

BOUND = ("(N, D, K)", "gradients of kept draws", "one gradient", "least time of these", "sampling took", "EM took")
OVERLAPPING, APART = 3.0, 5.0
BESIDE_ONE_TRIAL = (1, 2, 3)  # seeds

Run = Callable[[int], Worth]  # of a seed


@dataclass(frozen=True)
class Task:
    """What every side is to sample."""

    given: Problem

    def sample(self, seed: int) -> tuple[Density, Draws, float, float]:
        """Draws by bayesmix, and the seconds of EM and of what follows: whitening, tuning and draws."""
        nuts = Nuts(draws=DRAWS, chains=CHAINS, cores=CORES, progressbar=False)
        began = time.perf_counter()
        model = self.given.model
        start = begin(model, "em", seed)
        fitted = time.perf_counter()
        drawn = nuts.run(model, start)
        return start.density, drawn, fitted - began, time.perf_counter() - fitted

    def ours(self, seed: int) -> Worth:
        """What bayesmix's draws are worth."""
        density, drawn, *seconds = self.sample(seed)
        return self.worth(sum(seconds), density.constrain(drawn.unconstrained))

    def worth(self, seconds: float, drawn: dict[str, np.ndarray]) -> Worth:
        """Judge draws of weights, means and covariances."""
        return worth(seconds, drawn, self.given.mixture, self.given.X)

    @cached_property
    def start(self) -> dict[str, np.ndarray]:
        """The EM estimate, where every peer starts."""
        em = self.given.mixture.fit_em(self.given.X, random_seed=0)
        return {"weights": em.weights, "means": em.params["means"], "covariances": em.params["covariances"]}


@cache
def textbook_model(task: Task, form: str) -> textbook.Compiled:
    """The textbook's model, compiled."""
    given = task.given
    return textbook.compile_model(given.X, given.n_components, given.mixture.priors, form, task.start)


def textbook_runs(task: Task, quick: bool, adaptation: str) -> dict[str, Run]:
    """The textbook's configurations: tuning lengths of the form that is faster in a short run."""
    forms = [textbook_model(task, form) for form in (textbook.FORMS[:1] if quick else textbook.FORMS)]
    compiled = forms[0] if quick else min(forms, key=textbook.Compiled.short_run_seconds)

    def run(seed: int, tune: int) -> Worth:
        return task.worth(*compiled.sample(adaptation, tune, DRAWS, CHAINS, seed))

    lengths = textbook.TUNING[:1] if quick else textbook.TUNING
    return {f"{compiled.form} form, {tune} tuning steps": partial(run, tune=tune) for tune in lengths}


def numpyro_runs(task: Task, quick: bool) -> dict[str, Run]:
    """NumPyro's configurations: mass matrix and length of warm-up; compiled."""
    given = task.given
    runs: dict[str, Run] = {}
    for name, dense in list(numpyro.MASS.items())[:1] if quick else numpyro.MASS.items():
        for warmup in numpyro.WARMUP[:1] if quick else numpyro.WARMUP:
            sampler = numpyro.Sampler(
                given.X,
                given.n_components,
                given.mixture.priors,
                task.start,
                dense=dense,
                warmup=warmup,
                draws=DRAWS,
            )
            sampler.sample(0)

            def run(seed, sampler=sampler):
                return task.worth(*sampler.sample(seed))

            runs[f"{name}, {warmup} warm-up steps"] = run
    return runs


def stan_runs(task: Task) -> dict[str, Run]:
    """Stan's configurations: the length of warm-up."""
    given = task.given
    sampler = stan.Sampler(given.X, given.n_components, given.mixture.priors, task.start)
    return {
        f"{warmup} warm-up steps": lambda seed, warmup=warmup: task.worth(*sampler.sample(warmup, DRAWS, seed))
        for warmup in stan.WARMUP
    }


def row(task: Task, peer: str, runs: dict[str, Run], rounds: int) -> tuple[str, ...]:
    """Every configuration of a peer once, and the best in turn with bayesmix.

    With no rounds the trial of the best counts, beside several runs of bayesmix.
    """
    tried = {name: run(100) for name, run in runs.items()} if len(runs) > 1 or not rounds else {}
    best = max(tried, key=lambda name: np.nan_to_num(tried[name].per_second, nan=-1.0), default=next(iter(runs)))
    if rounds:
        pairs = [(task.ours(seed), runs[best](seed)) for seed in range(1, rounds + 1)]
    else:
        pairs = [(task.ours(seed), tried[best]) for seed in BESIDE_ONE_TRIAL]
    ratios = np.array([ours.per_second / theirs.per_second for ours, theirs in pairs])
    counted = ratios[np.isfinite(ratios)]
    said = spread(counted) if counted.size else "void"
    size = task.given.size
    asked = verdict("smallest ESS per second", size, peer, counted) if counted.size else "void"
    if 0 < counted.size < ratios.size:
        said += f"; {ratios.size - counted.size} of {ratios.size} void"
    # one run may stand beside several
    ours, theirs = (list(dict.fromkeys(side)) for side in zip(*pairs, strict=True))
    return size_text(size), peer, best, _described(ours), _described(theirs), said, asked


def _described(runs: list[Worth]) -> str:
    """Median of every number, and how many runs are void."""
    ess, seconds = np.median([one.ess for one in runs]), float(np.median([one.seconds for one in runs]))
    void = sum(one.void for one in runs)
    rhat = max(one.rhat for one in runs)
    return f"{ess:.0f} in {seconds_text(seconds)}" + (f" ({void} void: R-hat {rhat:.3f})" if void else "")


def textbook_rows(task: Task, quick: bool, rounds: int) -> list[tuple[str, ...]]:
    """The textbook by both adaptations."""
    task.ours(0)
    return [
        row(task, f"textbook PyMC, {name}", textbook_runs(task, quick, adaptation), rounds)
        for name, adaptation in textbook.ADAPTATION.items()
    ]


def bound_row(task: Task, seed: int) -> tuple[str, ...]:
    """A run of bayesmix beside the gradients that it needs."""
    density, drawn, of_em, of_sampling = task.sample(seed)
    q = drawn.unconstrained[0, 0]
    gradient = repeated(lambda: density.logp_grad(q))()
    gradients = int(drawn.stats["n_steps"].sum())
    return (
        size_text(task.given.size),
        f"{gradients}",
        seconds_text(gradient),
        seconds_text(gradients * gradient / CORES),
        seconds_text(of_sampling),
        seconds_text(of_em),
    )


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    rounds = 1 if quick else 3
    few = Task(problem(FEW_ROWS, separation=OVERLAPPING))
    rows = textbook_rows(few, quick, rounds)
    rows.append(row(few, numpyro.NAME, numpyro_runs(few, quick), rounds))
    if quick:
        return [Table(COLUMNS, rows, "Stan and rows far apart take long and are left out by `--quick`.")]
    if absent := stan.missing():
        rows.append((size_text(FEW_ROWS), stan.NAME, "", "", "", f"not run: {absent}", ""))
    else:
        rows.append(row(few, stan.NAME, stan_runs(few), rounds))
    apart = [one[:-1] for one in textbook_rows(Task(problem(FEW_ROWS, separation=APART)), quick, rounds)]
    return [
        Table(COLUMNS, rows),
        Table(BOUND, [bound_row(few, 1)]),
        Table(("groups far apart", *COLUMNS[1:-1]), apart, "Nothing is asked of these rows."),
    ]
