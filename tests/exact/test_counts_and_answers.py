"""Two components, eight rows of counts or of zeros and ones: every assignment enumerated, and bayesmix beside it."""

import functools

import arviz as az
import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Bernoulli, Mixture, Poisson
from tests.exact.conjugate_rates import Chances, Rates
from tests.exact.enumeration import Enumeration
from tests.monte_carlo import ALLOWED, FEWEST, Estimate, Finding, effective_draws, mean_of, worst
from tests.problems import density_of

ROUNDING = 1e-10  # of a log density, next to one plus its size
CONCENTRATION = (1.0, 2.0)  # unequal, so that the labels mean something
SHAPE, RATE, A, B = 2.5, (0.5, 0.25), 2.0, 1.5
ROWS = {
    "poisson": np.array([[1, 2], [0, 4], [3, 3], [2, 6], [4, 5], [3, 7], [4, 4], [5, 6]], dtype=float),
    "bernoulli": np.array(
        [[0, 0, 1], [0, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 1, 0], [1, 1, 0]], dtype=float
    ),
}
NAMES = tuple(ROWS)


@functools.cache
def enumerated(name: str) -> Enumeration:
    n_features = ROWS[name].shape[1]
    prior = {
        "poisson": Rates(np.full(2, SHAPE), np.array(RATE)),
        "bernoulli": Chances(np.full(n_features, A), np.full(n_features, B)),
    }[name]
    return Enumeration(ROWS[name], [prior, prior], CONCENTRATION)


def mixture_of(name: str, wrong: float = 0.0) -> Mixture:
    """The same model by bayesmix; ``wrong`` is added to a number of its prior."""
    weights = bm.priors.Dirichlet(CONCENTRATION)
    if name == "poisson":
        return Mixture(2, Poisson(), priors={"weights": weights, "rates": bm.priors.Gamma(SHAPE + wrong, RATE)})
    return Mixture(2, Bernoulli(), priors={"weights": weights, "probabilities": bm.priors.Beta(A + wrong, B)})


@functools.cache
def tree_of(name: str):
    return mixture_of(name).fit_nuts(ROWS[name], draws=4000, target_accept=0.9, random_seed=1, progressbar=False)


def density_errors(name: str, mixture: Mixture) -> list[float]:
    """How far bayesmix's likelihood times prior is from the enumerated posterior times evidence, at random points."""
    exact, density = enumerated(name), density_of(mixture, ROWS[name])
    (parameter,) = mixture.family.parameters
    errors = []
    for q in np.random.default_rng(0).normal(scale=0.5, size=(3, density.size)):
        named = density.constrain(q)
        at = named["weights"], named[parameter.name], [None, None]
        wanted = exact.log_posterior(*at) + exact.log_evidence
        errors.append(abs(density.map_logp_grad(q)[0] - wanted) / (1 + abs(wanted)))
    return errors


def estimates(name: str):
    """What, draws (chain, draw), and the exact mean."""
    tree, exact = tree_of(name), enumerated(name)
    posterior, family = tree["posterior"], mixture_of(name).family
    values = {spec.name: posterior[spec.name].values for spec in family.parameters}
    weights = posterior["weights"].values
    joint = family.log_joint(weights, values, ROWS[name])
    r = np.exp(joint - np.logaddexp.reduce(joint, axis=-1, keepdims=True))
    (of_components,) = values.values()
    parts = list(zip(exact.probabilities, exact.posteriors, strict=True))
    yield "weight", weights[..., 0], sum(p * a[0] / a.sum() for p, (a, _) in parts)
    for k in range(2):
        for j, wanted in enumerate(sum(p * groups[k].means[0] for p, (_, groups) in parts)):
            yield f"parameter {k}, {j}", of_components[..., k, j], wanted
    for i, row in enumerate(exact.responsibilities):
        yield f"membership of row {i}", r[..., i, 0], row[0]
        for j in range(i):
            yield f"rows {i} and {j} together", (r[..., i, :] * r[..., j, :]).sum(axis=-1), exact.co_clustering[i, j]
    x = np.unique(ROWS[name], axis=0)
    densities = np.exp(family.log_mixture(weights, values, x))
    for i, wanted in enumerate(exact.predictive(x)):
        yield f"probability of a new row {i}", densities[..., i], wanted


def findings() -> list[Finding]:
    """What is exact next to one plus its size; what is drawn in Monte Carlo errors."""
    found = []
    for name in NAMES:
        against = "sum over all 256 assignments"
        apart = [mean_of(draws).errors_from(wanted) for _, draws, wanted in estimates(name)]
        density = max(density_errors(name, mixture_of(name)))
        title = f"{name}, 8 rows, K = 2"
        found += [
            Finding(f"{title}: prior times likelihood = posterior times evidence", against, density, ROUNDING),
            Finding(f"{title}: {len(apart)} posterior means", against, max(apart), ALLOWED),
        ]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_evidences_do_not_depend_on_the_point(name):
    """Bayes' theorem holds at any parameters, if prior, likelihood and posterior belong together."""
    exact = enumerated(name)
    _, means, spreads = exact.at
    other = Enumeration(exact.rows, exact.prior, exact.concentration, at=(np.array([0.2, 0.8]), 0.7 * means, spreads))
    np.testing.assert_allclose(other.log_evidences, exact.log_evidences, rtol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_evidence_of_one_group_is_a_product_of_predictions(name):
    """Negative binomial ones of counts."""
    prior, rows = enumerated(name).prior[0], ROWS[name]
    steps = [np.log(prior.given([rows[:n]]).predictive(0, rows[n : n + 1]))[0] for n in range(len(rows))]
    assert Enumeration(rows, [prior], (1.0,)).log_evidence == pytest.approx(sum(steps), rel=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_density(name):
    assert max(density_errors(name, mixture_of(name))) < ROUNDING


@pytest.mark.parametrize("name", NAMES)
def test_a_slightly_wrong_prior_is_caught_in_the_density(name):
    assert max(density_errors(name, mixture_of(name, wrong=0.01))) > 1e6 * ROUNDING


@pytest.mark.parametrize("name", NAMES)
def test_posterior_is_the_sum_over_assignments(name):
    for what, draws, _ in estimates(name):
        assert effective_draws(draws) >= FEWEST, what
    assert worst(findings()) == ""


@pytest.mark.parametrize("name", NAMES)
def test_responsibilities_and_log_density(name):
    """As users ask for them."""
    tree, exact = tree_of(name), enumerated(name)
    found = {what: (draws, wanted) for what, draws, wanted in estimates(name)}
    probability = bm.responsibilities(tree)["probability"].values[:, 0]
    for i, value in enumerate(probability):
        draws, wanted = found[f"membership of row {i}"]
        assert Estimate(float(value), mean_of(draws).error).errors_from(wanted) < ALLOWED
    x = np.unique(ROWS[name], axis=0)
    values = np.exp(bm.log_density(tree, x)["log_density"].values)
    for i, (value, wanted) in enumerate(zip(values, exact.predictive(x), strict=True)):
        error = float(az.mcse(found[f"probability of a new row {i}"][0], method="mean"))
        assert Estimate(float(value), error).errors_from(wanted) < ALLOWED
