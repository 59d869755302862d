"""Data sets: sizes and facts of the real ones, the laws of the simulated ones."""

import doctest

import numpy as np
import pytest

from bayesmix import Gaussian
from bayesmix.data import check_distinct, read_rows
from bayesmix.datasets import (
    load_faithful,
    load_galaxies,
    load_penguins,
    real,
    simulate,
    simulation,
)

COVARIANCES = ["full", "tied", "diag", "spherical"]


@pytest.mark.parametrize(
    ("load", "shape", "first"),
    [
        (load_faithful, (272, 2), {"eruptions": 3.6, "waiting": 79}),
        (load_galaxies, (82, 1), {"velocity": 9.172}),
        (load_penguins, (344, 8), {"species": "Adelie", "bill_length_mm": 39.1, "year": 2007}),
    ],
)
def test_real_data(load, shape, first):
    frame = load()
    assert frame.shape == shape
    assert {name: frame[name].iloc[0] for name in first} == first


def test_columns_have_units():
    """In attributes where the names do not say them; taking columns and rows keeps them."""
    assert read_rows(load_faithful()).labels == ("eruptions (min)", "waiting (min)")
    assert read_rows(load_faithful()[["waiting"]].query("waiting > 60")).labels == ("waiting (min)",)
    assert read_rows(load_galaxies()).labels == ("velocity (1000 km/s)",)
    assert "units" not in load_penguins().attrs


def test_published_facts():
    np.testing.assert_allclose(load_faithful().mean(), [3.487783, 70.897059], atol=1e-6)
    assert load_galaxies()["velocity"].iloc[77] == 26.690  # as in R's MASS
    species = load_penguins()["species"].value_counts()
    assert species.to_dict() == {"Adelie": 152, "Gentoo": 124, "Chinstrap": 68}


def test_penguins_keep_their_missing_values():
    assert load_penguins()["bill_length_mm"].isna().to_list().count(True) == 2
    with pytest.raises(ValueError, match=r"2 missing values.*row 3, column 'bill_length_mm'"):
        read_rows(load_penguins()[["bill_length_mm"]])


@pytest.mark.parametrize("module", [real, simulation])
def test_examples(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted and not outcome.failed


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize(("N", "D", "K"), [(20, 1, 1), (50, 2, 3), (200, 6, 5)])
def test_simulation_has_its_shapes_and_can_be_fitted(covariance, N, D, K):
    simulated = simulate(N, D, K, covariance=covariance, random_seed=1)
    assert simulated.X.shape == (N, D)
    assert simulated.labels.shape == (N,) and set(simulated.labels) <= set(range(K))
    assert simulated.weights.tolist() == [1 / K] * K
    assert simulated.means.shape == (K, D) and simulated.covariances.shape == (K, D, D)
    assert (np.linalg.eigvalsh(simulated.covariances) > 0).all()
    rows = read_rows(simulated.X)
    check_distinct(rows, K)
    Gaussian("full").check(rows)


def test_covariances_are_of_their_kind():
    drawn = {kind: simulate(9, 3, 4, covariance=kind, random_seed=2).covariances for kind in COVARIANCES}
    off_diagonal = ~np.eye(3, dtype=bool)
    assert (drawn["full"][:, off_diagonal] != 0).all() and (drawn["full"][0] != drawn["full"][1]).all()
    assert (drawn["tied"] == drawn["tied"][0]).all() and (drawn["tied"][:, off_diagonal] != 0).all()
    assert (drawn["diag"][:, off_diagonal] == 0).all()
    assert np.ptp(drawn["diag"].diagonal(axis1=1, axis2=2), axis=1).all()
    assert (drawn["spherical"] == drawn["spherical"][:, :1, :1] * np.eye(3)).all()
    sizes = {kind: np.trace(matrices, axis1=1, axis2=2) / 3 for kind, matrices in drawn.items()}
    np.testing.assert_allclose(sizes.pop("tied"), 1.0)
    assert all(((0.5 <= size) & (size <= 2)).all() for size in sizes.values())


@pytest.mark.parametrize("separation", [0.0, 3.0])
def test_separation_is_the_distance_of_the_closest_means(separation):
    means = simulate(9, 2, 5, separation=separation, random_seed=3).means
    distances = np.linalg.norm(means[:, None] - means, axis=-1)[np.triu_indices(5, 1)]
    np.testing.assert_allclose(distances.min(), separation)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_rows_follow_the_stated_parameters(covariance):
    simulated = simulate(40_000, 2, 2, covariance=covariance, weights=[0.2, 0.8], random_seed=4)
    X, labels = simulated.X.to_numpy(), simulated.labels
    assert abs(np.mean(labels == 1) - 0.8) < 4 * np.sqrt(0.2 * 0.8 / len(X))
    for k in range(2):
        members, true = X[labels == k], simulated.covariances[k]
        n, variances = len(members), true.diagonal()
        assert (abs(members.mean(axis=0) - simulated.means[k]) < 4 * np.sqrt(variances / n)).all()
        # Var of a sample covariance s_ij of normal rows: (v_ii v_jj + v_ij^2) / (n - 1).
        error = np.sqrt((np.outer(variances, variances) + true**2) / (n - 1))
        assert (abs(np.cov(members.T) - true) < 4 * error).all()


def test_same_seed_same_bits():
    first, again, other = (simulate(10, 2, 2, random_seed=seed).X for seed in (5, 5, 6))
    assert first.equals(again) and not first.equals(other)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_rows": 0}, "n_rows must be at least 1; got 0"),
        ({"n_features": 0}, "n_features must be at least 1; got 0"),
        ({"n_components": 0}, "n_components must be an integer of at least 1; got 0"),
        ({"separation": -1.0}, "separation must be a distance, 0 or more; got -1.0"),
        (
            {"covariance": "round"},
            "covariance must be one of full, tied, diag, spherical; got 'round'",
        ),
        ({"weights": [0.5, 0.6]}, "weights must be 2 probabilities"),
        ({"weights": [1.0]}, "weights must be 2 probabilities"),
        ({"weights": [-0.5, 1.5]}, "weights must be 2 probabilities"),
    ],
)
def test_refusals(wrong, message):
    with pytest.raises(ValueError, match=message):
        simulate(**{"n_rows": 5, "n_features": 2, "n_components": 2, **wrong})
