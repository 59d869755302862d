"""Reports of columns of several kinds: numbers, counts and levels each as they are read."""

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.html.markdown import render_markdown
from bayesmix.html.reports import content_of_tree
from bayesmix.plots.mixed import mixed_of


@pytest.fixture(scope="module")
def tree():
    rng = np.random.default_rng(1)
    often = np.repeat([True, False], [60, 40])
    X = pd.DataFrame(
        {
            "age": rng.normal(np.where(often, 60, 35), 5),
            "visits": rng.poisson(np.where(often, 9, 2)),
            "town": np.where(rng.random(100) < np.where(often, 0.9, 0.2), "Bath", "York"),
        }
    )
    family = bm.Product({"age": bm.Gaussian("diag"), "visits": bm.Poisson(), "town": bm.Categorical()})
    return bm.Mixture(2, family).fit_laplace(X, draws=200, random_seed=1, progressbar=False)


def test_everything_is_told_in_its_own_way(tree):
    said = render_markdown(content_of_tree(tree))
    places = said.partition("Places, with")[2].partition("In a picture")[0]
    lines = (line.strip("| ").split("|") for line in places.splitlines())
    cells = {first.strip(): rest[0].split()[0] for first, *rest in lines if rest and rest[0].split()}
    posterior = tree["posterior"]
    town = posterior["probabilities"].values[..., 0, 0].mean()
    age, rate = np.median(posterior["means"].values[..., 0, 0]), np.median(posterior["rates"].values[..., 0, 0])
    assert abs(float(cells["age"]) - age) < 0.5
    assert abs(float(cells["visits"]) - rate) < 0.5
    assert cells["town=Bath"] == f"{town:.0%}"
    assert "Columns of several kinds (age: " in said
    assert "What tells them apart most: age is on average" in said
    assert "Shares and probabilities are posterior means, places and standard deviations posterior medians." in said


def test_data_are_told_by_kind(tree):
    tables = content_of_tree(tree).data.tables
    assert ["standard deviation" in table.header for table in tables] == [True, False, False]
    assert ["zeros" in table.header for table in tables] == [False, True, False]
    assert [row[1].text for row in tables[2].rows] == ["Bath", "York"]


def test_every_column_has_its_panel(tree):
    assert mixed_of(tree).positions == [0, 1, 2]
    assert mixed_of(tree, ["age"]) is None
    figure = bm.plot_density(tree)
    assert [ax.get_xlabel() for ax in figure.axes] == ["age", "visits", "probability"]
    assert figure.axes[2].get_title(loc="left") == "town"
    with pytest.raises(ValueError, match="columns are of several kinds"):
        bm.plot_density(tree, principal_components=2)
    assert len(bm.plot_predictive_check(tree).axes) == 3
