"""The density of rows with missing cells: its value by the marginals, its gradient by differences, PyMC's own view."""

import numpy as np
import pymc as pm
import pytest
from scipy.special import logsumexp

import bayesmix as bm
from bayesmix.engines.begin import density_of
from bayesmix.pymc_model.density import PyMCDensity
from tests.central_differences import gradient
from tests.engines.em.test_missing import DISCRETE, clouds, of_kind, with_gaps
from tests.monte_carlo import ALLOWED, mean_of

SEPARATED = {"means": bm.priors.Normal(), "scales": bm.priors.LogNormal()}
CASES = [
    *((bm.Gaussian(covariance), None) for covariance in ("full", "tied", "diag", "spherical", "EEI", "VEV")),
    *((bm.Gaussian(covariance), {**SEPARATED, "correlations": bm.priors.LKJ(2)}) for covariance in ("full", "tied")),
    *((bm.Gaussian(covariance), SEPARATED) for covariance in ("diag", "spherical")),
    *((bm.StudentT(covariance), None) for covariance in ("full", "tied", "diag", "spherical")),
    (bm.StudentT("full", dof="shared"), None),
    (bm.StudentT("diag", dof=4.0), None),
    *((family, None) for family in DISCRETE),
]


@pytest.mark.parametrize(("family", "priors"), CASES, ids=lambda one: str(one) if one is not None else "default")
def test_value_and_gradient(family, priors):
    whole = (of_kind(DISCRETE[family]) if family in DISCRETE else clouds())[100:250]
    rows = with_gaps(whole, 0.2)
    mixture = bm.Mixture(2, family, priors=priors)
    problem = mixture._problem(rows)
    density, rng = density_of(problem), np.random.default_rng(1)
    complete = density_of(mixture.resolve_priors(rows)._problem(whole))
    for _ in range(2):
        q = 0.3 * rng.normal(size=density.size)
        value, slope = density.logp_grad(q)
        wanted = gradient(lambda moved: density.logp_grad(moved)[0], q, step=3e-5)
        np.testing.assert_allclose(slope, wanted, rtol=1e-6, atol=1e-7 * abs(slope).max() + 1e-9 * abs(value))
        # what is not likelihood is the prior's: that of the complete rows under the same resolved prior
        named = density.constrain(q)
        likelihoods = [
            problem.family.log_mixture(named["weights"], named, one).sum()
            for one in (problem.rows.values, mixture._problem(whole).rows.values)
        ]
        there = complete.unconstrain({**named, **problem.family.complete(named)})
        of_prior = density.map_logp_grad(q)[0] - likelihoods[0]
        assert of_prior == pytest.approx(complete.map_logp_grad(there)[0] - likelihoods[1], abs=1e-8 * abs(value))


def test_the_likelihood_is_that_of_cells_that_pymc_keeps_of_a_masked_array():
    """One group of independent columns, of which PyMC leaves masked cells to variables of their own."""
    rows = with_gaps(clouds()[:40], 0.3)
    means, sds = np.array([0.5, -0.3, 1.0]), np.array([1.2, 0.8, 2.0])
    with pytest.warns(UserWarning, match="imput"), pm.Model() as model:
        pm.Normal("x", means, sds, observed=np.ma.masked_invalid(rows))
    wanted = model.compile_logp(vars=[model["x_observed"]])(model.initial_point())
    params = {"means": means[None], "variances": sds[None] ** 2}
    found = bm.Gaussian("diag").log_mixture(np.ones(1), params, rows).sum()
    assert found == pytest.approx(float(wanted), rel=1e-12)


def test_nuts_draws_from_it_and_leave_one_out_is_of_the_seen_cells():
    rows = with_gaps(clouds(), 0.2)
    tree = bm.Mixture(2, bm.Gaussian("diag")).fit_nuts(rows, draws=150, chains=2, random_seed=1, progressbar=False)
    assert int(tree["sample_stats"]["diverging"].sum()) == 0
    stored = tree["log_likelihood"]["x"].values
    weights, params = (
        tree["posterior"]["weights"].values,
        {n: tree["posterior"][n].values for n in ("means", "variances")},
    )
    np.testing.assert_allclose(stored, bm.Gaussian("diag").log_mixture(weights, params, rows), rtol=1e-9)
    np.testing.assert_array_equal(np.isnan(tree["observed_data"]["x"].values), np.isnan(rows))
    blocks = list(bm.tree.log_likelihood_blocks(tree.filter(lambda node: node.name != "log_likelihood")))
    np.testing.assert_allclose(np.concatenate([block for _, block in blocks], axis=-1), stored, rtol=1e-9)


