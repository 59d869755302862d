"""The maximum-likelihood fit behind the criteria: the higher of two climbs, and nowhere below mclust's."""

from dataclasses import dataclass

import numpy as np
import pytest

from bayesmix import Gaussian, compare
from bayesmix.comparison import criteria
from bayesmix.comparison.criteria import maximum_likelihood
from bayesmix.data import read_rows
from bayesmix.datasets import load_faithful
from bayesmix.engines.em.status import Status
from bayesmix.priors.sets import default_priors
from bayesmix.problem import Problem
from tests.reference.mclust import COVARIANCE_OF, reference_fits

X = load_faithful()


@dataclass
class Fit:
    log_likelihood: float
    status: Status = Status.CONVERGED


DIAG = Gaussian("diag")
PROBLEM = Problem.of(read_rows(X), DIAG, 2, default_priors(DIAG))
DEGENERATE = Fit(100.0, Status.DEGENERATE)
MAP = object()


@pytest.fixture
def given(monkeypatch):
    """Give the fit from random starts and the fit from the MAP."""

    def give(from_starts: Fit, from_map: Fit):
        def fit_em(problem, settings, random_seed, cores=None, also=None):
            assert settings.estimate == "ml"
            return from_map if settings.init is MAP else from_starts

        monkeypatch.setattr(criteria, "fit_em", fit_em)

    return give


@pytest.mark.parametrize(
    ("from_starts", "from_map", "wanted"),
    [
        (Fit(-1114.4), Fit(-1121.0), -1114.4),
        (Fit(-1121.0), Fit(-1114.4), -1114.4),
        (DEGENERATE, Fit(-1121.0), -1121.0),
        (Fit(-1121.0), DEGENERATE, -1121.0),
    ],
)
def test_the_higher_interior_fit_counts(given, from_starts, from_map, wanted):
    given(from_starts, from_map)
    assert maximum_likelihood(PROBLEM, MAP, 1).log_likelihood == wanted


def test_where_both_collapse_there_is_none(given):
    given(DEGENERATE, DEGENERATE)
    assert maximum_likelihood(PROBLEM, MAP, 1) is None


def test_the_tables_criteria_are_no_worse_than_mclusts():
    """BIC by maximum likelihood, wherever it is shown: mclust climbs from one start, so that lower ones are found."""
    families = [Gaussian(covariance) for covariance in COVARIANCE_OF.values()]
    comparison = compare(X, range(1, 4), families=families, method="em", random_seed=1, progressbar=False)
    theirs = reference_fits("faithful", "ml")
    for model, covariance in COVARIANCE_OF.items():
        for n_components in range(1, 4):
            key = comparison[f"gaussian-{covariance}", n_components].key  # of the same model where two are one
            row, fit = comparison.table.loc[key], theirs[model, n_components]
            assert row["bic"] < fit["bic"] + 1e-3, (model, n_components)
            assert row["bic"] == pytest.approx(
                -2 * row["log_likelihood"] + row["n_parameters"] * np.log(272), rel=1e-12
            )
            assert row["aic"] == pytest.approx(-2 * row["log_likelihood"] + 2 * row["n_parameters"], rel=1e-12)
            assert row["log_likelihood"] > fit["loglik"] - 1e-3
            assert row["icl"] >= row["bic"]
