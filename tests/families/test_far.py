"""Rows far from all components: log-odds against exact fractions, their limits, and one answer from every door."""

from fractions import Fraction
from math import exp, log

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.families.gaussian.far import FAR

FILLS = (1e17, 1e20, 9.97e36, -9999.0, 1e154, -1e200, 1e300, -1.797e308)
COVARIANCES = ("full", "tied", "diag", "spherical")
FAITHFUL = bm.datasets.load_faithful().to_numpy()


def exact_log_odds(weights, means, covariances, row) -> list[float]:
    """Of every component of two features against the nearest; the quadratic forms by fractions."""

    def height(k):
        (a, b), (_, d) = ([Fraction(v) for v in line] for line in covariances[k].tolist())
        x, y = (Fraction(v) - Fraction(m) for v, m in zip(row.tolist(), means[k].tolist(), strict=True))
        determinant = a * d - b * b
        return -(d * x * x - 2 * b * x * y + a * y * y) / determinant / 2, log(weights[k]) - log(determinant) / 2

    heights = [height(k) for k in range(len(weights))]
    nearest = max(one for one, _ in heights)
    quadratic = [float(max(one - nearest, Fraction(-(10**300)))) for one, _ in heights]
    return [q + c for q, (_, c) in zip(quadratic, heights, strict=True)]


def exact_responsibilities(em, row) -> list[float]:
    odds = exact_log_odds(em.weights, em.params["means"], em.family.covariance_matrices(em.params), row)
    shares = [exp(max(one - max(odds), -700)) for one in odds]
    return [share / sum(shares) for share in shares]


def far_rows() -> np.ndarray:
    """Fill values in one column and in both, in all directions, from just beyond the switch to the largest floats."""
    one = [[fill, 70.0] for fill in FILLS] + [[3.0, fill] for fill in FILLS]
    both = [[fill, fill] for fill in FILLS] + [[fill, -fill] for fill in FILLS]
    rng, radii = np.random.default_rng(0), np.geomspace(10, 1e6, 40) * np.sqrt(FAR)
    angle = rng.uniform(0, 2 * np.pi, 40)
    around = FAITHFUL.mean(axis=0) + FAITHFUL.std(axis=0) * radii[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    return np.array([*one, *both, *around.tolist()])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_against_exact_fractions(covariance, n_components):
    em, rows = bm.Mixture(n_components, bm.Gaussian(covariance)).fit_em(FAITHFUL, random_seed=1), far_rows()
    found = em.predict_proba(rows)
    wanted = np.array([exact_responsibilities(em, row) for row in rows])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(em.predict(rows), found.argmax(axis=1))
    assert not np.isnan(em.score_samples(rows)).any()


@pytest.mark.parametrize("n_features", [1, 2, 5])
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_no_step_where_the_way_of_computing_changes(covariance, n_features):
    """On a ray along which the odds hardly move: two components with one covariance, met side on."""
    rng = np.random.default_rng(3)
    side, half = np.eye(n_features)[0], np.tril(rng.normal(size=(n_features, n_features))) + 3 * np.eye(n_features)
    if covariance in ("diag", "spherical"):
        half = np.eye(n_features)
    means = np.stack([half @ side, -half @ side]) * 0.2
    matrix = half @ half.T
    values = {"full": np.stack([matrix] * 2), "tied": matrix, "diag": np.ones((2, n_features)), "spherical": np.ones(2)}
    name = "covariances" if covariance in ("full", "tied") else "variances"
    family, params = bm.Gaussian(covariance), {"means": means, name: values[covariance]}
    along = np.eye(n_features)[-1] if n_features > 1 else 0 * side  # at a right angle, in whitened units
    radii = np.sqrt(FAR) * np.array([0.5, 0.99, 1.01, 2.0, 1e3])
    X = (half @ (0.7 * side + along * radii[:, None]).T).T
    [(_, found)] = family.responsibilities_blocks(np.array([0.3, 0.7]), params, X)
    log_odds = np.log(0.3 / 0.7) + 2 * 0.2 * 0.7
    np.testing.assert_allclose(found[0, :, 0], 1 / (1 + np.exp(-log_odds)), rtol=0, atol=1e-9)


def test_tied_log_odds_are_linear():
    """Which side a row is on decides, however far away it is."""
    em = bm.Mixture(2, bm.Gaussian("tied")).fit_em(FAITHFUL, random_seed=1)
    direction = np.linalg.solve(em.params["covariances"], em.params["means"][0] - em.params["means"][1])
    for fill in FILLS:
        row = np.array([[fill, 70.0]])
        wanted = [1.0, 0.0] if direction[0] * np.sign(fill) > 0 else [0.0, 1.0]
        np.testing.assert_allclose(em.predict_proba(row), [wanted], atol=1e-9)


@pytest.mark.filterwarnings("error")
def test_every_door_says_the_same():
    em = bm.Mixture(2).fit_em(FAITHFUL, random_seed=1)
    rows = far_rows()
    found = bm.responsibilities(em.to_tree(), rows)
    np.testing.assert_array_equal(found["probability"], em.predict_proba(rows))
    np.testing.assert_array_equal(found["label"], em.predict(rows))
    joint = em.family.log_joint(em.weights, em.params, rows)
    np.testing.assert_allclose(np.logaddexp.reduce(joint, axis=1), em.score_samples(rows), rtol=1e-12)
    assert np.isfinite(found["entropy"]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_draws(covariance):
    tree = bm.Mixture(2, bm.Gaussian(covariance)).fit_laplace(FAITHFUL, draws=40, random_seed=1)
    rows = far_rows()
    found = bm.responsibilities(tree, rows)
    for name in ("probability", "probability_sd", "probability_interval", "entropy"):
        assert np.isfinite(found[name]).all()
    np.testing.assert_allclose(found["probability"].sum("component"), 1, atol=1e-12)
    density = bm.log_density(tree, rows)
    assert not np.isnan(density["log_density"]).any()


def test_an_empty_component_has_no_share():
    params = {"means": np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]]), "covariances": np.eye(2)}
    for _, found in bm.Gaussian("tied").responsibilities_blocks(np.array([0.5, 0.0, 0.5]), params, far_rows()):
        assert (found[1] == 0).all()
        np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-12)
