"""A prior that brings an unknown of its own: every way of fitting takes it."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest

import bayesmix as bm
from tests.monte_carlo import ALLOWED, FEWEST, effective_draws, mean_of, sd_of

X = bm.datasets.load_galaxies()
SPREAD = 0.3  # of the log scales around their common median


class Hierarchical:
    """Scales around a common median, which is unknown."""

    def create_variable(self, name):
        median = pm.LogNormal(f"{name}_median", mu=0.0, sigma=1.0)
        return pm.LogNormal(name, mu=pm.math.log(median), sigma=SPREAD, dims="component")


@pytest.fixture(scope="module")
def mixture():
    return bm.Mixture(3, bm.Gaussian("spherical"), priors={"scales": Hierarchical()})


def best_median(scales):
    """Where ``-sum (log s_k - t)^2 / 2 SPREAD^2 - t^2 / 2 - t`` is highest, for ``t`` the log of the median."""
    precision = 1 / SPREAD**2
    return np.exp((precision * np.log(scales).sum() - 1) / (precision * scales.size + 1))


def point_of(model, named):
    """PyMC's value variables."""
    point = {}
    for rv in model.free_RVs:
        transform, value = model.rvs_to_transforms[rv], pt.as_tensor(named[rv.name])
        moved = (value if transform is None else transform.forward(value, *rv.owner.inputs)).eval()
        point[model.rvs_to_values[rv].name] = moved
    return point


def test_em_is_highest_over_the_unknown_too(mixture):
    em, model = mixture.fit_em(X, random_seed=1), mixture.build_model(X)
    assert em.converged
    scales = np.sqrt(em.params["variances"])
    named = {"weights": em.weights, "means": em.params["means"], "scales": scales, "scales_median": best_median(scales)}
    log_posterior = model.compile_logp(jacobian=False, mode="FAST_COMPILE")
    assert log_posterior(point_of(model, named)) == pytest.approx(em.objective, abs=1e-5)


@pytest.mark.gate
def test_draws_agree_with_those_of_pymc(mixture):
    ours = mixture.fit_nuts(X, draws=2000, random_seed=1, progressbar=False).posterior
    with mixture.build_model(X):
        theirs = pm.sample(2000, tune=1000, chains=4, cores=1, random_seed=2, progressbar=False).posterior
    for name, of in {"median": "scales_median", "largest": "scales", "smallest": "scales"}.items():
        both = []
        for posterior in (ours, theirs):
            draws = np.log(posterior[of])
            over = [dim for dim in draws.dims if dim == "component"]
            draws = (draws.min if name == "smallest" else draws.max)(over).to_numpy()
            assert effective_draws(draws) > FEWEST
            both.append((mean_of(draws), sd_of(draws)))
        for mine, other in zip(*both, strict=True):
            assert mine.errors_from(other) < ALLOWED, name
