import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.data import read_rows
from bayesmix.posterior.partitions import co_membership
from bayesmix.posterior.partitions.label_draws import label_draws
from bayesmix.tree import training_rows
from tests.posterior.test_membership import scipy_responsibilities
from tests.simulated_trees import discrete_data, discrete_tree, random_permutations, simulated_tree


def expected(share: np.ndarray) -> np.ndarray:
    """From responsibilities (chain, draw, N, K)."""
    together = np.einsum("cdik,cdjk->ij", share, share) / (share.shape[0] * share.shape[1])
    np.fill_diagonal(together, 1)
    return together


@pytest.mark.parametrize("covariance", ["full", "tied"])
@pytest.mark.parametrize("new_rows", [False, True])
def test_it_is_the_mean_of_products_of_scipy_responsibilities(covariance, new_rows):
    tree = simulated_tree(covariance, separation=1.5, spread=0.2)
    X = np.random.default_rng(4).normal(2, 2, size=(17, 2)) if new_rows else None
    values = training_rows(tree).values if X is None else X
    found = bm.similarity(tree, X)
    assert found.dims == ("obs", "obs_bis")
    np.testing.assert_allclose(found, expected(scipy_responsibilities(tree, covariance, values)), atol=1e-12)
    np.testing.assert_array_equal(found, found.values.T)
    np.testing.assert_array_equal(np.diag(found), 1)


def test_names_of_groups_do_not_matter():
    raw = simulated_tree(separation=1.5, permutations=random_permutations((2, 12), 3, seed=1))
    np.testing.assert_allclose(bm.similarity(raw), bm.similarity(simulated_tree(separation=1.5)), atol=1e-12)


def test_blocks_of_draws_do_not_change_the_result(monkeypatch):
    tree = simulated_tree(separation=1.0)
    whole = bm.similarity(tree)
    monkeypatch.setattr(co_membership, "_BLOCK", 1000)
    np.testing.assert_allclose(bm.similarity(tree), whole, rtol=1e-12)


def test_of_many_rows_a_sample_is_taken_and_it_is_said():
    tree = simulated_tree(separation=1.5, obs=pd.Index([f"row {i}" for i in range(60)]))
    whole = bm.similarity(tree)
    with pytest.warns(UserWarning, match=r"is of 20 rows, drawn from 60: .* would take 0.0288 MB. Set max_rows=60"):
        found = bm.similarity(tree, max_rows=20, random_seed=3)
    assert found.shape == (20, 20)
    assert found.attrs["n_rows"] == 60
    np.testing.assert_allclose(found, whole.sel(obs=found["obs"], obs_bis=found["obs_bis"]), rtol=1e-12)
    with pytest.warns(UserWarning, match="sample|drawn"):
        assert found.identical(bm.similarity(tree, max_rows=20, random_seed=3))


def test_a_point_estimate_and_one_group():
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    together = em.responsibilities @ em.responsibilities.T
    np.fill_diagonal(together, 1)
    np.testing.assert_allclose(bm.similarity(em), together, atol=1e-9)
    assert (bm.similarity(simulated_tree(n_components=1)) == 1).all()


@pytest.mark.parametrize("kind", ["count", "binary", "categorical"])
def test_rows_of_every_kind(kind):
    tree, new = discrete_tree(kind), discrete_data(kind).iloc[:9]
    np.testing.assert_allclose(bm.similarity(tree, new), bm.similarity(tree).values[:9, :9], atol=1e-12)


def test_labels_are_drawn_from_the_posterior():
    """Pairs are together as often as they are probable to be; the errors are binomial, and draws of labels independent
    given those of the parameters, which are repeated."""
    tree = simulated_tree(separation=1.0, shape=(1, 1))
    draws = label_draws(tree, training_rows(tree), np.random.default_rng(0))
    assert draws.labels.shape == (1000, 60)
    often = (draws.labels[:, :, None] == draws.labels[:, None, :]).mean(axis=0)
    p = bm.similarity(tree).values
    errors = np.abs(often - p) / np.sqrt(np.maximum(p * (1 - p), 1e-3) / draws.n_draws)
    assert errors.max() < 5
    first = [np.mean(draws.labels[:, i] == 0) for i in range(60)]
    probability = bm.responsibilities(tree)["probability"].values[:, 0]
    assert np.abs(first - probability).max() < 5 * 0.5 / np.sqrt(1000)
    assert draws.n_groups.tolist() == [len(np.unique(one)) for one in draws.labels]


def test_many_rows_have_fewer_draws(monkeypatch):
    from bayesmix.posterior.partitions import label_draws as module

    tree = simulated_tree(separation=1.0, shape=(2, 400))
    monkeypatch.setattr(module, "_MOST_LABELS", 60 * 200)
    assert label_draws(tree, training_rows(tree), np.random.default_rng(0)).labels.shape == (200, 60)
    monkeypatch.setattr(module, "_MOST_LABELS", 60 * 1700)
    monkeypatch.setattr(module, "_FEWEST_DRAWS", 1600)
    assert label_draws(tree, training_rows(tree), np.random.default_rng(0)).labels.shape == (1600, 60)


def test_rows_with_missing_cells_are_judged_by_what_is_there():
    tree = simulated_tree("diag", separation=1.5, shape=(1, 1))
    X = np.array([[1.0, np.nan], [np.nan, 2.0], [2.0, 3.0], [np.nan, np.nan], [0.0, np.nan]])
    share = bm.responsibilities(tree, X)["probability"].values
    np.testing.assert_allclose(bm.similarity(tree, X), expected(share[None, None]), atol=1e-12)
    draws = label_draws(tree, read_rows(X, missing="keep"), np.random.default_rng(0))
    often = np.array([(draws.labels == k).mean(axis=0) for k in range(3)]).T
    assert np.abs(often - share).max() < 5 * 0.5 / np.sqrt(draws.n_draws)


def test_refusals():
    tree = simulated_tree()
    with pytest.raises(ValueError, match="max_rows must be an integer of at least 1, not 0"):
        bm.similarity(tree, max_rows=0)
    with pytest.raises(ValueError, match="X has 3 columns, but the model was fitted on 2"):
        bm.similarity(tree, np.zeros((4, 3)))
    with pytest.raises(TypeError, match="use random_seed"):
        bm.similarity(tree, seed=1)
