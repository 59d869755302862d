"""The study of how often the advice is right: its data sets, and its table."""

import numpy as np

from benchmarks.advice import COLUMNS, KINDS, ROWS, data_set, table


def test_the_first_data_sets_are_of_every_kind_and_size():
    told = [data_set(number)[1] for number in range(64)]
    assert len({(one["kind"], one["rows"], one["columns"]) for one in told}) == len(KINDS) * len(ROWS) * len(COLUMNS)
    X, one = data_set(37)
    assert X.shape == (one["rows"], one["columns"])
    np.testing.assert_array_equal(X, data_set(37)[0])
    assert {one["groups"] for one in told} == {1, 2, 3, 4}


def test_the_table_counts_what_is_right():
    made = [
        {"kind": "separated", "groups": 2, "found": {"advice": 2, "bic": None}},
        {"kind": "heavy tails", "groups": 2, "found": {"advice": 3, "bic": 2}},
    ]
    lines = table(made).splitlines()
    assert lines[0] == "| criterion | all 2 | separated | heavy tails |"
    assert lines[2:] == ["| advice | 50% ± 35% | 100% | 0% |", "| bic | 50% ± 35% | 0% | 100% |"]
