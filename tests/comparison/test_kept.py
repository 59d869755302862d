"""A comparison that is kept in a folder: resumed it is the one that was never stopped; none is taken for another."""

import json
import signal

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import bayesmix.comparison.estimates as estimates
import bayesmix.comparison.evaluation as evaluation
from bayesmix.comparison import Comparison, compare
from bayesmix.datasets import load_faithful
from bayesmix.priors import Dirichlet

X = load_faithful()[::4]


def made(folder=None, numbers=(1, 2, 3), rows=X, seed=3, method="laplace", **options) -> Comparison:
    return compare(rows, numbers, method=method, cache=folder, random_seed=seed, progressbar=False, **options)


@pytest.fixture(scope="module")
def plain() -> Comparison:
    return made()


@pytest.fixture
def never_fitted(monkeypatch):
    def fail(*args, **options):
        raise AssertionError("fitted again")

    def forbid():
        monkeypatch.setattr(evaluation, "fit_posterior", fail)
        monkeypatch.setattr(estimates, "fit_em", fail)

    return forbid


def assert_same(one: Comparison, other: Comparison) -> None:
    """To the last bit."""
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    assert one.advice == other.advice
    for candidate in one.candidates:
        drawn, again = candidate.tree["posterior"], other[candidate.key].tree["posterior"]
        for name, values in drawn.data_vars.items():
            np.testing.assert_array_equal(values, again[name], strict=True)


def test_what_was_finished_is_not_fitted_again(plain, tmp_path, never_fitted):
    folder = tmp_path / "kept"
    assert_same(made(folder), plain)
    assert sorted(file.name for file in folder.iterdir()) == [
        "comparison.json",
        *(f"gaussian-full-{k}.model" for k in (1, 2, 3)),
    ]
    never_fitted()
    again = made(folder)
    assert_same(again, plain)
    assert all(candidate.em.rows is again.rows for candidate in again.candidates)  # and not a copy for each
    assert_same(made(folder, seed=None), plain)  # the seed of the folder


def test_an_interrupted_comparison_goes_on(plain, tmp_path, monkeypatch):
    fit, fitted = evaluation.fit_posterior, []

    def interrupt(problem, *args, **options):
        if problem.n_components == 3 and len(fitted) == 2:
            signal.raise_signal(signal.SIGINT)
        fitted.append(problem.n_components)
        return fit(problem, *args, **options)

    monkeypatch.setattr(evaluation, "fit_posterior", interrupt)
    stopped = made(tmp_path / "kept", cores=1)
    assert not stopped["full", 3].reached
    fitted[:] = []
    assert_same(made(tmp_path / "kept", cores=1), plain)
    assert fitted == [3]


def test_numbers_may_be_added(plain, tmp_path):
    made(tmp_path / "kept", (1, 2))
    assert_same(made(tmp_path / "kept"), plain)


def test_point_estimates_are_kept(tmp_path, never_fitted):
    folder = tmp_path / "kept"
    first = made(folder, method="em")
    never_fitted()
    pd.testing.assert_frame_equal(made(folder, method="em").table, first.table, check_exact=True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rows": X + 1}, "of other rows"),
        ({"rows": X.rename(columns={"waiting": "pause"})}, "of other columns"),
        ({"seed": 4}, "of seed 3, and not 4"),
        ({"method": "advi"}, "of method 'em', and not 'advi'"),
        ({"priors": {"weights": Dirichlet(2.0)}}, "of priors"),
    ],
)
def test_a_stale_folder_is_refused(tmp_path, changes, said):
    folder = tmp_path / "kept"
    made(folder, (1,), method="em")
    with pytest.raises(ValueError, match=f"kept holds a comparison {said}.*give another folder, or delete this one"):
        made(folder, (1,), **{"method": "em", **changes})


def test_a_folder_of_other_versions_is_refused(tmp_path):
    made(tmp_path / "kept", (1,), method="em")
    manifest = tmp_path / "kept" / "comparison.json"
    there = json.loads(manifest.read_text(encoding="utf-8"))
    there["versions"]["bayesmix"] = "0.0.1"
    manifest.write_text(json.dumps(there), encoding="utf-8")
    with pytest.raises(ValueError, match="of version of bayesmix '0\\.0\\.1', and not"):
        made(tmp_path / "kept", (1,), method="em")


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="holds other files and no comparison: give a new or empty folder"):
        made(tmp_path, (1,), method="em")
    with pytest.raises(NotADirectoryError, match=r"notes\.txt is a file: give a folder"):
        made(tmp_path / "notes.txt", (1,), method="em")
    with pytest.raises(FileNotFoundError, match="nowhere does not exist; create it first"):
        made(tmp_path / "nowhere" / "kept", (1,), method="em")
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_damaged_and_exchanged_files_are_refused(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    made(one, (1,), method="em")
    made(other, (1,), method="em", seed=4)
    name = "gaussian-full-1.model"
    (one / name).write_bytes((other / name).read_bytes())
    with pytest.raises(ValueError, match=r"gaussian-full-1\.model belongs to another comparison"):
        made(one, (1,), method="em")
    (other / name).write_bytes((other / name).read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"gaussian-full-1\.model is damaged: delete this file"):
        made(other, (1,), method="em", seed=4)
    (other / name).unlink()
    assert made(other, (1,), method="em", seed=4).candidates[0].em is not None


def test_priors_of_pymc_are_refused(tmp_path):
    priors = {"scales": pm.Gamma.dist(2, 1, shape=(1, 2))}
    with pytest.raises(ValueError, match="cache cannot tell whether a prior that is a PyMC object"):
        made(tmp_path / "kept", (1,), priors=priors)
    assert not (tmp_path / "kept").exists()
