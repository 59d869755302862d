"""``--json``: the documents hold what the documentation promises."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy, multivariate_normal

import bayesmix as bm
from bayesmix.cli.entry import run
from bayesmix.comparison.candidate import Candidate
from tests.cli.commands import FAST
from tests.posterior.test_membership import scipy_responsibilities
from tests.simulated_trees import discrete_data


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
OPEN = ("seconds.", "model.priors.")
FOLDS = {"models.elpd_kfold", "models.se_kfold"}
MOVED = ("quantity", "mean", "sd", "half_prior", "twice_prior", "prior", "likelihood", "diagnosis")
SENSITIVITY = {f"sensitivity.{column}" for column in MOVED}


def assert_keys(found: dict, kind: str) -> None:
    assert found["format"] == f"bayesmix-{kind}"
    named = {key for key in keys_of(found) if not key.startswith(OPEN)}
    # where nothing is written, no entry shows these keys, and where no folds are asked for or no draws made, none those
    assert named | {"outputs.kind", "outputs.path"} == promised_keys(kind) - ((FOLDS | SENSITIVITY) - named)


def test_json_of_a_point_estimate(capsys):
    assert run(["fit", "faithful.csv", "--components", "2", "--json", *FAST]) == 0
    found = document(capsys.readouterr().out)
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    assert found["criteria"] == {
        "at": "posterior mode",
        **{
            name: getattr(em, name)
            for name in ("log_likelihood", "n_parameters", "aic", "bic", "icl", "sabic", "caic", "entropy")
        },
    }
    assert [group["centre"]["estimate"] for group in found["groups"]] == em.params["means"].tolist()
    assert [group["share"]["estimate"] for group in found["groups"]] == em.weights.tolist()
    assert [group["rows"] for group in found["groups"]] == np.bincount(em.labels).tolist()
    assert found["groups"][0]["share"]["lower"] is None
    assert found["diagnosis"]["max_rhat"] is None
    assert found["data"]["features"] == ["eruptions", "waiting"]
    assert found["seed"] == 1
    assert_keys(found, "fit")


def test_json_of_levels_has_their_names(capsys):
    discrete_data("categorical").to_csv("levels.csv", index=False)
    assert run(["fit", "levels.csv", "--family", "categorical", "--components", "2", "--json", *FAST]) == 0
    found, X = document(capsys.readouterr().out), pd.read_csv("levels.csv")
    levels = found["data"]["levels"]
    assert levels == [sorted(X[name].unique()) for name in X]
    em = bm.Mixture(2, bm.Categorical()).fit_em(X, random_seed=1)
    assert [group["probability"]["estimate"] for group in found["groups"]] == em.params["probabilities"].tolist()
    for hard in found["hardest"]:
        said = [names[int(code)] for names, code in zip(levels, hard["values"], strict=True)]
        assert said == X.iloc[hard["row"]].tolist()


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


def test_json_tells_how_the_answer_moves_with_the_prior(capsys):
    arguments = ["fit", "faithful.csv", "-k", "2", "--method", "gibbs", "--draws", "200", "--seed", "1", "-o", "f.nc"]
    assert run([*arguments, "--json", "-q"]) == 0
    found = document(capsys.readouterr().out)
    table = bm.sensitivity(bm.load("f.nc"))
    assert [entry["quantity"] for entry in found["sensitivity"]] == table.index.tolist()
    np.testing.assert_allclose([entry["twice_prior"] for entry in found["sensitivity"]], table["twice_prior"])
    assert_keys(found, "fit")


def deviations(posterior) -> np.ndarray:
    """Standard deviations (S, K, D), whatever the posterior holds."""
    means = posterior["means"].values
    if "variances" in posterior:
        values = posterior["variances"].values
        scales = np.sqrt(values if values.ndim == means.ndim else values[..., None])
    else:
        scales = np.sqrt(np.diagonal(posterior["covariances"].values, axis1=-2, axis2=-1))
        scales = scales if scales.ndim == means.ndim else scales[..., None, :]
    return np.broadcast_to(scales, means.shape).reshape(-1, *means.shape[2:])


@pytest.mark.parametrize(
    ("family", "method"),
    [("full", "laplace"), ("spherical", "laplace"), ("tied", "em"), ("diag", "em"), ("full", "em")],
)
def test_numbers_of_the_groups_are_those_of_the_draws(capsys, family, method):
    """Shares, centres and spreads with their intervals, by NumPy from the draws that were written."""
    arguments = ["fit", "faithful.csv", "--components", "2", "--family", family, "--method", method, "--seed", "1"]
    assert run([*arguments, "--json", "-q", "--output", "f.nc"]) == 0
    found = document(capsys.readouterr().out)
    posterior = bm.load("f.nc")["posterior"].to_dataset()
    weights, means = (posterior[name].values for name in ("weights", "means"))
    draws = {
        "share": (weights.reshape(-1, 2), np.mean),
        "centre": (means.reshape(-1, 2, 2), np.median),
        "spread": (deviations(posterior), np.median),
    }
    tail = (1 - (found["interval_probability"] or 0)) / 2
    for part, (of_part, middle) in draws.items():
        for k, group in enumerate(found["groups"]):
            np.testing.assert_allclose(group[part]["estimate"], middle(of_part[:, k], axis=0), rtol=1e-12)
            if method == "em":
                assert group[part]["lower"] is group[part]["upper"] is None
            else:
                bounds = np.quantile(of_part[:, k], [tail, 1 - tail], axis=0)
                np.testing.assert_allclose(group[part]["lower"], bounds[0], rtol=1e-9)
                np.testing.assert_allclose(group[part]["upper"], bounds[1], rtol=1e-9)


def test_spreads_are_in_the_units_of_the_data(capsys):
    """Of one group they are nearly the columns' own standard deviations: a prior of few rows weighs little in 272."""
    assert run(["fit", "faithful.csv", "--components", "1", "--json", *FAST]) == 0
    found = document(capsys.readouterr().out)
    columns = bm.datasets.load_faithful()
    np.testing.assert_allclose(found["groups"][0]["spread"]["estimate"], columns.std(), rtol=0.03)
    np.testing.assert_allclose(found["groups"][0]["centre"]["estimate"], columns.mean(), rtol=1e-6)


