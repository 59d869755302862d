"""Student-t components: SciPy's densities, other people's optima, the limit of normal components, and rows far away."""

from decimal import Decimal, localcontext

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import digamma, gammaln, logsumexp, polygamma

import bayesmix as bm
from bayesmix.engines.begin import density_of
from bayesmix.families import family_from_name
from bayesmix.families.student_t.tails import log_front
from bayesmix.passes import reference as twin
from tests.problems import problem_of
from tests.reference.families import STUDENT_T, reference, rows_of

COVARIANCES = ("full", "tied", "diag", "spherical")
DOFS = ("component", "shared", 4.0)
FAMILIES = [bm.StudentT(covariance, dof=dof) for covariance in COVARIANCES for dof in DOFS]
DOF_OF = {"free": "component", "shared": "shared", "given": 4.0}


def some_parameters(family, n_components, n_features, rng):
    """Weights and named parameters."""
    half = rng.normal(size=(n_components, n_features, n_features)) + 2 * np.eye(n_features)
    matrices = half @ half.swapaxes(-1, -2)
    values = {
        "full": matrices,
        "tied": matrices[0],
        "diag": np.diagonal(matrices, axis1=1, axis2=2),
        "spherical": matrices[:, 0, 0],
    }[family.covariance]
    params = {"means": 3 * rng.normal(size=(n_components, n_features)), family.structure.parameter.name: values}
    shapes = family.shapes(n_components, n_features)
    if "dof" in shapes:
        params["dof"] = rng.uniform(0.7, 30, shapes["dof"])
    return rng.dirichlet(np.ones(n_components)), params


def dof_of(family, params, n_components):
    return np.broadcast_to(params.get("dof", family.dof), (n_components,)).astype(float)


@pytest.mark.parametrize("n_features", [1, 2, 5])
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_density_is_scipys(family, n_features):
    rng = np.random.default_rng(n_features)
    weights, params = some_parameters(family, 3, n_features, rng)
    X = 5 * rng.standard_t(2, size=(50, n_features))
    parts = zip(params["means"], family.covariance_matrices(params), dof_of(family, params, 3), strict=True)
    wanted = [stats.multivariate_t(mean, scale, df=nu).logpdf(X) for mean, scale, nu in parts]
    wanted = np.log(weights) + np.stack(wanted, axis=1)
    np.testing.assert_allclose(family.log_joint(weights, params, X), wanted, rtol=1e-12)
    np.testing.assert_allclose(family.log_mixture(weights, params, X), logsumexp(wanted, axis=1), rtol=1e-12)


@pytest.mark.parametrize("n_features", [1, 2, 4, 5, 7])
@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_the_pass_is_its_twin(covariance, n_features):
    rng = np.random.default_rng(n_features)
    family = bm.StudentT(covariance)
    form = family.forms(*some_parameters(family, 3, n_features, rng))
    X, row_weights = 5 * rng.standard_t(2, size=(900, n_features)), rng.uniform(size=900)
    found = family.statistics(form, family.columns(X), row_weights)
    wanted = twin.accumulate_with_tails(X, row_weights, *form)
    for one, other in zip((found.log_likelihood, found.counts, *found.sums), wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11 * np.abs(other).max())


@pytest.mark.parametrize("dof", [0.1, 0.5, 1.0, 3.3, 19.9, 20.1, 60.0])
@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 9])
def test_front_by_gamma_functions(n_features, dof):
    """``log Gamma(a + D/2) - log Gamma(a) - D/2 log a`` with ``a = nu / 2``, and its derivatives in nu."""
    a, half = dof / 2, n_features / 2
    wanted = [
        gammaln(a + half) - gammaln(a) - half * np.log(a),
        (digamma(a + half) - digamma(a) - half / a) / 2,
        (polygamma(1, a + half) - polygamma(1, a) + half / a**2) / 4,
    ]
    np.testing.assert_allclose(log_front(dof, n_features), wanted, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("dof", [0.1, 1.0, 9.7, 19.9, 20.1, 1e3, 1e6, 1e12])
def test_two_half_steps_are_one(dof):
    """``Gamma(a + 1) = a Gamma(a)``, to all digits however large a is: with the limit, this is all that there is."""
    a = dof / 2
    first, second = log_front(dof, 1), log_front(dof + 1, 1)
    wanted = [-np.log1p(0.5 / a) / 2, 1 / (8 * a * (a + 0.5)), -(2 * a + 0.5) / (16 * (a * (a + 0.5)) ** 2)]
    np.testing.assert_allclose(np.add(first, second), wanted, rtol=1e-11)
    assert -1 / (4 * dof) <= first[0] < 0


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        pytest.param(name, fit, id=f"{name}-{fit['scale']}-{fit['dof_is']}")
        for name in STUDENT_T
        for fit in reference("student_t")[name]
    ],
)
def test_maximum_likelihood_is_the_optimum_of_others(name, fit):
    family = bm.StudentT(fit["scale"], dof=DOF_OF[fit["dof_is"]])
    em = bm.Mixture(2, family).fit_em(rows_of(name), estimate="ml", random_seed=1, tol=1e-13, max_iter=20_000)
    assert em.converged
    assert em.log_likelihood == pytest.approx(fit["loglik"], abs=1e-6)
    assert em.bic == pytest.approx(fit["bic"], abs=1e-5)
    order = np.argsort(em.params["means"][:, 0])
    np.testing.assert_allclose(em.params["means"][order], fit["means"], rtol=1e-3, atol=1e-3)
    found = dof_of(family, em.params, 2)[order]
    for one, other in zip(found, fit["dof"], strict=True):
        assert one == 1e6 if other is None else one == pytest.approx(other, rel=1e-3)


