"""EM on the panel: known answers, known refusals, no NaN, and statuses that are true."""

import functools

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.engines.em import EMResult, Status
from tests.monte_carlo import Finding, worst
from tests.stress.answers import (
    EPS,
    condition,
    distance_from_mode,
    errors_of_densities,
    nats_below_the_top,
    rows_misplaced,
    smallest_ratio,
)
from tests.stress.cases import CASES, COLLAPSE, ESTIMATE, FITTED, REFUSED, ROUNDING, Case

TOL = 1e-8  # the default of fit_em
TOP = 0.01  # nats: a seventh of a posterior standard deviation away from the mode, in one direction
FITS = ("fit_em", "fit_nuts", "fit_advi", "fit_laplace", "build_model")


@functools.cache
def map_of(case: Case) -> EMResult:
    return case.mixture.fit_em(case.X, random_seed=1)


@functools.cache
def ml_of(case: Case) -> EMResult | str:
    """The maximum-likelihood fit, or the words of the refusal."""
    try:
        return case.mixture.fit_em(case.X, estimate="ml", random_seed=1)
    except ValueError as error:
        return str(error)


def refusals(case: Case) -> list[str]:
    """What every way of fitting says; empty where it went through."""
    said = []
    for name in FITS:
        try:
            getattr(case.mixture, name)(case.X)
            said.append("")
        except ValueError as error:
            said.append(str(error))
    return said


def findings_of(case: Case) -> list[Finding]:
    """Every line of evidence on one case."""
    if case.refused:
        silent = sum(case.refused not in said for said in refusals(case))
        return [Finding(f"{case}: ways of fitting that do not refuse it", "what is known of the rows", silent, 0.0)]
    em = map_of(case)
    of_r, of_sum = errors_of_densities(em)
    allowed = max(ROUNDING, 100 * EPS * condition(em))
    found = [
        Finding(f"{case}: responsibilities", "densities in extended precision", of_r, allowed),
        Finding(f"{case}: log-likelihood, relative to its terms", "densities in extended precision", of_sum, allowed),
    ]
    if em.converged:
        found.append(Finding(f"{case}: nats below the top", "L-BFGS of SciPy, from there", nats_below_the_top(em), TOP))
    if case.groups:
        found += [
            Finding(f"{case}: rows misplaced", "the groups that were made", rows_misplaced(case, em), 0.0),
            Finding(f"{case}: posterior mode", "closed form", distance_from_mode(case, em), ROUNDING),
        ]
    if case.same is not None:
        found.append(Finding(f"{case}: memberships", "the plain rows", change_of_memberships(case), case.same.allowed))
    return found + of_maximum_likelihood(case)


def of_maximum_likelihood(case: Case) -> list[Finding]:
    """Whether it says what is known; an optimum it calls interior must be one."""
    ml, found = ml_of(case), []
    if case.ml is not None:
        wrong = float(said_by(ml) != case.ml and case.ml not in str(ml))
        words = case.ml if case.ml in (ESTIMATE, COLLAPSE) else "a refusal"
        found.append(Finding(f"{case}: maximum likelihood that is not {words}", "what is known of it", wrong, 0.0))
    if isinstance(ml, EMResult) and ml.status.interior:
        narrow = 1e-8 / smallest_ratio(ml)
        what = f"{case}: 1e-8 over the smallest eigenvalue of a covariance against the data's, at maximum likelihood"
        found.append(Finding(what, "SciPy's eigh", narrow, 1.0))
    return found


def said_by(ml: EMResult | str) -> str:
    if isinstance(ml, str):
        return ml
    return ESTIMATE if ml.converged else COLLAPSE if ml.status is Status.DEGENERATE else ml.status.value


def change_of_memberships(case: Case) -> float:
    """Largest change of a responsibility next to the other rows, as many iterations from the same labels."""
    same = case.same
    assert same is not None
    plain = same.rows()
    start = np.argsort(np.argsort(plain[:, -1], kind="stable"), kind="stable") * case.mixture.n_components // len(plain)
    settings = {"tol": 0, "max_iter": 200, "estimate": "map" if same.copies == 1 else "ml"}
    wanted = case.mixture.fit_em(plain, init=start, **settings)
    found = case.mixture.fit_em(case.X, init=np.tile(start, same.copies), **settings)
    return float(np.abs(found.responsibilities - np.tile(wanted.responsibilities, (same.copies, 1))).max())


def findings() -> list[Finding]:
    """Every line of every case."""
    return [one for case in CASES for one in findings_of(case)]


def none_numbers(em: EMResult) -> list[str]:
    """Names of what has a NaN or an infinity."""
    parts = {name: np.asarray(value) for name, value in em.params.items()} | {
        "weights": em.weights,
        "responsibilities": em.responsibilities,
        "log density": em.score_samples(em.rows.values),
        "criteria": np.array([em.log_likelihood, em.log_prior, em.aic, em.bic, em.icl]),
        "history": em.history,
        "objectives": em.restarts["objective"].to_numpy(),
    }
    return [name for name, value in parts.items() if not np.isfinite(value).all()]


def assert_true_status(em: EMResult) -> None:
    """The last iteration gained what the status says, and none lost anything.

    The objective is that of the parameters as they are told. Rounding moves a covariance's least variance by ``delta``
    of itself, and so the objective by that for each row that the prior counts as, and ``delta^2`` for each row. A pass
    rounds by the condition of the factor, which is the root of the covariance's. Of a collapse, whose mean is rounded
    at the size of the data and whose spread is nearly none, one in 1e9 is asked.
    """
    n_rows, history = em.rows.n_rows, em.history
    rounding = 1e-12 + 10 * EPS * np.sqrt(condition(em))
    assert np.all(np.diff(history) >= -rounding * (1 + np.abs(history[1:])))
    delta = 4 * EPS * condition(em)
    relative = 1e-9 if em.status is Status.DEGENERATE else 1e-12
    allowed = relative * (1 + abs(em.objective)) + (10 + n_rows * delta) * delta
    assert history[-1] == pytest.approx(em.objective, rel=0, abs=allowed)
    if em.converged:
        assert history[-1] - history[-2] < TOL * n_rows
    if em.status is Status.MAX_ITER:
        assert history.size == 1001
        assert history[-1] - history[-2] >= TOL * n_rows
    assert em.status in (Status.CONVERGED, Status.MAX_ITER, Status.DEGENERATE)
    if em.optima:
        assert em.optima[0].objective == pytest.approx(history[-1], rel=1e-12)
    else:
        assert em.status is Status.DEGENERATE and (em.restarts["optimum"] == -1).all()


def test_the_panel_is_whole():
    assert len(CASES) >= 25
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.filterwarnings("error", "ignore::bayesmix.verdict.UntrustedWarning")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_answers(case):
    assert worst(findings_of(case)) == ""


@pytest.mark.filterwarnings("error", "ignore::bayesmix.verdict.UntrustedWarning")
@pytest.mark.parametrize("case", FITTED, ids=str)
def test_numbers_and_statuses(case):
    for em in (map_of(case), ml_of(case)):
        if isinstance(em, str):
            continue
        assert none_numbers(em) == []
        assert_true_status(em)
        np.testing.assert_allclose(em.responsibilities.sum(axis=1), 1.0, rtol=1e-12)
        assert np.all(em.weights > 0)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_comparison_refuses_with_the_same_words(case):
    mixture = case.mixture
    with pytest.raises(ValueError, match=case.refused):
        bm.compare(case.X, [mixture.n_components], families=[mixture.family], method="em", progressbar=False)
