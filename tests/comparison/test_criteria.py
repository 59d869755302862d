"""The maximum-likelihood fit behind the criteria: the higher of two climbs, and nowhere below mclust's."""

from dataclasses import dataclass

import numpy as np
import pytest

from bayesmix import Gaussian, compare
from bayesmix.comparison.criteria import maximum_likelihood
from bayesmix.datasets import load_faithful
from bayesmix.engines.em.status import Status
from tests.reference.mclust import COVARIANCE_OF, reference_fits

X = load_faithful()


@dataclass
class Fit:
    log_likelihood: float
    status: Status = Status.CONVERGED


class TwoFits:
    """A mixture whose fit from random starts and fit from the MAP are given."""

    n_components, family = 2, Gaussian("diag")

    def __init__(self, from_starts: Fit, from_map: Fit):
        self.from_starts, self.from_map = from_starts, from_map

    def fit_em(self, X, *, estimate, init="kmeans", n_init=None, random_seed=None):
        assert estimate == "ml"
        return self.from_starts if isinstance(init, str) else self.from_map


DEGENERATE = Fit(100.0, Status.DEGENERATE)


@pytest.mark.parametrize(
    ("from_starts", "from_map", "wanted"),
    [
        (Fit(-1114.4), Fit(-1121.0), -1114.4),
        (Fit(-1121.0), Fit(-1114.4), -1114.4),
        (DEGENERATE, Fit(-1121.0), -1121.0),
        (Fit(-1121.0), DEGENERATE, -1121.0),
    ],
)
def test_the_higher_interior_fit_counts(from_starts, from_map, wanted):
    assert maximum_likelihood(TwoFits(from_starts, from_map), None, None, 1).log_likelihood == wanted


def test_where_both_collapse_there_is_none():
    assert maximum_likelihood(TwoFits(DEGENERATE, DEGENERATE), None, None, 1) is None


def test_the_tables_criteria_are_no_worse_than_mclusts():
    """BIC by maximum likelihood, wherever it is shown: mclust climbs from one start, so that lower ones are found."""
    families = [Gaussian(covariance) for covariance in COVARIANCE_OF.values()]
    table = compare(X, range(1, 4), families=families, method="em", random_seed=1, progressbar=False).table
    theirs = reference_fits("faithful", "ml")
    for model, covariance in COVARIANCE_OF.items():
        for n_components in range(1, 4):
            row, fit = table.loc[f"gaussian-{covariance}", n_components], theirs[model, n_components]
            assert row["bic"] < fit["bic"] + 1e-3, (model, n_components)
            assert row["bic"] == pytest.approx(
                -2 * row["log_likelihood"] + row["n_parameters"] * np.log(272), rel=1e-12
            )
            assert row["aic"] == pytest.approx(-2 * row["log_likelihood"] + 2 * row["n_parameters"], rel=1e-12)
            assert row["log_likelihood"] > fit["loglik"] - 1e-3
            assert row["icl"] >= row["bic"]
