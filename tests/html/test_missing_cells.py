"""Reports of tables with missing cells: how many, where, what was assumed, and a picture of many patterns."""

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.data import read_rows
from bayesmix.html.markdown import render_markdown
from bayesmix.html.reports import content_of_tree
from bayesmix.plots.gaps import draw_missing_cells


def table(share):
    rng = np.random.default_rng(1)
    often = np.repeat([True, False], [60, 40])
    X = pd.DataFrame(
        {
            "age": rng.normal(np.where(often, 60, 35), 5),
            "weight": rng.normal(np.where(often, 80, 70), 8),
            "visits": rng.poisson(np.where(often, 9, 2)).astype(float),
        }
    )
    gone = rng.random(X.shape) < share
    gone[:, 0] = False
    gone[0], gone[1] = [True, False, True], [True, True, False]
    return X.mask(gone)


@pytest.fixture(scope="module")
def content():
    family = bm.Product({("age", "weight"): bm.Gaussian("diag"), "visits": bm.Poisson()})
    tree = bm.Mixture(2, family).fit_laplace(table(0.2), draws=200, random_seed=1, progressbar=False)
    return content_of_tree(tree)


def test_how_many_where_and_what_was_assumed(content):
    said, gone = render_markdown(content), table(0.2).isna()
    assert f"{gone.to_numpy().sum()} of 300" in said
    assert f"{gone['visits'].sum()} of visits" in said and "missing at random" in said
    assert content.data.tables[-1].caption.startswith("Cells that are missing together")


def test_many_patterns_have_a_picture(content):
    [picture] = content.data.pictures
    share = table(0.2)["weight"].isna().mean()
    assert (
        picture.alt.startswith("Missing cells by feature: age (2%), weight (")
        and f"weight ({share:.0%})" in picture.alt
    )
    assert "missing at random" in picture.caption


def test_it_shows_every_pattern_as_high_as_its_rows():
    rows = read_rows(table(0.2), takes={"age": "real", "weight": "real", "visits": "count"}, missing="keep")
    [mesh] = draw_missing_cells(rows).axes[0].collections
    shown = mesh.get_array().reshape(-1, 3)
    edges = mesh.get_coordinates()[:, 0, 1]
    assert not shown[0].any() and edges[-1] == 100
    np.testing.assert_array_equal(shown.T @ np.diff(edges), table(0.2).isna().sum())
