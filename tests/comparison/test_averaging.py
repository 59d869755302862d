"""Averages over models against ArviZ, SciPy and the models one by one."""

import arviz as az
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

import bayesmix as bm
from bayesmix.comparison import Comparison
from bayesmix.comparison.evaluation import Settings
from bayesmix.comparison.sweep import sweep

X = bm.datasets.load_galaxies()
NEW = np.linspace(5, 40, 400)[:, None]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    settings = Settings("gibbs", options={"draws": 500})
    families = [bm.Gaussian("tied")]
    return sweep(X, [1, 2, 3, 4], families, None, settings, 1, progressbar=False)


@pytest.fixture(scope="module")
def pointwise(comparison) -> np.ndarray:
    """(N, M) of the models that can be trusted, which are all but perhaps one."""
    assert sum(candidate.trusted for candidate in comparison.candidates) >= 3
    return np.stack([c.loo.elpd_i.values for c in comparison.candidates if c.trusted], axis=1)


def test_stacking_weights_predict_left_out_rows_best(comparison, pointwise):
    """The optimum in logits, by another optimiser: no other weights have a higher log score."""

    def score(logits: np.ndarray) -> float:
        return -float(logsumexp(pointwise + np.log(softmax(logits) + 1e-300), axis=1).sum())

    starts = [np.zeros(pointwise.shape[1]), *(6 * np.eye(pointwise.shape[1]))]
    best = min(minimize(score, start).fun for start in starts)
    weights = comparison.weights().dropna()
    assert -logsumexp(pointwise + np.log(weights.to_numpy() + 1e-300), axis=1).sum() == pytest.approx(best, abs=1e-2)
    np.testing.assert_allclose(weights, comparison.table["weight"].dropna(), atol=1e-3)


def test_pseudo_bma_is_how_often_each_is_best_over_reweighted_rows(comparison, pointwise):
    weights = comparison.weights("pseudo-bma+").dropna()
    assert weights.sum() == pytest.approx(1)
    rng = np.random.default_rng(0)
    rows = len(pointwise)
    sums = rows * rng.dirichlet(np.ones(rows), 4000) @ pointwise
    np.testing.assert_allclose(weights, softmax(sums, axis=1).mean(axis=0), atol=4 * 0.5 / np.sqrt(1000))
    by_arviz = az.compare({str(c.key): c.loo for c in comparison.candidates if c.trusted}, method="BB-pseudo-BMA")
    assert by_arviz["weight"].max() == pytest.approx(weights.max(), abs=0.02)


@pytest.mark.parametrize("by", ["stacking", "pseudo-bma+", "evidence"])
def test_the_density_is_the_average_of_the_densities_and_integrates_to_one(comparison, by):
    weights = comparison.weights(by).dropna()
    one_by_one = [np.exp(bm.log_density(comparison[key].tree, NEW)["log_density"].values) for key in weights.index]
    found = comparison.log_density(NEW, by=by)
    np.testing.assert_allclose(np.exp(found["log_density"]), weights.to_numpy() @ np.array(one_by_one), rtol=1e-4)
    assert np.trapezoid(np.exp(found["log_density"]), NEW[:, 0]) == pytest.approx(1, abs=0.01)
    assert float(found["weight"].sum()) == pytest.approx(1)
    assert found["log_density_of_model"].dims == ("model", "obs")


def test_similarity_is_averaged_and_one_group_is_all_together(comparison):
    weights = comparison.posterior_probability().dropna()
    expected = sum(w * bm.similarity(comparison[key].tree).values for key, w in weights.items())
    found = comparison.similarity(by="evidence")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (np.diag(found) == 1).all()
    some = comparison.similarity(X[:5], by="evidence")
    np.testing.assert_allclose(some, found[:5, :5], atol=1e-9)


