"""Rows whose components are known: evidence, likelihood and draws beside closed forms in SciPy."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import betaln, gammaln

import bayesmix as bm
from bayesmix.problem import Problem
from tests import problems
from tests.exact.conjugate import prior_of
from tests.exact.conjugate_rates import Chances, Rates
from tests.exact.enumeration import Enumeration
from tests.monte_carlo import ALLOWED
from tests.simulated_trees import discrete_data

COVARIANCES = ("full", "tied", "diag", "spherical")
MEAN, SHRINKAGE, DOF = np.array([2.0, 50.0]), 0.7, 6.5
SPREAD = np.array([[1.5, 0.4], [0.4, 0.8]])
SCALES = {"full": SPREAD, "tied": SPREAD, "diag": np.diag(SPREAD), "spherical": np.trace(SPREAD) / 2}
ROWS = np.random.default_rng(3).normal(size=(9, 2)) @ [[1.0, 0.6], [0.0, 2.0]] + MEAN + [0.5, 0]
LABELS = np.array([[0, 0, 1, 2, 1, 0, 0, 2, 1], [1] * 9, [0, 1, 0, 1, 0, 1, 0, 1, 0]])
COUNTS = np.array([[1, 2], [0, 4], [3, 3], [2, 6], [4, 5], [3, 7], [4, 4], [5, 6], [9, 0]], dtype=float)
ONES = (COUNTS > 3).astype(float)


def problem_of(mixture: bm.Mixture, X) -> Problem:
    return problems.problem_of(X, mixture.family, mixture.n_components, mixture.priors)


def gaussian(covariance: str) -> tuple[Problem, list]:
    """Three components by bayesmix, and the same prior by SciPy."""
    numbers = {"mean": MEAN, "shrinkage": SHRINKAGE, "dof": DOF, "scale": SCALES[covariance]}
    mixture = bm.Mixture(3, bm.Gaussian(covariance), priors={"components": bm.priors.NormalInverseWishart(**numbers)})
    return problem_of(mixture, ROWS), prior_of(covariance, 3, **numbers)


def log_evidences(problem: Problem, labels=LABELS) -> np.ndarray:
    """In the units of the data."""
    rows = problem.conditional.complete_data(problem.standardised.columns)
    return rows.log_evidence(*rows.gathered(labels, 3)) + problem.standardised.log_likelihood_shift


def by_bayes(rows, prior, labels) -> list[float]:
    """``log p(x | z) = log p(x, z) - log p(z)``, with the weights integrated out of ``p(z)``."""
    exact = Enumeration(rows, prior, (1.0, 1.0, 1.0))
    joint = exact.log_joint(*exact.at)
    found = []
    for z in labels:
        a, groups = exact._given(z)
        log_joint = joint[np.arange(len(rows)), z].sum() + exact.log_prior(*exact.at)
        of_labels = gammaln(3) - gammaln(3 + len(rows)) + gammaln(a).sum()
        found.append(log_joint - exact._log_density(a, groups, *exact.at) - of_labels)
    return found


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_evidence_of_gaussian_components(covariance):
    problem, prior = gaussian(covariance)
    np.testing.assert_allclose(log_evidences(problem), by_bayes(ROWS, prior, LABELS), rtol=1e-11)


def test_evidence_of_one_shared_diagonal():
    """EEI with one feature is tied with one feature."""
    X = ROWS[:, :1]
    eei, tied = (problem_of(bm.Mixture(3, name), X) for name in (bm.Gaussian("EEI"), "tied"))
    np.testing.assert_allclose(log_evidences(eei), log_evidences(tied), rtol=1e-12)


@pytest.mark.parametrize(
    ("family", "priors", "prior", "rows"),
    [
        (
            bm.Poisson(),
            {"rates": bm.priors.Gamma(2.5, (0.5, 0.25))},
            Rates(np.full(2, 2.5), np.array([0.5, 0.25])),
            COUNTS,
        ),
        (bm.Bernoulli(), {"probabilities": bm.priors.Beta(2.0, 1.5)}, Chances(np.full(2, 2.0), np.full(2, 1.5)), ONES),
    ],
    ids=["poisson", "bernoulli"],
)
def test_evidence_of_counts_and_answers(family, priors, prior, rows):
    problem = problem_of(bm.Mixture(3, family, priors=priors), rows)
    np.testing.assert_allclose(log_evidences(problem), by_bayes(rows, [prior] * 3, LABELS), rtol=1e-11)


def test_evidence_of_levels_is_that_of_zeros_and_ones():
    """A column of two levels, under Dirichlet(a, a), is one of zeros and ones under Beta(a, a)."""
    text = np.where(ONES > 0, "yes", "no").astype(object)
    levels = problem_of(bm.Mixture(3, bm.Categorical()), text)
    answers = problem_of(bm.Mixture(3, bm.Bernoulli(), priors={"probabilities": bm.priors.Beta(2.0, 2.0)}), ONES)
    np.testing.assert_allclose(log_evidences(levels), log_evidences(answers), rtol=1e-12)


def test_evidence_of_three_levels():
    """The probability of a sequence of levels is a ratio of Dirichlet's constants."""
    data = discrete_data("categorical", 9)
    problem = problem_of(bm.Mixture(1, bm.Categorical()), data)
    wanted = 0.0
    for name in data:
        counts = data[name].value_counts().to_numpy()
        wanted += gammaln(2.0 * counts.size) - gammaln(2.0 * counts.size + 9) + gammaln(2 + counts).sum()
    rows = problem.conditional.complete_data(problem.standardised.columns)
    [found] = rows.log_evidence(*rows.gathered(np.zeros((1, 9), dtype=int), 1))
    assert found == pytest.approx(wanted, rel=1e-12)
    assert betaln(2, 2) < 0  # a constant of two levels is not zero, and so is seen


