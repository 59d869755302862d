"""Gibbs sampling under the separated prior: the joint distribution of rows and parameters, an exact integral."""

import numpy as np
import pytest
from scipy.special import digamma, polygamma

import bayesmix as bm
from tests.getting_it_right import JointChain, findings_of, log_of_gamma, rows_of_clouds
from tests.monte_carlo import worst
from tests.problems import problem_of

N_ROWS, ETA, STEPS = 5, 1.5, 12_000
SHAPE, RATE = 3.0, 0.5
ROWS = np.random.default_rng(2).normal(size=(N_ROWS, 5)) @ np.tril(np.ones((5, 5)))


def sampler_of(family, n_features):
    """Problem and sampler; the rows, which are correlated, are but a start."""
    rows = ROWS[:, :n_features]
    # components near each other: assignments move one by one
    means = bm.priors.Normal(sd=tuple(0.5 * rows.std(axis=0)))
    priors = {"means": means, "scales": bm.priors.LogNormal(), "correlations": bm.priors.LKJ(ETA)}
    priors |= {"dof": bm.priors.Gamma(SHAPE, RATE)} if "dof" in family.prior_forms[0] else {}
    problem = problem_of(rows, family, 2, priors)
    return problem, problem.sweeps


def quantities(problem):
    """Of a state, in the units of the prior."""
    means, scales = problem.priors.means, problem.priors.scales
    units, structure = problem.standardised, problem.family.structure

    def of(state):
        params = units.to_params(state)
        own = structure.scales(params[structure.parameter.name])
        z = (params["means"] - np.asarray(means.mean)) / np.asarray(means.sd)
        logs = (np.log(own) - np.asarray(scales.log_mean)) / scales.log_sd
        found = {
            "mean": z.mean(),
            "square of mean": (z**2).mean(),
            "log scale": logs.mean(),
            "square of log scale": (logs**2).mean(),
        }
        if structure.correlated and own.shape[-1] > 1:
            matrices = params["covariances"] / own[..., :, None] / own[..., None, :]
            off = matrices[..., *np.tril_indices(own.shape[-1], -1)]
            log_determinants = np.linalg.slogdet(matrices)[1]
            found |= {
                "correlation": off.mean(),
                "square of correlation": (off**2).mean(),
                "log determinant": log_determinants.mean(),
                "square of log determinant": (log_determinants**2).mean(),
            }
        if "dof" in params:
            logs = np.log(params["dof"])
            found |= {"log dof": logs.mean(), "square of log dof": (logs**2).mean()}
        return found

    return of


def expected_of(family, n_features):
    """The same under the prior; the determinant of LKJ correlations is a product of beta numbers."""
    expected = {"mean": 0.0, "square of mean": 1.0, "log scale": 0.0, "square of log scale": 1.0}
    if "dof" in family.prior_forms[0]:
        expected["log dof"], expected["square of log dof"] = log_of_gamma(SHAPE, RATE)
    if not family.correlated or n_features == 1:
        return expected
    i = np.arange(1, n_features)
    b = ETA + (n_features - 1 - i) / 2
    mean = (digamma(b) - digamma(b + i / 2)).sum()
    return expected | {
        "correlation": 0.0,
        "square of correlation": 1 / (2 * ETA + n_features - 1),
        "log determinant": mean,
        "square of log determinant": mean**2 + (polygamma(1, b) - polygamma(1, b + i / 2)).sum(),
    }


def found(family, n_features, n_steps, sweeps_of=lambda sweeps: sweeps):
    problem, sweeps = sampler_of(family, n_features)
    chains = [JointChain(problem, sweeps_of(sweeps), rows_of_clouds(family), seed) for seed in range(2)]
    return findings_of(chains, n_steps, quantities(problem), expected_of(family, n_features))


@pytest.mark.gate
@pytest.mark.parametrize(
    ("family", "n_features"),
    [
        (bm.Gaussian("full"), 3),
        (bm.Gaussian("tied"), 4),
        (bm.Gaussian("full"), 1),
        (bm.Gaussian("diag"), 2),
        (bm.Gaussian("spherical"), 2),
        (bm.Gaussian("EEI"), 2),
        pytest.param(bm.Gaussian("full"), 5, marks=pytest.mark.slow),  # compiled on its own
        (bm.StudentT("spherical"), 2),
        pytest.param(bm.StudentT("EEI", dof="shared"), 2, marks=pytest.mark.slow),
        pytest.param(bm.StudentT("full"), 2, marks=pytest.mark.slow),  # compiled on its own
    ],
    ids=str,
)
def test_rows_drawn_anew_leave_the_parameters_to_their_prior(family, n_features):
    assert not worst(found(family, n_features, STEPS))


def half_a_power_too_many(sweeps):
    *others, eta = sweeps.numbers
    return sweeps._replace(numbers=(*others, eta + 0.5))


def wide_scales(sweeps):
    *others, log_sd, eta = sweeps.numbers
    return sweeps._replace(numbers=(*others, 1.1 * log_sd, eta))


@pytest.mark.gate
@pytest.mark.parametrize("planted", [half_a_power_too_many, wide_scales])
def test_planted_errors_are_seen(planted):
    assert worst(found(bm.Gaussian("full"), 3, STEPS, planted))
