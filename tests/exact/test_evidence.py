"""The evidence beside its exact value: enumeration, quadrature, plain Monte Carlo from the prior; errors planted."""

import functools

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

import bayesmix as bm
from bayesmix.comparison.evidence import estimate
from bayesmix.families.gaussian.complete_data import UncorrelatedCompleteData
from bayesmix.families.gaussian.given_rows import GaussianConditional
from bayesmix.tree.record import with_record
from tests.exact.test_counts_and_answers import enumerated as enumerated_counts
from tests.exact.test_counts_and_answers import tree_of as tree_of_counts
from tests.exact.test_enumeration import COVARIANCES, ROWS, enumerated, mixture_of
from tests.monte_carlo import ALLOWED, Estimate, Finding, worst

MODELS = [*((covariance, k) for covariance in COVARIANCES for k in (1, 2)), ("full", 3), ("tied", 3)]
# An evidence with a larger error than this would be of no use, and would agree with anything.
LARGEST_ERROR = 0.05


@functools.cache
def tree_of(covariance: str, n_components: int):
    mixture = mixture_of(covariance, n_components=n_components)
    return mixture.fit_gibbs(ROWS, draws=2000, random_seed=2, progressbar=False)


def errors_from(found: bm.Evidence, exact: float) -> float:
    assert found.reason is None, found
    assert found.se < LARGEST_ERROR
    return Estimate(found.log_evidence, found.se).errors_from(exact)


def findings() -> list[Finding]:
    rows = []
    for covariance, k in MODELS:
        apart = errors_from(
            bm.log_evidence(tree_of(covariance, k)), enumerated(covariance, n_components=k).log_evidence
        )
        what = f"gaussian-{covariance}, 6 rows, K = {k}: log evidence"
        rows.append(Finding(what, f"sum over all {k**6} assignments", apart, ALLOWED))
    for name in ("poisson", "bernoulli"):
        apart = errors_from(bm.log_evidence(tree_of_counts(name)), enumerated_counts(name).log_evidence)
        what = f"{name}, 8 rows, K = 2, unequal weights before the data: log evidence"
        rows.append(Finding(what, "sum over all 256 assignments", apart, ALLOWED))
    return rows


def test_evidence_is_the_sum_over_assignments():
    assert worst(findings()) == ""


def planted(tree, exact: float) -> float:
    found = estimate.measured(tree, (), np.random.default_rng(0))
    return Estimate(found.log_evidence, found.se).errors_from(exact)


def test_labellings_that_are_not_counted_are_caught():
    tree, exact = tree_of("full", 2), enumerated("full").log_evidence
    assert planted(with_record(tree, exchangeable=False), exact) > ALLOWED


def test_a_constant_that_is_dropped_is_caught(monkeypatch):
    """The half that the log of 2 pi is of in a variance's constant."""
    right = UncorrelatedCompleteData.log_evidence
    monkeypatch.setattr(UncorrelatedCompleteData, "log_evidence", lambda *args: right(*args) + 0.5 * np.log(2))
    assert planted(tree_of("diag", 2), enumerated("diag").log_evidence) > ALLOWED


def test_another_prior_of_the_weights_is_caught():
    wrong = mixture_of("spherical", concentration=3.0).fit_gibbs(ROWS, draws=2000, random_seed=2, progressbar=False)
    assert planted(wrong, enumerated("spherical").log_evidence) > ALLOWED


def test_more_components_than_are_summed_exactly(monkeypatch):
    """The same by permutations that are drawn."""
    monkeypatch.setattr("bayesmix.comparison.evidence.proposals.MOST_EXACT", 1)
    found = bm.log_evidence(tree_of("full", 3))
    assert errors_from(found, enumerated("full", n_components=3).log_evidence) < ALLOWED


# Where no component has a closed form


X = np.array([1.2, 2.9, 3.1, 4.0, 4.4, 5.2, 6.5, 2.2])


MIDDLE, WIDTH = X.mean(), X.std(ddof=1)
SEPARATED = {"means": bm.priors.Normal(), "scales": bm.priors.LogNormal()}


def separated(location, log_scale):
    """Log prior of a mean and of the logarithm of a scale."""
    return stats.norm.logpdf(location, MIDDLE, 2 * WIDTH) + stats.norm.logpdf(log_scale, np.log(WIDTH), 0.75)


def conjugate(location, log_scale):
    """The same where the variance is inverse-gamma, and the mean normal given it; ``d variance = 2 variance d log``."""
    variance = np.exp(2 * log_scale)
    of_variance = stats.invgamma.logpdf(variance, 1.5, scale=WIDTH**2 / 2) + np.log(2 * variance)
    return of_variance + stats.norm.logpdf(location, MIDDLE, np.sqrt(variance / 0.01))


def by_quadrature(log_prior, log_density) -> float:
    """On a grid: the integrand vanishes with all its derivatives at the ends, where the trapezoid rule is exact."""
    locations, step = np.linspace(MIDDLE - 40 * WIDTH, MIDDLE + 40 * WIDTH, 4001, retstep=True)
    logs, other = np.linspace(np.log(WIDTH) - 5, np.log(WIDTH) + 6, 801, retstep=True)
    location, log_scale = np.meshgrid(locations, logs)
    values = log_prior(location, log_scale) + sum(log_density(x, location, np.exp(log_scale)) for x in X)
    return float(logsumexp(values) + np.log(step * other))


