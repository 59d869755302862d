"""Draws of Gaussian approximations, their k-hat, and the average over the labellings."""

from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm, t

from bayesmix import Gaussian
from bayesmix.engines.gaussian_approximation import GaussianApproximation
from bayesmix.engines.gaussian_check import checked_draws, log_q_over_labellings, pareto_k, pareto_k_is_above
from bayesmix.priors import LKJ, LogNormal
from tests.engines.targets import GaussianTarget
from tests.problems import problem_of

PRIORS = {"conjugate": None, "separated": {"scales": LogNormal(), "correlations": LKJ(2.0)}}


def mixture_density(covariance, n_components, n_features, priors=None):
    rng = np.random.default_rng(4)
    family = Gaussian(covariance)
    problem = problem_of(rng.normal(size=(60, n_features)), family, n_components, priors)
    own = family.structure.parameter
    names = {"weights", "means"} | (set() if own.shared else {own.name, "scales", "correlations"})
    return problem.closed_form(), names


def wide_gaussian(size, seed):
    rng = np.random.default_rng(seed)
    factor = 0.4 * np.eye(size) + 0.02 * rng.normal(size=(size, size))
    return GaussianApproximation(0.1 * rng.normal(size=size), factor)


def normal_logpdf(x, mean, covariance):
    return multivariate_normal.logpdf(x, mean=mean, cov=covariance)


def permuted(density, q, names, order):
    """The points with component ``order[k]`` in the place of component k."""
    named = density.constrain(q)
    return density.unconstrain({n: a[:, list(order)] if n in names else a for n, a in named.items()})


def test_the_approximation_is_a_multivariate_normal():
    gaussian = wide_gaussian(4, 1)
    q = gaussian.draw(20_000, np.random.default_rng(2))
    covariance = gaussian.factor @ gaussian.factor.T
    some = q[:50].reshape(5, 10, 4)
    expected = normal_logpdf(some, gaussian.mean, covariance)
    assert_allclose(gaussian.log_density(some), expected)
    assert_allclose(gaussian.variances, np.diagonal(covariance))
    deviations = np.sqrt(np.outer(gaussian.variances, gaussian.variances))
    assert_allclose(q.mean(0), gaussian.mean, atol=4 * deviations.max() ** 0.5 / np.sqrt(len(q)))
    assert np.abs((np.cov(q.T) - covariance) / deviations).max() < 4 * np.sqrt(2 / len(q))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize(("n_components", "n_features"), [(2, 2), (3, 3), (4, 1)])
def test_the_average_over_labellings_is_that_of_all_permutations(prior, covariance, n_components, n_features):
    density, names = mixture_density(covariance, n_components, n_features, PRIORS[prior])
    gaussian = wide_gaussian(density.size, 3)
    q = gaussian.draw(30, np.random.default_rng(5))
    covariance_of_q = gaussian.factor @ gaussian.factor.T
    terms = [
        normal_logpdf(permuted(density, q, names, order), gaussian.mean, covariance_of_q)
        for order in permutations(range(n_components))
    ]
    expected = logsumexp(terms, axis=0) - np.log(len(terms))
    got = log_q_over_labellings(density, gaussian, q, names)
    assert_allclose(got, expected, rtol=0, atol=1e-6)
    assert np.abs(got - terms[0] + np.log(len(terms))).max() > 1e-3  # the others do count


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_permuting_components_has_a_jacobian_determinant_of_one(covariance):
    density, names = mixture_density(covariance, 3, 2)
    q = 0.3 * np.random.default_rng(7).normal(size=density.size)
    steps = 1e-5 * np.eye(density.size)
    for order in permutations(range(3)):
        up, down = (permuted(density, q + sign * steps, names, order) for sign in (1, -1))
        assert_allclose(abs(np.linalg.det((up - down) / 2e-5)), 1.0, rtol=1e-7)


