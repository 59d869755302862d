"""A weight of 2 is the row twice, of 0 no row, and fractions mean the same by continuity."""

from dataclasses import replace

import numpy as np
import pytest

from bayesmix import Gaussian, Mixture
from bayesmix.data import Rows, read_rows
from bayesmix.engines.begin import density_of
from bayesmix.problem import Problem
from tests.laws.cases import CASES

# Every family, prior and covariance, in one shape that has several features and components
OF_EVERY_LINE = [case for case in CASES if (case.n_features, case.n_components) == (2, 3)]


def weighted(case, weights) -> Problem:
    rows = read_rows(case.X, takes=case.line.family.takes).weighing(np.asarray(weights, dtype=float))
    return problem_on(case, rows)


def problem_on(case, rows: Rows) -> Problem:
    return Problem.of(rows, case.line.family, case.n_components, case.mixture.priors)


def whole_weights(case) -> np.ndarray:
    return np.random.default_rng(case.n_features).integers(0, 4, len(case.X)).astype(float)


@pytest.mark.parametrize("case", OF_EVERY_LINE, ids=str)
def test_whole_weights_are_repeated_rows_in_the_density(case):
    problem = weighted(case, whole_weights(case))
    repeated = problem_on(case, problem.rows.copies)
    assert problem.rows.n_rows < len(case.X) < repeated.rows.n_rows == problem.rows.total
    ours, theirs = density_of(problem), density_of(repeated)
    for q in case.points(3):
        for name in ("logp_grad", "map_logp_grad"):
            (value, slope), (wanted, wanted_slope) = getattr(ours, name)(q), getattr(theirs, name)(q)
            assert value == pytest.approx(wanted, rel=1e-10)
            np.testing.assert_allclose(slope, wanted_slope, rtol=1e-8, atol=1e-8 * np.abs(wanted_slope).max())


@pytest.mark.parametrize("case", OF_EVERY_LINE, ids=str)
def test_what_is_known_of_a_row_is_known_of_its_copies(case):
    rows = weighted(case, whole_weights(case)).rows
    told = np.log(np.random.default_rng(2).dirichlet(np.ones(case.n_components), rows.n_rows))
    told[:9] = np.where(np.arange(9)[:, None] % case.n_components == np.arange(case.n_components), 0.0, -np.inf)
    rows = replace(rows, log_prior=told - told.max(axis=1, keepdims=True))
    q = case.points(1)[0]
    (value, slope), (wanted, wanted_slope) = (
        density_of(problem_on(case, one)).logp_grad(q) for one in (rows, rows.copies)
    )
    assert value == pytest.approx(wanted, rel=1e-10)
    np.testing.assert_allclose(slope, wanted_slope, rtol=1e-8, atol=1e-8 * np.abs(wanted_slope).max())


@pytest.mark.parametrize("case", OF_EVERY_LINE, ids=str)
def test_likelihood_is_linear_in_the_weights(case):
    # what each row adds, by its own density; weights are fractions
    weights = np.random.default_rng(1).gamma(1.0, size=len(case.X))
    density, prior_alone = density_of(weighted(case, weights)), density_of(weighted(case, 1e-9 * weights))
    q = case.points(1)[0]
    named = density.constrain(q)
    of_rows = case.family.log_mixture(named["weights"], named, case.rows.values)
    there = prior_alone.unconstrain({**named, **case.family.complete(named, case.problem.priors)})
    gained = density.map_logp_grad(q)[0] - prior_alone.map_logp_grad(there)[0]
    assert gained == pytest.approx((1 - 1e-9) * float(weights @ of_rows), rel=1e-8)


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical", "VEV"])
@pytest.mark.parametrize("estimate", ["map", "ml"])
def test_em_from_a_given_start(covariance, estimate):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 2)) + 4.0 * (np.arange(60) % 2)[:, None]
    weights, labels = rng.integers(0, 4, 60), np.arange(60) % 2
    mixture, settings = Mixture(2, Gaussian(covariance)), {"estimate": estimate, "max_iter": 20, "tol": 0}
    ours = mixture.fit_em(X, sample_weight=weights, init=labels, **settings)
    repeated = np.repeat(X, weights, axis=0)
    theirs = mixture.fit_em(repeated, init=np.repeat(labels, weights), **settings)
    np.testing.assert_allclose(ours.history, theirs.history, rtol=1e-10)
    np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-9)
    for name in ("bic", "aic", "icl", "sabic", "caic", "entropy"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9), name
    for name, values in theirs.params.items():
        np.testing.assert_allclose(ours.params[name], values, rtol=1e-7, atol=1e-9)


def test_weights_may_be_scaled_at_maximum_likelihood():
    rng = np.random.default_rng(4)
    X, weights = rng.normal(size=(50, 2)) + 5.0 * (np.arange(50) % 2)[:, None], rng.gamma(2.0, size=50)
    mixture, settings = Mixture(2), {"estimate": "ml", "init": np.arange(50) % 2, "max_iter": 30, "tol": 0}
    one, other = (mixture.fit_em(X, sample_weight=c * weights, **settings) for c in (1.0, 1e-3))
    assert other.log_likelihood == pytest.approx(1e-3 * one.log_likelihood, rel=1e-9)
    np.testing.assert_allclose(other.params["covariances"], one.params["covariances"], rtol=1e-7)


def test_a_row_of_weight_zero_is_no_row():
    X = np.concatenate([np.random.default_rng(5).normal(size=(40, 2)), [[1e6, -1e6]]])
    weights = np.append(np.ones(40), 0)
    ours, theirs = Mixture(2).fit_em(X, sample_weight=weights, random_seed=1), Mixture(2).fit_em(X[:-1], random_seed=1)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-9)
    assert ours.rows.n_rows == 40 and ours.predict(X).size == 41
    assert "1 more row has weight 0" in ours.notes[0].words