@pytest.mark.parametrize(
    ("family", "priors", "log_prior", "log_density"),
    [
        (bm.Gaussian("diag"), SEPARATED, separated, stats.norm.logpdf),
        (bm.StudentT("diag", dof=4.0), None, conjugate, lambda x, m, s: stats.t.logpdf(x, 4, m, s)),
    ],
    ids=["gaussian, separated", "student-t"],
)
def test_one_component_of_one_column(family, priors, log_prior, log_density):
    tree = bm.Mixture(1, family, priors=priors).fit_nuts(X, draws=2000, random_seed=1, progressbar=False)
    assert errors_from(bm.log_evidence(tree), by_quadrature(log_prior, log_density)) < ALLOWED


def test_separated_prior_of_correlated_columns():
    """Plain Monte Carlo from the prior, in which the correlation is uniform."""
    rows, n = ROWS[:5], 400_000
    priors = SEPARATED | {"correlations": bm.priors.LKJ(1.0)}
    tree = bm.Mixture(1, bm.Gaussian("full"), priors=priors).fit_nuts(
        rows, draws=2000, random_seed=1, target_accept=0.95, progressbar=False
    )
    rng, mean, sd = np.random.default_rng(1), rows.mean(axis=0), rows.std(axis=0, ddof=1)
    means = mean + 2 * sd * rng.standard_normal((n, 2))
    scales = np.exp(np.log(sd) + 0.75 * rng.standard_normal((n, 2)))
    r = rng.uniform(-1, 1, n)
    z = (rows - means[:, None]) / scales[:, None]
    squares = (z[..., 0] ** 2 - 2 * r[:, None] * z[..., 0] * z[..., 1] + z[..., 1] ** 2) / (1 - r[:, None] ** 2)
    log_scale = np.log(2 * np.pi) + np.log(scales).sum(axis=1) + 0.5 * np.log1p(-(r**2))
    values = -0.5 * squares.sum(axis=1) - len(rows) * log_scale
    likelihoods = np.exp(values - values.max())
    error = likelihoods.std() / likelihoods.mean() / np.sqrt(n)
    exact = Estimate(np.log(likelihoods.mean()) + values.max(), error)
    found = bm.log_evidence(tree)
    assert found.se < LARGEST_ERROR
    assert exact.error < LARGEST_ERROR
    assert Estimate(found.log_evidence, found.se).errors_from(exact) < ALLOWED


def test_a_gaussian_around_the_draws_gives_what_assignments_give(monkeypatch):
    """Two groups that are apart: the posterior is near a Gaussian under either labelling."""
    data = bm.datasets.simulate(120, 2, 2, separation=4, random_seed=3).X
    tree = bm.Mixture(2, bm.Gaussian("diag")).fit_nuts(data, draws=1000, random_seed=1, progressbar=False)
    given_assignments = bm.log_evidence(tree)
    monkeypatch.setattr(GaussianConditional, "complete_data", lambda *args: None)
    around_draws = bm.log_evidence(tree)
    assert 0 < around_draws.se < LARGEST_ERROR
    apart = Estimate(given_assignments.log_evidence, given_assignments.se).errors_from(
        Estimate(around_draws.log_evidence, around_draws.se)
    )
    assert apart < ALLOWED
    monkeypatch.setattr(estimate, "GaussianProposal", _Unlabelled)  # the control
    assert abs(bm.log_evidence(tree).log_evidence - given_assignments.log_evidence - np.log(0.5)) < 0.1


class _Unlabelled(estimate.GaussianProposal):
    @classmethod
    def of_draws(cls, density, q, exchanged):
        return super().of_draws(density, q, ())


def test_why_there_is_none():
    approximate = bm.Mixture(1).fit_laplace(ROWS, random_seed=1)
    assert "use fit_nuts or fit_gibbs" in repr(bm.log_evidence(approximate))
    alone = tree_of("full", 2).isel(chain=[0])
    with pytest.warns(bm.UntrustedWarning):
        found = bm.log_evidence(alone)
    assert np.isnan(found.log_evidence)
    assert found.reason.words == "the draws are not to be trusted: one chain cannot show whether chains agree"
    same_shape = bm.Mixture(2, bm.Gaussian("VEV")).fit_em(ROWS, random_seed=1).to_tree()
    found = estimate.measured(same_shape, (), np.random.default_rng(0))
    assert found.reason.kind == "evidence_without_constant"


def test_chains_that_lie_apart_have_none():
    """The rows are e to the third as likely to one chain as they are to others at the same parameters."""
    tree = tree_of("full", 2).copy(deep=True)
    tree["log_likelihood"]["x"].values[0] += 3 / len(ROWS)
    found = estimate.measured(tree, (), np.random.default_rng(0))
    assert np.isnan(found.log_evidence)
    assert found.reason.kind == "evidence_chains_apart"
    assert found.reason.data["spread"] == np.ptp(found.by_chain) > estimate.SPREAD_GATE


@pytest.mark.slow
def test_tempered_sequential_monte_carlo():
    """PyMC's ``sample_smc`` on the same declaration, whose estimate of the evidence has nothing to do with bridges."""
    import pymc as pm

    data, mixture = bm.datasets.load_galaxies(), bm.Mixture(2, bm.Gaussian("diag"))
    found = bm.log_evidence(mixture.fit_gibbs(data, random_seed=1, progressbar=False))
    with mixture.build_model(data):
        drawn = pm.sample_smc(
            draws=4000,
            chains=8,
            cores=1,
            threshold=0.8,
            correlation_threshold=0.002,
            random_seed=1,
            progressbar=False,
        )
    stages = drawn["sample_stats"]["log_marginal_likelihood"].values.reshape(8, -1)
    values = [
        float(np.ravel(stage[-1])[-1]) for stage in stages
    ]  # of each chain the last stage, which is the posterior
    theirs = Estimate(float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values))))
    assert theirs.error < 0.2
    assert Estimate(found.log_evidence, found.se).errors_from(theirs) < ALLOWED
