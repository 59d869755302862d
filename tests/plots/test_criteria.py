import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from bayesmix.plots import draw_comparison, plot_comparison
from bayesmix.plots.palette import PAPER, colour
from bayesmix.standing import is_bracketed

FAMILIES = ["gaussian-full", "gaussian-diag"]


@pytest.fixture
def table():
    keys = [(family, k) for family in FAMILIES for k in range(1, 5)]
    index = pd.MultiIndex.from_tuples(keys, names=["family", "n_components"])
    elpd = np.array([-140.0, -110, -112, -100, -150, -120, -111, -119])
    diff = elpd - elpd[1]
    diff[3] = np.nan  # the highest, but it cannot be trusted
    return pd.DataFrame(
        {
            "bic": [300.0, 250, 260, 270, 320, 290, 255, 251],
            "icl": [300.0, 252, 270, 290, 320, 295, 260, 270],
            "aic": [290.0, 240, 238, 239, 310, 280, 241, 237],
            "elpd_loo": elpd,
            "se_loo": 5.0,
            "elpd_diff": diff,
        },
        index=index,
    )


def panel(figure, start):
    return next(ax for ax in figure.axes if ax.get_title(loc="left").startswith(start))


def ring(ax):
    (found,) = [line for line in ax.lines if line.get_markersize() == 14]
    return [float(value[0]) for value in found.get_data()]


def test_there_is_a_panel_for_each_criterion_and_a_line_for_each_family(table):
    figure = plot_comparison(table)
    assert len(figure.axes) == 5
    ax = panel(figure, "BIC")
    lines = [line for line in ax.lines if line.get_linestyle() != "None"]
    assert [to_hex(line.get_color()) for line in lines] == [colour(0), colour(1)]
    for family, line in zip(FAMILIES, lines, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), table.xs(family)["bic"])
        np.testing.assert_allclose(line.get_xdata(), [1, 2, 3, 4], atol=0.1)


def test_the_best_by_each_criterion_is_ringed_and_named(table):
    figure = plot_comparison(table)
    best = {"BIC": (2, 250), "ICL": (2, 252), "AIC": (4, 237), "LOO": (2, -110)}
    named = {"BIC": "full, 2", "ICL": "full, 2", "AIC": "diag, 4", "LOO": "full, 2"}
    for start, (where, height) in best.items():
        assert ring(panel(figure, start)) == [pytest.approx(where, abs=0.1), height]
        title = panel(figure, start).get_title(loc="left")
        assert title.endswith(f"best: gaussian-{named[start]} groups")


def test_a_loo_that_cannot_be_trusted_is_hollow_and_others_are_not(table):
    figure = plot_comparison(table)
    for start, expected in (("LOO", [-100.0]), ("BIC", [])):
        marks = [line for line in panel(figure, start).lines if line.get_markersize() == 6]
        hollow = [line for line in marks if to_hex(line.get_markerfacecolor()) == PAPER]
        assert [y for line in hollow for y in line.get_ydata()] == expected
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "hollow: posterior not to be trusted" in texts


def test_standard_errors_are_drawn_about_loo(table):
    ax = panel(plot_comparison(table), "LOO")
    segments = np.concatenate([c.get_segments() for c in ax.collections])
    heights = np.sort(segments[:, :, 1], axis=1)
    np.testing.assert_allclose(heights.mean(axis=1), table["elpd_loo"])
    np.testing.assert_allclose(np.diff(heights, axis=1)[:, 0], 10)


def test_criteria_without_numbers_have_no_panel(table):
    table[["elpd_loo", "se_loo", "elpd_diff"]] = np.nan
    figure = plot_comparison(table)
    assert [ax.get_title(loc="left")[:3] for ax in figure.axes] == ["BIC", "ICL", "AIC"]
    assert len([ax for ax in figure.axes if ax.get_xlabel() == "number of groups"]) == 2
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[:3] == [*FAMILIES, "best"]
    assert not any("hollow" in text for text in texts)
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_comparison(table[["se_loo"]])


def test_a_far_worse_model_is_off_the_scale_and_marked(table):
    table.loc[("gaussian-full", 1), "bic"] = 9000.0
    figure = plot_comparison(table)
    ax = panel(figure, "BIC")
    assert ax.get_ylim()[1] < 1000
    arrows = [line for line in ax.lines if line.get_label() == "off the scale"]
    outside = table["bic"][table["bic"] > ax.get_ylim()[1]]
    assert ("gaussian-full", 1) in outside.index
    assert len(arrows) == len(outside)
    assert to_hex(arrows[0].get_color()) == colour(0)
    assert arrows[0].get_xdata()[0] == pytest.approx(1, abs=0.1)
    assert ax.get_ylim()[0] < 250
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[-1] == "off the scale"


def test_one_model_alone_can_be_drawn(table):
    figure = draw_comparison(table.loc[[("gaussian-full", 2)]])
    assert ring(panel(figure, "BIC")) == [2, 250]
    assert plt.get_fignums() == []


def test_no_trusted_loo_means_no_best(table):
    table["elpd_diff"] = np.nan
    assert is_bracketed(table).all()
    ax = panel(plot_comparison(table), "LOO")
    assert "best" not in ax.get_title(loc="left")
    assert not [line for line in ax.lines if line.get_markersize() == 14]
