"""Starts, statuses, the table of restarts, settings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import dirichlet, lognorm, multivariate_normal, norm

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.engines.em import Status
from bayesmix.engines.em.starts import given_memberships, memberships, nearest, point_of_memberships
from bayesmix.priors import LKJ, Dirichlet, LogNormal, Normal
from bayesmix.pymc_model.density import PyMCDensity
from tests.problems import problem_of
from tests.simulated_trees import COVARIANCES, truth

FAITHFUL = np.asarray(bm.datasets.load_faithful())


def separated_rows(covariance="full", n_components=3, n=240, seed=0):
    rng = np.random.default_rng(seed)
    weights, params = truth(covariance, n_components, 2, 12.0, rng)
    return *Gaussian(covariance).sample(weights, params, n, rng), weights, params


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("init", ["k-means++", "kmeans", "random_from_data", "random"])
def test_every_start_finds_groups_far_apart(covariance, init):
    X, labels, _, params = separated_rows(covariance)
    em = Mixture(3, Gaussian(covariance)).fit_em(X, init=init, random_seed=1)
    assert em.converged
    table = np.zeros((3, 3), dtype=int)
    np.add.at(table, (labels, em.labels), 1)
    assert table.max(axis=1).sum() == len(X)  # the true groups, up to their names
    np.testing.assert_array_equal(np.sort(table.sum(axis=0))[::-1], np.bincount(em.labels))
    by_truth = table.argmax(axis=1)
    np.testing.assert_allclose(em.params["means"][by_truth], params["means"], atol=0.6)


def test_start_from_labels_responsibilities_and_a_result():
    X, labels, *_ = separated_rows()
    mixture = Mixture(3)
    from_labels = mixture.fit_em(X, init=labels)
    from_table = mixture.fit_em(X, init=np.eye(3)[labels])
    assert from_labels.objective == pytest.approx(from_table.objective, rel=1e-12)
    assert len(from_labels.restarts) == 1
    again = mixture.fit_em(X, init=from_labels)
    assert len(again.history) <= 3  # it starts where the other ended
    assert again.objective == pytest.approx(from_labels.objective, rel=1e-9)
    assert again.history[0] == pytest.approx(from_labels.objective, rel=1e-12)


def test_a_result_of_another_mixture_is_refused():
    em = Mixture(2).fit_em(FAITHFUL, n_init=1)
    with pytest.raises(ValueError, match="gaussian-full with 2 groups, but the mixture is gaussian-full with 3"):
        Mixture(3).fit_em(FAITHFUL, init=em)
    with pytest.raises(ValueError, match="but the mixture is gaussian-diag with 2"):
        Mixture(2, Gaussian("diag")).fit_em(FAITHFUL, init=em)


@pytest.mark.parametrize(
    ("init", "message"),
    [
        (np.zeros(5), r"labels of shape \(272,\) or responsibilities of shape \(272, 2\), not \(5,\)"),
        (np.full(272, 2), "whole numbers from 0 to 1"),
        (np.full(272, 0.5), "whole numbers from 0 to 1"),
        (np.full(272, np.nan), "whole numbers from 0 to 1"),
        (np.full((272, 2), 0.6), "row 0 .counting from 0. has a negative entry or does not sum to one"),
        (
            np.where(np.arange(272)[:, None] == 7, [[-1.0, 2.0]], [[0.5, 0.5]]),
            "row 7 .counting from 0. has a negative entry",
        ),
        ("best", "init must be one of 'k-means\\+\\+'"),
    ],
)
def test_impossible_starts(init, message):
    with pytest.raises(ValueError, match=message):
        Mixture(2).fit_em(FAITHFUL, init=init)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"estimate": "mle"}, "estimate must be 'map' or 'ml', not 'mle'"),
        ({"n_init": 0}, "n_init must be an integer of at least 1"),
        ({"n_init": 2.0}, "n_init must be an integer"),
        ({"max_iter": True}, "max_iter must be an integer"),
        ({"tol": -1e-3}, "tol must be a number of at least 0"),
        ({"tol": np.nan}, "tol must be a number of at least 0"),
        ({"tol": "small"}, "tol must be a number of at least 0"),
    ],
)
def test_impossible_settings(setting, message):
    with pytest.raises(ValueError, match=message):
        Mixture(2).fit_em(FAITHFUL, **setting)


def test_tol_of_zero_runs_all_iterations():
    em = Mixture(2).fit_em(FAITHFUL, tol=0, max_iter=37, n_init=1, random_seed=0)
    assert len(em.history) == 38  # the objective at the start, and after each iteration
    assert em.status is Status.MAX_ITER
    assert not em.converged


def test_tol_is_a_gain_for_each_row():
    em = Mixture(3).fit_em(FAITHFUL, tol=1e-5, n_init=1, random_seed=0)
    gains = np.diff(em.history) / len(FAITHFUL)
    assert gains[-1] < 1e-5
    assert np.all(gains[:-1] >= 1e-5)


def test_max_iter_status():
    em = Mixture(3).fit_em(FAITHFUL, max_iter=1, n_init=2, random_seed=0)
    assert em.status is Status.MAX_ITER
    assert "raise max_iter" in em.status.value
    assert np.isfinite(em.objective)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_restarts_are_a_map(covariance):
    em = Mixture(4, Gaussian(covariance)).fit_em(FAITHFUL, n_init=12, init="random_from_data", random_seed=1)
    table = em.restarts
    assert list(table.columns) == ["objective", "optimum", "iterations", "status"]
    assert len(table) == 12
    heights = [optimum.objective for optimum in em.optima]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == pytest.approx(em.objective, rel=1e-12)
    for number, highest in table.groupby("optimum")["objective"].max().items():
        assert highest == pytest.approx(heights[number], rel=1e-12)
    assert sum(optimum.n_starts for optimum in em.optima) == 12
    for number, optimum in enumerate(em.optima):
        assert (table["optimum"] == number).sum() == optimum.n_starts
        value = em.family.log_mixture(optimum.weights, optimum.params, FAITHFUL).sum()
        assert value < optimum.objective + 100  # the same scale: log likelihood plus log prior in the data's units
        assert np.all(np.diff(optimum.weights) <= 0)
    np.testing.assert_array_equal(em.optima[0].weights, em.weights)


def test_equal_tops_under_other_names_are_one_optimum():
    X, *_ = separated_rows()
    em = Mixture(3).fit_em(X, n_init=10, init="k-means++", random_seed=2)
    assert len(em.optima) == 1
    assert em.optima[0].n_starts == 10


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_collapse_is_a_sentence_and_not_the_answer(covariance):
    """Three equal rows far away: maximum likelihood can put a component on them, without bound."""
    X = np.concatenate([FAITHFUL, np.repeat([[20.0, 200.0]], 3, axis=0)])
    labels = np.concatenate([np.zeros(272, dtype=int), np.ones(3, dtype=int)])
    em = Mixture(2, Gaussian(covariance)).fit_em(X, estimate="ml", init=labels)
    if covariance == "tied":
        assert em.converged  # one covariance for all cannot collapse
    else:
        assert em.status is Status.DEGENERATE
        assert not em.converged
        assert "use estimate='map'" in em.status.value
        assert em.restarts["optimum"].tolist() == [-1]
        assert em.optima == ()
    assert Mixture(2, Gaussian(covariance)).fit_em(X, init=labels).converged


def test_interior_optima_win_over_collapses():
    X = np.concatenate([FAITHFUL, np.repeat([[20.0, 200.0]], 3, axis=0)])
    em = Mixture(3).fit_em(X, estimate="ml", n_init=30, init="random_from_data", random_seed=0)
    statuses = set(em.restarts["status"])
    assert Status.DEGENERATE.value in statuses
    assert Status.CONVERGED.value in statuses
    assert em.converged
    collapsed = em.restarts["optimum"] == -1
    assert (em.restarts["status"][collapsed] == Status.DEGENERATE.value).all()
    assert em.objective == pytest.approx(em.restarts["objective"][~collapsed].max(), rel=1e-12)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_lost_component(covariance):
    """Maximum likelihood from responsibilities that give a component nothing."""
    table = np.zeros((272, 2))
    table[:, 0] = 1.0
    em = Mixture(2, Gaussian(covariance)).fit_em(FAITHFUL, estimate="ml", init=table, max_iter=5000)
    assert em.status in (Status.CONVERGED, Status.EMPTY)
    assert np.isfinite(em.log_likelihood)


def test_dirichlet_below_one():
    below = Mixture(3, priors={"weights": Dirichlet(0.1)}).fit_em(FAITHFUL, random_seed=1)
    flat = Mixture(3).fit_em(FAITHFUL, random_seed=1)
    assert below.status is Status.FLAT_WEIGHTS
    assert below.converged
    assert "below 1" in below.status.value
    np.testing.assert_array_equal(below.weights, flat.weights)
    assert below.log_prior == flat.log_prior


SEPARATED = {"means": Normal((3.5, 71.0), (2.0, 27.0)), "scales": LogNormal((-0.5, 2.0), 0.75), "correlations": LKJ(1)}


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_dirichlet_below_one_under_the_separated_prior(covariance):
    """The objective is SciPy's, with a concentration of one; otherwise a weight of zero would be infinitely high."""
    below, flat = (
        Mixture(3, Gaussian(covariance), priors={**SEPARATED, "weights": Dirichlet(a)}).fit_em(
            FAITHFUL, random_seed=1, n_init=3
        )
        for a in (0.05, 1.0)
    )
    assert below.status is Status.FLAT_WEIGHTS
    np.testing.assert_allclose(below.weights, flat.weights, rtol=1e-6)
    assert below.objective == pytest.approx(flat.objective, rel=1e-12)
    matrices = below.family.covariance_matrices(below.params)
    parts = zip(below.weights, below.params["means"], matrices, strict=True)
    joint = [np.log(w) + multivariate_normal(m, s).logpdf(FAITHFUL) for w, m, s in parts]
    scales = np.sqrt(np.diagonal(matrices, axis1=-2, axis2=-1))
    log_prior = dirichlet.logpdf(below.weights / below.weights.sum(), np.ones(3))
    log_prior += norm((3.5, 71.0), (2.0, 27.0)).logpdf(below.params["means"]).sum()
    log_prior += lognorm(0.75, scale=np.exp((-0.5, 2.0))).logpdf(scales).sum()
    if covariance == "full":
        log_prior += 3 * np.log(0.5)  # a correlation is uniform between -1 and 1
    assert below.objective == pytest.approx(logsumexp(joint, axis=0).sum() + log_prior, rel=1e-9)