def test_the_hardest_rows_are_those_of_the_largest_entropy(capsys):
    frame = bm.datasets.load_faithful()
    frame.insert(0, "id", [f"r{i}" for i in range(272)])
    frame.to_csv("named.csv", index=False)
    assert run(["fit", "named.csv", "--index", "id", "--components", "2", "--json", *FAST]) == 0
    found = document(capsys.readouterr().out)
    X = bm.datasets.load_faithful()
    em = bm.Mixture(2).fit_em(X, random_seed=1)
    parts = zip(em.weights, em.params["means"], em.params["covariances"], strict=True)
    joint = np.column_stack([w * multivariate_normal(m, s).pdf(X) for w, m, s in parts])
    share = joint / joint.sum(axis=1, keepdims=True)
    order = np.argsort(-entropy(share, axis=1))
    hardest = found["hardest"]
    assert hardest
    assert [row["row"] for row in hardest] == [f"r{i}" for i in order[: len(hardest)]]
    for row, i in zip(hardest, order, strict=False):
        np.testing.assert_allclose(row["values"], X.iloc[i])
        np.testing.assert_allclose(row["probability"], share[i], rtol=1e-6)
        assert row["entropy"] == pytest.approx(entropy(share[i]), rel=1e-6)
        assert row["label"] == share[i].argmax()


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


@pytest.mark.parametrize("more", [[], ["--intervals", "--outliers"]])
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
    assert found["outlier_level"] == (0.05 if more else None)
    assert {row["outlier"] for row in found["rows"]} == ({False} if more else {None})
    assert (found["rows"][0]["outlier_probability"] is None) == (not more)
    assert_keys(found, "prediction")


def test_intervals_of_a_prediction_are_quantiles_over_the_draws(capsys):
    run(["fit", "faithful.csv", "--components", "2", "--method", "laplace", "--seed", "1", "--output", "fit.nc", "-q"])
    capsys.readouterr()
    assert run(["predict", "fit.nc", "faithful.csv", "--json", "--intervals", "-q"]) == 0
    found = document(capsys.readouterr().out)
    share = scipy_responsibilities(bm.load("fit.nc"), "full", bm.datasets.load_faithful().to_numpy())
    share, tail = share.reshape(-1, 272, 2), (1 - found["interval_probability"]) / 2
    bounds = np.moveaxis(np.quantile(share, [tail, 1 - tail], axis=0), 0, -1)
    np.testing.assert_allclose([row["probability_interval"] for row in found["rows"]], bounds, atol=1e-9)
    np.testing.assert_allclose([row["probability"] for row in found["rows"]], share.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(
        [row["entropy"] for row in found["rows"]], entropy(share.mean(axis=0), axis=1), atol=1e-9
    )


@pytest.mark.parametrize(
    ("changes", "trusted"),
    [({}, True), ({"distrust": ("a reason",)}, False), ({"n_bad_k": 2}, False), ({"loo": None}, None)],
)
def test_a_model_is_trusted_where_the_comparison_trusts_it(changes, trusted):
    from bayesmix.cli.documents import _model

    candidate = Candidate(bm.Mixture(3, bm.Gaussian("diag")), **{"loo": SimpleNamespace(elpd=-1.0), **changes})
    found = _model(candidate, {"bic": 5.0})
    assert (found["family"], found["n_components"], found["bic"]) == ("gaussian-diag", 3, 5.0)
    assert found["trusted"] is trusted


def test_json_knows_dates_and_no_infinities():
    from bayesmix.cli.documents import _text

    value = {"day": np.array(["2020-01-31"], dtype="datetime64[ns]")[0], "x": [np.inf, np.nan, np.float64(1.5)]}
    assert document(_text(value)) == {"day": "2020-01-31T00:00:00.000000000", "x": [None, None, 1.5]}
