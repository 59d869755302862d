"""``--stream``: files that are read and written block by block, against the same files read at once."""

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.entry import run
from tests.cli.commands import refused

RNG = np.random.default_rng(12)
N = 140_000
ROWS = pd.DataFrame(RNG.normal(size=(N, 2)) + 7.0 * RNG.integers(2, size=(N, 1)), columns=["a", "b"])
FIT = ["-k", "2", "--method", "em", "--stream", "--seed", "1"]


@pytest.fixture
def files(folder):
    ROWS.to_parquet("rows.parquet", row_group_size=30_000)
    ROWS.assign(c=1.0).to_csv("rows.csv", index=False)
    return folder


def test_fit_and_predict(files, capsys):
    assert run(["fit", "rows.parquet", *FIT, "-o", "fit.nc"]) == 0
    out, err = capsys.readouterr()
    assert "rows.parquet: rows of a, b, read block by block." in err
    assert "fitted to 140,000 rows, of which 4,096 are here, drawn at random" in " ".join(out.split())
    em = bm.Mixture(2).fit_em(ROWS, random_seed=1)
    tree = bm.load("fit.nc")
    np.testing.assert_allclose(tree.posterior["means"].values[0, 0], em.params["means"], atol=1e-4)
    assert run(["predict", "fit.nc", "rows.csv", "--stream", "-o", "labels.csv", "-o", "labels.parquet"]) == 0
    expected = bm.responsibilities(tree, ROWS)
    for labels in (pd.read_csv("labels.csv"), pd.read_parquet("labels.parquet")):
        assert labels["row"].tolist() == list(range(N))
        np.testing.assert_array_equal(labels["label"], expected["label"])
        np.testing.assert_allclose(labels["probability_1"], expected["probability"][:, 1], rtol=1e-12)
    assert "140,000 labelled rows written to labels.csv." in capsys.readouterr().err


def test_columns_and_standard_output(files, capsys):
    assert run(["fit", "rows.csv", *FIT, "--columns", "b,a", "-o", "fit.nc"]) == 0
    assert bm.load("fit.nc")["observed_data"]["feature"].values.tolist() == ["b", "a"]
    capsys.readouterr()
    ROWS[:3].to_csv("few.csv", index=False)
    assert run(["predict", "fit.nc", "few.csv", "--stream", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[0].startswith("row,label,label_probability")


def test_what_cannot_be_streamed_is_refused(files, capsys):
    assert "--stream is for --method em" in refused(capsys, "fit", "rows.parquet", "-k", "2", "--stream")
    assert "has no meaning with --stream" in refused(capsys, "fit", "rows.csv", *FIT, "--drop-missing")
    assert "predict fit.nc DATA --stream" in refused(capsys, "fit", "rows.csv", *FIT, "-o", "labels.csv")
    assert "has no column 'z'" in refused(capsys, "fit", "rows.csv", *FIT, "--columns", "a,z")
    assert "only EM of Gaussian and Student-t" in refused(capsys, "fit", "rows.csv", *FIT, "--family", "poisson")
    ROWS[:9].assign(a="x").to_csv("text.csv", index=False)
    assert "column 'a' holds text ('x' in line 2)" in refused(capsys, "fit", "text.csv", *FIT)
    bm.save(bm.Mixture(2).fit_em(ROWS[:500], random_seed=1).to_tree(), "fit.nc")
    assert "--json needs all rows at once" in refused(capsys, "predict", "fit.nc", "rows.csv", "--stream", "--json")
    one = refused(capsys, "predict", "fit.nc", "rows.csv", "--stream", "--columns", "a")
    assert "names 1 column, but the fit has 2: a, b" in one
