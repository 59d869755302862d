"""The command line as people meet it: what it prints, what it writes, and how it refuses."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.choices import as_option, names_of, numbers_of
from bayesmix.cli.entry import INTERRUPTED, USERS_MISTAKE, run

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


@pytest.mark.parametrize("text", ["", "1-6", "1:2:3", "two", "1,,2", "6:1", "0:3", "0", "1:", "²"])
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
        ["compare", "faithful.csv", "--components", "1:3", "--covariance", "full,diag", "--output", "t.csv", *FAST]
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
    assert run(["fit", "wide.csv", "--components", "2", "--covariance", "diag", *FAST]) == 0
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
        (["compare", "faithful.csv", "--covariance", "round"], ["'round'", "'full'"]),
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
