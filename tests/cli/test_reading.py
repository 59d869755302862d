"""Rows are read from files as people have them, or refused in one sentence with the option that reads them."""

import bz2
import gzip
import io
import lzma
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayesmix.cli.entry import run
from bayesmix.cli.reading import read_frame
from bayesmix.cli.source import Source
from bayesmix.data import Column, read_rows
from bayesmix.data.columns import Kind
from tests.cli.commands import FAST, refused

ROWS = [[1.5, 20.0], [2.25, 30.5], [4.0, 10.0], [3.0, 11.0]]
PLAIN = "a,b\n1.5,20\n2.25,30.5\n4,10\n3,11\n"
GERMAN = "a;b\n1,5;20\n2,25;30,5\n4;10\n3;11\n"
CUT = gzip.compress(b"a,b\n" + np.random.default_rng(0).bytes(5000), mtime=0)[:2000]  # a copy that was cut short


def read(
    content: str | bytes, name: str = "data.csv", *, takes: Kind = "real", fitted=None, **options
) -> tuple[pd.DataFrame, str]:
    """What is read from a file with this content, and what is said of it."""
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    said: list[str] = []
    frame, _ = read_frame(Path(name), Source(**options), said.append, takes=takes, fitted=fitted)
    return frame, "\n".join(said)


def refusal(content: str | bytes, name: str = "data.csv", **options) -> str:
    with pytest.raises((ValueError, ImportError)) as refused:
        read(content, name, **options)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("data.csv", PLAIN, {}, []),
        ("data.csv", "\ufeff" + PLAIN, {}, []),
        ("data.csv", PLAIN.replace("\n", "\r\n"), {}, []),
        ("data.csv", PLAIN.replace("\n", "\n\n").replace(",", ", "), {}, []),
        ("data.csv", PLAIN.encode("utf-16"), {}, []),
        ("data.csv", PLAIN.encode("utf-16-le"), {"encoding": "utf-16-le"}, []),
        ("data.csv", GERMAN, {}, ["semicolons between the columns", "decimal commas, such as '1,5'"]),
        ("data.csv", GERMAN, {"separator": ";", "decimal": ","}, []),
        ("data.csv", PLAIN.replace(",", ";"), {}, ["semicolons"]),
        ("data.csv", PLAIN.replace(",", "|"), {"separator": "|"}, []),
        ("data.tsv", PLAIN.replace(",", "\t"), {}, []),
        ("data.tsv", PLAIN, {}, ["commas between the columns"]),
        ("data.txt", PLAIN.replace(",", "\t"), {}, ["tabs between the columns"]),
        ("data.txt", PLAIN.replace(",", "   "), {}, ["spaces between the columns"]),
        ("data.txt", " " + PLAIN.replace(",", "\t ").replace("\n", " \n "), {"separator": "space"}, []),
        ("data.csv", GERMAN.replace(";", "\t"), {"separator": "tab"}, ["decimal commas"]),
        ("data", PLAIN, {}, []),
        ("notes.doc", PLAIN, {"separator": ","}, []),
        ("data.csv.gz", gzip.compress(PLAIN.encode(), mtime=0), {}, []),
        ("data.csv", gzip.compress(PLAIN.encode(), mtime=0), {}, []),
        ("data.tsv.bz2", bz2.compress(PLAIN.replace(",", "\t").encode()), {}, []),
        ("data.csv.xz", lzma.compress(PLAIN.encode()), {}, []),
        ("data.csv", "a,b,\n1.5,20,\n2.25,30.5,\n4,10,\n3,11,\n", {}, ["without a name and without values"]),
        ("data.csv", "a,b\n1.5,20,\n2.25,30.5,\n4,10,\n3,11,\n", {}, ["without a name and without values"]),
        ("data.csv", 'a,b\n1.5,"20"\n2.25,"30.5"\n4,10\n3,11\n', {}, []),
        (
            "data.csv",
            'a,b\n1.5,20\n2.25,30.5\n"4",10\n?,7\n3,11\n',
            {"missing": ["?"], "drop_missing": True},
            ["1 row"],
        ),
        ("data.csv", PLAIN.replace("20", '"2,0"').replace("10", '"1,0"'), {"thousands": ","}, []),
        ("data.csv", "a;b\n1,5;0.020\n2,25;30,5\n4;10\n3;11\n", {"decimal": ",", "thousands": "."}, ["semicolons"]),
    ],
)
def test_the_same_rows_however_they_are_written(name, content, options, words, folder):
    frame, said = read(content, name, **options)
    assert frame.columns.tolist() == ["a", "b"]
    np.testing.assert_array_equal(frame.to_numpy(float), ROWS)
    *about, last = said.splitlines()
    assert last == f"{name}: 4 rows of a, b."
    assert len(about) == len(words)
    assert all(word in said for word in words)


