"""A covariance structure that the closed form does not know: refused, or taken from its PyMC declaration."""

import numpy as np
import pytest
from bayesmix.density.from_pymc import PyMCDensity
from bayesmix.families.covariance import STRUCTURES, Diagonal
from scipy import stats

import bayesmix as bm
from bayesmix.data import read_rows
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.passes import axis
from bayesmix.pymc_model import gaussian, op, score, variables, written_out
from docs import pages

X = bm.datasets.load_faithful()
NEW = "tied-diag"


@pytest.fixture
def mixture(monkeypatch):
    """Of the structure that the page on adding a family writes: one variance a feature, common to all components."""
    code = next(block["code"] for block in pages.BLOCK.finditer(pages.source("add-a-family")))
    page = {"__name__": "page"}
    exec(code, page)
    monkeypatch.setitem(STRUCTURES, NEW, page["TiedDiagonal"]())
    return bm.Mixture(2, bm.Gaussian(NEW)).resolve_priors(X)


@pytest.mark.parametrize("fit", ["fit_nuts", "fit_advi", "fit_laplace", "build_model"])
def test_without_a_declaration_it_is_refused(mixture, fit):
    assert mixture.fit_em(X, n_init=1, random_seed=0).converged
    with pytest.raises(NotImplementedError, match="structure 'tied-diag' has no PyMC declaration"):
        getattr(mixture, fit)(X)


def test_a_likelihood_of_it_is_refused(mixture):
    params = {"means": np.zeros((2, 2)), "variances": np.ones(2)}
    with pytest.raises(NotImplementedError, match="structure 'tied-diag' has no PyMC declaration"):
        bm.MixtureLikelihood.dist(np.ones(2) / 2, mixture.family, params)


def test_the_closed_form_refuses_it(mixture):
    with pytest.raises(TypeError, match="gaussian-tied-diag has no closed form"):
        ClosedFormDensity(read_rows(X), mixture.family, mixture.priors, 2)


def test_what_is_made_of_a_known_structure_is_new_too(monkeypatch):
    monkeypatch.setitem(STRUCTURES, NEW, type("Mine", (Diagonal,), {"name": NEW})())
    priors = bm.Mixture(2).resolve_priors(X).priors
    assert not ClosedFormDensity.covers(bm.Gaussian(NEW), priors)
    assert ClosedFormDensity.covers(bm.Gaussian("diag"), priors)


@pytest.fixture
def declared(mixture, monkeypatch):
    """What the page lists as its second face."""

    @score.compiled
    def standard_form(factor, diagonals):
        diagonals[:] = factor
        return 1.0 / diagonals

    class TiedDiagonalRV(gaussian.DiagMixtureRV):
        name = "gaussian_tied_diag_mixture"
        extended_signature = "[rng],[size],(k),(k,d),(d)->[rng],(d)"
        covariance = NEW

    class TiedDiagonalMixture(gaussian.GaussianMixture):
        rv_type = TiedDiagonalRV
        rv_op = TiedDiagonalRV.rv_op

    class TiedDiagonal(variables.Diag):
        dims = ("feature",)

    monkeypatch.setitem(op.FACTOR_SIGNATURE, NEW, "(d)")
    monkeypatch.setitem(score.ROW_FUNCTIONS, NEW, score._make_row_function(standard_form, axis))
    monkeypatch.setitem(score.SUM_FUNCTIONS, NEW, score._make_sum_function(standard_form, axis, score.tied_slope))
    monkeypatch.setitem(
        written_out.WHITEN, NEW, lambda centred, factor: (centred / factor[:, None], np.log(factor).sum())
    )
    monkeypatch.setitem(gaussian.GAUSSIAN_MIXTURES, NEW, TiedDiagonalMixture)
    monkeypatch.setitem(variables.COVARIANCES, NEW, TiedDiagonal())
    return mixture


def log_posterior(mixture, named):
    """By SciPy, in the units of the data."""
    prior, weights, means, variances = mixture.priors.components, *(named[n] for n in ("weights", "means", "variances"))
    parts = [w * stats.multivariate_normal(m, np.diag(variances)).pdf(X) for w, m in zip(weights, means, strict=True)]
    of_variances = stats.invgamma(prior.dof / 2, scale=np.asarray(prior.scale) / 2).logpdf(variances)
    of_means = stats.norm(np.asarray(prior.mean), np.sqrt(variances / prior.shrinkage)).logpdf(means)
    of_weights = stats.dirichlet(np.ones(2)).logpdf(weights)
    return np.log(np.sum(parts, axis=0)).sum() + of_variances.sum() + of_means.sum() + of_weights


def test_with_a_declaration_the_density_comes_from_pymc(declared):
    density = declared._density(read_rows(X))
    assert isinstance(density, PyMCDensity)
    density.mode = "FAST_COMPILE"  # compiles nothing but the pass
    rng = np.random.default_rng(0)
    for q in 0.5 * rng.normal(size=(3, density.size)):
        value, gradient = density.map_logp_grad(q)
        assert value == pytest.approx(log_posterior(declared, density.constrain(q)), rel=1e-10)
        direction = rng.normal(size=q.size)
        ends = [log_posterior(declared, density.constrain(q + step * direction)) for step in (-1e-5, 1e-5)]
        assert gradient @ direction == pytest.approx((ends[1] - ends[0]) / 2e-5, rel=1e-6)
