"""``bayesmix fit --components unknown``: how many groups there are."""

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.counting import answer_of
from bayesmix.cli.entry import run
from bayesmix.html.answer import headline_of_numbers
from tests.cli.commands import refused
from tests.cli.test_json import assert_keys, document

COUNT = ["fit", "galaxies.csv", "--components", "unknown", "--family", "diag", "--seed", "1", "--draws", "300"]


@pytest.fixture(autouse=True)
def galaxies(folder):
    bm.datasets.load_galaxies().to_csv("galaxies.csv", index=False)


def test_it_tells_the_posterior_and_keeps_it(capsys, folder):
    assert run([*COUNT, "--output", "numbers.csv", "--output", "fit.nc", "--output", "report.md"]) == 0
    shown = capsys.readouterr()
    table, tree = pd.read_csv("numbers.csv", index_col="number"), bm.load("fit.nc")
    pd.testing.assert_frame_equal(table, bm.number_of_groups(tree).to_dataframe(), check_exact=False)
    headline = headline_of_numbers(table["occupied"].to_numpy(), 82)
    assert f"{table['occupied'].idxmax()} groups with rows" in shown.out
    assert "before the data" in shown.out
    assert headline in shown.out
    assert headline in (folder / "report.md").read_text()
    assert "ShiftedBetaNegativeBinomial(1, 4, 3)" in shown.err
    assert refused(capsys, "predict", "fit.nc", "galaxies.csv").count("single groups")


def test_json(capsys):
    assert run([*COUNT, "--json"]) == 0
    found = document(capsys.readouterr().out)
    assert_keys(found, "numbers")
    assert sum(entry["occupied"] for entry in found["numbers"]) == pytest.approx(1)


def test_what_it_cannot_do(capsys):
    assert "needs a number of groups" in refused(capsys, *COUNT, "--method", "nuts")
    assert "--tune has no meaning" in refused(capsys, *COUNT, "--tune", "10")


def test_the_answer_names_a_run():
    told = dict(answer_of(np.array([0.05, 0.31, 0.5, 0.14, 0.0]), 10).points)
    assert told["How many?"].startswith("3 groups with rows: the most probable number, 50%. It is one of 2 or 3 with")
