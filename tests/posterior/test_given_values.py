"""Distributions of some features given others: by SciPy, by the density of whole rows, and by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import bayesmix as bm
from bayesmix.tree import draws_of, training_rows
from tests.monte_carlo import ALLOWED, Estimate
from tests.simulated_trees import discrete_tree, simulated_tree

FAITHFUL = bm.datasets.load_faithful()


@pytest.fixture(scope="module")
def unknown_number():
    """A short run: what is compared is said of these very draws."""
    mixture = bm.Mixture(bm.priors.ShiftedPoisson(2.0))
    with pytest.warns(bm.UntrustedWarning):
        return mixture.fit_gibbs(FAITHFUL[:80], draws=60, chains=2, random_seed=1, progressbar=False)


def by_scipy(tree, waiting):
    """Weights (S K) and normal distributions of the first feature given the second, over all draws and components."""
    weights, params = draws_of(tree)
    means, matrices = params["means"], np.broadcast_to(params["covariances"], (*weights.shape, 2, 2))
    slope = matrices[..., 0, 1] / matrices[..., 1, 1]
    located = means[..., 0] + slope * (waiting - means[..., 1])
    spread = np.sqrt(matrices[..., 0, 0] - slope * matrices[..., 0, 1])
    joint = weights * norm(means[..., 1], np.sqrt(matrices[..., 1, 1])).pdf(waiting)
    return joint / joint.sum(), norm(located, spread)


@pytest.mark.parametrize("value", [1.0, 12.0])
def test_moments_interval_and_density_are_those_of_scipys_normal_distributions(value):
    tree = simulated_tree(separation=1.5, spread=0.2)
    given, asked = training_rows(tree).features[1], training_rows(tree).features[0]
    share, normal = by_scipy(tree, value)
    points = np.array([-1.0, 2.0, 5.0])
    found = bm.conditional(tree, {given: value}, at=points, ci_prob=0.8)
    one = found.sel(feature=asked)
    mean = (share * normal.mean()).sum()
    assert float(one["mean"]) == pytest.approx(mean, rel=1e-9)
    sd = np.sqrt((share * (normal.var() + (normal.mean() - mean) ** 2)).sum())
    assert float(one["sd"]) == pytest.approx(sd, rel=1e-9)
    below = [(share * normal.cdf(end)).sum() for end in one["interval"].values]
    np.testing.assert_allclose(below, [0.1, 0.9], atol=1e-7)
    np.testing.assert_allclose(found["density"], [(share * normal.pdf(point)).sum() for point in points], rtol=1e-9)
    of_draws = share.sum(axis=-1)
    assert float(found["effective_draws"]) == pytest.approx(1 / (of_draws**2).sum(), rel=1e-9)
    means = ((share * normal.mean()).sum(axis=-1) / of_draws).ravel()
    order = np.argsort(means)
    reached = np.cumsum(of_draws.ravel()[order])
    ends = [means[order][np.searchsorted(reached, p)] for p in (0.1, 0.9)]
    np.testing.assert_allclose(one["mean_interval"], ends, rtol=1e-9)


@pytest.mark.parametrize("kind", ["real", "count", "binary", "categorical", "unknown number"])
def test_marginal_times_conditional_is_the_density_of_rows(kind, unknown_number):
    tree = unknown_number if kind == "unknown number" else simulated_tree() if kind == "real" else discrete_tree(kind)
    values = training_rows(tree).values[:4]
    rows = pd.DataFrame(values, columns=training_rows(tree).features)
    if kind == "categorical":
        named = training_rows(tree).columns
        rows = rows.apply(lambda codes: [named[rows.columns.get_loc(codes.name)].levels[int(c)] for c in codes])
    given, asked = list(rows.columns[:1]), list(rows.columns[1:])
    of_given = bm.marginal(tree, given, at=rows[given])["density"].values
    found = bm.conditional(tree, rows[given], at=rows[asked])["density"].values
    wanted = np.exp(bm.log_density(tree, rows)["log_density"])
    np.testing.assert_allclose(of_given * np.diagonal(found), wanted, rtol=1e-9)
    if kind == "categorical":
        every = bm.conditional(tree, rows[given], at=pd.DataFrame({asked[0]: named[1].levels}))["density"]
        told = bm.conditional(tree, rows[given])
        np.testing.assert_allclose(told["level_probability"], every, rtol=1e-9)
        np.testing.assert_allclose(every.sum("point"), 1, rtol=1e-9)
        assert "mean" not in told
        assert "interval" not in told


def test_density_integrates_to_one_and_draws_have_its_moments():
    tree = simulated_tree(separation=1.5, spread=0.2)
    names = list(training_rows(tree).features)
    grid = np.linspace(-30, 40, 4001)
    found = bm.conditional(tree, {names[1]: 2.0}, at=grid, n=20_000, random_seed=1).squeeze("feature")
    density, x = found["density"].values, found["x"].values
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-9)
    assert np.trapezoid(grid * density, grid) == pytest.approx(float(found["mean"]), rel=1e-7)
    assert Estimate(x.mean(), x.std() / np.sqrt(x.size)).errors_from(float(found["mean"])) < ALLOWED
    squares = (x - float(found["mean"])) ** 2
    assert Estimate(squares.mean(), squares.std() / np.sqrt(x.size)).errors_from(float(found["sd"]) ** 2) < ALLOWED


def test_it_is_the_regression_of_simulated_rows():
    """Of new rows in a narrow strip of the given feature: mean and spread of the others."""
    tree = simulated_tree(separation=2.0, spread=0.1, n_features=3)
    names = list(training_rows(tree).features)
    rows = bm.sample_predictive(tree, 400_000, random_seed=1)["predictions"]["x"].values
    for value in (0.0, 2.5):
        strip = rows[np.abs(rows[:, 1] - value) < 0.02][:, [0, 2]]
        found = bm.conditional(tree, {names[1]: value})
        error = strip.std(axis=0) / np.sqrt(len(strip))
        assert (np.abs(strip.mean(axis=0) - found["mean"].values) < ALLOWED * error).all()
        squares = (strip - strip.mean(axis=0)) ** 2
        error = squares.std(axis=0) / np.sqrt(len(strip))
        assert (np.abs(squares.mean(axis=0) - found["sd"].values ** 2) < ALLOWED * error).all()


def test_counts_have_whole_intervals():
    tree = discrete_tree("count")
    found = bm.conditional(tree, {"calls": [2, 9]}).sel(feature="visits")
    for row, (low, high) in enumerate(found["interval"].values):
        chances = bm.conditional(tree, {"calls": [2, 9]}, at=np.arange(200))["density"].values[row]
        below = np.cumsum(chances)
        assert (low, high) == (np.searchsorted(below, 0.055), np.searchsorted(below, 0.945))
        assert float(found["mean"][row]) == pytest.approx((chances * np.arange(200)).sum(), rel=1e-9)


def test_tails_without_a_variance_say_so():
    em = bm.Mixture(1, bm.StudentT("full", dof=1.5)).fit_em(FAITHFUL, random_seed=1)
    alone = bm.marginal(em, "eruptions")
    assert np.isinf(alone["sd"]).all()
    assert np.isfinite(alone["mean"]).all()
    assert np.isfinite(bm.conditional(em, {"waiting": 70.0})["sd"]).all()  # 2.5 degrees of freedom
    cauchy = bm.Mixture(1, bm.StudentT("full", dof=1.0)).fit_em(FAITHFUL, random_seed=1)
    assert np.isnan(bm.marginal(cauchy, "eruptions")["mean"]).all()
    assert np.isfinite(bm.marginal(cauchy, "eruptions")["interval"]).all()


def test_shapes():
    tree = simulated_tree(n_features=3)
    a, b, c = training_rows(tree).features
    assert dict(bm.conditional(tree, {a: 1.0}).sizes) == {"feature": 2, "ci_bound": 2, "given_feature": 1}
    many = bm.conditional(tree, pd.DataFrame({c: [1.0, 2.0], a: 3.0}, index=["x", "y"]), n=5, random_seed=1)
    assert many["mean"].dims == ("obs", "feature")
    assert many["x"].shape == (2, 5, 1)
    assert many["obs"].values.tolist() == ["x", "y"]
    assert many["given_feature"].values.tolist() == [c, a]
    some = bm.conditional(tree, {a: [1.0, 2.0]}, features=[b], at={b: [0.0, 1.0, 2.0]})
    assert some["density"].shape == (2, 3)
    again = bm.conditional(tree, pd.DataFrame({c: [1.0, 2.0], a: 3.0}, index=["x", "y"]), n=5, random_seed=1)
    assert many.identical(again)


def test_blocks_do_not_change_the_result(monkeypatch):
    tree = simulated_tree()
    given = {training_rows(tree).features[0]: np.linspace(0, 20, 9)}
    whole = bm.conditional(tree, given, at=[1.0])
    monkeypatch.setattr("bayesmix.posterior.given_values._MOST_VALUES", 200)
    parts = bm.conditional(tree, given, at=[1.0])
    for name in whole.data_vars:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-8)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"wait": 3.0}, ValueError, "given names 'wait', but the tree's features are 'eruptions', 'waiting'"),
        ({}, ValueError, "bm.marginal asks for what is given nothing"),
        ({"waiting": 70.0, "eruptions": 3.0}, ValueError, "nothing is left to ask for"),
        ({"waiting": np.nan}, ValueError, "given has 1 missing value"),
        ({"waiting": "long"}, TypeError, "given must hold real numbers"),
        ({"waiting": [70.0, 80.0], "eruptions": [1.0, 2.0, 3.0]}, ValueError, "as many values for one as for another"),
        ([[70.0]], TypeError, "given must name the features"),
        ({"waiting": 1e200}, ValueError, "lie too far out, in row 0"),
    ],
)
def test_refusals(given, error, said):
    em = bm.Mixture(2).fit_em(FAITHFUL, n_init=1, random_seed=1)
    with pytest.raises(error, match=said):
        bm.conditional(em, given)


def test_other_refusals():
    em = bm.Mixture(2).fit_em(FAITHFUL, n_init=1, random_seed=1)
    with pytest.raises(ValueError, match="'waiting', which is given: ask for the others"):
        bm.conditional(em, {"waiting": 70.0}, features=["waiting"])
    with pytest.raises(ValueError, match="features names 'wait'"):
        bm.marginal(em, "wait")
    with pytest.raises(ValueError, match="n must be an integer"):
        bm.marginal(em, "waiting", n=0)
    with pytest.raises(ValueError, match="at has 2 columns, but"):
        bm.marginal(em, "waiting", at=[[1.0, 2.0]])
    with pytest.raises(ValueError, match="counts"):
        bm.conditional(discrete_tree("count"), {"calls": 2.5})
    with pytest.raises(ValueError, match="levels that the model was not fitted on"):
        bm.conditional(discrete_tree("categorical"), {"colour": "green"})
