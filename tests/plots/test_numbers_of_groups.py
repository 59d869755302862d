"""The picture of the number of groups against its numbers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

import bayesmix as bm
from bayesmix.html.sections.choice import choice_section

INDEX = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("a", 3), ("b", 2), ("b", 3)], names=["family", "n_components"])
AFTER = pd.Series([0.1, 0.3, 0.2, 0.4, np.nan], index=INDEX)
OCCUPIED = pd.DataFrame(
    [[1, np.nan, np.nan], [0.5, 0.5, np.nan], [0.0, 0.8, 0.2], [0.25, 0.75, np.nan], [np.nan] * 3],
    index=INDEX,
    columns=pd.RangeIndex(1, 4, name="n_occupied"),
)


def comparison(after: pd.Series = AFTER) -> SimpleNamespace:
    return SimpleNamespace(
        posterior_probability=lambda prior: after,
        prior_probability=lambda prior: after.notna().astype(float).where(after.notna()) / after.notna().sum(),
        occupied=OCCUPIED,
    )


def test_bars_are_the_probabilities_of_every_number_over_all_families():
    left, _ = bm.plot_number_of_groups(comparison()).axes
    before, after = left.containers
    np.testing.assert_allclose([bar.get_height() for bar in after], [0.1, 0.7, 0.2])
    np.testing.assert_allclose([bar.get_height() for bar in before], [0.25, 0.5, 0.25])


def test_areas_are_the_probabilities_of_groups_with_rows():
    _, right = bm.plot_number_of_groups(comparison()).axes
    drawn = {
        (round(square.get_x() + square.get_width() / 2), round(square.get_y() + square.get_height() / 2)): (
            square.get_width() / 0.86
        )
        ** 2
        for square in right.patches
        if isinstance(square, Rectangle) and square.get_width() > 0
    }
    # of two families with two groups the average by their probability
    two = (0.3 * np.array([0.5, 0.5]) + 0.4 * np.array([0.25, 0.75])) / 0.7
    wanted = {(1, 1): 1.0, (2, 1): two[0], (2, 2): two[1], (3, 2): 0.8, (3, 3): 0.2}
    assert drawn.keys() == wanted.keys()
    for place, area in wanted.items():
        assert drawn[place] == pytest.approx(area)


def test_refusals():
    with pytest.raises(TypeError, match=r"comparison must be what .* gives, not int"):
        bm.plot_number_of_groups(3)
    with pytest.raises(ValueError, match="No model of this comparison has an evidence"):
        bm.plot_number_of_groups(comparison(AFTER * np.nan))


def test_the_report_has_the_picture_and_says_where_groups_have_no_rows():
    table = pd.DataFrame({"posterior_probability": AFTER, "log_evidence": np.log(AFTER), "bic": -2 * np.log(AFTER)})
    table = table.assign(log_evidence_se=0.1)
    section = choice_section(table, ["2 groups."], ("a", 3), OCCUPIED)
    assert "most probable is 2" in section.pictures[-1].alt
    assert section.pictures[-1].draw().axes
    said = "Of the 3 groups that are shown most probably 2 have rows (probability 0.80): the data need no more."
    assert said in section.sentences
    assert said not in choice_section(table, ["2 groups."], ("b", 2), OCCUPIED).sentences
