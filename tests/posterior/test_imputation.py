"""Missing cells drawn from the posterior: against normal theory, and what must be left as it is."""

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from tests.engines.em.test_missing import clouds, of_kind, with_gaps

N = 600


def off_in_errors(drawn, wanted, variance):
    """Largest distance of means over the first axis from what they should be, in their own standard errors."""
    return np.abs((drawn.mean(axis=0) - wanted) / np.sqrt(variance / len(drawn))).max()


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_cells_of_one_group_are_drawn_by_normal_regression(covariance):
    rows = with_gaps(clouds((12, 12)), 0.3)
    em = bm.Mixture(1, bm.Gaussian(covariance)).fit_em(rows)
    tables = bm.impute(em, N, random_seed=1)
    mean, matrix = em.params["means"][0], em.family.moments(em.params)[1][0]
    for i, row in enumerate(rows):
        gone, seen = np.isnan(row), ~np.isnan(row)
        if not gone.any():
            continue
        slopes = np.linalg.solve(matrix[np.ix_(seen, seen)], matrix[np.ix_(seen, gone)]).T
        wanted = mean[gone] + slopes @ (row - mean)[seen]
        spread = matrix[np.ix_(gone, gone)] - slopes @ matrix[np.ix_(seen, gone)]
        drawn = tables["x"].values[:, i][:, gone]
        assert off_in_errors(drawn, wanted, np.diagonal(spread)) < 5
        np.testing.assert_allclose(np.cov(drawn, rowvar=False).reshape(spread.shape), spread, atol=0.3 * spread.max())


def test_groups_are_drawn_by_the_responsibilities_and_cells_by_their_group():
    rows = with_gaps(of_kind("count"), 0.3)[:60]
    em = bm.Mixture(2, bm.Poisson()).fit_em(rows, random_seed=1)
    tables = bm.impute(em, N, random_seed=1)
    share = em.responsibilities[:, 1]
    error = np.sqrt(np.maximum(share * (1 - share), 1 / N) / N)
    assert np.abs((tables["group"].values.mean(axis=0) - share) / error).max() < 5
    gone, rates = np.isnan(rows), em.params["rates"]
    drawn, means = tables["x"].values[:, gone], (em.responsibilities @ rates)[gone]
    variance = (em.responsibilities @ (rates + rates**2))[gone] - means**2
    assert off_in_errors(drawn, means, variance) < 5


def test_what_was_seen_stays_and_names_and_units_go_along():
    frame = pd.DataFrame(with_gaps(clouds((30, 20), 2)), columns=["a", "b"], index=[f"r{i}" for i in range(50)])
    frame.attrs["units"] = {"b": "mm"}
    tree = bm.Mixture(2).fit_laplace(frame, draws=30, random_seed=1)
    tables = bm.impute(tree, 3, random_seed=2)
    assert tables["x"].dims == ("imputation", "obs", "feature") and tables["x"].shape == (3, 50, 2)
    np.testing.assert_array_equal(tables["missing"], frame.isna())
    seen = ~frame.isna().to_numpy()
    for table in tables["x"].values:
        np.testing.assert_array_equal(table[seen], frame.to_numpy()[seen])
        assert np.isfinite(table).all()
    assert tables["unit"].values.tolist() == ["", "mm"] and tables["obs"].values[0] == "r0"
    assert len(set(tables["draw"].values.tolist())) == 3  # each of another draw
    np.testing.assert_array_equal(bm.impute(tree, 3, random_seed=2)["x"], tables["x"])


def test_levels_are_positions_among_their_levels():
    em = bm.Mixture(2, bm.Categorical()).fit_em(with_gaps(of_kind("levels")), random_seed=1)
    assert set(np.unique(bm.impute(em, 2, random_seed=1)["x"])) == {0.0, 1.0, 2.0}


def test_student_t_rows_are_drawn_by_their_own_regression():
    """Conditional variances grow with the distance of what was given: Ding (2016)."""
    family, rng = bm.StudentT("full", dof=5.0), np.random.default_rng(1)
    params = {"means": np.zeros((1, 2)), "covariances": np.array([[[1.0, 0.6], [0.6, 1.0]]])}
    values = np.repeat([[0.0], [4.0]], 20_000, axis=0)
    drawn = family.sample_given(params, np.array([1]), np.array([0]), values, np.zeros(40_000, dtype=int), rng)
    for half, at in ((drawn[:20_000], 0.0), (drawn[20_000:], 4.0)):
        variance = 0.64 * (5 + at**2) / 6 * 6 / 4
        assert half.mean() == pytest.approx(0.6 * at, abs=5 * np.sqrt(variance / 20_000))
        assert half.var() == pytest.approx(variance, rel=0.15)


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="No cell of the training rows is missing"):
        bm.impute(bm.Mixture(1).fit_em(clouds()))
    with pytest.raises(ValueError, match="n must be an integer of at least 1, not 0"):
        bm.impute(bm.Mixture(1).fit_em(with_gaps(clouds())), 0)
