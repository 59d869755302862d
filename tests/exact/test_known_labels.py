"""Six rows of which something is known: every assignment enumerated, with what is known of it; all labels known."""

import functools

import numpy as np
import pytest
from scipy.special import gammaln

import bayesmix as bm
from tests.exact.conjugate import prior_of
from tests.exact.enumeration import Enumeration
from tests.exact.test_enumeration import DOF, MEAN, ROWS, SCALES, SHRINKAGE, mixture_of
from tests.monte_carlo import ALLOWED, Estimate, mean_of

with np.errstate(divide="ignore"):
    LOG_PRIOR = np.log([[1.0, 0.0], [0.8, 0.2], [0.5, 0.5], [0.5, 0.5], [0.3, 0.7], [0.0, 1.0]])
LABELS = np.array([0, 0, 1, 1, 1, 1])


class Told(Enumeration):
    """Of which a log prior is known."""

    log_prior_of_rows: np.ndarray

    @functools.cached_property
    def log_evidences(self) -> np.ndarray:
        rows = np.arange(len(self.rows))
        return super().log_evidences + np.array([self.log_prior_of_rows[rows, z].sum() for z in self.assignments])

    @property
    def responsibilities(self) -> np.ndarray:
        """``p(z_i = k | x)``, (N, K)."""
        return np.stack([self.probabilities @ (self.assignments == k) for k in range(2)], axis=1)


@functools.cache
def told(covariance: str) -> Told:
    exact = Told(ROWS, prior_of(covariance, 2, MEAN, SHRINKAGE, DOF, SCALES[covariance]), (1.0, 1.0))
    exact.log_prior_of_rows = LOG_PRIOR - LOG_PRIOR.max(axis=1, keepdims=True)
    return exact


def errors(tree, exact):
    shares = bm.responsibility_draws(tree).values
    found = [mean_of(shares[..., i, 0]) for i in range(1, 5)]
    return [one.errors_from(wanted) for one, wanted in zip(found, exact.responsibilities[1:5, 0], strict=True)]


@pytest.mark.parametrize(
    ("covariance", "engine"),
    [("full", "fit_gibbs"), ("tied", "fit_gibbs"), ("diag", "fit_gibbs"), ("full", "fit_nuts")],
)
def test_responsibilities_and_evidence_are_the_sum_over_assignments(covariance, engine):
    fit = getattr(mixture_of(covariance), engine)
    more = {"target_accept": 0.9} if engine == "fit_nuts" else {}
    tree = fit(ROWS, labels=LOG_PRIOR, draws=2000, random_seed=1, progressbar=False, **more)
    exact = told(covariance)
    assert max(errors(tree, exact)) < ALLOWED
    shares = bm.responsibilities(tree)["probability"].values
    np.testing.assert_array_equal(shares[[0, 5]], np.eye(2))
    found = bm.log_evidence(tree)
    assert found.se < 0.05 and Estimate(found.log_evidence, found.se).errors_from(exact.log_evidence) < ALLOWED


def test_all_labels_known_is_the_conjugate_posterior():
    """Evidence and weights in closed form; the answer is that of two groups by themselves."""
    tree = mixture_of("full").fit_gibbs(ROWS, labels=LABELS, draws=2000, random_seed=1, progressbar=False)
    weights = tree["posterior"]["weights"].values[..., 0]
    assert mean_of(weights).errors_from(3 / 8) < ALLOWED
    exact = Enumeration(ROWS, prior_of("full", 2, MEAN, SHRINKAGE, DOF, SCALES["full"]), (1.0, 1.0))
    which = int(np.flatnonzero((exact.assignments == LABELS).all(axis=1))[0])
    found = bm.log_evidence(tree)
    assert found.log_evidence == pytest.approx(exact.log_evidences[which], abs=0.02)
    alone = [
        bm.log_evidence(
            mixture_of("full", n_components=1).fit_gibbs(ROWS[LABELS == k], random_seed=1, progressbar=False)
        )
        for k in range(2)
    ]
    of_labels = gammaln(2) - gammaln(8) + gammaln(3) + gammaln(5)
    assert sum(one.log_evidence for one in alone) + of_labels == pytest.approx(exact.log_evidences[which], abs=0.05)
