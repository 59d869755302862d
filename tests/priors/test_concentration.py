"""Priors of the concentration, beside SciPy's distributions, and what of a mixture knows them."""

import numpy as np
import pytest
from scipy import stats

import bayesmix as bm
from bayesmix.estimator import BayesianMixture
from bayesmix.families.concentration import draw_share, log_partition
from bayesmix.posterior.checks import prior_sets
from bayesmix.priors.concentration import in_powers, quantiles
from bayesmix.priors.sets import from_dict, read_priors, to_dict
from tests.exact.partitions import of_quantiles
from tests.monte_carlo import ALLOWED, mean_of

CASES = [(bm.priors.FisherF(6, 3), stats.f(6, 3)), (bm.priors.Gamma(1.5, 4.0), stats.gamma(1.5, scale=1 / 4))]
X = np.random.default_rng(0).normal(size=(30, 1))
UNKNOWN = {"weights": bm.priors.Dirichlet(bm.priors.Gamma(1.0, 2.0))}


@pytest.mark.parametrize(("prior", "exact"), CASES, ids=["F", "gamma"])
def test_densities_and_quantiles(prior, exact):
    x = np.array([1e-3, 0.2, 1.0, 7.0, 400.0])
    np.testing.assert_allclose(prior.log_density(x), exact.logpdf(x), rtol=1e-10)
    np.testing.assert_allclose(quantiles(prior, [0.01, 0.5, 0.99]), exact.ppf([0.01, 0.5, 0.99]), rtol=1e-8)
    p, b, q, r = in_powers(prior)
    logs = (p - 1) * np.log(x) - b * x - q * np.log1p(r * x)
    np.testing.assert_allclose(np.diff(logs), np.diff(exact.logpdf(x)), rtol=1e-10)


@pytest.mark.parametrize("parts", [1.0, 5.0])
@pytest.mark.parametrize(("prior", "exact"), CASES, ids=["F", "gamma"])
def test_given_a_partition(prior, exact, parts):
    """Means over a chain of single steps, next to sums over the prior's quantiles."""
    sizes, rng, drawn = np.array([9.0, 1.0, 0.0, 4.0, 0.0]), np.random.default_rng(1), np.empty((4, 1500))
    for chain in range(4):
        share = 0.1
        for n in range(drawn.shape[1]):
            share = draw_share(rng, in_powers(prior), parts, share, 5, sizes, 14)
            drawn[chain, n] = 1 / (1 + parts * share)
    concentrations, shares = of_quantiles(exact)
    likelihood = shares * np.exp([log_partition(5, a / parts, sizes, 14) for a in concentrations])
    assert mean_of(drawn).errors_from(likelihood @ (1 / (1 + concentrations)) / likelihood.sum()) <= ALLOWED


def test_they_travel_in_files():
    priors = read_priors(UNKNOWN, bm.Gaussian())
    assert from_dict(to_dict(priors), bm.Gaussian()).weights == UNKNOWN["weights"]


@pytest.mark.parametrize("number", [3, bm.priors.DiscreteUniform(3)], ids=str)
def test_the_tree(number, tmp_path):
    tree = bm.Mixture(number, "diag", priors=UNKNOWN).fit_gibbs(X, draws=100, random_seed=1, progressbar=False)
    concentration = tree["posterior"]["concentration"]
    assert concentration.dims == ("chain", "draw")
    assert np.isfinite(concentration).all()
    assert "concentration" in bm.diagnose(tree).table.loc["label-free"].index
    again = bm.load(bm.save(tree, tmp_path / "fit.nc"))
    assert bm.Mixture.from_tree(again).priors.weights == UNKNOWN["weights"]
    occupied = bm.number_of_groups(again)["occupied_prior"].values
    assert occupied.sum() == pytest.approx(1)
    assert "no log evidence" in repr(bm.log_evidence(tree))
    made = next(iter(prior_sets(tree, 1, np.random.default_rng(0)))) if number == 3 else X
    assert made.shape == X.shape


def test_the_density_is_that_of_all_unknowns():
    tree = bm.Mixture(3, "diag", priors=UNKNOWN).fit_gibbs(X, draws=50, random_seed=1, progressbar=False)
    posterior, prior = tree["posterior"], tree["log_prior"]
    a, w = posterior["concentration"].values, posterior["weights"].values
    np.testing.assert_allclose(prior["concentration"], stats.gamma(1.0, scale=1 / 2).logpdf(a))
    exactly = [
        stats.dirichlet(np.full(3, one)).logpdf(own) for one, own in zip(a.ravel(), w.reshape(-1, 3), strict=True)
    ]
    np.testing.assert_allclose(prior["weights"].values.ravel(), exactly, rtol=1e-6)


@pytest.mark.parametrize("method", ["fit_em", "fit_nuts", "fit_advi", "fit_laplace", "build_model"])
def test_what_draws_otherwise_refuses(method):
    with pytest.raises(ValueError, match="only fit and fit_gibbs draw the concentration"):
        getattr(bm.Mixture(2, priors=UNKNOWN), method)(X)


def test_so_do_a_comparison_and_the_estimator():
    for fit in (lambda: bm.compare(X, [2], priors=UNKNOWN), lambda: BayesianMixture(2, priors=UNKNOWN).fit(X)):
        with pytest.raises(ValueError, match="a prior of its concentration"):
            fit()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: bm.priors.Dirichlet(bm.priors.Gamma()), "give its shape and its rate"),
        (lambda: bm.priors.DynamicDirichlet(bm.priors.Gamma((1, 2), 3)), "one number each"),
        (lambda: bm.priors.FisherF(0, 3), "numerator must be positive"),
        (lambda: bm.priors.FisherF(6, (1, 2)), "denominator must be one number"),
    ],
)
def test_bad_numbers_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong()


def test_only_the_weights_have_one():
    with pytest.raises(TypeError, match="which only the weights can have"):
        bm.Mixture(2, bm.Categorical(), priors={"probabilities": bm.priors.Dirichlet(bm.priors.Gamma(1, 1))})
