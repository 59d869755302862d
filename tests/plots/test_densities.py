import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet
from matplotlib.patches import Ellipse, StepPatch
from scipy.stats import multivariate_normal, norm

from bayesmix import Gaussian, StudentT
from bayesmix.data import read_rows
from bayesmix.engines.em import EMSettings, fit
from bayesmix.plots import draw_density, plot_density
from bayesmix.plots.levels import mass_levels
from bayesmix.plots.palette import INK, PAPER, colour
from bayesmix.plots.two_features import ELLIPSE
from bayesmix.posterior.margins import marginal_of
from bayesmix.posterior.membership import UNSURE, responsibilities
from bayesmix.posterior.predictive import log_density
from bayesmix.posterior.regions import highest_density
from bayesmix.priors.sets import default_priors
from bayesmix.problem import Problem
from tests.simulated_trees import COVARIANCES, simulated_tree

FEATURES = ["eruptions / minutes", "Wartezeit µ", "高さ", "d", "e"]


def em_result(values, n_components=2, covariance="full"):
    rows, family = read_rows(values), Gaussian(covariance)
    return fit(Problem.of(rows, family, n_components, default_priors(family)), EMSettings(n_init=2), random_seed=1)


def ellipses(ax):
    return [patch for patch in ax.patches if isinstance(patch, Ellipse)]


def legend_texts(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_one_feature_shows_the_predictive_density_its_interval_and_the_groups():
    tree = simulated_tree(n_features=1, shape=(2, 20))
    figure = plot_density(tree, ci_prob=0.8)
    (ax,) = figure.axes
    assert ax.get_xlabel() == FEATURES[0]
    assert ax.get_ylabel() == "density"

    predictive = next(line for line in ax.lines if to_hex(line.get_color()) == INK)
    grid, curve = predictive.get_data()
    expected = log_density(tree, grid[:, None], ci_prob=0.8)
    np.testing.assert_allclose(curve, np.exp(expected["log_density"]), rtol=1e-10)

    band = ax.collections[0].get_paths()[0].vertices
    middle = np.argmin(np.abs(grid - grid.mean()))
    heights = band[np.isclose(band[:, 0], grid[middle])][:, 1]
    interval = np.exp(expected["log_density_interval"].values[middle])
    np.testing.assert_allclose([heights.min(), heights.max()], interval, rtol=1e-3)

    groups = [line.get_ydata() for line in ax.lines if line is not predictive]
    assert len(groups) == 3
    visible = np.nansum(groups, axis=0)
    hidden = 3 * 0.004 * ax.get_ylim()[1]
    assert np.all(visible <= curve + 1e-12)
    assert np.all(curve <= visible + hidden)


@pytest.mark.parametrize(("dof", "tails"), [("component", [2.5, 6.0]), ("shared", 3.0), (4.0, None)])
def test_the_ellipse_of_a_group_with_heavy_tails_holds_its_share_of_it(dof, tails):
    family = StudentT(dof=dof)
    params = {"means": np.array([[0.0, 0.0], [9.0, 4.0]]), "covariances": np.array([[[2, 0.5], [0.5, 1]], np.eye(2)])}
    params |= {} if tails is None else {"dof": np.array(tails)}
    n = 100_000
    rows, labels = family.sample(np.array([0.5, 0.5]), params, n, np.random.default_rng(5))
    radii = family.radii(params, ELLIPSE)
    for k in range(2):
        off = rows[labels == k] - params["means"][k]
        distance = np.sqrt(np.einsum("ni,ij,nj->n", off, np.linalg.inv(params["covariances"][k]), off))
        assert np.mean(distance < radii[k]) == pytest.approx(ELLIPSE, abs=4 * np.sqrt(0.09 / len(off)))


def test_the_histogram_has_unit_area():
    tree = simulated_tree(n_features=1, n_rows=200)
    ax = plot_density(tree).axes[0]
    filled = next(patch for patch in ax.patches if isinstance(patch, StepPatch))
    heights, edges, _ = filled.get_data()
    assert np.sum(heights * np.diff(edges)) == pytest.approx(1)
    x = tree["observed_data"]["x"].values
    assert (edges[0], edges[-1]) == (x.min(), x.max())


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_two_features_have_an_ellipse_for_each_group_and_faint_ones_for_draws(covariance):
    tree = simulated_tree(covariance, shape=(2, 12))
    (ax,) = plot_density(tree).axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == (FEATURES[0], FEATURES[1])
    bold = [one for one in ellipses(ax) if one.get_alpha() is None]
    faint = [one for one in ellipses(ax) if one.get_alpha() is not None]
    assert [to_hex(one.get_edgecolor()) for one in bold] == [colour(k) for k in range(3)]
    assert len(faint) == 3 * 15
    centres = np.median(tree["posterior"]["means"].values.reshape(-1, 3, 2), axis=0)
    np.testing.assert_allclose([one.center for one in bold], centres)


def test_an_em_result_has_no_uncertainty_to_draw():
    tree = simulated_tree(n_components=2)
    em = em_result(tree["observed_data"]["x"].values)
    for result in (em, em.to_tree()):
        figure = plot_density(result)
        drawn = ellipses(figure.axes[0])
        np.testing.assert_allclose([one.center for one in drawn], em.params["means"])
        assert not any("single draws" in text for text in legend_texts(figure))


def test_an_ellipse_holds_its_share_of_a_group():
    tree = simulated_tree(n_components=1, shape=(1, 1))
    (ellipse,) = ellipses(plot_density(tree).axes[0])
    means = tree["posterior"]["means"].values[0, 0, 0]
    covariance = tree["posterior"]["covariances"].values[0, 0, 0]
    sample = multivariate_normal(means, covariance).rvs(40_000, random_state=1)
    inside = ellipse.get_path().contains_points(ellipse.get_patch_transform().inverted().transform(sample))
    assert inside.mean() == pytest.approx(ELLIPSE, abs=4 * np.sqrt(ELLIPSE * (1 - ELLIPSE) / 40_000))


def test_every_row_is_drawn_once_and_hollow_where_it_is_unsure():
    tree = simulated_tree(n_rows=300, separation=1.5)
    (ax,) = plot_density(tree).axes
    points = [c for c in ax.collections if len(c.get_offsets()) > 1 or c.get_offsets().any()]
    drawn = np.concatenate([np.asarray(c.get_offsets()) for c in points])
    x = tree["observed_data"]["x"].values
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(x, axis=0))
    hollow = [c for c in points if len(c.get_facecolors()) == 0]
    unsure = responsibilities(tree)["label_probability"].values < UNSURE
    assert 0 < unsure.sum() < 300
    assert sum(len(c.get_offsets()) for c in hollow) == unsure.sum()


