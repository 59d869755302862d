"""What the letters of mclust's codes say: volumes, shapes and orientations that components share."""

import numpy as np
import pytest
from scipy import stats

from bayesmix import Gaussian, Mixture
from tests.laws.cases import RESTRICTED
from tests.problems import problem_of

CODES = (*RESTRICTED, "EII")
N_COMPONENTS, N_FEATURES = 3, 3
SAME = 1e-9  # relative


def rows(unit=1.0):
    """Three clouds that have nothing in common; the last column nearly a sum of the others for a small ``unit``."""
    rng = np.random.default_rng(4)
    clouds = []
    for k in range(N_COMPONENTS):
        turn = stats.special_ortho_group.rvs(N_FEATURES, random_state=k)
        clouds.append(5.0 * k + rng.standard_normal((60 + 20 * k, N_FEATURES)) * [0.3 + k, 1.0, 2.0] @ turn)
    X = np.concatenate(clouds)
    X[:, -1] = X[:, 0] + X[:, 1] + unit * X[:, -1] if unit < 1 else X[:, -1]
    return X


def fitted(code, X=None, **settings):
    labels = np.repeat(np.arange(N_COMPONENTS), [60, 80, 100])
    return Mixture(N_COMPONENTS, code).fit_em(rows() if X is None else X, init=labels, tol=1e-10, **settings)


def differences(em) -> dict[str, float]:
    """How far components are from one volume, one shape and one orientation."""
    matrices = em.family.covariance_matrices(em.params)
    values = np.linalg.eigvalsh(matrices)
    volumes = np.prod(values, axis=1) ** (1 / N_FEATURES)
    shapes = values / volumes[:, None]
    axes_as_columns = np.linalg.eigh(matrices[0])[1]
    along = axes_as_columns.T @ matrices @ axes_as_columns
    off = along * (1 - np.eye(N_FEATURES))
    return {
        "volume": float(np.ptp(np.log(volumes))),
        # along common axes shapes go by the axes, and otherwise by their lengths
        "shape": float(np.ptp(np.log(shapes), axis=0).max()),
        "orientation": float(np.abs(off).max() / values.min()),
    }


@pytest.mark.parametrize("estimate", ["ml", "map"])
@pytest.mark.parametrize("code", CODES)
def test_letters(code, estimate):
    found = differences(fitted(code, estimate=estimate))
    for letter, (what, difference) in zip(code, found.items(), strict=True):
        if letter == "V":
            assert difference > 1e-2, what
        elif what != "orientation" or code != "EII":
            assert difference < SAME, what


@pytest.mark.parametrize("code", CODES)
def test_nearly_collinear_columns(code):
    """EM never falls by more than rounding, and ends at proper covariances, where a column is nearly a sum of two."""
    X = rows(unit=1e-4)
    em = fitted(code, X, estimate="map")
    assert em.converged, em.status.value
    matrices = em.family.covariance_matrices(em.params)
    np.linalg.cholesky(matrices)
    rounding = np.finfo(float).eps * np.linalg.cond(matrices).max() * len(X)
    assert np.diff(em.history).min() > -max(rounding, 1e-9)


@pytest.mark.parametrize("code", CODES)
def test_one_component_is_a_simpler_model(code):
    whole = {"I": "spherical"}.get(code[1], "diag") if code[2] == "I" else "full"
    X = rows()
    for estimate in ("ml", "map"):
        own, other = (Mixture(1, name).fit_em(X, estimate=estimate) for name in (code, whole))
        assert own.objective == pytest.approx(other.objective, rel=1e-12)
        assert own.n_parameters == other.n_parameters
    assert Gaussian(code).same_model_as(Gaussian(whole), 1, N_FEATURES)
    assert not Gaussian(code).same_model_as(Gaussian(whole), 2, N_FEATURES)


@pytest.mark.parametrize("code", [code for code in CODES if code != "EII"])
def test_posterior_of_one_component_is_that_of_the_simpler_model(code):
    """The density in the unconstrained values differs by a constant, if they are the same."""
    whole = "diag" if code[2] == "I" else "full"
    X, rng = rows()[:40], np.random.default_rng(1)
    own, other = (problem_of(X, Gaussian(name), 1).closed_form() for name in (code, whole))
    gaps = []
    for _ in range(3):
        q = 0.3 * rng.standard_normal(own.size)
        named = own.constrain(q)
        at = other.unconstrain(named)
        gaps.append(own.logp_grad(q)[0] - other.logp_grad(at)[0] - log_change(own, other, q))
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-5)


def log_change(own, other, q) -> float:
    """Log of the determinant of the map from the one's unconstrained values to the other's, by differences."""
    step = 1e-5
    columns = [
        (other.unconstrain(own.constrain(q + step * e)) - other.unconstrain(own.constrain(q - step * e))) / (2 * step)
        for e in np.eye(q.size)
    ]
    return float(np.linalg.slogdet(np.array(columns))[1])
