"""Tables over the panel: no NaN but where the table says so, brackets around what cannot be trusted, a right answer."""

import functools

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Comparison
from bayesmix.comparison.table import display_table
from bayesmix.standing import contenders, is_bracketed
from tests.monte_carlo import Finding, worst
from tests.stress.cases import FITTED, Case

ALWAYS = ["log_likelihood", "n_parameters", "aic", "bic", "icl"]
OF_POSTERIORS = ["elpd_loo", "se_loo", "p_loo", "n_bad_k", "elpd_waic", "se_waic", "p_waic"]
OF_TRUSTED = ["elpd_diff", "dse", "p_worse", "weight"]
EQUAL = next(case for case in FITTED if case.name == "two equal components")
# A comparison refits doubtful rows one by one: the long version is of all small cases.
QUICK_NAMES = ("values at 1e150", "mean 1e8 times the deviation", "whole numbers")
QUICK = [case for case in FITTED if case.name in QUICK_NAMES]
SMALL = [case for case in FITTED if len(case.X) < 1000 and case.default >= {"laplace"}]


@functools.cache
def compared(case: Case, method: str, n_components: tuple[int, ...]) -> Comparison:
    return bm.compare(
        case.X, n_components, families=[case.mixture.family], method=method, random_seed=1, progressbar=False
    )


def holes(comparison: Comparison) -> list[str]:
    """Cells that are not finite although the table has no reason for it, and finite ones where it has."""
    table, bracketed = comparison.table, is_bracketed(comparison.table)
    wrong = [name for name in ALWAYS if not np.isfinite(table[name]).all()]
    for i, key in enumerate(table.index):
        row, candidate = table.iloc[i], comparison[key]
        if candidate.tree is None:
            continue
        # one row has no spread, so that its sums have no standard error
        finite = [name for name in OF_POSTERIORS if not (name.startswith("se_") and candidate.loo.n_data_points == 1)]
        wrong += [f"{key}: {name}" for name in finite if not np.isfinite(row[name])]
        of_trusted = [name for name in OF_TRUSTED if name != "p_worse" or row["elpd_diff"] != 0]  # of the best, none
        wrong += [f"{key}: {name}" for name in of_trusted if np.isfinite(row[name]) != candidate.trusted]
        if bracketed[i] == candidate.trusted:
            wrong.append(f"{key}: brackets")
        if candidate.distrust and not all(reason in row["notes"] for reason in candidate.distrust):
            wrong.append(f"{key}: a reason for distrust that no note gives")
        if display_table(table)["elpd_loo"].iloc[i].startswith("[") == candidate.trusted:
            wrong.append(f"{key}: the table as shown")
    return wrong


def findings() -> list[Finding]:
    """Holes in the tables by Laplace, and how many groups two equal components are found to be by NUTS."""
    found = []
    for case in QUICK:
        comparison = compared(case, "laplace", tuple(sorted({1, case.mixture.n_components})))
        what = f"{case}: holes and missing brackets in the table of compare"
        found.append(Finding(what, "what the diagnosis says", len(holes(comparison)), 0.0))
    return [*found, *of_equal_components()]


def of_equal_components() -> list[Finding]:
    """One group is preferred, or cannot be told from the best; BIC, of the likelihood alone, has one group lowest."""
    comparison = compared(EQUAL, "nuts", (1, 2))
    one = ("gaussian-full", 1)
    lost = float(one not in contenders(comparison.table))
    above = comparison.table.loc[one, "bic"] - comparison.table["bic"].min()
    return [
        Finding(f"{EQUAL}: one group is not among the best by LOO", "the truth", lost, 0.0),
        Finding(f"{EQUAL}: BIC of one group above the lowest", "the truth", float(above), 0.0),
    ]


@pytest.mark.parametrize(
    "case", [one if len(one.X) < 100_000 else pytest.param(one, marks=pytest.mark.slow) for one in FITTED], ids=str
)
def test_table_by_em(case):
    assert holes(compared(case, "em", tuple(sorted({1, case.mixture.n_components})))) == []


@pytest.mark.parametrize(
    "case", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in SMALL], ids=str
)
def test_table_by_laplace(case):
    assert holes(compared(case, "laplace", tuple(sorted({1, case.mixture.n_components})))) == []


def test_two_equal_components_are_one_group_or_cannot_be_told_apart():
    assert holes(compared(EQUAL, "nuts", (1, 2))) == []
    assert worst(of_equal_components()) == ""


@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=pytest.mark.slow) for one in SMALL if "nuts" in one.default], ids=str
)
def test_table_by_nuts(case):
    assert holes(compared(case, "nuts", tuple(sorted({1, case.mixture.n_components})))) == []