PROBLEMS = {
    **{covariance: (bm.Gaussian(covariance), ROWS) for covariance in (*COVARIANCES, "EEI")},
    "poisson": (bm.Poisson(), COUNTS),
    "bernoulli": (bm.Bernoulli(), ONES),
    "categorical": (bm.Categorical(), discrete_data("categorical", 30)),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_likelihood_is_linear_in_the_sums(name):
    """``n b + eta' sum t`` is the log density, by the family's own pass, summed over the rows of a component."""
    family, X = PROBLEMS[name]
    problem = problem_of(bm.Mixture(3, family), X)
    rng, columns = np.random.default_rng(1), problem.standardised.columns
    labels = rng.integers(3, size=(6, columns.shape[1]))
    rows = problem.conditional.complete_data(columns)
    counts, sums = rows.gathered(labels, 3)
    state = rows.draw(counts, sums, rng)
    offsets, etas = rows.natural(state)
    found = counts * offsets + (etas * sums).sum(axis=-1)
    params = problem.standardised.to_params(state)
    joint = problem.family.log_joint(np.full((6, 3), 1.0), params, problem.rows.values)
    own = joint * (labels[..., None] == np.arange(3))
    shift = problem.standardised.log_likelihood_shift / columns.shape[1]
    np.testing.assert_allclose(found, own.sum(axis=1) - shift * counts, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_draws_of_gaussian_components(covariance):
    """Means are Student-t and variances inverse-gamma, by the posterior in closed form."""
    problem, prior = gaussian(covariance)
    rows = problem.conditional.complete_data(problem.standardised.columns)
    counts, sums = (np.repeat(part[:1], 4000, axis=0) for part in rows.gathered(LABELS, 3))
    params = problem.standardised.to_params(rows.draw(counts, sums, np.random.default_rng(7)))
    groups = [ROWS[LABELS[0] == k] for k in range(3)]
    posterior = (
        [prior[0].given(groups)] if covariance == "tied" else [p.given([g]) for p, g in zip(prior, groups, strict=True)]
    )
    means = np.concatenate([one.means for one in posterior])
    widths = np.concatenate([np.sqrt(np.outer(1 / one.counts, _rates(one) / _shape(one))) for one in posterior])
    freedom = 2 * _shape(posterior[0])
    for k, one in enumerate(np.moveaxis(params["means"], 1, 0)):
        freedom = 2 * _shape(posterior[0 if covariance == "tied" else k])
        for j in range(2):
            assert stats.kstest(one[:, j], stats.t(freedom, means[k, j], widths[k, j]).cdf).pvalue > 1e-4
    values = problem.family.structure.matrices(params[problem.family.structure.parameter.name], 3, 2)
    for k in range(3):
        known = posterior[0 if covariance == "tied" else k]
        law = stats.invgamma(_shape(known), scale=np.ravel(_rates(known))[0])
        assert stats.kstest(values[:, k, 0, 0], law.cdf).pvalue > 1e-4


def _shape(groups) -> float:
    return groups.marginal_variances()[0]


def _rates(groups) -> np.ndarray:
    return np.broadcast_to(groups.marginal_variances()[1], 2)


@pytest.mark.parametrize("name", ["poisson", "bernoulli", "categorical"])
def test_draws_of_counts_and_levels(name):
    """By the mean of the posterior in closed form."""
    family, X = PROBLEMS[name]
    problem = problem_of(bm.Mixture(1, family), X)
    rows = problem.conditional.complete_data(problem.standardised.columns)
    n = problem.rows.n_rows
    counts, sums = rows.gathered(np.zeros((4000, n), dtype=int), 1)
    [drawn] = rows.draw(counts, sums, np.random.default_rng(2))
    prior = problem.priors.parts[problem.family.parameter.name]
    total = sums[0, 0]
    if name == "poisson":
        wanted = (np.asarray(prior.shape) + total[:-1]) / (np.asarray(prior.rate) + n)
    elif name == "bernoulli":
        wanted = (prior.a + total[:2]) / (prior.a + prior.b + n)
    else:
        wanted = (2 + total) / np.repeat(2 * problem.family.sizes + n, problem.family.sizes)
    errors = drawn[:, 0].std(axis=0, ddof=1) / np.sqrt(4000)
    assert (np.abs(drawn[:, 0].mean(axis=0) - wanted) < ALLOWED * errors).all()


def test_no_closed_form_is_said():
    for mixture in (bm.Mixture(2, bm.Gaussian("VEV")), bm.Mixture(2, bm.StudentT())):
        problem = problem_of(mixture, ROWS)
        assert problem.conditional.complete_data(problem.standardised.columns) is None
    assert not bm.Gaussian("VEV").has_prior_constant
