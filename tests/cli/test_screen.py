"""The tables of the terminal, cell by cell, against NumPy and the table that they show."""

import io
import re
from types import SimpleNamespace

import numpy as np
from rich.console import Console

import bayesmix as bm
from bayesmix.cli import screen
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import percent_with_interval, with_interval
from tests.html.contents import comparison_table
from tests.posterior.test_membership import scipy_responsibilities
from tests.simulated_trees import discrete_data, discrete_tree, simulated_tree

BOLD = re.compile(r"\x1b\[1(?:;2)?m *(.*?) *\x1b\[0m")


def shown(show, *arguments, colour: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200, force_terminal=colour, markup=False, highlight=False)
    show(console, *arguments)
    return console.file.getvalue()


def cells(text: str, first: str) -> list[list[str]]:
    """Rows of a table whose first cell matches, cut where two spaces stand."""
    rows = [re.split(r" {2,}", line.strip()) for line in text.splitlines()]
    return [row for row in rows if re.fullmatch(first, row[0])]


def test_groups_have_their_shares_rows_and_centres():
    tree = simulated_tree(separation=3.0, spread=0.3)
    text = shown(screen.show_groups, Digest(tree))
    posterior = tree["posterior"].to_dataset()
    weights, means = (posterior[name].values for name in ("weights", "means"))
    weights, means = weights.reshape(-1, 3), means.reshape(-1, 3, 2)
    share = scipy_responsibilities(tree, "full", tree["observed_data"]["x"].values).mean(axis=(0, 1))
    counts = np.bincount(share.argmax(axis=1), minlength=3)
    for k, row in enumerate(cells(text, r"(group )?\d+")):
        low, high = np.quantile(weights[:, k], [0.055, 0.945])
        assert row[1] == percent_with_interval(weights[:, k].mean(), low, high)
        assert row[2] == str(counts[k])
        for j in range(2):
            low, high = np.quantile(means[:, k, j], [0.055, 0.945])
            assert row[3 + j] == with_interval(np.median(means[:, k, j]), low, high)
    assert len(cells(text, r"(group )?\d+")) == 3


def test_criteria_are_those_of_the_table_and_the_best_are_marked():
    table = comparison_table()
    comparison = SimpleNamespace(table=table, trusted=[True, True, False])
    criteria = ["bic", "aic", "icl"]
    text = shown(screen.show_criteria, comparison, criteria)
    for row, (_, one) in zip(cells(text, r"\d"), table.iterrows(), strict=True):
        assert [cell.rstrip("*") for cell in row[1:4]] == [f"{one[name]:.1f}" for name in ("bic", "aic", "icl")]
        assert row[4].strip("[]*") == f"{one['elpd_loo']:.1f} ± {one['se_loo']:.1f}"
        assert row[4].startswith("[") == np.isnan(one["elpd_diff"])
    # lower is better for the first three; of LOO the highest that is not in brackets
    best = {"2322.0*", "2274.0*", "2323.0*", "-1140.1 ± 15.0*"}
    marked = {cell for row in cells(text, r"\d") for cell in row if cell.endswith("*")}
    assert marked == best
    assert best <= set(BOLD.findall(shown(screen.show_criteria, comparison, criteria, colour=True)))


def test_the_most_doubtful_rows_are_shown_with_their_probabilities():
    tree = simulated_tree(separation=1.5, obs=[f"r{i}" for i in range(60)])
    text = shown(screen.show_doubtful, Digest(tree))
    values = tree["observed_data"]["x"].values
    share = scipy_responsibilities(tree, "full", values).mean(axis=(0, 1))
    rows = cells(text, r"r\d+")
    assert rows
    assert [row[0] for row in rows] == [f"r{i}" for i in np.argsort(share.max(axis=1))[: len(rows)]]
    assert share.max(axis=1)[[int(row[0][1:]) for row in rows]].max() < 0.9
    for row in rows:
        i = int(row[0][1:])
        told = sorted(float(cell.replace("−", "-")) for cell in row[4:])  # the feature that tells groups apart first
        assert told == sorted(float(f"{x:.4g}") for x in values[i])
        assert row[1:4] == [f"{p:.0%}" if 0.01 <= p <= 0.99 else ("<1%" if p < 0.01 else ">99%") for p in share[i]]


def test_levels_are_told_in_percent_with_intervals():
    digest = Digest(discrete_tree("categorical"))
    text = shown(screen.show_groups, digest)
    p = digest.tree["posterior"]["probabilities"].values.reshape(-1, 2, 5)
    ((*_, red, blue),) = cells(text, "1")
    for j, told in ((3, red), (4, blue)):
        low, high = np.quantile(p[:, 1, j], [0.055, 0.945])
        assert told == percent_with_interval(p[:, 1, j].mean(), low, high)


def test_a_point_estimate_is_called_by_what_it_is_of():
    em = bm.Mixture(2, bm.Categorical()).fit_em(discrete_data("categorical"), random_seed=1)
    assert "Probabilities of the levels of the point estimate." in shown(screen.show_groups, Digest(em.to_tree()))


def test_rows_in_doubt_have_their_levels_by_name():
    X = discrete_data("categorical")
    text = shown(screen.show_doubtful, Digest(discrete_tree("categorical")))
    order = re.findall(r"often|colour", text)[:2]
    (first, *_) = cells(text, r"\d+")
    assert first[-2:] == X.loc[int(first[0]), order].tolist()