def test_new_rows_come_from_the_averaged_density(comparison):
    sample = comparison.sample_predictive(4000, by="evidence", random_seed=3)["predictions"]
    density = np.exp(comparison.log_density(NEW, by="evidence")["log_density"].values)
    density /= np.trapezoid(density, NEW[:, 0])
    mean = np.trapezoid(density * NEW[:, 0], NEW[:, 0])
    sd = np.sqrt(np.trapezoid(density * (NEW[:, 0] - mean) ** 2, NEW[:, 0]))
    assert float(sample["x"].mean()) == pytest.approx(mean, abs=5 * sd / np.sqrt(4000))
    shares = {name: float((sample["model"] == name).mean()) for name in np.unique(sample["model"])}
    for key, weight in comparison.weights("evidence").dropna().items():
        assert shares.get(" ".join(map(str, key)), 0.0) == pytest.approx(weight, abs=4 * 0.5 / np.sqrt(4000))
    again = comparison.sample_predictive(4000, by="evidence", random_seed=3)["predictions"]
    np.testing.assert_array_equal(sample["x"], again["x"])


def test_a_model_that_cannot_be_trusted_has_no_weight(comparison):
    from dataclasses import replace

    spoilt = replace(comparison.candidates[2], distrust=("a reason",))
    changed = replace(comparison, candidates=(*comparison.candidates[:2], spoilt, comparison.candidates[3]))
    weights = changed.weights()
    assert np.isnan(weights[spoilt.key])
    assert weights.sum() == pytest.approx(1)
    assert f"gaussian-tied {spoilt.key[1]}" not in changed.log_density(NEW[:2])["model"]


@pytest.mark.parametrize("name", ["responsibilities", "labels", "predict", "relabel", "merge", "means"])
def test_what_is_about_groups_by_name_says_that_it_means_nothing_across_models(comparison, name):
    with pytest.raises(AttributeError, match=r"group 2 of three is not group 2 of four.*comparison\[3\]\.tree"):
        getattr(comparison, name)
    assert not hasattr(comparison, name)


def test_refusals(comparison):
    with pytest.raises(AttributeError, match="'Comparison' object has no attribute 'nothing'"):
        _ = comparison.nothing
    with pytest.raises(ValueError, match="by must be one of 'stacking', 'pseudo-bma\\+', 'evidence', not 'bic'"):
        comparison.weights("bic")
    with pytest.raises(ValueError, match="n must be"):
        comparison.sample_predictive(0)
    with pytest.raises(TypeError, match=r"not Comparison: take one model, such as comparison\[3\]\.tree"):
        bm.responsibilities(comparison)
    points = bm.compare(X, [1, 2], method="em", random_seed=1, progressbar=False)
    with pytest.raises(ValueError, match=r"No model has a LOO .*method='em'.*compare with method='auto'"):
        points.log_density(NEW)
    with pytest.raises(ValueError, match="No model has an evidence"):
        points.weights("evidence")


def test_occupied_groups_are_those_of_the_draws_of_labels(comparison):
    """Gibbs counts them; labels drawn anew given the parameters have the same distribution."""
    occupied = comparison.occupied
    assert occupied.shape == (4, 4)
    np.testing.assert_allclose(occupied.sum(axis=1), 1)
    tree = comparison[4].tree
    from bayesmix.posterior.partitions.label_draws import label_draws
    from bayesmix.tree import training_rows

    drawn = label_draws(tree, training_rows(tree), np.random.default_rng(5)).n_groups
    mean = comparison.table.loc[("gaussian-tied", 4), "n_occupied"]
    assert mean == pytest.approx(drawn.mean(), abs=0.1)
    assert mean == pytest.approx(occupied.loc[("gaussian-tied", 4)] @ np.arange(1, 5))


def test_the_prior_over_models(comparison):
    assert comparison.prior_probability().tolist() == [0.25] * 4
    assert comparison.prior_probability({1: 1, 2: 3}).tolist() == [0.25, 0.75, 0, 0]
