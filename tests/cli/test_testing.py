"""``bayesmix test``: do the rows speak against so many groups?"""

import pytest

import bayesmix as bm
from bayesmix.cli.entry import run
from tests.cli.commands import refused
from tests.cli.test_json import document, keys_of, promised_keys

TEST = ["test", "faithful.csv", "--components", "1", "--family", "tied", "--seed", "1", "--resamples", "19"]


@pytest.fixture(scope="module")
def found():
    X = bm.datasets.load_faithful()
    return bm.bootstrap_lrt(X, 1, family="tied", n_resamples=19, random_seed=1, progressbar=False)


def test_it_tells_the_answer(capsys, found):
    assert run(TEST) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert found.sentence in shown
    assert f"by 2 groups: {found.statistic:.1f}." in shown


def test_json(capsys, found):
    assert run([*TEST, "--json", "--quiet"]) == 0
    told = document(capsys.readouterr().out)
    assert told["format"] == "bayesmix-test"
    assert keys_of(told) | {"outputs.kind", "outputs.path"} == promised_keys("test")
    assert told["p_value"] == found.p_value
    assert told["resampled"] == found.resampled.tolist()
    assert (told["model"]["n_components"], told["alternative"]) == (1, 2)
    assert told["answer"] == found.sentence


def test_what_it_cannot_do(capsys):
    assert "--alternative must be larger" in refused(capsys, *TEST, "--alternative", "1")
    assert "--resamples must be at least 1" in refused(capsys, *TEST[:-1], "0")
    assert "a test is of one family" in refused(capsys, "test", "faithful.csv", "-k", "1", "--family", "full,diag")
    assert "--components must be at least 1" in refused(capsys, "test", "faithful.csv", "-k", "0")
