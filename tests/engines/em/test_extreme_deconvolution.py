"""Normal distributions behind errors of measurement, against astroML's extreme deconvolution."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest

from bayesmix import Gaussian, Mixture
from tests.monte_carlo import Finding

REFERENCE = Path(__file__).parents[2] / "reference"
FITS = json.loads((REFERENCE / "extreme_deconvolution.json").read_text())["fits"]
SAME = 1e-6  # relative difference of log-likelihoods within which two optima count as one


@functools.cache
def penguins() -> tuple[np.ndarray, np.ndarray]:
    rows = np.loadtxt(REFERENCE / "measured_penguins.csv", delimiter=",", skiprows=1)
    return rows[:, :2], rows[:, [2, 3, 3, 4]].reshape(-1, 2, 2)


@functools.cache
def em_of(n_components: str):
    rows, errors = penguins()
    settings = {"estimate": "ml", "tol": 1e-11, "max_iter": 20_000, "random_seed": 1}
    return Mixture(int(n_components), Gaussian("full")).fit_em(rows, error_covariances=errors, **settings)


def loss(n_components: str) -> float:
    """By how much the other program's optimum is above bayesmix's, relative to its size."""
    theirs = FITS[n_components]["log_likelihood"]
    return (theirs - em_of(n_components).log_likelihood) / abs(theirs)


@pytest.mark.parametrize("n_components", FITS)
def test_optimum_is_the_same(n_components):
    ours, theirs = em_of(n_components), FITS[n_components]
    assert abs(loss(n_components)) <= SAME
    order = np.argsort(ours.params["means"][:, 0])
    np.testing.assert_allclose(ours.weights[order], theirs["weights"], atol=2e-3)
    np.testing.assert_allclose(ours.params["means"][order], theirs["means"], rtol=1e-3)
    np.testing.assert_allclose(ours.params["covariances"][order], theirs["covariances"], rtol=2e-2)


def findings() -> list[Finding]:
    """What the page of evidence says."""
    worst = max(max(loss(n_components), 0.0) for n_components in FITS)
    return [Finding("normal distributions behind known errors of measurement", "astroML", worst, SAME)]
