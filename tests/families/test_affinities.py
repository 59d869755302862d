"""Bhattacharyya coefficients of components against sums and integrals of root densities."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import multivariate_normal, poisson

from bayesmix import Bernoulli, Categorical, Gaussian, Poisson, StudentT
from bayesmix.families.affinities import of_gaussians

RNG = np.random.default_rng(5)
ROOTS = RNG.normal(size=(2, 3, 2, 2)) * 0.4 + np.eye(2)
MEANS, MATRICES = RNG.normal(size=(2, 3, 2)) * 1.5, ROOTS @ ROOTS.swapaxes(-1, -2)


def summed(density, points, volume=1.0):
    """``sum sqrt(f_j f_k)`` over points, of two sets of densities."""
    one, other = (np.stack([density(which, k, points) for k in range(3)]) for which in range(2))
    return np.sqrt(one) @ np.sqrt(other).T * volume


@pytest.mark.parametrize("diagonal", [False, True])
def test_normal_distributions(diagonal):
    matrices = MATRICES * np.eye(2) if diagonal else MATRICES
    axis = np.linspace(-14, 14, 561)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    expected = summed(
        lambda which, k, x: multivariate_normal(MEANS[which, k], matrices[which, k]).pdf(x), grid, volume=0.05**2
    )
    found = np.exp(of_gaussians(MEANS[0], matrices[0], MEANS[1], matrices[1]))
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    family = Gaussian("diag" if diagonal else "full")
    name, values = ("variances", np.diagonal(matrices, axis1=-2, axis2=-1)) if diagonal else ("covariances", matrices)
    points = [{"means": MEANS[i], name: values[i]} for i in range(2)]
    draws = {"means": MEANS[[1, 0]], name: values[[1, 0]]}
    of_draws = family.log_affinities(points[0], draws)
    np.testing.assert_allclose(np.exp(of_draws[0]), expected, rtol=1e-7)
    np.testing.assert_allclose(np.diagonal(of_draws[1]), 0, atol=1e-12)


def test_counts():
    rates = RNG.uniform(0.2, 9, size=(2, 3, 1))
    expected = summed(lambda which, k, x: poisson(rates[which, k, 0]).pmf(x), np.arange(60))
    np.testing.assert_allclose(np.exp(Poisson().log_affinities({"rates": rates[0]}, {"rates": rates[1]})), expected)


def test_zeros_and_ones():
    p = RNG.uniform(size=(2, 3, 4))
    p[0, 0], p[1, 0] = 0.0, 1.0  # which share no row
    cells = np.array(list(product([0, 1], repeat=4)))
    expected = summed(lambda which, k, x: np.where(x, p[which, k], 1 - p[which, k]).prod(axis=-1), cells)
    found = np.exp(Bernoulli().log_affinities({"probabilities": p[0]}, {"probabilities": p[1]}))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found[0, 0] == 0


def test_levels():
    first, second = RNG.dirichlet(np.ones(3), size=(2, 3)), RNG.dirichlet(np.ones(2), size=(2, 3))
    p = np.concatenate([first, second], axis=-1)
    cells = np.array(list(product(range(3), range(3, 5))))
    expected = summed(lambda which, k, x: p[which, k][x].prod(axis=-1), cells)
    family = Categorical()._of((("a", "b", "c"), ("d", "e")))
    found = family.log_affinities({"probabilities": p[0]}, {"probabilities": p[1]})
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-12)


def test_heavy_tails_go_by_their_moments_and_a_level_that_never_comes_is_no_trouble():
    family = StudentT("full")
    point = {"means": MEANS[0], "covariances": MATRICES[0], "dof": np.full(3, 5.0)}
    found = family.log_affinities(point, {name: value[None] for name, value in point.items()})
    np.testing.assert_allclose(np.diagonal(found[0]), 0, atol=1e-12)
    assert (found[0][~np.eye(3, dtype=bool)] < 0).all()
    nothing = of_gaussians(np.zeros((1, 2)), np.zeros((1, 2, 2)), np.zeros((1, 2)), np.zeros((1, 2, 2)))
    assert nothing == pytest.approx(0)
