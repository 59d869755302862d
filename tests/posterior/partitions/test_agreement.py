import arviz as az
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import bayesmix as bm
from bayesmix.posterior.partitions.label_draws import label_draws
from bayesmix.tree import training_rows
from tests.monte_carlo import Finding, worst
from tests.posterior.partitions.test_partition import information
from tests.simulated_trees import discrete_tree, random_permutations, simulated_tree

ROWS = 80
OVERLAPPING = {"n_rows": ROWS, "shape": (2, 30), "separation": 1.5, "spread": 0.2}


@pytest.fixture(scope="module")
def tree():
    return simulated_tree(**OVERLAPPING)


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(2)
    return {"any": rng.integers(5, size=ROWS), "one": np.zeros(ROWS, dtype=int), "each": np.arange(ROWS)}


def findings() -> list[Finding]:
    """Of labels that have nothing to do with the rows, against a hundred draws."""
    tree, labels = simulated_tree(**OVERLAPPING), np.random.default_rng(2).integers(5, size=ROWS)
    found = bm.compare_clusterings(tree, {"any": labels}, random_seed=3).sel(clustering="any")
    draws = label_draws(tree, training_rows(tree), np.random.default_rng(3)).labels[:100]
    measures = {"adjusted_rand": adjusted_rand_score, "variation_of_information": information}
    return [
        Finding(
            f"compare_clusterings: {name.replace('_', ' ')} with every draw",
            "scikit-learn",
            float(np.abs(found[f"{name}_draws"].values[:100] - [measure(labels, one) for one in draws]).max()),
            1e-12,
        )
        for name, measure in measures.items()
    ]


def test_findings():
    assert worst(findings()) == ""


def test_agreement_with_each_draw_is_scikit_learns(tree, labels):
    found = bm.compare_clusterings(tree, labels, ci_prob=0.8, random_seed=3)
    hdi = bm.compare_clusterings(tree, labels, ci_prob=0.8, ci_kind="hdi", random_seed=3)
    draws = label_draws(tree, training_rows(tree), np.random.default_rng(3)).labels
    for name, one in labels.items():
        own = found.sel(clustering=name)
        rand = [adjusted_rand_score(one, other) for other in draws[:100]]
        np.testing.assert_allclose(own["adjusted_rand_draws"][:100], rand, atol=1e-12)
        apart = [information(one, other) for other in draws[:100]]
        np.testing.assert_allclose(own["variation_of_information_draws"][:100], apart, atol=1e-12)
        for measure in ("adjusted_rand", "variation_of_information"):
            over = own[f"{measure}_draws"]
            assert float(own[measure]) == pytest.approx(float(over.mean()))
            np.testing.assert_allclose(own[f"{measure}_interval"], np.quantile(over, [0.1, 0.9]), atol=1e-12)
            shortest = az.hdi(over.values, prob=0.8)
            np.testing.assert_allclose(hdi[f"{measure}_interval"].sel(clustering=name), shortest, atol=1e-12)
        assert int(own["n_groups"]) == len(np.unique(one))
        assert adjusted_rand_score(own["label"], one) == 1


def test_disagreement_counts_the_other_rows_one_by_one(tree, labels):
    found = bm.compare_clusterings(tree, labels, random_seed=3)
    draws = label_draws(tree, training_rows(tree), np.random.default_rng(3)).labels
    there = (draws[:, :, None] == draws[:, None, :]).mean(axis=0)
    for name, one in labels.items():
        here = one[:, None] == one
        expected = np.where(here, 1 - there, there).sum(axis=1) / (ROWS - 1)
        np.testing.assert_allclose(found["disagreement"].sel(clustering=name), expected, atol=1e-12)


def test_what_labels_are_called_does_not_matter(tree, labels):
    numbers = labels["any"]
    given = {
        "numbers": numbers,
        "less one": numbers - 1,
        "text": [f"cluster {k}" for k in numbers],
        "series": pd.Series(numbers, dtype="category"),
    }
    found = bm.compare_clusterings(tree, given)
    for name in given:
        np.testing.assert_array_equal(found["label"].sel(clustering=name), found["label"][0])


