import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesmix import Gaussian
from bayesmix.posterior.labels import diagnose
from bayesmix.posterior.labels.basins import chain_groups
from bayesmix.posterior.labels.convergence import convergence_table
from bayesmix.posterior.labels.judgement import judge
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.posterior.labels.relabelling import relabel_draws
from bayesmix.tree import build_tree, draws_of, training_rows, with_record
from tests.simulated_trees import made_by, random_permutations, simulated_tree

SHAPE = (4, 300)


def with_draws(tree: xr.DataTree, weights, params, **changes) -> xr.DataTree:
    """The same tree with other draws."""
    return build_tree(
        family=Gaussian("full"),
        rows=training_rows(tree),
        posterior={"weights": weights, **params},
        record=made_by("nuts", tree),
        constant_data={"pivot": tree.constant_data["pivot"].values},
        **changes,
    )


@pytest.fixture(scope="module")
def mixed():
    """Independent draws whose labels were shuffled, relabelled again."""
    return relabel_draws(simulated_tree(shape=SHAPE, permutations=random_permutations(SHAPE, 3, seed=2)))


def test_good_draws_are_ok_and_label_switching_shows_before_relabelling(mixed):
    diagnosis = diagnose(mixed)
    assert diagnosis.ok
    assert not diagnosis.multimodal
    assert diagnosis.max_rhat < 1.01
    assert diagnosis.max_rhat_components < 1.01
    assert diagnosis.min_ess > 400
    kinds = set(diagnosis.table.index.get_level_values("kind"))
    assert kinds == {"label-free", "groups", "groups before relabelling"}
    assert diagnosis.relabelling["agreement"] > 0.99
    text = str(diagnosis)
    assert "the chains agree" in text
    assert "before relabelling" in text
    assert text.splitlines() == list(diagnosis.sentences)
    first, *rest = repr(diagnosis).splitlines()
    assert "ok" in first and rest == [f"  - {sentence}" for sentence in diagnosis.sentences]


def test_the_table_is_arviz_entry_by_entry(mixed):
    table = diagnose(mixed).table
    means = mixed.posterior["means"]
    row = table.loc[("groups", "means[1, Wartezeit µ]")]
    one = means.isel(component=1, feature=1)
    assert row["rhat"] == pytest.approx(float(az.rhat(one)))
    assert row["ess_bulk"] == pytest.approx(float(az.ess(one, method="bulk")))
    assert row["ess_tail"] == pytest.approx(float(az.ess(one, method="tail")))


def test_the_smallest_ess_is_that_of_bulk_or_tails_whichever_is_smaller():
    """Weights whose spread changes slowly: every draw is as likely above as below, but far ones come together."""
    rng = np.random.default_rng(5)
    tree = simulated_tree(shape=(4, 400))
    weights, params = draws_of(tree)
    log_spread = np.zeros((4, 400))
    for draw in range(1, 400):
        log_spread[:, draw] = 0.95 * log_spread[:, draw - 1] + 0.3 * rng.normal(size=4)
    noise = 0.02 * np.exp(log_spread) * rng.normal(size=(4, 400))
    weights = weights.mean(axis=(0, 1)) * np.exp(noise[..., None] * [-1.0, 0.0, 1.0])
    tree = with_draws(
        tree, weights / weights.sum(axis=-1, keepdims=True), params, log_likelihood=rng.normal(size=(4, 400, 60))
    )
    entries = [
        array.isel(dict(zip(array.dims[2:], place, strict=True)))
        for array in label_free(tree).data_vars.values()
        for place in np.ndindex(array.shape[2:])
    ]
    bulk, tail = (min(float(az.ess(one, method=method)) for one in entries) for method in ("bulk", "tail"))
    found = diagnose(tree)
    assert found.min_ess == pytest.approx(tail)
    assert tail < 0.7 * bulk
    assert found.max_rhat == pytest.approx(max(float(az.rhat(one)) for one in entries))


