"""Units of columns: from the container to every label."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr

import bayesmix as bm
from bayesmix.data import read_rows
from bayesmix.tree import training_rows

VALUES = np.arange(12.0).reshape(6, 2) ** 1.5


def frame(units):
    made = pd.DataFrame(VALUES, columns=["eruptions", "waiting"])
    made.attrs["units"] = units
    return made


@pytest.mark.parametrize(
    ("units", "labels"),
    [
        ("min", ("eruptions (min)", "waiting (min)")),
        ({"waiting": "min", "elsewhere": "s"}, ("eruptions", "waiting (min)")),
        ({}, ("eruptions", "waiting")),
        (60, ("eruptions", "waiting")),
    ],
)
def test_of_a_data_frame(units, labels):
    rows = read_rows(frame(units))
    assert rows.labels == labels
    assert rows.features == ("eruptions", "waiting")


def test_of_other_containers():
    assert read_rows(frame("min")["waiting"]).labels == ("waiting (min)",)
    array = xr.DataArray(VALUES, dims=["row", "column"], coords={"column": ["a", "b"]}, attrs={"units": "mm"})
    assert read_rows(array).labels == ("a (mm)", "b (mm)")
    assert read_rows(array[:, 0].rename("a")).labels == ("a (mm)",)
    assert read_rows(pl.DataFrame({"a": [1.0, 2.0]})).labels == ("a",)
    assert read_rows(VALUES).labels == ("x0", "x1")


def test_of_chosen_columns():
    assert read_rows(frame({"waiting": "min"})[["waiting"]]).labels == ("waiting (min)",)


@pytest.fixture(scope="module")
def em():
    X = bm.datasets.load_faithful()
    X.attrs["units"] = {"waiting": "min"}
    return bm.Mixture(2).fit_em(X, random_seed=1)


def test_a_file_keeps_them(em, tmp_path):
    bm.save(em.to_tree(), tmp_path / "fit.nc")
    assert training_rows(bm.load(tmp_path / "fit.nc")).labels == ("eruptions", "waiting (min)")


def test_where_people_see_them(em, tmp_path):
    tree = em.to_tree()
    [ax] = bm.plot_density(tree).axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("eruptions", "waiting (min)")
    assert "centre of waiting (min)" in em._repr_html_()
    bm.report(tree, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert ">waiting (min)<" in page
    bm.report(tree, tmp_path / "report.md")
    lines = (tmp_path / "report.md").read_text().splitlines()
    heading, _, first = lines[next(n for n, line in enumerate(lines) if line.startswith("| group | share of all")) :][
        :3
    ]
    place = [cell.strip() for cell in heading.split("|")].index("waiting (min)")
    assert float(first.split("|")[place]) == pytest.approx(em.params["means"][0, 1], abs=0.005)
    assert "waiting (min)" in next(line for line in lines if "its probability" in line)


def test_features_are_asked_for_by_name(em):
    [ax] = bm.plot_density(em.to_tree(), features="waiting").axes
    assert ax.get_xlabel() == "waiting (min)"