def test_standard_input_is_read(folder):
    command = f"{sys.executable} -m bayesmix fit - --components 2 --method em --seed 1 --output labels.csv"
    for packed in (PLAIN.encode(), gzip.compress(GERMAN.encode(), mtime=0)):
        done = subprocess.run(command.split(), input=packed, capture_output=True, timeout=100)
        assert done.returncode == 0, done.stderr
        assert b"standard input: 4 rows of a, b." in done.stderr
        assert len(pd.read_csv("labels.csv")) == 4


def test_a_workbook_is_read_like_a_text(folder):
    frame = pd.DataFrame(ROWS, columns=["a", "b"], index=["p", "q", "r", "s"])
    with pd.ExcelWriter("book.xlsx") as book:
        frame.to_excel(book, sheet_name="measured")
        frame.to_excel(book, sheet_name="more")
    read_back, said = read(Path("book.xlsx").read_bytes(), "book.xlsx")
    pd.testing.assert_frame_equal(read_back, frame)
    assert "2 sheets, of which the first, 'measured', is read" in said
    frame.to_excel("bare.xlsx", header=False, index=False)
    read_back, _ = read(Path("bare.xlsx").read_bytes(), "bare.xlsx", no_header=True)
    np.testing.assert_array_equal(read_back, ROWS)
    frame.astype(object).replace(30.5, "?").to_excel("spoilt.xlsx", index=False)
    assert "'?' in row 2 (line 3), column 'b'" in refusal(Path("spoilt.xlsx").read_bytes(), "spoilt.xlsx")


@pytest.mark.parametrize(("suffix", "extra"), [("xlsx", "excel"), ("parquet", "parquet")])
def test_a_kind_that_needs_a_library_names_the_extra(suffix, extra, monkeypatch, folder):
    frame = pd.DataFrame(ROWS, columns=["a", "b"])
    frame.to_excel("data.xlsx") if suffix == "xlsx" else frame.to_parquet("data.parquet")
    monkeypatch.setattr("bayesmix.cli.extras.find_spec", lambda name: None)
    name = f"data.{suffix}"
    assert f'pip install "bayesmix[{extra}]"' in refusal(Path(name).read_bytes(), name)