def test_names_of_components_do_not_matter(tree):
    ways = {"k-means": bm.compare_clusterings(tree)["label"].sel(clustering="k-means").values}
    moved = simulated_tree(
        n_rows=ROWS,
        shape=(2, 30),
        separation=1.5,
        spread=0.2,
        permutations=random_permutations((2, 30), 3, seed=1),
    )
    one, other = (bm.compare_clusterings(tree, ways, random_seed=seed) for tree, seed in ((tree, 1), (moved, 1)))
    error = one["adjusted_rand_draws"].std("sample").values / np.sqrt(one.sizes["sample"])
    assert (abs(one["adjusted_rand"] - other["adjusted_rand"]).values < 5 * np.sqrt(2) * error).all()


def test_the_other_ways_by_default():
    tree = simulated_tree(n_rows=ROWS, separation=20)
    found = bm.compare_clusterings(tree)
    assert found["clustering"].values.tolist() == ["k-means", "soft k-means", "mean shift", "modes of the mixture"]
    same = ["k-means", "soft k-means", "modes of the mixture"]
    np.testing.assert_allclose(found["adjusted_rand"].sel(clustering=same), 1)
    assert float(found["variation_of_information"].sel(clustering="k-means")) == pytest.approx(0, abs=1e-12)
    assert (found["disagreement"].sel(clustering="k-means") == 0).all()


def test_hard_parts_are_k_means_and_soft_ones_a_fixed_point(tree):
    parts = bm.partial_assignments(tree)
    rows = training_rows(tree)
    scales = rows.values.std(axis=0, ddof=1)
    values = rows.values / scales
    hard, soft = parts["hard"].values, parts["soft"].values
    by_sklearn = KMeans(3, n_init=20, random_state=0).fit(values)
    assert adjusted_rand_score(hard.argmax(axis=1), by_sklearn.labels_) == 1
    assert parts.attrs["scale"] == pytest.approx(np.sqrt(by_sklearn.inertia_ / values.size))
    centres = parts["centre"].values / scales
    square = ((values[:, None] - centres) ** 2).sum(axis=-1)
    weight = np.exp(-square / (2 * parts.attrs["scale"] ** 2))
    np.testing.assert_allclose(soft, weight / weight.sum(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(soft.T @ values / soft.sum(axis=0)[:, None], centres, atol=1e-6)


def test_soft_k_means_tends_to_k_means(tree):
    """The centres of k-means are where it moves nothing; the parts are all or nothing."""
    apart = []
    for scale in (1.0, 0.3, 0.1, 0.01, 1e-4):
        parts = bm.partial_assignments(tree, scale=scale)
        apart.append(float(abs(parts["soft"] - parts["hard"]).mean()))
    assert all(np.diff(apart) <= 1e-9)
    assert apart[0] > 0.1
    assert apart[-1] < 1e-12
    values = training_rows(tree).values
    hard = parts["hard"].values
    np.testing.assert_allclose(parts["centre"], hard.T @ values / hard.sum(axis=0)[:, None], rtol=1e-9)


def test_new_rows_and_fewer_of_them_than_groups(tree):
    new = training_rows(tree).values[:2]
    assert bm.partial_assignments(tree, new)["hard"].shape == (2, 2)
    found = bm.compare_clusterings(tree, {"apart": ["a", "b"]}, new)
    assert found["label"].shape == (1, 2)
    gaps = bm.compare_clusterings(tree, {"apart": ["a", "b"]}, np.array([[1.0, np.nan], [2.0, 3.0]]))
    assert gaps["adjusted_rand_draws"].notnull().all()


def test_refusals(tree):
    for bad, said in (({}, "not empty"), ([0] * ROWS, "not list")):
        with pytest.raises(TypeError, match=f"must be labels of the rows by name.*{said}"):
            bm.compare_clusterings(tree, bad)
    with pytest.raises(ValueError, match=r"clusterings\['short'\] is for 2 rows, but X has 80"):
        bm.compare_clusterings(tree, {"short": [0, 1]})
    with pytest.raises(ValueError, match=r"clusterings\['gap'\] has 1 missing value"):
        bm.compare_clusterings(tree, {"gap": [None, *("a" * (ROWS - 1))]})
    for ask in (bm.compare_clusterings, bm.partial_assignments):
        with pytest.raises(ValueError, match="distances between rows, which columns of real numbers have, but 'calls'"):
            ask(discrete_tree("count"))
    with pytest.raises(ValueError, match="take complete rows, but 1 row of X have missing values"):
        bm.compare_clusterings(tree, None, np.array([[1.0, np.nan], [2.0, 3.0]]))
    with pytest.raises(ValueError, match="scale must be a positive number"):
        bm.partial_assignments(tree, scale=0)