def test_without_names_there_is_one_labelling():
    density, _ = mixture_density("full", 3, 2)
    gaussian = wide_gaussian(density.size, 3)
    q = gaussian.draw(5, np.random.default_rng(5))
    assert_allclose(log_q_over_labellings(density, gaussian, q), gaussian.log_density(q))


def test_a_tail_that_reaches_another_labelling_raises_no_alarm():
    density, names = mixture_density("spherical", 2, 1)
    # the two means are three standard deviations of their difference apart
    gaussian = GaussianApproximation(np.array([0, 0, 0, 0.75, -0.75]), 0.5 * np.eye(density.size))
    q = gaussian.draw(4000, np.random.default_rng(8))
    # a target that is the average itself: a perfect fit but for the labels
    target = log_q_over_labellings(density, gaussian, q, names)
    assert pareto_k(target - gaussian.log_density(q)) > 0.5
    assert pareto_k(target - log_q_over_labellings(density, gaussian, q, names)) < 0


def test_k_hat_of_a_known_tail():
    rng = np.random.default_rng(1)
    x = rng.normal(scale=0.5, size=20_000)
    # p / q = 0.5 exp(x^2 (2 - 1/2)): its tail index under q is 1 - 0.5^2
    assert_allclose(pareto_k(norm.logpdf(x) - norm.logpdf(x, scale=0.5)), 0.75, atol=0.12)
    heavy = t.rvs(2, size=20_000, random_state=rng)
    assert pareto_k(norm.logpdf(heavy) - t.logpdf(heavy, 2)) < 0.1  # bounded ratios


def test_k_hat_of_ratios_that_tell_nothing():
    assert pareto_k(np.full(100, 3.0)) == -np.inf
    assert pareto_k(np.full(100, -np.inf)) == np.inf
    assert pareto_k(np.array([0.0, 1.0, 2.0])) == np.inf
    assert pareto_k(np.where(np.arange(1000) % 2, 0.0, -np.inf)) < 0.7  # half the draws weigh nothing
    assert pareto_k(-(10.0 ** np.linspace(9, 13, 1000))) == np.inf  # the best one weighs all


def test_draws_carry_their_densities_and_a_note_where_they_cannot_be_trusted():
    target = GaussianTarget(np.zeros(3), np.eye(3), log_normaliser=-7.0)
    exact = GaussianApproximation(np.zeros(3), np.eye(3))
    good = checked_draws(target, exact, draws=500, rng=np.random.default_rng(1))
    assert good.unconstrained.shape == (1, 500, 3)
    assert {name: array.shape for name, array in good.stats.items()} == dict.fromkeys(
        ("log_p", "log_q", "lp"), (1, 500)
    )
    assert_allclose(good.stats["log_p"] - good.stats["log_q"], -7.0)
    assert_allclose(good.attrs["elbo"], -7.0)
    assert good.attrs["pareto_k"] < 0 and good.notes == ()
    narrow = GaussianApproximation(np.zeros(3), 0.2 * np.eye(3))
    bad = checked_draws(target, narrow, draws=500, rng=np.random.default_rng(1))
    assert bad.attrs["pareto_k"] > 0.7
    assert len(bad.notes) == 1 and "k-hat" in bad.notes[0].words and "use NUTS" in bad.notes[0].words


@pytest.mark.parametrize(("k", "most"), [(0.7, 0.0), (1.0, 0.05)])
def test_a_doubt_about_k_is_two_standard_errors(k, most):
    """Ratios with an exact Pareto tail of shape k: above 1 beyond doubt never at the gate, and seldom at 1 itself."""
    rng = np.random.default_rng(1)
    found = [pareto_k(-k * np.log(rng.uniform(size=1000))) for _ in range(200)]
    above = np.mean([pareto_k_is_above(1.0, one, 1000) for one in found])
    assert above <= most + 3 * np.sqrt(most * (1 - most) / 200)
    assert all(pareto_k_is_above(1.0, pareto_k(-4.0 * np.log(rng.uniform(size=1000))), 1000) for _ in range(20))