def test_many_rows_are_thinned_and_become_pixels():
    tree = simulated_tree(n_rows=7000, shape=(1, 2))
    (ax,) = plot_density(tree).axes
    rasterized = [c for c in ax.collections if c.get_rasterized()]
    assert sum(len(c.get_offsets()) for c in rasterized) == 5000


def test_contours_enclose_the_stated_shares_of_a_normal_distribution():
    axis = np.linspace(-5, 5, 401)
    density = norm.pdf(axis)[:, None] * norm.pdf(axis)
    levels = mass_levels(density, (axis[1] - axis[0]) ** 2, (0.5, 0.95))
    # The region of height at least h holds 1 - 2 pi h of a standard normal in the plane.
    np.testing.assert_allclose(levels, [0.05 / (2 * np.pi), 0.5 / (2 * np.pi)], rtol=0.01)


def test_a_share_that_the_grid_does_not_hold_has_no_contour():
    assert mass_levels(np.full((4, 4), 0.05), 1.0, (0.5, 0.95)).tolist() == [0.05]
    assert mass_levels(np.full((2, 2), 0.05), 1.0, (0.5, 0.95)).size == 0


def test_more_features_make_a_matrix_of_pairs():
    tree = simulated_tree(n_features=4)
    figure = plot_density(tree)
    assert len(figure.axes) == 4 + 6
    bottom = [ax.get_xlabel() for ax in figure.axes if ax.get_xlabel()]
    left = [ax.get_ylabel() for ax in figure.axes if ax.get_ylabel()]
    assert bottom == FEATURES[:4]
    assert left == FEATURES[1:4]
    assert sum(len(ellipses(ax)) > 0 for ax in figure.axes) == 6


def test_of_many_features_the_first_five_are_shown_and_it_is_said():
    values = np.random.default_rng(0).normal(size=(60, 7))
    figure = plot_density(em_result(values, 1))
    assert len(figure.axes) == 15
    assert figure.legends[0].get_title().get_text() == "5 of 7 features:\nthe first"


