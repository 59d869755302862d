"""LOO from a sample of rows, beside that of all rows and ArviZ's."""

import warnings
from dataclasses import replace

import arviz as az
import numpy as np
import pytest

from bayesmix.comparison import loo
from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.refit import _with_repaired
from bayesmix.comparison.row_sample import estimated
from bayesmix.comparison.table import make_table
from bayesmix.mixture import Mixture
from bayesmix.tree import training_rows
from tests.comparison.trees import scattered, stored
from tests.simulated_trees import simulated_tree

N, SAMPLE = 1500, 150


@pytest.fixture(scope="module")
def tree():
    return simulated_tree("full", n_rows=N, shape=(2, 150), spread=0.1)


@pytest.fixture(scope="module")
def whole(tree):
    return loo(tree)


def test_the_error_is_what_samples_scatter_by(tree, whole):
    found = [loo(tree, n_rows=SAMPLE, random_seed=seed) for seed in range(40)]
    z = np.array([(one.elpd - whole.elpd) / one.subsampling_se for one in found])
    assert abs(z.mean()) < 4 / np.sqrt(40)
    assert 0.6 < z.std() < 1.5
    errors = np.array([one.se for one in found])
    assert errors.mean() == pytest.approx(whole.se, rel=0.05)
    p = np.array([one.p for one in found])
    assert abs(p.mean() - whole.p) < 4 * p.std() / np.sqrt(40)


def test_the_estimate_is_that_of_arviz():
    """With the density of every row over all draws in the place of that over some, as ArviZ takes it."""
    tree = stored(scattered())
    rows = np.array([1, 4, 9, 20, 31])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = az.loo_subsample(tree, observations=rows, method="lpd", pointwise=True)
    made = estimated(loo(tree).elpd_i.values[rows], expected.elpd_loo_approx.values, rows)
    for name in ("elpd", "se", "subsampling_se"):
        assert made[name] == pytest.approx(getattr(expected, name), rel=1e-10)
    assert made["elpd_i"].sum() == pytest.approx(expected.elpd)


def test_what_was_left_out_is_as_in_the_whole(tree, whole):
    made = loo(tree, n_rows=SAMPLE)
    rows = made.loo_subsample_observations
    assert len(set(rows)) == SAMPLE
    np.testing.assert_allclose(made.elpd_i.values[rows], whole.elpd_i.values[rows], rtol=0, atol=1e-10)
    np.testing.assert_allclose(made.pareto_k.values[rows], whole.pareto_k.values[rows], rtol=0, atol=1e-10)
    assert np.isnan(made.pareto_k.values).sum() == N - SAMPLE
    assert made.elpd_i.values.sum() == pytest.approx(made.elpd)
    assert "subsampled" in str(made)


def test_as_many_rows_as_there_are_is_all_of_them(tree, whole):
    assert loo(tree, n_rows=N).elpd == whole.elpd
    assert type(loo(tree, n_rows=N + 1)) is type(whole)


def test_a_repaired_row_counts_for_many(tree):
    made = loo(tree, n_rows=SAMPLE)
    row = int(made.loo_subsample_observations[3])
    better = _with_repaired(made, {row: (float(made.elpd_i.values[row]) + 1.0, 0.0)}, training_rows(tree))
    assert better.elpd - made.elpd == pytest.approx(N / SAMPLE)
    assert better.p - made.p == pytest.approx(-N / SAMPLE)
    assert better.pareto_k.values[row] == 0.0


def test_models_are_compared_by_the_same_rows(tree, whole):
    """The error of a difference is far below the errors of the two."""
    made = loo(tree, n_rows=SAMPLE)
    off = np.random.default_rng(5).normal(-0.02, 0.05, N)
    rows = made.loo_subsample_observations
    worse = replace(made, elpd_loo_approx=made.elpd_loo_approx - 0.01)
    worse = replace(worse, **_parts(worse, made.elpd_i.values[rows] + off[rows]))
    candidates = [Candidate(Mixture(k), loo=one) for k, one in ((2, made), (3, worse))]
    table, _ = make_table(candidates)
    row = table.loc[("gaussian-full", 3)]
    assert abs(row["elpd_diff"] - off.sum()) < 4 * np.sqrt(N * 0.05**2 * N / SAMPLE)
    assert 0.5 * 0.05 * N / np.sqrt(SAMPLE) < row["dse"] < 2 * 0.05 * N / np.sqrt(SAMPLE)
    assert row["dse"] < made.subsampling_se + made.se
    assert 0 <= row["p_worse"] <= 1


def _parts(elpd, values):
    found = estimated(values, elpd.elpd_loo_approx.values, elpd.loo_subsample_observations)
    return found | {"elpd_i": elpd.elpd_i.copy(data=found["elpd_i"])}


@pytest.mark.parametrize(("n_rows", "error"), [(1, ValueError), (0, ValueError), (2.5, TypeError), (True, TypeError)])
def test_bad_numbers_of_rows_are_refused(tree, n_rows, error):
    with pytest.raises(error, match="n_rows must be"):
        loo(tree, n_rows=n_rows)
