import numpy as np
import pytest
from matplotlib.lines import Line2D

import bayesmix as bm
from bayesmix.plots.palette import MUTED
from tests.simulated_trees import discrete_tree, simulated_tree

TREE = simulated_tree(n_rows=80, n_components=4, separation=2.5, spread=0.15)


def test_the_tree_and_the_entropies_are_those_of_merge():
    found = bm.merge(TREE, n_groups=2)
    left, right = bm.plot_merge(TREE, n_groups=2).axes
    joins = [line for line in left.lines if len(line.get_xdata()) == 4]
    tops = [line.get_ydata()[1] for line in joins]
    np.testing.assert_allclose(tops, found["step_entropy"].values.cumsum())
    assert [line.get_color() == MUTED for line in joins] == [False, False, True]
    assert [text.get_text() for text in left.texts] == [f"{p:.0%}" for p in found["step_overlap_probability"].values]
    ticks = [int(tick.get_text()) for tick in left.get_xticklabels()]
    assert sorted(ticks) == [0, 1, 2, 3]
    curve, ring = right.lines
    np.testing.assert_allclose(curve.get_ydata(), found["tree_entropy"])
    assert ring.get_xdata()[0] == 2


def test_counts_have_a_tree_and_one_component_has_none():
    bm.plot_merge(discrete_tree("count"))
    with pytest.raises(ValueError, match="and the tree has one"):
        bm.plot_merge(simulated_tree(n_components=1))


def stars(ax):
    return [line for line in ax.lines if isinstance(line, Line2D) and line.get_marker() == "*"]


def test_modes_are_marked_on_the_density():
    tree = simulated_tree(n_features=3, separation=6.0)
    places = bm.modes(tree)["location"].values
    names = [str(name) for name in tree["observed_data"]["feature"].values]
    for shown in ([0], [2, 1], [0, 1, 2]):
        figure = bm.plot_density(tree, features=[names[j] for j in shown], modes=True)
        found = [np.column_stack(star.get_data()) for ax in figure.axes for star in stars(ax)]
        if len(shown) == 1:
            np.testing.assert_allclose(found[0], np.column_stack([places[:, 0], 0 * places[:, 0]]))
        if len(shown) == 2:
            np.testing.assert_allclose(found[0], places[:, shown])
        if len(shown) == 3:
            assert len(found) == 6
            np.testing.assert_allclose(found[1], places[:, [0, 1]])
    assert not stars(bm.plot_density(tree, features=names[:2]).axes[0])
    with pytest.raises(ValueError, match="not in principal components"):
        bm.plot_density(tree, principal_components=2, modes=True)
    with pytest.raises(ValueError, match="no slope to climb"):
        bm.plot_density(discrete_tree("count"), modes=True)
