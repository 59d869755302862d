"""Leaps of long climbs: to the tops that M-steps alone reach, higher at each iteration, in fewer of them."""

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Bernoulli, Categorical, Gaussian, Mixture, Poisson, StudentT
from bayesmix.engines.em import loop
from bayesmix.engines.em.leaps import PLAIN, Leaps
from bayesmix.families.parts import Conditional, Point
from bayesmix.problem import Problem
from tests.problems import problem_of

FAITHFUL = np.asarray(bm.datasets.load_faithful())
HALVES = np.array([0.5, 0.5])


def answers_on_scales(rng: np.random.Generator) -> np.ndarray:
    """Levels (600, 4) of three, whose groups overlap."""
    likely = np.where(rng.random(600)[:, None] < 0.4, 0.4, 0.6)
    return (rng.random((600, 4)) < likely).astype(float) + (rng.random((600, 4)) < 0.3)


def visits_of_two_kinds(rng: np.random.Generator) -> np.ndarray:
    """Counts (400, 3) whose groups overlap."""
    rates = np.where(rng.random(400)[:, None] < 0.4, [2.0, 5.0, 3.0], [3.0, 4.0, 4.0])
    return rng.poisson(rates).astype(float)


def answers_of_two_kinds(rng: np.random.Generator) -> np.ndarray:
    """Answers (600, 6) whose groups overlap."""
    likely = np.where(rng.random(600)[:, None] < 0.4, 0.35, 0.65)
    return (rng.random((600, 6)) < likely).astype(float)


SLOW = {
    "full": (FAITHFUL, Gaussian("full"), 3),
    "tied": (FAITHFUL, Gaussian("tied"), 3),
    "diag": (FAITHFUL, Gaussian("diag"), 4),
    "student-t": (FAITHFUL, StudentT("tied"), 3),
    "poisson": (visits_of_two_kinds(np.random.default_rng(3)), Poisson(), 2),
    "bernoulli": (answers_of_two_kinds(np.random.default_rng(4)), Bernoulli(), 2),
    "categorical": (answers_on_scales(np.random.default_rng(5)), Categorical(), 2),
}


