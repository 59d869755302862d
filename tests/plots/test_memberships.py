import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import StepPatch

from bayesmix.plots import draw_responsibilities, plot_responsibilities
from bayesmix.plots.memberships import NAMED_ROWS
from bayesmix.plots.palette import colour
from bayesmix.posterior.membership import UNSURE, responsibilities
from tests.simulated_trees import simulated_tree


@pytest.fixture(scope="module")
def tree():
    names = [f"row {i}" for i in range(120)]
    return simulated_tree(n_rows=120, separation=1.5, obs=names)


def steps(ax):
    """Areas of the stack, then of the intervals."""
    patches = [patch for patch in ax.patches if isinstance(patch, StepPatch)]
    stacked = [patch for patch in patches if patch.get_alpha() is None]
    return stacked, [patch for patch in patches if patch.get_alpha() is not None]


def test_the_probabilities_of_every_row_are_stacked_to_one(tree):
    left = plot_responsibilities(tree).axes[0]
    stacked, _ = steps(left)
    total = np.zeros(120)
    for patch in stacked:
        heights, edges, floor = patch.get_data()
        assert np.all(heights >= np.asarray(floor) - 1e-12)
        total[(edges[:-1] + 0.5).astype(int)] += heights - floor
    np.testing.assert_allclose(total, 1, rtol=1e-12)
    assert left.get_xlim() == (-0.5, 119.5)
    assert left.get_ylim() == (0, 1)


def test_rows_are_sorted_by_label_and_certainty_and_the_label_is_at_the_bottom(tree):
    membership = responsibilities(tree)
    left = plot_responsibilities(tree).axes[0]
    stacked, bands = steps(left)
    bottoms = [patch for patch in stacked if not np.any(patch.get_data()[2])]
    assert [to_hex(patch.get_facecolor()) for patch in bottoms] == [colour(k) for k in range(3)]
    interval = membership["probability_interval"].values
    for k, (bottom, band) in enumerate(zip(bottoms, bands, strict=True)):
        rows = np.flatnonzero(membership["label"].values == k)
        rows = rows[np.argsort(-membership["label_probability"].values[rows], kind="stable")]
        certainty = membership["label_probability"].values[rows]
        np.testing.assert_allclose(bottom.get_data()[0], certainty)
        np.testing.assert_allclose(band.get_data()[0], interval[rows, k, 1])
        np.testing.assert_allclose(band.get_data()[2], interval[rows, k, 0])


def test_the_rows_hardest_to_place_are_named_with_their_interval(tree):
    membership = responsibilities(tree)
    right = plot_responsibilities(tree).axes[1]
    certainty = membership["label_probability"].values
    hardest = np.argsort(certainty, kind="stable")[:NAMED_ROWS]
    assert [text.get_text() for text in right.get_yticklabels()] == [f"row {i}" for i in hardest]
    for place, row in enumerate(hardest):
        bars = [bar for bar in right.patches if abs(bar.get_y() + 0.36 - place) < 1e-9]
        assert sum(bar.get_width() for bar in bars) == pytest.approx(1)
        assert bars[0].get_width() == pytest.approx(certainty[row])
    whiskers = [segment for c in right.collections for segment in c.get_segments()]
    label = membership["label"].values[hardest[0]]
    bounds = membership["probability_interval"].values[hardest[0], label]
    np.testing.assert_allclose(whiskers[0][:, 0], bounds)


def test_the_number_of_unsure_rows_is_said(tree):
    n_unsure = int((responsibilities(tree)["label_probability"] < UNSURE).sum())
    title = plot_responsibilities(tree).axes[0].get_title(loc="left")
    assert title == f"All 120 rows; {n_unsure} unsure (below 90%)"
    assert n_unsure > 0


def test_one_draw_has_no_interval():
    tree = simulated_tree(shape=(1, 1), separation=1.5)
    figure = plot_responsibilities(tree)
    assert steps(figure.axes[0])[1] == []
    assert len(figure.axes[1].collections) == 0
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["group 0", "group 1", "group 2"]


def test_many_rows_are_thinned_and_it_is_said():
    tree = simulated_tree(n_rows=3500, shape=(1, 2), separation=1.5)
    left = plot_responsibilities(tree).axes[0]
    assert "(600 of 3,500 shown)" in left.get_xlabel()
    assert left.get_xlim()[1] == 599.5


def test_of_one_group_no_row_is_hard_to_place():
    figure = plot_responsibilities(simulated_tree(n_components=1, n_rows=2))
    (ax,) = figure.axes
    assert ax.get_title(loc="left") == "One group: all 2 rows belong to it"
    assert figure.legends == []


def test_times_are_written_without_needless_zeros():
    days = pd.date_range("2020-01-01", periods=5)
    right = plot_responsibilities(simulated_tree(n_rows=5, separation=0.1, obs=days)).axes[1]
    assert {text.get_text() for text in right.get_yticklabels()} == {f"2020-01-0{d}" for d in range(1, 6)}


def test_where_no_row_is_in_doubt_all_rows_stand_alone():
    figure = plot_responsibilities(simulated_tree(separation=20))
    (ax,) = figure.axes
    assert "; 0 unsure" in ax.get_title(loc="left")
    assert steps(ax)[1] != []


def test_no_sure_row_is_called_hard_to_place():
    """Only as many rows are named as are in doubt."""
    tree = simulated_tree(n_rows=60, separation=3)
    certainty = responsibilities(tree)["label_probability"].values
    n_doubtful = int((certainty < UNSURE).sum())
    assert 0 < n_doubtful < NAMED_ROWS
    assert len(plot_responsibilities(tree).axes[1].get_yticklabels()) == n_doubtful


def test_figures_for_files_are_none_of_pyplots(tree):
    draw_responsibilities(tree)
    assert plt.get_fignums() == []
