"""Mixed columns with missing cells: each part sums out its own."""

import functools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logsumexp

import bayesmix as bm
from bayesmix.engines.begin import density_of
from tests.central_differences import gradient
from tests.monte_carlo import ALLOWED, mean_of

FAMILY = bm.Product({("a", "b"): bm.Gaussian(), "w": bm.Gaussian("diag"), "n": bm.Poisson(), "s": bm.Categorical()})
MIXTURE = bm.Mixture(2, FAMILY)


@functools.cache
def table(n_rows=120):
    """Two groups; a fifth of the cells is missing, none in column w, and in row 0 all of the first block."""
    rng = np.random.default_rng(3)
    second = rng.random(n_rows) < 0.45
    X = pd.DataFrame(
        {
            "a": rng.normal(np.where(second, 2.5, 0), 1),
            "b": rng.normal(np.where(second, -1, 1), 1),
            "n": rng.poisson(np.where(second, 8, 2)).astype(float),
            "s": np.where(rng.random(n_rows) < np.where(second, 0.9, 0.3), "yes", "no"),
            "w": rng.random(n_rows),
        }
    )
    gone = rng.random(X.shape) < 0.2
    gone[0] = [True, True, False, False, False]
    gone[:, 4] = False
    return X.mask(gone)


def by_scipy(X, weights, params):
    """Log-likelihood: of every row the parts whose cells are there."""
    total = 0.0
    for row in X.to_dict("records"):
        joint = np.log(weights)
        both = np.array([row["a"], row["b"]])
        seen = ~np.isnan(both)
        for k in range(len(weights)):
            if seen.any():
                mean, matrix = params["gaussian_means"][k][seen], params["covariances"][k][np.ix_(seen, seen)]
                joint[k] += stats.multivariate_normal.logpdf(both[seen], mean, matrix)
            joint[k] += stats.norm.logpdf(row["w"], params["gaussian_2_means"][k, 0], params["variances"][k, 0] ** 0.5)
            if not np.isnan(row["n"]):
                joint[k] += stats.poisson.logpmf(row["n"], params["rates"][k, 0])
            if isinstance(row["s"], str):
                joint[k] += np.log(params["probabilities"][k, ["no", "yes"].index(row["s"])])
        total += logsumexp(joint)
    return total


@pytest.mark.gate
def test_em_climbs_the_likelihood_of_the_cells_that_are_there():
    em = MIXTURE.fit_em(table(), random_seed=1, n_init=3)
    assert em.log_likelihood == pytest.approx(by_scipy(table(), em.weights, em.params), rel=1e-10)
    assert np.diff(em.history).min() >= -1e-9 * abs(em.history[-1])
    assert any(note.kind == "missing_cells" for note in em.notes)
    np.testing.assert_allclose(em.predict_proba(table()), em.responsibilities, atol=1e-9)


def test_density_has_the_gradient_of_its_value():
    problem, em = MIXTURE._problem(table()), MIXTURE.fit_em(table(), random_seed=1, n_init=1)
    density, rng = density_of(problem), np.random.default_rng(0)
    middle = density.unconstrain({"weights": em.weights, **problem.family.complete(em.params)})
    q = middle + 0.2 * rng.normal(size=density.size)
    wanted = gradient(lambda moved: density.logp_grad(moved)[0], q, step=3e-5)
    slope = density.logp_grad(q)[1]
    np.testing.assert_allclose(slope, wanted, rtol=1e-6, atol=1e-7 * abs(slope).max())
    # where nothing is missing in one more place, the difference is that of the likelihoods
    named = density.constrain(q)
    more = table().copy()
    more.loc[5, "n"] = np.nan if not np.isnan(more.loc[5, "n"]) else 3.0
    resolved = MIXTURE.resolve_priors(table())
    other = density_of(resolved._problem(more))
    there = other.unconstrain({**named, **problem.family.complete(named)})
    change = other.map_logp_grad(there)[0] - density.map_logp_grad(q)[0]
    wanted = by_scipy(more, named["weights"], named) - by_scipy(table(), named["weights"], named)
    assert change == pytest.approx(wanted, abs=1e-8)


@pytest.fixture(scope="module")
def by_nuts():
    return MIXTURE.fit_nuts(table(), draws=800, random_seed=1, progressbar=False)


@pytest.mark.gate
def test_gibbs_sampling_and_nuts_agree(by_nuts):
    by_gibbs = MIXTURE.fit_gibbs(table(), draws=500, chains=2, max_sweeps=5000, random_seed=1, progressbar=False)
    for name, draws in by_gibbs["posterior"].data_vars.items():
        pairs = [
            np.moveaxis(one.reshape(*one.shape[:2], -1), -1, 0)
            for one in (draws.values, by_nuts["posterior"][name].values)
        ]
        for one, other in zip(*pairs, strict=True):
            if one.std() > 1e-12:
                assert mean_of(one).errors_from(mean_of(other)) < ALLOWED


def test_views_and_imputation_take_it(by_nuts):
    tables = bm.impute(by_nuts, 3, random_seed=1)
    assert int(tables["missing"].sum()) == int(table().isna().sum().sum())
    assert not tables["x"].isnull().any()
    assert bm.responsibilities(by_nuts)["probability"].shape == (120, 2)
    assert np.isfinite(by_nuts["log_likelihood"]["x"].values).all()
