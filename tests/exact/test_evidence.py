"""The evidence beside its exact value: enumeration, quadrature, plain Monte Carlo from the prior; errors planted."""

import functools

import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln, logsumexp

import bayesmix as bm
from bayesmix.comparison.evidence import estimate
from bayesmix.families.gaussian.complete_data import UncorrelatedCompleteData
from bayesmix.families.gaussian.given_rows import GaussianConditional
from bayesmix.tree.record import with_record
from tests.exact.conjugate import prior_of
from tests.exact.enumeration import Enumeration
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


@pytest.mark.gate
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


# As many components as rows

FEW = np.array([-0.8, -1.3, -0.2, 0.3, 2.1, 2.8, 2.5, 3.6, 6.6, 7.4, 7.1, 6.1])
OF_FEW = {"mean": FEW.mean(), "shrinkage": 0.3, "dof": 5.0, "scale": FEW.var() / 4}


def by_subsets(n_components: int) -> float:
    """The sum over all K^12 assignments: a component's rows are any subset, and those of K are disjoint and all.

    The density of a subset's rows in one component is a quotient of constants of the normal-inverse-gamma prior;
    uniform weights give it the factor n!.
    """
    n = FEW.size
    mean, shrinkage, dof, scale = OF_FEW.values()
    inside = np.arange(1 << n)[:, None] >> np.arange(n) & 1
    counts, known = inside.sum(axis=1), shrinkage + inside.sum(axis=1)
    middle = (shrinkage * mean + inside @ FEW) / known
    scales = scale + inside @ FEW**2 + shrinkage * mean**2 - known * middle**2
    log_densities = (np.log(shrinkage / known) - counts * np.log(np.pi) + dof * np.log(scale)) / 2
    log_densities += gammaln((dof + counts) / 2) - gammaln(dof / 2) - (dof + counts) / 2 * np.log(scales)
    of_one = np.exp(log_densities + gammaln(1 + counts))
    pairs = [within(places) for places in range(1 << n)]
    of_all = np.eye(1, 1 << n)[0]  # of no components: nothing is covered
    for _ in range(n_components):
        of_all = np.array([of_all[part] @ of_one[places ^ part] for places, part in enumerate(pairs)])
    return float(gammaln(n_components) - gammaln(n_components + n) + np.log(of_all[-1]))


def within(places: int) -> np.ndarray:
    """All subsets of a set of bits."""
    subsets = np.zeros(1, dtype=np.int64)
    for bit in range(places.bit_length()):
        if places >> bit & 1:
            subsets = np.concatenate([subsets, subsets | 1 << bit])
    return subsets


def test_the_sum_over_subsets_is_that_over_assignments(monkeypatch):
    monkeypatch.setitem(globals(), "FEW", FEW[:6])
    mean, shrinkage, dof, scale = OF_FEW.values()
    prior = prior_of("full", 2, [mean], shrinkage, dof, [[scale]])
    np.testing.assert_allclose(by_subsets(2), Enumeration(FEW[:, None], prior, (1.0, 1.0)).log_evidence, rtol=1e-12)


@functools.cache
def tree_of_many(n_components: int, draws: int):
    numbers = OF_FEW | {"mean": [OF_FEW["mean"]], "scale": [[OF_FEW["scale"]]]}
    priors = {"components": bm.priors.NormalInverseWishart(**numbers), "weights": bm.priors.Dirichlet(1.0)}
    return bm.Mixture(n_components, priors=priors).fit_gibbs(FEW, draws=draws, random_seed=1, progressbar=False)


def test_more_components_than_ten():
    """Of 12! labellings some are drawn."""
    found = estimate.measured(tree_of_many(12, 150), (), np.random.default_rng(0))
    assert errors_from(found, by_subsets(12)) < ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize("most_exact", [1, 10])
@pytest.mark.parametrize("n_components", [8, 10, 11])
def test_many_components_of_few_rows(n_components, most_exact, monkeypatch):
    """Labellings summed up to ``most_exact`` components, and drawn from there on."""
    monkeypatch.setattr("bayesmix.comparison.evidence.proposals.MOST_EXACT", most_exact)
    found = bm.log_evidence(tree_of_many(n_components, 1000))
    assert errors_from(found, by_subsets(n_components)) < ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize("n_components", [8, 9, 10])
def test_drawn_labellings_of_real_draws_beside_their_sum(n_components, monkeypatch):
    """Galaxies: components that overlap, and empty ones. The draws and the proposal are the same on both sides."""
    data = bm.datasets.load_galaxies()
    tree = bm.Mixture(n_components).fit_gibbs(data, draws=500, random_seed=1, progressbar=False)
    summed = estimate.measured(tree, (), np.random.default_rng(0))
    monkeypatch.setattr("bayesmix.comparison.evidence.proposals.MOST_EXACT", 1)
    drawn = estimate.measured(tree, (), np.random.default_rng(0))
    assert drawn.se < 0.2
    assert Estimate(drawn.log_evidence, drawn.se).errors_from(Estimate(summed.log_evidence, summed.se)) < ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize("n_components", [3, 4, 5])
def test_evidences_of_independent_runs_scatter_as_they_say(n_components):
    """Galaxies, on which short runs agree as long as all miss a mode of a few hundredths."""
    data, mixture, n_runs = bm.datasets.load_galaxies(), bm.Mixture(n_components), 20
    found = [
        bm.log_evidence(mixture.fit_gibbs(data, random_seed=seed, progressbar=False)) for seed in range(1, n_runs + 1)
    ]
    assert [one.reason for one in found] == [None] * n_runs
    stated = np.mean([one.se**2 for one in found])
    ratio = np.var([one.log_evidence for one in found], ddof=1) / stated
    # of normal estimates with these errors a chi-square over its degrees of freedom
    assert 1e-4 < stats.chi2(n_runs - 1).cdf((n_runs - 1) * ratio) < 1 - 1e-4, ratio


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


@pytest.mark.gate
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
