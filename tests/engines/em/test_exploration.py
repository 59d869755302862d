"""Short runs first: fewer passes, the same map."""

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.engines.em import Status, exploration, fit
from bayesmix.engines.em.starts import far_apart
from tests.simulated_trees import COVARIANCES
from tests.stress.rows import crossing_lines

FAITHFUL = np.asarray(bm.datasets.load_faithful())
MANY = bm.datasets.simulate(9000, 3, 4, separation=3.0, random_seed=1).X.to_numpy()


def every_start_on_its_own(monkeypatch, mixture, X, **settings):
    """The fit without short runs."""
    with monkeypatch.context() as patched:
        patched.setattr(exploration, "SETTLED", 0.0)
        return mixture.fit_em(X, **settings)


@pytest.mark.parametrize("estimate", ["map", "ml"])
@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize(("X", "n_components"), [(FAITHFUL, 3), (MANY, 4)], ids=["faithful", "many rows"])
def test_the_same_optimum_as_without_short_runs(monkeypatch, covariance, estimate, X, n_components):
    mixture = Mixture(n_components, Gaussian(covariance))
    settings = {"estimate": estimate, "random_seed": 1}
    short = mixture.fit_em(X, **settings)
    alone = every_start_on_its_own(monkeypatch, mixture, X, **settings)
    assert short.converged
    # a climb that ends when an iteration gains 1e-8 a row may be that many iterations below its top
    assert short.objective >= alone.objective - 1e-5 * len(X)
    assert len(short.restarts) == len(alone.restarts) == 10


def test_followers_are_recorded_with_the_optimum_of_their_leader():
    em = Mixture(4).fit_em(MANY, random_seed=1)
    followers = em.restarts[em.restarts["status"] == Status.FOLLOWER.value]
    assert len(followers) > 0
    for _, follower in followers.iterrows():
        below = em.optima[follower["optimum"]].objective - follower["objective"]
        assert 0 <= below < 1e-5 * len(MANY)  # nats within which tops at one place are one optimum


def test_starts_far_below_are_set_aside_with_their_height():
    """Ten groups far apart: a start that puts two components in one group and one between two others stays there."""
    X = bm.datasets.simulate(20_000, 8, 8, separation=6.0, random_seed=0).X.to_numpy()
    em = Mixture(8).fit_em(X, estimate="ml", init="random_from_data", random_seed=0)
    assert em.converged
    aside = em.restarts[em.restarts["status"] == Status.SET_ASIDE.value]
    assert len(aside) > 0
    assert (aside["objective"] < em.objective - 0.05 * len(X)).all()
    for number in set(aside["optimum"]):
        optimum = em.optima[number]
        height = em.family.log_mixture(optimum.weights, optimum.params, X).sum()
        assert optimum.objective == pytest.approx(height, rel=1e-10)


def test_a_start_that_collapses_on_the_sample_has_a_second_chance(monkeypatch):
    """Of four rows a component soon owns too few for a covariance; of all rows it does not."""
    monkeypatch.setattr(fit_module(), "SAMPLE", 4)
    monkeypatch.setattr(fit_module(), "SAMPLE_PER_PLACE", 1)
    go_on, on_the_sample = exploration.go_on, []

    def overheard(climbs, *rest):
        on_the_sample.extend(climbs)
        return go_on(climbs, *rest)

    monkeypatch.setattr(exploration, "go_on", overheard)
    X = bm.datasets.simulate(500, 2, 2, separation=6.0, random_seed=0).X.to_numpy()
    em = Mixture(2).fit_em(X, estimate="ml", random_seed=0)
    assert not any(one.status.interior for one in on_the_sample)
    assert em.converged
    assert (em.restarts["optimum"] >= 0).any()


def test_what_was_set_aside_for_a_collapse_is_climbed():
    """Two thin lines that cross: nearly every start finds them and collapses, hundreds of nats above the last one."""
    em = Mixture(2).fit_em(crossing_lines(1e-6), estimate="ml", random_seed=1)
    collapsed = em.restarts["status"] == Status.DEGENERATE.value
    assert em.converged
    assert 0 < collapsed.sum() < len(collapsed)
    assert (em.restarts["objective"][collapsed] > em.objective + 100).all()


def fit_module():
    """The module (the room exports its function under the same name)."""
    import sys

    return sys.modules[fit.__module__]


def test_short_runs_spare_no_iteration_that_was_asked_for():
    em = Mixture(2).fit_em(MANY, tol=0, max_iter=30, n_init=3, random_seed=0)
    assert em.restarts["iterations"].tolist() == [30, 30, 30]


def test_rows_far_apart_are_as_good_as_those_of_scikit_learn():
    """Mean sum of squared distances to the nearest centre, over seeds; gated on its own Monte Carlo error."""
    from sklearn.cluster import kmeans_plusplus

    rows = (MANY - MANY.mean(axis=0)) / MANY.std(axis=0)

    def sum_of_squares(centres):
        return ((rows[:, None, :] - centres) ** 2).sum(axis=2).min(axis=1).sum()

    ours = np.array([sum_of_squares(far_apart(rows, 6, np.random.default_rng(seed))) for seed in range(60)])
    theirs = np.array([sum_of_squares(kmeans_plusplus(rows, 6, random_state=seed)[0]) for seed in range(60)])
    error = np.hypot(ours.std(ddof=1), theirs.std(ddof=1)) / np.sqrt(60)
    assert abs(ours.mean() - theirs.mean()) < 4 * error
    anywhere = [sum_of_squares(rows[np.random.default_rng(seed).choice(len(rows), 6)]) for seed in range(60)]
    assert ours.mean() < np.mean(anywhere) - 4 * error
