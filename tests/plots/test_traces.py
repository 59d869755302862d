import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import bayesmix as bm
from bayesmix.plots import draw_labels, plot_labels
from bayesmix.plots.palette import INK, colour
from tests.plots.pictures import around, em, switching
from tests.simulated_trees import random_permutations, simulated_tree


def traces(ax, k):
    """The thin line of group k in each chain."""
    return [line for line in ax.lines if line.get_linewidth() == 0.5 and to_hex(line.get_color()) == colour(k)]


def test_left_are_the_labels_of_the_sampler_and_right_those_of_the_tree():
    moved = random_permutations((2, 12), 3, seed=4)
    raw = simulated_tree(permutations=moved)
    tree = bm.relabel(raw)
    axes = np.reshape(plot_labels(tree).axes, (3, 2))
    names = ["weight", "centre of\neruptions / minutes", "centre of\nWartezeit µ"]
    assert [ax.get_ylabel() for ax in axes[:, 0]] == names
    for column, shown in enumerate((raw, tree)):
        posterior = shown["posterior"]
        variables = [posterior["weights"], *(posterior["means"][..., j] for j in range(2))]
        for ax, variable in zip(axes[:, column], variables, strict=True):
            for k in range(3):
                drawn = [line.get_ydata() for line in traces(ax, k)]
                np.testing.assert_array_equal(drawn, variable.values[..., k])


def test_the_number_of_renamed_draws_is_said():
    left, right = plot_labels(switching("faithful", 2)).axes[:2]
    assert left.get_title(loc="left") == "labels of the sampler"
    assert right.get_title(loc="left") == "relabelled (ecr): 90 of 120 draws renamed"


def test_running_medians_follow_a_switch():
    raw = plot_labels(switching("faithful", 2)).axes[2]
    bold = [line for line in raw.lines if line.get_linewidth() == 1.6 and to_hex(line.get_color()) == colour(0)]
    first = bold[0].get_ydata()
    means = em("faithful", 2).params["means"][:, 0]
    assert abs(first[0] - means[0]) < 0.1
    assert abs(first[-1] - means[1]) < 0.1


def test_a_tree_that_was_not_relabelled_has_one_column():
    tree = around(em("faithful", 2))
    figure = plot_labels(tree, features="waiting")
    assert len(figure.axes) == 2
    assert figure.axes[1].get_ylabel() == "centre of\nwaiting (min)"


def test_the_features_that_tell_the_groups_apart_are_traced():
    axes = plot_labels(around(em("penguins", 3))).axes
    means, covariances = em("penguins", 3).params["means"], em("penguins", 3).params["covariances"]
    apart = means.std(axis=0) / np.sqrt(np.diagonal(covariances, axis1=1, axis2=2)).mean(axis=0)
    names = np.array(["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"])
    best = names[np.sort(np.argsort(-apart)[:2])]
    assert [ax.get_ylabel() for ax in axes] == ["weight", *(f"centre of\n{name}" for name in best)]


def test_medians_lie_on_a_dark_edge_and_bear_the_line_style_of_the_group():
    ax = plot_labels(around(em("faithful", 2))).axes[0]
    edges = [line for line in ax.lines if to_hex(line.get_color()) == INK]
    assert len(edges) == 2 * 2
    styles = {line.get_linestyle() for line in ax.lines if line.get_linewidth() == 1.6}
    assert styles == {"-", "--"}


def test_a_point_estimate_has_no_trace():
    with pytest.raises(ValueError, match=r"point estimate \(em\): one draw makes no trace"):
        plot_labels(em("faithful", 2).to_tree())
    with pytest.raises(ValueError, match=r"point estimate \(em\)"):
        plot_labels(em("faithful", 2))
    with pytest.raises(ValueError, match="'height'"):
        plot_labels(simulated_tree(), features="height")
    assert plt.get_fignums() == []


def test_figures_for_files_are_none_of_pyplots():
    draw_labels(simulated_tree())
    assert plt.get_fignums() == []