def test_a_first_row_of_numbers_is_no_header(folder):
    content = "5.1,3.5,1.4,setosa\n4.9,3.0,1.5,setosa\n4.7,3.2,1.3,setosa\n6.0,3.1,1.2,other\n"
    said = refusal(content)
    assert "begins with numbers ('5.1', '3.5', '1.4')" in said
    assert "--no-header" in said
    frame, _ = read(content, no_header=True, columns="x0,x2")
    np.testing.assert_array_equal(frame, [[5.1, 1.4], [4.9, 1.5], [4.7, 1.3], [6.0, 1.2]])
    assert "'x3'" in refusal(content, no_header=True)
    years, _ = read("2019,2020\n1.5,2\n7,3.5\n", columns="2020,2019")
    np.testing.assert_array_equal(years, [[2.0, 1.5], [3.5, 7.0]])


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("", [0, 1, 2, 3]),  # the index that pandas writes
        ("Unnamed: 0", [0, 1, 2, 3]),  # and when it is read and written again
        ("position", [7, 8, 9, 10]),  # counts evenly
        ("id", [40, 17, 23, 99]),  # says what it is
        ("patient_id", [40, 17, 23, 99]),
        ("sampleNo", [40, 17, 23, 99]),
        ("", ["w", "x", "y", "x"]),
        ("who", ["w", "x", "y", "z"]),  # text, all different
    ],
)
def test_what_only_names_the_rows_is_no_feature(header, names, folder):
    expected = pd.DataFrame(ROWS, columns=["a", "b"])
    content = expected.assign(**{"name it": names})[["name it", "a", "b"]].to_csv(index=False)
    content = content.replace("name it", header, 1)
    frame, said = read(content)
    assert frame.columns.tolist() == ["a", "b"]
    assert frame.index.tolist() == names
    assert "names the rows" in said
    chosen, _ = read(content, columns="b")
    assert chosen.index.tolist() == names
    if header not in ("", "who"):
        option = said.partition("--columns ")[2].partition(".\n")[0].strip("'")
        feature, _ = read(content, columns=option)
        assert feature.columns.tolist() == [header, "a", "b"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("income", [10, 250, 1000, 40000]),  # sorted, all different, and a measurement
        ("id", [3, 3, 5, 6]),  # repeats
        ("index", [1.5, 2.5, 3.5, 4.5]),  # has decimals
        ("year", [2001, 2001, 2002, 2003]),
    ],
)
def test_a_measurement_is_not_taken_for_names(name, cells, folder):
    content = pd.DataFrame(ROWS, columns=["a", "b"]).assign(**{name: cells}).to_csv(index=False)
    frame, said = read(content)
    assert frame.columns.tolist() == ["a", "b", name]
    assert "names the rows" not in said


def test_several_columns_that_count_leave_the_features(folder):
    frame, said = read("Unnamed: 0,a,id,b\n0,1.5,1,20\n1,2.25,2,30.5\n2,4,3,10\n3,3,4,11\n")
    np.testing.assert_array_equal(frame, ROWS)
    assert "'id' only names the rows too; left out" in said
    alone, _ = read("count\n1\n2\n3\n4\n")
    assert alone["count"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("?", "--missing '?'"),
        ("n.a.", "--missing 'n.a.'"),
        ("-", "--missing '-'"),
        ('"1,234.5"', "--thousands ,"),
        ('"1.234,5"', "--decimal , --thousands ."),
        ('"4,5"', "--decimal ,"),
    ],
)
def test_a_cell_that_is_no_number_is_quoted_with_its_place_and_the_option(cell, options, folder):
    # a name over two lines and an empty line: row and line differ
    content = f'a,"b\nc",d\n1.5,20,7\n2.25,30.5,8\n\n4,{cell},9\n3,11,4\n'
    said = refusal(content)
    shown = cell.strip('"')
    # the break in the name is written as Python writes it, and stands in the name as that
    assert f"{shown!r} in row 3 (line 6), column {'b' + chr(92) + 'nc'!r}" in said
    assert f"add {options}" in said
    assert "30.5" not in said


def test_the_option_that_is_offered_for_a_cell_reads_it(folder):
    command = ["fit", "data.csv", "-k", "1", *FAST]
    Path("data.csv").write_text("a,b\n1.5,20\n2.25,-\n4,10\n3,11\n7,12\n")
    assert run([*command, "--missing", "-", "--drop-missing", "-o", "labels.csv"]) == 0
    assert len(pd.read_csv("labels.csv")) == 4
    frame, _ = read('a,b\n1.5,"1,234.5"\n2.25,"30.5"\n4,10\n3,11\n', thousands=",")
    assert frame["b"].tolist() == [1234.5, 30.5, 10, 11]
    with_999, _ = read("a,b\n1.5,20\n2.25,-999\n4,10\n3,11\n7,12\n", missing=["-999"], drop_missing=True)
    assert with_999["b"].tolist() == [20, 10, 11, 12]


