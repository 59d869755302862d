"""One model of the sweep: fitted, judged, left out row by row, and described."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.comparison import notes, row_sample
from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.estimates import Estimates
from bayesmix.comparison.evidence import Evidence, measured
from bayesmix.comparison.folds import left_out_by_folds
from bayesmix.comparison.information import waic
from bayesmix.comparison.leave_one_out import loo
from bayesmix.comparison.pointwise import bad_rows
from bayesmix.comparison.refit import MAX_REFITS, Repair, repair
from bayesmix.comparison.trust import times_as_long
from bayesmix.data import Rows
from bayesmix.engines.begin import fit_em
from bayesmix.engines.em import EMResult, EMSettings
from bayesmix.mixture import Mixture
from bayesmix.notes import Note, in_words, kinds_in
from bayesmix.posterior.fitting import fit_posterior
from bayesmix.posterior.labels import Diagnosis, diagnose
from bayesmix.posterior.numbers import occupied_shares
from bayesmix.posterior.power_scaling import prior_note, told_sensitivity
from bayesmix.problem import Problem
from bayesmix.registry import ENGINES
from bayesmix.tree import record_of

if TYPE_CHECKING:
    import xarray as xr
    from arviz_stats.utils import ELPDDataLOOKFold

# Of more rows than this so many are left out, and speak for all.
_MANY_ROWS, _SAMPLE = 200_000, 20_000

METHODS = (*ENGINES, "em")

Report = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How every model of a sweep is fitted.

    Attributes
    ----------
    method : {"auto", "nuts", "gibbs", "advi", "laplace", "em"}
    cores : int, optional
        Models fitted at once, and chains run at once.
    options : mapping
        Further settings of the engine, such as ``draws``.
    refit_options : mapping
        Further settings of the engine that leaves rows out.
    max_refits : int
        Rows of one model that are left out by a fit of their own.
    n_folds : int, optional
        Folds that are left out by a fit of their own.
    """

    method: str = "auto"
    cores: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    refit_options: Mapping[str, Any] = field(default_factory=dict)
    max_refits: int = MAX_REFITS
    n_folds: int | None = None


def put_together(mixture: Mixture, rows: Rows) -> Problem | Candidate:
    """The problem of one model; a candidate without numbers, whose note says why, where it does not fit the rows.

    So it is with fewer distinct rows than components, collinear columns under a full covariance, or priors of another
    shape.
    """
    try:
        return Problem.of(rows, mixture.family, mixture.n_components, mixture.priors)
    except ValueError as error:
        return Candidate(mixture, notes=(f"not fitted: {error}",))


def estimated(mixture: Mixture, problem: Problem, estimates: Estimates) -> Candidate:
    """The candidate that EM alone gives, with its priors as numbers."""
    resolved = replace(mixture, family=problem.family, priors=problem.priors)
    return Candidate(resolved, *estimates, notes=tuple(notes.of_estimates(*estimates)))


def evaluate(
    candidate: Candidate,
    problem: Problem,
    settings: Settings,
    seeds: Sequence[np.random.SeedSequence],
    report: Report,
) -> Candidate:
    """Fit one model by ``settings.method`` from its estimates, and say what is to be said about it.

    A sampler that fails gives a candidate whose note says so. ``seeds`` are those of the draws and of the refits.
    """
    em, (for_draws, for_refits) = candidate.em, seeds
    if em is None:
        return candidate
    name = ENGINES[settings.method].name
    report(name)
    drawn = _drawn(problem, em, settings, _number(for_draws), report)
    if isinstance(drawn, Exception):
        return _noted(candidate, [f"{name} failed: {drawn}"])
    tree, diagnosis, said = drawn
    candidate = _noted(replace(candidate, tree=tree, diagnosis=diagnosis), said)
    return _judged(candidate, tree, diagnosis, em, settings, for_refits, report)


def evidence_of(problem: Problem, settings: Settings, seed: np.random.SeedSequence, report: Report) -> Evidence:
    """Fit one model by ``settings.method`` for its evidence alone; one without a number where there is none."""
    for_em, for_draws, for_evidence = seed.spawn(3)
    report("EM")
    em = fit_em(problem, EMSettings(), _number(for_em))
    name = ENGINES[settings.method].name
    report(name)
    drawn = _drawn(problem, em, settings, _number(for_draws), report)
    if isinstance(drawn, Exception):
        return Evidence(reason=Note("ended", {"engine": name, "how": str(drawn)}))
    tree, diagnosis, _ = drawn
    report("evidence")
    return measured(tree, diagnosis.reasons, np.random.default_rng(for_evidence))


