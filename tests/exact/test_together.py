"""Six rows in four groups: every assignment of groups enumerated, with evidence and who is where."""

import functools

import numpy as np
import pytest

import bayesmix as bm
from tests.exact.conjugate import prior_of
from tests.exact.enumeration import Enumeration
from tests.exact.test_enumeration import DOF, MEAN, ROWS, SCALES, SHRINKAGE, mixture_of
from tests.monte_carlo import ALLOWED, Estimate, mean_of

GROUPS = np.array([0, 1, 0, 2, 3, 3])
FIRST = np.array([True, True, False, True, True, False])


class Together(Enumeration):
    """Of assignments in which the rows of a group have one component, which is drawn once."""

    @functools.cached_property
    def assignments(self) -> np.ndarray:
        every = super().assignments
        return every[(every[:, [0, 4]] == every[:, [2, 5]]).all(axis=1)]

    def _given(self, z):
        _, groups = super()._given(z)
        return self.concentration + np.bincount(z[FIRST], minlength=2), groups

    def log_joint(self, weights, means, spreads):
        return super().log_joint(weights, means, spreads) - np.where(FIRST[:, None], 0.0, np.log(weights))


@pytest.mark.gate
@pytest.mark.parametrize(
    ("covariance", "engine"),
    [
        ("full", "fit_gibbs"),
        ("tied", "fit_gibbs"),
        ("diag", "fit_gibbs"),
        pytest.param("full", "fit_nuts", marks=pytest.mark.slow),
    ],
)
def test_who_is_together_and_evidence_are_the_sum_over_assignments(covariance, engine):
    more = {"target_accept": 0.9} if engine == "fit_nuts" else {"max_sweeps": 20000}
    fit = getattr(mixture_of(covariance), engine)
    tree = fit(ROWS, groups=GROUPS, draws=1500, random_seed=1, progressbar=False, **more)
    exact = Together(ROWS, prior_of(covariance, 2, MEAN, SHRINKAGE, DOF, SCALES[covariance]), (1.0, 1.0))
    assert len(exact.assignments) == 16
    shares = bm.responsibility_draws(tree).values  # (chain, draw, N, K)
    for i, j in ((0, 1), (0, 3), (1, 4), (3, 5)):
        together = (shares[..., i, :] * shares[..., j, :]).sum(axis=-1)
        assert mean_of(together).errors_from(exact.co_clustering[i, j]) < ALLOWED
    # weights are shares of groups
    square = (tree["posterior"]["weights"].values ** 2).sum(axis=-1)
    concentrations = np.array([a for a, _ in exact.posteriors])
    moments = (concentrations * (concentrations + 1)).sum(axis=1) / (6 * 7)
    assert mean_of(square).errors_from(float(exact.probabilities @ moments)) < ALLOWED
    found = bm.log_evidence(tree)
    assert found.se < 0.1 and Estimate(found.log_evidence, found.se).errors_from(exact.log_evidence) < ALLOWED
