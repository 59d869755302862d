"""Law 8: the same seed gives the same bits, whatever ``cores`` is."""

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from tests.laws.cases import CASES

FAITHFUL = bm.datasets.load_faithful()


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_nuts(covariance):
    mixture = Mixture(2, Gaussian(covariance))
    trees = [
        mixture.fit_nuts(FAITHFUL, draws=150, tune=150, cores=cores, random_seed=7, progressbar=False)
        for cores in (1, 2, 4, 2)
    ]
    for tree in trees[1:]:
        for name in ("weights", "means", "scales"):
            np.testing.assert_array_equal(tree.posterior[name].values, trees[0].posterior[name].values)
        np.testing.assert_array_equal(tree.sample_stats["lp"].values, trees[0].sample_stats["lp"].values)


def test_another_seed_gives_other_draws():
    one, other = (
        Mixture(2).fit_nuts(FAITHFUL, draws=50, tune=50, random_seed=seed, progressbar=False) for seed in (1, 2)
    )
    assert not np.array_equal(one.posterior["means"].values, other.posterior["means"].values)


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_em(case):
    one, other = (case.mixture.fit_em(case.X, random_seed=5, n_init=3) for _ in range(2))
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.history, other.history)
    for name in one.params:
        np.testing.assert_array_equal(one.params[name], other.params[name])


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_order_of_rows_is_rounding(case):
    order = np.random.default_rng(3).permutation(len(case.X))
    labels = np.random.default_rng(4).integers(case.n_components, size=len(case.X))
    one = case.mixture.fit_em(case.X, init=labels, max_iter=20, tol=0)
    other = case.mixture.fit_em(case.X[order], init=labels[order], max_iter=20, tol=0)
    np.testing.assert_allclose(other.responsibilities, one.responsibilities[order], atol=1e-8)
