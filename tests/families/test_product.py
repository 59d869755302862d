"""Mixed columns: SciPy's densities, other people's optima, the laws of products, and all assignments of a few rows."""

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import betaln, gammaln, logsumexp

import bayesmix as bm
from bayesmix.engines.begin import density_of, model_of
from bayesmix.families import family_from_name
from bayesmix.problem import Problem
from bayesmix.pymc_model.density import PyMCDensity
from tests.central_differences import gradient
from tests.monte_carlo import FEWEST, Finding, effective_draws, mean_of, worst
from tests.problems import problem_of

MIXED = pd.read_csv(Path(__file__).parents[1] / "reference" / "mixed_columns.csv")
FAMILY = bm.Product(
    {("b", "a"): bm.Gaussian("full"), ("v", "w"): bm.Poisson(), "colour": bm.Categorical(), "s": bm.Bernoulli()}
)
X = MIXED.assign(colour=np.where(MIXED["a"] > 1, "red", np.where(MIXED["v"] % 2, "green", "blue")))
X = X[["a", "v", "colour", "b", "w", "s"]]  # blocks do not lie side by side


@cache
def problem() -> Problem:
    return problem_of(X, FAMILY, 2)


@cache
def em_of(estimate: str = "map") -> bm.EMResult:
    return bm.Mixture(2, FAMILY).fit_em(X, estimate=estimate, random_seed=1)


def direct(weights, p) -> np.ndarray:
    """Log joint densities (N, 2) by SciPy."""
    codes = X["colour"].map({"blue": 0, "green": 1, "red": 2}).to_numpy()
    columns = [
        stats.multivariate_normal(p["means"][k], p["covariances"][k]).logpdf(X[["b", "a"]])
        + stats.poisson.logpmf(X[["v", "w"]], p["rates"][k]).sum(axis=1)
        + np.log(p["categorical_probabilities"][k])[codes]
        + stats.bernoulli.logpmf(X["s"], p["bernoulli_probabilities"][k, 0])
        for k in range(2)
    ]
    return np.log(weights) + np.stack(columns, axis=1)


def test_density_is_scipys():
    em = em_of()
    wanted = direct(em.weights, em.params)
    values = em.rows.values
    np.testing.assert_allclose(em.family.log_joint(em.weights, em.params, values), wanted, rtol=1e-12)
    np.testing.assert_allclose(em.score_samples(X), logsumexp(wanted, axis=1), rtol=1e-12)
    np.testing.assert_allclose(em.log_likelihood, logsumexp(wanted, axis=1).sum(), rtol=1e-12)
    shares = np.exp(wanted - logsumexp(wanted, axis=1, keepdims=True))
    np.testing.assert_allclose(em.predict_proba(X), shares, atol=1e-12)


@pytest.mark.parametrize(
    ("family", "log_likelihood", "n_parameters", "weight"),
    [
        # tests/reference/mixed_columns.R and .py
        (bm.Product({("v", "w"): bm.Poisson(), "s": bm.Bernoulli()}), -721.65725714888, 7, 0.6143860356),
        (bm.Product({("a", "b"): bm.Gaussian(), "s": bm.Bernoulli()}), -594.8846363663256, 13, 0.51738),
    ],
    ids=["flexmix", "StepMix"],
)
def test_maximum_likelihood_is_that_of_others(family, log_likelihood, n_parameters, weight):
    rows = MIXED[[name for names, _ in family.families for name in names]]
    em = bm.Mixture(2, family).fit_em(rows, estimate="ml", tol=1e-13, max_iter=20_000, random_seed=1)
    assert em.n_parameters == n_parameters
    np.testing.assert_allclose(em.log_likelihood, log_likelihood, rtol=1e-10)
    np.testing.assert_allclose(em.weights[0], weight, atol=1e-5)


@pytest.mark.parametrize("family", [bm.Gaussian("tied"), bm.StudentT("full"), bm.Poisson(), bm.Categorical()], ids=str)
def test_one_block_is_the_family(family):
    rows = MIXED[["v", "w"]].astype(float if family.takes == "real" else int)
    labels = MIXED["z"].to_numpy()
    one = bm.Mixture(2, bm.Product({("v", "w"): family})).fit_em(rows, init=labels, max_iter=30, tol=0)
    other = bm.Mixture(2, family).fit_em(rows, init=labels, max_iter=30, tol=0)
    np.testing.assert_allclose(one.history, other.history, rtol=1e-10)
    for name, values in other.params.items():
        np.testing.assert_allclose(one.params[name], values, rtol=1e-6, atol=1e-9)
    assert (one.n_parameters, one.bic) == (other.n_parameters, pytest.approx(other.bic))
    assert str(one.family) == f"product({family}: v, w)"


