"""How commands refuse: one line, with a remedy, and an exit status."""

import gzip
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.entry import INTERRUPTED, USERS_MISTAKE, run
from tests.cli.commands import FAST, refused


def test_parquet_without_pyarrow_names_what_to_install(capsys, monkeypatch):
    monkeypatch.setattr("bayesmix.cli.extras.find_spec", lambda name: None)
    (folder := pd.DataFrame({"a": [1.0]})).to_csv("x.parquet")
    assert len(folder) == 1
    assert 'pip install "bayesmix[parquet]"' in refused(capsys, "fit", "x.parquet", "--components", 1)


def test_text_columns_are_refused_with_the_option_to_use(capsys):
    refusal = refused(capsys, "compare", "penguins.csv")
    assert "'species', 'island', 'sex'" in refusal
    assert "--columns bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,year" in refusal


def test_missing_values_are_summed_out_or_left_out_aloud(capsys):
    arguments = ["fit", "penguins.csv", "--components", "2", "--columns", "bill_length_mm,body_mass_g"]
    frame = bm.datasets.load_penguins()
    frame.loc[5, "body_mass_g"] = np.nan
    frame.to_csv("gaps.csv", index=False)
    assert run(["fit", "gaps.csv", *arguments[2:], *FAST]) == 0
    said = capsys.readouterr().err
    assert "2 rows without any value left out" in said
    assert "1 missing value in 1 row (columns 'bill_length_mm', 'body_mass_g') is summed out" in said
    assert "342 rows" in said
    assert run([*arguments, "--drop-missing", *FAST]) == 0
    said = capsys.readouterr().err
    assert "2 rows with missing values left out" in said
    assert "342 rows" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fit", "nothing.csv", "--components", "2"], ["nothing.csv", "does not exist", "Give its path"]),
        (["fit", "faithfull.csv", "--components", "2"], ["does not exist. Did you mean faithful.csv?"]),
        (["fit", ".", "--components", "2"], ["is a folder"]),
        (["fit", "empty.csv", "--components", "2"], ["empty.csv is empty"]),
        (["fit", "torn.csv", "--components", "2"], ["torn.csv cannot be read", "line 3", "Mend the file there"]),
        (["fit", "torn.parquet", "--components", "2"], ["torn.parquet cannot be read"]),
        (["fit", "notes.doc", "--components", "2"], [".csv, .tsv"]),
        (["fit", "faithful.csv"], ["--components is missing", "bayesmix fit --help"]),
        (["fit", "--components", "2"], ["DATA is missing", "bayesmix fit --help"]),
        (["fit", "faithful.csv", "more.csv", "--components", "2"], ["'more.csv' is too much"]),
        (["fit", "faithful.csv", "--components", "0"], ["--components must be at least 1, not 0"]),
        (["fit", "faithful.csv", "--components", "two"], ['"two"']),
        (["fit", "faithful.csv", "--components", "300", "--method", "em"], ["256 distinct", "Use --components 256"]),
        (["compare", "constant.csv", *FAST], ["The data have 1 constant column: 'b'"]),
        (["fit", "collinear.csv", "--components", "2", *FAST], ["The data have", "--family diag or spherical"]),
        (["fit", "faithful.csv", "--components", "2", "--seed", "-1"], ["--seed"]),
        (["fit", "faithful.csv", "--components", "2", "--method", "mcmc"], ['"mcmc"', '"nuts"']),
        (["fit", "faithful.csv", "--components", "2", "--colums", "a"], ["--colums", "--columns"]),
        (["fit", "faithful.csv", "--components", "2", "--columns", "wait"], ["no column 'wait'", "'waiting'"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "fit.pkl"], ["fit.pkl", ".nc"]),
        (["fit", "faithful.csv", "--components", "2", "--output", "no/fit.nc"], ["no folder 'no'"]),
        (["compare", "faithful.csv", "--components", "6:1"], ["6:1"]),
        (["compare", "faithful.csv", "--families", "round"], ["--families 'round'", "there are 'full', 'tied'"]),
        (["compare", "faithful.csv", "--families", "full,,diag"], ["--families", "'full', 'tied'"]),
        (["fit", "faithful.csv", "--components", "2", "--family", "full,diag"], ["--family", "bayesmix compare"]),
        (["fit", "faithful.csv", "--components", "1:3"], ["1:3", "bayesmix fit --help"]),
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
    (folder / "twice.csv").write_text("a,b,a\n1,2,3\n3,4,5\n")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 20)
    (folder / "cut.csv.gz").write_bytes(gzip.compress(b"a,b\n" + os.urandom(5000))[:2000])
    (folder / "latin.csv").write_bytes("a,größe\n1,2\n".encode("latin-1"))
    (folder / "heading.csv").write_text("a,b\n")
    (folder / "constant.csv").write_text("a,b\n1,2\n3,2\n7,2\n")
    (folder / "collinear.csv").write_text("a,b\n1,2\n3,6\n7,14\n9,18\n")
    (folder / "folder.csv").mkdir()
    refusal = refused(capsys, *arguments)
    for word in words:
        assert word in refusal


def test_a_bug_is_no_mistake_of_the_user(monkeypatch):
    """An error that nobody raised on purpose keeps its traceback, whatever its type."""
    monkeypatch.setattr("bayesmix.mixture.Mixture.fit_em", lambda self, X, **options: int("x"))
    with pytest.raises(ValueError, match="invalid literal"):
        run(["fit", "faithful.csv", "--components", "1", *FAST])


def test_interruption(monkeypatch, capsys):
    def interrupt(self, X, **options):
        raise KeyboardInterrupt

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
    run(["fit", "faithful.csv", "--components", "2", "--output", "fit.nc", *FAST])
    piped = f"set -o pipefail; {sys.executable} -m bayesmix predict fit.nc faithful.csv | head -n 1"
    done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0
    assert done.stdout.startswith("row,label")
    assert "Traceback" not in done.stderr


@pytest.mark.gate
def test_the_work_goes_on_and_is_written_when_nobody_reads_what_is_shown(folder):
    work = f"{sys.executable} -m bayesmix fit faithful.csv --components 2 --method em --seed 1"
    for name, streams in (("out.nc", ""), ("both.nc", "2>&1")):
        piped = f"set -o pipefail; {work} --output {name} {streams} | true"
        done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, timeout=100)
        assert done.returncode == 0
        assert "Traceback" not in done.stderr
        assert (folder / name).exists()


def test_a_full_disk_is_said_in_one_line(folder):
    command = [sys.executable, "-m", "bayesmix", "completion", "bash"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == USERS_MISTAKE
    [line] = done.stderr.splitlines()
    assert line.startswith("bayesmix: error: ")
    assert "No space left" in line
