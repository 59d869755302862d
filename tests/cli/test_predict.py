"""``bayesmix predict``, and the files and columns that it reads."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy

import bayesmix as bm
from bayesmix.cli.entry import run
from tests.cli.commands import FAST, refused
from tests.posterior.test_membership import scipy_responsibilities


def test_fit_keeps_what_predict_reads(capsys, folder):
    assert run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST]) == 0
    assert str(folder / "fit.nc") in capsys.readouterr().out
    assert run(["predict", "fit.nc", "faithful.csv", "--output", "labels.csv"]) == 0
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    labels = pd.read_csv("labels.csv", index_col="row")
    assert labels.index.tolist() == list(range(272))
    assert labels["label"].tolist() == em.labels.tolist()
    np.testing.assert_allclose(labels[["probability_0", "probability_1"]], em.responsibilities, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(labels["label_probability"], em.responsibilities.max(axis=1), rtol=1e-12)


def test_bounds_are_quantiles_over_the_draws(capsys):
    laplace = ["--method", "laplace", "--seed", "1", "--quiet"]
    assert run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *laplace]) == 0
    assert run(["predict", "fit.nc", "faithful.csv", "--output", "labels.csv", "--intervals"]) == 0
    labels = pd.read_csv("labels.csv", index_col="row")
    share = scipy_responsibilities(bm.load("fit.nc"), "full", bm.datasets.load_faithful().to_numpy())
    share = share.reshape(-1, 272, 2)
    for k in (0, 1):
        for name, values in (
            (f"probability_{k}", share[..., k].mean(axis=0)),
            (f"probability_{k}_lower", np.quantile(share[..., k], 0.055, axis=0)),
            (f"probability_{k}_upper", np.quantile(share[..., k], 0.945, axis=0)),
        ):
            np.testing.assert_allclose(labels[name], values, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(labels["entropy"], entropy(share.mean(axis=0), axis=1), atol=1e-9)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_columns_are_taken_in_the_order_in_which_they_are_asked_for(capsys, suffix):
    """Of the fit by name, and of other rows by place: what comes first there is the fit's first feature."""
    X = bm.datasets.load_faithful()
    write(X, f"rows{suffix}")
    write(X.set_axis(["minutes", "wait"], axis=1), f"renamed{suffix}")
    swapped = ["--columns", "waiting,eruptions"]
    assert run(["fit", f"rows{suffix}", "--components", "2", "--output", "fit.nc", *swapped, *FAST]) == 0
    em = bm.Mixture(2).fit_em(X[["waiting", "eruptions"]], random_seed=1)
    posterior = bm.load("fit.nc")["posterior"].to_dataset()
    assert posterior["feature"].values.tolist() == ["waiting", "eruptions"]
    np.testing.assert_allclose(posterior["means"].squeeze(), em.params["means"], rtol=1e-9)
    for rows, more in ((f"rows{suffix}", []), (f"renamed{suffix}", ["--columns", "wait,minutes"])):
        assert run(["predict", "fit.nc", rows, "--output", "labels.csv", *more]) == 0
        labels = pd.read_csv("labels.csv", index_col="row")
        np.testing.assert_allclose(
            labels[["probability_0", "probability_1"]], em.responsibilities, rtol=1e-9, atol=1e-12
        )


def write(frame: pd.DataFrame, name: str) -> None:
    """In the format that the name's end says."""
    if name.endswith(".parquet"):
        frame.to_parquet(name)
    else:
        frame.to_csv(name, index=False, sep="\t" if name.endswith(".tsv") else ",")


def test_predict_takes_the_columns_of_the_fit_and_keeps_the_index(capsys):
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    frame = bm.datasets.load_faithful().iloc[:5, ::-1]
    frame.insert(0, "id", ["a", "b", "c", "d", "e"])
    frame.insert(1, "comment", "said")
    frame.to_csv("other.tsv", sep="\t", index=False)
    capsys.readouterr()
    assert run(["predict", "fit.nc", "other.tsv", "--index", "id"]) == 0
    shown = capsys.readouterr().out.splitlines()
    names = "id label label_probability entropy entropy_overlap entropy_parameters probability_0 probability_1"
    assert shown[0].split(",") == names.split()
    assert [line.split(",")[0] for line in shown[1:]] == ["a", "b", "c", "d", "e"]
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    found = [[float(number) for number in line.split(",")[6:]] for line in shown[1:]]
    np.testing.assert_allclose(found, em.responsibilities[:5], rtol=1e-9, atol=1e-12)


