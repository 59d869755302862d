from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, multivariate_normal
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.feature_selection import f_classif
from sklearn.preprocessing import StandardScaler

import bayesmix as bm
from bayesmix.plots import plot_density
from bayesmix.plots.frame import shortened
from bayesmix.plots.view import view_of
from bayesmix.posterior.margins import Marginal
from tests.plots.pictures import around, data, em, tree


def test_principal_components_are_those_of_scikit_learn():
    view = view_of(tree("penguins", 3), principal_components=3)
    standardised = StandardScaler().fit_transform(data("penguins"))
    reference = PCA(3).fit(standardised)
    expected = reference.transform(standardised)
    # scikit-learn divides by N in the scale, and fixes signs otherwise.
    expected *= np.sqrt((len(standardised) - 1) / len(standardised))
    np.testing.assert_allclose(np.abs(view.values), np.abs(expected), atol=1e-8)
    shares = [f"PC {k + 1} ({share:.0%})" for k, share in enumerate(reference.explained_variance_ratio_)]
    assert list(view.names) == shares


def test_the_mixture_is_projected_as_the_rows_are():
    """The projected density of a group equals that of rows drawn from the group and projected."""
    point = em("penguins", 3)
    view = view_of(point.to_tree(), principal_components=2)
    rows = data("penguins").to_numpy()
    design = np.column_stack([rows, np.ones(len(rows))])
    affine = np.linalg.lstsq(design, view.values, rcond=None)[0]
    np.testing.assert_allclose(design @ affine, view.values, atol=1e-8)
    place = view.values[5]
    locations, covariances = view.marginal.moments
    for k in range(3):
        mean = np.append(point.params["means"][k], 1.0) @ affine
        covariance = affine[:4].T @ point.params["covariances"][k] @ affine[:4]
        shown = multivariate_normal(locations[0, k], covariances[0, k])
        assert shown.logpdf(place) == pytest.approx(multivariate_normal(mean, covariance).logpdf(place), rel=1e-8)


def test_axes_say_what_a_principal_component_is_made_of():
    (ax,) = plot_density(tree("penguins", 3), principal_components=2).axes
    loadings = PCA().fit(StandardScaler().fit_transform(data("penguins"))).components_
    largest = np.argsort(-np.abs(loadings[0]))
    first, second = (data("penguins").columns[j] for j in largest[:2])
    title, made_of = ax.get_xlabel().split("\n")
    assert title.startswith("principal component 1 (69% of the variance)")
    assert made_of.startswith(f"{abs(loadings[0][largest[0]]):.2f} {first} + ")
    assert second in made_of


def test_features_and_principal_components_go_together():
    chosen = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
    view = view_of(tree("penguins", 3), chosen, 1)
    expected = PCA(1).fit_transform(StandardScaler().fit_transform(data("penguins")[chosen]))
    assert abs(np.corrcoef(view.values[:, 0], expected[:, 0])[0, 1]) == pytest.approx(1)


@pytest.fixture(scope="module")
def wine():
    """Thirteen columns, in which three cultivars differ most in the last ones."""
    frame = load_wine(as_frame=True).data
    return around(bm.Mixture(3).fit_em(frame, random_seed=1)), frame


def test_of_many_features_those_are_shown_that_separate_the_groups(wine):
    """As the analysis of variance has it, with the groups' labels for the factor."""
    tree, frame = wine
    by_anova = f_classif(frame, bm.responsibilities(tree)["label"].values)[0]
    view = view_of(tree)
    shown = np.array([shortened(name, 22) in view.names for name in frame.columns])
    assert shown.sum() == len(view.names) == 5
    # Two features that separate about alike may stand either way.
    assert by_anova[shown].min() > 0.8 * by_anova[~shown].max()
    assert view.note == "5 of 13 features:\nthose that separate the groups best"


def test_features_that_are_left_out_are_counted_in_every_picture(wine):
    tree, frame = wine
    for draw, counted in [(bm.plot_density, "5 of 13"), (bm.plot_uncertainty, "5 of 13"), (bm.plot_labels, "2 of 13")]:
        assert draw(tree).legends[0].get_title().get_text().startswith(f"{counted} features")
    assert bm.plot_predictive_check(tree).legends[0].get_title().get_text().startswith("12 of 13 features")
    chosen = bm.plot_labels(tree, features=list(frame.columns[:1]))
    assert chosen.legends[0].get_title().get_text() == "1 of 13 features"


def test_one_group_shows_the_first_features(wine):
    one = bm.Mixture(1).fit_em(wine[1], random_seed=1)
    view = view_of(one.to_tree())
    assert list(view.names) == list(wine[1].columns[:5])
    assert view.note == "5 of 13 features:\nthe first"


def test_axes_hold_the_rows_and_the_ellipses_of_groups_that_own_some():
    view = view_of(tree("penguins", 3))
    centres, covariances = view.marginal.typical()
    radius = np.sqrt(chi2.ppf(0.9, 2) * np.diagonal(covariances, axis1=-2, axis2=-1))
    low, high = view.limits.T
    assert (low < view.values.min(axis=0)).all() and (high > view.values.max(axis=0)).all()
    assert (low < (centres - radius).min(axis=0)).all() and (high > (centres + radius).max(axis=0)).all()
    assert (high - low <= 1.8 * np.ptp(view.values, axis=0)).all()


def test_a_group_without_rows_stretches_no_axis():
    there = view_of(tree("penguins", 3))
    weights, (means, covariances) = there.marginal.weights, there.marginal.moments
    stray = Marginal(
        there.marginal.family,
        np.concatenate([weights * 0.999, np.full((len(weights), 1), 0.001)], axis=1),
        {
            "means": np.concatenate([means, 100 * means[:, :1]], axis=1),
            "covariances": np.concatenate([covariances, 1e6 * covariances[:, :1]], axis=1),
        },
        there.marginal.n_features,
    )
    np.testing.assert_array_equal(replace(there, marginal=stray).limits, there.limits)


@pytest.mark.parametrize("number", [0, 5, -1, 2.0, True, "two"])
def test_numbers_of_principal_components_that_cannot_be_are_refused(number):
    with pytest.raises(ValueError, match="integer from 1 to 4 for 4 features"):
        plot_density(tree("penguins", 3), principal_components=number)
