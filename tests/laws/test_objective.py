"""Law 4: EM's objective never falls, and where it ends the slope of the MAP objective is zero."""

import functools

import numpy as np
import pytest

from tests.laws.cases import CASES, LIKELIHOOD_CASES
from tests.monte_carlo import Finding

# An objective is a sum over rows, evaluated twice: its rounding is far below this share of it.
ROUNDING = 1e-12
# An objective of curvature c at a slope g is g^2 / 2c below its top; rows number below a hundred.
FLAT = 1e-3
INITS = ("random", "random_from_data")


def largest_fall(em) -> float:
    """Of the objective, next to one plus its size, over all iterations."""
    assert em.history.size > 1
    return float(np.max(-np.diff(em.history) / (1 + np.abs(em.history[1:])), initial=0.0))


@functools.cache
def climb(case, init, estimate="map"):
    return case.mixture.fit_em(case.X, estimate=estimate, init=init, n_init=1, max_iter=80, tol=0, random_seed=2)


@functools.cache
def arrived(case):
    return case.mixture.fit_em(case.X, n_init=2, tol=1e-15, max_iter=20_000, random_seed=3)


def slope_at_the_end(case, density=None) -> float:
    """Of the MAP objective of the case's density, or of another one, where EM ends."""
    em, density = arrived(case), case.density if density is None else density
    q = density.unconstrain({"weights": em.weights, **em.family.complete(em.params)})
    return float(np.max(np.abs(density.map_logp_grad(q)[1])))


def findings() -> list[Finding]:
    """The largest fall at any iteration, next to one plus the objective's size, and the slope at the end."""
    climbs = {
        "penalised objective": [climb(case, init) for case in CASES for init in INITS],
        "likelihood": [climb(case, "random", "ml") for case in LIKELIHOOD_CASES],
    }
    falls = [
        Finding(f"largest fall: {name}, {len(of)} climbs", "no fall", max(map(largest_fall, of)), ROUNDING)
        for name, of in climbs.items()
    ]
    end = max(map(slope_at_the_end, CASES))
    return [*falls, Finding(f"largest slope where EM ends: MAP objective, {len(CASES)} models", "zero", end, FLAT)]


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_penalised_objective_never_falls(case, init):
    em = climb(case, init)
    assert largest_fall(em) <= ROUNDING
    assert em.history[-1] == pytest.approx(em.log_likelihood + em.log_prior, rel=1e-12)


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_likelihood_never_falls(case):
    em = climb(case, "random", "ml")
    assert largest_fall(em) <= ROUNDING
    assert em.log_prior == 0


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_end_is_a_stationary_point_of_the_map_objective(case):
    em = arrived(case)
    assert em.converged
    assert largest_fall(em) <= ROUNDING  # leaps too, where the climb is long
    q = case.vector(em.weights, em.params)
    value, _ = case.density.map_logp_grad(q)
    assert value == pytest.approx(em.objective, rel=1e-11)
    assert slope_at_the_end(case) < FLAT
    steps = 0.01 * np.random.default_rng(0).normal(size=(20, q.size))
    assert max(case.density.map_logp_grad(q + step)[0] for step in steps) < value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_objective_is_likelihood_plus_prior_in_the_units_of_the_data(case):
    em = case.mixture.fit_em(case.X, n_init=1, random_seed=4)
    rows = case.family.log_mixture(em.weights, em.params, case.X)
    assert em.log_likelihood == pytest.approx(rows.sum(), rel=1e-11)
    assert em.score_samples(case.X) == pytest.approx(rows, rel=1e-12)