def test_features_are_chosen_by_name_in_the_order_given():
    tree = simulated_tree(n_features=3)
    (ax,) = plot_density(tree, features=["高さ", FEATURES[0]]).axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("高さ", FEATURES[0])
    bold = [one.center for one in ellipses(ax) if one.get_alpha() is None]
    medians = np.median(tree["posterior"]["means"].values.reshape(-1, 3, 3), axis=0)
    np.testing.assert_allclose(bold, medians[:, [2, 0]])
    (single,) = plot_density(tree, features="Wartezeit µ").axes
    assert single.get_xlabel() == "Wartezeit µ"


def test_a_marginal_is_the_integral_over_the_other_feature():
    marginal = marginal_of(simulated_tree(shape=(1, 3)))
    other = np.linspace(-30, 60, 4001)
    points = np.stack([np.full_like(other, 1.3), other], axis=-1)
    _, joint = marginal.densities(points)
    _, single = marginal.of([0]).densities(np.array([[1.3]]))
    np.testing.assert_allclose(np.trapezoid(joint, other, axis=1), single[:, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (["waiting"], "'waiting'"),
        ([], "each feature once"),
        (["d", "d"], "each feature once"),
    ],
)
def test_features_that_cannot_be_shown_are_refused(features, message):
    with pytest.raises(ValueError, match=message):
        plot_density(simulated_tree(n_features=4), features=features)
    assert plt.get_fignums() == []


def test_axes_of_the_user_are_drawn_into():
    figure, (left, right) = plt.subplots(1, 2)
    assert plot_density(simulated_tree(n_features=1), ax=left) is figure
    assert plot_density(simulated_tree(), ax=right) is figure
    assert left.get_xlabel() == FEATURES[0]
    assert right.get_legend() is not None
    with pytest.raises(ValueError, match="need a matrix"):
        plot_density(simulated_tree(n_features=3), ax=left)


def test_figures_for_files_are_none_of_pyplots():
    draw_density(simulated_tree())
    assert plt.get_fignums() == []
    shown = plot_density(simulated_tree())
    assert [plt.figure(number) for number in plt.get_fignums()] == [shown]


def test_where_a_notebook_shows_open_figures_the_figure_is_closed(monkeypatch):
    name = "module://matplotlib_inline.backend_inline"
    monkeypatch.setattr(matplotlib, "get_backend", lambda: name)
    plot_density(simulated_tree())
    assert plt.get_fignums() == []


def test_names_are_text_whatever_they_hold(tmp_path):
    names = [r"$\frac{1}{$ \nope", "a\nb " + 60 * "long "]
    values = np.random.default_rng(0).normal(size=(40, 2))
    figure = plot_density(em_result(pd.DataFrame(values, columns=names), 1))
    figure.savefig(tmp_path / "picture.png")
    (ax,) = figure.axes
    assert ax.get_xlabel() == names[0]
    assert ax.get_ylabel().startswith(r"a\nb long")  # a break is seen as Python writes it
    assert len(ax.get_ylabel()) <= 34


def test_the_users_style_sheet_does_not_make_text_invisible():
    with plt.style.context("dark_background"):
        figure = plot_density(simulated_tree())
    ax = figure.axes[0]
    assert to_hex(figure.get_facecolor()) == to_hex(ax.get_facecolor()) == PAPER
    assert to_hex(ax.xaxis.label.get_color()) == INK
    assert {to_hex(text.get_color()) for text in figure.legends[0].get_texts()} == {INK}


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("n_features", [1, 2, 4])
def test_no_label_lies_on_another(n_features):
    figure = plot_density(simulated_tree(n_features=n_features, n_components=3))
    figure.canvas.draw()
    boxes = [figure.legends[0].get_window_extent()]
    for ax in figure.axes:
        boxes += [axis.label.get_window_extent() for axis in (ax.xaxis, ax.yaxis) if axis.label.get_text()]
    if n_features < 3:
        boxes.append(figure.axes[0].get_window_extent())
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_contours_are_regions_of_highest_density():
    """At stated probabilities, and as high as sampling finds them."""
    tree = simulated_tree(separation=4.0)
    axes = plot_density(tree, contours=[0.6, 0.9]).axes[0]
    (drawn,) = [one for one in axes.collections if isinstance(one, ContourSet)]
    wanted = highest_density(tree, prob=[0.9, 0.6], n=20_000, random_seed=1)["log_threshold"]
    np.testing.assert_allclose(np.log(drawn.levels), wanted, atol=0.1)
    with pytest.raises(ValueError, match="contours must be a number between 0 and 1"):
        plot_density(tree, contours=90)