@pytest.mark.gate
def test_dirichlet_below_one_in_a_density_by_pymc():
    densities = []
    for a in (0.05, 1.0):
        mixture = Mixture(3, priors={**SEPARATED, "weights": Dirichlet(a)})
        densities.append(PyMCDensity(mixture.build_model(FAITHFUL), mode="FAST_COMPILE"))
    below, flat = densities
    for q in np.random.default_rng(0).normal(scale=0.5, size=(3, below.size)):
        for ours, theirs in zip(below.map_logp_grad(q), flat.map_logp_grad(q), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
        assert abs(below.logp_grad(q)[0] - flat.logp_grad(q)[0]) > 0.1


def test_dirichlet_above_one_pulls_towards_equal_weights():
    strong = Mixture(2, priors={"weights": Dirichlet(1000.0)}).fit_em(FAITHFUL, random_seed=1)
    np.testing.assert_allclose(strong.weights, 0.5, atol=0.03)
    counts = strong.responsibilities.sum(axis=0)
    np.testing.assert_allclose(strong.weights, (counts + 999) / (272 + 2 * 999), rtol=1e-5)


def test_labels_of_unequal_concentrations_follow_the_weights_order_of_the_data():
    """Components are ordered by weight after the fit; the prior's own order is then another one."""
    prior = {"weights": Dirichlet((1.0, 500.0))}
    em = Mixture(2, priors=prior).fit_em(FAITHFUL, random_seed=1)
    assert em.weights[0] >= em.weights[1]


def test_progress_bar_goes_to_standard_error(capfd):
    Mixture(2).fit_em(FAITHFUL, n_init=2, progressbar=True)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_point_of_hard_and_soft_memberships(covariance):
    family, rng = Gaussian(covariance), np.random.default_rng(0)
    problem = problem_of(rng.normal(size=(50, 2)), family, 3)
    labels = rng.integers(2, size=50)  # the third component has no row
    columns = problem.standardised.columns
    hard = point_of_memberships(columns, labels, family, problem.conditional, 3)
    soft = point_of_memberships(columns, np.eye(3)[labels], family, problem.conditional, 3)
    for one, other in zip((hard.weights, *hard.state), (soft.weights, *soft.state), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
    assert hard.finite
    np.testing.assert_allclose(hard.weights, (np.bincount(labels, minlength=3) + 1) / 53)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(seed=st.integers(0, 10**6), n_components=st.integers(1, 5), n_features=st.integers(1, 4))
def test_nearest_centre(seed, n_components, n_features):
    rng = np.random.default_rng(seed)
    rows, centres = rng.normal(size=(37, n_features)), rng.normal(size=(n_components, n_features))
    distance = ((rows[:, None, :] - centres) ** 2).sum(axis=2)
    np.testing.assert_array_equal(nearest(rows, centres), distance.argmin(axis=1))


@pytest.mark.parametrize("init", ["k-means++", "kmeans", "random_from_data", "random"])
def test_random_starts_differ_and_repeat(init):
    rows = np.random.default_rng(0).normal(size=(60, 2))
    one, other, again = (memberships(rows, init, 4, np.random.default_rng(seed)) for seed in (1, 2, 1))
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(one, again)
    given_memberships(one, 60, 4)  # what a start makes, a user may give


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_separated_prior_by_numeric_steps(covariance):
    X, labels, *_ = separated_rows(covariance)
    em = Mixture(3, Gaussian(covariance), priors={"correlations": LKJ(2)}).fit_em(X, n_init=3, random_seed=1)
    assert em.converged
    assert len(set(zip(labels.tolist(), em.labels.tolist(), strict=True))) == 3
