"""The density of rows with missing cells: its value by the marginals, its gradient by differences, PyMC's own view."""

import numpy as np
import pymc as pm
import pytest

import bayesmix as bm
from bayesmix.engines.begin import density_of
from tests.central_differences import gradient
from tests.engines.em.test_missing import DISCRETE, clouds, of_kind, with_gaps

SEPARATED = {"means": bm.priors.Normal(), "scales": bm.priors.LogNormal()}
CASES = [
    *((bm.Gaussian(covariance), None) for covariance in ("full", "tied", "diag", "spherical", "EEI", "VEV")),
    *((bm.Gaussian(covariance), {**SEPARATED, "correlations": bm.priors.LKJ(2)}) for covariance in ("full", "tied")),
    *((bm.Gaussian(covariance), SEPARATED) for covariance in ("diag", "spherical")),
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


def test_gibbs_sampling_and_nuts_agree():
    """Means over draws within five Monte Carlo errors of both sides; the groups lie apart, so that labels are told."""
    import arviz as az

    rows = with_gaps(clouds((40, 30), 2), 0.25, seed=5)
    mixture = bm.Mixture(2, bm.Gaussian("diag"))
    by_gibbs = mixture.fit_gibbs(rows, draws=600, thin=5, chains=2, random_seed=1, progressbar=False)
    by_nuts = mixture.fit_nuts(rows, draws=600, chains=2, random_seed=1, progressbar=False)

    def values(tree):
        posterior = tree["posterior"].to_dataset()
        yield posterior["weights"].values[..., 0]
        yield tree["log_likelihood"]["x"].values.sum(axis=-1)
        for j, k in np.ndindex(2, 2):
            yield posterior["means"].values[..., j, k]
            yield np.log(posterior["scales"].values[..., j, k])

    for one, other in zip(values(by_gibbs), values(by_nuts), strict=True):
        error = np.hypot(*(np.std(draws) / np.sqrt(float(az.ess(draws))) for draws in (one, other)))
        assert abs(one.mean() - other.mean()) < 5 * error


def test_gibbs_sampling_of_correlated_columns_refuses_gaps():
    with pytest.raises(ValueError, match="not summed out by Gibbs sampling of these components"):
        bm.Mixture(2).fit_gibbs(with_gaps(clouds()), random_seed=1, progressbar=False)
