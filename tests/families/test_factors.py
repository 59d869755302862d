"""Compiled Cholesky factors: NumPy's, in any units, and NaN where there is none."""

import numpy as np
import pytest

from bayesmix.families.gaussian.covariance.dense import cholesky


def covariances(n, n_features, rng):
    half = rng.normal(size=(n, n_features, n_features + 2))
    return half @ np.swapaxes(half, 1, 2)


@pytest.mark.parametrize("n_features", [1, 2, 3, 7, 20])
def test_equal_to_numpy(n_features):
    given = covariances(6, n_features, np.random.default_rng(n_features))
    wanted = np.linalg.cholesky(given)
    error = np.abs(cholesky(given) - wanted).max(axis=(1, 2)) / np.abs(wanted).max(axis=(1, 2))
    conditions = np.linalg.cond(given)
    assert np.all(error <= 100 * np.finfo(float).eps * conditions)
    np.testing.assert_array_equal(cholesky(given.reshape(2, 3, n_features, n_features)).shape[:2], (2, 3))


@pytest.mark.parametrize("unit", [1e-150, 1e150])
def test_units_that_no_square_of_a_square_survives(unit):
    given = covariances(3, 4, np.random.default_rng(0))
    np.testing.assert_allclose(cholesky(given * unit * unit), np.linalg.cholesky(given) * unit, rtol=1e-10)


@pytest.mark.parametrize(
    "broken",
    [[[1.0, 2.0], [2.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]], [[np.nan, 0.0], [0.0, 1.0]]],
)
def test_nan_where_there_is_none(broken):
    given = np.stack([np.eye(2), broken, 4 * np.eye(2)])
    found = cholesky(given)
    assert np.isnan(found[1][np.tril_indices(2)]).all()
    np.testing.assert_array_equal(found[[0, 2]], [np.eye(2), 2 * np.eye(2)])
