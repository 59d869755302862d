"""Round trips, and log Jacobians against numerical ones."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from bayesmix.pymc_model.transforms import Affine, CorrelationRows, ScaledCholesky, ScaledLog, Whitening

SCALE = np.array([3.0, 0.02, 50.0])
HALF = SCALE[:, None] * np.array([[1.0, 0.0, 0.0], [0.9, 0.4, 0.0], [-0.3, 2.0, 0.1]])


def lower(matrix):
    return matrix[..., *np.tril_indices(matrix.shape[-1])]


def strictly_lower(matrix):
    return matrix[..., *np.tril_indices(matrix.shape[-1], -1)]


def identity(value):
    return value


CASES = {
    "affine": (Affine(SCALE * 7, SCALE), (2, 3), identity),
    "whitening": (Whitening(SCALE * 7, HALF), (2, 3), identity),
    "scaled log": (ScaledLog(SCALE), (2, 3), identity),
    "scaled log of one unit": (ScaledLog(0.3), (2,), identity),
    "covariance, D = 1": (ScaledCholesky(HALF[:1, :1]), (2, 1), lower),
    "covariance, D = 2": (ScaledCholesky(HALF[:2, :2]), (2, 3), lower),
    "covariance, D = 3": (ScaledCholesky(HALF), (2, 6), lower),
    "one covariance": (ScaledCholesky(HALF), (6,), lower),
    "correlation, D = 2": (CorrelationRows(2), (2, 1), strictly_lower),
    "correlation, D = 3": (CorrelationRows(3), (2, 3), strictly_lower),
    "one correlation, D = 4": (CorrelationRows(4), (6,), strictly_lower),
}


@pytest.fixture(params=CASES, ids=str)
def case(request):
    transform, shape, free = CASES[request.param]
    value = pt.tensor(dtype="float64", shape=(None,) * len(shape))
    there = transform.backward(value)
    graphs = [there, transform.forward(there), transform.log_jac_det(value)]
    function = pytensor.function([value], graphs, mode="FAST_COMPILE")
    return function, np.random.default_rng(0).normal(size=shape), free


def test_round_trip(case):
    function, q, _ = case
    _, again, _ = function(q)
    np.testing.assert_allclose(again, q, rtol=1e-9, atol=1e-12)


def test_log_jacobian_is_the_numerical_one(case):
    function, q, free = case
    columns = []
    for step in np.eye(q.size) * 1e-5:
        ahead, behind = (free(function(q + sign * step.reshape(q.shape))[0]) for sign in (1, -1))
        columns.append((ahead - behind).ravel() / 2e-5)
    numerical = np.linalg.slogdet(np.array(columns))[1]
    assert function(q)[2].sum() == pytest.approx(numerical, rel=1e-6, abs=1e-6)


def test_values_are_what_they_should_be():
    for transform in (Affine(SCALE, SCALE), Whitening(SCALE, HALF)):
        assert np.allclose(transform.backward(pt.zeros((1, 3))).eval(mode="FAST_COMPILE"), SCALE)
    assert np.allclose(ScaledLog(SCALE).backward(pt.zeros(3)).eval(mode="FAST_COMPILE"), SCALE)
    covariance = ScaledCholesky(HALF).backward(pt.zeros(6)).eval(mode="FAST_COMPILE")
    assert np.allclose(covariance, HALF @ HALF.T)
    correlations = CorrelationRows(3).backward(np.array([1.0, 0.0, 0.0])).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(correlations, [[1, np.sqrt(0.5), 0], [np.sqrt(0.5), 1, 0], [0, 0, 1]], atol=1e-12)


def test_names_without_underscore():
    """PyMC cuts the name of a value variable at its last underscore."""
    for transform, _, _ in CASES.values():
        assert "_" not in transform.name
