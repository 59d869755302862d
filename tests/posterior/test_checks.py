"""Predictive checks: statistics against SciPy's, and models that are right, wrong and at odds with their prior."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesmix as bm
from bayesmix.posterior.checks import Check, posterior_check, prior_check
from tests.simulated_trees import discrete_data, discrete_tree


@pytest.fixture(scope="module")
def faithful():
    return bm.Mixture(2).fit_laplace(bm.datasets.load_faithful(), random_seed=1)


def named(check) -> dict:
    return dict(zip(check.names, check.observed, strict=True))


def test_the_statistics_are_scipys(faithful):
    X = bm.datasets.load_faithful()
    found = named(posterior_check(faithful))
    for feature in X:
        values = X[feature].to_numpy()
        assert found[feature, "mean"] == pytest.approx(values.mean())
        assert found[feature, "standard deviation"] == pytest.approx(values.std(ddof=1))
        assert found[feature, "skewness"] == pytest.approx(stats.skew(values))
        assert found[feature, "kurtosis"] == pytest.approx(stats.kurtosis(values, fisher=False))
        assert (found[feature, "lowest"], found[feature, "highest"]) == pytest.approx((values.min(), values.max()))
    (correlation,) = [value for (_, name), value in found.items() if name.startswith("correlation")]
    assert correlation == pytest.approx(stats.pearsonr(X["eruptions"], X["waiting"]).statistic)


def test_p_values_are_shares_of_the_data_sets_with_a_larger_statistic():
    made = np.array([[0.0, 5.0, 1.0], [1.0, 6.0, 1.0], [2.0, 7.0, 1.0], [3.0, 8.0, 2.0]])
    check = Check((("a", "mean"), ("a", "lowest"), ("a", "highest")), np.array([0.5, 9.0, 1.0]), made)
    np.testing.assert_allclose(check.p_values, [0.75, 0.0, 0.25 + 0.5 * 0.75])
    assert check.outside.tolist() == [False, True, False]
    assert Check(check.names, np.array([-1.0, 4.0, 0.0]), made).outside.all()


@pytest.mark.parametrize("probability", [0.5, 0.89, 0.98])
def test_intervals_hold_the_share_of_the_data_sets_that_they_promise(probability):
    made = np.random.default_rng(0).normal(size=(4001, 2)) * [1.0, 30.0]
    low, high = Check((("a", "mean"), ("b", "mean")), np.zeros(2), made).interval(probability)
    inside = (low <= made) & (made <= high)
    np.testing.assert_allclose(inside.mean(axis=0), probability, atol=1e-3)
    np.testing.assert_allclose((made < low).mean(axis=0), (1 - probability) / 2, atol=1e-3)


def test_a_check_made_by_hand(faithful):
    """p-values and intervals once more, from data sets made by NumPy's own draws of a normal mixture."""
    check, n = posterior_check(faithful), 272
    rng, posterior = np.random.default_rng(7), faithful["posterior"].to_dataset().isel(chain=0)
    means = []
    for draw in rng.choice(posterior.sizes["draw"], 400, replace=False):
        one = posterior.isel(draw=draw)
        sizes = rng.multinomial(n, one["weights"].values)
        groups = zip(one["means"].values, one["covariances"].values, sizes, strict=True)
        means.append(np.concatenate([rng.multivariate_normal(m, s, size=k) for m, s, k in groups]).mean(axis=0))
    at = [check.names.index((feature, "mean")) for feature in ("eruptions", "waiting")]
    for place, by_hand in zip(at, np.array(means).T, strict=True):
        assert stats.ks_2samp(check.made[:, place], by_hand).pvalue > 1e-3


def test_large_offsets_and_units_change_no_p_value():
    X = bm.datasets.load_faithful()[::2]
    tree = bm.Mixture(2).fit_em(X, random_seed=1).to_tree()
    moved = bm.Mixture(2).fit_em(1e8 + 1e-3 * X, random_seed=1).to_tree()
    np.testing.assert_allclose(posterior_check(tree).p_values, posterior_check(moved).p_values, atol=0.02)