@pytest.mark.parametrize(
    ("rhat", "bulk", "tail", "ok"),
    [(1.0, 900, 900, True), (1.0, 900, 300, False), (1.0, 300, 900, False), (1.02, 900, 900, False)],
)
def test_rhat_and_both_kinds_of_ess_pass_the_gates(monkeypatch, rhat, bulk, tail, ok):
    numbers = pd.DataFrame(
        {"rhat": [1.0, rhat], "ess_bulk": [5000.0, bulk], "ess_tail": [4000.0, tail]}, index=["p", "q"]
    )
    monkeypatch.setattr(
        "bayesmix.posterior.labels.judgement.convergence_table", lambda quantities, *, independent: numbers
    )
    judged = judge(simulated_tree(shape=SHAPE))
    assert judged.min_ess == min(bulk, tail)
    assert judged.max_rhat == rhat
    assert judged.passed is ok
    assert (judged.reasons == ()) is ok


def test_labels_that_differ_between_chains_say_nothing_against_the_draws():
    """Every chain has names of its own, which no label-free quantity sees."""
    swapped = np.broadcast_to(np.arange(3), (*SHAPE, 3)).copy()
    swapped[1:] = [2, 0, 1]
    found = diagnose(simulated_tree(shape=SHAPE, permutations=swapped))
    assert found.max_rhat_components > 1.3
    assert found.max_rhat < 1.02
    assert found.ok


def test_symmetric_entries_count_once_and_constants_not_at_all():
    rng = np.random.default_rng(0)
    matrices = rng.normal(size=(2, 50, 3, 3))
    matrices += matrices.swapaxes(-1, -2)
    matrices[..., 0, 0] = 1.0
    table = convergence_table(
        xr.Dataset(
            {
                "c": (("chain", "draw", "feature", "feature_bis"), matrices),
                "fixed": (("chain", "draw"), np.full((2, 50), 3.0)),
                "free": (("chain", "draw"), rng.normal(size=(2, 50))),
            },
            coords={"feature": list("abc"), "feature_bis": list("abc")},
        )
    )
    assert list(table.index) == ["c[a, b]", "c[a, c]", "c[b, b]", "c[b, c]", "c[c, c]", "free"]


def test_of_many_matrix_entries_only_the_diagonals_are_judged(monkeypatch):
    monkeypatch.setattr("bayesmix.posterior.labels.convergence.MAX_ENTRIES", 8)
    matrices = np.random.default_rng(0).normal(size=(2, 50, 3, 3))
    dims = ("chain", "draw", "feature", "feature_bis")
    table = convergence_table(xr.Dataset({"c": (dims, matrices)}))
    assert list(table.index) == ["c[0, 0]", "c[1, 1]", "c[2, 2]"]


def test_one_component_has_no_weights_in_the_table():
    diagnosis = diagnose(simulated_tree(n_components=1, shape=SHAPE))
    assert diagnosis.ok
    names = diagnosis.table.index.get_level_values("quantity")
    assert not any(name.startswith(("weights", "sorted_weights")) for name in names)


def test_chains_in_different_basins_are_told_apart():
    tree = simulated_tree(shape=SHAPE)
    weights, params = draws_of(tree)
    params["means"][[0, 3]] += 0.5 * np.arange(3)[:, None]
    diagnosis = diagnose(with_draws(tree, weights, params))
    assert diagnosis.chain_groups == ((0, 3), (1, 2))
    assert diagnosis.multimodal
    assert not diagnosis.ok
    assert any("chains 0 and 3" in s and "chains 1 and 2" in s for s in diagnosis.sentences)


def test_slow_chains_in_one_basin_are_not_several_basins():
    """Chains of a random walk with a common target differ in mean, but not beyond their error."""
    rng = np.random.default_rng(1)
    walk = np.zeros((4, 400))
    for draw in range(1, 400):
        walk[:, draw] = 0.99 * walk[:, draw - 1] + 0.141 * rng.normal(size=4)
    quantities = xr.Dataset({"q": (("chain", "draw"), walk)}, coords={"chain": range(4)})
    assert float(az.rhat(quantities)["q"]) > 1.1
    assert len(chain_groups(quantities)) == 1