def test_two_blocks_of_uncorrelated_columns_are_one():
    rows, labels = MIXED[["a", "b", "v"]].astype(float), MIXED["z"].to_numpy()
    family = bm.Product({"a": bm.Gaussian("diag"), ("b", "v"): bm.Gaussian("diag")})
    two, one = (
        bm.Mixture(2, own).fit_em(rows, estimate="ml", init=labels, tol=1e-12) for own in (family, bm.Gaussian("diag"))
    )
    np.testing.assert_allclose(two.log_likelihood, one.log_likelihood, rtol=1e-10)
    means = np.concatenate([two.params["gaussian_means"], two.params["gaussian_2_means"]], axis=1)
    np.testing.assert_allclose(means, one.params["means"], rtol=1e-5)
    assert two.n_parameters == one.n_parameters


def test_objective_never_falls_and_ends_where_its_slope_is_zero():
    em = bm.Mixture(2, FAMILY).fit_em(X, tol=1e-14, max_iter=5000, random_seed=1)
    assert (np.diff(em.history) >= -1e-9).all()
    density = density_of(problem())
    value, slope = density.map_logp_grad(density.start({"weights": em.weights, **em.family.complete(em.params)}))
    np.testing.assert_allclose(value, em.log_likelihood + em.log_prior, rtol=1e-12)
    assert np.abs(slope).max() < 1e-3


