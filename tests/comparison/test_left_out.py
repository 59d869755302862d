import numpy as np
import pytest
from scipy.stats import norm

from bayesmix.comparison.left_out import log_predictive

SD = 0.5


def densities(x: float, n_given: int = 4000, seed: int = 0):
    """theta ~ N(0, 1), x | theta ~ N(theta, SD^2): log densities of x without and given x."""
    rng = np.random.default_rng(seed)
    without = rng.normal(size=4000)
    variance = 1 / (1 + 1 / SD**2)
    given = rng.normal(x * variance / SD**2, np.sqrt(variance), size=n_given)
    return norm.logpdf(x, without, SD), norm.logpdf(x, given, SD)


def truth(x: float) -> float:
    return norm.logpdf(x, 0, np.sqrt(1 + SD**2))


@pytest.mark.parametrize("n_given", [4000, 1500])
@pytest.mark.parametrize("x", [0.0, 2.0, 3.0, 4.0])
def test_both_estimates_cover_the_truth(x, n_given):
    without, given = densities(x, n_given)
    for value, error in (log_predictive(without, given), log_predictive(without)):
        assert abs(value - truth(x)) < 4 * error


def test_draws_from_both_sides_are_better_than_from_one():
    without, given = densities(3.5)
    assert log_predictive(without, given)[1] < 0.6 * log_predictive(without)[1]


@pytest.mark.parametrize("seed", range(5))
def test_errors_are_honest(seed):
    made = [log_predictive(*densities(2.5, seed=100 * seed + i)) for i in range(40)]
    values, errors = np.array(made).T
    assert np.std(values) == pytest.approx(errors.mean(), rel=0.4)
    assert values.mean() == pytest.approx(truth(2.5), abs=0.02)


@pytest.mark.parametrize("x", [9.0, 100.0, 1e4])
def test_no_overlap_shows_in_the_error(x):
    without, given = densities(x)
    assert log_predictive(without, given)[1] > 0.5
    assert log_predictive(without)[1] > 0.5


def test_constant_densities():
    same = np.full(50, -3.0)
    assert log_predictive(same) == pytest.approx((-3.0, 0.0))
    assert log_predictive(same, same[:20]) == pytest.approx((-3.0, 0.0))
