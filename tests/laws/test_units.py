"""Law 7: the units of the columns do not matter."""

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.data import centre_and_scale
from tests.laws.cases import COVARIANCES, GAUSSIAN_CASES, PRIORS, Case
from tests.monte_carlo import ALLOWED, Finding, mean_of
from tests.problems import density_of

EPS = np.finfo(float).eps
FAITHFUL = np.asarray(bm.datasets.load_faithful())
UNITS = ("1e-6", "1e6")


def deviations(X):
    return centre_and_scale(X)[1]


def rounding(X, shift):
    """What moving the data by ``shift`` costs: they are rounded at their new size."""
    return max(1e-9, 100 * EPS * np.max(np.abs(shift) / X.std(axis=0)))


def changes(X, covariance):
    """``name -> (changed X, tolerance)``; spherical components and VEV allow one factor for all columns."""
    deviations = X.std(axis=0)
    moved = {
        "all times 1e6": (X * 1e6, 1e-9),
        "all times 1e-6": (X * 1e-6, 1e-9),
        "all times 1e150": (X * 1e150 / np.abs(X).max(), 1e-9),
        "all times 1e-150": (X * 1e-150, 1e-9),
        "plus 1e6": (X + 1e6, rounding(X, 1e6)),
        "plus 1e6 standard deviations": (X + 1e6 * deviations, rounding(X, 1e6 * deviations)),
    }
    unit = Gaussian(covariance).standard_scale(np.arange(1.0, X.shape[1] + 1))
    if X.shape[1] == 1 or np.ptp(unit) > 0:
        factor = np.ones(X.shape[1])
        factor[0] = 60.0
        moved["eruptions in seconds"] = (X * factor, 1e-9)
        factor[0] = 1e6
        moved["one column times 1e6"] = (X * factor, 1e-9)
        factor[-1] = 1e-6
        moved["columns 1e12 apart"] = (X * factor, 1e-9)
        factor[-1] = 1e-14
        moved["columns 1e20 apart"] = (X * factor, 1e-9)
    return moved


def fit_from_labels(mixture, X):
    """EM from the thirds (or halves) of the waiting time, far beyond the default tolerance."""
    start = np.argsort(np.argsort(FAITHFUL[:, 1])) * mixture.n_components // len(FAITHFUL)
    return mixture.fit_em(X, init=start, tol=1e-12, max_iter=3000)


def changes_of_responsibilities(covariance, n_components) -> dict[str, tuple[float, float]]:
    """``name of a change of units -> (change of the responsibilities by EM, what is allowed)``."""
    mixture, errors = Mixture(n_components, Gaussian(covariance)), {}
    wanted = fit_from_labels(mixture, FAITHFUL)
    for name, (X, tolerance) in changes(FAITHFUL, covariance).items():
        found = fit_from_labels(mixture, X)
        np.testing.assert_array_equal(found.labels, wanted.labels, err_msg=name)
        errors[name] = float(np.abs(found.responsibilities - wanted.responsibilities).max()), tolerance
    return errors


def findings() -> list[Finding]:
    """Of Old Faithful in other units: EM's largest change, and NUTS in Monte Carlo errors."""
    fits = [changes_of_responsibilities(covariance, k) for covariance in COVARIANCES for k in (2, 3)]
    lines = []
    for name in dict.fromkeys(name for one in fits for name in one):
        errors, allowed = zip(*(one[name] for one in fits if name in one), strict=True)
        what = f"responsibilities by EM: {name}, {len(errors)} models"
        lines.append(Finding(what, "Old Faithful in minutes", max(errors), min(allowed)))
    for unit in UNITS:
        what = f"posterior by NUTS: all times {unit}, log-scales and weights, in Monte Carlo errors"
        lines.append(Finding(what, "Old Faithful in minutes", max(monte_carlo_errors(float(unit))), ALLOWED))
    return lines


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("n_components", [2, 3])
def test_em_of_old_faithful(covariance, n_components):
    errors = changes_of_responsibilities(covariance, n_components)
    assert {name: pair for name, pair in errors.items() if not pair[0] <= pair[1]} == {}


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("n_components", [2, 3])
def test_em_of_old_faithful_by_numeric_steps(covariance, n_components):
    """L-BFGS makes something of every rounding, so that two climbs end at different places near one top.

    With two components the top is sharp. With three it is so flat that the last 1e-12 nats a row leave the
    responsibilities free by 1e-5: there the height and the labels must agree.
    """
    mixture = Mixture(n_components, Gaussian(covariance), priors=PRIORS["separated"])
    wanted = fit_from_labels(mixture, FAITHFUL)
    for name, (X, _) in changes(FAITHFUL, covariance).items():
        found = fit_from_labels(mixture, X)
        np.testing.assert_array_equal(found.labels, wanted.labels, err_msg=name)
        heights = [em.score_samples(x).sum() for em, x in ((found, X), (wanted, FAITHFUL))]
        factors = found.params["means"].std(axis=0) / wanted.params["means"].std(axis=0)
        assert heights[0] - heights[1] == pytest.approx(-len(X) * np.log(factors).sum(), abs=1e-3), name
        if n_components == 2:
            error = np.abs(found.responsibilities - wanted.responsibilities).max()
            assert error <= 1e-6, (name, error)


