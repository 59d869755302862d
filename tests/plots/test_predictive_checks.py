import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy.stats import ecdf

import bayesmix as bm
from bayesmix.plots import draw_predictive_check, plot_predictive_check
from bayesmix.plots.palette import INK
from bayesmix.posterior.predictive import sample_predictive
from tests.plots.pictures import LONG_NAMES, data, em, tree


def of_data(ax):
    (line,) = [line for line in ax.lines if to_hex(line.get_color()) == INK]
    return line


def test_the_data_are_drawn_feature_by_feature():
    figure = plot_predictive_check(tree("faithful", 2), kind="ecdf")
    assert [ax.get_xlabel() for ax in figure.axes] == ["eruptions (min)", "waiting (min)"]
    for ax, name in zip(figure.axes, ["eruptions", "waiting"], strict=True):
        x, y = of_data(ax).get_data()
        np.testing.assert_allclose(y, ecdf(data("faithful")[name]).cdf.evaluate(x), atol=1e-12)
        assert (x.min(), x.max()) == (data("faithful")[name].min(), data("faithful")[name].max())


def test_the_lines_beside_them_are_data_sets_of_the_model():
    """Each is as long as the data; the means of all are those of the predictive distribution."""
    figure = plot_predictive_check(tree("faithful", 2), kind="ecdf", random_seed=5)
    replicated = [line for line in figure.axes[1].lines if to_hex(line.get_color()) != INK]
    assert len(replicated) == 50
    made = sample_predictive(tree("faithful", 2), draws=25, random_seed=5)["posterior_predictive"]["x"]
    expected = np.sort(made.values.reshape(50, 272, 2)[..., 1], axis=1)
    drawn = {float(line.get_xdata()[np.isfinite(line.get_xdata())].max()) for line in replicated}
    np.testing.assert_allclose(sorted(drawn), sorted(set(expected[:, -1])))
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["the data", "50 data sets that the model makes"]


def test_a_point_estimate_makes_as_many_data_sets():
    figure = plot_predictive_check(em("galaxies", 3))
    assert len(figure.axes[0].lines) == 51


def test_of_very_many_rows_some_are_drawn_and_the_data_sets_are_as_long(monkeypatch):
    monkeypatch.setattr("bayesmix.plots.predictive_checks._MOST_ROWS", 100)
    for drawn in (tree("faithful", 2), em("faithful", 2)):
        figure = plot_predictive_check(drawn, kind="ecdf")
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
        assert texts == ["the data (100 of 272 rows)", "50 data sets that the model makes"]
        steps = [np.unique(np.diff(np.unique(line.get_ydata()))) for line in figure.axes[1].lines]
        assert all(np.allclose(100 * step, np.round(100 * step)) for step in steps)
        x, y = of_data(figure.axes[1]).get_data()
        shown = data("faithful")["waiting"].to_numpy()[np.linspace(0, 271, 100).round().astype(int)]
        np.testing.assert_allclose(y, ecdf(shown).cdf.evaluate(x), atol=1e-12)


def test_the_same_seed_gives_the_same_picture():
    first, again, other = (
        plot_predictive_check(tree("galaxies", 3), random_seed=seed).axes[0].lines[0].get_ydata() for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_names_that_shorten_alike_keep_their_panels():
    rows = data("penguins").set_axis([60 * "x" + end for end in "abcd"], axis=1)
    alike = plot_predictive_check(bm.Mixture(2, bm.Gaussian("diag")).fit_em(rows, random_seed=1))
    assert len({id(ax) for ax in alike.axes}) == 4
    assert [len(ax.lines) for ax in alike.axes] == [51] * 4


def test_features_and_kinds_that_cannot_be_shown_are_refused():
    chosen = plot_predictive_check(tree("long names", 3), features=["m", LONG_NAMES[2]])
    assert [ax.get_xlabel() for ax in chosen.axes] == ["m", LONG_NAMES[2]]
    plt.close("all")
    with pytest.raises(ValueError, match="kind must be one of 'kde', 'ecdf', 'hist', not 'violin'"):
        plot_predictive_check(tree("faithful", 2), kind="violin")
    with pytest.raises(ValueError, match="'height'"):
        plot_predictive_check(tree("faithful", 2), features="height")
    assert plt.get_fignums() == []


def test_figures_for_files_are_none_of_pyplots():
    draw_predictive_check(tree("galaxies", 3))
    assert plt.get_fignums() == []
