"""The simulated truth: laws that its parts are known to follow, and the rule that names its components."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import logit

from bayesmix import Bernoulli, Categorical, Gaussian, Poisson, StudentT
from bayesmix.families.parts import ParameterSpec
from tests.calibration.cells import CELLS
from tests.calibration.quantities import LABEL_FREE, SCALES, component_entries, log_odds_together, quantities, rank
from tests.calibration.replicate import points_between, simulate
from tests.calibration.simulation import Points, prior_draws

DOUBTFUL = 1e-3  # p-value of a correct sampler below which a seed would have to be very unlucky
SEVERAL = [cell for cell in CELLS if cell.n_components > 1]


def truths(cell, n=1):
    return prior_draws(cell.mixture, cell.n_features, np.random.default_rng(1), n)


def cell_with(family, **wanted):
    return next(
        cell
        for cell in CELLS
        if cell.family == family and all(getattr(cell, name) == value for name, value in wanted.items())
    )


def component(truth, k):
    """Log density of rows and distribution functions of the columns of a component, by SciPy."""
    family, params = truth.family, {name: value[0] for name, value in truth.params.items()}
    if isinstance(family, Gaussian | StudentT):
        mean, covariance = params["means"][k], family.covariance_matrices(params)[k]
        scales = np.sqrt(np.diag(covariance))
        if isinstance(family, Gaussian):
            return (
                stats.multivariate_normal(mean, covariance).logpdf,
                [stats.norm(*both).cdf for both in zip(mean, scales, strict=True)],
            )
        dof = np.broadcast_to(params["dof"], truth.weights.shape[-1])[k]
        return (
            stats.multivariate_t(mean, covariance, dof).logpdf,
            [stats.t(dof, *both).cdf for both in zip(mean, scales, strict=True)],
        )
    if isinstance(family, Poisson):
        columns = [stats.poisson(rate) for rate in params["rates"][k]]
    elif isinstance(family, Bernoulli):
        columns = [stats.bernoulli(p) for p in params["probabilities"][k]]
    else:
        blocks = np.split(params["probabilities"][k], family.starts[1:])
        columns = [stats.rv_discrete(values=(np.arange(len(p)), p)) for p in blocks]
    return (
        lambda rows: sum(one.logpmf(column) for one, column in zip(columns, rows.T, strict=True)),
        [one.cdf for one in columns],
    )


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_rows_follow_the_distributions_of_scipy(cell):
    """Column by column, by the distance of Kolmogorov and Smirnov, whose p-value is at most ``2 exp(-2 n d^2)``."""
    truth, n = truths(cell), 5000
    rows = truth.rows(n, np.random.default_rng(2))
    columns = [component(truth, k)[1] for k in range(cell.n_components)]
    for j, column in enumerate(rows.T):
        values = np.unique(column)
        expected = sum(weight * cdfs[j](values) for weight, cdfs in zip(truth.weights[0], columns, strict=True))
        seen = np.searchsorted(np.sort(column), values, side="right") / n
        assert 2 * np.exp(-2 * n * np.abs(seen - expected).max() ** 2) > DOUBTFUL


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_densities_of_a_truth_are_those_of_scipy(cell):
    truth = truths(cell)
    rows = points_between(truth.rows(cell.n_rows, np.random.default_rng(3)))
    expected = np.stack([component(truth, k)[0](rows) for k in range(cell.n_components)], axis=-1)
    np.testing.assert_allclose(truth.log_joint(rows)[0], np.log(truth.weights) + expected, rtol=1e-9)
    np.testing.assert_allclose(np.exp(truth.log_density(rows)[0]), np.exp(expected) @ truth.weights[0], rtol=1e-8)
    np.testing.assert_allclose(truth.responsibilities(rows).sum(axis=-1), 1.0, rtol=1e-12)


def test_every_correlation_of_an_lkj_matrix_has_the_same_law():
    cell = cell_with(Gaussian("full"), prior="separated", n_features=3)
    covariances = truths(cell, 2000).params["covariances"][:, 0]
    scales = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    correlations = covariances / (scales[:, :, None] * scales[:, None])
    shape = cell.mixture.priors.parts["correlations"].eta + (cell.n_features - 2) / 2
    for i, j in ((0, 1), (0, 2), (1, 2)):
        drawn = (correlations[:, i, j] + 1) / 2
        assert stats.kstest(drawn, stats.beta(shape, shape).cdf).pvalue > DOUBTFUL


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical", "EEI"])
def test_variances_and_means_under_the_default_prior(covariance):
    """A variance is inverse-gamma, and a mean given it normal with that variance over kappa."""
    cell = cell_with(Gaussian(covariance), prior="default", n_features=2)
    prior, drawn = cell.mixture.priors.parts["components"], truths(cell, 2000)
    means, covariances = drawn.family.moments(drawn.params)
    variances, scale = covariances[:, -1, 0, 0], np.ravel(prior.scale)[0]
    dof = prior.dof - (cell.n_features - 1 if covariance in ("full", "tied") else 0)
    assert stats.kstest(variances, stats.invgamma(dof / 2, scale=scale / 2).cdf).pvalue > DOUBTFUL
    z = (means[:, -1, 0] - prior.mean[0]) / np.sqrt(variances / prior.shrinkage)
    assert stats.kstest(z, stats.norm.cdf).pvalue > DOUBTFUL


def test_scales_and_means_under_the_separated_prior():
    cell = cell_with(Gaussian("tied"), prior="separated")
    drawn, parts = truths(cell, 2000).params, cell.mixture.priors.parts
    logs, scales, means = np.log(drawn["covariances"][:, 2, 2]) / 2, parts["scales"], parts["means"]
    assert stats.kstest(logs, stats.norm(scales.log_mean[2], scales.log_sd).cdf).pvalue > DOUBTFUL
    assert stats.kstest(drawn["means"][:, 1, 2], stats.norm(means.mean[2], means.sd[2]).cdf).pvalue > DOUBTFUL


@pytest.mark.parametrize(
    ("family", "parameter", "entry", "law"),
    [
        (Poisson(), "rates", (1, 0), lambda prior: stats.gamma(prior.shape[0], scale=1 / prior.rate[0])),
        (Bernoulli(), "probabilities", (1, 2), lambda prior: stats.beta(prior.a, prior.b)),
        # species, a column of three levels, and sex, one of two
        (Categorical(), "probabilities", (1, 1), lambda p: stats.beta(p.concentration, 2 * p.concentration)),
        (Categorical(), "probabilities", (0, 7), lambda p: stats.beta(p.concentration, p.concentration)),
        (StudentT("full"), "dof", (1,), lambda prior: stats.gamma(prior.shape, scale=1 / prior.rate)),
    ],
)
def test_parameters_of_one_entry_under_the_default_prior(family, parameter, entry, law):
    cell = cell_with(family)
    drawn = truths(cell, 2000).params[parameter][:, *entry]
    assert stats.kstest(drawn, law(cell.mixture.priors.parts[parameter]).cdf).pvalue > DOUBTFUL


def test_rows_have_the_moments_of_their_mixture():
    truth = truths(cell_with(Gaussian("full"), n_components=3))
    rows = truth.rows(200_000, np.random.default_rng(2))
    mean = truth.weights[0] @ truth.params["means"][0]
    assert np.abs(rows.mean(axis=0) - mean).max() < 4 * rows.std(axis=0).max() / np.sqrt(len(rows))
    squares = np.prod(rows - mean, axis=1)
    error = squares.std() / np.sqrt(len(rows))
    assert abs(squares.mean() - quantities(truth)["total covariance 1, 0"][0]) < 4 * error


@pytest.mark.parametrize("cell", SEVERAL, ids=str)
def test_label_free_quantities_do_not_change_with_the_names(cell):
    truth = truths(cell)
    order = np.roll(np.arange(cell.n_components), 1)
    one, two = (quantities(points) for points in (truth, truth.renamed(order)))
    shared = {spec.name for spec in cell.mixture.family.parameters if spec.shared}
    for name in one:
        if name.startswith(LABEL_FREE) or any(each in name for each in shared):
            assert one[name] == pytest.approx(two[name], rel=1e-9)
        else:
            assert one[name] != two[name]
    assert one[f"weight {cell.n_components - 1}"] == two["weight 0"]


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_cell_has_ranks_that_need_no_names(cell):
    """Of weights and parameters: the package's relabelling, with which the truth is named, cannot hide an error."""
    truth = truths(cell)
    found, last = quantities(truth), cell.n_components - 1
    for spec in cell.mixture.family.parameters:
        scale = SCALES[spec.support]
        assert f"{scale.word}{spec.name} 0, 0" in found
        if cell.n_components > 1 and not spec.shared:
            assert f"sorted {scale.word}{spec.name} {last}" in found
    assert cell.n_components == 1 or {"sorted weight 0", "mixture's location 0"} <= set(found)
    assert {"total covariance 0, 0"} <= set(found)


