"""Two and three components and six rows: every assignment of rows to components enumerated, and bayesmix beside it."""

import functools

import arviz as az
import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.comparison.left_out import log_predictive
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.problem import Problem
from tests.exact.conjugate import prior_of
from tests.exact.enumeration import Enumeration
from tests.monte_carlo import ALLOWED, FEWEST, Estimate, Finding, effective_draws, mean_of, worst
from tests.problems import density_of, problem_of

COVARIANCES = ("full", "tied", "diag", "spherical")
SAMPLED = [*((covariance, 2) for covariance in COVARIANCES), ("full", 3), ("tied", 3)]
ROUNDING = 1e-10  # of a log density, next to one plus its size
SHRINKAGE, DOF = 1.0, 8.0


def rows_of_two_groups() -> np.ndarray:
    """Two groups that overlap: who belongs with whom is open, and the chains cross between labellings."""
    rng = np.random.default_rng(16)
    values, groups = rng.normal(size=(6, 2)), np.repeat([[0.0, 0.0], [2.0, 1.2]], 3, axis=0)
    return values + groups + [3.0, 50.0]


ROWS = rows_of_two_groups()
MEAN, SPREAD = ROWS.mean(axis=0), np.cov(ROWS.T) / 2
SCALES = {"full": SPREAD, "tied": SPREAD, "diag": np.diag(SPREAD)} | dict.fromkeys(
    ("spherical", "EII"), np.trace(SPREAD) / 2
)


@functools.cache
def enumerated(covariance: str, concentration=None, n_rows: int = 6, n_components: int = 2) -> Enumeration:
    prior = prior_of(covariance, n_components, MEAN, SHRINKAGE, DOF, SCALES[covariance])
    return Enumeration(ROWS[:n_rows], prior, concentration or (1.0,) * n_components)


def mixture_of(covariance: str, concentration=1.0, n_components: int = 2, **changes) -> Mixture:
    """The same model by bayesmix; ``changes`` are errors planted in its prior."""
    numbers = {"mean": MEAN, "shrinkage": SHRINKAGE, "dof": DOF, "scale": SCALES[covariance]} | changes
    priors = {
        "components": bm.priors.NormalInverseWishart(**numbers),
        "weights": bm.priors.Dirichlet(concentration),
    }
    return Mixture(n_components, Gaussian(covariance), priors=priors)


@functools.cache
def sampled(mixture: Mixture, n_rows: int = 6, draws: int = 4000):
    return mixture.fit_nuts(ROWS[:n_rows], draws=draws, target_accept=0.9, random_seed=1, progressbar=False)


@functools.cache
def tree_of(covariance: str, n_rows: int = 6, n_components: int = 2):
    return sampled(mixture_of(covariance, n_components=n_components), n_rows)


def parameters(covariance: str, named):
    """Weights, means and spreads as the enumeration takes them."""
    spread = named[Gaussian(covariance).structure.parameter.name]
    return named["weights"], named["means"], [spread] if covariance == "tied" else list(spread)


def points(density: ClosedFormDensity) -> np.ndarray:
    return np.random.default_rng(0).normal(scale=0.5, size=(3, density.size))


def density_errors(covariance: str, n_components: int, mixture: Mixture, make=Problem.closed_form) -> list[float]:
    """How far posterior density times evidence is from likelihood times prior, at random points.

    The former is enumerated, the latter bayesmix's: without Jacobians, a density of the parameters themselves.
    """
    exact = enumerated(covariance, n_components=n_components)
    density = make(problem_of(ROWS, mixture.family, n_components, mixture.priors))
    errors = []
    for q in points(density):
        wanted = exact.log_posterior(*parameters(covariance, density.constrain(q))) + exact.log_evidence
        errors.append(abs(density.map_logp_grad(q)[0] - wanted) / (1 + abs(wanted)))
    return errors


def likelihood_errors(covariance: str, n_components: int) -> list[float]:
    exact, family = enumerated(covariance, n_components=n_components), Gaussian(covariance)
    mixture = mixture_of(covariance, n_components=n_components)
    density = density_of(mixture, ROWS)
    errors = []
    for q in points(density):
        named = density.constrain(q)
        wanted = exact.log_likelihood(*parameters(covariance, named))
        errors.append(abs(float(family.log_mixture(named["weights"], named, ROWS).sum()) - wanted) / (1 + abs(wanted)))
    return errors


def allocations(tree, covariance: str) -> np.ndarray:
    """Responsibilities of every draw, (chain, draw, N, K)."""
    posterior, family = tree["posterior"], Gaussian(covariance)
    params = {spec.name: posterior[spec.name].values for spec in family.parameters}
    joint = family.log_joint(posterior["weights"].values, params, ROWS)
    return np.exp(joint - np.logaddexp.reduce(joint, axis=-1, keepdims=True))


