"""Everything that can be asked of an EMResult, against SciPy and the formulas."""

import inspect
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logsumexp

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.tree import family_of, record_of, training_rows
from tests.simulated_trees import COVARIANCES

FRAME = bm.datasets.load_faithful()
X = np.asarray(FRAME)


@pytest.fixture(scope="module", params=COVARIANCES)
def em(request):
    return Mixture(3, Gaussian(request.param)).fit_em(FRAME, random_seed=1)


def log_joint(em, rows):
    matrices = em.family.covariance_matrices(em.params)
    parts = zip(em.weights, em.params["means"], matrices, strict=True)
    return np.stack([np.log(w) + stats.multivariate_normal(m, c).logpdf(rows) for w, m, c in parts], axis=1)


def test_densities_and_labels(em):
    new = X[:40] + 0.3
    joint = log_joint(em, new)
    r = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(em.score_samples(new), logsumexp(joint, axis=1), rtol=1e-10)
    np.testing.assert_allclose(em.predict_proba(new), r, atol=1e-10)
    np.testing.assert_array_equal(em.predict(new), r.argmax(axis=1))
    np.testing.assert_allclose(em.predict_proba(new).sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(em.responsibilities, em.predict_proba(FRAME))
    np.testing.assert_array_equal(em.labels, em.predict(FRAME))


def test_rows_very_far_out_have_labels(em):
    r = em.predict_proba(np.array([[1e8, -1e8], [0.0, 1e6]]))
    assert np.isfinite(r).all()
    np.testing.assert_allclose(r.sum(axis=1), 1)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("shift", [1e6, 1e11, 1e13, 1e15])
def test_the_log_likelihood_is_that_of_the_estimate_as_told(covariance, shift):
    """Far from zero a mean is rounded at its own size: by a tenth of a deviation at the last shift."""
    X = stats.zscore(bm.datasets.load_faithful().to_numpy()) + shift
    em = Mixture(2, Gaussian(covariance)).fit_em(X, n_init=2, random_seed=1)
    assert em.log_likelihood == pytest.approx(em.score_samples(X).sum(), rel=1e-11)


def test_criteria(em):
    joint = log_joint(em, X)
    log_likelihood = logsumexp(joint, axis=1).sum()
    r = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    p = em.family.n_parameters(3, 2)
    assert em.n_parameters == p
    assert em.log_likelihood == pytest.approx(log_likelihood, rel=1e-11)
    assert em.aic == pytest.approx(-2 * log_likelihood + 2 * p, rel=1e-11)
    assert em.bic == pytest.approx(-2 * log_likelihood + p * np.log(272), rel=1e-11)
    assert em.icl == pytest.approx(em.bic - 2 * np.log(r.max(axis=1)).sum(), rel=1e-10)
    assert em.entropy == pytest.approx(stats.entropy(r, axis=1).sum(), rel=1e-8)
    assert em.sabic == pytest.approx(em.bic - em.n_parameters * (np.log(272) - np.log(274 / 24)))
    assert em.caic == pytest.approx(-2 * em.log_likelihood + em.n_parameters * (np.log(272) + 1))


def test_components_by_decreasing_weight(em):
    assert np.all(np.diff(em.weights) <= 0)
    assert em.weights.sum() == pytest.approx(1, abs=1e-14)
    for spec in em.family.parameters:
        assert em.params[spec.name].shape == spec.shape(3, 2)


def test_sample(em):
    rows, labels = em.sample(5000, random_seed=3)
    again, _ = em.sample(5000, random_seed=3)
    np.testing.assert_array_equal(rows, again)
    assert rows.shape == (5000, 2)
    assert stats.chisquare(np.bincount(labels, minlength=3), 5000 * em.weights).pvalue > 1e-4
    # uniform transforms under the mixture's own marginal distribution of the first column
    scales = np.sqrt(em.family.covariance_matrices(em.params)[:, 0, 0])
    parts = zip(em.weights, em.params["means"][:, 0], scales, strict=True)
    uniform = sum(w * stats.norm(m, s).cdf(rows[:, 0]) for w, m, s in parts)
    assert stats.kstest(uniform, "uniform").pvalue > 1e-4


def test_frames_need_the_same_columns(em):
    with pytest.raises(ValueError, match="another order"):
        em.predict(FRAME[["waiting", "eruptions"]])
    with pytest.raises(ValueError, match="fitted on 2"):
        em.predict_proba(X[:, :1])


def test_tree(em):
    tree = em.to_tree()
    posterior = tree["posterior"].to_dataset()
    assert dict(posterior.sizes)["chain"] == dict(posterior.sizes)["draw"] == 1
    np.testing.assert_array_equal(posterior["weights"].values[0, 0], em.weights)
    for name, value in em.params.items():
        np.testing.assert_array_equal(posterior[name].values[0, 0], value)
    assert family_of(tree) == em.family
    np.testing.assert_array_equal(training_rows(tree).values, X)
    record = record_of(tree)
    assert record["method"] == "em"
    assert record["seed"] == 1
    assert tree["sample_stats"]["lp"].item() == pytest.approx(em.objective)
    np.testing.assert_allclose(tree["log_likelihood"]["x"].values[0, 0], em.score_samples(FRAME), rtol=1e-12)
    found = bm.responsibilities(tree)
    np.testing.assert_allclose(found["probability"].values, em.responsibilities, atol=1e-12)
    np.testing.assert_array_equal(found["label"].values, em.labels)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_tree_of_the_separated_prior_has_every_free_variable(covariance):
    mixture = Mixture(2, Gaussian(covariance), priors={"means": bm.priors.Normal()})
    tree = mixture.fit_em(FRAME, n_init=1, random_seed=0).to_tree()
    wanted = {"weights", "means", "scales"} | ({"correlations"} if covariance in ("full", "tied") else set())
    assert wanted <= set(tree["posterior"].data_vars)


def test_restarts_are_a_data_frame(em):
    assert isinstance(em.restarts, pd.DataFrame)
    assert em.restarts.index.name == "start"


def test_repr_says_how_it_ended(em):
    assert "converged" in repr(em)
    assert str(em.family) in repr(em)


def test_settings_are_kept():
    defaults = {name: default.default for name, default in inspect.signature(Mixture.fit_em).parameters.items()}
    em = Mixture(2).fit_em(FRAME, random_seed=0)
    assert em.settings == {name: defaults[name] for name in em.settings}
    settings = {"estimate": "ml", "init": "kmeans", "n_init": np.int32(2), "max_iter": 30, "tol": np.float64(1e-5)}
    em = Mixture(2).fit_em(FRAME, **settings, random_seed=0)
    assert em.estimate == "ml"
    assert em.settings == record_of(em.to_tree())["settings"] == settings
    assert Mixture(2).fit_em(FRAME, init=em.labels).settings["init"] == "labels (N,)"


def test_the_seed_that_is_kept_makes_the_fit_again_wherever_it_came_from():
    em = Mixture(2).fit_em(FRAME, n_init=1, random_seed=np.random.default_rng(3))
    assert json.loads(em.to_tree().attrs["bayesmix"])["seed"] == em.seed
    again = Mixture(2).fit_em(FRAME, n_init=1, random_seed=em.seed)
    np.testing.assert_array_equal(again.history, em.history)
