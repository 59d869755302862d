"""``bayesmix fit``: what it shows, and what it writes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.choices import families_of, known_families
from bayesmix.cli.entry import USERS_MISTAKE, run
from tests.cli.commands import FAST


def test_fit_shows_the_groups_in_the_users_units(capsys):
    assert run(["fit", "faithful.csv", "--components", "2", *FAST]) == 0
    shown = capsys.readouterr()
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    for eruptions, waiting in em.params["means"]:
        assert f"{eruptions:.3f}".rstrip("0") in shown.out
        assert f"{waiting:.2f}".rstrip("0") in shown.out
    assert "Rows in doubt" in shown.out
    assert "row (from 0)" in shown.out
    assert "faithful.csv: 272 rows of eruptions, waiting." in shown.err
    assert max(map(len, shown.out.splitlines())) <= 100


def test_the_rows_that_are_named_as_hard_are_the_least_certain_ones(capsys):
    frame = bm.datasets.load_faithful()
    em = bm.Mixture(2).fit_em(frame, random_seed=1)
    frame.insert(0, "id", [f"r{i}" for i in range(272)])
    frame.to_csv("named.csv", index=False)
    assert run(["fit", "named.csv", "--index", "id", "--components", "2", *FAST]) == 0
    shown = re.findall(r"^ *(r\d+)\b", capsys.readouterr().out, flags=re.MULTILINE)
    least_certain = np.argsort(em.responsibilities.max(axis=1))
    assert shown
    assert shown == [f"r{i}" for i in least_certain[: len(shown)]]


def test_a_parquet_file_keeps_the_units_of_columns(capsys):
    bm.datasets.load_faithful().to_parquet("faithful.parquet")
    assert run(["fit", "faithful.parquet", "--components", "2", *FAST]) == 0
    heads = [line.split("  ") for line in capsys.readouterr().out.splitlines() if "waiting" in line]
    assert [{"eruptions (min)", "waiting (min)"} <= {cell.strip() for cell in head} for head in heads] == [True, True]


def test_without_a_seed_one_is_drawn_and_said(capsys):
    assert run(["fit", "faithful.csv", "--components", "1", "--method", "em"]) == 0
    assert "--seed" in capsys.readouterr().err


def test_many_columns_and_hostile_names(capsys):
    rng = np.random.default_rng(0)
    names = ["[bold]x[/bold]", "<script>", *(f"a rather long column name {j}" for j in range(10))]
    pd.DataFrame(rng.normal(size=(60, 12)), columns=names).to_csv("wide.csv", index=False)
    assert run(["fit", "wide.csv", "--components", "2", "--family", "diag", *FAST]) == 0
    shown = capsys.readouterr().out
    assert all(f"a rather long column name {j}" in shown for j in range(10))
    assert "bold" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_a_first_column_without_a_name_names_the_rows(capsys):
    Path("named.csv").write_text("x,y\na,1,2\nb,2,5\nc,4,4\nd,5,1\n")
    assert run(["fit", "named.csv", "--components", "1", *FAST, "--output", "labels.csv"]) == 0
    assert "its first column has no name and names the rows" in capsys.readouterr().err
    assert pd.read_csv("labels.csv")["row"].tolist() == ["a", "b", "c", "d"]


def test_several_outputs_by_suffix(capsys, folder):
    names = ["fit.nc", "fit.zarr", "fit.html", "fit.md", "labels.csv", "labels.parquet"]
    outputs = [part for name in names for part in ("--output", name)]
    assert run(["fit", "faithful.csv", "--components", "2", *FAST, *outputs]) == 0
    shown = capsys.readouterr()
    assert all(str(folder / name) in shown.out for name in names)
    assert "was not kept" not in shown.err
    assert bm.load("fit.nc").identical(bm.load("fit.zarr"))
    labels = pd.read_csv("labels.csv", index_col="row")
    pd.testing.assert_frame_equal(labels, pd.read_parquet("labels.parquet"))
    assert run(["predict", "fit.zarr", "faithful.csv", "--output", "again.csv"]) == 0
    pd.testing.assert_frame_equal(pd.read_csv("again.csv", index_col="row"), labels)
    assert Path("fit.md").read_text(encoding="utf-8").startswith("# Groups in 272 rows of eruptions and waiting")
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []


def test_quiet_says_nothing_beside_the_result(capsys):
    arguments = ["fit", "faithful.csv", "--components", "1", "--method", "em"]
    assert run([*arguments, "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "one group" in shown.out
    assert run(["fit", "nothing.csv", "--components", "1", "--quiet"]) == USERS_MISTAKE
    assert capsys.readouterr().err.startswith("bayesmix: error: nothing.csv does not exist")


def test_a_terminal_without_the_letters_still_shows_the_numbers(folder):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "bayesmix", "fit", "faithful.csv", "--components", "2", *FAST]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=200)
    assert done.returncode == 0
    assert b"79.97" in done.stdout


def test_counts_are_fitted_as_counts_and_refused_where_they_are_none(capsys):
    counts = pd.DataFrame({"calls": [0, 1, 0, 2, 9, 11, 8, 10], "visits": [3, 2, 4, 3, 0, 1, 0, 0]})
    counts.to_csv("counts.csv", index=False)
    assert run(["fit", "counts.csv", "-k", "2", "--family", "poisson", *FAST]) == 0
    shown = capsys.readouterr().out
    for rate in bm.Mixture(2, "poisson").fit_em(counts, random_seed=1).params["rates"].ravel():
        assert f"{rate:.4g}" in shown
    assert "Rates of the point estimate" in shown
    assert run(["fit", "faithful.csv", "-k", "2", "--family", "poisson", *FAST]) == USERS_MISTAKE
    assert "eruptions" in capsys.readouterr().err


def test_json_names_levels(capsys):
    answers = pd.DataFrame({"likes": ["yes", "no"] * 6, "buys": ["often", "never", "often"] * 4})
    answers.to_csv("answers.csv", index=False)
    assert run(["fit", "answers.csv", "-k", "2", "--family", "categorical", "--json", "--quiet", *FAST]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data"]["levels"] == [["no", "yes"], ["never", "often"]]
    for row in found["hardest"]:
        said = [levels[int(value)] for levels, value in zip(found["data"]["levels"], row["values"], strict=True)]
        assert said == answers.iloc[row["row"]].tolist()
    for group in found["groups"]:
        np.testing.assert_allclose(np.reshape(group["probability"]["estimate"], (2, 2)).sum(1), 1)
    assert run(["fit", "answers.csv", "-k", "2", *FAST]) == USERS_MISTAKE
    assert "--family categorical" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["fit", "compare"])
def test_help_names_families_that_are_known(command, capsys):
    run([command, "--help"])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert known_families() in shown
    for name in known_families().split(", "):
        assert families_of(name)[0].word == name


def test_families_that_do_not_compare_are_refused_before_anything_is_read(capsys):
    assert run(["compare", "nothing.csv", "--families", "poisson,full"]) == USERS_MISTAKE
    assert "--families: 'poisson' has probabilities of rows and 'gaussian-full' densities" in capsys.readouterr().err


def test_auto_reads_the_columns_and_says_so(capsys):
    columns = "bill_length_mm,body_mass_g,island,sex"
    command = ["fit", "penguins.csv", "-k", "2", "--columns", columns, "--drop-missing", *FAST]
    assert run([*command, "--family", "auto"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "'bill_length_mm', 'body_mass_g' as numbers; 'island', 'sex' as categories" in said
    name = "product(gaussian-full: bill_length_mm, body_mass_g; categorical: island, sex)"
    assert f"write --family '{name}'" in said
    assert run([*command, "--json", "--family", name]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["family"] == name
