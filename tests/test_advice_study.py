"""The study of how often the advice is right: its data sets, its table, and what it found."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmarks import advice
from benchmarks.advice import CHOSEN_ON, COLUMNS, KINDS, OTHERS, OURS, ROWS, advised, data_set, table

# what models of one and two groups rest on: the second one's LOO is better by 10
MODELS = [
    {"bic": 100.0, "icl": 100.0, "elpd_loo": -60.0, "elpd_diff": 10.0, "dse": 1.0},
    {"bic": 110.0, "icl": 120.0, "elpd_loo": -50.0, "elpd_diff": 0.0, "dse": 0.0},
]


def test_the_first_data_sets_are_of_every_kind_and_size():
    told = [data_set(number)[1] for number in range(20)]
    assert len({(one["kind"], one["columns"]) for one in told}) == len(KINDS) * len(COLUMNS) == 20
    assert all(ROWS[0] <= one["rows"] <= ROWS[1] for one in told)
    X, one = data_set(17)
    assert X.shape == (one["rows"], one["columns"])
    np.testing.assert_array_equal(X, data_set(17)[0])
    assert {one["groups"] for one in told} == {1, 2, 3, 4}


def test_the_advice_is_found_anew_from_what_the_models_rest_on():
    assert advised(MODELS) == 2
    unknown = {"elpd_diff": None, "dse": None}
    assert advised([MODELS[0] | {"elpd_diff": 0.0, "dse": 0.0}, MODELS[1] | unknown]) == 1
    assert advised([one | unknown for one in MODELS]) == 1


def test_the_table_counts_what_is_right():
    made = [
        {"kind": "separated", "groups": 2, "found": {"loo": 2, "bic": None}, "models": MODELS},
        {"kind": "heavy tails", "groups": 2, "found": {"loo": 3, "bic": 2}, "models": MODELS},
    ]
    lines = table(made).splitlines()
    assert lines[0] == "| criterion | all 2 | separated (1) | heavy tails (1) |"
    assert lines[2] == "| advice | 100% ± 0% | 100% | 100% |"
    assert lines[3:] == ["| loo | 50% ± 35% | 100% | 0% |", "| bic | 50% ± 35% | 0% | 100% |"]


@pytest.fixture(scope="module")
def found():
    lines = Path(advice.__file__).with_name("advice.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", [*OURS, *OTHERS])
def test_no_single_criterion_is_right_more_often_than_the_advice_beyond_chance(found, name):
    """A sign test of the data sets in which one of the two is right and the other is not."""
    of_advice = np.array([advised(one["models"]) == one["groups"] for one in found])
    alone = np.array([one["found"][name] == one["groups"] for one in found])
    for_advice, for_it = (of_advice & ~alone).sum(), (alone & ~of_advice).sum()
    assert binomtest(int(for_it), int(for_advice + for_it), alternative="greater").pvalue > 0.05


def test_the_page_has_the_table_of_the_data_sets_that_judge_the_rule(found):
    page = (Path(__file__).parents[1] / "docs" / "criteria.md").read_text(encoding="utf-8")
    assert table([one for one in found if one["number"] >= CHOSEN_ON]) in page
