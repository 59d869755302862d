"""One model of the sweep: fitted, judged, left out row by row, and described."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.comparison import notes
from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.criteria import maximum_likelihood
from bayesmix.comparison.information import waic
from bayesmix.comparison.leave_one_out import loo
from bayesmix.comparison.refit import MAX_REFITS, repair
from bayesmix.comparison.trust import times_as_long
from bayesmix.engines.em import EMResult
from bayesmix.mixture import Mixture
from bayesmix.posterior.labels import Diagnosis, diagnose
from bayesmix.priors.sets import ConjugatePriors, has_closed_form
from bayesmix.tree import record_of

if TYPE_CHECKING:
    import xarray as xr

# Chains begin in the optima that EM finds: more starts make it likelier that none is missed.
# Without a closed M-step a start takes a hundred times as long.
_MAP_STARTS = 30
_NUMERIC_STARTS = 10

METHODS = ("nuts", "advi", "laplace", "em")
_NAMES = {"nuts": "NUTS", "advi": "ADVI", "laplace": "Laplace"}

Report = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How every model of a sweep is fitted.

    Attributes
    ----------
    method : {"nuts", "advi", "laplace", "em"}
    cores : int, optional
        Chains run at once.
    options : mapping
        Further arguments of ``fit_nuts``, ``fit_advi`` or ``fit_laplace``, such as ``draws``.
    refit_options : mapping
        Further arguments of the ``fit_nuts`` that leaves a row out.
    max_refits : int
        Rows of one model that are left out by a fit of their own.
    """

    method: str = "nuts"
    cores: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    refit_options: Mapping[str, Any] = field(default_factory=dict)
    max_refits: int = MAX_REFITS


def consider(mixture: Mixture, X: Any, settings: Settings, seed: np.random.SeedSequence, report: Report) -> Candidate:
    """Fit one model by EM and by ``settings.method``, and say what is to be said about it.

    A model that does not fit the data (fewer distinct rows than components, collinear columns
    under a full covariance, priors of another shape) and a sampler that fails give a candidate
    without numbers whose note says so.
    """
    try:
        resolved = mixture.resolve_priors(X)
    except ValueError as error:
        return Candidate(mixture, notes=(f"not fitted: {error}",))
    for_em, for_ml, for_draws, for_refits = seed.spawn(4)
    report("EM")
    priors = resolved.priors
    closed = isinstance(priors, ConjugatePriors) and has_closed_form(priors)
    n_init = _MAP_STARTS if closed else _NUMERIC_STARTS
    em = resolved.fit_em(X, n_init=n_init, random_seed=_number(for_em))
    ml = maximum_likelihood(resolved, X, em, _number(for_ml))
    candidate = Candidate(resolved, em, ml, notes=tuple(notes.of_estimates(em, ml)))
    if settings.method == "em":
        return candidate
    report(_NAMES[settings.method])
    try:
        tree, diagnosis, said = _sampled(resolved, X, em, settings, _number(for_draws), report)
    except (RuntimeError, np.linalg.LinAlgError) as error:
        if isinstance(error, NotImplementedError | RecursionError):  # not the model's fault
            raise
        return _noted(candidate, [f"{_NAMES[settings.method]} failed: {error}"])
    candidate = _noted(replace(candidate, tree=tree, diagnosis=diagnosis), said)
    return _judged(candidate, tree, diagnosis, em, settings, for_refits, report)


def _sampled(
    mixture: Mixture, X: Any, em: EMResult, settings: Settings, seed: int, report: Report
) -> tuple["xr.DataTree", Diagnosis, list[str]]:
    """Make and diagnose the posterior; chains that fail a gate narrowly are run once more, and longer."""
    tree = _posterior(mixture, X, em, settings, seed)
    diagnosis = diagnose(tree)
    times = times_as_long(diagnosis)
    if times == 1 or settings.method != "nuts" or was_interrupted(tree):
        return tree, diagnosis, []
    once = tree["posterior"].sizes["draw"]
    draws = times * once
    report(f"NUTS, {draws} draws a chain")
    longer = replace(settings, options={**settings.options, "draws": draws})
    said = (
        f"{draws} draws a chain, since {once} gave {diagnosis.min_ess:.0f} effective "
        f"ones and an R-hat of {diagnosis.max_rhat:.3f}"
    )
    tree = _posterior(mixture, X, em, longer, seed)
    return tree, diagnose(tree), [said]


def was_interrupted(tree: "xr.DataTree") -> bool:
    """Whether the user stopped the sampler, which then kept the draws it had."""
    return any(note.startswith("interrupted") for note in record_of(tree).get("notes", []))


def _posterior(mixture: Mixture, X: Any, em: EMResult, settings: Settings, seed: int) -> "xr.DataTree":
    if settings.method == "nuts":
        return mixture.fit_nuts(
            X,
            init=em,
            cores=settings.cores,
            random_seed=seed,
            progressbar=False,
            **settings.options,
        )
    if settings.method == "advi":
        return mixture.fit_advi(X, init=em, random_seed=seed, progressbar=False, **settings.options)
    return mixture.fit_laplace(X, init=em, random_seed=seed, **settings.options)


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
    elpd, widely = loo(tree), waic(tree)
    # Refits cannot mend the LOO of a posterior that is itself wrong.
    repaired = repair(
        elpd,
        tree,
        candidate.mixture,
        em,
        seed=seed,
        options={"cores": settings.cores, **settings.refit_options},
        max_refits=0 if distrust else settings.max_refits,
        report=report,
    )
    judged = replace(
        candidate,
        loo=repaired.elpd,
        waic=widely,
        n_bad_k=len(repaired.remaining),
        distrust=distrust,
    )
    said = [
        *notes.of_posterior(diagnosis, distrust),
        *notes.of_bad_rows(len(repaired.refitted), len(repaired.remaining)),
        *notes.of_waic(widely, repaired.elpd),
        *record_of(tree).get("notes", []),
    ]
    return _noted(judged, said)


def _noted(candidate: Candidate, said: list[str]) -> Candidate:
    return replace(candidate, notes=tuple(dict.fromkeys([*candidate.notes, *said])))


def _number(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1)[0])
