"""The command line as people meet it: what it prints, what it writes, and how it refuses."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pexpect
import pytest

import bayesmix as bm
from bayesmix.cli.choices import as_option, families_of, names_of, numbers_of
from bayesmix.cli.entry import INTERRUPTED, USERS_MISTAKE, run
from tests.programs import find

FAST = ["--method", "em", "--seed", "1"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, with the data files that commands are given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    bm.datasets.load_faithful().to_csv("faithful.csv", index=False)
    bm.datasets.load_penguins().to_csv("penguins.csv", index=False)
    return tmp_path


def refused(capsys, *arguments) -> str:
    """The one line with which a command refuses."""
    assert run([str(argument) for argument in arguments]) == USERS_MISTAKE
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("bayesmix: error: ")
    assert sum(line.startswith("bayesmix: error") for line in lines) == 1
    return lines[-1]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("3", [3]), ("1:6", [1, 2, 3, 4, 5, 6]), ("1,2,4", [1, 2, 4]), ("1:3, 6, 2", [1, 2, 3, 6]), ("2:2", [2])],
)
def test_numbers_of_groups(text, numbers):
    assert numbers_of(text) == numbers


@pytest.mark.parametrize("text", ["", "1-6", "1:2:3", "two", "1,,2", "6:1", "0:3", "0", "1:", "²", "1:1000000000"])
def test_numbers_of_groups_refuses(text):
    with pytest.raises(ValueError, match="--components"):
        numbers_of(text)


@pytest.mark.parametrize("names", [["a", "b"], ["height, cm", "x"], ["it's", 'say "x"', "ü"], ["a b"]])
def test_the_option_that_is_proposed_is_read_back(names):
    import shlex

    option, text = shlex.split(as_option(names))
    assert option == "--columns"
    assert names_of(text) == names


@pytest.mark.parametrize("text", ["", "a,,b", "a,b,a"])
def test_column_names_refused(text):
    with pytest.raises(ValueError, match="--columns"):
        names_of(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("full", ["gaussian-full"]),
        ("full, diag", ["gaussian-full", "gaussian-diag"]),
        ("gaussian-tied,spherical", ["gaussian-tied", "gaussian-spherical"]),
    ],
)
def test_families(text, names):
    assert [str(family) for family in families_of(text)] == names


def test_help_has_examples_and_needs_no_heavy_imports():
    code = (
        "import sys; from bayesmix.cli.entry import run; "
        "run(['--help']); run(['compare', '--help']); "
        "heavy = ('pymc', 'arviz', 'numba', 'pandas', 'xarray', 'matplotlib'); "
        "print('heavy:', *[name for name in heavy if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "bayesmix compare penguins.csv --components 1:6 --output report.html" in shown
    assert shown.splitlines()[-1] == "heavy:"


def test_python_m_bayesmix():
    done = subprocess.run(
        [sys.executable, "-m", "bayesmix", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == bm.__version__


def test_fit_shows_the_groups_in_the_users_units(capsys):
    assert run(["fit", "faithful.csv", "--components", "2", *FAST]) == 0
    shown = capsys.readouterr()
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    for eruptions, waiting in em.params["means"]:
        assert f"{eruptions:.3f}".rstrip("0") in shown.out
        assert f"{waiting:.2f}".rstrip("0") in shown.out
    assert "The rows that are hardest to place" in shown.out
    assert "faithful.csv: 272 rows of eruptions, waiting." in shown.err
    assert max(map(len, shown.out.splitlines())) <= 100


def test_fit_keeps_what_predict_reads(capsys, folder):
    assert run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST]) == 0
    assert str(folder / "fit.nc") in capsys.readouterr().out
    assert run(["predict", "fit.nc", "faithful.csv", "--output", "labels.csv", "--intervals"]) == 0
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    labels = pd.read_csv("labels.csv", index_col="row")
    assert labels.index.tolist() == list(range(272))
    assert labels["label"].tolist() == em.labels.tolist()
    np.testing.assert_allclose(labels[["probability_0", "probability_1"]], em.responsibilities, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(labels["label_probability"], em.responsibilities.max(axis=1), rtol=1e-12)
    assert (labels["probability_0_lower"] <= labels["probability_0_upper"]).all()


def test_predict_takes_the_columns_of_the_fit_and_keeps_the_index(capsys):
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    frame = bm.datasets.load_faithful().iloc[:5, ::-1]
    frame.insert(0, "id", ["a", "b", "c", "d", "e"])
    frame.insert(1, "comment", "said")
    frame.to_csv("other.tsv", sep="\t", index=False)
    capsys.readouterr()
    assert run(["predict", "fit.nc", "other.tsv", "--index", "id"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "id,label,label_probability,entropy,probability_0,probability_1"
    assert [line.split(",")[0] for line in shown[1:]] == ["a", "b", "c", "d", "e"]


def test_predict_reads_other_names_by_place(capsys):
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    bm.datasets.load_faithful().set_axis(["minutes", "wait"], axis=1).to_csv("renamed.csv", index=False)
    refusal = refused(capsys, "predict", "fit.nc", "renamed.csv")
    assert "no columns 'eruptions', 'waiting'" in refusal
    assert "'minutes', 'wait'" in refusal
    assert run(["predict", "fit.nc", "renamed.csv", "--columns", "minutes,wait", "--output", "labels.csv"]) == 0
    assert "name one for each" in refused(capsys, "predict", "fit.nc", "renamed.csv", "--columns", "minutes").lower()


def test_parquet_in_and_out(capsys):
    bm.datasets.load_faithful().rename_axis("eruption").to_parquet("faithful.parquet")
    assert run(["fit", "faithful.parquet", "--components", "2", "--output", "fit.nc", *FAST]) == 0
    assert run(["predict", "fit.nc", "faithful.parquet", "--output", "labels.parquet"]) == 0
    labels = pd.read_parquet("labels.parquet")
    assert labels.index.name == "eruption"
    assert len(labels) == 272


def test_parquet_without_pyarrow_names_what_to_install(capsys, monkeypatch):
    monkeypatch.setattr("bayesmix.cli.files.find_spec", lambda name: None)
    (folder := pd.DataFrame({"a": [1.0]})).to_csv("x.parquet")
    assert len(folder) == 1
    assert 'pip install "bayesmix[parquet]"' in refused(capsys, "fit", "x.parquet", "--components", 1)


def test_compare_prints_one_table_the_answer_and_writes_the_table(capsys):
    done = run(
        ["compare", "faithful.csv", "--components", "1:3", "--families", "full,diag", "--output", "t.csv", *FAST]
    )
    shown = capsys.readouterr()
    assert done == 0
    comparison = bm.compare(
        bm.datasets.load_faithful(),
        range(1, 4),
        families=[bm.Gaussian("full"), bm.Gaussian("diag")],
        method="em",
        random_seed=1,
        progressbar=False,
    )
    for bic in comparison.table["bic"]:
        assert f"{bic:.1f}" in shown.out
    assert " ".join(comparison.advice[0].split()) in " ".join(shown.out.split())
    written = pd.read_csv("t.csv", index_col=["family", "n_components"])
    np.testing.assert_allclose(written["bic"], comparison.table["bic"])
    assert max(map(len, shown.out.splitlines())) <= 100


def test_compare_with_posteriors_writes_a_report(capsys):
    arguments = ["compare", "faithful.csv", "--components", "1:2", "--seed", "1", "--output", "report.html"]
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert "LOO" in shown
    assert "WAIC" in shown
    assert "2 groups" in shown
    assert "89% posterior intervals" in shown
    with open("report.html", encoding="utf-8") as file:
        assert "eruptions" in file.read()


def test_without_a_seed_one_is_drawn_and_said(capsys):
    assert run(["fit", "faithful.csv", "--components", "1", "--method", "em"]) == 0
    assert "--seed" in capsys.readouterr().err


def test_many_columns_and_hostile_names(capsys):
    rng = np.random.default_rng(0)
    names = ["[bold]x[/bold]", "<script>", *(f"a rather long column name {j}" for j in range(10))]
    pd.DataFrame(rng.normal(size=(60, 12)), columns=names).to_csv("wide.csv", index=False)
    assert run(["fit", "wide.csv", "--components", "2", "--family", "diag", *FAST]) == 0
    shown = capsys.readouterr().out
    assert "6 more features are not shown" in shown
    assert "bold" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_text_columns_are_refused_with_the_option_to_use(capsys):
    refusal = refused(capsys, "compare", "penguins.csv")
    assert "'species', 'island', 'sex'" in refusal
    assert "--columns bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,year" in refusal


def test_missing_values_are_refused_or_left_out_aloud(capsys):
    arguments = ["fit", "penguins.csv", "--components", "2", "--columns", "bill_length_mm,body_mass_g"]
    refusal = refused(capsys, *arguments)
    assert "4 missing values in 2 rows" in refusal
    assert "--drop-missing" in refusal
    assert run([*arguments, "--drop-missing", *FAST]) == 0
    said = capsys.readouterr().err
    assert "2 rows with missing values left out" in said
    assert "342 rows" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fit", "nothing.csv", "--components", "2"], ["nothing.csv", "does not exist"]),
        (["fit", ".", "--components", "2"], ["is a folder"]),
        (["fit", "empty.csv", "--components", "2"], ["empty.csv is empty"]),
        (["fit", "torn.csv", "--components", "2"], ["torn.csv cannot be read"]),
        (["fit", "torn.parquet", "--components", "2"], ["torn.parquet cannot be read"]),
        (["fit", "notes.doc", "--components", "2"], [".csv, .tsv"]),
        (["fit", "faithful.csv"], ["--components", "bayesmix fit --help"]),
        (["fit", "faithful.csv", "--components", "0"], ["--components must be at least 1, not 0"]),
        (["fit", "faithful.csv", "--components", "two"], ['"two"']),
        (["fit", "faithful.csv", "--components", "300", "--method", "em"], ["256 distinct"]),
        (["fit", "faithful.csv", "--components", "2", "--seed", "-1"], ["--seed"]),
        (["fit", "faithful.csv", "--components", "2", "--method", "mcmc"], ['"mcmc"', '"nuts"']),
        (["fit", "faithful.csv", "--components", "2", "--colums", "a"], ["--colums", "--columns"]),
        (["fit", "faithful.csv", "--components", "2", "--columns", "wait"], ["no column 'wait'", "'waiting'"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "fit.pkl"], ["fit.pkl", ".nc"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "no/fit.nc"], ["no folder 'no'"]),
        (["compare", "faithful.csv", "--components", "6:1"], ["6:1"]),
        (["compare", "faithful.csv", "--families", "round"], ["--families 'round'", "gaussian-full", "full, tied"]),
        (["compare", "faithful.csv", "--families", "full,,diag"], ["--families", "full, tied"]),
        (["fit", "faithful.csv", "--components", "2", "--family", "full,diag"], ["--family", "bayesmix compare"]),
        (["fit", "faithful.csv", "--components", "1:3"], ["1:3", "bayesmix fit --help"]),
        (["fit", "semicolons.csv", "--components", "2"], ["separated by ';'"]),
        (["fit", "twice.csv", "--components", "2"], ["column 'a' twice"]),
        (["fit", "binary.csv", "--components", "2"], ["binary.csv"]),
        (["fit", "latin.csv", "--components", "2"], ["UTF-8"]),
        (["fit", "cut.csv.gz", "--components", "2"], ["cut.csv.gz cannot be read"]),
        (["fit", "heading.csv", "--components", "2"], ["no rows"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "faithful.csv"], ["file of the data"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "folder.csv"], ["is a folder"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "/proc/fit.nc", *FAST], ["/proc/fit.nc", "written"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "/proc/r.html", *FAST], ["/proc/r.html", "written"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "/proc/l.csv", *FAST], ["/proc/l.csv", "written"]),
        (["predict", "faithful.csv", "faithful.csv", "--output", "labels.nc"], ["labels.nc", ".csv, .parquet or .pq"]),
        (["completion", "tcsh"], ["bash", "zsh"]),
        (["predict", "faithful.csv", "faithful.csv"], ["faithful.csv", "cannot be read"]),
        (["predict", "nothing.nc", "faithful.csv"], ["nothing.nc does not exist"]),
        (["demonstrate"], ["demonstrate", "demo"]),
        (["demo", "--output", "report.pdf"], ["report.pdf", ".html"]),
    ],
)
def test_mistakes_are_one_line_and_status_2(arguments, words, capsys, folder):
    (folder / "empty.csv").write_text("")
    (folder / "torn.csv").write_text("a,b\n1,2\n3,4,5\n")
    (folder / "torn.parquet").write_bytes(b"PAR1 and nothing more")
    (folder / "notes.doc").write_text("a\n1\n")
    (folder / "semicolons.csv").write_text("a;b\n1,5;2,5\n3,5;4,5\n")
    (folder / "twice.csv").write_text("a,b,a\n1,2,3\n3,4,5\n")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 20)
    (folder / "cut.csv.gz").write_bytes(gzip.compress(b"a,b\n" + os.urandom(5000))[:2000])
    (folder / "latin.csv").write_bytes("a,größe\n1,2\n".encode("latin-1"))
    (folder / "heading.csv").write_text("a,b\n")
    (folder / "folder.csv").mkdir()
    refusal = refused(capsys, *arguments)
    for word in words:
        assert word in refusal


def test_a_bug_is_no_mistake_of_the_user(monkeypatch):
    """An error that nobody raised on purpose keeps its traceback, whatever its type."""
    monkeypatch.setattr("bayesmix.mixture.Mixture.fit_em", lambda self, X, **options: int("x"))
    with pytest.raises(ValueError, match="invalid literal"):
        run(["fit", "faithful.csv", "--components", "1", *FAST])


@pytest.mark.parametrize("surface", [KeyboardInterrupt, SystemError])
def test_interruption(surface, monkeypatch, capsys):
    def interrupt(self, X, **options):
        raise surface from KeyboardInterrupt()

    monkeypatch.setattr("bayesmix.mixture.Mixture.fit_em", interrupt)
    assert run(["fit", "faithful.csv", "--components", "1", *FAST]) == INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_an_interrupted_comparison_tells_what_it_has(monkeypatch, capsys):
    from bayesmix.comparison.sweep import consider

    calls = iter([consider, None])

    def once(*arguments):
        if (call := next(calls)) is None:
            raise KeyboardInterrupt
        return call(*arguments)

    monkeypatch.setattr("bayesmix.comparison.sweep.consider", once)
    assert run(["compare", "faithful.csv", "--components", "2,3", *FAST, "--output", "t.csv"]) == INTERRUPTED
    shown = capsys.readouterr()
    assert "2322.2" in shown.out
    assert "3 was never fitted, and may be better" in " ".join(shown.out.split())
    assert "interrupted" in shown.err
    assert len(pd.read_csv("t.csv")) == 2


def test_a_first_column_without_a_name_names_the_rows(capsys):
    Path("named.csv").write_text("x,y\na,1,2\nb,2,5\nc,4,4\nd,5,1\n")
    assert run(["fit", "named.csv", "--components", "1", *FAST, "--output", "labels.csv"]) == 0
    assert "the first one names the row" in capsys.readouterr().err
    assert pd.read_csv("labels.csv")["row"].tolist() == ["a", "b", "c", "d"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(folder, monkeypatch, capsys):
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    (folder / "labels.csv").write_text("old")

    def fail(self, path, **options):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    assert "No space left" in refused(capsys, "predict", "fit.nc", "faithful.csv", "--output", "labels.csv")
    assert (folder / "labels.csv").read_text() == "old"
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_reader_that_has_seen_enough_is_no_error(folder):
    command = f"{sys.executable} -m bayesmix fit faithful.csv --components 2 --method em --seed 1 --output fit.nc"
    subprocess.run(command, shell=True, check=True, capture_output=True, timeout=100)
    piped = f"set -o pipefail; {sys.executable} -m bayesmix predict fit.nc faithful.csv | head -n 1"
    done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0
    assert done.stdout.startswith("row,label")
    assert "Traceback" not in done.stderr


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
    page = (Path(__file__).parent.parent / "docs" / "json.md").read_text(encoding="utf-8")
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
    assert Path("fit.md").read_text(encoding="utf-8").startswith("# 2 groups in 272 rows of eruptions, waiting")
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []


def test_a_comparison_in_markdown(capsys):
    assert run(["compare", "faithful.csv", "--components", "1:2", "--output", "c.md", *FAST]) == 0
    assert "| gaussian-full | 1 | 2,607.6 |" in Path("c.md").read_text(encoding="utf-8")


def test_quiet_says_nothing_beside_the_result(capsys):
    arguments = ["fit", "faithful.csv", "--components", "1", "--method", "em"]
    assert run([*arguments, "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "one group" in shown.out
    assert run(["fit", "nothing.csv", "--components", "1", "--quiet"]) == USERS_MISTAKE
    assert capsys.readouterr().err.startswith("bayesmix: error: nothing.csv does not exist")


def test_a_full_disk_is_said_in_one_line(folder):
    command = [sys.executable, "-m", "bayesmix", "completion", "bash"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == USERS_MISTAKE
    [line] = done.stderr.splitlines()
    assert line.startswith("bayesmix: error: ")
    assert "No space left" in line


def test_a_terminal_without_the_letters_still_shows_the_numbers(folder):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "bayesmix", "fit", "faithful.csv", "--components", "2", *FAST]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=200)
    assert done.returncode == 0
    assert b"79.97" in done.stdout


def completion_script(shell: str, folder: Path) -> None:
    """Write the script that a shell reads, once it has found it well formed."""
    command = [sys.executable, "-m", "bayesmix", "completion", shell]
    script = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    (folder / "script").write_text(script)
    subprocess.run([shell, "-n", "script"], check=True, timeout=60)


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (["bayesmix", ""], {"demo", "fit", "compare", "predict", "completion"}),
        (["bayesmix", "co"], {"compare", "completion"}),
        (["bayesmix", "fit", "data.csv", "--me"], {"--method"}),
        (["bayesmix", "fit", "data.csv", "--method", "n"], {"nuts"}),
        (["bayesmix", "compare", "--fam"], {"--families"}),
        (["bayesmix", "completion", ""], {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes(words, proposed, folder):
    completion_script("bash", folder)
    quoted = " ".join(f"'{word}'" for word in words)
    ask = (
        f"source ./script; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
        "$(complete -p bayesmix | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()) == proposed


def test_zsh_completes(folder):
    completion_script("zsh", folder)
    terminal = pexpect.spawn(find("zsh"), ["-f"], encoding="utf-8", dimensions=(30, 100))
    terminal.sendline("PS1='ready> '; autoload -U compinit; compinit -u -D; source ./script; echo sourced-$?")
    terminal.expect("\nsourced-0")
    terminal.send("bayesmix compare data.csv --fam\t")
    terminal.expect("--families", timeout=20)
    terminal.send("\x03")
    terminal.expect("ready> ")
    terminal.send("bayesmix fit data.csv --method lap\t")
    terminal.expect("--method laplace", timeout=20)
    terminal.close(force=True)


HEAVY_FOR_EM = ("arviz", "arviz_plots", "arviz_stats", "jax._src", "matplotlib", "nutpie", "polars", "pymc", "pytensor")


def test_fit_by_em_loads_no_more_than_it_needs(folder):
    code = (
        "import sys; from bayesmix.cli.entry import run; "
        f"run(['fit', 'faithful.csv', '--components', '2', '--method', 'em', '-q', '--output', 'l.csv']); "
        f"print('heavy:', *[name for name in {HEAVY_FOR_EM!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200).stdout
    assert shown.splitlines()[-1] == "heavy:"


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
    fit = ["fit", "big.csv", "--components", "4", *FAST, "--output", "labels.csv", "--output", "big.nc"]
    for command in (fit, ["predict", "big.nc", "big.csv", "--output", "again.csv"]):
        shown = subprocess.run(
            [sys.executable, "-c", PEAK, *command], capture_output=True, text=True, check=True, timeout=900
        ).stdout.splitlines()
        assert "0" in shown
        [peak] = [int(line.split()[1]) for line in shown if line.startswith("VmHWM:")]
        assert peak < 2 * 2**20
    labels = pd.read_csv("labels.csv", usecols=["label"])["label"]
    assert labels.equals(pd.read_csv("again.csv", usecols=["label"])["label"])
    assert labels.value_counts(normalize=True).between(0.24, 0.26).all()
