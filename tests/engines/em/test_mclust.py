"""Parity with mclust on Old Faithful, iris and diabetes: the same likelihoods, criteria and estimates, or better ones.

mclust's prior takes one scale for all columns under diagonal and spherical covariances, which depends on their units;
where every variance is one, it is bayesmix's. Full and tied priors are the same everywhere.
"""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tests.monte_carlo import Finding
from tests.reference.mclust import (
    BY_LIKELIHOOD,
    COVARIANCE_OF,
    MADE_WITH,
    ONE_FEATURE,
    ROWS,
    fit_of,
    objective_at,
    reference_fits,
)

CONJUGATE = [model for model, covariance in COVARIANCE_OF.items() if covariance in ("full", "tied")]
AXIS = [model for model in COVARIANCE_OF if model not in CONJUGATE]
BY_PRIOR = ("faithful", "iris")
MODELS = {  # estimate -> data -> models
    "ml": {data: COVARIANCE_OF | BY_LIKELIHOOD for data in ROWS} | {"eruptions": ONE_FEATURE},
    "map": {data: CONJUGATE for data in BY_PRIOR} | {f"{data}, standardised": AXIS for data in BY_PRIOR},
}
MODELS["map"]["eruptions"] = ONE_FEATURE


# Three components in the one column lie on a ridge: thousands of iterations of 1e-10 nats each, for both programs.
MOST = {"eruptions": 2}


def fits_of(estimate):
    return [
        (data, estimate, model, k)
        for data, models in MODELS[estimate].items()
        for model in models
        for k in range(1, MOST.get(data, 4) + 1)
    ]


def named(fits):
    return [pytest.param(*one, id="-".join(map(str, one))) for one in fits]


ML, MAP = fits_of("ml"), fits_of("map")
SAME = 1e-6  # relative difference of objectives within which two optima count as one


def findings() -> list[Finding]:
    """By how much mclust's optimum is above bayesmix's at the worst, relative to its size."""
    found = []
    for name, fits in (("maximum likelihood", ML), ("MAP", MAP)):
        losses = []
        for one in fits:
            em, theirs = fit_of(*one), reference_fits(*one[:2])[one[2:]]
            wanted = theirs["loglik"] if one[1] == "ml" else objective_at(em, theirs)
            losses.append((wanted - em.objective) / abs(wanted))
        what = f"EM, {name}: {len(fits)} models of Old Faithful, iris and diabetes"
        found.append(Finding(what, MADE_WITH, max(*losses, 0.0), SAME))
    return found


def test_every_reference_is_there():
    """So that a missing fit cannot pass for an equal one: mclust gave up on none of these."""
    assert all(reference_fits(*one[:2]).get(one[2:]) for one in ML + MAP)


@pytest.mark.parametrize(("data", "estimate", "model", "k"), named(ML))
def test_maximum_likelihood(data, estimate, model, k):
    em, theirs = fit_of(data, estimate, model, k), reference_fits(data, estimate)[model, k]
    assert em.converged, em.status.value
    assert em.n_parameters == theirs["df"]
    assert em.log_likelihood >= theirs["loglik"] - SAME * abs(theirs["loglik"])
    assert not is_narrow(em)
    if em.log_likelihood <= theirs["loglik"] + SAME * abs(theirs["loglik"]):
        assert em.bic == pytest.approx(theirs["bic"], rel=1e-6)
        assert em.icl == pytest.approx(theirs["icl"], rel=1e-5)


@pytest.mark.parametrize(("data", "estimate", "model", "k"), named(MAP))
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
    spread = np.atleast_2d(np.cov(em.rows.values.T))
    matrices = em.family.covariance_matrices(em.params)
    return min(np.linalg.eigvals(np.linalg.solve(spread, one)).real.min() for one in matrices) < 1e-8


def assert_same_parameters(em, theirs, within):
    """Weights, means and standard deviations in units of the columns' standard deviations; correlations as they are."""
    deviations = em.family.standard_scale(em.rows.centre_and_scale[1])
    ours, means = em.family.covariance_matrices(em.params), np.array(theirs["means"])
    distance = np.abs((em.params["means"][:, None] - means[None]) / deviations).max(axis=2)
    order = linear_sum_assignment(distance)[1]
    assert distance[np.arange(len(order)), order].max() < within
    np.testing.assert_allclose(em.weights, np.atleast_1d(theirs["weights"])[order], atol=within)
    unit = np.outer(deviations, deviations)
    np.testing.assert_allclose(ours / unit, np.array(theirs["covariances"])[order] / unit, atol=within)