def co_clustering_draws(tree, covariance: str):
    """Pairs of rows and the probability, draw by draw, that they belong together."""
    r = allocations(tree, covariance)
    for i in range(len(ROWS)):
        for j in range(i):
            yield (i, j), (r[..., i, :] * r[..., j, :]).sum(axis=-1)


def draws_given_first(tree, covariance: str):
    """Of the component that the first row is in, whatever its label: each row's share in it, its weight and mean.

    ``E[z_i = 1 | z_1 = 1]`` is ``E[r_11 r_i1] / E[r_11]``; over all labellings, which the posterior holds alike, the
    denominator is 1/K and the ratio ``E[sum_k r_1k r_ik]``.
    """
    r, posterior = allocations(tree, covariance), tree["posterior"]
    first = r[..., 0, :]
    for i in range(1, len(ROWS)):
        yield f"row {i}", (first * r[..., i, :]).sum(axis=-1)
    yield "weight", (first * posterior["weights"].values).sum(axis=-1)
    for j in range(ROWS.shape[1]):
        yield f"mean {j}", (first * posterior["means"].values[..., j]).sum(axis=-1)


def given_first(exact: Enumeration) -> dict[str, float]:
    weight, mean = exact.of_first_rows_component()
    rows = {f"row {i}": exact.responsibilities_given_first[i, 0] for i in range(1, len(ROWS))}
    return rows | {"weight": weight, "mean 0": mean[0], "mean 1": mean[1]}


def predictive_errors(tree, covariance: str, exact: Enumeration) -> list[float]:
    x = MEAN + np.array([[0.0, 0.0], [1.0, 0.5], [-1.5, 1.0], [2.0, 2.0]]) * ROWS.std(axis=0)
    posterior, family = tree["posterior"], Gaussian(covariance)
    params = {spec.name: posterior[spec.name].values for spec in family.parameters}
    each = np.exp(family.log_mixture(posterior["weights"].values, params, x))
    values = np.exp(bm.log_density(tree, x)["log_density"].values)
    wanted = exact.predictive(x)
    return [
        Estimate(values[i], float(az.mcse(each[..., i], method="mean"))).errors_from(wanted[i]) for i in range(len(x))
    ]


def evidence_of_last_rows(covariance: str, first: int = 3) -> Estimate:
    """``log p(x_4, x_5, x_6 | x_1, x_2, x_3)``: row by row, from draws of the posteriors with and without it."""
    value, squares = 0.0, 0.0
    for n in range(first, len(ROWS)):
        # the error takes draws for independent, which so few of them are
        without, given = (_log_densities(tree_of(covariance, m), covariance, ROWS[n])[:, ::8] for m in (n, n + 1))
        step, error = log_predictive(without.ravel(), given.ravel())
        value, squares = value + step, squares + error**2
    return Estimate(value, np.sqrt(squares))


def _log_densities(tree, covariance: str, row: np.ndarray) -> np.ndarray:
    posterior, family = tree["posterior"], Gaussian(covariance)
    params = {spec.name: posterior[spec.name].values for spec in family.parameters}
    return family.log_mixture(posterior["weights"].values, params, row[None])[..., 0]


def exact_evidence_of_last_rows(covariance: str, first: int = 3) -> float:
    return enumerated(covariance).log_evidence - enumerated(covariance, n_rows=first).log_evidence


def posterior_findings(covariance: str, n_components: int) -> list[Finding]:
    """What is exact next to one plus its size; what is drawn in Monte Carlo errors."""
    name, against = f"gaussian-{covariance}, 6 rows, K = {n_components}", f"sum over all {n_components**6} assignments"
    exact = enumerated(covariance, n_components=n_components)
    tree, wanted = tree_of(covariance, n_components=n_components), given_first(exact)
    density = density_errors(covariance, n_components, mixture_of(covariance, n_components=n_components))
    together = [mean_of(x).errors_from(exact.co_clustering[ij]) for ij, x in co_clustering_draws(tree, covariance)]
    of_first = [mean_of(x).errors_from(wanted[key]) for key, x in draws_given_first(tree, covariance)]
    return [
        Finding(f"{name}: likelihood", against, max(likelihood_errors(covariance, n_components)), ROUNDING),
        Finding(f"{name}: prior times likelihood = posterior times evidence", against, max(density), ROUNDING),
        Finding(f"{name}: 15 co-clustering probabilities", against, max(together), ALLOWED),
        Finding(f"{name}: memberships, weight and mean given row 1 in group 1", against, max(of_first), ALLOWED),
        Finding(f"{name}: predictive density", against, max(predictive_errors(tree, covariance, exact)), ALLOWED),
    ]