@pytest.mark.parametrize("estimate", ["ml", "map"])
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_the_objective_never_falls(family, estimate):
    rng = np.random.default_rng(5)
    X = np.concatenate([rng.standard_t(1.5, size=(60, 3)), 4 + rng.normal(size=(60, 3))])
    for init in ("random", "k-means++"):
        em = bm.Mixture(3, family).fit_em(X, estimate=estimate, init=init, n_init=3, random_seed=2, tol=1e-12)
        assert np.diff(em.history).min() > -1e-9 * np.abs(em.history).max()


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_many_degrees_of_freedom_are_normal(covariance):
    rng = np.random.default_rng(2)
    weights, params = some_parameters(bm.StudentT(covariance, dof=1e12), 2, 3, rng)
    X = 5 * rng.normal(size=(40, 3))
    found = bm.StudentT(covariance, dof=1e12).log_joint(weights, params, X)
    np.testing.assert_allclose(found, bm.Gaussian(covariance).log_joint(weights, params, X), rtol=1e-8)


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_samples_are_at_the_distances_of_the_distribution(family):
    """``|y|^2 / D`` has an F distribution with D and nu degrees of freedom."""
    rng = np.random.default_rng(7)
    weights, params = some_parameters(family, 2, 3, rng)
    X, labels = family.sample(weights, params, 4000, rng)
    for k, (mean, scale) in enumerate(zip(params["means"], family.covariance_matrices(params), strict=True)):
        y = np.linalg.solve(np.linalg.cholesky(scale), (X[labels == k] - mean).T)
        nu = dof_of(family, params, 2)[k]
        assert stats.kstest((y**2).mean(axis=0), stats.f(3, nu).cdf).pvalue > 1e-3


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_a_name_says_all(family):
    assert family_from_name(str(family)) == family
    assert eval(family.code, {"bm": bm}) == family


def test_short_names():
    assert family_from_name("student-t") == bm.StudentT()
    assert family_from_name("student-t-dof2.5") == bm.StudentT(dof=2.5)
    with pytest.raises(ValueError, match="no family is called 'student-t-full-dofmany'"):
        family_from_name("student-t-full-dofmany")


@pytest.mark.parametrize("dof", ["all", 0, -1.0, float("inf"), float("nan"), True, [2.0, 3.0]])
def test_degrees_of_freedom_are_refused(dof):
    with pytest.raises(ValueError, match="dof must be 'component', 'shared' or a number above zero"):
        bm.StudentT(dof=dof)


FILLS = (1e17, 1e100, -1e154, 1e200, -1e300, 1.797e308)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_far_rows_are_shared_by_powers_of_the_distance(family):
    rng = np.random.default_rng(11)
    weights, params = some_parameters(family, 3, 2, rng)
    X = np.array([*([fill, 1.0] for fill in FILLS), *([fill, -fill / 2] for fill in FILLS)])
    nu, matrices = dof_of(family, params, 3), family.covariance_matrices(params)
    of_each = list(zip(weights, params["means"], matrices, nu, strict=True))
    wanted = [[exact_log_joint(*parts, row) for parts in of_each] for row in X]
    np.testing.assert_allclose(family.log_joint(weights, params, X), wanted, rtol=1e-12)
    np.testing.assert_allclose(family.log_mixture(weights, params, X), logsumexp(wanted, axis=1), rtol=1e-12)
    [(_, found)] = family.responsibilities_blocks(weights, params, X)
    shares = np.exp(np.array(wanted) - logsumexp(wanted, axis=1, keepdims=True))
    np.testing.assert_allclose(found[:, :, 0].T, shares, rtol=0, atol=1e-9)


