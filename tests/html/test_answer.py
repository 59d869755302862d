"""The answer in the words of its reader: how many groups and why these, how sure, what is doubtful."""

import re

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.html.answer import answer_of_comparison
from bayesmix.html.digest import Digest
from bayesmix.html.glossary import TERMS, split, terms_of
from bayesmix.html.markdown import render_markdown
from bayesmix.html.page import render
from bayesmix.html.reports import content_of_comparison, content_of_tree
from bayesmix.posterior.membership import in_doubt
from bayesmix.verdict import _KINDS, Reason, plain_verdict
from tests.html.contents import comparison_table
from tests.simulated_trees import simulated_tree

# Words of statistics that no reader of the first screen need know.
JARGON = r"\b(LOO|WAIC|elpd|ESS|R-hat|gaussian|Pareto|nats?|gate|basins?|chains?|diverged|difference\|)\b"


@pytest.fixture(scope="module")
def digest():
    return Digest(simulated_tree(n_features=2, n_components=2, separation=3.0))


def table_of(differences, bic=None, **columns):
    """A comparison of one family over 1, 2, ... groups; None is a posterior that is not trusted."""
    keys = pd.MultiIndex.from_tuples([("gaussian-full", k + 1) for k in range(len(differences))])
    diff = np.array([np.nan if d is None else d for d in differences])
    bic = np.arange(len(diff), dtype=float) if bic is None else np.array(bic)
    made = {"bic": bic, "elpd_loo": np.nan_to_num(diff) - 100, "elpd_diff": diff, "dse": np.ones(len(diff))}
    return pd.DataFrame({"log_likelihood": -100.0, "notes": ""} | made | columns, index=keys)


def reply(answer, question: str) -> str:
    return dict(answer.points)[question]


def test_one_number_that_is_best(digest):
    answer = answer_of_comparison(digest, table_of([-50.0, 0.0, -20.0], bic=[9, 1, 5]))
    assert answer.headline == "2 groups"
    assert reply(answer, "How many?") == (
        "2 groups predict new rows better than any other number that was tried (1 to 3)."
    )


def test_several_numbers_are_told_with_the_reason_for_the_one_that_is_shown(digest):
    answer = answer_of_comparison(digest, table_of([-50.0, -1.0, 0.0, -60.0, -2.0, -90.0], bic=[9, 1, 5, 6, 7, 8]))
    assert answer.headline == "2 groups, or perhaps 3 or 5"
    said = reply(answer, "How many?")
    assert said.startswith("2, 3 and 5 groups predict new rows about equally well")
    assert "Shown here are 2 groups: of these numbers, the one with the best balance of fit and simplicity" in said


def test_a_criterion_that_disagrees_is_told(digest):
    answer = answer_of_comparison(digest, table_of([-50.0, 0.0, -20.0], bic=[9, 5, 1]))
    assert "A criterion that weighs fit against simplicity (BIC) prefers 3." in reply(answer, "How many?")


def test_what_could_not_be_judged_is_a_doubt(digest):
    answer = answer_of_comparison(digest, table_of([-50.0, 0.0, None, None, None]))
    assert "The fits with 3 to 5 groups did not settle" in reply(answer, "What is doubtful?")
    largest = answer_of_comparison(digest, table_of([-50.0, 0.0]))
    assert "2 groups are the most that were tried: more may be better." in reply(largest, "What is doubtful?")


def test_without_any_posterior_the_answer_is_only_probable(digest):
    none = table_of([None, None, None], bic=[9, 1, 5])
    answer = answer_of_comparison(digest, none.assign(elpd_loo=np.nan))
    assert answer.headline == "Probably 2 groups"
    assert "which does not say how sure it is" in reply(answer, "How many?")
    assert "could not be told for any of them" in reply(answer_of_comparison(digest, none), "How many?")
    apart = answer_of_comparison(digest, none.assign(elpd_loo=np.nan, bic=[9, 5, 1], icl=[9, 1, 5]))
    assert apart.headline == "Probably 2 groups"
    assert (
        "2 give the best balance of fit, simplicity and groups that rows can be told to be of (the criterion ICL)"
        in (reply(apart, "How many?"))
    )
    others = answer_of_comparison(digest, table_of([-50.0, None, 0.0], bic=[90, 1, 50]))
    assert others.headline == "Probably 2 groups"
    assert "could not be told for 2 groups." in reply(others, "How many?")


