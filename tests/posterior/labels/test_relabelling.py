import json
from itertools import permutations, product
from pathlib import Path
from time import process_time

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import rel_entr
from scipy.stats import norm

from bayesmix import Gaussian
from bayesmix.posterior.labels.apply import apply_permutations, permutations_of, undo
from bayesmix.posterior.labels.kullback_leibler import closest_to_their_mean
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.posterior.labels.nearest_pivot import closest_to_pivot
from bayesmix.posterior.labels.permutations import agreement_matrices, best_assignments
from bayesmix.posterior.labels.quality import relabelling_quality
from bayesmix.posterior.labels.relabelling import relabel_draws
from bayesmix.posterior.labels.sentences import relabelling
from bayesmix.tree import build_tree, draws_of, record_of, training_rows, with_record
from tests.monte_carlo import Finding, worst
from tests.simulated_trees import (
    COVARIANCES,
    made_by,
    permuted,
    random_permutations,
    simulated_tree,
)

MATCHING = ("ecr", "pivot", "stephens")
BY_R = json.loads((Path(__file__).parents[2] / "reference" / "label_switching.json").read_text())


def assert_same_draws(left: xr.DataTree, right: xr.DataTree) -> None:
    for name in left.posterior.data_vars:
        np.testing.assert_array_equal(left.posterior[name].values, right.posterior[name].values)


def inverse(permutations: np.ndarray) -> np.ndarray:
    return np.argsort(permutations, axis=-1)


@pytest.mark.parametrize("method", MATCHING)
@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("n_components", [1, 2, 3, 5])
def test_random_permutations_are_recovered_exactly(method, covariance, n_components):
    tree = simulated_tree(covariance, n_components=n_components)
    renaming = random_permutations((2, 12), n_components, seed=7)
    shuffled = simulated_tree(covariance, n_components=n_components, permutations=renaming)
    relabelled = relabel_draws(shuffled, method)
    np.testing.assert_array_equal(permutations_of(relabelled), inverse(renaming))
    assert_same_draws(relabelled, tree)
    quality = record_of(relabelled)["relabelling"]
    assert quality["agreement"] > 0.999
    assert quality["margin"] > 0.999
    assert quality["ambiguous"] == 0.0


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_relabelling_twice_and_undoing_gives_the_raw_draws(covariance):
    raw = simulated_tree(covariance, permutations=random_permutations((2, 12), 3, seed=1))
    twice = relabel_draws(relabel_draws(raw, "order", by="weights"), "ecr")
    assert_same_draws(undo(twice), raw)
    np.testing.assert_array_equal(permutations_of(undo(twice)), permutations_of(raw))


@pytest.mark.parametrize("method", MATCHING)
def test_the_result_does_not_depend_on_earlier_relabelling(method):
    raw = simulated_tree(permutations=random_permutations((2, 12), 3, seed=1), separation=1.5, spread=0.3)
    assert_same_draws(relabel_draws(relabel_draws(raw, "order"), method), relabel_draws(raw, method))


def test_relabelling_leaves_the_old_tree_alone_and_keeps_dims_and_attrs():
    raw = simulated_tree(permutations=random_permutations((2, 12), 3, seed=1))
    before = raw.copy(deep=True)
    relabelled = relabel_draws(raw)
    xr.testing.assert_identical(raw, before)
    for name in raw.posterior.data_vars:
        assert relabelled.posterior[name].dims == raw.posterior[name].dims
        assert relabelled.posterior[name].dtype == raw.posterior[name].dtype


def test_every_variable_with_components_moves_together_and_others_stay():
    template = simulated_tree()
    weights, params = draws_of(template)
    tree = build_tree(
        family=Gaussian("full"),
        rows=training_rows(template),
        posterior={
            "weights": weights,
            **params,
            "first": xr.DataArray(np.moveaxis(params["means"], 2, 0), dims=("component", "chain", "draw", "feature")),
            "slope": np.arange(24.0).reshape(2, 12),
        },
        record=made_by("adopted", template),
        log_prior={"means": params["means"][..., 0]},
        constant_data={"prior": xr.DataArray(np.arange(3.0), dims="component")},
    )
    tree["warmup_posterior"] = tree.posterior.to_dataset()[["means"]]
    renaming = random_permutations((2, 12), 3, seed=3)
    moved = apply_permutations(tree, renaming)
    expected = permuted(params, renaming, shared=())["means"]
    np.testing.assert_array_equal(moved.posterior["means"].values, expected)
    np.testing.assert_array_equal(moved.log_prior["means"].values, expected[..., 0])
    dims = moved.posterior["first"].dims
    assert dims == tree.posterior["first"].dims
    np.testing.assert_array_equal(
        moved.posterior["first"].transpose("chain", "draw", "component", "feature").values, expected
    )
    np.testing.assert_array_equal(moved.posterior["slope"], tree.posterior["slope"])
    np.testing.assert_array_equal(moved.constant_data["prior"], tree.constant_data["prior"])
    np.testing.assert_array_equal(moved.warmup_posterior["means"], params["means"])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(COVARIANCES))
