"""``bayesmix compare``: the table, the answer, the report."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.entry import INTERRUPTED, run
from tests.cli.commands import FAST, refused


def test_compare_prints_one_table_the_answer_and_writes_the_table(capsys):
    done = run(
        [
            *["compare", "faithful.csv", "--components", "1:3", "--families", "full,diag", "--criteria", "bic,sbic"],
            *["--output", "t.csv", *FAST],
        ]
    )
    shown = capsys.readouterr()
    assert done == 0
    comparison = bm.compare(
        bm.datasets.load_faithful(),
        range(1, 4),
        families=[bm.Gaussian("full"), bm.Gaussian("diag")],
        method="em",
        random_seed=1,
        progressbar=False,
    )
    for bic in comparison.table["bic"]:
        assert f"{bic:.1f}" in shown.out
    for sbic in comparison.table["sbic"]:
        assert f"{sbic:.1f}" in shown.out
    assert "BIC and sBIC of the maximum-likelihood estimate" in shown.out
    assert " ".join(comparison.advice[0].split()) in " ".join(shown.out.split())
    written = pd.read_csv("t.csv", index_col=["family", "n_components"])
    np.testing.assert_allclose(written["bic"], comparison.table["bic"])
    assert max(map(len, shown.out.splitlines())) <= 100


def test_compare_with_posteriors_writes_a_report(capsys):
    arguments = ["compare", "faithful.csv", "--components", "1:2", "--seed", "1", "--output", "report.html"]
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert "LOO" in shown
    assert "* the best" in shown
    assert "2 groups" in shown
    assert "89% posterior intervals" in shown
    with open("report.html", encoding="utf-8") as file:
        assert "eruptions" in file.read()


def test_an_interrupted_comparison_tells_what_it_has(monkeypatch, capsys):
    from bayesmix.comparison.estimates import estimate

    calls = iter([estimate, None])

    def once(*arguments):
        if (call := next(calls)) is None:
            raise KeyboardInterrupt
        return call(*arguments)

    monkeypatch.setattr("bayesmix.comparison.estimates.estimate", once)
    assert run(["compare", "faithful.csv", "--components", "2,3", *FAST, "--output", "t.csv"]) == INTERRUPTED
    shown = capsys.readouterr()
    assert "2322.2" in shown.out
    assert "2 and 3 were not finished, and may be better" in " ".join(shown.out.split())
    assert "interrupted" in shown.err
    assert len(pd.read_csv("t.csv")) == 2


def test_a_comparison_goes_on_from_its_folder(capsys):
    """By the seed of the folder, which is not drawn again; another one is refused."""
    arguments = ["compare", "faithful.csv", "--components", "1,2", "--method", "em", "--cache", "kept"]
    assert run([*arguments, "--seed", "5"]) == 0
    first = capsys.readouterr()
    assert run(arguments) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert "Seed" not in again.err
    assert "holds a comparison of seed 5, and not 6" in refused(capsys, *arguments, "--seed", "6")


def test_a_comparison_in_markdown(capsys):
    assert run(["compare", "faithful.csv", "--components", "1:2", "--output", "c.md", *FAST]) == 0
    assert "| gaussian-full | 1 | 2,607.6 |" in Path("c.md").read_text(encoding="utf-8")


NARROW = "narrow: components=NormalInverseWishart(shrinkage=0.1)"


def test_the_evidence_under_stated_priors_in_the_terminal_and_as_json(capsys):
    X = bm.datasets.load_galaxies()
    X.to_csv("galaxies.csv", index=False)
    arguments = ["compare", "galaxies.csv", "--components", "1", "--evidence-under", NARROW, *FAST]
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    prior = bm.priors.NormalInverseWishart(shrinkage=0.1)
    comparison = bm.compare(X, 1, method="em", random_seed=1, progressbar=False)
    under = comparison.evidence_under(
        {"default": None, "narrow": {"components": prior}}, random_seed=1, progressbar=False
    )
    assert "The evidence under several priors" in shown
    for name in ("default", "narrow"):
        assert f"{under[name, 'log_evidence'].iloc[0]:.1f} ± " in shown
    assert run([*arguments, "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)["evidence_under"]
    assert [entry["prior"] for entry in told] == ["default", "narrow"]
    assert set(told[1]) == {
        *("prior", "family", "n_components", "reason"),
        *("log_evidence", "log_evidence_se", "posterior_probability"),
    }
    assert told[1]["log_evidence"] == under["narrow", "log_evidence"].iloc[0]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("components=NormalInverseWishart()", "has no name"),
        ("narrow: NormalInverseWishart()", "have names"),
        ("narrow: components=Normal()(2)", "there is no prior 'Normal()'"),
        ("narrow: components=open('faithful.csv')", "there is no prior 'open'"),
        ("narrow: components=NormalInverseWishart(width=2)", "width"),
        ("narrow: group=NormalInverseWishart()", "the parts are weights, components"),
        ("narrow: components=NormalInverseWishart(", "no list of named priors"),
    ],
)
def test_priors_that_cannot_be_read_are_refused_before_anything_is_fitted(capsys, written, words):
    said = refused(capsys, "compare", "faithful.csv", "--evidence-under", written, *FAST)
    assert said.startswith("bayesmix: error: --evidence-under")
    assert words in said


def test_a_prior_stands_once_and_refits_are_counted(capsys):
    said = refused(capsys, "compare", "faithful.csv", "--evidence-under", NARROW, "--evidence-under", NARROW, *FAST)
    assert "'narrow' stands twice" in said
    assert "--refits must not be negative" in refused(capsys, "compare", "faithful.csv", "--refits", "-1", *FAST)
