import inspect
import json
import pickle
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import xarray as xr

import bayesmix as bm
from bayesmix.estimator import BayesianMixture
from bayesmix.posterior.labels.judgement import verdict_of
from bayesmix.tree import with_record
from bayesmix.tree.verdicts import with_verdict
from bayesmix.verdict import Reason, UntrustedWarning, said_by_caller, verdict
from tests.comparison.trees import approximation
from tests.simulated_trees import simulated_tree

FAITHFUL = bm.datasets.load_faithful()
SHORT = {"draws": 40, "chains": 2, "random_seed": 1}
KINDS = [
    Reason("basins", {"basins": 2}),
    Reason("disagreement", {"rhat": 1.45}),
    Reason("few_draws", {"ess": 8.4}),
    Reason("divergences", {"divergences": 90, "draws": 4000}),
    Reason("approximation", {"pareto_k": 1.2}),
    *map(Reason, ("one_chain", "unjudged", "not_sampled", "max_iter", "collapsed", "emptied")),
    Reason("bad_rows", {"rows": 3, "n": 100}),
    Reason("bad_folds", {"folds": 2, "n": 10}),
]


def told(do: Callable[[], Any]) -> list[warnings.WarningMessage]:
    """The package's warnings while something is done."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        do()
    return [one for one in caught if issubclass(one.category, UntrustedWarning)]


def poor(shape: tuple[int, int] = (2, 40)) -> xr.DataTree:
    """Too few draws."""
    return simulated_tree(n_rows=30, shape=shape)


@pytest.fixture(scope="module")
def short():
    """A posterior of few draws, and what was told when it was fitted."""
    made = []
    said = told(lambda: made.append(bm.Mixture(2).fit_nuts(FAITHFUL, progressbar=False, **SHORT)))
    return made[0], said


def test_a_fit_tells_once_at_the_line_of_its_user(short, tmp_path):
    tree, said = short
    assert [one.filename for one in said] == [__file__]
    message = str(said[0].message)
    assert message.startswith("NUTS of the gaussian-full mixture of 2: not to be trusted: ")
    assert "effective draws (gate 400)" in message
    assert "draws=" in message
    path = tmp_path / "fit.nc"
    again = (
        lambda: bm.responsibilities(tree),
        lambda: bm.log_density(tree, FAITHFUL[:5]),
        lambda: bm.save(tree, path),
        lambda: bm.responsibilities(bm.relabel(tree, "order")),
    )
    assert not [one for do in again for one in told(do)]


def test_the_verdict_is_that_of_the_draws_and_travels_with_them(short, tmp_path):
    tree, _ = short
    assert "few_draws" in [reason.kind for reason in verdict_of(tree)]
    assert verdict_of(tree) == bm.diagnose(tree).reasons
    assert json.loads(tree.attrs["bayesmix"])["verdict"]["reasons"][-1]["kind"] == "few_draws"
    loaded = []
    bm.save(tree, tmp_path / "fit.nc")
    said = told(lambda: loaded.append(bm.load(tmp_path / "fit.nc")))
    assert [one.filename for one in said] == [__file__]
    assert not told(lambda: bm.responsibilities(loaded[0]))
    assert verdict_of(loaded[0]) == verdict_of(tree)


def test_an_old_file_is_judged_when_it_is_first_used(short, tmp_path):
    tree, _ = short
    bm.save(with_record(tree, verdict=None), tmp_path / "old.nc")
    loaded = []
    assert not told(lambda: loaded.append(bm.load(tmp_path / "old.nc")))
    assert len(told(lambda: bm.responsibilities(loaded[0]))) == 1
    assert not told(lambda: bm.responsibilities(loaded[0]))


USES = {
    "responsibilities": bm.responsibilities,
    "log_density": lambda tree: bm.log_density(tree, tree["observed_data"]["x"].values[:3]),
    "sample_predictive": lambda tree: bm.sample_predictive(tree, 3, random_seed=1),
    "relabel": lambda tree: bm.relabel(tree, "order"),
    "loo": bm.loo,
    "waic": bm.waic,
    "plot_density": lambda tree: bm.plot_density(tree, features=tree["posterior"]["feature"].values[:1].tolist()),
    "plot_responsibilities": bm.plot_responsibilities,
    "plot_labels": bm.plot_labels,
    "plot_uncertainty": bm.plot_uncertainty,
    "plot_predictive_check": bm.plot_predictive_check,
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_whatever_uses_a_tree_tells_once(use):
    tree = poor()
    said = [one for one in told(lambda: use(tree)) if "mixture of 3" in str(one.message)]
    assert [one.filename for one in said] == [__file__]
    assert not [one for one in told(lambda: use(tree)) if "mixture of 3" in str(one.message)]


@pytest.mark.parametrize("suffix", [".html", ".md", ".nc"])
def test_whatever_is_written_tells(suffix, tmp_path):
    tree = poor()
    tree = with_verdict(tree, bm.diagnose(tree).reasons)
    path = tmp_path / f"fit{suffix}"
    [said] = told(lambda: bm.save(tree, path) if suffix == ".nc" else bm.report(tree, path))
    assert "effective draws" in str(said.message)
    if suffix == ".md":
        text = path.read_text(encoding="utf-8")
        assert text.index("Do not rely on these numbers") < text.index("\n## ") < text.index("effective draws")


def test_a_good_tree_says_nothing():
    tree = simulated_tree(n_rows=30, shape=(4, 400))
    assert not told(lambda: bm.responsibilities(tree))
    assert verdict_of(tree) == ()


def test_draws_taken_out_are_judged_anew():
    tree = with_verdict(simulated_tree(n_rows=30, shape=(4, 400)), [])
    few = tree.map_over_datasets(lambda group: group.isel(draw=slice(50)) if "draw" in group.dims else group)
    few.attrs = tree.attrs
    assert [reason.kind for reason in verdict_of(few)] == ["few_draws"]


def test_a_far_approximation_tells():
    tree = approximation(simulated_tree(n_rows=30, shape=(1, 100)))
    tree["posterior"].attrs["pareto_k"] = 1.3
    [said] = told(lambda: bm.responsibilities(tree))
    assert "Pareto k 1.300" in str(said.message) and "use fit" in str(said.message).lower()


def test_em_that_was_stopped_tells_unless_that_was_asked_for():
    made = []
    [said] = told(lambda: made.append(bm.Mixture(3).fit_em(FAITHFUL, max_iter=2, random_seed=1)))
    assert said.filename == __file__ and "stopped at max_iter" in str(said.message)
    assert not told(lambda: bm.responsibilities(made[0].to_tree()))
    assert [reason.kind for reason in bm.diagnose(made[0].to_tree()).reasons] == ["max_iter"]
    later = pickle.loads(pickle.dumps(made[0]))
    assert len(told(lambda: bm.plot_density(later))) == 1
    assert not told(lambda: bm.Mixture(3).fit_em(FAITHFUL, max_iter=5, tol=0, random_seed=1))


def test_a_comparison_tells_by_its_table_and_its_trees_when_they_are_used():
    made = []
    assert not told(lambda: made.append(bm.compare(FAITHFUL[:60], 2, method="advi", random_seed=1, progressbar=False)))
    [candidate] = made[0].candidates
    said = told(lambda: bm.responsibilities(candidate.tree))
    assert len(said) == bool(candidate.distrust)
    tree = poor()
    with said_by_caller():
        assert not told(lambda: bm.responsibilities(tree))
    assert len(told(lambda: bm.responsibilities(tree))) == 1


def test_loo_tells_of_rows_that_it_cannot_leave_out():
    tree = with_verdict(poor((2, 200)), [])
    elpd = bm.loo(tree)
    n_bad = int((elpd.pareto_k > 0.7).sum())
    said = told(lambda: bm.loo(tree))
    assert len(said) == bool(n_bad)


def test_the_estimator_tells_as_both_kinds_of_users_know_it():
    from sklearn.exceptions import ConvergenceWarning

    made = BayesianMixture(2, method="nuts", draws=20, chains=2, random_state=1)
    [said] = told(lambda: made.fit(FAITHFUL))
    assert said.filename == __file__ and issubclass(said.category, ConvergenceWarning)
    assert not told(lambda: made.predict(FAITHFUL))
    later = pickle.loads(pickle.dumps(made))
    assert len(told(lambda: (later.predict(FAITHFUL), later.score_samples(FAITHFUL)))) == 1


@pytest.mark.parametrize("reason", KINDS, ids=lambda reason: reason.kind)
def test_reasons_survive_json(reason):
    assert Reason.from_dict(json.loads(json.dumps(reason.to_dict()))) == reason


@pytest.mark.parametrize("described", [{}, {"kind": "whim"}, {"kind": "basins"}, {"kind": "disagreement", "rhat": "x"}])
def test_what_is_no_reason_is_refused(described):
    with pytest.raises(ValueError, match="no reason"):
        Reason.from_dict(described)


@pytest.mark.parametrize("reason", KINDS, ids=lambda reason: reason.kind)
def test_remedies_name_what_there_is(reason):
    doors = [*(getattr(bm.Mixture, name) for name in ("fit_nuts", "fit_gibbs", "fit_em")), bm.loo]
    arguments = {name for door in doors for name in inspect.signature(door).parameters}
    named = re.findall(r"(\w+)=", verdict([reason]))
    assert set(named) <= arguments


def test_one_remedy_for_two_reasons_is_told_once():
    said = verdict(KINDS[1:3])
    assert said.count("tune=") == 1 and said.count("gate") == 2