@pytest.mark.parametrize("estimate", ["map", "ml"])
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_whole_em_fit_with_its_random_starts(covariance, estimate):
    mixture = Mixture(2, Gaussian(covariance))
    wanted = mixture.fit_em(FAITHFUL, estimate=estimate, random_seed=1)
    for name, (X, _) in changes(FAITHFUL, covariance).items():
        found = mixture.fit_em(X, estimate=estimate, random_seed=1)
        np.testing.assert_array_equal(found.labels, wanted.labels, err_msg=name)
        np.testing.assert_allclose(found.responsibilities, wanted.responsibilities, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("case", [c for c in GAUSSIAN_CASES if c.n_features == 2], ids=str)
def test_density_of_the_flat_vector(case: Case):
    """The log density of ``q`` moves by the constant ``-N sum log factor``, and nothing else does."""
    points = case.points(3)
    for name, (X, tolerance) in changes(case.X, case.line.family.covariance).items():
        moved = density_of(Mixture(case.n_components, case.family, priors=PRIORS[case.prior]), X)
        shifts = []
        for q in points:
            value, slope = case.density.logp_grad(q)
            other, other_slope = moved.logp_grad(q)
            shifts.append(other - value)
            limit = 100 * tolerance * np.max(np.abs(slope))
            np.testing.assert_allclose(other_slope, slope, rtol=0, atol=limit, err_msg=name)
        factor = case.family.standard_scale(deviations(X)) / case.family.standard_scale(deviations(case.X))
        wanted = -len(X) * np.log(factor).sum()
        np.testing.assert_allclose(shifts, wanted, rtol=1e-9, atol=1e3 * tolerance * (1 + abs(value)), err_msg=name)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_predictions_at_extreme_units(covariance):
    for unit in (1e-150, 1e150):
        em = Mixture(2, Gaussian(covariance)).fit_em(FAITHFUL * unit, random_seed=1)
        plain = Mixture(2, Gaussian(covariance)).fit_em(FAITHFUL, random_seed=1)
        some = FAITHFUL[:50]
        np.testing.assert_allclose(em.predict_proba(some * unit), plain.predict_proba(some), atol=1e-6)
        densities = em.score_samples(some * unit) + 2 * np.log(unit)
        np.testing.assert_allclose(densities, plain.score_samples(some), atol=1e-6)


def monte_carlo_errors(unit: float) -> list[float]:
    """Between the posterior means of log-scales and weights with and without the unit."""

    def log_scales_and_weights(tree, factor):
        return np.concatenate(
            [np.log(tree.posterior["scales"].values / factor), tree.posterior["weights"].values[..., None]], axis=-1
        )

    mixture = Mixture(2)
    one = mixture.fit_nuts(FAITHFUL, random_seed=1, progressbar=False)
    other = mixture.fit_nuts(FAITHFUL * unit, random_seed=2, progressbar=False)
    a, b = log_scales_and_weights(one, 1.0), log_scales_and_weights(other, unit)
    return [mean_of(a[(..., *place)]).errors_from(mean_of(b[(..., *place)])) for place in np.ndindex(a.shape[2:])]


@pytest.mark.parametrize("unit", UNITS)
def test_nuts_agrees_within_monte_carlo_error(unit):
    assert max(monte_carlo_errors(float(unit))) < ALLOWED
