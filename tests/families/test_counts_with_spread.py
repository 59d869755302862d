"""Counts that vary more than those of one rate: against SciPy, R's MASS and pscl, PyMC's distributions, direct sums."""

import functools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

import bayesmix as bm
from bayesmix.families import Family, negative_binomial
from bayesmix.passes import by_value, reference
from tests.monte_carlo import Finding
from tests.problems import density_of, problem_of

SAME = 1e-6  # relative difference of log-likelihoods within which two optima count as one
REFERENCE = Path(__file__).parents[1] / "reference" / "counts_with_spread.json"
RATES, DISPERSIONS = np.array([[0.5, 7.0], [300.0, 2.0]]), np.array([[1e-6, 0.3], [2.0, 40.0]])


@functools.cache
def theirs() -> dict:
    return json.loads(REFERENCE.read_text())


class Fit(NamedTuple):
    """A fit by R, and the same family here."""

    data: str
    family: Family
    number: int

    def __str__(self):
        return f"{self.data}-{self.family}-{self.wanted['K']}"

    @property
    def wanted(self):
        return theirs()[self.data][str(self.family).replace("-", "_")][self.number]


FITS = [
    Fit(data, family, number)
    for data in ("articles", "days")
    for family in (bm.NegativeBinomial(), bm.ZeroInflatedPoisson())
    for number in (0, 1)
]


@functools.cache
def em_of(fit: Fit):
    mixture = bm.Mixture(fit.wanted["K"], fit.family)
    settings = {"estimate": "ml", "n_init": 10, "tol": 1e-12, "max_iter": 20_000, "random_seed": 1}
    return mixture.fit_em(np.array(theirs()[fit.data]["counts"]), **settings)


def loss(fit: Fit) -> float:
    """By how much R's optimum is above bayesmix's, relative to its size."""
    return (fit.wanted["loglik"] - em_of(fit).log_likelihood) / abs(fit.wanted["loglik"])


def findings() -> list[Finding]:
    """The largest loss, and errors of log probabilities and moments next to one plus their size."""
    made = theirs()["made_with"]
    by = {
        "negative-binomial": f"MASS {made['MASS']} and optim on R's dnbinom",
        "zero-inflated-poisson": f"pscl {made['pscl']} and optim on R's dpois",
    }
    found = []
    for name, against in by.items():
        those = [fit for fit in FITS if str(fit.family) == name]
        found.append(Finding(f"EM, {name}: {len(those)} fits", against, max(0.0, *map(loss, those)), SAME))
    return [*found, Finding("negative binomial probabilities", "scipy.stats.nbinom", error_of_probabilities(), 1e-11)]


@pytest.mark.parametrize("fit", FITS, ids=str)
def test_maximum_likelihood_is_that_of_r(fit):
    em, wanted = em_of(fit), fit.wanted
    assert em.converged, em.status.value
    assert em.n_parameters == wanted["df"]
    assert em.log_likelihood == pytest.approx(wanted["loglik"], rel=SAME)
    assert em.bic == pytest.approx(wanted["bic"], rel=SAME)
    rates, others = (em.params[spec.name][:, 0] for spec in fit.family.parameters)
    order = np.argsort(rates)
    np.testing.assert_allclose(rates[order], wanted["rates"], rtol=2e-3)
    theirs_of, ours_of = (np.array(wanted["weights"]), np.array(wanted["others"])), (em.weights[order], others[order])
    if isinstance(fit.family, bm.ZeroInflatedPoisson):
        # one column says how many extra zeros there are, and not whose they are
        theirs_of, ours_of = (weights * (1 - shares) for weights, shares in (theirs_of, ours_of))
    np.testing.assert_allclose(ours_of, theirs_of, atol=1e-3)


def error_of_probabilities() -> float:
    """Next to one plus the size; where dispersions are moderate, as SciPy's own digits go with 1e-6."""
    X = np.array([[0, 0], [1, 3], [7, 20], [40, 33], [500, 70], [3000, 1]], dtype=float)
    params = {"rates": RATES, "dispersions": np.maximum(DISPERSIONS, 1e-2)}
    wanted = stats.nbinom.logpmf(X[:, None], 1 / params["dispersions"], 1 / (1 + params["dispersions"] * RATES))
    found = bm.NegativeBinomial().log_joint(np.ones(2), params, X)
    return float(np.max(np.abs(found - wanted.sum(axis=-1)) / (1 + np.abs(wanted.sum(axis=-1)))))


