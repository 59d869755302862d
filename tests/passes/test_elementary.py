"""The exponential and the logarithm of the row loops."""

import math

import numba as nb
import numpy as np
import pytest

from bayesmix.passes.dense import invert_lower
from bayesmix.passes.elementary import exp_of_nonpositive, log_of_normal


@nb.njit
def each_exp(x):
    return np.array([exp_of_nonpositive(one) for one in x])


@nb.njit
def each_log(x):
    return np.array([log_of_normal(one) for one in x])


def test_exponential_to_two_units_in_the_last_place():
    x = -np.concatenate([np.geomspace(1e-320, 707.9, 20_000), np.linspace(0, 708, 20_001)])
    x = x[x > -708]
    exact = np.exp(x.astype(np.longdouble))
    assert np.max(np.abs(each_exp(x) - exact) / np.spacing(exact.astype(float))) < 2


def test_exponential_far_out_and_at_zero():
    assert each_exp(np.array([0.0, -0.0, -709.0, -1e300, -np.inf, np.nan])).tolist() == [1, 1, 0, 0, 0, 0]


def test_logarithm_to_two_units_in_the_last_place():
    x = np.concatenate([np.geomspace(2.3e-308, 1e308, 20_001), np.linspace(0.5, 2.0, 20_001), [1.0]])
    exact = np.log(x.astype(np.longdouble))
    units = np.maximum(np.spacing(np.abs(exact).astype(float)), np.finfo(float).eps * 1e-3)
    assert np.max(np.abs(each_log(x) - exact) / units) < 2
    assert each_log(np.array([1.0]))[0] == 0


@pytest.mark.parametrize("n_features", [1, 2, 7])
def test_inverse_of_lower_triangles(n_features):
    rng = np.random.default_rng(0)
    factors = np.tril(rng.normal(size=(4, n_features, n_features))) + 3 * np.eye(n_features)
    product = invert_lower(factors) @ factors
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(n_features), product.shape), atol=1e-13)
    assert np.all(np.triu(invert_lower(factors), 1) == 0)
    assert math.isfinite(product.sum())
