"""The picture of the rows that fit badly, against what bm.outliers says and what order statistics are."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

import bayesmix as bm
from tests.simulated_trees import simulated_tree

TREE = simulated_tree(n_rows=80, separation=4.0, spread=0.1)
COLUMNS = [str(name) for name in TREE["observed_data"]["feature"].values]
ROWS = pd.DataFrame(TREE["observed_data"]["x"].values, columns=COLUMNS, index=[f"row {i}" for i in range(80)])
ODD = pd.DataFrame(30.0 + np.arange(6.0).reshape(3, 2), columns=COLUMNS, index=["far", "farther", "farthest"])


def lines_of(ax):
    return {line.get_label(): np.array(line.get_data()) for line in ax.lines}


def test_points_are_tail_probabilities_in_order_and_flagged_ones_have_names():
    rows = pd.concat([ROWS, ODD])
    ax = bm.plot_outliers(TREE, rows, level=0.1, n=2000, random_seed=1).axes[0]
    found = bm.outliers(TREE, rows, level=0.1, n=2000, random_seed=1)
    ordered = np.maximum(np.sort(found["probability"].values), 1e-6)
    n_flagged = int(found["outlier"].sum())
    lines = lines_of(ax)
    np.testing.assert_array_equal(lines["rows that fit badly"], [ordered[:n_flagged], np.arange(1, n_flagged + 1)])
    np.testing.assert_array_equal(lines["rows"], [ordered[n_flagged:], np.arange(n_flagged + 1, 84)])
    worst = found["obs"].values[np.argsort(found["probability"].values, kind="stable")]
    named = [text.get_text() for text in ax.texts]
    assert set(ODD.index) <= set(named) and named == worst[: len(named)].tolist()
    assert ax.get_title(loc="left") == f"{n_flagged} rows fit badly, of 83"
    # the line of Benjamini and Hochberg parts the flagged from the others
    line, ranks = lines["10% false discoveries"]
    np.testing.assert_allclose(line, 0.1 * ranks / 83)
    assert n_flagged == max(np.flatnonzero(np.sort(found["probability"].values) <= line) + 1)


def test_the_band_is_that_of_the_order_statistics_of_uniform_numbers():
    ax = bm.plot_outliers(TREE, ROWS, n=500, random_seed=1).axes[0]
    corners = ax.collections[0].get_paths()[0].vertices
    for rank in (1, 40, 80):
        ends = corners[corners[:, 1] == rank, 0]
        assert ends.min() == pytest.approx(beta.ppf(0.025, rank, 81 - rank))
        assert ends.max() == pytest.approx(beta.ppf(0.975, rank, 81 - rank))


def test_where_no_row_fits_badly_none_is_named():
    ax = bm.plot_outliers(TREE, ROWS, level=1e-6, n=500, random_seed=1).axes[0]
    assert ax.get_title(loc="left") == "No row fits badly, of 80" and not ax.texts
    assert "rows that fit badly" not in lines_of(ax)


def test_of_many_rows_the_worst_are_all_drawn():
    rows = bm.sample_predictive(TREE, 5000, random_seed=3)["predictions"].to_dataset()["x"].values
    ranks = lines_of(bm.plot_outliers(TREE, rows, level=1e-9, n=500, random_seed=1).axes[0])["rows"][1]
    assert ranks[:1000].tolist() == list(range(1, 1001)) and ranks[-1] == 5000 and ranks.size < 2000


def test_what_outliers_refuses_is_refused():
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        bm.plot_outliers(TREE, level=0.0)