def test_probabilities_are_those_of_scipy():
    assert error_of_probabilities() < 1e-11


def test_small_dispersions_are_the_poisson_distribution_and_its_first_correction():
    """``log f = log Poisson + alpha / 2 ((x - mu)^2 - x)`` up to the square of alpha."""
    x, rate = np.arange(60.0)[:, None], 12.0
    poisson = stats.poisson.logpmf(x[:, 0], rate)
    for dispersion in (0.0, 1e-12, 1e-7):
        params = {"rates": np.full((1, 1), rate), "dispersions": np.full((1, 1), dispersion)}
        found = bm.NegativeBinomial().log_joint(np.ones(1), params, x)[:, 0]
        first = dispersion / 2 * ((x[:, 0] - rate) ** 2 - x[:, 0])
        np.testing.assert_allclose(found - poisson, first, rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize("dispersion", [1e-8, 1e-3, 0.4, 3.0, 500.0])
@pytest.mark.parametrize(("low", "high"), [(0, 5), (0, 32), (0, 33), (3, 80), (40, 5000), (0, 100_000)])
def test_sums_over_values_are_those_of_their_terms(low, high, dispersion):
    """By Euler and Maclaurin's formula where there are many."""
    m = np.arange(low, high, dtype=float)
    value, slope = negative_binomial._rise(float(low), float(high), dispersion)
    assert value == pytest.approx(np.log1p(dispersion * m).sum(), rel=1e-12, abs=1e-14)
    assert slope == pytest.approx((m / (1 + dispersion * m)).sum(), rel=1e-11)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_pass_is_its_slow_twin(weighted):
    rng = np.random.default_rng(3)
    X = rng.negative_binomial(2, 0.1, size=(900, 2)).astype(float)
    X[rng.random(X.shape) < 0.1] = np.nan
    row_weights = rng.uniform(0, 3, 900) if weighted else np.ones(900)
    columns = by_value.with_places(X)
    values, owners = by_value.distinct(columns, 2)
    table = negative_binomial.logs(values, owners, RATES, DISPERSIONS)
    log_weights = np.log([0.3, 0.7])
    found = by_value.accumulate(columns, row_weights if weighted else np.empty(0), log_weights, table, 2)
    wanted = reference.accumulate_by_value(columns[:2].astype(int).T, row_weights, log_weights, table)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    assert table[:, -1].tolist() == [0, 0]
    assert found[2][:, -1].sum() == pytest.approx((row_weights[:, None] * np.isnan(X)).sum())


def test_a_group_that_varies_no_more_than_poisson_is_poisson():
    counts = np.repeat([2, 3, 4, 5, 20, 21, 22], [10, 30, 30, 10, 20, 50, 20])
    spread, plain = (
        bm.Mixture(2, family).fit_em(counts, estimate="ml", tol=1e-12, random_seed=1)
        for family in (bm.NegativeBinomial(), bm.Poisson())
    )
    assert (spread.params["dispersions"] == 0).all()
    np.testing.assert_allclose(spread.params["rates"], plain.params["rates"], rtol=1e-5)
    assert spread.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)


def test_missing_cells_are_left_out():
    """The density of a row is that of what was seen, and a fit is one of the cells that there are."""
    rng = np.random.default_rng(4)
    X = rng.negative_binomial(2, 0.2, size=(200, 2)).astype(float)
    X[:60, 0] = np.nan
    em = bm.Mixture(1, bm.NegativeBinomial()).fit_em(X, estimate="ml", random_seed=1)
    for j, column in enumerate((X[60:, :1], X[:, 1:])):
        alone = bm.Mixture(1, bm.NegativeBinomial()).fit_em(column, estimate="ml", random_seed=1)
        np.testing.assert_allclose(em.params["rates"][0, j], alone.params["rates"][0, 0], rtol=1e-9)
        np.testing.assert_allclose(em.params["dispersions"][0, j], alone.params["dispersions"][0, 0], rtol=1e-7)


def test_the_prior_of_dispersions_is_scaled_by_what_a_column_varies_beyond_its_mean():
    rng = np.random.default_rng(5)
    X = np.stack([rng.negative_binomial(2, 0.1, size=2000), rng.binomial(20, 0.9, size=2000)], axis=1)
    prior = problem_of(X, bm.NegativeBinomial(), 2).priors.dispersions
    mean, variance = X.mean(axis=0), X.var(axis=0, ddof=1)
    assert variance[1] < mean[1]
    np.testing.assert_allclose(prior.shape, 2)
    wanted = [(variance[0] - mean[0]) / (2 * mean[0] ** 2), 1 / (2 * mean[1])]
    np.testing.assert_allclose(np.divide(prior.shape, prior.rate), wanted, rtol=1e-9)
    mixed = bm.Product({"x0": bm.NegativeBinomial(), "x1": bm.Poisson()})
    of_block = problem_of(X, mixed, 2).priors.dispersions
    np.testing.assert_allclose(np.divide(of_block.shape, of_block.rate), wanted[:1], rtol=1e-9)


