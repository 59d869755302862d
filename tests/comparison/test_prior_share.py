import numpy as np
import pytest

from bayesmix import Gaussian
from bayesmix.comparison.notes import of_estimates
from bayesmix.datasets import load_faithful
from bayesmix.mixture import Mixture
from bayesmix.priors import LKJ
from tests.simulated_trees import COVARIANCES


def by_hand(em) -> np.ndarray:
    """The formulas of the joint modes, with the scatter of the rows left out above the line."""
    prior, params = em.priors.parts["components"], em.params
    counts = em.responsibilities.sum(axis=0)
    n_features = em.rows.n_features
    centres = em.responsibilities.T @ em.rows.values / counts[:, None]
    offset = centres - np.asarray(prior.mean)
    kappa, scale = prior.shrinkage, np.asarray(prior.scale)
    pull = (kappa * counts / (kappa + counts))[:, None, None] * offset[:, :, None] * offset[:, None]
    match em.family.covariance:
        case "full":
            common = counts + prior.dof + n_features + 2
            part = (scale + pull) / common[:, None, None]
            return np.trace(np.linalg.solve(params["covariances"], part), 0, 1, 2) / n_features
        case "tied":
            common = counts.sum() + prior.dof + n_features + 1 + len(counts)
            part = (scale + pull.sum(axis=0)) / common
            return np.array([np.trace(np.linalg.solve(params["covariances"], part)) / n_features])
        case "diag":
            part = (scale + np.diagonal(pull, 0, 1, 2)) / (counts + prior.dof + 3)[:, None]
            return (part / params["variances"]).mean(axis=1)
    part = scale + np.trace(pull, 0, 1, 2)
    return part / (counts * n_features + prior.dof + n_features + 2) / params["variances"]


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_share_is_that_of_the_joint_mode(covariance):
    em = Mixture(4, Gaussian(covariance)).fit_em(load_faithful()[::5], random_seed=1, tol=1e-13)
    made = em.prior_shares
    np.testing.assert_allclose(made, by_hand(em), rtol=1e-4)
    assert (made > 0).all()
    assert (made < 1).all()


@pytest.mark.parametrize("factor", [1e-150, 1e150])
def test_units_do_not_matter(factor):
    X = load_faithful()[::5]
    here = Mixture(3).fit_em(X, random_seed=1).prior_shares
    there = Mixture(3).fit_em(X * factor, random_seed=1).prior_shares
    np.testing.assert_allclose(there, here, rtol=1e-6)


def test_only_a_conjugate_map_has_a_share():
    X = load_faithful()[::5]
    assert Mixture(2).fit_em(X, estimate="ml", random_seed=1).prior_shares is None
    separated = Mixture(2, priors={"correlations": LKJ(2.0)})
    assert separated.fit_em(X, random_seed=1, n_init=1).prior_shares is None


def test_large_shares_are_noted():
    X = load_faithful()[::8]
    em = Mixture(4).fit_em(X, random_seed=1)
    assert any("the prior makes up much of the covariances" in n for n in of_estimates(em, em))
    tied = Mixture(3, Gaussian("tied")).fit_em(load_faithful()[::20], random_seed=1)
    assert any("of the shared covariance" in note for note in of_estimates(tied, tied))
    plenty = Mixture(2).fit_em(load_faithful(), random_seed=1)
    assert of_estimates(plenty, plenty) == []