def _drawn(
    problem: Problem, em: EMResult, settings: Settings, seed: int, report: Report
) -> tuple["xr.DataTree", Diagnosis, list[str]] | Exception:
    """The posterior, its diagnosis, and what is to be said of how it was made; why there is none where chains end."""
    try:
        return _sampled(problem, em, settings, seed, report)
    except (NotImplementedError, RecursionError):  # kinds of RuntimeError, and not the model's fault
        raise
    except (RuntimeError, np.linalg.LinAlgError) as error:
        return error


def _sampled(
    problem: Problem, em: EMResult, settings: Settings, seed: int, report: Report
) -> tuple["xr.DataTree", Diagnosis, list[str]]:
    """Make and diagnose the posterior; chains that fail a gate narrowly are run once more, and longer."""
    tree = _posterior(problem, em, settings, seed)
    diagnosis = diagnose(tree)
    times = times_as_long(diagnosis)
    if times == 1 or record_of(tree)["method"] != "nuts" or was_interrupted(tree):
        return tree, diagnosis, []
    once = tree["posterior"].sizes["draw"]
    draws = times * once
    report(f"NUTS, {draws} draws a chain")
    longer = replace(settings, method="nuts", options={**settings.options, "draws": draws})
    said = (
        f"{draws} draws a chain, since {once} gave {diagnosis.min_ess:.0f} effective "
        f"ones and an R-hat of {diagnosis.max_rhat:.3f}"
    )
    tree = _posterior(problem, em, longer, seed)
    return tree, diagnose(tree), [said]


def was_interrupted(tree: "xr.DataTree") -> bool:
    """Whether the user stopped the sampler, which then kept the draws it had."""
    return "interrupted" in kinds_in(record_of(tree)["notes"])


def _posterior(problem: Problem, em: EMResult, settings: Settings, seed: int) -> "xr.DataTree":
    engine = ENGINES[settings.method].of({**settings.options, "cores": settings.cores, "progressbar": False})
    return fit_posterior(problem, settings.method, engine, init=em, random_seed=seed, shown=False)


def _judged(
    candidate: Candidate,
    tree: "xr.DataTree",
    diagnosis: Diagnosis,
    em: EMResult,
    settings: Settings,
    seed: np.random.SeedSequence,
    report: Report,
) -> Candidate:
    report("LOO")
    distrust = tuple(reason.clause for reason in diagnosis.reasons)
    n_rows = _SAMPLE if em.rows.n_rows > _MANY_ROWS else None
    elpd, widely = loo(tree, n_rows=n_rows), waic(tree)
    # Nothing mends the LOO of a posterior that is itself wrong.
    repaired = (
        Repair(elpd, remaining=tuple(np.sort(bad_rows(elpd)).tolist()))
        if distrust
        else repair(
            elpd,
            tree,
            candidate.mixture,
            em,
            seed=seed,
            options={"cores": settings.cores, **settings.refit_options},
            max_refits=settings.max_refits,
            report=report,
        )
    )
    by_folds, unmixed = _by_folds(candidate.mixture, tree, em, settings, seed, report)
    report("evidence")
    evidence = measured(tree, diagnosis.reasons, np.random.default_rng(seed.spawn(1)[0]))
    judged = replace(
        candidate,
        loo=repaired.elpd,
        waic=widely,
        evidence=evidence,
        occupied=occupied_shares(tree),
        kfold=by_folds,
        n_bad_k=len(repaired.remaining),
        distrust=distrust,
    )
    swayed = None if distrust else prior_note(told_sensitivity(tree))
    said = [
        *notes.of_posterior(diagnosis),
        *([swayed.words] if swayed else []),
        *notes.of_bad_rows(repaired, None if distrust else settings.max_refits),
        *row_sample.in_words(elpd),
        *notes.of_folds(by_folds, repaired.elpd, unmixed),
        *notes.of_waic(widely, repaired.elpd),
        *notes.of_evidence(evidence),
        *in_words(record_of(tree)["notes"]),
    ]
    return _noted(judged, said)


def _by_folds(
    mixture: Mixture,
    tree: "xr.DataTree",
    em: EMResult,
    settings: Settings,
    seed: np.random.SeedSequence,
    report: Report,
) -> tuple["ELPDDataLOOKFold | None", int]:
    """K-fold cross-validation where it was asked for, and how many folds have chains that do not agree."""
    if settings.n_folds is None:
        return None, 0
    own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, em.rows.n_rows))  # after those of the rows
    return left_out_by_folds(
        tree,
        mixture,
        em,
        settings.n_folds,
        own,
        settings.cores,
        lambda fold: report(f"fold {fold + 1} of {settings.n_folds}"),
        settings.refit_options,
    )


def _noted(candidate: Candidate, said: list[str]) -> Candidate:
    return replace(candidate, notes=tuple(dict.fromkeys([*candidate.notes, *said])))


def _number(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1)[0])