def test_the_density_is_that_of_the_textbook_model():
    """``pm.Mixture`` of PyMC's own negative binomials, with the priors and Jacobians that PyMC derives."""
    import pymc as pm

    x = np.array([0, 1, 1, 2, 5, 9, 14, 30, 41, 60])
    priors = {
        "weights": bm.priors.Dirichlet((1.5, 2.5)),
        "rates": bm.priors.Gamma(2.0, 0.2),
        "dispersions": bm.priors.Gamma(2.0, 3.0),
    }
    density = density_of(bm.Mixture(2, bm.NegativeBinomial(), priors=priors), x)
    with pm.Model() as model:
        weights = pm.Dirichlet("weights", [1.5, 2.5])
        # numbers of Python would be worked with in single precision
        rates = pm.Gamma("rates", np.float64(2.0), np.float64(0.2), shape=(2, 1))
        dispersions = pm.Gamma("dispersions", np.float64(2.0), np.float64(3.0), shape=(2, 1))
        own = pm.NegativeBinomial.dist(mu=rates[:, 0], alpha=1 / dispersions[:, 0], shape=2)
        pm.Mixture("x", weights, own, observed=x)
    log_density = model.compile_logp(mode="FAST_COMPILE")
    for q in np.random.default_rng(6).normal(size=(3, density.size)):
        parts = np.split(q, [1, 3])
        at = {"weights_simplex__": parts[0], "rates_log__": parts[1][:, None], "dispersions_log__": parts[2][:, None]}
        assert density.logp_grad(q)[0] == pytest.approx(float(log_density(at)), rel=1e-10)


def test_extra_zeros_are_those_of_the_textbook():
    """Probabilities, distribution function and moments by PyMC's zero-inflated Poisson, and sums."""
    import pymc as pm

    family, x = bm.ZeroInflatedPoisson(), np.arange(400.0)[:, None]
    rates, shares = np.array([[0.4], [9.0], [40.0]]), np.array([[0.3], [0.0], [0.9]])
    params = {"rates": rates, "extra_zeros": shares}
    found = family.log_joint(np.ones(3), params, x)
    for k in range(3):
        theirs = pm.logp(pm.ZeroInflatedPoisson.dist(psi=1 - shares[k, 0], mu=rates[k, 0]), x[:, 0].astype(int))
        np.testing.assert_allclose(found[:, k], theirs.eval(mode="FAST_COMPILE"), rtol=1e-10, atol=1e-10)
    probabilities = np.exp(found)
    np.testing.assert_allclose(family.cumulative(params, x)[..., 0], np.cumsum(probabilities, axis=0), atol=1e-12)
    mean, covariance = family.moments(params)
    np.testing.assert_allclose(mean[:, 0], x[:, 0] @ probabilities, rtol=1e-9)
    np.testing.assert_allclose(covariance[:, 0, 0], x[:, 0] ** 2 @ probabilities - mean[:, 0] ** 2, rtol=1e-9)


def test_distribution_function_and_moments():
    family, x = bm.NegativeBinomial(), np.array([[-1, 0], [0, 3], [4, 70], [900, 2.5]])
    params = {"rates": RATES, "dispersions": DISPERSIONS}
    found = family.cumulative(params, x[:, None][:, 0])
    wanted = stats.nbinom.cdf(x[:, None], 1 / DISPERSIONS, 1 / (1 + DISPERSIONS * RATES))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    mean, covariance = family.moments(params)
    variance = stats.nbinom.var(1 / DISPERSIONS, 1 / (1 + DISPERSIONS * RATES))
    np.testing.assert_allclose(np.diagonal(covariance, axis1=-2, axis2=-1), variance, rtol=1e-9)
    np.testing.assert_array_equal(mean, RATES)
    exactly = family.cumulative({"rates": RATES, "dispersions": np.zeros((2, 2))}, x)
    np.testing.assert_allclose(exactly, stats.poisson.cdf(np.floor(x)[:, None], RATES), rtol=1e-12)
