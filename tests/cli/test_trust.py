"""What is not to be trusted: told first, with options that there are, and by the exit status."""

import json
import re

import pytest

import bayesmix as bm
from bayesmix.cli.commands import app
from bayesmix.cli.entry import run
from bayesmix.cli.trust import NOT_TRUSTED, reasons_against, verdict_of_comparison, verdict_of_fit
from bayesmix.posterior.labels.judgement import verdict_of
from bayesmix.tree import record_of
from tests.cli.commands import FAST, refused
from tests.test_verdict import KINDS

SHORT = ["--components", "2", "--draws", "30", "--chains", "2", "--seed", "1"]


@pytest.fixture
def kept(capsys):
    """A fit of few draws in a file, and what was told of it."""
    assert run(["fit", "faithful.csv", *SHORT, "--output", "short.nc"]) == NOT_TRUSTED
    return capsys.readouterr()


def test_a_fit_says_so_first(kept):
    first = " ".join(kept.out.strip().split("\n\n")[0].split())
    assert first.startswith("Not to be trusted: ")
    assert "effective draws (gate 400)" in first and "--draws" in first
    assert "Warning" not in kept.err


def test_options_reach_the_sampler(kept):
    sizes = bm.load("short.nc")["posterior"].sizes
    assert (sizes["chain"], sizes["draw"]) == (2, 30)


def test_predict_of_a_kept_fit_says_so_and_labels_all_the_same(kept, capsys):
    assert run(["predict", "short.nc", "faithful.csv", "--quiet"]) == NOT_TRUSTED
    told = capsys.readouterr()
    assert told.err.startswith("bayesmix: warning: Not to be trusted: ") and "--draws" in told.err
    assert len(told.out.splitlines()) == 1 + len(bm.datasets.load_faithful())
    assert run(["predict", "short.nc", "faithful.csv", "--json", "--quiet"]) == NOT_TRUSTED
    found = json.loads(capsys.readouterr().out)
    assert found["trusted"] is False and found["verdict"] == verdict_of_fit(verdict_of(bm.load("short.nc")))


def test_json_has_it_too(capsys):
    assert run(["fit", "faithful.csv", *SHORT, "--json", "--quiet"]) == NOT_TRUSTED
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["trusted"] is False and "effective draws" in found["verdict"]
    assert "few_draws" in found["diagnosis"]["reasons"]
    assert told.err.startswith("bayesmix: warning: ")


def test_what_is_to_be_trusted_ends_with_zero(capsys):
    assert run(["fit", "faithful.csv", "--components", "2", "--json", "--quiet", *FAST]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["trusted"], found["verdict"]) == (True, None)


def test_a_comparison_without_a_posterior_to_trust():
    """Far approximations alone: the reasons are those of the model that is shown."""
    made = bm.compare(bm.datasets.load_faithful()[:40], [5], method="laplace", random_seed=1)
    [candidate] = made.candidates
    reasons = reasons_against(made)
    assert bool(reasons) == (not candidate.trusted)
    assert all(reason.clause in verdict_of_comparison(reasons) for reason in reasons)


@pytest.mark.parametrize("reason", KINDS, ids=lambda reason: reason.kind)
def test_remedies_are_options_that_there_are(reason, capsys):
    app(["fit", "--help"])
    known = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    assert set(re.findall(r"--[\w-]+", reason.remedy_on_command_line)) <= known
    assert "=" not in reason.remedy_on_command_line


def test_options_of_another_method_are_refused(capsys):
    assert "--tune has no meaning with --method advi" in refused(
        capsys, "fit", "faithful.csv", "--components", 2, "--method", "advi", "--tune", 5
    )
    assert "--draws must be at least 1" in refused(capsys, "fit", "faithful.csv", "--components", 2, "--draws", 0)
    assert "--relabel has no meaning with --method em" in refused(
        capsys, "fit", "faithful.csv", "--components", 2, "--method", "em", "--relabel", "pivot"
    )
    assert "--relabel has no meaning with --components unknown" in refused(
        capsys, "fit", "faithful.csv", "--components", "unknown", "--relabel", "pivot"
    )


def test_the_way_to_relabel_is_that_of_the_fit():
    run(["fit", "faithful.csv", "--method", "laplace", *SHORT[:4], "--seed", "1", "--relabel", "pivot", "-o", "fit.nc"])
    assert record_of(bm.load("fit.nc"))["relabelling"]["method"] == "pivot"


def test_help_tells_of_the_status(capsys):
    app(["--help"])
    assert "exit status 3" in " ".join(capsys.readouterr().out.split())
