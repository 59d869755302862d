"""Parity with mclust on Old Faithful and iris: the same likelihoods, criteria and estimates, or better ones."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from bayesmix.em.units import Units
from tests.reference.mclust import COVARIANCE_OF, ROWS, fit_of, objective_at, reference_fits

FITS = [
    pytest.param(data, estimate, model, k, id=f"{data}-{estimate}-{COVARIANCE_OF[model]}-{k}")
    for data in ROWS
    for estimate in ("ml", "map")
    for model in COVARIANCE_OF
    for k in range(1, 5)
]
ML = [one for one in FITS if one.values[1] == "ml"]
# for diag and spherical mclust's prior takes one scale for all columns, which depends on their units
MAP = [one for one in FITS if one.values[1] == "map" and COVARIANCE_OF[one.values[2]] in ("full", "tied")]
SAME = 1e-6  # relative difference of objectives within which two optima count as one


def test_every_reference_is_there():
    """So that a missing fit cannot pass for an equal one: mclust gave up on none of these."""
    assert all(reference_fits(*one.values[:2]).get(one.values[2:]) for one in ML + MAP)


@pytest.mark.parametrize(("data", "estimate", "model", "k"), ML)
def test_maximum_likelihood(data, estimate, model, k):
    em, theirs = fit_of(data, estimate, model, k), reference_fits(data, estimate)[model, k]
    assert em.converged, em.status.value
    assert em.n_parameters == theirs["df"]
    assert em.log_likelihood >= theirs["loglik"] - SAME * abs(theirs["loglik"])
    assert not is_narrow(em)
    if em.log_likelihood <= theirs["loglik"] + SAME * abs(theirs["loglik"]):
        assert em.bic == pytest.approx(theirs["bic"], rel=1e-6)
        assert em.icl == pytest.approx(theirs["icl"], rel=1e-5)


@pytest.mark.parametrize(("data", "estimate", "model", "k"), MAP)
def test_map(data, estimate, model, k):
    em, theirs = fit_of(data, estimate, model, k), reference_fits(data, estimate)[model, k]
    assert em.converged, em.status.value
    at_theirs = objective_at(em, theirs)
    assert em.objective >= at_theirs - SAME * abs(at_theirs)
    if em.objective <= at_theirs + SAME * abs(at_theirs):
        assert_same_parameters(em, theirs, within=1e-4)
        assert em.log_likelihood == pytest.approx(theirs["loglik"], rel=1e-6)


def is_narrow(em):
    """Whether some covariance has a generalised eigenvalue against var(X) below 1e-8: a collapse."""
    spread = np.cov(em.rows.values.T)
    matrices = em.family.covariance_matrices(em.params)
    return min(np.linalg.eigvals(np.linalg.solve(spread, one)).real.min() for one in matrices) < 1e-8


def assert_same_parameters(em, theirs, within):
    """Weights, means and standard deviations in units of the columns' standard deviations; correlations as they are."""
    deviations = Units(em.rows, em.family).scale
    ours, means = em.family.covariance_matrices(em.params), np.array(theirs["means"])
    distance = np.abs((em.params["means"][:, None] - means[None]) / deviations).max(axis=2)
    order = linear_sum_assignment(distance)[1]
    assert distance[np.arange(len(order)), order].max() < within
    np.testing.assert_allclose(em.weights, np.atleast_1d(theirs["weights"])[order], atol=within)
    unit = np.outer(deviations, deviations)
    np.testing.assert_allclose(ours / unit, np.array(theirs["covariances"])[order] / unit, atol=within)