def exact_log_joint(weight, mean, matrix, nu, row):
    """Of two features, the distance in decimals, which do not overflow."""
    front = np.log(weight) + gammaln(nu / 2 + 1) - gammaln(nu / 2) - np.log(nu * np.pi)
    with localcontext(prec=50):
        x, y = (Decimal(float(v)) - Decimal(float(m)) for v, m in zip(row, mean, strict=True))
        (a, b), (_, d) = ([Decimal(float(v)) for v in line] for line in matrix)
        determinant = a * d - b * b
        square = (d * x * x - 2 * b * x * y + a * y * y) / determinant
        log = (1 + square / Decimal(float(nu))).ln()
        return front - float(determinant.ln()) / 2 - (nu / 2 + 1) * float(log)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return rows_of("heavy-tails")


@pytest.fixture(scope="module")
def posterior(rows):
    return bm.Mixture(2, bm.StudentT()).fit_nuts(rows, draws=300, tune=300, chains=2, random_seed=1, progressbar=False)


def test_the_posterior_answers_every_question(posterior, rows, tmp_path):
    assert posterior.posterior["dof"].dims == ("chain", "draw", "component")
    dof = np.sort(posterior.posterior["dof"].median(("chain", "draw")))
    assert dof[0] < 4 < dof[1]  # drawn with 3 and 30
    assert bm.loo(posterior).elpd > bm.loo(bm.Mixture(2).fit_laplace(rows, random_seed=1)).elpd
    bm.save(posterior, tmp_path / "fit.nc")
    loaded = bm.load(tmp_path / "fit.nc")
    near, far = [4.0, 3.0], [1e100, 1e100]
    probability = bm.responsibilities(loaded, np.array([near, far]))["probability"]
    assert np.isfinite(probability).all()
    heaviest = int(posterior.posterior["dof"].mean(("chain", "draw")).argmin())
    assert float(probability[1, heaviest]) > 0.99
    assert bm.sample_predictive(loaded, n=7, random_seed=1).predictions["x"].shape == (7, 2)
    bm.report(loaded, tmp_path / "report.html")
    assert "Degrees of freedom" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("dof", DOFS)
def test_laplace_and_advi_agree_with_the_mode(rows, dof):
    mixture = bm.Mixture(2, bm.StudentT("diag", dof=dof))
    centres = np.sort(mixture.fit_em(rows, random_seed=1).params["means"], axis=0)
    for tree in (
        mixture.fit_laplace(rows, random_seed=1),
        mixture.fit_advi(rows, random_seed=1, progressbar=False),
    ):
        found = np.sort(tree.posterior["means"].mean(("chain", "draw")), axis=0)
        np.testing.assert_allclose(found, centres, atol=0.1)


def test_compared_with_normal_components(rows):
    families = [bm.Gaussian("full"), bm.StudentT("full")]
    comparison = bm.compare(rows, [2], families=families, method="laplace", random_seed=1, progressbar=False)
    assert comparison.best("loo").mixture.family == bm.StudentT("full")


@pytest.mark.gate
@pytest.mark.parametrize("dof", DOFS)
def test_a_foreign_prior_climbs_by_its_own_way(rows, dof):
    """Where the degrees of freedom have a prior that only PyMC knows, the posterior mode is found without M-steps."""
    import pymc as pm

    family = bm.StudentT("spherical", dof=dof)
    if family.given_dof:
        with pytest.raises(ValueError, match="no part named 'dof'"):
            bm.Mixture(2, family, priors={"dof": bm.priors.Gamma(2.0, 0.1)})
        return
    foreign = bm.Mixture(2, family, priors={"dof": pm.Gamma.dist(2.0, 0.1)}).fit_em(rows, random_seed=1)
    own = bm.Mixture(2, family).fit_em(rows, random_seed=1)
    assert foreign.history[-1] == pytest.approx(own.history[-1], abs=1e-3)


@pytest.mark.parametrize("shape", [(2, 3), (1, 2), (2, 1)])
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_the_compiled_density_is_likelihood_and_prior(family, shape):
    n_features, n_components = shape
    rng = np.random.default_rng(3)
    X = rng.standard_t(4, size=(60, n_features)) * [1.0, 30.0][:n_features]
    problem = problem_of(X, family, n_components)
    density = density_of(problem)
    q = 0.4 * rng.normal(size=density.size)
    value, slope = density.map_logp_grad(q)
    named = density.constrain(q)
    terms = family.log_prior_terms(problem.priors, named)
    of_weights = problem.priors.weights.log_density(named["weights"]) if n_components > 1 else 0.0
    wanted = family.log_mixture(named["weights"], named, X).sum() + sum(terms.values()) + of_weights
    assert value == pytest.approx(wanted, rel=1e-12)
    steps = 1e-5 * np.eye(density.size)
    differences = [density.map_logp_grad(q + step)[0] - density.map_logp_grad(q - step)[0] for step in steps]
    np.testing.assert_allclose(slope, np.array(differences) / 2e-5, rtol=0, atol=1e-7 * np.abs(slope).max())
