"""``--json``: the documents hold what the documentation promises."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.entry import run
from tests.cli.commands import FAST


def no_constants(text: str):
    raise AssertionError(f"{text} is no JSON")


def document(text: str) -> dict:
    """One JSON document, strictly read."""
    return json.loads(text, parse_constant=no_constants)


def keys_of(value, path: str = "") -> set[str]:
    """Every key of a document with the keys above it; entries of a list share theirs."""
    if isinstance(value, dict):
        return {f"{path}{key}" for key in value}.union(*(keys_of(v, f"{path}{key}.") for key, v in value.items()))
    if isinstance(value, list):
        return set().union(*(keys_of(entry, path) for entry in value))
    return set()


def promised_keys(kind: str) -> set[str]:
    """The keys that the documentation lists for one kind of document."""
    page = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    lines = page.split(f"### `bayesmix-{kind}`")[1].split("### ")[0].splitlines()
    return {line.split("`")[1] for line in lines if line.startswith("| `")}


# What stands below is not ours to name: criteria of the table are, but seconds go by the method's parts.
OPEN = ("seconds.",)


def assert_keys(found: dict, kind: str) -> None:
    assert found["format"] == f"bayesmix-{kind}"
    named = {key for key in keys_of(found) if not key.startswith(OPEN)}
    assert named | {"outputs.kind", "outputs.path"} == promised_keys(
        kind
    )  # where nothing is written, no entry shows them


def test_json_of_a_point_estimate(capsys):
    assert run(["fit", "faithful.csv", "--components", "2", "--json", *FAST]) == 0
    found = document(capsys.readouterr().out)
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    assert found["criteria"] == {
        name: getattr(em, name) for name in ("log_likelihood", "n_parameters", "aic", "bic", "icl")
    }
    assert [group["centre"]["estimate"] for group in found["groups"]] == em.params["means"].tolist()
    assert [group["share"]["estimate"] for group in found["groups"]] == em.weights.tolist()
    assert [group["rows"] for group in found["groups"]] == np.bincount(em.labels).tolist()
    assert found["groups"][0]["share"]["lower"] is None
    assert found["diagnosis"]["max_rhat"] is None
    assert found["data"]["features"] == ["eruptions", "waiting"]
    assert found["seed"] == 1
    assert_keys(found, "fit")


def test_json_of_a_posterior_has_the_same_keys(capsys):
    arguments = ["fit", "faithful.csv", "--components", "2", "--method", "laplace", "--seed", "1", "--output", "f.nc"]
    assert run([*arguments, "--json", "-q"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    found = document(shown.out)
    for group in found["groups"]:
        for part in ("share", "centre", "spread"):
            low, value, high = (np.array(group[part][name]) for name in ("lower", "estimate", "upper"))
            assert (low < value).all()
            assert (value < high).all()
    assert found["diagnosis"]["pareto_k"] < 0.7
    assert found["outputs"] == [{"kind": "fit", "path": "f.nc"}]
    assert_keys(found, "fit")


def test_json_of_a_comparison(capsys):
    arguments = ["compare", "faithful.csv", "--components", "1:2", "--families", "full,diag", "--json", "--quiet"]
    assert run([*arguments, *FAST, "--output", "t.parquet", "--output", "best.nc"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    found = document(shown.out)
    table = pd.read_parquet("t.parquet")
    assert [(model["family"], model["n_components"]) for model in found["models"]] == table.index.to_list()
    assert [model["bic"] for model in found["models"]] == table["bic"].tolist()
    assert [model["elpd_loo"] for model in found["models"]] == [None] * 4
    assert found["answer"].startswith("2 groups")
    assert found["model"]["n_components"] == len(found["groups"]) == 2
    assert bm.load("best.nc")["posterior"].sizes["component"] == 2
    assert_keys(found, "comparison")


@pytest.mark.parametrize("more", [[], ["--intervals"]])
def test_json_of_a_prediction(capsys, more, monkeypatch):
    monkeypatch.setattr("bayesmix.cli.documents._ROWS_AT_ONCE", 100)
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    frame = bm.datasets.load_faithful()
    frame.insert(0, "id", [f"ü{i}" for i in range(272)])
    frame.to_csv("named.csv", index=False)
    capsys.readouterr()
    assert run(["predict", "fit.nc", "named.csv", "--index", "id", "--json", *more]) == 0
    text = capsys.readouterr().out
    assert text.isascii()
    found = document(text)
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    assert [row["row"] for row in found["rows"]] == frame["id"].tolist()
    assert [row["label"] for row in found["rows"]] == em.labels.tolist()
    np.testing.assert_allclose(
        [row["probability"] for row in found["rows"]], em.responsibilities, rtol=1e-12, atol=1e-300
    )
    assert (found["rows"][0]["probability_interval"] is None) == (not more)
    assert_keys(found, "prediction")


def test_json_knows_dates_and_no_infinities():
    from bayesmix.cli.documents import _text

    value = {"day": np.array(["2020-01-31"], dtype="datetime64[ns]")[0], "x": [np.inf, np.nan, np.float64(1.5)]}
    assert document(_text(value)) == {"day": "2020-01-31T00:00:00.000000000", "x": [None, None, 1.5]}
