"""Gibbs sampling of Student-t mixtures: the joint distribution of rows and parameters, an exact integral, and NUTS."""

import numba as nb
import numpy as np
import pytest
from scipy import stats
from scipy.special import digamma, logsumexp, polygamma

import bayesmix as bm
from bayesmix.families import sweeps as house
from bayesmix.families.gaussian.sweeps import axis as clouds
from bayesmix.families.student_t.sweeps import axis
from tests.getting_it_right import Chain, JointChain, findings_of, log_of_gamma, matrices_of, rows_of_clouds
from tests.monte_carlo import ALLOWED, FEWEST, effective_draws, mean_of, worst
from tests.problems import problem_of

N_ROWS, MORE = 7, 4.0  # MORE: degrees of freedom of the scale matrix beyond its features
SHAPE, RATE = 3.0, 0.5


def sampler_of(family, n_features):
    """Problem and sampler under a prior with light tails; the rows are but a start."""
    rows = np.random.default_rng(1).normal(size=(N_ROWS, n_features))
    prior = bm.priors.NormalInverseWishart(shrinkage=1.0, dof=n_features + MORE)
    of_dof = {} if family.given_dof else {"dof": bm.priors.Gamma(SHAPE, RATE)}
    problem = problem_of(rows, family, 2, {"components": prior, **of_dof})
    return problem, problem.sweeps


def quantities(family, prior):
    """Of a state, in the units of the prior's numbers."""

    def of(state):
        matrices, shifts = matrices_of(family, state), state[0] - prior.mean
        log_determinants = np.linalg.slogdet(matrices)[1]
        found = {
            "log determinant": log_determinants.mean(),
            "its square": (log_determinants**2).mean(),
            "squared distance": (shifts * np.linalg.solve(matrices, shifts[:, :, None])[:, :, 0]).sum(axis=1).mean(),
            "mean": shifts.mean(),
        }
        if len(state) > 2:
            logs = np.log(state[2])
            found |= {"log dof": logs.mean(), "square of log dof": (logs**2).mean()}
        return found

    return of


def expected_of(family, prior):
    """The same under the prior: scales are inverse chi-squared numbers, or a product of them (Bartlett)."""
    n_features = prior.mean.size
    if family.correlated:
        halves, logs = 0.5 * (prior.dof - np.arange(n_features)), 2 * np.log(np.diagonal(prior.half_scale)).sum()
        sharing = 1.0
    else:
        halves, logs = np.full(prior.scale.size, 0.5 * prior.dof), np.log(prior.scale).sum()
        sharing = n_features / prior.scale.size
    mean = sharing * (logs - (np.log(2) + digamma(halves)).sum())
    expected = {
        "log determinant": mean,
        "its square": mean**2 + sharing**2 * polygamma(1, halves).sum(),
        "squared distance": n_features / prior.shrinkage,
        "mean": 0.0,
    }
    if not family.given_dof:
        expected["log dof"], expected["square of log dof"] = log_of_gamma(SHAPE, RATE)
    return expected


def found(family, n_features, n_steps, sweeps_of=lambda sweeps: sweeps):
    problem, sweeps = sampler_of(family, n_features)
    prior = problem.conditional.clouds.prior
    chains = [JointChain(problem, sweeps_of(sweeps), rows_of_clouds(family), seed) for seed in range(2)]
    return findings_of(chains, n_steps, quantities(family, prior), expected_of(family, prior))


