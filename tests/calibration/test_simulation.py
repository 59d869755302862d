"""The simulated truth: laws that its parts are known to follow, and the rule that names its components."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import logit

from tests.calibration.cells import CELLS
from tests.calibration.quantities import LABEL_FREE, log_odds_together, matrices, quantities, rank
from tests.calibration.simulation import Truth, draw_truth

DOUBTFUL = 1e-3  # p-value of a correct sampler below which a seed would have to be very unlucky


def truths(cell, n):
    rng = np.random.default_rng(1)
    return [draw_truth(cell.mixture, cell.n_features, rng) for _ in range(n)]


def cell_with(**wanted):
    return next(cell for cell in CELLS if all(getattr(cell, name) == value for name, value in wanted.items()))


def test_every_correlation_of_an_lkj_matrix_has_the_same_law():
    cell = cell_with(covariance="full", prior="separated", n_features=3)
    correlations = []
    for truth in truths(cell, 2000):
        scales = np.sqrt(np.diag(truth.covariances[0]))
        correlations.append(truth.covariances[0] / np.outer(scales, scales))
    shape = cell.mixture.priors.parts["correlations"].eta + (cell.n_features - 2) / 2
    for i, j in ((0, 1), (0, 2), (1, 2)):
        drawn = (np.array(correlations)[:, i, j] + 1) / 2
        assert stats.kstest(drawn, stats.beta(shape, shape).cdf).pvalue > DOUBTFUL


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_variances_and_means_under_the_default_prior(covariance):
    """A variance is inverse-gamma, and a mean given it normal with that variance over kappa."""
    cell = cell_with(covariance=covariance, prior="default", n_features=2)
    prior, drawn = cell.mixture.priors.parts["components"], truths(cell, 2000)
    variances = np.array([truth.covariances[-1][0, 0] for truth in drawn])
    scale = np.ravel(prior.scale)[0]
    dof = prior.dof - (cell.n_features - 1 if covariance in ("full", "tied") else 0)
    assert stats.kstest(variances, stats.invgamma(dof / 2, scale=scale / 2).cdf).pvalue > DOUBTFUL
    means = np.array([truth.means[-1][0] for truth in drawn])
    z = (means - prior.mean[0]) / np.sqrt(variances / prior.shrinkage)
    assert stats.kstest(z, stats.norm.cdf).pvalue > DOUBTFUL


def test_scales_under_the_separated_prior():
    cell = cell_with(covariance="tied", prior="separated")
    drawn = np.array([np.log(truth.covariances[1][2, 2]) / 2 for truth in truths(cell, 2000)])
    prior = cell.mixture.priors.parts["scales"]
    assert stats.kstest(drawn, stats.norm(prior.log_mean[2], prior.log_sd).cdf).pvalue > DOUBTFUL


def test_rows_have_the_moments_of_their_mixture():
    cell = cell_with(covariance="full", n_components=3)
    truth = truths(cell, 1)[0]
    rows = truth.rows(200_000, np.random.default_rng(2))
    mean = truth.weights @ truth.means
    assert np.abs(rows.mean(axis=0) - mean).max() < 4 * rows.std(axis=0).max() / np.sqrt(len(rows))
    total = quantities(truth.weights[None], truth.means[None], truth.covariances[None], tied=False)
    squares = np.prod(rows - mean, axis=1)
    error = squares.std() / np.sqrt(len(rows))
    assert abs(squares.mean() - total["total covariance 1, 0"][0]) < 4 * error


def test_label_free_quantities_do_not_change_with_the_names():
    truth = truths(cell_with(covariance="full", n_components=3), 1)[0]
    other = truth.renamed(np.array([2, 0, 1]))
    one, two = (quantities(t.weights[None], t.means[None], t.covariances[None], tied=False) for t in (truth, other))
    free = [name for name in one if name.startswith(LABEL_FREE)]
    for name in free:
        assert one[name] == pytest.approx(two[name], rel=1e-12)
    assert one["weight 0"] == two["weight 1"]
    for name in set(one) - set(free):
        assert one[name] != two[name]


def test_log_odds_of_two_rows_together():
    """The logit of their probability, which still varies where that probability is one to the last digit."""
    truth = Truth(np.array([0.5, 0.3, 0.2]), np.array([[0.0], [2.0], [5.0]]), np.ones((3, 1, 1)))

    def of(*rows):
        rows = np.array(rows)[:, None]
        odds = log_odds_together(truth.log_joint(rows)[None])[0]
        return truth.responsibilities(rows).prod(axis=0).sum(), odds

    probability, odds = of(1.2, 2.5)
    assert odds == pytest.approx(logit(probability), rel=1e-10)
    (one, odds), (other, larger_odds) = of(50.0, 60.0), of(55.0, 60.0)
    assert one == other == 1
    assert 0 < odds < larger_odds < np.inf


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_cell_has_ranks_that_need_no_names(cell):
    """Of weights, means and scales: the package's relabelling, with which the truth is named, cannot hide an error."""
    truth = truths(cell, 1)[0]
    tied = cell.covariance == "tied"
    found = quantities(truth.weights[None], truth.means[None], truth.covariances[None], tied=tied)
    free = {name for name in found if name.startswith(LABEL_FREE)}
    if cell.n_components == 1:
        assert {"mean 0, 0", "log scale 0, 0"} <= set(found)  # one component has but one name
        return
    k = cell.n_components - 1
    assert {"sorted weight 0", "mixture's mean 0", "total covariance 0, 0", "sorted mean 0", f"sorted mean {k}"} <= free
    assert (f"sorted log scale {k}" in free) == (not tied)
    np.testing.assert_allclose(found["sorted mean 0"], truth.means[:, 0].min())
    np.testing.assert_allclose(found["mixture's mean 0"], truth.weights @ truth.means[:, 0])


def test_covariances_of_every_structure():
    values = {
        "full": np.arange(8.0).reshape(1, 2, 2, 2),
        "tied": np.arange(4.0).reshape(1, 2, 2),
        "diag": np.arange(4.0).reshape(1, 2, 2),
        "spherical": np.arange(2.0).reshape(1, 2),
    }
    assert matrices(values["full"], "full", 2, 2)[0, 1, 0, 1] == 5.0
    assert (matrices(values["tied"], "tied", 2, 2)[0] == values["tied"][0]).all()
    assert (matrices(values["diag"], "diag", 2, 2)[0, 1] == np.diag([2.0, 3.0])).all()
    assert (matrices(values["spherical"], "spherical", 2, 2)[0, 1] == np.eye(2)).all()


def test_ties_are_broken_at_random():
    rng = np.random.default_rng(5)
    draws = np.array([0.0, 1.0, 1.0, 2.0])
    assert {rank(1.0, draws, rng) for _ in range(100)} == {1, 2, 3}
    assert rank(5.0, draws, rng) == 4


def test_truth_of_one_component():
    truth = Truth(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])
    rows = np.array([[0.0, 0.0], [1.0, 2.0]])
    assert truth.log_density(rows) == pytest.approx(-np.log(2 * np.pi) - np.array([0.0, 2.5]))
    assert (truth.responsibilities(rows) == 1).all()
