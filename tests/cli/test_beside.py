"""Columns that say something of the rows: --weights, --labels and --groups."""

import json

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.entry import run

MEASURES = "bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g"


def told(capsys, *arguments):
    status = run([*arguments, "--json", "--quiet", "--seed", "1"])
    return status, json.loads(capsys.readouterr().out)


def test_a_weight_of_two_is_the_row_twice(capsys):
    X = bm.datasets.load_faithful()
    times = 1 + (np.arange(len(X)) % 2)
    X.assign(times=times).to_csv("weighted.csv", index=False)
    X.loc[X.index.repeat(times)].to_csv("repeated.csv", index=False)
    fit = ("--components", "1", "--method", "em")  # one top, wherever the start is
    _, weighted = told(capsys, "fit", "weighted.csv", *fit, "--weights", "times")
    _, repeated = told(capsys, "fit", "repeated.csv", *fit)
    for name in ("bic", "aic", "icl"):
        assert weighted["criteria"][name] == pytest.approx(repeated["criteria"][name], rel=1e-9)


def test_labels_name_the_groups(capsys):
    penguins = bm.datasets.load_penguins()
    known = penguins["species"].where(np.arange(len(penguins)) % 20 == 0)
    penguins.assign(seen=known).to_csv("seen.csv", index=False)
    arguments = ("fit", "seen.csv", "--components", "3", "--method", "em", "--columns", MEASURES, "--drop-missing")
    assert run([*arguments, "--labels", "seen", "--seed", "1", "--output", "labels.csv"]) == 0
    captured = capsys.readouterr()
    assert "'seen' says the group of" in captured.err
    table = pd.read_csv("labels.csv").set_index("row")
    species = penguins["species"].loc[table.index]
    assert (table["label"] == species).mean() > 0.97


def test_groups_keep_rows_together(capsys):
    rng = np.random.default_rng(1)
    patient = np.repeat([f"p{j}" for j in range(40)], 4)
    sick = np.repeat(rng.random(40) < 0.4, 4)
    X = rng.normal(size=(160, 2)) + 1.5 * sick[:, None]
    pd.DataFrame(X, columns=["a", "b"]).assign(patient=patient).to_csv("visits.csv", index=False)
    fit = ("fit", "visits.csv", "--components", "2", "--method", "em")
    assert run([*fit, "--groups", "patient", "--quiet", "--seed", "1", "--output", "labels.csv"]) == 0
    table = pd.read_csv("labels.csv")
    assert (table.groupby(patient)["label"].nunique() == 1).all()
    assert ((table["label"] == 1) == sick).all()
    assert "160 rows are 40 subjects" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize("option", ["--labels", "--groups", "--weights"])
def test_a_column_that_is_not_there(option, capsys):
    assert run(["fit", "faithful.csv", "--components", "2", "--method", "em", option, "nowhere"]) != 0
    said = " ".join(capsys.readouterr().err.split())
    assert f"has no column 'nowhere', which {option} names" in said


def test_an_unknown_number_has_no_use_for_them(capsys):
    bm.datasets.load_faithful().assign(one=1).to_csv("one.csv", index=False)
    assert run(["fit", "one.csv", "--components", "unknown", "--groups", "one"]) != 0
    assert "groups keeps rows together" in " ".join(capsys.readouterr().err.split())