def test_data_of_the_model_lie_within_what_it_makes():
    """p-values of data that the fitted model made: none outside in more than the share that chance allows."""
    rng = np.random.default_rng(0)
    outside = total = 0
    for seed in range(12):
        labels = rng.integers(2, size=300)
        X = pd.DataFrame(rng.normal(size=(300, 2)) + 5 * labels[:, None], columns=["a", "b"])
        check = posterior_check(bm.Mixture(2).fit_laplace(X, draws=400, random_seed=seed))
        outside, total = outside + check.outside.sum(), total + len(check.names)
    # Two tails of 1 %: binomial, with p-values of one data set dependent on each other.
    assert outside <= stats.binom(total, 0.02).ppf(0.999)


@pytest.mark.parametrize(
    ("mixture", "misses"),
    [
        (bm.Mixture(1), {("eruptions", "kurtosis"), ("waiting", "kurtosis"), ("eruptions", "skewness")}),
        (bm.Mixture(2, bm.Gaussian("spherical")), {("eruptions", "standard deviation"), ("eruptions", "highest")}),
    ],
)
def test_a_wrong_model_is_seen(mixture, misses):
    check = posterior_check(mixture.fit_laplace(bm.datasets.load_faithful(), random_seed=1))
    outside = {name for name, out in zip(check.names, check.outside, strict=True) if out}
    assert misses <= outside


def test_a_prior_that_contradicts_the_data_is_seen(faithful):
    assert not prior_check(faithful).outside.any()
    X = bm.datasets.load_faithful()
    prior = bm.priors.NormalInverseWishart(
        mean=[0.0, 70.0], shrinkage=100.0, dof=50.0, scale=[[1.0, 0.0], [0.0, 5000.0]]
    )
    tree = bm.Mixture(2, priors={"components": prior}).fit_em(X, random_seed=1).to_tree()
    check = prior_check(tree)
    outside = {name for name, out in zip(check.names, check.outside, strict=True) if out}
    assert outside == {("eruptions", "mean"), ("eruptions", "standard deviation")}
    low, high = check.interval(0.98)[:, check.names.index(("eruptions", "mean"))]
    assert -0.2 < low < high < 0.2


def test_few_rows_have_no_shape():
    tree = bm.Mixture(1).fit_em(np.arange(4.0), random_seed=1).to_tree()
    assert posterior_check(tree) is None
    assert prior_check(tree) is None


def test_counts_are_compared_by_mean_variation_zeros_and_correlation():
    X, found = discrete_data("count"), named(posterior_check(discrete_tree("count")))
    for name in X:
        values = X[name]
        assert found[name, "mean"] == pytest.approx(values.mean())
        assert found[name, "variance / mean"] == pytest.approx(values.var() / values.mean())
        assert found[name, "share of zeros"] == pytest.approx((values == 0).mean())
        assert found[name, "highest"] == values.max()
    assert found["calls", "correlation with visits"] == pytest.approx(stats.pearsonr(X["calls"], X["visits"]).statistic)
    assert len(found) == 9
    assert {name for _, name in prior_check(discrete_tree("count")).names} == {"mean", "variance / mean"}


def test_levels_are_compared_by_shares_and_association():
    X, found = discrete_data("categorical"), named(posterior_check(discrete_tree("categorical")))
    for name in X:
        for level, share in X[name].value_counts(normalize=True).items():
            assert found[name, f"share of {level}"] == pytest.approx(share)
    table = pd.crosstab(X["often"], X["colour"])
    association = stats.contingency.association(table, method="cramer")
    assert found["often", "association with colour (Cramér's V)"] == pytest.approx(association)
    assert len(found) == 6
    assert all(name.startswith("share of") for _, name in prior_check(discrete_tree("categorical")).names)


def test_zeros_and_ones_are_compared_by_the_shares_of_ones():
    X, found = discrete_data("binary"), named(posterior_check(discrete_tree("binary")))
    assert {name: found[name, "share of 1"] for name in X} == pytest.approx(X.mean().to_dict())
    association = found["walks", "association with swims (Cramér's V)"]
    assert association == pytest.approx(abs(stats.pearsonr(X["walks"], X["swims"]).statistic))


def test_one_group_where_there_are_two_is_seen_by_variation_and_association():
    def outside(family, kind):
        check = posterior_check(bm.Mixture(1, family).fit_em(discrete_data(kind), random_seed=1).to_tree())
        return {name for name, out in zip(check.names, check.outside, strict=True) if out}

    assert {("calls", "variance / mean"), ("visits", "variance / mean")} <= outside(bm.Poisson(), "count")
    assert outside(bm.Categorical(), "categorical") == {("often", "association with colour (Cramér's V)")}
