"""Reports of counts and levels: their words, tables and numbers."""

import re

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.html.digest import Digest
from bayesmix.html.glossary import terms_of
from bayesmix.html.markdown import render_markdown
from bayesmix.html.numbers import percent
from bayesmix.html.reports import content_of_tree
from tests.simulated_trees import discrete_data, discrete_tree

KINDS = ("count", "binary", "categorical")


@pytest.fixture(scope="module", params=KINDS)
def content(request):
    return content_of_tree(discrete_tree(request.param))


def described(kind):
    return dict(content_of_tree(discrete_tree(kind)).answer.points)["What are they?"]


def means(tree, name):
    return tree["posterior"][name].mean(("chain", "draw")).values


def test_no_word_is_of_normal_distributions(content):
    said = render_markdown(content)
    assert not re.findall(r"(?i)centres?\b|normal distribution|standard deviation|spread", said)
    assert not re.findall(
        r"(?i)centres?\b|normal distribution|standard deviation|spread", content.groups.parts[0][1].pictures[0].alt
    )


def test_levels_that_tell_the_groups_apart_are_told_in_percent():
    tree = discrete_tree("categorical")
    p = means(tree, "probabilities")
    colour = f'colour is "red" in {percent(p[0, 3])} of group 0 and {percent(p[1, 3])} of group 1'
    assert colour in described("categorical")


def test_items_are_told_by_their_ones():
    p = means(discrete_tree("binary"), "probabilities")
    said = described("binary")
    assert f"walks is 1 in {percent(p[0, 0])} of group 0 and {percent(p[1, 0])} of group 1" in said
    assert "sleeps" not in said


def test_counts_are_told_by_their_rates():
    said = re.search(r"visits is on average ([\d.]+) in group 0 and ([\d.]+) in group 1", described("count"))
    assert said is not None
    rates = np.median(discrete_tree("count")["posterior"]["rates"].values.reshape(-1, 2, 2), axis=0)
    np.testing.assert_allclose([float(number) for number in said.groups()], rates[:, 1], rtol=0.02)


def test_probabilities_stand_in_percent_with_intervals():
    tree = discrete_tree("categorical")
    _, table = content_of_tree(tree).groups.tables
    assert table.header == ("level", "group 0", "group 1")
    assert [row[0].text for row in table.rows] == list(tree["posterior"]["level"].values)
    p = means(tree, "probabilities")
    np.testing.assert_allclose([[cell.sort for cell in row[1:]] for row in table.rows], p.T)
    assert all(
        re.fullmatch(r"[<>]?\d+% \([<>]?\d+% to [<>]?\d+%\)", cell.text) for row in table.rows for cell in row[1:]
    )


def test_rates_stand_with_intervals_in_the_units_of_the_data():
    table = content_of_tree(discrete_tree("count")).groups.tables[0]
    assert table.header == ("group", "share of all", "rows", "calls", "visits")
    assert all(" to " in cell.text for row in table.rows for cell in row[3:])


def test_the_data_are_described_by_levels_and_their_shares():
    X, (table,) = discrete_data("categorical"), content_of_tree(discrete_tree("categorical")).data.tables
    wanted = [(name, level, n) for name in X for level, n in X[name].value_counts(sort=False).items()]
    assert [(row[0].text, row[1].text, row[2].sort) for row in table.rows] == wanted
    np.testing.assert_allclose([row[3].sort for row in table.rows], [n / len(X) for *_, n in wanted])


def test_counts_are_described_with_their_zeros():
    X, (table,) = discrete_data("count"), content_of_tree(discrete_tree("count")).data.tables
    assert table.header == ("feature", "lowest", "median", "mean", "highest", "zeros")
    wanted = pd.DataFrame({"lowest": X.min(), "median": X.median(), "mean": X.mean(), "highest": X.max()})
    wanted["zeros"] = (X == 0).mean()
    np.testing.assert_allclose([[cell.sort for cell in row[1:]] for row in table.rows], wanted.to_numpy())


def test_rows_in_doubt_show_levels_by_name():
    tree = discrete_tree("categorical")
    (table,) = content_of_tree(tree).membership.tables
    X = discrete_data("categorical")
    for row in table.rows:
        assert [cell.text for cell in row[-2:]] == X.loc[int(row[0].text), list(table.header[-2:])].tolist()


def test_levels_no_group_has_tell_nothing_apart():
    """A level with probability zero everywhere has neither variance nor distance."""
    X = pd.DataFrame({"a": pd.Categorical(["u", "v"] * 30, categories=["u", "v", "never seen"]), "b": ["x", "y"] * 30})
    tree = bm.Mixture(2, bm.Categorical()).fit_em(X, estimate="ml", random_seed=1).to_tree()
    assert not np.isnan(Digest(tree).separation).any()
    assert "never seen" not in dict(content_of_tree(tree).answer.points)["What are they?"]


def test_heavy_tails_are_named_and_explained():
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.standard_t(3, size=(80, 2)), 12 + rng.standard_t(3, size=(80, 2))])
    content = content_of_tree(bm.Mixture(2, bm.StudentT()).fit_em(X, random_seed=1).to_tree())
    assert "heavy tails" in dict(content.answer.points)["What are they?"]
    assert "degrees of freedom" in [term.name for term in terms_of(content)]
    (table,) = dict(content.groups.parts)["Degrees of freedom"].tables
    assert table.header == ("feature", "group 0", "group 1")
