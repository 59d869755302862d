"""Smallest bulk ESS per second of sampling: four chains of 1000 draws on two cores.

The clock counts everything after compilation: on bayesmix's side EM, the Hessian and its whitening, tuning and draws;
on the peers' side tuning and draws (the EM estimate that they start from is a present). ESS and R-hat are taken over
weights, means and covariances (each entry once) after the same relabelling on every side. A run with an R-hat above
1.01 is void on any side, and is reported as void. For every peer its configurations are tried once; the best goes on in
turn with bayesmix.
"""

import time
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from bayesmix.inference.nuts import NutsSettings
from bayesmix.inference.nuts_over_basins import run as run_nuts
from benchmarks.asked import FEW_ROWS, MANY_UNKNOWNS, Size, spread, verdict
from benchmarks.draws import Worth, worth
from benchmarks.peers import numpyro, stan, textbook
from benchmarks.problems import problem, separated
from benchmarks.tables import Table, seconds_text, size_text

TITLE = "Smallest effective sample size per second"
COLUMNS = ("(N, D, K)", "peer", "its configuration", "bayesmix", "peer's", "ratio (range)", "asked")
DRAWS = 1000

Run = Callable[[int], Worth]  # of a seed


def sample_bayesmix(size: Size, seed: int) -> Worth:
    """EM, whitening, tuning and draws."""
    mixture, X = separated(size), problem(size).X
    settings = NutsSettings(draws=DRAWS, chains=4, cores=2, progressbar=False)
    began = time.perf_counter()
    em, density, seeds, _ = mixture._begin(X, "em", seed)
    drawn = run_nuts(density, em, settings, seeds)
    seconds = time.perf_counter() - began
    return worth(seconds, density.constrain(drawn.unconstrained), mixture, X)


def em_estimate(size: Size) -> dict[str, np.ndarray]:
    """Where every peer starts."""
    em = separated(size).fit_em(problem(size).X, random_seed=0)
    return {"weights": em.weights, "means": em.params["means"], "covariances": em.params["covariances"]}


@cache
def textbook_model(size: Size, quick: bool) -> textbook.Compiled:
    """The textbook's model, compiled in the form that is faster in a short run."""
    mixture, X = separated(size), problem(size).X
    compiled = [
        textbook.compile_model(X, size[2], mixture.priors, form, em_estimate(size))
        for form in (textbook.FORMS[:1] if quick else textbook.FORMS)
    ]
    if len(compiled) == 1:
        return compiled[0]
    return min(compiled, key=textbook.Compiled.short_run_seconds)


def textbook_runs(size: Size, quick: bool, adaptation: str) -> dict[str, Run]:
    """The textbook's configurations: tuning lengths."""
    compiled = textbook_model(size, quick)

    def run(seed: int, tune: int) -> Worth:
        return worth(*compiled.sample(adaptation, tune, DRAWS, seed), separated(size), problem(size).X)

    lengths = textbook.TUNING[:1] if quick else textbook.TUNING
    return {f"{compiled.form} form, {tune} tuning steps": partial(run, tune=tune) for tune in lengths}


def numpyro_runs(size: Size, quick: bool) -> dict[str, Run]:
    """NumPyro's configurations: mass matrix and length of warm-up; compiled."""
    mixture, X = separated(size), problem(size).X
    runs: dict[str, Run] = {}
    for name, dense in list(numpyro.MASS.items())[:1] if quick else numpyro.MASS.items():
        for warmup in numpyro.WARMUP[:1] if quick else numpyro.WARMUP:
            sampler = numpyro.Sampler(
                X, size[2], mixture.priors, em_estimate(size), dense=dense, warmup=warmup, draws=DRAWS
            )
            sampler.sample(0)

            def run(seed, sampler=sampler):
                return worth(*sampler.sample(seed), mixture, X)

            runs[f"{name}, {warmup} warm-up steps"] = run
    return runs


def stan_runs(size: Size) -> dict[str, Run]:
    """Stan's configurations: the length of warm-up."""
    mixture, X = separated(size), problem(size).X
    sampler = stan.Sampler(X, size[2], mixture.priors, em_estimate(size))
    return {
        f"{warmup} warm-up steps": lambda seed, warmup=warmup: worth(*sampler.sample(warmup, DRAWS, seed), mixture, X)
        for warmup in stan.WARMUP
    }


def best_of(runs: dict[str, Run]) -> str:
    """The configuration with the most effective draws a second; a void one only where all are."""
    if len(runs) == 1:
        return next(iter(runs))
    tried = {name: run(100).per_second for name, run in runs.items()}
    return max(tried, key=lambda name: -1.0 if np.isnan(tried[name]) else tried[name])


def row(size: Size, peer: str, runs: dict[str, Run], rounds: int) -> tuple[str, ...]:
    """The best configuration of a peer in turn with bayesmix."""
    best = best_of(runs)
    ours, theirs = [], []
    for seed in range(1, rounds + 1):
        ours.append(sample_bayesmix(size, seed))
        theirs.append(runs[best](seed))
    ratios = np.array([a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True)])
    counted = ratios[np.isfinite(ratios)]
    said = spread(counted) if counted.size else "void"
    asked = verdict("smallest ESS per second", size, peer, counted) if counted.size else "void"
    if 0 < counted.size < ratios.size:
        said += f"; {ratios.size - counted.size} of {ratios.size} void"
    return size_text(size), peer, best, _described(ours), _described(theirs), said, asked


def _described(runs: list[Worth]) -> str:
    """Median of every number, and how many runs are void."""
    ess, seconds = np.median([one.ess for one in runs]), float(np.median([one.seconds for one in runs]))
    void = sum(one.void for one in runs)
    rhat = max(one.rhat for one in runs)
    return f"{ess:.0f} in {seconds_text(seconds)}" + (f" ({void} void: R-hat {rhat:.3f})" if void else "")


def rows(quick: bool):
    """Every peer at (1000, 2, 3); the textbook at (10^4, 10, 5) too."""
    absent = stan.missing()
    peers = {
        f"textbook PyMC, {name}": partial(textbook_runs, adaptation=kind) for name, kind in textbook.ADAPTATION.items()
    }
    sample_bayesmix(FEW_ROWS, 0)
    for peer, runs in peers.items():
        yield row(FEW_ROWS, peer, runs(FEW_ROWS, quick), 1 if quick else 3)
    yield row(FEW_ROWS, numpyro.NAME, numpyro_runs(FEW_ROWS, quick), 1 if quick else 3)
    if quick:
        return
    if absent:
        yield size_text(FEW_ROWS), stan.NAME, "", "", "", f"not run: {absent}", ""
    else:
        yield row(FEW_ROWS, stan.NAME, stan_runs(FEW_ROWS), 3)
    sample_bayesmix(MANY_UNKNOWNS, 0)
    for peer, runs in peers.items():
        yield row(MANY_UNKNOWNS, peer, runs(MANY_UNKNOWNS, quick), 2)


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    note = "Stan and (10^4, 10, 5) take long and are left out by `--quick`." if quick else ""
    return [Table(COLUMNS, list(rows(quick)), note)]