def test_missing_means_the_same_in_a_parquet_file(folder):
    frame = pd.DataFrame({"a": [1.5, -999, 4, 3], "b": [20.0, 30.5, 10, 11]})
    frame.to_parquet("data.parquet")
    rows, _ = read(Path("data.parquet").read_bytes(), "data.parquet", missing=["-999"], drop_missing=True)
    assert rows["a"].tolist() == [1.5, 4, 3]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b,c\n1,2,\n3,4,\n5,7,\n", ["a column without any value: 'c'", "--columns a,b"]),
        ("a,b\n1,\n,4\n5,\n", ["a missing value in every row", "--drop-missing would leave none", "--columns a."]),
    ],
)
def test_what_would_leave_no_row_is_not_advised(content, words, folder):
    for drop_missing in (False, True):
        said = refusal(content, drop_missing=drop_missing)
        assert all(word in said for word in words)


def test_missing_values_are_refused_with_their_place(folder):
    assert "first in row 2 (line 3)" in refusal("a,b\n1,2\n3,\n5,7\n")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data.csv", "", ["is empty"]),
        ("data.csv", "\n \n", ["is empty"]),
        ("data.csv", "\ufeff", ["is empty"]),
        ("data.csv", "a,b\n", ["no rows"]),
        ("data.csv", "a,b,a\n1,2,3\n", ["column 'a' twice"]),
        ("data.csv", "a,b\n1,2\n3,4,5\n", ["line 3", "in quotes"]),
        ("data.csv", "a,b\n1,2,3,4\n", ["4 fields, but 2 names"]),
        ("data.csv", PLAIN.encode("utf-16-le"), ["--encoding utf-16-le"]),
        ("data.csv", "größe,b\n1,2\n".encode("cp1252"), ["--encoding cp1252"]),
        ("data.csv", bytes(range(256)) * 20, ["zero bytes"]),
        ("data.csv", CUT, ["cannot be read", "Copy it again"]),
        ("data.csv", "a;b\n1,234;5\n2,345;7\n", ["two ways", "--decimal ,", "--thousands ,"]),
        ("data.csv", "a,b,,d\n1,2,3,4\n4,5,5,9\n", ["without a name", "--columns"]),
        ("data.doc", "a,b\n1,2\n", [".csv, .tsv", "--separator"]),
        ("data.xls", b"\xd0\xcf\x11\xe0" + bytes(100), [".xlsx"]),
        ("data.zip", b"PK\x03\x04" + bytes(100), ["archive"]),
        ("data.xlsx", b"PK\x03\x04" + bytes(100), ["cannot be read as an Excel file"]),
        ("data.parquet", b"PAR1 and nothing more", ["cannot be read as Parquet"]),
        ("data.nc", b"\x89HDF", ["is a fit, not rows", "bayesmix predict data.nc"]),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(name, content, words, folder):
    said = refusal(content, name)
    assert name in said
    assert all(word in said for word in words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"separator": ";;"}, "--separator ';;' is not one character"),
        ({"decimal": "point"}, "--decimal 'point'"),
        ({"encoding": "letters"}, "--encoding 'letters' is unknown"),
        ({"index": "c"}, "no column 'c'"),
    ],
)
def test_options_are_refused_by_name(options, words, folder):
    assert words in refusal(PLAIN, **options)


def test_a_column_without_spread_is_still_named_by_the_users_name(capsys, folder):
    Path("data.csv").write_text("\ufeffgröße,b\n1,2\n3,2\n7,2\n", encoding="utf-8")
    assert "'b'" in refused(capsys, "fit", "data.csv", "-k", "1", *FAST)


def test_a_fit_and_rows_in_the_wrong_order_are_noticed(capsys, folder):
    assert run(["fit", "faithful.csv", "-k", "2", "-o", "fit.nc", *FAST]) == 0
    said = refused(capsys, "predict", "faithful.csv", "fit.nc")
    assert "swapped?" in said
    assert "bayesmix predict fit.nc faithful.csv" in said


def test_predict_names_the_rows_as_fit_did(capsys, folder):
    frame = pd.read_csv("faithful.csv")
    frame.insert(0, "id", range(1000, 1000 + len(frame)))
    frame.to_csv("named.csv", index=False)
    assert run(["fit", "named.csv", "-k", "2", "-o", "fit.nc", "-o", "labels.csv", *FAST]) == 0
    assert run(["predict", "fit.nc", "named.csv", "-o", "again.csv"]) == 0
    labels, again = (pd.read_csv(name) for name in ("labels.csv", "again.csv"))
    assert labels["id"].tolist() == again["id"].tolist() == frame["id"].tolist()
    assert labels["label"].equals(again["label"])


