"""What the report says of groups that may be one, beside the views that it is taken from."""

import numpy as np

import bayesmix as bm
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import percent
from bayesmix.html.sections.groups import groups_section
from bayesmix.html.sections.overlaps import overlaps_section
from tests.simulated_trees import discrete_tree, simulated_tree


def test_groups_that_overlap_are_named_with_their_probability():
    tree = simulated_tree(n_rows=80, n_components=3, separation=1.5, spread=0.3)
    pairs, peaks = overlaps_section(Digest(tree)).sentences
    merged = bm.merge(tree)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        probability = float(merged["overlap_probability"][i, j])
        said = f"Groups {i} and {j} overlap so much that they may be one: probability {percent(probability)}." in pairs
        assert said == (probability >= 0.1)
    assert "Groups 0 and 1 overlap" in pairs
    numbers, counts = np.unique(bm.modes(tree)["n_modes"], return_counts=True)
    most = counts.argmax()
    assert peaks.startswith(
        f"Peaks of the density: {numbers[most]} (probability {percent(counts[most] / counts.sum())})"
    )


def test_groups_that_do_not_overlap_and_point_estimates():
    apart = simulated_tree(n_components=2, separation=15.0)
    pairs, peaks = overlaps_section(Digest(apart)).sentences
    assert pairs.startswith("No two groups overlap so much that they may be one.")
    assert peaks == "Peaks of the density: 2 (probability 100%)."
    pairs, peaks = overlaps_section(Digest(simulated_tree(shape=(1, 1), separation=1.0))).sentences
    assert "probability" not in pairs
    assert peaks.startswith("The density has ")


def test_where_it_stands():
    headings = [heading for heading, _ in groups_section(Digest(discrete_tree("count"))).parts]
    assert "Groups that may be one" in headings
    assert len(overlaps_section(Digest(discrete_tree("count"))).sentences) == 1
    alone = groups_section(Digest(simulated_tree(n_components=1))).parts
    assert "Groups that may be one" not in [heading for heading, _ in alone]