def test_predict_reads_other_names_by_place(capsys):
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    bm.datasets.load_faithful().set_axis(["minutes", "wait"], axis=1).to_csv("renamed.csv", index=False)
    refusal = refused(capsys, "predict", "fit.nc", "renamed.csv")
    assert "no columns 'eruptions', 'waiting'" in refusal
    assert "'minutes', 'wait'" in refusal
    assert run(["predict", "fit.nc", "renamed.csv", "--columns", "minutes,wait", "--output", "labels.csv"]) == 0
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    labels = pd.read_csv("labels.csv", index_col="row")
    np.testing.assert_allclose(labels[["probability_0", "probability_1"]], em.responsibilities, rtol=1e-9, atol=1e-12)
    assert "name one for each" in refused(capsys, "predict", "fit.nc", "renamed.csv", "--columns", "minutes").lower()


def test_parquet_in_and_out(capsys):
    bm.datasets.load_faithful().rename_axis("eruption").to_parquet("faithful.parquet")
    assert run(["fit", "faithful.parquet", "--components", "2", "--output", "fit.nc", *FAST]) == 0
    assert run(["predict", "fit.nc", "faithful.parquet", "--output", "labels.parquet"]) == 0
    labels = pd.read_parquet("labels.parquet")
    assert labels.index.name == "eruption"
    assert len(labels) == 272


PEAK = (
    "import sys; from bayesmix.cli.entry import run; print(run(sys.argv[1:])); print(open('/proc/self/status').read())"
)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_million_rows_stay_within_2_gib(folder):
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0, 0, 0], [6, 0, 3, 1], [0, 7, -3, 2], [5, 5, 5, 5.0]])
    rows = centres[rng.integers(0, 4, 1_000_000)] + rng.normal(size=(1_000_000, 4))
    pd.DataFrame(rows, columns=list("abcd")).to_csv("big.csv", index=False)
    outputs = ["--output", "labels.csv", "--output", "big.nc", "--output", "big.html"]
    commands = (
        ["fit", "big.csv", "--components", "4", *FAST, *outputs],
        ["predict", "big.nc", "big.csv", "--output", "again.csv"],
        ["compare", "big.csv", "--components", "3:4", *FAST, "--output", "compared.html"],
    )
    for command in commands:
        shown = subprocess.run(
            [sys.executable, "-c", PEAK, *command], capture_output=True, text=True, check=True, timeout=900
        ).stdout.splitlines()
        assert "0" in shown
        [peak] = [int(line.split()[1]) for line in shown if line.startswith("VmHWM:")]
        assert peak < 2 * 2**20
    labels = pd.read_csv("labels.csv", usecols=["label"])["label"]
    assert labels.equals(pd.read_csv("again.csv", usecols=["label"])["label"])
    assert labels.value_counts(normalize=True).between(0.24, 0.26).all()


def test_missing_cells_are_summed_out_and_said(capsys):
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    frame = bm.datasets.load_faithful().iloc[:4].astype(float)
    frame.iloc[1, 0] = frame.iloc[2, 1] = np.nan
    frame.iloc[3] = np.nan
    frame.to_csv("gaps.csv", index=False)
    capsys.readouterr()
    assert run(["predict", "fit.nc", "gaps.csv", "--output", "labels.csv"]) == 0
    assert "4 missing values in 3 rows (columns 'eruptions', 'waiting') are summed out" in capsys.readouterr().err
    wanted = bm.responsibilities(bm.load("fit.nc"), frame)["probability"]
    np.testing.assert_allclose(pd.read_csv("labels.csv")[["probability_0", "probability_1"]], wanted, rtol=1e-12)
    assert run(["predict", "fit.nc", "gaps.csv", "--output", "labels.csv", "--drop-missing"]) == 0
    assert len(pd.read_csv("labels.csv")) == 1


def test_outliers_are_columns_of_their_own(capsys):
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    frame = bm.datasets.load_faithful().iloc[:20].astype(float)
    frame.iloc[3] = [2.0, 95.0]
    frame.to_csv("new.csv", index=False)
    assert run(["predict", "fit.nc", "new.csv", "--output", "labels.csv", "--outliers"]) == 0
    labels = pd.read_csv("labels.csv")
    wanted = bm.outliers(bm.load("fit.nc"), frame, random_seed=0)
    np.testing.assert_allclose(labels["outlier_probability"], wanted["probability"], rtol=1e-12)
    np.testing.assert_allclose(labels["outlier_adjusted"], wanted["adjusted"], rtol=1e-12)
    assert labels["outlier"].tolist() == wanted["outlier"].values.tolist()
    assert labels["outlier"][3]
    assert not labels["outlier"].all()
    assert run(["predict", "fit.nc", "new.csv", "--output", "labels.csv"]) == 0
    assert "outlier" not in pd.read_csv("labels.csv")
