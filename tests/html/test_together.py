"""Who belongs with whom, as a report tells it: the partition, its ball in plain words, and other ways to group."""

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.html.markdown import render_markdown
from bayesmix.html.reports import content_of_tree
from bayesmix.posterior.partitions.overview import named_like
from tests.simulated_trees import discrete_tree, simulated_tree


@pytest.fixture(scope="module")
def tree():
    return simulated_tree(n_rows=80, separation=3.0)


@pytest.fixture(scope="module")
def parts(tree):
    return dict(content_of_tree(tree).membership.parts)


def test_the_partition_and_its_ball_in_plain_words(tree, parts):
    said, ball = parts["As one partition"].sentences
    found = bm.partition(tree)
    sizes = np.bincount(found["label"].values).tolist()
    assert f"has {len(sizes)} groups, of " in said
    assert sorted(
        int(word.strip(",.")) for word in said.split("of ")[-1].split() if word.strip(",.").isdigit()
    ) == sorted(sizes)
    label, furthest = found["label"].values, found["horizontal"].values
    moved = int((named_like(furthest, label) != label).sum())
    assert moved > 0
    assert f"places {moved} row" in ball
    assert ball.startswith("With a probability of 89% the true partition")


def test_other_ways_stand_in_one_table_and_row_by_row(tree, parts):
    agreement, rows = parts["Beside other ways to group"].tables
    found = bm.compare_clusterings(tree)
    assert [row[0].text for row in agreement.rows] == found["clustering"].values.tolist()
    np.testing.assert_allclose([row[2].sort for row in agreement.rows], found["adjusted_rand"])
    np.testing.assert_allclose([row[3].sort for row in agreement.rows], found["variation_of_information"])
    for name, row in zip(found["clustering"].values, agreement.rows, strict=True):
        differ = named_like(found["label"].sel(clustering=name).values, bm.partition(tree)["label"].values)
        assert row[4].sort == (differ != bm.partition(tree)["label"].values).sum()
    for row in rows.rows:
        assert any(cell.text != row[1].text for cell in row[2:])


def test_counts_and_levels_have_a_partition_and_no_other_ways():
    parts = dict(content_of_tree(discrete_tree("count")).membership.parts)
    assert "As one partition" in parts and "Beside other ways to group" not in parts
    assert parts["As one partition"].pictures[0].alt.startswith("Similarity of 240 rows in 2 groups")


def test_a_point_estimate_and_one_group():
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    page = render_markdown(content_of_tree(em.to_tree()))
    assert "The one partition that stands for the best estimate" in page
    of_one_group = dict(content_of_tree(simulated_tree(n_components=1)).membership.parts)
    assert not {"As one partition", "Beside other ways to group"} & set(of_one_group)
