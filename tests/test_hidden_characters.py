"""Names with control characters, halves of characters or marks that turn text around are seen, and harmless."""

import json
import unicodedata
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayesmix as bm
from bayesmix.cli.entry import run
from bayesmix.cli.outputs import for_spreadsheets, write_frame
from bayesmix.data import read_rows
from bayesmix.data.words import visible
from bayesmix.tree import record_of

ESCAPE = "\x1b[31mred"
TURNED = "b\u202ecba"
NUL = "n\0l\x07"
HALF = "half\ud800"
LINES = "two\nlines\u2028\tand more"
HOSTILE = (ESCAPE, TURNED, NUL, HALF, LINES, "\ufffe", "\x9b31m", "\u2066x")
HARMLESS = ("Wartezeit µ", "高さ", "a b", "naïve\xa0x", "\\n", "👩\u200d🔬", "e\u0301", "")


def is_seen(text):
    """Whether no character is a control, a half or a mark of direction; the end of a line ends a line."""
    return not any(
        unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(mark) in _TURNING
        for mark in text
        if mark != "\n"
    )


_TURNING = ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")


@pytest.mark.parametrize("name", HOSTILE)
def test_hidden_characters_are_written_as_python_writes_them(name):
    shown = visible(name)
    assert is_seen(shown)
    assert "\n" not in shown
    assert shown.encode().decode("unicode_escape") == name
    assert visible(shown) == shown


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names_stay_as_they_are(name):
    assert visible(name) is name or visible(name) == name


def hostile_frame(n=40):
    values = np.random.default_rng(0).normal(size=(n, 2)) + 9 * (np.arange(n) % 2)[:, None]
    index = pd.Index([f"{ESCAPE}{i}" if i % 3 else f"{HALF}{i}" for i in range(n)], dtype=object)
    frame = pd.DataFrame(values, columns=pd.Index([ESCAPE + NUL, LINES + TURNED], dtype=object), index=index)
    frame.attrs["units"] = {ESCAPE + NUL: "m\x1b[0m", LINES + TURNED: HALF}
    return frame


@pytest.fixture(scope="module")
def tree():
    return bm.Mixture(2).fit_em(hostile_frame(), random_seed=1).to_tree()


def test_the_gate_makes_names_labels_and_units_visible():
    rows = read_rows(hostile_frame())
    for texts in (rows.features, rows.units, rows.labels, rows.obs):
        assert all(is_seen(text) and "\n" not in text for text in texts)
    assert rows.features[0] == "\\x1b[31mredn\\x00l\\x07"
    # The same frame matches what was fitted on it; two names that would look alike are refused.
    assert read_rows(hostile_frame(), columns=rows.columns).features == rows.features
    with pytest.raises(ValueError, match="repeats column names"):
        read_rows(pd.DataFrame(np.ones((2, 2)), columns=["a\x1b", "a\\x1b"]))


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".html", ".md"])
def test_every_file_can_be_written_and_shows_them(tree, tmp_path, suffix):
    path = tmp_path / f"fit{suffix}"
    if suffix in (".nc", ".zarr"):
        again = bm.load(bm.save(tree, path))
        assert record_of(again) == record_of(tree)
        xr.testing.assert_equal(again["observed_data"].to_dataset(), tree["observed_data"].to_dataset())
        return
    bm.report(tree, path, title=f"{ESCAPE}{HALF}")
    text = path.read_text(encoding="utf-8")
    assert is_seen(text.replace("\t", ""))
    assert "\\x1b[31mred" in text.replace("\\\\", "\\").replace("\\[", "[")
    HTMLParser().feed(text)


def test_adopted_draws_bring_visible_names(tree):
    posterior = tree["posterior"].to_dataset()
    slope = xr.DataArray(np.zeros((1, 1, 2)), dims=("chain", "draw", ESCAPE), coords={ESCAPE: [NUL, "b"]})
    idata = xr.DataTree.from_dict({"posterior": posterior.drop_vars("scales").assign({HALF: slope})})
    adopted = bm.Mixture(2).adopt(idata, hostile_frame())["posterior"].to_dataset()
    assert adopted["half\\ud800"].dims == ("chain", "draw", "\\x1b[31mred")
    assert list(adopted["\\x1b[31mred"].values) == ["n\\x00l\\x07", "b"]


def test_a_loaded_tree_shows_what_others_hid_in_it(tree, tmp_path):
    forged = tree.copy(deep=False)
    record = record_of(tree)
    record |= {"features": [ESCAPE, "b"], "units": [], "notes": [TURNED]}
    del record["units"]
    forged.attrs["bayesmix"] = json.dumps(record)
    groups = {}
    for node in forged.subtree:
        dataset = node.to_dataset(inherit=False)
        names = {dim: [ESCAPE, "b"] for dim in ("feature", "feature_bis") if dim in dataset.coords}
        groups[node.path] = dataset.assign_coords(names)
    path = tmp_path / "forged.nc"
    xr.DataTree.from_dict(groups).to_netcdf(path)
    loaded = bm.load(path)
    assert record_of(loaded)["features"] == ["\\x1b[31mred", "b"]
    assert list(loaded["posterior"]["feature"].values) == ["\\x1b[31mred", "b"]
    assert record_of(loaded)["notes"] == ["b\\u202ecba"]


def test_the_terminal_shows_names_of_files_and_columns(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / f"{ESCAPE}.csv"
    frame = hostile_frame().rename(columns={LINES + TURNED: TURNED})
    frame.index = pd.Index([f"{ESCAPE}{i}" for i in range(len(frame))], name="names")
    frame.rename(columns={ESCAPE + NUL: ESCAPE}).to_csv(data)
    assert run(["fit", f"{ESCAPE}no.csv", "--components", "2"]) == 2
    command = ["fit", data.name, "--index", "names", "--components", "2", "--method", "em", "--seed", "1"]
    assert run([*command, "--output", f"{ESCAPE}.nc"]) == 0
    assert run(["predict", f"{ESCAPE}.nc", data.name, "--index", "names"]) == 0
    shown = capsys.readouterr()
    assert is_seen(shown.out)
    assert is_seen(shown.err)
    assert "\\x1b[31mred0" in shown.out


FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\uff1d1")


def test_no_cell_of_a_csv_is_a_formula(tmp_path):
    labels = [*FORMULAS, "-5", "+1e3", "a=b", "", "\t=1+1", "\r=1"]
    index = pd.MultiIndex.from_product([labels, [-1]], names=["@names", "n"])
    frame = pd.DataFrame({"=label": labels, "value": np.linspace(-1, 1, len(labels))}, index=index)
    path = tmp_path / "labels.csv"
    write_frame(frame, path)
    read = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(read.columns) == ["'@names", "n", "'=label", "value"]
    for column in ("'@names", "'=label"):
        assert list(read[column]) == [
            *(f"'{formula}" for formula in FORMULAS),
            *("-5", "+1e3", "a=b", "", "\\t=1+1", "\\r=1"),
        ]
    np.testing.assert_array_equal(read["value"].astype(float), frame["value"])
    assert set(read["n"]) == {"-1"}
    plain = pd.DataFrame({"x": [1.5, -2.0]}, index=pd.Index([3, -4], name="row"))
    assert for_spreadsheets(plain).to_csv(index=False) == plain.to_csv()
