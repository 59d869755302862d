from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

import bayesmix as bm
from bayesmix.plots import plot_em
from bayesmix.plots.palette import colour
from tests.plots.pictures import data, em


def test_the_objective_is_drawn_per_iteration_up_to_the_one_reported():
    result = em("faithful", 3)
    left = plot_em(result).axes[0]
    (line,) = left.lines
    np.testing.assert_array_equal(line.get_xdata(), np.arange(len(result.history)))
    np.testing.assert_array_equal(line.get_ydata(), result.history)
    assert line.get_ydata()[-1] == pytest.approx(result.objective, abs=1e-6)
    low, high = left.get_ylim()
    assert low < result.objective < high
    assert left.get_title(loc="left") == f"Best start: {len(result.history) - 1} iterations, converged"


def test_every_start_is_drawn_at_its_objective_on_the_line_of_its_optimum():
    result = em("faithful", 3)
    middle = plot_em(result).axes[1]
    drawn = [line for line in middle.lines if line.get_marker() in ("o", "D")]
    table = result.restarts
    assert len(drawn) == len(result.optima)
    for number, line in enumerate(drawn):
        of_starts = table["objective"][table["optimum"] == number]
        assert line.get_marker() == ("o" if len(of_starts) else "D")
        expected = of_starts if len(of_starts) else [result.optima[number].objective]
        np.testing.assert_array_equal(np.sort(line.get_xdata()), np.sort(expected))
        assert np.all(np.abs(line.get_ydata() - number) < 0.5)
        assert np.unique(line.get_ydata()).size == len(expected)
    counts = [int(label.get_text().split(": ")[1].split()[0]) for label in middle.get_yticklabels()]
    assert counts == [(table["optimum"] == number).sum() for number in range(len(result.optima))]


@pytest.mark.parametrize("found_by_moves", [True, False])
def test_the_legend_names_what_splits_and_merges_found_where_there_is_any(found_by_moves):
    result = em("faithful", 3)
    first = replace(result.optima[0], n_starts=0 if found_by_moves else 10)
    starts = tuple({**one, "optimum": -1 if found_by_moves else 0} for one in result.starts)
    figure = plot_em(replace(result, optima=(first,), starts=starts))
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert ("splits and merges" in said) == found_by_moves


def test_the_weights_of_each_optimum_are_stacked_to_one():
    result = em("faithful", 3)
    right = plot_em(result).axes[2]
    bars = [patch for patch in right.patches if isinstance(patch, Rectangle)]
    widths = np.reshape([bar.get_width() for bar in bars], (3, -1)).T
    np.testing.assert_allclose(widths, [one.weights for one in result.optima])
    np.testing.assert_allclose(widths.sum(axis=1), 1)
    assert to_hex(bars[0].get_facecolor()) == colour(0)


def test_collapsed_starts_are_counted_and_not_shown():
    rows = data("galaxies")
    result = bm.Mixture(14).fit_em(rows, estimate="ml", init="random_from_data", n_init=20, random_seed=0)
    collapsed = int((result.restarts["optimum"] < 0).sum())
    assert collapsed > 0
    middle = plot_em(result).axes[1]
    assert f"{collapsed} collapsed: not shown" in middle.get_title(loc="left")
    everything_collapsed = replace(result, optima=(), starts=tuple({**one, "optimum": -1} for one in result.starts))
    assert "20 collapsed" in plot_em(everything_collapsed).axes[1].get_title(loc="left")


def test_of_many_optima_the_best_are_shown_and_it_is_said():
    result = bm.Mixture(6).fit_em(data("penguins")[:100], n_init=20, random_seed=1)
    assert len(result.optima) > 12
    figure = plot_em(result)
    assert f"{len(result.optima)} distinct optima\n(the best 12 shown)" in figure.axes[1].get_title(loc="left")
    assert len(figure.axes[1].get_yticks()) == 12


def test_only_an_em_result_has_restarts():
    with pytest.raises(TypeError, match="a tree keeps no restarts"):
        plot_em(em("faithful", 2).to_tree())
    assert plt.get_fignums() == []