SEPARATED_FULL = {**SEPARATED, "correlations": bm.priors.LKJ(2)}
SAMPLED = {
    "full": (bm.Gaussian("full"), None),
    "tied": (bm.Gaussian("tied"), None),
    "diag": (bm.Gaussian("diag"), None),
    "full, separated": (bm.Gaussian("full"), SEPARATED_FULL),
    "diag, separated": (bm.Gaussian("diag"), SEPARATED),
    "student full": (bm.StudentT("full"), None),
    "student tied": (bm.StudentT("tied", dof="shared"), None),
    "student diag": (bm.StudentT("diag"), None),
    "categorical": (bm.Categorical(), None),
}
ALWAYS = ("full", "categorical")  # each compiles a sampler of its own
SLOW = [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.slow) for name in SAMPLED]


def told_apart(tree):
    """Draws of every free number, scales in logarithms, and the log-likelihood; the groups lie apart."""
    posterior = tree["posterior"].to_dataset()
    for name, draws in posterior.data_vars.items():
        values = np.log(draws.values) if name in ("scales", "dof") else draws.values
        for one in np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0):
            if one.std() > 1e-12:
                yield mean_of(one)
    yield mean_of(tree["log_likelihood"]["x"].values.sum(axis=-1))


@pytest.mark.gate
@pytest.mark.parametrize("name", SLOW)
def test_gibbs_sampling_and_nuts_agree(name):
    family, priors = SAMPLED[name]
    rows = of_kind(DISCRETE[family])[100:220] if family in DISCRETE else clouds((40, 30), 3)
    mixture, more = bm.Mixture(2, family, priors=priors), {"random_seed": 1, "progressbar": False}
    rows = with_gaps(rows, 0.25, seed=5)
    by_gibbs = mixture.fit_gibbs(rows, draws=1000, max_sweeps=20_000, **more)
    by_nuts = mixture.fit_nuts(rows, draws=1000, **more)
    pairs = list(zip(told_apart(by_gibbs), told_apart(by_nuts), strict=True))
    assert max(one.errors_from(other) for one, other in pairs) < ALLOWED


@pytest.mark.gate
def test_the_likelihood_of_two_groups_is_pymcs_with_its_masked_cells_integrated_out():
    """PyMC makes a variable of each masked cell: the density of these two, summed over a fine grid."""
    rows = np.array([[0.3, 1.2], [np.nan, 0.5], [2.0, -1.0], [1.1, np.nan]])
    weights, means = np.array([0.3, 0.7]), np.array([[0.0, 1], [2, -1]])
    covariances = np.array([[[1.0, 0.5], [0.5, 2]], [[0.8, -0.3], [-0.3, 0.6]]])
    each = [pm.MvNormal.dist(*one) for one in zip(means, covariances, strict=True)]
    with pytest.warns(UserWarning, match="imput"), pm.Model() as theirs:
        pm.Mixture("x", weights, comp_dists=each, observed=np.ma.masked_invalid(rows))
    log_density, grid = theirs.compile_logp(), np.linspace(-10, 10, 101)
    heights = [[float(log_density({"x_unobserved": np.array([a, b])})) for b in grid] for a in grid]
    wanted = logsumexp(heights) + 2 * np.log(grid[1] - grid[0])
    params = {"means": means, "covariances": covariances}
    with pm.Model() as ours:
        bm.MixtureLikelihood("x", weights, "full", params, observed=np.ma.masked_invalid(rows))
    assert not ours.free_RVs
    assert float(ours.compile_logp()({})) == pytest.approx(wanted, abs=1e-8)
    assert bm.Gaussian("full").log_mixture(weights, params, rows).sum() == pytest.approx(wanted, abs=1e-8)


@pytest.mark.gate
@pytest.mark.parametrize("family", [bm.Gaussian("full"), bm.StudentT("diag"), bm.Poisson()], ids=str)
def test_the_model_of_pymc_has_the_same_density(family):
    rows = with_gaps(of_kind("count")[100:200] if family == bm.Poisson() else clouds((40, 30), 3), 0.25, seed=5)
    mixture = bm.Mixture(2, family)
    problem, model = mixture._problem(rows), mixture.build_model(rows)
    closed, other = density_of(problem), PyMCDensity(model)
    assert [variable.name for variable in model.observed_RVs] == ["x"]
    em, rng = mixture.fit_em(rows, random_seed=1), np.random.default_rng(0)
    middle = closed.unconstrain({"weights": em.weights, **problem.family.complete(em.params)})
    for _ in range(2):
        named = closed.constrain(middle + 0.1 * rng.normal(size=closed.size))
        named = {**named, **problem.family.complete(named)}
        there = other.start(named)
        value, slope = other.map_logp_grad(there)
        assert value == pytest.approx(closed.map_logp_grad(closed.unconstrain(named))[0], rel=1e-9)
        wanted = gradient(lambda moved: other.map_logp_grad(moved)[0], there, step=1e-5)
        np.testing.assert_allclose(slope, wanted, rtol=1e-5, atol=1e-6 * abs(slope).max())
