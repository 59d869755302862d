"""What the user writes as a prior: defaults by the data, refusals, and the way into a file and back."""

import json

import numpy as np
import pymc as pm
import pytest

from bayesmix import Gaussian, Mixture
from bayesmix.data import read_rows
from bayesmix.priors import LKJ, Dirichlet, LogNormal, Normal, NormalInverseWishart
from bayesmix.priors.numbers import summarise
from bayesmix.priors.sets import PyMCPrior, from_dict, hyperparameters, read_priors, resolve_priors, to_dict

X = np.random.default_rng(0).normal(size=(40, 3)) @ np.triu(np.ones((3, 3))) * [1.0, 100.0, 0.01] + 5
COVARIANCES = ("full", "tied", "diag", "spherical")


def resolved(priors, covariance="full", n_components=4, data=X):
    family = Gaussian(covariance)
    return resolve_priors(read_priors(priors, family), read_rows(data), family, n_components)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_default_is_fraley_and_rafterys(covariance):
    prior = resolved(None, covariance).parts["components"]
    spread = np.cov(X.T) / 4 ** (2 / 3)
    wanted = {"full": spread, "tied": spread, "diag": np.diag(spread), "spherical": np.diag(spread).mean()}[covariance]
    np.testing.assert_allclose(prior.mean, X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(prior.scale, wanted, rtol=1e-9)
    assert (prior.shrinkage, prior.dof) == (0.01, 5.0)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_default_separated(covariance):
    priors = resolved({"means": Normal()}, covariance)
    assert set(priors.parts) == {"weights", "means", "scales", "correlations"}
    deviations = X.std(axis=0, ddof=1)
    common = np.sqrt(np.mean(deviations**2))
    of_columns = np.full(3, common) if covariance == "spherical" else deviations
    np.testing.assert_allclose(priors.parts["means"].mean, X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(priors.parts["means"].sd, 2 * of_columns, rtol=1e-12)
    of_scales = common if covariance == "spherical" else deviations
    np.testing.assert_allclose(priors.parts["scales"].log_mean, np.log(of_scales / 4 ** (1 / 3)), rtol=1e-12)


def test_what_the_user_gives_is_kept():
    given = NormalInverseWishart(mean=[0, 0, 0], shrinkage=0.5, dof=7, scale=np.eye(3))
    prior = resolved({"components": given}).parts["components"]
    assert (prior.mean, prior.shrinkage, prior.dof) == ((0, 0, 0), 0.5, 7)
    np.testing.assert_array_equal(prior.scale, np.eye(3))
    again = resolved({"components": prior}, n_components=2, data=X * 3)
    assert again.parts["components"] == prior  # resolved once, the numbers stay
    means = resolved({"means": Normal(0.0, 3.0), "scales": LogNormal(-1.0)}).parts["means"]
    assert (means.mean, means.sd) == ((0, 0, 0), (3, 3, 3))


@pytest.mark.parametrize("seed", range(20))
def test_columns_of_any_units(seed):
    """The check for a positive definite scale must not mind columns that are 1e18 apart."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) * 10.0 ** rng.uniform(-9, 9, 4)
    prior = resolved(None, data=data).parts["components"]
    np.testing.assert_allclose(np.diag(prior.scale), data.var(axis=0, ddof=1) / 2, rtol=1e-9)


@pytest.mark.parametrize(
    ("data", "singular"),
    [
        (X, False),
        (X[:3], True),  # N <= D
        (np.column_stack([X[:, 0], X[:, 0] * (1 + 1e-7 * np.cos(np.arange(40)))]), False),
        (X[:1], True),
    ],
)
def test_singular_data_have_a_diagonal_scale(data, singular):
    summary = summarise(read_rows(data))
    off_diagonal = summary.covariance - np.diag(np.diag(summary.covariance))
    assert np.any(off_diagonal != 0) != singular
    assert np.all(np.diag(summary.covariance) > 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dirichlet(0.0), "concentration must be positive"),
        (lambda: Dirichlet(np.inf), "concentration must be finite"),
        (lambda: Dirichlet([[1.0]]), "one number a component"),
        (lambda: Dirichlet("many"), "concentration must be a number"),
        (lambda: NormalInverseWishart(shrinkage=-1), "shrinkage must be positive"),
        (lambda: NormalInverseWishart(shrinkage=[0.1, 0.2]), "shrinkage must be one number"),
        (lambda: NormalInverseWishart(dof=0), "dof must be positive"),
        (lambda: NormalInverseWishart(dof=[5.0, 6.0]), "dof must be one number"),
        (lambda: NormalInverseWishart(mean=[np.nan]), "mean must be finite"),
        (lambda: Normal(sd=0.0), "sd must be positive"),
        (lambda: LogNormal(log_sd=[1.0, 2.0]), "log_sd must be one number"),
        (lambda: LKJ(-1.0), "eta must be positive"),
        (lambda: LKJ([1.0, 2.0]), "eta must be one number"),
    ],
)
def test_impossible_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("prior", "covariance", "message"),
    [
        (NormalInverseWishart(mean=(0.0, 0.0)), "full", "each of the 3 features"),
        (NormalInverseWishart(dof=2.0), "full", "dof must be above 2"),
        (NormalInverseWishart(scale=(1.0, 1.0, 1.0)), "full", r"shape \(3, 3\)"),
        (NormalInverseWishart(scale=-np.eye(3)), "tied", "positive"),
        (NormalInverseWishart(scale=np.ones((3, 3))), "full", "positive definite"),
        (NormalInverseWishart(scale=np.eye(3) + np.triu(np.ones((3, 3)), 1) * 0.1), "full", "symmetric"),
        (NormalInverseWishart(scale=1e-12 * (np.eye(3) + np.triu(np.ones((3, 3)), 1) * 0.1)), "full", "symmetric"),
        (NormalInverseWishart(scale=0.0), "spherical", "positive"),
        (NormalInverseWishart(scale=(1.0, 0.0, 1.0)), "diag", "positive"),
    ],
)
def test_hyperparameters_that_do_not_fit(prior, covariance, message):
    with pytest.raises(ValueError, match=message):
        resolved({"components": prior}, covariance)


@pytest.mark.parametrize(
    ("priors", "error", "message"),
    [
        ({"wieghts": Dirichlet()}, ValueError, "no part named 'wieghts'"),
        ({"components": NormalInverseWishart(), "means": Normal()}, ValueError, "both 'components' and 'means'"),
        ({"weights": LKJ()}, TypeError, r"priors\['weights'\].*give bm.priors.Dirichlet"),
        ({"means": 3.0}, TypeError, "give bm.priors.Normal"),
        ({"components": pm.Normal.dist()}, TypeError, "give bm.priors.NormalInverseWishart$"),
    ],
)
def test_impossible_declarations(priors, error, message):
    with pytest.raises(error, match=message):
        read_priors(priors, Gaussian())


def test_wrong_number_of_concentrations():
    with pytest.raises(ValueError, match="2 concentrations for 4 groups"):
        resolved({"weights": Dirichlet([1.0, 2.0])})
    with pytest.raises(ValueError, match=r"log_mean must be a number or have shape \(3,\)"):
        resolved({"scales": LogNormal((1.0, 2.0))})


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("priors", [None, {"weights": Dirichlet((1.0, 2.0, 3.0, 4.0))}, {"correlations": LKJ(2)}])
def test_into_a_file_and_back(priors, covariance):
    own = resolved(priors, covariance)
    assert own.closed
    described = json.loads(json.dumps(to_dict(own)))
    assert from_dict(described, Gaussian(covariance)) == own
    assert all(np.all(np.isfinite(value)) for value in hyperparameters(own).values())


def test_pymc_priors_are_kept_as_text():
    priors = read_priors({"scales": pm.HalfNormal.dist(5.0)}, Gaussian())
    assert set(priors.parts) == {"weights", "means", "scales", "correlations"}
    assert isinstance(priors.parts["scales"], PyMCPrior)
    assert not priors.closed
    described = json.loads(json.dumps(to_dict(resolve_priors(priors, read_rows(X), Gaussian(), 2))))
    assert "halfnormal" in described["scales"]["pymc"].lower().replace("_", "")
    with pytest.raises(ValueError, match=r"priors\['scales'\] was a PyMC object"):
        from_dict(described, Gaussian())


def test_standardising_is_the_change_of_units():
    """The prior of standardised means and scales is that of the raw ones, times the Jacobian of the units."""
    prior = resolved({"means": Normal(1.0, 2.0)}).parts["means"]
    centre, scale = X.mean(axis=0), X.std(axis=0)
    means = np.random.default_rng(1).normal(size=(4, 3)) * scale + centre
    standard = prior.standardised(centre, scale)
    raw = prior.log_density(means)
    assert standard.log_density((means - centre) / scale) == pytest.approx(raw + np.log(scale), rel=1e-10)


def test_mixture_compares_by_value():
    assert Mixture(2, priors={"weights": Dirichlet(2)}) == Mixture(2, priors={"weights": Dirichlet(2.0)})
    assert Mixture(2).resolve_priors(X) != Mixture(2)