@pytest.mark.parametrize("jacobian", [True, False])
def test_gradient_is_that_of_differences(jacobian):
    density = density_of(problem())
    function = density.logp_grad if jacobian else density.map_logp_grad
    q = density.start({"weights": em_of().weights, **em_of().family.complete(em_of().params)})
    q = q + np.random.default_rng(0).normal(scale=0.3, size=q.size)
    wanted = gradient(lambda at: function(at)[0], q)
    np.testing.assert_allclose(function(q)[1], wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.gate
@pytest.mark.parametrize("separated", [False, True])
def test_density_is_that_of_the_declaration(separated):
    family = bm.Product({("a", "b"): bm.Gaussian("full"), "v": bm.Poisson(), "w": bm.Gaussian("diag")})
    priors = {"gaussian_means": bm.priors.Normal(), "gaussian_2_means": bm.priors.Normal()} if separated else None
    of_three = problem_of(MIXED[["a", "b", "v", "w"]], family, 2, priors)
    density, declared = density_of(of_three), PyMCDensity(model_of(of_three), mode="FAST_COMPILE")
    assert density.variables == declared.variables
    q = np.random.default_rng(3).normal(scale=0.3, size=density.size)
    for ours, theirs in ((density.logp_grad, declared.logp_grad), (density.map_logp_grad, declared.map_logp_grad)):
        np.testing.assert_allclose(ours(q)[0], theirs(q)[0], rtol=1e-12)
        np.testing.assert_allclose(ours(q)[1], theirs(q)[1], rtol=1e-8, atol=1e-8)
    named, by_model = density.constrain(q), declared.constrain(q)
    for name, values in named.items():
        np.testing.assert_allclose(values, by_model[name], rtol=1e-10)


# Six rows of a count and an answer: all assignments, by the closed forms of gamma and beta

FEW = pd.DataFrame({"count": [0, 1, 2, 4, 5, 7], "answer": [0, 0, 1, 1, 1, 0]})
SHAPE, RATE, A, B, CONCENTRATION = 2.0, 0.5, 2.0, 1.5, 1.3


@cache
def co_membership() -> np.ndarray:
    """Exact posterior probabilities (N, N) that two rows belong together."""

    def log_evidence(of):
        n, events, ones = len(of), of["count"].sum(), of["answer"].sum()
        counts = SHAPE * np.log(RATE) - gammaln(SHAPE) + gammaln(SHAPE + events) - gammaln(of["count"] + 1).sum()
        return counts - (SHAPE + events) * np.log(RATE + n) + betaln(A + ones, B + n - ones) - betaln(A, B)

    assignments = np.array(list(itertools.product(range(2), repeat=len(FEW))))
    logs = [
        sum(log_evidence(FEW[z == k]) + gammaln(CONCENTRATION + np.sum(z == k)) for k in range(2)) for z in assignments
    ]
    shares = np.exp(logs - logsumexp(logs))
    return np.einsum("z,zij->ij", shares, assignments[:, :, None] == assignments[:, None, :])


@pytest.mark.gate
@pytest.mark.parametrize("method", ["gibbs", "nuts"])
def test_posterior_is_the_enumerated_one(method):
    priors = {
        "weights": bm.priors.Dirichlet(CONCENTRATION),
        "rates": bm.priors.Gamma(SHAPE, RATE),
        "probabilities": bm.priors.Beta(A, B),
    }
    mixture = bm.Mixture(2, bm.Product({"answer": bm.Bernoulli(), "count": bm.Poisson()}), priors=priors)
    more = {"max_sweeps": 4000} if method == "gibbs" else {"target_accept": 0.9}
    fit = {"gibbs": mixture.fit_gibbs, "nuts": mixture.fit_nuts}[method]
    tree = fit(FEW, draws=2000, random_seed=1, progressbar=False, **more)
    posterior = tree["posterior"]
    weights = posterior["weights"].values.reshape(-1, 2)
    params = {name: posterior[name].values.reshape(-1, 2, 1) for name in ("rates", "probabilities")}
    family = Problem.of(problem_of(FEW, mixture.family, 2, priors).rows, mixture.family, 2, mixture.priors).family
    [(_, shares)] = family.responsibilities_blocks(weights, params, FEW[["count", "answer"]].to_numpy(float))
    findings = []
    for i, j in ((0, 5), (0, 1), (2, 3), (3, 4)):
        together = np.einsum("ks,ks->s", shares[:, i], shares[:, j]).reshape(posterior["weights"].shape[:2])
        distance = mean_of(together).errors_from(co_membership()[i, j])
        findings.append(Finding(f"rows {i} and {j} together by {method}", "enumeration", distance, 4.0))
        assert effective_draws(together) >= FEWEST
    assert not worst(findings)


# What is asked of it after a fit


def test_marginal_and_conditional():
    em = em_of()
    family, params = em.family, em.params
    at = em.rows.values[:5]
    names = list(X.columns)
    some = np.array([names.index(name) for name in ("w", "colour", "a")])
    alone, own = family.marginal(params, some)
    assert str(alone) == "product(gaussian-full: a; poisson: w; categorical: colour)"
    codes = at[:, names.index("colour")].astype(int)
    wanted = np.stack(
        [
            stats.norm(params["means"][k, 1], np.sqrt(params["covariances"][k, 1, 1])).logpdf(at[:, names.index("a")])
            + stats.poisson.logpmf(at[:, names.index("w")], params["rates"][k, 1])
            + np.log(params["categorical_probabilities"][k, codes])
            for k in range(2)
        ],
        axis=1,
    )
    np.testing.assert_allclose(alone.log_joint(np.ones(2), own, at[:, some]), wanted, rtol=1e-12)
    counts, rates = family.marginal(params, np.array([names.index("v")]))
    assert str(counts) == "poisson"
    np.testing.assert_array_equal(rates["rates"], params["rates"][:, :1])
    # density of some given others, times that of the others, is that of all
    rest = np.setdiff1d(np.arange(len(names)), some)
    given, of_given = family.conditional_on(params, some, rest, at[:, rest])
    others, of_others = family.marginal(params, rest)
    for i in range(len(at)):
        here = {name: values[i] for name, values in of_given.items()}
        both = given.log_joint(np.ones(2), here, at[i : i + 1, some])
        both = both + others.log_joint(np.ones(2), of_others, at[i : i + 1, rest])
        np.testing.assert_allclose(both, family.log_joint(np.ones(2), params, at[i : i + 1]), rtol=1e-10)


def test_moments_are_those_of_drawn_rows():
    em = em_of()
    locations, covariances = em.family.moments(em.params)
    rows, labels = em.family.sample(em.weights, em.params, 40_000, np.random.default_rng(1))
    numbers = [0, 1, 3, 4]  # columns that are numbers, of which each has one entry
    entries = [list(em.family.features_of_moments(6)).index(j) for j in numbers]
    for k in range(2):
        own = rows[labels == k][:, numbers]
        errors = own.std(axis=0) / np.sqrt(len(own))
        assert (np.abs(own.mean(axis=0) - locations[k, entries]) < 5 * errors).all()
        np.testing.assert_allclose(np.cov(own.T), covariances[k][np.ix_(entries, entries)], rtol=0.1, atol=0.15)
    shares = np.bincount(rows[labels == 0, 2].astype(int), minlength=3) / np.sum(labels == 0)
    np.testing.assert_allclose(shares, em.params["categorical_probabilities"][0], atol=0.02)


@pytest.mark.parametrize("name", ["plain", "two words", 'a "quoted", one; odd: (name)', "ünï=cödé", " space"])
def test_name_is_read_back(name):
    family = bm.Product({(name, "other"): bm.StudentT("diag", dof=4), "b": bm.Poisson()})
    assert family_from_name(str(family)) == family
    assert eval(family.code, {"bm": bm}) == family


def test_a_saved_result_predicts_the_same(tmp_path):
    tree = bm.Mixture(2, FAMILY).fit_laplace(X, draws=50, random_seed=1, progressbar=False)
    bm.save(tree, tmp_path / "mixed.nc")
    again = bm.load(tmp_path / "mixed.nc")
    wanted = bm.responsibilities(tree, X)["probability"]
    np.testing.assert_array_equal(bm.responsibilities(again, X)["probability"], wanted)
    assert bm.Mixture.from_tree(again).family.families == tree_family(tree).families
    drawn = bm.sample_predictive(again, n=20, random_seed=1)["predictions"]["x"]
    assert list(drawn["feature"].values) == list(X.columns)


def tree_family(tree):
    return bm.Mixture.from_tree(tree).family


@pytest.mark.parametrize(
    ("families", "error", "said"),
    [
        ({"a": "full", ("a", "b"): "diag"}, ValueError, "families has column 'a' twice"),
        ({}, ValueError, "families is empty"),
        ({(): "full"}, ValueError, "a block without columns"),
        (["full"], TypeError, "families must map columns to families"),
        ({"a": "fulll"}, ValueError, "no family is called 'fulll'"),
        ({"a": 3}, TypeError, r"families\['a'\] must be a family"),
        ({"a": bm.Product({"b": "full"})}, TypeError, "give its blocks one by one"),
    ],
)
def test_what_is_no_product_is_refused(families, error, said):
    with pytest.raises(error, match=said):
        bm.Product(families)


@pytest.mark.parametrize(
    ("families", "error", "said"),
    [
        ({("a", "b"): "full", "v": "poisson"}, ValueError, "X has columns that are in no block .*'colour', 'w', 's'"),
        ({("a", "b"): "full"}, ValueError, "X has columns that are in no block"),
        ({**dict.fromkeys(X.columns, "full"), "age": "full"}, ValueError, "X has not a column .*'age'"),
        ({("a", "b", "v", "w", "s"): "poisson", "colour": "categorical"}, ValueError, "must hold counts.*leave"),
        ({("a", "b", "v", "w", "s", "colour"): "full"}, TypeError, "column 'colour' holds text"),
    ],
)
def test_rows_that_do_not_fit_are_refused(families, error, said):
    with pytest.raises(error, match=said):
        bm.Mixture(2, bm.Product(families)).fit_em(X)


def test_given_values_tell_numbers_and_levels_each_in_its_place():
    tree = em_of().to_tree()
    found = bm.conditional(tree, given={"v": [6], "w": [1]}, features=["a", "colour", "s"])
    em, names = em_of(), ["a", "colour", "s"]
    rates = em.params["rates"]
    logs = np.log(em.weights) + stats.poisson.logpmf([6, 1], rates).sum(axis=1)
    shares = np.exp(logs - logsumexp(logs))
    assert list(found["feature"].values) == names
    np.testing.assert_allclose(found["mean"][0, 0], shares @ em.params["means"][:, 1], rtol=1e-10)
    np.testing.assert_allclose(found["mean"][0, 2], shares @ em.params["bernoulli_probabilities"][:, 0], rtol=1e-10)
    assert np.isnan(found["mean"][0, 1])
    wanted = shares @ em.params["categorical_probabilities"]
    np.testing.assert_allclose(found["level_probability"][0], wanted, rtol=1e-10)