def climbs(name: str, estimate: str, **settings):
    """From thirds, or halves, of the rows in the order of their first column."""
    X, family, n_components = SLOW[name]
    ranks = np.argsort(np.argsort(X[:, 0], kind="stable"), kind="stable")
    mixture = Mixture(n_components, family)
    return mixture.fit_em(X, init=ranks * n_components // len(X), estimate=estimate, max_iter=100_000, **settings)


@pytest.mark.parametrize("estimate", ["ml", "map"])
@pytest.mark.parametrize("name", SLOW)
def test_the_top_of_plain_em_in_fewer_iterations(monkeypatch, name, estimate):
    leaping = climbs(name, estimate, tol=1e-9)
    monkeypatch.setattr(loop, "PLAIN", np.inf)
    plain, arrived = (climbs(name, estimate, tol=tol) for tol in (1e-9, 1e-13))
    assert leaping.converged
    assert leaping.objective == pytest.approx(arrived.objective, abs=1e-4)
    assert np.diff(leaping.history).min() >= -1e-12 * abs(leaping.objective)
    assert PLAIN < leaping.history.size < plain.history.size
    np.testing.assert_array_equal(leaping.history[:PLAIN], plain.history[:PLAIN])


def test_a_leap_that_leads_down_is_not_taken(monkeypatch):
    monkeypatch.setattr(loop, "PLAIN", np.inf)
    plain = climbs("full", "map", tol=1e-9)
    monkeypatch.setattr(loop, "PLAIN", 10)
    tried = []

    def astray(self, first, second, third):
        tried.append(third)
        return Point(third.weights[::-1].copy(), third.state)

    monkeypatch.setattr(Leaps, "_beyond", astray)
    np.testing.assert_array_equal(climbs("full", "map", tol=1e-9).history, plain.history)
    assert len(tried) > 50


def test_tol_of_zero_asks_for_plain_iterations(monkeypatch):
    X, family, n_components = SLOW["full"]
    mixture = Mixture(n_components, family)

    def history():
        return mixture.fit_em(X, tol=0, max_iter=3 * PLAIN, n_init=1, random_seed=1).history

    without = history()
    monkeypatch.setattr(loop, "PLAIN", np.inf)
    np.testing.assert_array_equal(without, history())


class Straight(Conditional):
    """Whose steps are extrapolated as they are."""

    def mode(self, state, statistics):
        raise NotImplementedError

    def log_prior(self, state):
        raise NotImplementedError

    def straight(self, state):
        return state

    def from_straight(self, coordinates):
        return coordinates


def test_one_leap_reaches_the_end_where_all_directions_are_as_slow():
    """Of ``x -> top + rate (x - top)``, whose end is known."""
    top, rate = np.array([3.0, -1.0]), 0.7
    places = [np.array([10.0, 4.0])]
    for _ in range(2):
        places.append(top + rate * (places[-1] - top))
    points = [Point(HALVES, (place,)) for place in places]
    leaping = Leaps(Straight())
    assert leaping.after(points[0], points[1]) is None
    leap = leaping.after(points[1], points[2])
    assert leap is not None
    np.testing.assert_allclose(leap.state[0], top, rtol=1e-12)
    np.testing.assert_allclose(leap.weights, HALVES, rtol=1e-12)


def test_leaps_grow_while_they_lead_up_and_shrink_where_not():
    leaping = Leaps(Straight())
    crawling = [Point(HALVES, (np.array([place]),)) for place in (0.0, 1.0, 1.999)]  # |r| / |v| is 1000
    lengths = []
    for fell in (False, False, True, False):
        leaping.after(*crawling[:2])
        leap = leaping.after(*crawling[1:])
        assert leap is not None
        lengths.append(leap.state[0][0])
        if fell:
            leaping.fell()
    np.testing.assert_allclose(lengths, [2 * a - a**2 / 1000 for a in (4, 16, 64, 64)], rtol=1e-9)


OUTSIDE = {
    "full": (Gaussian("full"), 1, -1.0),
    "diag": (Gaussian("diag"), 1, -1.0),
    "poisson": (Poisson(), 0, -0.1),
    "bernoulli": (Bernoulli(), 0, 1.1),
    "categorical": (Categorical(), 0, -0.1),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_leap_leaves_the_parameters_space(name):
    family, part, outside = OUTSIDE[name]
    X = SLOW[name][0]
    problem: Problem = problem_of(X, family, 2)
    em = Mixture(2, family).fit_em(X, n_init=1, random_seed=1)
    conditional, state = problem.conditional, problem.standardised.to_state(em.params)
    assert conditional is not None
    straight = conditional.straight(state)
    assert straight is not None
    again = conditional.from_straight(straight)
    assert again is not None
    for found, wanted in zip(again, state, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    straight[part].flat[0] = outside
    assert conditional.from_straight(straight) is None


def test_degrees_of_freedom_stay_where_they_are_estimated():
    family = StudentT("full")
    conditional = problem_of(FAITHFUL, family, 2).conditional
    assert conditional is not None
    means, factors = np.zeros((2, 2)), np.stack([np.eye(2)] * 2)
    state = conditional.from_straight((means, factors, np.array([-50.0, 50.0])))
    assert state is not None
    np.testing.assert_array_equal(state[2], [0.1, 1e6])


def test_matrices_that_share_a_shape_are_not_extrapolated():
    """A combination of theirs has another shape."""
    conditional = problem_of(FAITHFUL, Gaussian("VEV"), 2).conditional
    assert conditional is not None
    assert conditional.straight((np.zeros((2, 2)), np.stack([np.eye(2)] * 2))) is None