def test_poor_mixing_is_not_ok():
    tree = simulated_tree(shape=SHAPE)
    weights, params = draws_of(tree)
    stuck = {name: np.repeat(value[:, ::60], 60, axis=1) for name, value in params.items()}
    diagnosis = diagnose(with_draws(tree, np.repeat(weights[:, ::60], 60, axis=1), stuck))
    assert not diagnosis.ok
    assert diagnosis.sentences[0].startswith("Not to be trusted: the chains do not agree")
    assert "Use fit_gibbs, or run longer (tune=, draws=)" in diagnosis.sentences[0]


def test_sampler_warnings_are_counted():
    stats = {"diverging": np.zeros(SHAPE, bool), "reached_max_treedepth": np.zeros(SHAPE, bool)}
    stats["diverging"][0, :7] = True
    stats["reached_max_treedepth"][1, :5] = True
    diagnosis = diagnose(simulated_tree(shape=SHAPE, sample_stats=stats))
    assert (diagnosis.divergences, diagnosis.max_tree_depth) == (7, 5)
    assert any("7 of 1200 draws diverged" in s for s in diagnosis.sentences)
    assert any("5 of 1200 draws reached the deepest tree" in s for s in diagnosis.sentences)


def test_empty_components_are_named():
    tree = simulated_tree(shape=(2, 200))
    weights, params = draws_of(tree)
    params["means"][:, :50, 2] = 1e6
    diagnosis = diagnose(with_draws(tree, weights, params))
    np.testing.assert_allclose(diagnosis.empty, [0, 0, 0.25])
    assert diagnosis.any_empty == 0.25
    assert any("group 2 in 25%" in s for s in diagnosis.sentences)


@pytest.mark.parametrize(("pareto_k", "ok"), [(0.4, True), (0.9, False)])
def test_independent_draws_speak_of_pareto_k(pareto_k, ok):
    tree = with_record(simulated_tree(shape=(1, 100)), method="laplace")
    tree["posterior"] = tree.posterior.to_dataset().assign_attrs(pareto_k=pareto_k)
    diagnosis = diagnose(tree)
    assert diagnosis.ok is ok
    assert diagnosis.table.isna().all(axis=None)
    assert f"Pareto k {'is ' if ok else ''}{pareto_k:.3f}" in diagnosis.sentences[0]
    assert np.isnan(diagnosis.max_rhat)


def test_a_point_estimate_has_nothing_to_diagnose():
    diagnosis = diagnose(with_record(simulated_tree(shape=(1, 1)), method="em"))
    assert diagnosis.ok
    assert "point estimate" in diagnosis.sentences[0]
    assert diagnosis.table.empty


def test_a_handful_of_draws_is_not_ok():
    diagnosis = diagnose(simulated_tree(shape=(2, 3)))
    assert not diagnosis.ok
    assert [reason.kind for reason in diagnosis.reasons] == ["unjudged"]


def test_one_chain_is_not_enough():
    diagnosis = diagnose(simulated_tree(shape=(1, 600)))
    assert not diagnosis.ok
    assert "one chain cannot show whether chains agree" in diagnosis.sentences[0]
    assert "chains=4" in diagnosis.sentences[0]


def test_html_holds_sentences_and_table(mixed):
    page = diagnose(mixed)._repr_html_()
    assert ">Label-free quantities" in page
    table = diagnose(mixed).table.sort_values("rhat", ascending=False)
    assert f"the 10 worst of {len(table)} quantities" in page
    places = [page.index(f": {quantity}<") for _, quantity in table.index[:10]]
    assert places == sorted(places)


def test_label_free_names_ranks_and_features(mixed):
    quantities = label_free(mixed)
    assert quantities["sorted_weights"].dims == ("chain", "draw", "rank")
    assert (quantities["sorted_weights"].diff("rank") <= 0).all()
    np.testing.assert_array_equal(quantities["feature"], mixed.posterior["feature"])
