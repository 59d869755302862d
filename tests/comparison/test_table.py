from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest

from bayesmix.comparison import display_table
from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.information import waic
from bayesmix.comparison.leave_one_out import loo
from bayesmix.comparison.notes import of_rankings
from bayesmix.comparison.table import COLUMNS, make_table
from bayesmix.datasets import load_faithful
from bayesmix.mixture import Mixture
from bayesmix.posterior.labels import diagnose

K = (1, 2, 3)


@pytest.fixture(scope="module")
def candidates():
    """Laplace fits: fast, and enough to fill the table."""
    X = load_faithful()[::2]
    made = []
    for k in K:
        mixture = Mixture(k).resolve_priors(X)
        em = mixture.fit_em(X, random_seed=1)
        ml = mixture.fit_em(X, random_seed=1, estimate="ml")
        tree = mixture.fit_laplace(X, init=em, random_seed=1)
        diagnosis = diagnose(tree)
        made.append(Candidate(mixture, em, ml, tree, diagnosis, loo(tree), waic(tree)))
    return made


def test_index_and_columns(candidates):
    table, _ = make_table(candidates)
    assert table.index.names == ["family", "n_components"]
    assert list(table.index) == [("gaussian-full", k) for k in K]
    assert tuple(table.columns) == COLUMNS
    assert table["log_evidence"].isna().all()  # of approximations there is none
    np.testing.assert_allclose(table["bic"], [c.ml.bic for c in candidates])
    np.testing.assert_allclose(table["elpd_loo"], [c.loo.elpd for c in candidates])
    np.testing.assert_allclose(table["se_waic"], [c.waic.se for c in candidates])
    assert table["n_parameters"].tolist() == [5, 11, 17]
    assert table["n_parameters"].dtype == int
    assert table["divergences"].isna().all()  # independent draws


def test_differences_and_weights_are_arviz_s(candidates):
    table, _ = make_table(candidates)
    expected = az.compare({str(c.key): c.loo for c in candidates}, round_to="none")
    for column in ("elpd_diff", "dse", "p_worse"):
        values = expected[column].reindex([str(c.key) for c in candidates])
        np.testing.assert_allclose(table[column], values.astype(float), rtol=1e-9, atol=1e-9)
    weights = expected["weight"].reindex([str(c.key) for c in candidates])
    np.testing.assert_allclose(table["weight"], weights.astype(float), atol=1e-3)
    assert table["weight"].sum() == pytest.approx(1)


def test_weights_in_units_whose_densities_no_float_holds(candidates):
    shifted = []
    for candidate in candidates:
        elpd = candidate.loo
        far = replace(elpd, elpd_i=elpd.elpd_i - 2000, elpd=elpd.elpd - 2000 * elpd.n_data_points)
        shifted.append(replace(candidate, loo=far))
    here, there = make_table(candidates)[0], make_table(shifted)[0]
    for column in ("elpd_diff", "dse", "weight"):
        np.testing.assert_allclose(there[column], here[column], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("changes", [{"distrust": ("a reason",)}, {"n_bad_k": 2}])
def test_models_that_cannot_be_trusted_take_no_part(candidates, changes):
    table, _ = make_table([*candidates[:2], replace(candidates[2], **changes)])
    assert np.isfinite(table.loc[("gaussian-full", 3), "elpd_loo"])
    for column in ("elpd_diff", "dse", "p_worse", "weight"):
        assert np.isnan(table.loc[("gaussian-full", 3), column])
    assert table["elpd_diff"].max() == 0
    assert table["weight"].sum() == pytest.approx(1)
    shown = display_table(table)
    assert shown.loc[("gaussian-full", 3), "elpd_loo"].startswith("[")
    assert shown.loc[("gaussian-full", 3), "elpd_diff"] == "-"
    assert not shown.loc[("gaussian-full", 2), "elpd_loo"].startswith("[")


def test_nothing_trusted_and_nothing_fitted(candidates):
    bare = Candidate(Mixture(7), notes=("not fitted: too few rows",))
    table, remarks = make_table([replace(candidates[0], distrust=("a reason",)), bare])
    assert table["elpd_diff"].isna().all()
    assert table.loc[("gaussian-full", 7), "notes"] == "not fitted: too few rows"
    assert table.loc[("gaussian-full", 7)].drop(["engine", "notes"]).isna().all()
    assert remarks == ()


def test_more_than_eleven_models_are_remarked_on(candidates):
    """ArviZ warns of selection among many alike; the warning becomes a remark."""
    rng = np.random.default_rng(0)
    many = []
    for k in range(1, 14):
        elpd = candidates[1].loo
        elpd_i = elpd.elpd_i + 0.01 * rng.normal(size=elpd.n_data_points)
        noisy = replace(elpd, elpd_i=elpd_i, elpd=float(elpd_i.sum()))
        many.append(Candidate(Mixture(k), loo=noisy))
    _, remarks = make_table(many)
    assert remarks[0].startswith("With 13 models compared, the best may owe its place to chance")


def test_bic_at_the_map_is_noted_where_it_ranks_otherwise(candidates):
    one, two, three = candidates
    assert two.ml.bic < three.ml.bic < one.ml.bic
    assert of_rankings([replace(c, em=c.ml) for c in candidates]) == {}
    said = of_rankings([replace(two, em=three.em), replace(three, em=two.em)])
    assert said[two.key] == [f"BIC at the MAP estimate is {three.em.bic:.1f}, which ranks 2nd instead of 1st"]


def test_display_is_text(candidates):
    shown = display_table(make_table(candidates)[0])
    assert isinstance(shown, pd.DataFrame)
    assert shown.loc[("gaussian-full", 1), "n_parameters"] == "5"
    assert shown.loc[("gaussian-full", 1), "max_rhat"] == "-"