def test_quantities_say_what_their_names_say():
    cell = cell_with(Gaussian("full"), n_components=3)
    truth = truths(cell)
    found, means = quantities(truth), truth.params["means"][0]
    assert found["sorted means 0"] == means[:, 0].min()
    np.testing.assert_allclose(found["mixture's location 0"], truth.weights[0] @ means[:, 0])
    covariance = truth.params["covariances"][0, 2]
    r = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    np.testing.assert_allclose(found["Fisher z of covariances 2"], np.arctanh(r))


def test_entries_of_every_kind_of_parameter():
    spec = ParameterSpec("covariances", ("component", "feature", "feature_bis"), "covariance")
    matrices = np.array([[[4.0, 1.0], [1.0, 9.0]], [[1.0, 0.0], [0.0, 16.0]]])[None]
    np.testing.assert_allclose(np.exp(component_entries(spec, matrices)), [[[4.0, 9.0], [1.0, 16.0]]])
    shared = ParameterSpec("variances", ("feature",), "positive")
    np.testing.assert_allclose(component_entries(shared, np.array([[1.0, np.e]])), [[[0.0, 1.0]]])
    assert component_entries(ParameterSpec("dof", (), "positive"), np.ones(5)).shape == (5, 1, 1)
    share = ParameterSpec("probabilities", ("component", "feature"), "probability")
    np.testing.assert_allclose(component_entries(share, np.array([[[0.5, 0.9]]])), [[[0.0, np.log(9)]]])


