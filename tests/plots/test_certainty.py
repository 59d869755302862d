import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy.stats import entropy

from bayesmix.plots import plot_uncertainty
from bayesmix.plots.palette import colour
from bayesmix.posterior.membership import responsibilities
from tests.simulated_trees import simulated_tree


def points(ax):
    """Positions, areas, opacities and colours of all rows drawn."""
    drawn = [c for c in ax.collections if len(c.get_offsets())]
    return (
        np.concatenate([np.asarray(c.get_offsets()) for c in drawn]),
        np.concatenate([np.broadcast_to(c.get_sizes(), len(c.get_offsets())) for c in drawn]),
        np.concatenate([np.broadcast_to(c.get_facecolors()[:, 3], len(c.get_offsets())) for c in drawn]),
        np.concatenate([[to_hex(c.get_facecolors()[0])] * len(c.get_offsets()) for c in drawn]),
    )


def test_the_height_of_a_row_is_its_entropy_as_a_share_of_the_highest():
    tree = simulated_tree(n_features=1, n_rows=80, separation=1.5)
    (ax,) = plot_uncertainty(tree).axes
    places, *_ = points(ax)
    x = tree["observed_data"]["x"].values[:, 0]
    expected = entropy(responsibilities(tree)["probability"].values, axis=1) / np.log(3)
    assert expected.max() > 0.3
    order = np.argsort(places[:, 0])
    np.testing.assert_allclose(places[order], np.column_stack([x, expected])[np.argsort(x)], atol=1e-12)
    assert ax.get_ylim()[0] < 0 < 1 < ax.get_ylim()[1]
    assert ax.get_xlabel() == "eruptions / minutes"


def test_the_less_certain_a_row_the_larger_and_the_more_opaque():
    tree = simulated_tree(n_rows=200, separation=1.5)
    membership = responsibilities(tree)
    places, areas, opacities, colours = points(plot_uncertainty(tree).axes[0])
    x = tree["observed_data"]["x"].values
    row = [int(np.flatnonzero((x == place).all(axis=1))[0]) for place in places]
    assert sorted(row) == list(range(200))
    uncertainty = membership["entropy"].values[row]
    order = np.argsort(uncertainty)
    assert np.all(np.diff(areas[order]) >= -1e-9)
    assert np.all(np.diff(opacities[order]) >= -1e-9)
    assert areas.max() > 3 * areas.min()
    assert list(colours) == [colour(k) for k in membership["label"].values[row]]


def test_the_number_of_unsure_rows_is_said():
    tree = simulated_tree(n_rows=200, separation=1.5)
    n_unsure = int((responsibilities(tree)["label_probability"] < 0.9).sum())
    (ax,) = plot_uncertainty(tree).axes
    assert n_unsure > 0
    assert ax.get_title(loc="left") == f"{n_unsure} of 200 rows are unsure (below 90%)"


def test_of_many_rows_the_most_uncertain_are_shown():
    tree = simulated_tree(n_rows=7000, shape=(1, 2), separation=1.5)
    figure = plot_uncertainty(tree)
    places, *_ = points(figure.axes[0])
    assert len(places) == 5000
    shown = {tuple(place) for place in places}
    hardest = np.argsort(-responsibilities(tree)["entropy"].values, kind="stable")[:200]
    assert {tuple(row) for row in tree["observed_data"]["x"].values[hardest]} <= shown
    assert "5,000 shown" in figure.axes[0].get_title(loc="left")


def test_one_group_is_certain():
    figure = plot_uncertainty(simulated_tree(n_components=1))
    assert figure.axes[0].get_title(loc="left") == "One group: all 60 rows belong to it"
    assert not any("entropy" in text.get_text() for text in figure.legends[0].get_texts())


@pytest.mark.filterwarnings("ignore:Glyph")
def test_more_features_make_a_matrix():
    figure = plot_uncertainty(simulated_tree(n_features=4))
    assert len(figure.axes) == 10
    assert len(plot_uncertainty(simulated_tree(n_features=4), principal_components=2).axes) == 1


def test_axes_of_the_user_are_drawn_into():
    figure, ax = plt.subplots()
    assert plot_uncertainty(simulated_tree(), ax=ax) is figure
    with pytest.raises(ValueError, match="need a matrix"):
        plot_uncertainty(simulated_tree(n_features=3), ax=ax)
