"""Averages over labellings: every permutation written out, and the same sum over sets of columns or by draws."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import logsumexp

from bayesmix.comparison.evidence.labellings import log_mean_likelihood
from tests.monte_carlo import ALLOWED


def written_out(matrix: np.ndarray) -> float:
    """``log (1/K!) sum over permutations of exp sum_k a_k,s(k)``."""
    orders = np.array(list(itertools.permutations(range(len(matrix)))))
    return float(logsumexp(matrix[np.arange(len(matrix)), orders].sum(axis=1)) - math.log(len(orders)))


def mean_of_assignments(matrices: np.ndarray, log_evidences: np.ndarray) -> np.ndarray:
    """At points (P, M, K, K), the mean over the M assignments."""
    each = np.array([[written_out(one) for one in point] for point in matrices])
    return logsumexp(each - log_evidences, axis=1) - math.log(len(log_evidences))


def by_bayesmix(matrices, log_evidences, exchangeable=True, exactly=True, n_permutations=1, own=None, orders=None):
    n_points, _, n_components, _ = matrices.shape
    own = np.full(n_points, -1) if own is None else own
    orders = np.zeros((n_points, n_components), dtype=np.int64) if orders is None else orders
    densities = np.ascontiguousarray(np.swapaxes(matrices, 1, 2))
    rng = np.random.default_rng(5)
    return log_mean_likelihood(densities, log_evidences, exchangeable, exactly, n_permutations, own, orders, rng)


@pytest.mark.parametrize("n_components", [1, 2, 3, 5])
@pytest.mark.parametrize("spread", [0.1, 5.0, 300.0])
def test_every_permutation(n_components, spread):
    rng = np.random.default_rng(n_components)
    matrices = spread * rng.normal(size=(4, 11, n_components, n_components)) - 500
    log_evidences = 3 * spread * rng.normal(size=11) - 500 * n_components
    wanted = mean_of_assignments(matrices, log_evidences)
    # what is left out is below the largest term by 16 nats
    np.testing.assert_allclose(by_bayesmix(matrices, log_evidences), wanted, atol=1e-5)


def test_one_assignment_is_exact_up_to_rounding():
    matrices = np.random.default_rng(0).normal(scale=20, size=(3, 1, 6, 6))
    wanted = mean_of_assignments(matrices, np.zeros(1))
    np.testing.assert_allclose(by_bayesmix(matrices, np.zeros(1)), wanted, rtol=1e-13)


def test_rows_that_all_want_one_column():
    """The product of the largest entries is then no permutation's: next to it all underflow."""
    matrix = np.random.default_rng(1).normal(scale=10, size=(4, 4))
    matrix[:, 0] += 3000
    np.testing.assert_allclose(by_bayesmix(matrix[None, None], np.zeros(1)), written_out(matrix), rtol=1e-13)


def test_labels_that_mean_something():
    rng = np.random.default_rng(2)
    matrices, log_evidences = rng.normal(scale=3, size=(5, 7, 3, 3)), rng.normal(size=7)
    own = np.einsum("pmkk->pm", matrices)
    wanted = logsumexp(own - log_evidences, axis=1) - math.log(7)
    np.testing.assert_allclose(by_bayesmix(matrices, log_evidences, exchangeable=False), wanted, rtol=1e-12)


@pytest.mark.parametrize("n_components", [4, 8])
def test_drawn_permutations_are_unbiased(n_components):
    """Twelve thousand estimates by a few permutations each, of matrices like those of overlapping groups."""
    matrix = np.random.default_rng(3).normal(scale=2, size=(n_components, n_components))
    many = np.broadcast_to(matrix, (12_000, 1, *matrix.shape))
    found = by_bayesmix(many, np.zeros(1), exactly=False, n_permutations=n_components // 4)
    ratios = np.exp(found - written_out(matrix))
    error = ratios.std(ddof=1) / np.sqrt(ratios.size)
    assert error < 0.05
    assert abs(ratios.mean() - 1) < ALLOWED * error


def test_the_inverse_of_an_estimate_is_unbiased_where_one_permutation_is_the_target_s():
    """Under the proposal, whose labelling is among the permutations, 1 / estimate has the mean 1 / permanent.

    A labelling has there the probability of its product in the permanent.
    """
    matrix = np.random.default_rng(4).normal(scale=1.5, size=(3, 3))
    orders = np.array(list(itertools.permutations(range(3))))
    products = np.exp(matrix[np.arange(3), orders].sum(axis=1))
    drawn = np.random.default_rng(6).choice(len(orders), size=12_000, p=products / products.sum())
    many = np.broadcast_to(matrix, (drawn.size, 1, 3, 3))
    own = np.zeros(drawn.size, dtype=np.int64)
    found = by_bayesmix(many, np.zeros(1), exactly=False, n_permutations=3, own=own, orders=orders[drawn])
    inverses = np.exp(written_out(matrix) - found)
    error = inverses.std(ddof=1) / np.sqrt(inverses.size)
    assert error < 0.02
    assert abs(inverses.mean() - 1) < ALLOWED * error
    without = by_bayesmix(many, np.zeros(1), exactly=False, n_permutations=3)
    inverses = np.exp(written_out(matrix) - without)  # the control: permutations that leave it out
    assert abs(inverses.mean() - 1) > ALLOWED * error
