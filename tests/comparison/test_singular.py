"""Singular BIC against the numbers that its authors' R package prints, and against its definition."""

import numpy as np
import pytest
from scipy.optimize import brentq

from bayesmix.comparison.singular import singular_bic
from tests.monte_carlo import Finding, worst

# What the vignette of R's sBIC prints for GaussianMixtures(maxNumComponents = 8, dim = 2), bivariate Gaussians of
# full covariances. It takes the 175 rows of two columns for N = 350.
LOG_LIKELIHOODS = [-732.9610, -697.5850, -683.9564, -676.2722, -668.5807, -661.2474, -653.9223, -646.2799]
PRINTED = [-747.6058, -729.8036, -727.4262, -728.7474, -729.9027, -731.3697, -732.8346, -733.9800]
N_ROWS = 350
NUMBERS = np.arange(1, 9)


def full_parameters(numbers: np.ndarray) -> np.ndarray:
    """Of mixtures of bivariate Gaussians with full covariances."""
    return 6 * numbers - 1


def findings() -> list[Finding]:
    """The largest difference; both sides are rounded to four decimals."""
    found = singular_bic(np.array(LOG_LIKELIHOODS), full_parameters(NUMBERS), N_ROWS)
    apart = float(np.abs(found + 2 * np.array(PRINTED)).max())
    return [Finding("sBIC of one to eight bivariate Gaussians", "R's sBIC, its vignette", apart, 3e-4)]


def test_it_is_what_the_authors_package_prints():
    assert worst(findings()) == ""


def test_it_solves_its_defining_equations():
    """x_K sum_j x_j = sum_j L_Kj x_j over j <= K, each solved by bisection; the numbers need not be neighbours."""
    numbers, n_rows, likelihoods = np.array([1, 2, 4, 5]), 100, np.array([-60.0, -52.0, -48.5, -48.0])
    found = singular_bic(likelihoods, 3 * numbers - 1, n_rows)
    solved: list[float] = []
    for i, (number, height) in enumerate(zip(numbers, likelihoods, strict=True)):
        # two parameters of a component: phi is 1.5
        coefficients = 0.5 * (3 * numbers[: i + 1] - 1 + 1.5 * (number - numbers[: i + 1]))
        parts = np.exp(height - likelihoods[-1]) * n_rows**-coefficients

        def imbalance(x: float, parts=parts) -> float:
            every = np.array([*solved, x])
            return every.sum() * x - parts @ every

        solved.append(brentq(imbalance, 1e-3 * parts.min(), 2 * parts.max(), xtol=1e-300, rtol=1e-12))
    np.testing.assert_allclose(found, -2 * (np.log(solved) + likelihoods[-1]), rtol=1e-9)


def test_a_model_alone_has_bic():
    assert singular_bic(np.array([-123.4]), np.array([11]), 272)[0] == pytest.approx(246.8 + 11 * np.log(272))


@pytest.mark.parametrize("gain", [5.0, 5000.0, -5000.0])
def test_numbers_that_no_float_holds(gain):
    """Far better or far worse than a smaller model: the criterion is that of the regular or of the singular case."""
    likelihoods = np.array([-5000.0, -5000.0 + gain])
    found = singular_bic(likelihoods, np.array([5, 11]), 272)
    assert np.isfinite(found).all()
    if gain == 5000.0:  # the smaller model is out of the question: BIC
        assert found[1] == pytest.approx(-2 * likelihoods[1] + 11 * np.log(272))
    if gain == -5000.0:  # the smaller model for sure
        assert found[1] == pytest.approx(-2 * likelihoods[1] + 8 * np.log(272))


def test_it_charges_a_surplus_component_less_than_bic():
    numbers = np.arange(1, 5)
    likelihoods = np.array([-1289.6, -1130.3, -1127.0, -1124.0])
    parameters = full_parameters(numbers)
    bic = -2 * likelihoods + parameters * np.log(272)
    found = singular_bic(likelihoods, parameters, 272)
    assert (found <= bic + 1e-9).all()
    assert (found[2:] < bic[2:] - 5).all()
