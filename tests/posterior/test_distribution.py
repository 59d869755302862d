"""Distribution functions, quantiles and highest-density regions beside SciPy, sums, and simulated rows."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

import bayesmix as bm
from bayesmix import Gaussian, StudentT
from bayesmix.tree import draws_of
from tests.laws.cases import LIKELIHOOD_CASES
from tests.monte_carlo import ALLOWED, Finding, worst
from tests.simulated_trees import discrete_tree, simulated_tree, tree_of

P = np.array([1e-6, 0.05, 0.3, 0.5, 0.9, 0.999])


def heavy_tailed():
    """Draws of two t distributions in two columns, with degrees of freedom of their own."""
    rng = np.random.default_rng(3)
    n_draws = (2, 10)
    draws = {
        "weights": rng.dirichlet([5, 8], size=n_draws),
        "means": np.array([[0.0, 40.0], [6.0, 10.0]]) + 0.2 * rng.normal(size=(*n_draws, 2, 2)),
        "variances": np.array([[1.0, 9.0], [0.25, 30.0]]) * rng.gamma(50, 1 / 50, size=(*n_draws, 2, 2)),
        "dof": rng.uniform([1.0, 3.0], [2.0, 40.0], size=(*n_draws, 2)),
    }
    X, _ = StudentT("diag").sample(np.full(2, 0.5), {name: value[0, 0] for name, value in draws.items()}, 50, rng)
    return tree_of(StudentT("diag"), X, draws)


def components_of_scipy(tree, feature):
    """Frozen distributions (S, K) of one feature, with weights (S, K)."""
    weights, params = draws_of(tree)
    weights = weights.reshape(-1, weights.shape[-1])
    flat = {name: values.reshape(len(weights), *values.shape[2:]) for name, values in params.items()}
    if "rates" in flat:
        return weights, stats.poisson(flat["rates"][..., feature])
    variances = flat["variances"] if "variances" in flat else np.diagonal(flat["covariances"], axis1=-2, axis2=-1)
    location, scale = flat["means"][..., feature], np.sqrt(variances[..., feature])
    return weights, stats.t(flat["dof"], location, scale) if "dof" in flat else stats.norm(location, scale)


TREES = {
    "gaussian": lambda: (simulated_tree(separation=3.0, spread=0.2), 1, [-20.0, 0.0, 3.3, 9.0]),
    "student-t": lambda: (heavy_tailed(), 1, [-1e4, 9.0, 41.0, 1e3]),
    "poisson": lambda: (discrete_tree("count"), 0, [0, 2, 9, 40]),
}


def findings() -> list[Finding]:
    """Of three families, at a few places."""
    found = []
    for kind, make in TREES.items():
        tree, place, X = make()
        feature = tree["observed_data"]["feature"].values[place]
        weights, components = components_of_scipy(tree, place)
        exact = np.array([(weights * components.cdf(x)).sum(axis=1).mean() for x in X])
        ours = bm.cdf(tree, X, feature=feature)["cdf"].values
        at = bm.quantile(tree, P, feature=feature)["quantile"].values
        back = np.array([(weights * components.cdf(x)).sum(axis=1).mean() for x in at])
        before = np.array([(weights * components.cdf(x - 1)).sum(axis=1).mean() for x in at])
        # the least number below or at which a share p lies
        beside = np.maximum(P - back, before - P if kind == "poisson" else back - P) / P
        apart = float(np.max(np.abs(ours - exact) / np.maximum(exact, 1e-12)))
        found.append(Finding(f"draws of {kind} components: cdf", "SciPy", apart, 1e-10))
        of_quantiles = float(max(beside.max(), 0.0))
        found.append(Finding(f"draws of {kind} components: share below quantiles", "SciPy", of_quantiles, 1e-9))
    return found


def test_findings():
    assert worst(findings()) == ""


@pytest.mark.parametrize("kind", TREES)
def test_cdf_and_quantiles_are_those_of_scipy(kind):
    tree, place, X = TREES[kind]()
    feature = tree["observed_data"]["feature"].values[place]
    weights, components = components_of_scipy(tree, place)

    def below(x):
        return (weights * components.cdf(x)).sum(axis=1)

    found = bm.cdf(tree, X, feature=feature, ci_prob=0.8)
    each = np.array([below(x) for x in X])
    np.testing.assert_allclose(found["cdf"], each.mean(axis=1), rtol=1e-10)
    np.testing.assert_allclose(found["cdf_interval"], np.quantile(each, [0.1, 0.9], axis=1).T, rtol=1e-10)
    quantiles = bm.quantile(tree, P, feature=feature, ci_prob=0.8)
    for p, value in zip(P, quantiles["quantile"].values, strict=True):
        if kind == "poisson":
            wanted = next(x for x in range(200) if below(x).mean() >= p)
        else:
            wanted = brentq(lambda x, p=p: below(x).mean() - p, -1e9, 1e9, xtol=1e-12, rtol=1e-15)
        assert value == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    if kind != "poisson":  # the interval's ends are quantiles over draws of quantiles
        wanted = [brentq(lambda x, s=s: below(x)[s] - 0.3, -1e6, 1e6, xtol=1e-12) for s in range(len(weights))]
        np.testing.assert_allclose(
            quantiles["quantile_interval"].sel(probability=0.3), np.quantile(wanted, [0.1, 0.9]), rtol=1e-9
        )


@pytest.mark.parametrize("case", [case for case in LIKELIHOOD_CASES if case.n_features == 2], ids=str)
def test_cumulative_adds_up_the_density(case):
    """Law: of every family that has one, its slope, or steps, are the density, or probability, of each component."""
    _, params = case.parameters()
    family, of_one = case.family.marginal(params, np.array([1]))
    values = np.unique(case.rows.values[:, 1])[:20]
    found = family.cumulative(of_one, values[:, None])
    if found is None:
        assert case.rows.columns[1].kind == "categorical"
        return
    equal = np.full(case.n_components, 1 / case.n_components)
    density = case.n_components * np.exp(family.log_joint(equal, of_one, values[:, None]))
    if family.measure == "density":
        step = 1e-6 * np.sqrt(family.moments(of_one)[1].min())
        ends = [family.cumulative(of_one, values[:, None] + by)[..., 0] for by in (-step, step)]
        np.testing.assert_allclose((ends[1] - ends[0]) / (2 * step), density, rtol=1e-4, atol=1e-4 * density.max())
    else:
        before = family.cumulative(of_one, values[:, None] - 1)[..., 0]
        np.testing.assert_allclose(found[..., 0] - before, density, rtol=1e-9, atol=1e-12)


def test_of_zeros_and_ones():
    tree = discrete_tree("binary")
    weights, params = draws_of(tree)
    none = (weights * (1 - params["probabilities"][..., 0])).sum(axis=-1).mean()
    np.testing.assert_allclose(bm.cdf(tree, [0, 1], feature="walks")["cdf"], [none, 1.0], rtol=1e-12)
    wanted = [0.9 * none, 0.5 * (1 + none)]
    assert bm.quantile(tree, wanted, feature="walks")["quantile"].values.tolist() == [0.0, 1.0]


def test_a_tree_of_one_feature_needs_no_name_and_an_em_result_is_taken():
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful()["waiting"], random_seed=1)
    median = float(bm.quantile(em, 0.5)["quantile"][0])
    assert float(bm.cdf(em, [median])["cdf"][0]) == pytest.approx(0.5, abs=1e-12)


TREE = simulated_tree()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: bm.cdf(TREE, [1.0]), "2 features .* name it, as in feature='eruptions / minutes'"),
        (lambda: bm.cdf(TREE, [1.0], feature="x"), "feature is 'x', but the tree's features are"),
        (lambda: bm.quantile(TREE, 1.0, feature="Wartezeit µ"), "p must be a number between 0 and 1"),
        (lambda: bm.quantile(TREE, [[0.5]], feature="Wartezeit µ"), "p must be a number between 0 and 1"),
        (lambda: bm.quantile(TREE, "half", feature="Wartezeit µ"), "p must be a number between 0 and 1"),
        (lambda: bm.cdf(discrete_tree("categorical"), ["red"], feature="colour"), "levels have no order"),
        (lambda: bm.highest_density(TREE, prob=1.5), "prob must be a number between 0 and 1"),
        (lambda: bm.highest_density(TREE, n=0), "n must be an integer of at least 1"),
        (lambda: bm.highest_density(TREE, features="x"), "features names 'x'"),
        (lambda: bm.highest_density(TREE, [[1.0]]), "fitted on 2"),
    ],
)
def test_what_is_refused(ask, words):
    with pytest.raises(ValueError, match=words):
        ask()


# Highest-density regions


def test_thresholds_and_intervals_of_one_normal_distribution():
    """Closed form: central intervals, and the density at their ends."""
    draws = {
        "weights": np.ones((1, 1, 1)),
        "means": np.full((1, 1, 1, 1), 3.0),
        "variances": np.full((1, 1, 1, 1), 4.0),
    }
    tree = tree_of(Gaussian("diag"), np.random.default_rng(0).normal(3, 2, (30, 1)), draws)
    prob, n = np.array([0.5, 0.9]), 40_000
    found = bm.highest_density(tree, [[3.0], [5.0], [40.0]], prob=prob, n=n, random_seed=1)
    error = np.sqrt(prob * (1 - prob) / n)
    ends = found["interval"].values[:, 0]
    np.testing.assert_allclose(ends.mean(axis=1), 3.0, atol=1e-9)
    inside = stats.norm(3, 2).cdf(ends[:, 1]) - stats.norm(3, 2).cdf(ends[:, 0])
    assert (np.abs(inside - prob) < ALLOWED * error).all()
    np.testing.assert_allclose(found["log_threshold"], stats.norm(3, 2).logpdf(ends[:, 1]), rtol=1e-9)
    wanted = stats.chi2(1).cdf([0.0, 1.0, 400.0])
    np.testing.assert_allclose(found["probability"], wanted, atol=ALLOWED * 0.5 / np.sqrt(n))


@pytest.mark.parametrize("features", [None, "Wartezeit µ"])
def test_a_region_holds_its_share_of_new_rows(features):
    tree = simulated_tree(separation=2.5, spread=0.2)
    prob, n = np.array([0.5, 0.8, 0.95]), 20_000
    new = bm.sample_predictive(tree, n, random_seed=7)["predictions"]["x"].to_pandas()
    rows = new if features is None else new[[features]]
    found = bm.highest_density(tree, rows, features=features, prob=prob, n=n, random_seed=8)
    inside = np.array([(found["probability"] <= p).mean() for p in prob])
    assert (np.abs(inside - prob) < ALLOWED * np.sqrt(2 * prob * (1 - prob) / n)).all()
    if features is None:
        high = bm.log_density(tree, rows)["log_density"].values[:, None] >= found["log_threshold"].values
        smallest = found["probability"].values[:, None]
        clear = np.abs(smallest - prob) > 1.5 / n
        np.testing.assert_array_equal(high[clear], (smallest <= prob)[clear])
    else:  # the parts hold it together, by the distribution function
        ends = found["interval"].values.reshape(len(prob), -1)
        for p, one in zip(prob, ends, strict=True):
            below = bm.cdf(tree, one[~np.isnan(one)], feature=features)["cdf"].values.reshape(-1, 2)
            assert abs((below[:, 1] - below[:, 0]).sum() - p) < ALLOWED * np.sqrt(p * (1 - p) / n)


def test_regions_of_counts_hold_the_most_probable_ones():
    """By summation: the probabilities of all counts, the largest first."""
    tree = discrete_tree("count")
    counts = np.arange(60)
    weights, components = components_of_scipy(tree, 0)
    probability = np.array([(weights * components.pmf(x)).sum(axis=1).mean() for x in counts])
    wanted = np.array([probability[probability >= one].sum() for one in probability])
    n = 20_000
    found = bm.highest_density(tree, counts, features="calls", prob=0.8, n=n, random_seed=1)
    np.testing.assert_allclose(found["probability"], wanted, atol=ALLOWED * 0.5 / np.sqrt(n))
    assert "interval" not in found