def evidence_finding(covariance: str) -> Finding:
    found = evidence_of_last_rows(covariance).errors_from(exact_evidence_of_last_rows(covariance))
    what = f"gaussian-{covariance}, K = 2: log evidence of rows 4 to 6 given rows 1 to 3"
    return Finding(what, "sum over all assignments", found, ALLOWED)


def findings() -> list[Finding]:
    of_posteriors = [one for model in SAMPLED for one in posterior_findings(*model)]
    return of_posteriors + [evidence_finding(covariance) for covariance in COVARIANCES]


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("n_components", [1, 2])
def test_evidences_do_not_depend_on_the_point(covariance, n_components):
    """Bayes' theorem holds at any parameters, if prior, likelihood and posterior belong together."""
    exact = enumerated(covariance, n_components=n_components)
    weights, means, spreads = exact.at
    weights = np.array([0.2, 0.8])[:n_components] / np.array([0.2, 0.8])[:n_components].sum()
    other = Enumeration(
        exact.rows, exact.prior, exact.concentration, at=(weights, means + 0.7, [2 * s for s in spreads])
    )
    np.testing.assert_allclose(other.log_evidences, exact.log_evidences, rtol=1e-10)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_evidence_of_one_group_is_a_product_of_student_densities(covariance):
    prior = prior_of(covariance, 1, MEAN, SHRINKAGE, DOF, SCALES[covariance])[0]
    steps = [np.log(prior.given([ROWS[:n]]).predictive(0, ROWS[n : n + 1]))[0] for n in range(len(ROWS))]
    assert enumerated(covariance, n_components=1).log_evidence == pytest.approx(sum(steps), rel=1e-10)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("n_components", [1, 2])
def test_density(covariance, n_components):
    mixture = mixture_of(covariance, n_components=n_components)
    assert max(density_errors(covariance, n_components, mixture)) < ROUNDING


WRONG = [{"dof": DOF + 1}, {"shrinkage": 3 * SHRINKAGE}]


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("wrong", WRONG, ids=["dof", "shrinkage"])
def test_a_slightly_wrong_prior_is_caught_in_the_density(covariance, wrong):
    assert max(density_errors(covariance, 2, mixture_of(covariance, **wrong))) > 1e6 * ROUNDING


@pytest.mark.parametrize("wrong", WRONG, ids=["dof", "shrinkage"])
def test_a_slightly_wrong_prior_is_caught_in_who_belongs_with_whom(wrong):
    exact, tree = enumerated("diag"), sampled(mixture_of("diag", **wrong), draws=20_000)
    apart = [mean_of(x).errors_from(exact.co_clustering[ij]) for ij, x in co_clustering_draws(tree, "diag")]
    assert max(apart) > ALLOWED


@pytest.mark.parametrize(("covariance", "n_components"), SAMPLED)
def test_posterior_is_the_sum_over_assignments(covariance, n_components):
    tree = tree_of(covariance, n_components=n_components)
    for name, draws in [*co_clustering_draws(tree, covariance), *draws_given_first(tree, covariance)]:
        assert effective_draws(draws) >= FEWEST, name
    assert worst(posterior_findings(covariance, n_components)) == ""


SLOW = [pytest.param(one, marks=pytest.mark.slow) for one in COVARIANCES if one != "spherical"]


@pytest.mark.parametrize("covariance", ["spherical", *SLOW])
def test_evidence(covariance):
    assert worst([evidence_finding(covariance)]) == ""


def test_responsibilities_where_the_prior_names_the_components():
    """With unequal concentrations the labels mean something, and ``bm.responsibilities`` is exact as it stands."""
    concentration = (1.0, 3.0)
    tree, exact = sampled(mixture_of("tied", concentration), draws=8000), enumerated("tied", concentration)
    draws = allocations(tree, "tied")
    found = bm.responsibilities(tree)["probability"].values
    weights = tree["posterior"]["weights"].values
    expected_weight = (concentration[0] + exact.responsibilities[:, 0].sum()) / (sum(concentration) + len(ROWS))
    assert mean_of(weights[..., 0]).errors_from(expected_weight) < ALLOWED
    for i, probability in enumerate(exact.responsibilities[:, 0]):
        assert effective_draws(draws[..., i, 0]) >= FEWEST
        error = mean_of(draws[..., i, 0]).error
        assert Estimate(found[i, 0], error).errors_from(probability) < ALLOWED