@pytest.mark.parametrize("kind", ["fit", "comparison", "em"])
def test_the_first_screen_is_free_of_jargon(digest, kind):
    if kind == "comparison":
        advice = ("2 groups: LOO prefers 2.",)
        content = content_of_comparison(digest.tree, table=comparison_table(), advice=advice)
    else:
        em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), n_init=2, random_seed=1)
        content = content_of_tree(em.to_tree() if kind == "em" else digest.tree)
    first = [
        content.title,
        *content.warnings,
        content.answer.headline,
        *(part for point in content.answer.points for part in point),
    ]
    for table in content.groups.tables:
        first += [table.caption, *table.header]
    assert not re.search(JARGON, " ".join(first))


@pytest.mark.parametrize("kind", _KINDS)
def test_a_bad_verdict_is_told_without_jargon(kind):
    said = plain_verdict([Reason(kind)])
    assert not re.search(JARGON, said.split(". ")[0])
    assert Reason(kind).remedy[1:] in said


def test_only_rows_in_doubt_are_listed():
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), n_init=2, random_seed=1)
    doubtful = Digest(em.to_tree())
    certainty = em.responsibilities.max(axis=1)
    assert set(in_doubt(doubtful.membership)) == set(np.flatnonzero(certainty < 0.9))
    (table,) = content_of_tree(doubtful.tree).membership.tables
    assert len(table.rows) == np.sum(certainty < 0.9)
    assert table.header[0] == "row (from 0)"


def test_rows_with_names_are_called_by_them_and_no_doubt_is_a_sentence():
    simulated = bm.datasets.simulate(60, 2, 2, separation=30, random_seed=1)
    named = simulated.X.set_axis([f"row of {i}" for i in range(60)])
    content = content_of_tree(bm.Mixture(2).fit_em(named, n_init=2, random_seed=1).to_tree())
    assert content.membership.tables == ()
    assert content.membership.sentences == ("No row is in doubt: each has a group with a probability of at least 90%.",)
    rows = Digest(bm.Mixture(2).fit_em(named, n_init=2, random_seed=1).to_tree()).rows
    assert rows.heading == "row"
    assert rows.called([3], 5) == "row row of 3"
    assert rows.called([3, 4, 5], 2) == "rows row of 3, row of 4 and 1 more"


def test_the_features_that_differ_most_are_those_of_the_truth():
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 100)
    X = pd.DataFrame(rng.normal(size=(200, 3)) + np.outer(labels, [0.0, 12.0, 4.0]), columns=["a", "b", "c"])
    digest = Digest(bm.Mixture(2, "diag").fit_em(X, n_init=2, random_seed=1).to_tree())
    # variance of the centres over that within: (d/2)^2 for halves that lie d standard deviations apart
    assert digest.separation == pytest.approx([0, 36, 4], rel=0.4, abs=0.1)
    assert "They differ most in b;" in reply(content_of_tree(digest.tree).answer, "What are they?")


def test_values_near_1e15_can_be_told_apart():
    X = bm.datasets.load_faithful() * 100 + 1e15
    content = content_of_tree(bm.Mixture(2).fit_em(X, n_init=2, random_seed=1).to_tree())
    (data,) = content.data.tables
    for row, (_, column) in zip(data.rows, X.items(), strict=True):
        assert [float(cell.text.replace(",", "")) for cell in row[1:5]] == pytest.approx(
            [column.min(), column.median(), column.mean(), column.max()], abs=1
        )


def test_the_check_speaks_of_one_level(digest):
    part = dict(content_of_tree(digest.tree).trust.parts)[
        "Does the model make data like these? Posterior predictive check"
    ]
    assert "within the middle 98%" in part.sentences[0] or "outside the middle 98%" in part.sentences[0]
    assert "from the model (the middle 98%)" in part.tables[0].header


def test_terms_are_linked_once_and_explained(digest):
    content = content_of_tree(digest.tree)
    page = render(content)
    terms = terms_of(content)
    assert {"R-hat", "posterior", "gate"} <= {term.name for term in terms}
    for term in terms:
        assert page.count(f'href="#{term.anchor}"') <= 1
        assert page.count(f'id="{term.anchor}"') == 1
    linked = re.findall(r'class="term" href="#([^"]+)"', page)
    assert set(linked) <= {term.anchor for term in terms}
    markdown = render_markdown(content)
    assert "## Words used here" in markdown
    assert all(f"**{term.name.replace('-', '-')}**" in markdown for term in terms)


def test_texts_are_taken_apart_without_loss():
    text = "The chains agree (R-hat 1.002, gate 1.01): no basin, and the gate again; subgate is no term."
    told: set[str] = set()
    pieces = list(split(text, TERMS, told))
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, term in pieces if term] == ["R-hat", "gate", "basin"]
    assert list(split("gate", TERMS, told)) == [("gate", None)]
