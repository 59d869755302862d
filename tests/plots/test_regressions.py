import numpy as np
import pytest

import bayesmix as bm
from tests.simulated_trees import discrete_tree, simulated_tree

TREE = simulated_tree(n_rows=80, n_features=3, n_components=2, spread=0.15)
FIRST, SECOND, _ = (str(name) for name in TREE["observed_data"]["feature"].values)


def test_curve_and_bands_are_those_of_conditional():
    ax = bm.plot_conditional(TREE, FIRST, given=SECOND, ci_prob=0.8).axes[0]
    rows, curve = ax.lines
    grid, mean = curve.get_data()
    found = bm.conditional(TREE, {SECOND: grid}, features=FIRST, ci_prob=0.8).isel(feature=0)
    np.testing.assert_allclose(mean, found["mean"])
    for band, name in zip(ax.collections, ("interval", "mean_interval"), strict=True):
        corners = band.get_paths()[0].vertices
        assert corners[:, 1].min() == pytest.approx(found[name].values.min())
        assert corners[:, 1].max() == pytest.approx(found[name].values.max())
    values = TREE["observed_data"]["x"].sel(feature=[SECOND, FIRST]).values
    np.testing.assert_array_equal(np.transpose(rows.get_data()), values)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a new row, 80%", "the mean, 80%", "mean"]


def test_a_point_estimate_has_no_band_of_the_mean():
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    ax = bm.plot_conditional(em, "eruptions", given="waiting").axes[0]
    assert len(ax.collections) == 1


def test_counts_are_given_as_whole_numbers():
    tree = discrete_tree("count")
    one, other, *_ = (str(name) for name in tree["observed_data"]["feature"].values)
    grid = bm.plot_conditional(tree, one, given=other).axes[0].lines[-1].get_xdata()
    np.testing.assert_array_equal(grid, np.round(grid))


def test_what_has_no_curve_is_refused():
    with pytest.raises(ValueError, match=f"feature and given are both '{FIRST}'"):
        bm.plot_conditional(TREE, FIRST, given=FIRST)
    tree = discrete_tree("categorical")
    one, other, *_ = (str(name) for name in tree["observed_data"]["feature"].values)
    with pytest.raises(ValueError, match="has levels, which have no mean"):
        bm.plot_conditional(tree, one, given=other)
