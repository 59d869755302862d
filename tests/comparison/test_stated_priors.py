"""Evidence under several priors, beside the closed form of one group."""

import functools

import numpy as np
import pytest
from scipy.special import gammaln

import bayesmix as bm
from tests.monte_carlo import ALLOWED, Estimate, Finding, worst

FLOOR = 0.004  # nats: of standard errors that are themselves estimated
X = np.random.default_rng(3).normal(size=30) * 2 + 5


def log_evidence(prior):
    """Of one normal group under its conjugate prior, in one column."""
    mean, scale = np.ravel(prior.mean)[0], np.ravel(prior.scale)[0]
    n, kappa, dof = X.size, prior.shrinkage, prior.dof
    total = scale + np.sum((X - X.mean()) ** 2) + kappa * n / (kappa + n) * (X.mean() - mean) ** 2
    return (
        gammaln((dof + n) / 2)
        - gammaln(dof / 2)
        + dof / 2 * np.log(scale)
        - (dof + n) / 2 * np.log(total)
        + np.log(kappa / (kappa + n)) / 2
        - n / 2 * np.log(np.pi)
    )


@functools.cache
def compared() -> bm.Comparison:
    return bm.compare(X, [1], method="em", random_seed=1, progressbar=False)


@pytest.fixture(scope="module")
def comparison():
    return compared()


def findings() -> list[Finding]:
    """Of one group under two priors."""
    priors = {"default": None, "narrow": {"components": bm.priors.NormalInverseWishart(shrinkage=1.0)}}
    under = compared().evidence_under(priors, random_seed=1, progressbar=False)
    found = []
    for name, given in priors.items():
        prior = bm.Mixture(1, priors=given).resolve_priors(X).priors.parts["components"]
        row = under[name].iloc[0]
        apart = Estimate(row["log_evidence"], np.hypot(row["log_evidence_se"], FLOOR)).errors_from(log_evidence(prior))
        found.append(Finding(f"one group, {name} prior: log evidence", "the closed form", apart, ALLOWED))
    return found


def test_one_group_has_the_evidence_of_the_closed_form(comparison):
    assert worst(findings()) == ""
    narrow = {"components": bm.priors.NormalInverseWishart(shrinkage=1.0)}
    found = comparison.evidence_under({"default": None, "narrow": narrow}, random_seed=1, progressbar=False)
    assert list(found.index) == list(comparison.table.index)
    for name in ("default", "narrow"):
        row = found[name].iloc[0]
        assert row["posterior_probability"] == 1.0
        assert row["reason"] == ""
    assert found["narrow", "log_evidence"].iloc[0] > found["default", "log_evidence"].iloc[0]


def test_a_model_that_does_not_fit_the_rows_says_why(comparison):
    two = {"components": bm.priors.NormalInverseWishart(mean=[0.0, 0.0])}  # there is one column
    found = comparison.evidence_under({"two columns": two}, random_seed=1, progressbar=False)
    row = found["two columns"].iloc[0]
    assert np.isnan(row["log_evidence"])
    assert "not fitted" in row["reason"]


@pytest.mark.parametrize(
    ("priors", "error"), [({}, ValueError), ([None], TypeError), ({"a": 3}, TypeError), ({1: None}, TypeError)]
)
def test_bad_priors_are_refused(comparison, priors, error):
    with pytest.raises(error, match="priors"):
        comparison.evidence_under(priors)
