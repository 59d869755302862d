"""A covariance structure that the house does not have is one class: estimates, both densities and the model follow."""

import numpy as np
import pytest
from scipy import stats

import bayesmix as bm
from bayesmix.families.gaussian.covariance import STRUCTURES
from bayesmix.families.gaussian.covariance.uncorrelated import Uncorrelated
from bayesmix.families.parts import ParameterSpec
from bayesmix.pymc_model.density import PyMCDensity
from tests.problems import problem_of

X = bm.datasets.load_faithful()
NEW = "shared-axes"


class SharedAxes(Uncorrelated):
    """One variance for each feature, common to all components."""

    name = NEW
    code = "new"
    words = "which share one size and lie along the axes"
    parameter = ParameterSpec("variances", ("feature",), "positive", "root")


@pytest.fixture
def family(monkeypatch):
    monkeypatch.setitem(STRUCTURES, NEW, SharedAxes())
    return bm.Gaussian(NEW)


def log_posterior(priors, named):
    """By SciPy, in the units of the data."""
    prior, weights, means, variances = (
        priors.parts["components"],
        *(named[n] for n in ("weights", "means", "variances")),
    )
    parts = [w * stats.multivariate_normal(m, np.diag(variances)).pdf(X) for w, m in zip(weights, means, strict=True)]
    of_variances = stats.invgamma(prior.dof / 2, scale=np.asarray(prior.scale) / 2).logpdf(variances)
    of_means = stats.norm(np.asarray(prior.mean), np.sqrt(variances / prior.shrinkage)).logpdf(means)
    of_weights = stats.dirichlet(np.ones(2)).logpdf(weights)
    return np.log(np.sum(parts, axis=0)).sum() + of_variances.sum() + of_means.sum() + of_weights


@pytest.mark.parametrize("by", ["closed form", "PyMC"])
def test_the_density_is_scipys(family, by):
    problem = problem_of(X, family, 2)
    if by == "PyMC":  # FAST_COMPILE compiles nothing but the pass
        density = PyMCDensity(bm.Mixture(2, family).build_model(X), mode="FAST_COMPILE")
    else:
        density = problem.closed_form()
    rng = np.random.default_rng(0)
    for q in 0.5 * rng.normal(size=(3, density.size)):
        value, gradient = density.map_logp_grad(q)
        assert value == pytest.approx(log_posterior(problem.priors, density.constrain(q)), rel=1e-10)
        direction = rng.normal(size=q.size)
        ends = [log_posterior(problem.priors, density.constrain(q + step * direction)) for step in (-1e-5, 1e-5)]
        assert gradient @ direction == pytest.approx((ends[1] - ends[0]) / 2e-5, rel=1e-6)


def test_em_ends_at_the_top_of_the_density(family):
    problem = problem_of(X, family, 2)
    density = problem.closed_form()
    em = bm.Mixture(2, family).fit_em(X, tol=1e-15, max_iter=20_000, random_seed=0)
    assert em.converged
    q = density.unconstrain({"weights": em.weights, **em.params})
    value, slope = density.map_logp_grad(q)
    assert value == pytest.approx(em.objective, rel=1e-11)
    assert np.max(np.abs(slope)) < 1e-3


def test_draws_and_a_report(family, tmp_path):
    tree = bm.Mixture(2, family).fit_laplace(X, draws=200, random_seed=0)
    assert tree["posterior"]["variances"].dims == ("chain", "draw", "feature")
    bm.report(tree, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 0
