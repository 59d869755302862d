"""Six rows and an unknown number of components: every partition enumerated, and bayesmix beside it."""

import functools
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

import bayesmix as bm
from tests.exact.partitions import Partitions
from tests.exact.test_enumeration import DOF, MEAN, ROWS, SCALES, SHRINKAGE
from tests.monte_carlo import ALLOWED, FEWEST, Finding, effective_draws, mean_of, worst

PRIOR = {"shrinkage": SHRINKAGE, "dof": DOF}
X_NEW = np.array([[3.0, 50.0], [5.0, 51.0], [4.0, 49.0]])


class Case(NamedTuple):
    """A covariance, priors of the number and of the weights, and the probabilities of 1, 2, ... by SciPy."""

    covariance: str
    number: bm.priors.DiscreteUniform | bm.priors.ShiftedPoisson | bm.priors.ShiftedBetaNegativeBinomial
    weights: bm.priors.Dirichlet
    probabilities: np.ndarray

    def __str__(self) -> str:
        return f"{self.covariance}, {self.number}, {self.weights}"


K = np.arange(60)
CASES = (
    Case(
        "full",
        bm.priors.ShiftedBetaNegativeBinomial(1, 4, 3),
        bm.priors.Dirichlet(1.5),
        stats.betanbinom(1, 4, 3).pmf(np.arange(300)),
    ),
    Case("full", bm.priors.ShiftedPoisson(2.0), bm.priors.DynamicDirichlet(2.0), stats.poisson(2.0).pmf(K)),
    Case("tied", bm.priors.DiscreteUniform(4), bm.priors.Dirichlet(0.7), np.full(4, 0.25)),
    Case("tied", bm.priors.ShiftedGeometric(0.4), bm.priors.DynamicDirichlet(3.0), stats.geom(0.4).pmf(K + 1)),
    Case("diag", bm.priors.ShiftedPoisson(1.0), bm.priors.Dirichlet(1.0), stats.poisson(1.0).pmf(K)),
    Case("spherical", bm.priors.DiscreteUniform(9), bm.priors.DynamicDirichlet(1.0), np.full(9, 1 / 9)),
)


@functools.cache
def exact(i: int) -> Partitions:
    case = CASES[i]
    prior = {"mean": MEAN, "scale": SCALES[case.covariance], **PRIOR}
    concentration, dynamic = float(case.weights.concentration), case.weights.dynamic
    return Partitions(ROWS, case.covariance, case.probabilities, concentration, dynamic=dynamic, **prior)


@functools.cache
def tree_of(i: int):
    case = CASES[i]
    components = bm.priors.NormalInverseWishart(MEAN, SHRINKAGE, DOF, SCALES[case.covariance])
    mixture = bm.Mixture(case.number, case.covariance, priors={"components": components, "weights": case.weights})
    return mixture.fit_gibbs(ROWS, draws=5000, thin=20, random_seed=1, progressbar=False)


def found(i: int) -> list[Finding]:
    tree, truth = tree_of(i), exact(i)
    drawn = {
        "components": (tree["posterior"]["n_components"].values, truth.components),
        "occupied": (tree["sample_stats"]["n_occupied"].values, truth.occupied),
    }
    findings = []
    for what, (numbers, probabilities) in drawn.items():
        for n, probability in enumerate(probabilities[:6], start=1):
            draws = (numbers == n).astype(float)
            if probability < 0.002:
                continue
            assert effective_draws(numbers.astype(float)) >= FEWEST
            errors = mean_of(draws).errors_from(probability)
            findings.append(Finding(f"{CASES[i]}: {n} {what}", "enumeration of partitions", errors, ALLOWED))
    weights, params = bm.tree.draws_of(tree)
    densities = np.exp(bm.tree.family_of(tree).log_mixture(weights, params, X_NEW))
    for x, density, exactly in zip(X_NEW, np.moveaxis(densities, -1, 0), truth.predictive(X_NEW), strict=True):
        errors = mean_of(density).errors_from(exactly)
        findings.append(Finding(f"{CASES[i]}: density at {x}", "enumeration of partitions", errors, ALLOWED))
    return findings


@pytest.mark.parametrize("i", range(len(CASES)), ids=map(str, CASES))
def test_enumeration(i):
    """Numbers of components and of those with rows, and the density of new rows."""
    assert worst(found(i)) == ""


@pytest.mark.parametrize("i", [0, 3])
def test_enumeration_is_not_the_prior(i):
    """The rows say something, so that the comparison above has something to see."""
    assert np.abs(exact(i).components[:4] - CASES[i].probabilities[:4]).max() > 0.05


def findings() -> list[Finding]:
    """The worst of each case."""
    return [max(found(i), key=lambda one: one.figure) for i in range(len(CASES))]