def test_label_free_quantities_do_not_change(seed, covariance):
    tree = simulated_tree(covariance, separation=1.0)
    moved = apply_permutations(tree, random_permutations((2, 12), 3, seed=seed))
    left, right = label_free(tree), label_free(moved)
    for name in left.data_vars:
        np.testing.assert_allclose(left[name].values, right[name].values, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_total_covariance_is_that_of_a_large_sample(covariance):
    tree = simulated_tree(covariance, shape=(1, 1), separation=2.0)
    weights, params = draws_of(tree)
    family = Gaussian(covariance)
    point = {name: value[0, 0] for name, value in params.items()}
    n = 200_000
    x, _ = family.sample(weights[0, 0], point, n, np.random.default_rng(0))
    centred = x - x.mean(axis=0)
    products = centred[:, :, None] * centred[:, None, :]
    error = products.std(axis=0) / np.sqrt(n)
    total = label_free(tree)["total_covariance"].values[0, 0]
    assert (np.abs(products.mean(axis=0) - total) < 4 * error).all()


def test_label_free_takes_the_stored_log_likelihood_as_it_streams_it():
    tree = simulated_tree()
    weights, params = draws_of(tree)
    rows = training_rows(tree)
    pointwise = Gaussian("full").log_mixture(weights, params, rows.values)
    stored = build_tree(
        family=Gaussian("full"),
        rows=rows,
        posterior={"weights": weights, **params},
        record=made_by("nuts", tree),
        log_likelihood=pointwise,
    )
    np.testing.assert_allclose(label_free(tree)["log_likelihood"], label_free(stored)["log_likelihood"], rtol=1e-13)


def test_agreement_counts_expected_rows():
    tree = simulated_tree(separation=1.0)
    weights, params = draws_of(tree)
    values, pivot = training_rows(tree).values, tree.constant_data["pivot"].values
    agreement = agreement_matrices(Gaussian("full"), weights, params, values, pivot)
    joint = np.exp(Gaussian("full").log_joint(weights, params, values)).reshape(24, 60, 3)
    share = joint / joint.sum(axis=-1, keepdims=True)
    for label in range(3):
        expected = share[:, pivot == label].sum(axis=1)
        np.testing.assert_allclose(agreement[:, label], expected, rtol=1e-9, atol=1e-12)


def test_long_data_are_represented_by_rows_of_every_label(monkeypatch):
    tree = simulated_tree(n_rows=900)
    weights, params = draws_of(tree)
    values, pivot = training_rows(tree).values, tree.constant_data["pivot"].values
    monkeypatch.setattr("bayesmix.posterior.labels.permutations.ROWS_PER_LABEL", 10)
    agreement = agreement_matrices(Gaussian("full"), weights, params, values, pivot)
    np.testing.assert_allclose(agreement.sum(axis=-1)[0], np.bincount(pivot), rtol=1e-12)
    np.testing.assert_array_equal(best_assignments(agreement, weights.reshape(24, 3)), np.tile(np.arange(3), (24, 1)))
    for method in MATCHING:
        made = record_of(relabel_draws(tree, method))["relabelling"]
        assert made["rows"] == 30
        assert f"Relabelling ({method}): 100.0% of 30 rows that stand for all agree" in relabelling(made)[0]


def one_feature(n_draws, n_components, seed, rows=12):
    """Weights, parameters of normal distributions of one feature that overlap, rows and their labels."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(n_components, 5.0), size=n_draws)
    means = rng.normal(1.5 * np.arange(n_components), 0.6, size=(n_draws, n_components))
    named = np.argsort(rng.random(means.shape), axis=-1)
    params = {"means": np.take_along_axis(means, named, -1)[..., None], "variances": rng.uniform(0.5, 2, named.shape)}
    params["variances"] = params["variances"][..., None]
    labels = np.arange(rows) % n_components
    return weights, params, rng.normal(1.5 * labels)[:, None], labels


def shares_of(weights, params, values):
    """Responsibilities (S, N, K) by SciPy."""
    scales = np.sqrt(params["variances"][..., 0])
    density = weights[:, None] * norm.pdf(values, params["means"][..., 0][:, None], scales[:, None])
    return density / density.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("seed", [16, 28, 55, 59])
def test_stephens_finds_the_least_divergence_of_all_namings(seed):
    """Where ECR's names are not the best ones; next to them there may be another minimum, in one of four such draws."""
    weights, params, values, labels = one_feature(4, 3, seed)
    shares = np.maximum(shares_of(weights, params, values), 1e-6)
    shares /= shares.sum(axis=-1, keepdims=True)

    def divergence(naming):
        named = np.stack([one[:, order] for one, order in zip(shares, naming, strict=True)])
        return rel_entr(named, named.mean(axis=0)).sum()

    every = list(permutations(range(3)))
    least = min(divergence(naming) for naming in product(every[:1], every, every, every))
    at_once = weights[None], {name: value[None] for name, value in params.items()}
    start = best_assignments(agreement_matrices(Gaussian("diag"), *at_once, values, labels), weights)
    found = closest_to_their_mean(Gaussian("diag"), *at_once, values, labels, start)
    assert divergence(found) == pytest.approx(least, rel=1e-9)
    assert divergence(start) > 1.0001 * least


@pytest.mark.parametrize("seed", range(3))
def test_the_pivot_is_matched_by_the_best_of_all_namings(seed):
    """By integrals of root densities."""
    weights, params, _, _ = one_feature(5, 3, seed)
    found = closest_to_pivot(Gaussian("diag"), weights, params, weights[0], {n: v[0] for n, v in params.items()})

    def root(s, k, x):
        return np.sqrt(weights[s, k] * norm.pdf(x, params["means"][s, k, 0], np.sqrt(params["variances"][s, k, 0])))

    def product(x, s, j, k):
        return root(0, j, x) * root(s, k, x)

    for s in range(1, 5):
        product_of = np.array([[quad(product, -15, 20, args=(s, j, k))[0] for k in range(3)] for j in range(3)])
        every = list(permutations(range(3)))
        assert tuple(found[s]) == max(every, key=lambda order: product_of[np.arange(3), list(order)].sum())


def up_to_names(naming):
    """The naming that is the identity for the first draw."""
    return naming[:, np.argsort(naming[0])]


def findings() -> list[Finding]:
    """R's pra takes the scalar product of parameters, and its Stephens' method begins with the names as they are."""
    by_r = {name: np.array(BY_R[name]) for name in BY_R if name != "made_with"}
    weights, values = by_r["weights"], by_r["x"][:, None]
    params = {"means": by_r["means"][..., None], "variances": by_r["variances"][..., None]}
    highest = {name: value[by_r["highest"]] for name, value in params.items()}
    by_pivot = closest_to_pivot(Gaussian("diag"), weights, params, weights[by_r["highest"]], highest)
    at_once = weights[None], {name: value[None] for name, value in params.items()}
    start = np.tile(np.arange(3), (len(weights), 1))
    by_stephens = closest_to_their_mean(Gaussian("diag"), *at_once, values, by_r["labels"], start)
    pairs = {
        "pivot": (by_pivot, by_r["pra"]),
        "stephens": (up_to_names(by_stephens), up_to_names(by_r["stephens"])),
    }
    against = f"R's label.switching, the same {len(weights)} draws"
    found = []
    for name, (ours, theirs) in pairs.items():
        other = float((ours != theirs).any(axis=1).sum())
        found.append(Finding(f'relabel(method="{name}"): draws named otherwise', against, other, 0.0))
    return found


def test_permutations_are_those_of_label_switching_in_r():
    assert worst(findings()) == ""
    assert len(np.unique(BY_R["pra"], axis=0)) == 6


def with_an_empty_component(renaming):
    """Three groups, and a component of no rows that lies anywhere."""
    rng = np.random.default_rng(3)
    template = simulated_tree(n_components=3)
    weights, params = draws_of(template)
    far = 10 ** rng.uniform(0, 4, size=(2, 12, 1, 2)) * rng.choice([-1, 1], size=(2, 12, 1, 2))
    wide = 10 ** rng.uniform(-2, 4, size=(2, 12, 1, 1, 1)) * np.eye(2)
    posterior = {
        "weights": np.concatenate([0.99 * weights, np.full((2, 12, 1), 0.01)], axis=-1),
        "means": np.concatenate([params["means"], far], axis=2),
        "covariances": np.concatenate([params["covariances"], wide], axis=2),
    }
    return build_tree(
        family=Gaussian("full"),
        rows=training_rows(template),
        posterior=permuted(posterior, renaming, shared=()),
        record=made_by("gibbs", simulated_tree(n_components=4)),
        constant_data={"pivot": template.constant_data["pivot"].values},
    )


@pytest.mark.parametrize("method", MATCHING)
def test_an_empty_component_wherever_it_lies_does_not_disturb_the_names_of_the_others(method):
    renaming = random_permutations((2, 12), 4, seed=9)
    found = permutations_of(relabel_draws(with_an_empty_component(renaming), method))
    np.testing.assert_array_equal(found, inverse(renaming))


@pytest.mark.parametrize("method", MATCHING)
def test_four_thousand_draws_take_three_seconds(method):
    """Of five groups and a thousand rows, on one processor."""
    tree = simulated_tree(n_components=5, n_rows=1000, shape=(4, 1000), separation=2.5)
    relabel_draws(tree.isel(draw=slice(2)), method)  # compiles
    start = process_time()
    found = relabel_draws(tree, method)
    assert process_time() - start < 3
    assert record_of(found)["relabelling"]["agreement"] > 0.9


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_the_best_assignment_is_the_best_of_all(seed, n_components):
    rng = np.random.default_rng(seed)
    agreement = rng.dirichlet(np.ones(n_components), size=(8, n_components))
    weights = rng.dirichlet(np.ones(n_components), size=8)
    found = best_assignments(agreement, weights)
    rows = np.arange(n_components)
    for matrix, permutation in zip(agreement, found, strict=True):
        best = max(matrix[rows, list(p)].sum() for p in permutations(range(n_components)))
        assert matrix[rows, permutation].sum() == pytest.approx(best, rel=1e-12)


def test_components_empty_in_the_pivot_follow_by_weight_whatever_they_were_called():
    agreement = np.zeros((3, 4, 4))
    agreement[:, 1] = [[0, 0, 9, 1], [9, 0, 0, 1], [4, 5, 0, 1]]
    weights = np.array([[0.1, 0.2, 0.6, 0.1], [0.6, 0.15, 0.2, 0.05], [0.35, 0.4, 0.05, 0.2]])
    found = best_assignments(agreement, weights)
    np.testing.assert_array_equal(found, [[1, 2, 0, 3], [2, 0, 1, 3], [0, 1, 3, 2]])


def test_quality_falls_where_components_overlap():
    apart = np.array([[[10.0, 0.0], [0.0, 10.0]]])
    blurred = np.array([[[5.2, 4.8], [4.8, 5.2]]])
    identity = np.array([[0, 1]])
    assert relabelling_quality(apart, identity) == {
        "agreement": 1.0,
        "margin": 1.0,
        "ambiguous": 0.0,
    }
    overlapping = relabelling_quality(blurred, identity)
    assert overlapping["agreement"] == pytest.approx(0.52)
    assert overlapping["margin"] == pytest.approx(0.04)
    assert overlapping["ambiguous"] == 1.0


@pytest.mark.parametrize(
    ("by", "name", "pick", "sign"),
    [
        (None, "weights", (), -1),
        ("weights", "weights", (), -1),
        ("means", "means", (0,), 1),
        (("means", "Wartezeit µ"), "means", (1,), 1),
        (("covariances", "Wartezeit µ"), "covariances", (1, 1), 1),
        ("covariances", "covariances", (0, 0), 1),
    ],
)
def test_order_sorts_every_draw(by, name, pick, sign):
    raw = simulated_tree(permutations=random_permutations((2, 12), 3, seed=5), spread=0.6)
    ordered = relabel_draws(raw, "order", by=by)
    values = ordered.posterior[name].values[(..., *pick)]
    assert (np.diff(sign * values, axis=-1) >= 0).all()
    assert_same_draws(undo(ordered), raw)
    assert record_of(ordered)["relabelling"]["method"] == "order"


def test_refusals():
    tree = simulated_tree()
    with pytest.raises(ValueError, match="method must be 'ecr', 'pivot', 'stephens' or 'order', not 'sjw'"):
        relabel_draws(tree, "sjw")
    with pytest.raises(ValueError, match="by belongs to"):
        relabel_draws(tree, by="means")
    with pytest.raises(ValueError, match=r"component dim \(weights, means, covariances\)"):
        relabel_draws(tree, "order", by="mu")
    with pytest.raises(ValueError, match="needs one of the features"):
        relabel_draws(tree, "order", by=("means", "height"))
    with pytest.raises(ValueError, match="needs one of the features"):
        relabel_draws(tree, "order", by=("weights", "Wartezeit µ"))
    with pytest.raises(ValueError, match="identified by the prior"):
        relabel_draws(with_record(tree, exchangeable=False))
    del tree["constant_data"]
    for method in MATCHING:
        with pytest.raises(ValueError, match=r'constant_data\.pivot.*method="order"'):
            relabel_draws(tree, method)