def test_log_odds_of_two_rows_together():
    """The logit of their probability, which still varies where that probability is one to the last digit."""
    params = {"means": np.array([[[0.0], [2.0], [5.0]]]), "covariances": np.ones((1, 3, 1, 1))}
    truth = Points(Gaussian("full"), np.array([[0.5, 0.3, 0.2]]), params)

    def of(*rows):
        rows = np.array(rows)[:, None]
        odds = log_odds_together(truth.log_joint(rows))[0]
        return truth.responsibilities(rows)[0].prod(axis=0).sum(), odds

    probability, odds = of(1.2, 2.5)
    assert odds == pytest.approx(logit(probability), rel=1e-10)
    (one, odds), (other, larger_odds) = of(50.0, 60.0), of(55.0, 60.0)
    assert one == other == 1
    assert 0 < odds < larger_odds < np.inf


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_points_between_rows_are_of_their_kind(cell):
    rows = truths(cell).rows(cell.n_rows, np.random.default_rng(4))
    points = points_between(rows)
    for j, column in enumerate(cell.reference.columns):
        assert not column.wrong(points[:, j]).any()
        assert set(points[:, j]) <= set(rows[:, j])


def test_rows_without_a_level_or_a_difference_are_drawn_anew():
    """With their truth, so that what is known of the truth is what its rows say."""
    cell = replace(cell_with(Categorical()), n_rows=12)
    for number in range(20):
        _, rows, _, _ = simulate(cell, number)
        assert [len(np.unique(column)) for column in rows.T] == [len(levels) for levels in cell.mixture.family.levels]
        assert cell.mixture.resolve_priors(cell.table(rows)).family == cell.mixture.family


def test_ties_are_broken_at_random():
    rng = np.random.default_rng(5)
    draws = np.array([0.0, 1.0, 1.0, 2.0])
    assert {rank(1.0, draws, rng) for _ in range(100)} == {1, 2, 3}
    assert rank(5.0, draws, rng) == 4
