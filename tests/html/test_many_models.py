"""The report of a comparison of many models stays readable: the best ten, and the rest folded."""

import numpy as np
import pandas as pd

from bayesmix.html.sections.choice import choice_section


def table_of(n_models: int) -> pd.DataFrame:
    """Of which the best stand last, one has no LOO, and one cannot be trusted."""
    index = pd.MultiIndex.from_tuples(
        [("gaussian-full", k) for k in range(1, n_models + 1)], names=["family", "n_components"]
    )
    diff = np.linspace(-95.0, 0.0, n_models)
    diff[3] = np.nan
    elpd = -1000 + np.nan_to_num(diff)
    diff[-3] = np.nan  # a posterior that cannot be trusted, whose LOO stands in brackets
    elpd[3] = np.nan
    return pd.DataFrame(
        {
            "bic": np.linspace(400.0, 200.0, n_models),
            "elpd_loo": elpd,
            "se_loo": 5.0,
            "elpd_diff": diff,
            "dse": 2.0,
            "notes": [f"of {k}" for k in range(1, n_models + 1)],
        },
        index=index,
    )


def test_the_best_ten_stand_first_and_the_rest_is_folded():
    section = choice_section(table_of(20), ["20 groups."], ("gaussian-full", 20))
    best, notes, rest, notes_of_rest, everything = section.tables
    assert [table.folded for table in section.tables] == [False, False, True, True, True]
    assert [row[1].text for row in best.rows] == ["20", "19", "17", "16", "15", "14", "13", "12", "11", "10"]
    assert best.caption == "The best 10 of 20 models, the best first"
    assert best.highlighted == {0}
    assert [row[1].text for row in rest.rows][-2:] == ["18", "4"]  # what could not be judged comes last, by BIC
    assert rest.caption == "The other 10 models"
    assert any("[" in cell.text for cell in rest.rows[-2])
    told = [row[-1].text for table in (notes, notes_of_rest) for row in table.rows]
    assert sorted(told) == sorted(f"of {k}" for k in range(1, 21))
    assert len(everything.rows) == 20


def test_ten_models_stand_in_their_own_order():
    section = choice_section(table_of(10), ["10 groups."], ("gaussian-full", 10))
    best, _, everything = section.tables
    assert [row[1].text for row in best.rows] == [str(k) for k in range(1, 11)]
    assert best.caption == "The models that were compared"
    assert everything.folded


def said_of_evidence(*probabilities: float) -> str:
    table = table_of(len(probabilities)).assign(posterior_probability=probabilities)
    said = choice_section(table, ["Some groups."], ("gaussian-full", 1)).sentences
    return next(sentence for sentence in said if "evidence" in sentence)


def test_evidences_that_are_close_are_said_to_be():
    assert said_of_evidence(0.1, 0.8, 0.05, 0.05).startswith(
        "The evidence favours 2 groups (probability 0.80), if before"
    )
    close = said_of_evidence(0.29, 0.42, 0.05, 0.24)
    words = "2 groups (probability 0.42), 1 group (probability 0.29) and 4 groups (probability 0.24)"
    assert close.startswith(f"The evidence hardly tells {words} apart")
    alike = said_of_evidence(*[1 / 6 + i / 1e6 for i in range(6)])
    assert "3 groups (probability 0.17) and 2 more models apart" in alike
