import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from bayesmix.plots import plot_density
from bayesmix.plots.view import view_of
from tests.plots.pictures import data, em, tree


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
    for k in range(3):
        mean = np.append(point.params["means"][k], 1.0) @ affine
        covariance = affine[:4].T @ point.params["covariances"][k] @ affine[:4]
        shown = multivariate_normal(view.marginal.means[0, k], view.marginal.covariances[0, k])
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


@pytest.mark.parametrize("number", [0, 5, -1, 2.0, True, "two"])
def test_numbers_of_principal_components_that_cannot_be_are_refused(number):
    with pytest.raises(ValueError, match="integer from 1 to 4 for 4 features"):
        plot_density(tree("penguins", 3), principal_components=number)
