"""The declared models: names, order, dims, starts, and their log density against SciPy in raw units."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from bayesmix import Gaussian
from bayesmix.priors import LKJ, Dirichlet, LogNormal, Normal, NormalInverseWishart
from bayesmix.pymc_model import declare
from tests.problems import problem_of

PYTHON = "FAST_COMPILE"
COVARIANCES = ("full", "tied", "diag", "spherical")
PRIORS = {
    "conjugate": {"weights": Dirichlet(2.0), "components": NormalInverseWishart(shrinkage=0.1)},
    "separated": {"weights": Dirichlet(2.0), "means": Normal(), "scales": LogNormal(), "correlations": LKJ(2.0)},
}


def make_rows(n_features, seed=0, n_rows=30):
    rng = np.random.default_rng(seed)
    units = np.array([1.0, 50.0, 0.02])[:n_features]
    return rng.normal(size=(n_rows, n_features)) @ np.triu(np.ones((n_features, n_features))) * units + 3 * units


def declare_for(X, covariance, prior, n_components, **options):
    problem = problem_of(X, Gaussian(covariance), n_components, PRIORS[prior])
    return declare(problem, **options), problem.priors


def random_point(model, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {
        value.name: np.shape(start)
        for value, start in zip(model.value_vars, model.initial_point().values(), strict=True)
    }
    return {name: rng.normal(size=shape) * 0.5 for name, shape in shapes.items()}


def constrained(model, point):
    wanted = [*model.free_RVs, *model.deterministics]
    graphs = model.replace_rvs_by_values(wanted)
    function = pm.compile(model.value_vars, graphs, mode=PYTHON, on_unused_input="ignore")
    values = function(*(point[value.name] for value in model.value_vars))
    return {variable.name: value for variable, value in zip(wanted, values, strict=True)}


def conjugate_log_prior(covariance, prior, found):
    means, mean = found["means"], np.asarray(prior.mean)
    if "covariances" in found:
        matrices = found["covariances"].reshape(-1, mean.size, mean.size)
        total = sum(stats.invwishart(prior.dof, np.asarray(prior.scale)).logpdf(matrix) for matrix in matrices)
    else:
        law = stats.invgamma(prior.dof / 2, scale=np.asarray(prior.scale) / 2)
        total = law.logpdf(found["variances"]).sum()
    spreads = Gaussian(covariance).covariance_matrices(found)
    return total + sum(
        stats.multivariate_normal(mean, spread / prior.shrinkage).logpdf(one)
        for one, spread in zip(means, spreads, strict=True)
    )


def separated_log_prior(priors, found):
    of_means, of_scales = priors.parts["means"], priors.parts["scales"]
    total = stats.norm(np.asarray(of_means.mean), np.asarray(of_means.sd)).logpdf(found["means"]).sum()
    median = np.exp(np.asarray(of_scales.log_mean))
    total += stats.lognorm(of_scales.log_sd, scale=median).logpdf(found["scales"]).sum()
    if "correlations" in found:
        total += np.sum(priors.parts["correlations"].log_density(found["correlations"]))
    return total


@pytest.mark.parametrize(("n_features", "n_components"), [(1, 2), (3, 1), (2, 3)])
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_log_density_in_raw_units(covariance, prior, n_features, n_components):
    X = make_rows(n_features)
    model, priors = declare_for(X, covariance, prior, n_components)
    point = random_point(model)
    found = constrained(model, point)
    expected = Gaussian(covariance).log_mixture(found["weights"], found, X).sum()
    if n_components > 1:
        expected += stats.dirichlet(np.full(n_components, 2.0)).logpdf(found["weights"])
    if prior == "conjugate":
        expected += conjugate_log_prior(covariance, priors.parts["components"], found)
    else:
        expected += separated_log_prior(priors, found)
    ours = model.compile_logp(jacobian=False, mode=PYTHON)(point)
    assert ours == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_units_do_not_matter(covariance, prior):
    """At the same q the density changes by the Jacobian of the data alone: prior and transforms have no units."""
    X = make_rows(2)
    factor, shift = (1e6, 7.0) if covariance == "spherical" else (np.array([1e6, 1e-6]), np.array([5.0, -1.0]))
    here, _ = declare_for(X, covariance, prior, 2)
    there, _ = declare_for(X * factor + shift * factor * X.std(axis=0), covariance, prior, 2)
    point = random_point(here)
    before = here.compile_logp(mode=PYTHON)(point)
    after = there.compile_logp(mode=PYTHON)(point)
    log_factor = np.log(np.broadcast_to(factor, 2)).sum()
    assert after == pytest.approx(before - len(X) * log_factor, rel=1e-9)


FREE = {
    ("full", "conjugate"): ["weights", "covariances", "means"],
    ("tied", "conjugate"): ["weights", "covariances", "means"],
    ("diag", "conjugate"): ["weights", "variances", "means"],
    ("spherical", "conjugate"): ["weights", "variances", "means"],
    ("full", "separated"): ["weights", "means", "scales", "correlations"],
    ("tied", "separated"): ["weights", "means", "scales", "correlations"],
    ("diag", "separated"): ["weights", "means", "scales"],
    ("spherical", "separated"): ["weights", "means", "scales"],
}


@pytest.mark.parametrize(("covariance", "prior"), FREE)
def test_names_order_and_dims(covariance, prior):
    model, _ = declare_for(make_rows(2), covariance, prior, 3)
    assert [variable.name for variable in model.free_RVs] == FREE[covariance, prior]
    leading = () if covariance == "tied" else ("component",)
    matrix, scales = (*leading, "feature", "feature_bis"), (*leading, "feature")
    expected = {
        "weights": ("component",),
        "means": ("component", "feature"),
        "covariances": matrix,
        "correlations": matrix,
        "variances": ("component",) if covariance == "spherical" else scales,
        "scales": ("component",) if covariance == "spherical" else scales,
    }
    for name, dims in model.named_vars_to_dims.items():
        assert dims == expected.get(name, ("obs", "feature"))
    assert {"scales", "x"} <= set(model.named_vars)
    assert model.coords["feature"] == ("x0", "x1")
    assert len(model.coords["obs"]) == 30


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_one_component_and_one_feature(covariance):
    model, _ = declare_for(make_rows(1), covariance, "separated", 1)
    assert [variable.name for variable in model.free_RVs] == ["means", "scales"]
    assert constrained(model, random_point(model))["weights"] == [1.0]


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_samplers_start_where_told(covariance, prior):
    rng = np.random.default_rng(3)
    X = make_rows(2)
    deviations = X.std(axis=0) * rng.uniform(0.5, 1.0, size=(2, 2))
    matrices = deviations[:, :, None] * deviations[:, None, :] * np.array([[1.0, 0.3], [0.3, 1.0]])
    start = {
        "weights": np.array([0.7, 0.3]),
        "means": X[:2],
        "covariances": matrices[0] if covariance == "tied" else matrices,
    }
    if covariance in ("diag", "spherical"):
        start["variances"] = deviations[:, 0] ** 2 if covariance == "spherical" else deviations**2
        del start["covariances"]
    model, _ = declare_for(X, covariance, prior, 2, start=start)
    found = constrained(model, model.initial_point(random_seed=1))
    for name, value in start.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-9)


def test_minibatch_is_unbiased():
    X = make_rows(2, n_rows=60)
    model, _ = declare_for(X, "diag", "conjugate", 2)
    batched, _ = declare_for(X, "diag", "conjugate", 2, minibatch_size=10)
    whole = model.compile_logp(mode=PYTHON)(model.initial_point())
    part = batched.compile_logp(mode=PYTHON)
    point = batched.initial_point()
    draws = np.array([part(point) for _ in range(400)])
    assert abs(draws.mean() - whole) < 5 * draws.std() / np.sqrt(draws.size)
    assert draws.std() > 0
