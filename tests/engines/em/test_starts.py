"""How often EM finds the highest optimum that is known of real data: 20 seeds for each model.

The heights are those of the default prior's posterior mode, in nats and the units of the data; the highest that any
search has reached: thousands of seeds of this package, with long searches. Where mclust has a fit under the same prior,
its optimum is not above them.
"""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_iris

import bayesmix as bm
from tests.reference.mclust import COVARIANCE_OF, fit_of, objective_at, reference_fits

HIGHEST = {
    ("iris", "full", 3): -169.477,
    ("faithful", "full", 2): -1157.165,
    ("faithful", "full", 3): -1154.293,
    ("faithful", "full", 4): -1150.641,
    ("penguins", "full", 2): -5370.383,
    ("penguins", "full", 3): -5378.390,
    ("penguins", "full", 4): -5409.289,
    ("penguins", "tied", 2): -5384.611,
    ("penguins", "tied", 3): -5309.286,
    ("penguins", "tied", 4): -5306.614,
    ("penguins", "diag", 2): -5563.492,
    ("penguins", "diag", 3): -5472.194,
    ("penguins", "diag", 4): -5409.987,
    ("penguins", "spherical", 2): -9522.980,
    ("penguins", "spherical", 3): -9230.003,
    ("penguins", "spherical", 4): -8951.656,
}
OF_FIVE = {
    ("iris", "full", 5): -63.570,
    ("iris", "tied", 5): -234.220,
    ("iris", "diag", 5): -263.971,
    ("penguins", "tied", 5): -5316.997,
    ("penguins", "diag", 5): -5407.670,
    ("penguins", "spherical", 5): -8753.105,
}
# Full covariances of five groups: what is known is found seldom, and some 4 to 7 nats below it nearly always.
HARD = {("faithful", "full", 5): -1144.705, ("penguins", "full", 5): -5438.654}
FAST = {("iris", "full", 3), ("penguins", "full", 4), ("penguins", "diag", 3)}
N_SEEDS = 20
# The search finds 19 of 20 and more; a rate of 0.99 leaves fewer than 18 once in a thousand times.
FOUND = 18
# Of iris with five full covariances it finds a little more than half: fewer than 6 of 20 once in fifty times, at 0.55.
FOUND_OF_FIVE = {("iris", "full", 5): 6}


@functools.cache
def rows(name: str) -> np.ndarray:
    if name == "penguins":
        return bm.datasets.load_penguins().select_dtypes(float).dropna().to_numpy()
    return load_iris().data if name == "iris" else np.asarray(bm.datasets.load_faithful())


@functools.cache
def heights(name: str, covariance: str, n_components: int) -> np.ndarray:
    """The highest optimum that each seed found."""
    mixture = bm.Mixture(n_components, bm.Gaussian(covariance))
    return np.array(
        [mixture.fit_em(rows(name), random_seed=seed, progressbar=False).objective for seed in range(N_SEEDS)]
    )


def cases(of):
    return [pytest.param(*one, id="-".join(map(str, one)), marks=() if one in FAST else pytest.mark.slow) for one in of]


@pytest.mark.parametrize(("name", "covariance", "n_components"), cases(HIGHEST))
def test_the_highest_optimum_known_is_found(name, covariance, n_components):
    found, known = heights(name, covariance, n_components), HIGHEST[name, covariance, n_components]
    assert found.max() < known + 0.01  # else the table is out of date
    assert np.sum(found > known - 0.05) >= FOUND


@pytest.mark.parametrize(("name", "covariance", "n_components"), cases(OF_FIVE))
def test_of_five_groups_one_within_a_nat_of_it_is(name, covariance, n_components):
    one = (name, covariance, n_components)
    found, known = heights(*one), OF_FIVE[one]
    assert found.max() < known + 0.01
    assert np.sum(found > known - 1) >= FOUND_OF_FIVE.get(one, FOUND)


@pytest.mark.parametrize(("name", "covariance", "n_components"), cases(HARD))
def test_of_five_full_covariances_one_within_ten_nats_is(name, covariance, n_components):
    found, known = heights(name, covariance, n_components), HARD[name, covariance, n_components]
    assert found.max() < known + 0.01
    assert np.sum(found > known - 10) >= FOUND  # the range in which `rivals` tells of others


MCLUST = {covariance: model for model, covariance in COVARIANCE_OF.items() if covariance in ("full", "tied")}


@pytest.mark.parametrize(
    ("name", "covariance", "n_components"),
    [one for one in HIGHEST if one[0] != "penguins" and one[1] in MCLUST],
)
def test_no_optimum_of_mclust_is_higher(name, covariance, n_components):
    model = MCLUST[covariance]
    theirs = reference_fits(name, "map")[model, n_components]
    assert (
        objective_at(fit_of(name, "map", model, n_components), theirs) < HIGHEST[name, covariance, n_components] + 0.01
    )


def test_one_start_is_one_climb():
    em = bm.Mixture(3).fit_em(rows("iris"), n_init=1, random_seed=1)
    assert len(em.optima) == 1
    assert em.optima[0].n_starts == 1
