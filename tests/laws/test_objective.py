"""Law 4: EM's objective never falls, and where it ends the slope of the MAP objective is zero."""

import numpy as np
import pytest

from tests.laws.cases import CASES, LIKELIHOOD_CASES

# An objective is a sum over rows, evaluated twice: its rounding is far below this share of it.
ROUNDING = 1e-12


def assert_never_falls(history):
    assert history.size > 1
    assert np.all(np.diff(history) >= -ROUNDING * (1 + np.abs(history[1:])))


@pytest.mark.parametrize("init", ["random", "random_from_data"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_penalised_objective_never_falls(case, init):
    em = case.mixture.fit_em(case.X, init=init, n_init=1, max_iter=80, tol=0, random_seed=2)
    assert_never_falls(em.history)
    assert em.history[-1] == pytest.approx(em.log_likelihood + em.log_prior, rel=1e-12)


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_likelihood_never_falls(case):
    em = case.mixture.fit_em(case.X, estimate="ml", init="random", n_init=1, max_iter=80, tol=0, random_seed=2)
    assert_never_falls(em.history)
    assert em.log_prior == 0


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_end_is_a_stationary_point_of_the_map_objective(case):
    em = case.mixture.fit_em(case.X, n_init=2, tol=1e-15, max_iter=20_000, random_seed=3)
    assert em.converged
    q = case.density.unconstrain({"weights": em.weights, **em.params})
    value, slope = case.density.map_logp_grad(q)
    assert value == pytest.approx(em.objective, rel=1e-11)
    # an objective of curvature c at a slope g is g^2 / 2c below its top; rows number below a hundred
    assert np.max(np.abs(slope)) < 1e-3
    steps = 0.01 * np.random.default_rng(0).normal(size=(20, q.size))
    assert max(case.density.map_logp_grad(q + step)[0] for step in steps) < value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_objective_is_likelihood_plus_prior_in_the_units_of_the_data(case):
    em = case.mixture.fit_em(case.X, n_init=1, random_seed=4)
    rows = case.family.log_mixture(em.weights, em.params, case.X)
    assert em.log_likelihood == pytest.approx(rows.sum(), rel=1e-11)
    assert em.score_samples(case.X) == pytest.approx(rows, rel=1e-12)
