"""Six rows with noise: every set of rows that may be noise enumerated, the others in every assignment to two groups."""

import functools
import itertools

import numpy as np
import pytest
from scipy.special import betaln, logsumexp

import bayesmix as bm
from tests.exact.conjugate import prior_of
from tests.exact.enumeration import Enumeration
from tests.exact.test_enumeration import DOF, MEAN, ROWS, SCALES, SHRINKAGE, mixture_of
from tests.monte_carlo import ALLOWED, Estimate, Finding, mean_of

A, B = 1.0, 2.0
SETS = np.array(list(itertools.product([False, True], repeat=len(ROWS))))


def with_noise(covariance: str) -> bm.Mixture:
    plain = mixture_of(covariance)
    priors = {**plain.priors.parts, "noise_weight": bm.priors.Beta(A, B)}
    return bm.Mixture(2, plain.family, priors=priors, noise=True)


@functools.cache
def log_evidences(covariance: str) -> np.ndarray:
    """``log p(x, which rows are noise)`` for each of the sets: groups of the rest, the volume, and the share."""
    log_density, found = -np.log(np.ptp(ROWS, axis=0).prod()), []
    for noise in SETS:
        prior = prior_of(covariance, 2, MEAN, SHRINKAGE, DOF, SCALES[covariance])
        rest = Enumeration(ROWS[~noise], prior, (1.0, 1.0)).log_evidence if not noise.all() else 0.0
        n = noise.sum()
        found.append(rest + n * log_density + betaln(A + n, B + len(ROWS) - n) - betaln(A, B))
    return np.array(found)


@functools.cache
def exact(covariance: str) -> tuple[float, np.ndarray, float]:
    """Log evidence, the probability of noise of each row (6,), and the posterior mean of its share."""
    log_evidence = logsumexp(log_evidences(covariance))
    probabilities = np.exp(log_evidences(covariance) - log_evidence)
    share = (A + SETS.sum(axis=1)) / (A + B + len(ROWS))
    return float(log_evidence), probabilities @ SETS, float(probabilities @ share)


@functools.cache
def fitted(covariance: str, engine: str):
    more = {"target_accept": 0.9} if engine == "fit_nuts" else {"thin": 4}
    fit = getattr(with_noise(covariance), engine)
    return fit(ROWS, draws=1000, random_seed=1, progressbar=False, **more)


def errors(covariance: str, engine: str) -> list[float]:
    """Of the rows' probabilities of noise and its share, in Monte Carlo errors."""
    tree, (_, noise, share) = fitted(covariance, engine), exact(covariance)
    of_rows = 1 - bm.responsibility_draws(tree).values.sum(axis=-1)
    found = [mean_of(of_rows[..., i]).errors_from(noise[i]) for i in range(len(ROWS))]
    return [*found, mean_of(tree["posterior"]["noise_weight"].values).errors_from(share)]


CASES = [("full", "fit_gibbs"), ("diag", "fit_gibbs"), ("full", "fit_nuts")]


def findings() -> list[Finding]:
    worst = max(max(errors(*case)) for case in CASES)
    return [Finding("noise in six rows: its probability in every row, its share", "enumeration", worst, ALLOWED)]


@pytest.mark.gate
@pytest.mark.parametrize(("covariance", "engine"), CASES)
def test_noise_is_the_sum_over_sets_of_rows(covariance, engine):
    assert max(errors(covariance, engine)) < ALLOWED


def test_evidence_is_the_sum_over_sets_of_rows():
    found = bm.log_evidence(fitted("full", "fit_gibbs"))
    assert found.se < 0.05
    assert Estimate(found.log_evidence, found.se).errors_from(exact("full")[0]) < ALLOWED


def test_a_wrong_volume_would_be_seen():
    """Three times the volume moves the exact answer by more than the draws may err."""
    wrong = log_evidences("full") - SETS.sum(axis=1) * np.log(3)
    probabilities = np.exp(wrong - logsumexp(wrong))
    tree = fitted("full", "fit_gibbs")
    of_rows = 1 - bm.responsibility_draws(tree).values.sum(axis=-1)
    moved = probabilities @ SETS
    assert max(mean_of(of_rows[..., i]).errors_from(moved[i]) for i in range(len(ROWS))) > 2 * ALLOWED