@pytest.mark.gate
@pytest.mark.parametrize(
    ("family", "n_features"),
    [
        (bm.StudentT("full"), 2),
        pytest.param(bm.StudentT("full", dof="shared"), 5, marks=pytest.mark.slow),  # each compiled on its own
        (bm.StudentT("tied", dof=3.0), 2),
        (bm.StudentT("tied"), 1),
        (bm.StudentT("diag", dof="shared"), 2),
        (bm.StudentT("spherical"), 2),
        pytest.param(bm.StudentT("EEI"), 2, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_rows_drawn_anew_leave_the_parameters_to_their_prior(family, n_features):
    assert not worst(found(family, n_features, 6000))


def a_degree_too_many(sweeps):
    clouds, *others = sweeps.numbers
    mean, shrinkage, dof, *rest = clouds
    return sweeps._replace(numbers=((mean, shrinkage, dof + 1.0, *rest), *others))


def a_wrong_rate(sweeps):
    clouds, shape, rate, *others = sweeps.numbers
    return sweeps._replace(numbers=(clouds, shape, 1.25 * rate, *others))


@pytest.mark.gate
@pytest.mark.parametrize("planted", [a_degree_too_many, a_wrong_rate])
def test_planted_errors_are_seen(planted):
    assert worst(found(bm.StudentT("full"), 2, 6000, planted))


@nb.njit
def masses_for_counts(labels, columns, n_components, form):
    counts, sums = clouds.sums_of(labels, columns, n_components, form)
    counts[:] = sums[0]
    return counts, sums


@nb.njit
def run_with_masses_for_counts(rng, problem, position, plan):
    return house.run_completed(
        axis.component,
        axis.complete,
        masses_for_counts,
        axis.draw,
        axis.begin,
        axis.predictive,
        axis.add,
        rng,
        axis.with_masses(problem),
        position,
        plan,
    )


@pytest.mark.slow  # it is compiled
def test_degrees_of_freedom_by_masses_are_seen():
    assert worst(found(bm.StudentT("diag"), 2, 6000, lambda sweeps: sweeps._replace(run=run_with_masses_for_counts)))


ROWS = np.array([[-1.4], [-0.3], [-0.1], [0.2], [0.3], [0.9], [7.0]])
PRIOR = {
    "components": bm.priors.NormalInverseWishart(mean=(0.0,), shrinkage=0.5, dof=3.0, scale=((1.0,),)),
    "dof": bm.priors.Gamma(2.0, 0.1),
}


def integrated():
    """Posterior means, by a sum over a grid, of one component's location and the logs of its scale and tails."""
    z, log_scale, log_dof = np.linspace(-7, 7, 201), np.linspace(-4, 5, 81), np.linspace(-5, 6, 81)
    scale, dof = np.exp(log_scale)[:, None], np.exp(log_dof)
    mean = (z[:, None, None] * scale) / np.sqrt(0.5)
    log_density = sum(stats.t.logpdf(row, dof, mean, scale) for row in ROWS[:, 0]) + stats.norm.logpdf(z)[:, None, None]
    log_density += stats.invgamma.logpdf(scale**2, 1.5, scale=0.5) + 2 * np.log(scale)
    log_density += stats.gamma.logpdf(dof, 2.0, scale=10.0) + log_dof
    share = np.exp(log_density - logsumexp(log_density))
    return {
        "location": (share * mean).sum(),
        "log scale": (share.sum(axis=(0, 2)) * log_scale).sum(),
        "log dof": (share.sum(axis=(0, 1)) * log_dof).sum(),
        "square of log dof": (share.sum(axis=(0, 1)) * log_dof**2).sum(),
    }


def test_one_component_has_the_density_of_the_conditional():
    problem = problem_of(ROWS, bm.StudentT("full"), 1, PRIOR)
    chains = [Chain(problem, problem.sweeps, seed) for seed in range(2)]
    kept = [chain.run((11_000, 1, 1))[1][1000:] for chain in chains]
    params = problem.standardised.to_params(chains[0].state_of(np.stack(kept)))
    logs = np.log(params["dof"][..., 0])
    drawn = {
        "location": params["means"][..., 0, 0],
        "log scale": 0.5 * np.log(params["covariances"][..., 0, 0, 0]),
        "log dof": logs,
        "square of log dof": logs**2,
    }
    for name, value in integrated().items():
        assert effective_draws(drawn[name]) > FEWEST, name
        assert mean_of(drawn[name]).errors_from(value) < ALLOWED, name
