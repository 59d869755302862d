from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bayesmix import Mixture
from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.notes import of_bad_rows, of_posterior
from bayesmix.comparison.refit import Repair
from bayesmix.comparison.trust import times_as_long
from bayesmix.posterior.labels import Diagnosis


def diagnosis(rhat: float = 1.001, ess: float = 2000, **changes) -> Diagnosis:
    table = pd.DataFrame(
        {"rhat": [rhat], "ess_bulk": [ess], "ess_tail": [ess]},
        index=pd.MultiIndex.from_tuples([("label-free", "x")], names=["kind", "quantity"]),
    )
    made = Diagnosis(
        table=table,
        reasons=(),
        passed=bool(rhat <= 1.01 and ess >= 400),
        chain_groups=((0, 1, 2, 3),),
        empty=np.zeros(2),
        any_empty=0.0,
        n_draws=4000,
        divergences=0,
        max_tree_depth=0,
        pareto_k=np.nan,
        relabelling={},
        method="nuts",
        sentences=(),
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("made", "times"),
    [
        (diagnosis(), 1),
        (diagnosis(rhat=1.02, ess=310), 3),
        (diagnosis(ess=390), 3),
        (diagnosis(rhat=1.012), 2),
        (diagnosis(rhat=1.04, ess=90), 1),  # too far
        (diagnosis(rhat=1.2, ess=300), 1),
        (diagnosis(ess=310, divergences=100), 1),
        (diagnosis(ess=310, chain_groups=((0, 1), (2, 3))), 1),
        (diagnosis(np.nan, 300, passed=False), 1),
    ],
)
def test_only_what_more_draws_can_mend_is_run_longer(made, times):
    assert times_as_long(made) == times


def test_notes_of_a_posterior():
    assert of_posterior(diagnosis()) == []
    assert of_posterior(diagnosis(divergences=3, any_empty=0.4)) == [
        "3 of 4000 draws diverged",
        "a group is empty in 40% of the draws",
    ]
    assert of_posterior(diagnosis(rhat=1.5, divergences=90)) == []  # that is a reason against it


def test_reasons_come_before_notes():
    reasons = ("the chains do not agree", "90 of 4000 draws diverged")
    assert Candidate(Mixture(2), distrust=reasons, notes=("a note",)).remarks == (
        "posterior not trusted, LOO in brackets: the chains do not agree and 90 of 4000 draws diverged",
        "a note",
    )


def test_notes_of_bad_rows():
    def said(matched=0, refitted=0, remaining=0, refits=10, spent=False):
        rows = iter(range(100))
        of = [tuple(next(rows) for _ in range(count)) for count in (matched, refitted, remaining)]
        return of_bad_rows(Repair(None, *of, spent=spent), refits)

    assert said() == []
    assert said(refitted=3) == ["3 rows with Pareto k > 0.7, refitted exactly"]
    assert said(matched=1) == ["1 row with Pareto k > 0.7, repaired by moment matching"]
    assert said(remaining=1, refits=None) == ["1 row with Pareto k > 0.7, not repaired"]
    assert said(2, 9, 1) == [
        "12 rows with Pareto k > 0.7: 2 repaired by moment matching, 9 refitted exactly, 1 not repaired"
    ]
    assert said(1, 10, 4, spent=True) == [
        "15 rows with Pareto k > 0.7: 1 repaired by moment matching, 10 refitted exactly, 4 not repaired "
        "(10 refits were allowed: refits=14 is enough)"
    ]
    assert said(remaining=4, refits=0, spent=True) == [
        "4 rows with Pareto k > 0.7, not repaired (no refit was allowed: refits=4 is enough)"
    ]
