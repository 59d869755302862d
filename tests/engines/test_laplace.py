"""The Gaussian at the mode: exact for a Gaussian, and a maximum of the posterior of real mixtures."""

from types import SimpleNamespace

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.engines import laplace
from bayesmix.engines.laplace_at_mode import LaplaceAtMode
from tests.engines.targets import GaussianTarget, Target
from tests.laws.cases import CASES

FAITHFUL = bm.datasets.load_faithful()


def laplace_draws(target, q, draws):
    """By the engine, from a place that EM would have found."""
    top = SimpleNamespace(weights=np.ones(1), params={"q": q}, objective=0.0)
    em = SimpleNamespace(optima=(top,), family=SimpleNamespace(complete=dict))
    return LaplaceAtMode(draws).run(None, SimpleNamespace(em=em, density=target, seeds=(1,), exchanged=()))


def correlated(size, seed=0):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size)) + 2 * np.eye(size)
    return 0.05 * root @ root.T


@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_gaussian_is_found_exactly(size):
    mean, covariance, log_normaliser = np.linspace(-1, 2, size), correlated(size), 3.7
    basin = laplace.approximate(GaussianTarget(mean, covariance, log_normaliser), np.zeros(size))
    assert basin.is_maximum
    np.testing.assert_allclose(basin.mode, mean, atol=1e-5)
    np.testing.assert_allclose(basin.transform @ basin.transform.T, covariance, rtol=1e-4, atol=1e-6)
    assert basin.log_mass == pytest.approx(log_normaliser, abs=1e-5)
    assert basin.gaussian.log_density(mean) == pytest.approx(basin.log_density - log_normaliser, abs=1e-4)


def test_draws_of_a_gaussian():
    mean, covariance = np.array([1.0, -2.0, 0.5]), correlated(3)
    target = GaussianTarget(mean, covariance, 3.7)
    found = laplace_draws(target, np.zeros(3), draws=4000)
    q = found.unconstrained
    assert q.shape == (1, 4000, 3)
    error = 5 / np.sqrt(4000)
    assert np.all(np.abs(q[0].mean(axis=0) - mean) < error * np.sqrt(np.diag(covariance)))
    np.testing.assert_allclose(np.cov(q[0].T), covariance, atol=2 * error * np.max(covariance))
    assert found.attrs["pareto_k"] < 0.1
    np.testing.assert_allclose(found.stats["log_p"] - found.stats["log_q"], 3.7, atol=1e-3)
    assert found.notes == ()
    assert found.seconds["sampling"] > 0


def test_a_ridge_is_no_maximum():
    """A direction without curvature gets the widest spread allowed, and a note says that it is a guess."""

    class Ridge(Target):
        size = 2

        def logp_grad(self, q):
            return -0.5 * q[0] ** 2, np.array([-q[0], 0.0])

    basin = laplace.approximate(Ridge(), np.array([1.0, 0.3]))
    assert not basin.is_maximum
    assert basin.mode[0] == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(np.linalg.svd(basin.transform, compute_uv=False), [5, 1], rtol=1e-3)
    found = laplace_draws(Ridge(), np.array([1.0, 0.3]), draws=200)
    assert any("not concave" in note.words for note in found.notes)


def test_a_saddle_is_left():
    """From near a saddle the climb goes on to one of the two peaks."""

    class Peaks(Target):
        size = 1

        def logp_grad(self, q):
            return float(q[0] ** 2 - q[0] ** 4 / 2), np.array([2 * q[0] - 2 * q[0] ** 3])

    basin = laplace.approximate(Peaks(), np.array([1e-3]))
    assert abs(basin.mode[0]) == pytest.approx(1, abs=1e-4)
    assert basin.is_maximum
    assert basin.log_mass == pytest.approx(0.5 + 0.5 * np.log(2 * np.pi / 4), abs=1e-4)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_mode_of_a_mixture(case):
    em = case.mixture.fit_em(case.X, n_init=3, random_seed=1)
    basin = laplace.approximate(case.density, case.density.unconstrain({"weights": em.weights, **em.params}))
    value, slope = case.density.logp_grad(basin.mode)
    assert value == basin.log_density
    assert np.max(np.abs(basin.transform.T @ slope)) < 1e-3  # in units of the Gaussian's own spread
    if basin.is_maximum:
        rng = np.random.default_rng(2)
        for _ in range(20):
            step = basin.transform @ rng.normal(size=basin.mode.size)
            assert case.density.logp_grad(basin.mode + 0.02 * step)[0] < value


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_posterior_of_old_faithful(covariance):
    """Against NUTS: means within a quarter of a posterior standard deviation, standard deviations within a quarter."""
    mixture = Mixture(2, Gaussian(covariance))
    tree = mixture.fit_laplace(FAITHFUL, random_seed=1, draws=2000)
    nuts = mixture.fit_nuts(FAITHFUL, random_seed=1, progressbar=False, draws=500)
    assert tree["posterior"].attrs["pareto_k"] < 0.7
    for name in ("means", "weights", "scales"):
        one, other = (t["posterior"][name].stack(sample=("chain", "draw")).values for t in (tree, nuts))
        spread = other.std(axis=-1)
        assert np.all(np.abs(one.mean(axis=-1) - other.mean(axis=-1)) < 0.25 * spread), name
        assert np.all(np.abs(np.log(one.std(axis=-1) / spread)) < 0.25), name


def test_same_seed_same_draws():
    one, other = (Mixture(2).fit_laplace(FAITHFUL, random_seed=4, draws=50) for _ in range(2))
    np.testing.assert_array_equal(one["posterior"]["means"].values, other["posterior"]["means"].values)
