from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

import bayesmix as bm
from bayesmix.plots import draw_similarity
from bayesmix.posterior.partitions.overview import Overview, named_like, order_of
from tests.simulated_trees import discrete_tree, simulated_tree


@pytest.fixture(scope="module")
def tree():
    return simulated_tree(n_rows=90, separation=2.0)


def image_of(figure):
    return figure.axes[0].images[0].get_array()


def test_pairs_stand_in_the_order_of_the_partition_and_of_similar_rows(tree):
    seen = Overview(tree)
    shown, labels = seen.shown, bm.partition(tree)["label"].values
    assert sorted(shown) == list(range(90))
    assert (np.diff(labels[shown]) >= 0).all()
    together = bm.similarity(tree).values[np.ix_(shown, shown)]
    np.testing.assert_allclose(image_of(bm.plot_similarity(tree)), together, atol=1e-12)


def test_similar_rows_stand_side_by_side(tree):
    """Neighbours within a group are as similar as a leaf order makes them: more so than in the order of the rows."""
    together = bm.similarity(tree).values
    labels = bm.partition(tree)["label"].values
    order, plain = order_of(labels, together), np.argsort(labels, kind="stable")

    def between_neighbours(rows):
        return sum(together[i, j] for i, j in pairwise(rows) if labels[i] == labels[j])

    assert between_neighbours(order) > between_neighbours(plain)
    assert order_of(np.array([1, 0]), np.eye(2)).tolist() == [1, 0]


def test_lines_part_the_groups_and_the_title_counts_them(tree):
    ax = bm.plot_similarity(tree).axes[0]
    sizes = np.bincount(bm.partition(tree)["label"].values)
    edges = np.cumsum(sizes)[:-1] - 0.5
    drawn = sorted(line.get_ydata()[0] for line in ax.lines if line.get_xdata()[0] == 0 and line.get_xdata()[1] == 1)
    np.testing.assert_allclose(drawn, edges)
    assert ax.get_title(loc="left").endswith(f"; {len(sizes)} groups")
    assert [text.get_text() for text in ax.get_yticklabels()] == [str(k) for k in range(len(sizes))]


def test_many_rows_are_thinned_and_it_is_said():
    tree = simulated_tree(n_rows=3500, shape=(1, 2), separation=4)
    ax = bm.plot_similarity(tree).axes[0]
    assert "(600 of 3,500 shown)" in ax.get_xlabel()
    assert ax.images[0].get_array().shape == (600, 600)
    assert Overview(tree).rows.n_rows == 2000


def test_every_kind_of_rows_and_one_group():
    bm.plot_similarity(discrete_tree("categorical"))
    ax = bm.plot_similarity(simulated_tree(n_components=1)).axes[0]
    assert ax.get_title(loc="left").endswith("; 1 group")


def test_groups_are_named_like_those_of_another_partition():
    reference = np.array([2, 2, 2, 0, 0, 1])
    assert named_like(np.array([0, 0, 1, 1, 1, 2]), reference).tolist() == [2, 2, 0, 0, 0, 1]
    assert named_like(np.array([3, 3, 2, 0, 0, 1]), reference).tolist() == [2, 2, 3, 0, 0, 1]
    assert named_like(np.zeros(6, dtype=int), reference).tolist() == [2] * 6


def test_figures_for_files_are_none_of_pyplots(tree):
    draw_similarity(Overview(tree))
    assert plt.get_fignums() == []
