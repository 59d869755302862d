"""Rows that were measured with errors: the declaration in PyTensor beside the compiled density; PyMC's functions."""

import numpy as np
import pymc as pm
import pytest

import bayesmix as bm
from bayesmix.engines.begin import density_of
from bayesmix.mixture import _Beside
from bayesmix.pymc_model import declare
from bayesmix.pymc_model.density import PyMCDensity
from tests.laws.test_measurement_errors import S, X, log_likelihood
from tests.problems import problem_of

PYTHON = "FAST_COMPILE"
ROWS, ERRORS = X[:25], S[:25]
PRIORS = {"conjugate": None, "separated": {"means": bm.priors.Normal()}}
CASES = (
    ("full", "conjugate"),
    pytest.param("tied", "separated", marks=pytest.mark.slow),
    ("diag", "conjugate"),
    pytest.param("spherical", "conjugate", marks=pytest.mark.slow),
)


def problem(covariance, prior, **beside):
    mixture = bm.Mixture(2, bm.Gaussian(covariance), priors=PRIORS[prior])
    return mixture._problem(ROWS, _Beside(**beside, error_covariances=ERRORS))


@pytest.mark.parametrize(("covariance", "prior"), CASES)
def test_density_and_slope_are_those_of_the_declaration(covariance, prior):
    one = problem(covariance, prior)
    ours, theirs = density_of(one), PyMCDensity(declare(one), mode=PYTHON)
    for seed in range(2):
        q = 0.5 * np.random.default_rng(seed).standard_normal(ours.size)
        (value, slope), (wanted, wanted_slope) = ours.logp_grad(q), theirs.logp_grad(q)
        assert value == pytest.approx(wanted, rel=1e-11)
        np.testing.assert_allclose(slope, wanted_slope, rtol=1e-9, atol=1e-9 * np.abs(wanted_slope).max())


def test_weights_and_labels_go_with_them():
    labels = np.where(np.arange(25) < 5, np.arange(25) % 2, -1)
    one = problem("full", "conjugate", sample_weight=np.arange(25) % 3 + 0.5, labels=labels)
    ours, theirs = density_of(one), PyMCDensity(declare(one), mode=PYTHON)
    q = 0.5 * np.random.default_rng(0).standard_normal(ours.size)
    assert ours.logp_grad(q)[0] == pytest.approx(theirs.logp_grad(q)[0], rel=1e-11)


def test_log_likelihood_and_predictive_rows_by_pymc():
    em = bm.Mixture(2).fit_em(ROWS, error_covariances=ERRORS, n_init=2, random_seed=1)
    tree = em.to_tree()
    model = bm.Mixture(2).build_model(ROWS, error_covariances=ERRORS)
    with model:
        found = pm.compute_log_likelihood(tree.copy(), progressbar=False, extend_inferencedata=False)
        drawn = pm.sample_posterior_predictive(tree, progressbar=False, random_seed=1)
    np.testing.assert_allclose(found["x"].values, tree["log_likelihood"]["x"].values, rtol=1e-8)
    assert drawn["posterior_predictive"]["x"].shape == (1, 1, 25, 2)


def test_a_prior_that_pymc_alone_knows():
    mixture = bm.Mixture(2, priors={"means": pm.Normal.dist(7.0, 5.0), "scales": bm.priors.LogNormal()})
    one = mixture._problem(ROWS, _Beside(error_covariances=ERRORS))
    assert one.closed_form() is None
    density = PyMCDensity(declare(one), mode=PYTHON)
    q = 0.1 * np.random.default_rng(0).standard_normal(density.size)
    moved = q.copy()
    moved[0] += 0.1  # a logit of the weights, which have a flat prior
    named, elsewhere = density.constrain(q), density.constrain(moved)
    entries, family = one.rows.entries, one.family
    params = {name: named[name] for name in ("means", "covariances")}
    wanted = log_likelihood(family, {**named, "weights": elsewhere["weights"]}, entries)
    wanted -= log_likelihood(family, {**named, **params}, entries)
    found = density.map_logp_grad(moved)[0] - density.map_logp_grad(q)[0]
    assert found == pytest.approx(wanted, rel=1e-8)


def test_a_minibatch_is_refused():
    with pytest.raises(ValueError, match="minibatch_size and error_covariances do not go together"):
        declare(problem("full", "conjugate"), minibatch_size=5)


def test_plain_rows_are_declared_as_before():
    assert [one.name for one in declare(problem_of(ROWS, bm.Gaussian(), 2)).observed_RVs] == ["x"]