def test_a_small_file_on_a_pipe_of_text(monkeypatch, folder):
    class Piped:
        buffer = io.BytesIO(PLAIN.encode())

    monkeypatch.setattr(sys, "stdin", Piped)
    said: list[str] = []
    frame, _ = read_frame(Path("-"), Source(), said.append)
    np.testing.assert_array_equal(frame, ROWS)


SPECIES = "n,species,island,legs,sexed\n1,Adelie,Biscoe,2,True\n2,Gentoo,Biscoe,2,False\n3,Adelie,Dream,4,True\n"
LEVELS = {
    "species": ("Adelie", "Gentoo"),
    "island": ("Biscoe", "Dream"),
    "legs": ("2", "4"),
    "sexed": ("False", "True"),
}


def as_parquet(content: str) -> bytes:
    written = io.BytesIO()
    pd.read_csv(io.StringIO(content)).to_parquet(written)
    return written.getvalue()


@pytest.mark.parametrize(("name", "made"), [("data.csv", str), ("data.parquet", as_parquet)])
def test_text_is_read_as_levels_where_those_are_taken(name, made, folder):
    frame, said = read(made(SPECIES), name, takes="categorical")
    columns = read_rows(frame, takes="categorical").columns
    assert {column.name: column.levels for column in columns} == LEVELS
    assert "'n' names the rows" in said
    assert "not numbers: 'species', 'island'" in refusal(made(SPECIES), name)
    new = "species,island,legs,sexed\nGentoo,Dream,2,True\n"
    frame, _ = read(made(new), name, fitted=columns)
    assert read_rows(frame, columns=columns).values.tolist() == [[1.0, 1.0, 0.0, 1.0]]
    said = refusal(made(new.replace("Dream", "Elba")), name, fitted=columns)
    assert said.startswith(
        f"{name} holds levels that the model was not fitted on, 'Elba' first: row 0, column 'island'"
    )


def test_each_column_of_a_fit_is_read_as_its_kind(folder):
    fitted = [Column("place", "categorical", ("Biscoe", "Dream")), Column("legs", "count"), Column("mass", unit="g")]
    content = "where,mass,legs\nDream,1.5,4\nBiscoe,2.5,2\n"
    frame, _ = read(content, columns="where,legs,mass", fitted=fitted)
    assert read_rows(frame, columns=fitted).values.tolist() == [[1.0, 4.0, 1.5], [0.0, 2.0, 2.5]]
    said = refusal(content.replace("4", "four"), columns="where,legs,mass", fitted=fitted)
    assert "'four' in row 1 (line 2), column 'legs', which is no number" in said
    assert "must hold counts" in refusal(content.replace("4", "4.5"), columns="where,legs,mass", fitted=fitted)


@pytest.mark.parametrize(
    ("content", "takes", "words"),
    [
        ("a,b\nu,1\nv,2.5\nu,\n", "categorical", ["2.5 in row 2 (line 3), column 'b'", "no level", "--columns a."]),
        ("b\n1.5\n", "categorical", ["1.5 in row 1", "Give columns of text or whole numbers"]),
        ("a,b\nu,1\n,2\nu,3\n", "categorical", ["1 missing value in 1 row", "--drop-missing"]),
        ("a,b\n1,1\n-2,2\n3,2\n", "count", ["must hold counts", "-2 first: row 1, column 'a'"]),
        ("a,b\n1,u\n2,v\n3,u\n", "count", ["a column that is not numbers: 'b'"]),
        ("a,b\nTrue,1\nFalse,2\nTrue,0\n", "binary", ["zeros and ones", "2 first: row 1, column 'b'"]),
    ],
)
def test_cells_that_are_not_what_is_taken(content, takes, words, folder):
    said = refusal(content, takes=takes)
    for word in words:
        assert word in said
