"""Counts, latent classes and heavy tails against flexmix, poLCA's algorithm and optima of written-out densities."""

import functools
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment

from bayesmix import Bernoulli, Categorical, Mixture, Poisson, StudentT
from bayesmix.families import Family
from tests.monte_carlo import Finding
from tests.reference.families import LATENT_CLASSES, POISSON, STUDENT_T, patterns_of, reference, rows_of

SAME = 1e-6  # relative difference of log-likelihoods within which two optima count as one
DOF = {"free": "component", "shared": "shared", "given": 4.0}


class Fit(NamedTuple):
    """A fit by another program: of what, and which one of its list."""

    program: str
    data: str
    number: int
    family: Family

    def __str__(self):
        return f"{self.data}-{self.family}-{self.theirs['K'] if 'K' in self.theirs else 2}"

    @property
    def theirs(self):
        return reference(self.program)[self.data][self.number]


def fits(program, names, *families):
    return [
        Fit(program, data, i, family)
        for data in names
        for i, fit in enumerate(reference(program)[data])
        for family in families or [StudentT(fit["scale"], dof=DOF[fit["dof_is"]])]
    ]


COUNTS = fits("poisson", POISSON, Poisson())
LEVELS = [*fits("latent_classes", LATENT_CLASSES, Categorical()), *fits("latent_classes", ["carcinoma"], Bernoulli())]
TAILS = fits("student_t", STUDENT_T)
FITS = [*COUNTS, *LEVELS, *TAILS]
# Of four classes of gss82 two are nearly one: thousands of answers are as good to 1e-4 nats.
FLAT = [("gss82", 4)]


def rows_for(fit: Fit, answers: pd.DataFrame) -> pd.DataFrame:
    """Answers as the family takes them: ones are the second answer."""
    return (answers == "2").astype(int) if isinstance(fit.family, Bernoulli) else answers


@functools.cache
def em_of(fit: Fit):
    mixture = Mixture(fit.theirs.get("K", 2), fit.family)
    tol = 1e-10 if (fit.data, mixture.n_components) in FLAT else 1e-12
    settings = {"estimate": "ml", "n_init": 20, "tol": tol, "max_iter": 20_000, "random_seed": 1}
    return mixture.fit_em(rows_for(fit, rows_of(fit.data)), **settings)


def loss(fit: Fit) -> float:
    """By how much the other program's optimum is above bayesmix's, relative to its size."""
    return (fit.theirs["loglik"] - em_of(fit).log_likelihood) / abs(fit.theirs["loglik"])


def findings() -> list[Finding]:
    """The largest loss of every program's fits."""
    made = {name: reference(name)["made_with"] for name in ("poisson", "latent_classes")}
    of_programs = (
        ("Poisson", COUNTS, f"flexmix {made['poisson']['flexmix']}"),
        ("latent classes", LEVELS, f"polca {made['latent_classes']['polca']}"),
        ("Student-t", TAILS, "optima of the written-out density"),
    )
    return [
        Finding(f"EM, {what}: {len(those)} fits", against, max(0.0, *(loss(one) for one in those)), SAME)
        for what, those, against in of_programs
    ]


@pytest.mark.parametrize("fit", FITS, ids=str)
def test_likelihood_and_criteria(fit):
    em, theirs = em_of(fit), fit.theirs
    assert em.converged, em.status.value
    assert em.n_parameters == theirs["df"]
    assert em.log_likelihood == pytest.approx(theirs["loglik"], rel=SAME)
    assert em.bic == pytest.approx(theirs["bic"], rel=SAME)


def in_their_order(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Which of their components each of ours is, by parameters (K, P)."""
    return linear_sum_assignment(np.abs(ours[:, None] - theirs[None]).max(axis=-1))[1]


@pytest.mark.parametrize("fit", COUNTS, ids=str)
def test_rates(fit):
    em, theirs = em_of(fit), fit.theirs
    rates = np.array(theirs["rates"])
    order = in_their_order(em.params["rates"], rates)
    np.testing.assert_allclose(em.weights, np.array(theirs["weights"])[order], atol=1e-3)
    np.testing.assert_allclose(em.params["rates"], rates[order], rtol=1e-3)
    responsibilities = np.array(theirs["responsibilities"])[:, order]
    np.testing.assert_allclose(em.responsibilities[:5], responsibilities, atol=1e-3)


def level_probabilities(fit: Fit, em) -> np.ndarray:
    """As theirs are listed: (K, levels of all columns)."""
    of_levels = em.params["probabilities"]
    if isinstance(fit.family, Bernoulli):
        return np.stack([1 - of_levels, of_levels], axis=-1).reshape(len(of_levels), -1)
    return of_levels


@pytest.mark.parametrize("fit", [one for one in LEVELS if (one.data, one.theirs["K"]) not in FLAT], ids=str)
def test_level_probabilities(fit):
    em, theirs = em_of(fit), fit.theirs
    columns = theirs["probabilities"]
    levels = [dict(zip(columns, em.family.levels, strict=True))] if isinstance(em.family, Categorical) else []
    named = [(column, level) for column in columns for level in (levels[0][column] if levels else ("1", "2"))]
    probabilities = np.array([columns[column][level] for column, level in named]).T
    ours = level_probabilities(fit, em)
    order = in_their_order(ours, probabilities)
    np.testing.assert_allclose(em.weights, np.array(theirs["weights"])[order], atol=1e-3)
    np.testing.assert_allclose(ours, probabilities[order], atol=1e-3)
    patterns = patterns_of(fit.data)
    first = np.cumsum(patterns["count"]) - patterns["count"]  # rows stand pattern by pattern
    responsibilities = np.array(theirs["responsibilities"])[:, order]
    np.testing.assert_allclose(em.responsibilities[first], responsibilities, atol=1e-3)


def test_both_codings_of_two_levels_are_one_model():
    """Categorical and Bernoulli have the same optimum, at which some probabilities are exactly zero or one."""
    for bernoulli in (one for one in LEVELS if isinstance(one.family, Bernoulli)):
        categorical = em_of(bernoulli._replace(family=Categorical()))
        assert em_of(bernoulli).log_likelihood == pytest.approx(categorical.log_likelihood, rel=1e-9)
    at_the_edge = em_of(LEVELS[-1]).params["probabilities"]
    assert (at_the_edge < 1e-9).any()
    assert (at_the_edge > 1 - 1e-9).any()


@pytest.mark.parametrize("fit", TAILS, ids=str)
def test_heavy_tails(fit):
    em, theirs = em_of(fit), fit.theirs
    deviations = rows_of(fit.data).to_numpy().std(axis=0)
    means = np.array(theirs["means"])
    order = in_their_order(em.params["means"] / deviations, means / deviations)
    np.testing.assert_allclose(em.weights, np.array(theirs["weights"])[order], atol=1e-3)
    np.testing.assert_allclose(em.params["means"] / deviations, means[order] / deviations, atol=1e-3)
    unit = np.outer(deviations, deviations)
    scale_matrices = np.array(theirs["scale_matrices"])[order]
    np.testing.assert_allclose(em.family.covariance_matrices(em.params) / unit, scale_matrices / unit, atol=2e-3)
    if fit.theirs["dof_is"] != "given":
        # where none are given, the tails are normal: what counts is the reciprocal
        reciprocals = np.array([0.0 if nu is None else 1 / nu for nu in theirs["dof"]])[order]
        np.testing.assert_allclose(np.broadcast_to(1 / em.params["dof"], 2), reciprocals, atol=1e-3)
