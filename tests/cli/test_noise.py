"""Rows that are noise, on the command line."""

import json

import pandas as pd
import pytest

from bayesmix.cli.commands import app
from tests.families.test_noise import noisy


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "noisy.csv"
    noisy().to_csv(path, index=False)
    return path


def run(*words) -> int:
    return app(list(map(str, words)), exit_on_error=False, result_action="return_value")


def test_fit_predicts_noise(data, tmp_path, capsys):
    kept, labels = tmp_path / "fit.nc", tmp_path / "labels.csv"
    run("fit", data, "-k", 2, "--noise", "--method", "em", "--seed", 1, "-o", kept, "-o", labels)
    said = capsys.readouterr().out
    assert "312 rows as 2 groups and noise" in said and "anywhere" in said
    table = pd.read_csv(labels)
    assert (table["label"] == -1).sum() == 41 and "noise_probability" in table
    run("predict", kept, data, "--json", "--quiet")
    document = json.loads(capsys.readouterr().out)
    assert [row["label"] for row in document["rows"]] == table["label"].tolist()
    assert document["rows"][0]["noise_probability"] == pytest.approx(table["noise_probability"][0])


def test_document_has_noise(data, capsys):
    run("fit", data, "-k", 2, "--noise", "--method", "em", "--seed", 1, "--json", "--quiet")
    noise = json.loads(capsys.readouterr().out)["noise"]
    assert noise["rows"] == 41 and 0.15 < noise["share"]["estimate"] < 0.21


def test_compare_has_noise_in_every_model(data, capsys):
    run("compare", data, "-k", "1:2", "--noise", "--method", "em", "--seed", 1, "--json", "--quiet")
    models = json.loads(capsys.readouterr().out)["models"]
    assert {model["family"] for model in models} == {"gaussian-full+noise"}
