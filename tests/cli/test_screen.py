"""The tables of the terminal, cell by cell, against NumPy and the table that they show."""

import io
import re
from types import SimpleNamespace

import numpy as np
from rich.console import Console

from bayesmix.cli import screen
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import percent_with_interval, with_interval
from tests.html.contents import comparison_table
from tests.simulated_trees import simulated_tree
from tests.test_membership import scipy_responsibilities

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
    text = shown(screen.show_groups, Digest(tree), "gaussian-full")
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


def test_criteria_are_those_of_the_table_and_the_best_are_bold():
    table = comparison_table()
    table["elpd_waic"], table["se_waic"] = table["elpd_loo"] + 0.3, table["se_loo"] + 7
    comparison = SimpleNamespace(table=table, trusted=[True, True, False])
    text = shown(screen.show_criteria, comparison)
    for row, (_, one) in zip(cells(text, r"\d"), table.iterrows(), strict=True):
        assert row[1:4] == [f"{one[name]:.1f}" for name in ("bic", "aic", "icl")]
        for found, name in zip(row[4:], ("loo", "waic"), strict=True):
            assert found.strip("[]") == f"{one[f'elpd_{name}']:.1f} ± {one[f'se_{name}']:.1f}"
        assert row[4].startswith("[") == np.isnan(one["elpd_diff"])
    bold = BOLD.findall(shown(screen.show_criteria, comparison, colour=True))
    # lower is better for the first three; of LOO and WAIC the highest that is not in brackets
    assert {"2322.0", "2274.0", "2323.0", "-1140.1 ± 15.0", "-1139.8 ± 22.0"} <= set(bold)
    assert not {"2628.0", "2610.0", "[-1139.5 ± 15.5]"} & set(bold)


def test_the_hardest_rows_are_shown_with_their_probabilities():
    tree = simulated_tree(separation=1.5, obs=[f"r{i}" for i in range(60)])
    text = shown(screen.show_hardest, Digest(tree))
    values = tree["observed_data"]["x"].values
    share = scipy_responsibilities(tree, "full", values).mean(axis=(0, 1))
    entropy = -(share * np.log(share)).sum(axis=1)
    rows = cells(text, r"r\d+")
    assert rows
    assert [row[0] for row in rows] == [f"r{i}" for i in np.argsort(-entropy)[: len(rows)]]
    for row in rows:
        i = int(row[0][1:])
        assert [float(cell.replace("−", "-")) for cell in row[1:3]] == [float(f"{x:.4g}") for x in values[i]]
        assert row[3:] == [f"{p:.0%}" if 0.01 <= p <= 0.99 else ("<1%" if p < 0.01 else ">99%") for p in share[i]]
