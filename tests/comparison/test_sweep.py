"""The sweep on real rows: every model kept, each judged, none able to stop the others."""

import io
import signal
from contextlib import redirect_stderr
from time import sleep

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.stats import poisson

import bayesmix.comparison.estimates as estimates
import bayesmix.comparison.evaluation as evaluation
from bayesmix import Gaussian
from bayesmix.comparison import Comparison, compare
from bayesmix.comparison.evaluation import Settings
from bayesmix.comparison.sweep import sweep
from bayesmix.comparison.table import COLUMNS
from bayesmix.datasets import load_faithful, load_galaxies
from bayesmix.priors import Dirichlet, NormalInverseWishart

FULL, DIAG = Gaussian("full"), Gaussian("diag")


def quick(X, numbers, families=(FULL,), priors=None, seed=1, **settings) -> Comparison:
    return sweep(X, numbers, families, priors, Settings(**settings), seed, progressbar=False)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(load_faithful()[::2], [1, 2], families=[FULL, DIAG], random_seed=3, progressbar=False)


def test_table(comparison):
    table = comparison.table
    assert list(table.index) == [(f, k) for f in ("gaussian-full", "gaussian-diag") for k in (1, 2)]
    assert tuple(table.columns) == COLUMNS
    assert table.drop(columns=["notes", "p_worse"]).notna().all(axis=None)
    assert (table["max_rhat"] < 1.01).all()
    assert (table["min_ess"] > 400).all()
    assert table["n_bad_k"].dtype == table["divergences"].dtype == int
    assert table["weight"].sum() == pytest.approx(1)
    np.testing.assert_allclose(table["elpd_loo"], table["elpd_waic"], atol=1)


def test_two_groups_are_found(comparison):
    assert comparison.advice[0].startswith("2 groups: ")
    for criterion in ("loo", "waic", "bic", "aic", "icl"):
        assert comparison.best(criterion).key == ("gaussian-full", 2)
    assert comparison.chosen is comparison.best()
    assert comparison.trusted.all()


def test_indexing(comparison):
    candidate = comparison["gaussian-full", 2]
    assert candidate is comparison[FULL, 2]
    assert candidate.key == ("gaussian-full", 2)
    assert candidate.ml.estimate == "ml"
    assert candidate.em.estimate == "map"
    assert candidate.ml.log_likelihood > candidate.em.log_likelihood
    assert candidate.mixture.priors == candidate.em.priors  # resolved, and the same throughout
    assert candidate.loo.elpd == comparison.table.loc[candidate.key, "elpd_loo"]
    assert candidate.tree["posterior"].sizes["component"] == 2
    assert comparison.tree_to_show() is candidate.tree
    with pytest.raises(KeyError, match=r"'gaussian-full', 7.*one of .*'gaussian-diag', 1"):
        comparison["gaussian-full", 7]
    with pytest.raises(KeyError, match="ask for"):
        comparison[2]
    with pytest.raises(ValueError, match="criterion must be one of"):
        comparison.best("dic")


def test_a_model_does_not_depend_on_its_companions(comparison):
    alone = compare(load_faithful()[::2], 2, families=DIAG, random_seed=3, progressbar=False)
    assert alone.table.loc[("gaussian-diag", 2), "elpd_loo"] == pytest.approx(
        comparison.table.loc[("gaussian-diag", 2), "elpd_loo"], abs=1e-12
    )


def test_the_order_of_models_and_the_cores_change_nothing(comparison):
    """To the last bit."""
    turned = compare(load_faithful()[::2], [2, 1], families=[DIAG, FULL], random_seed=3, cores=1, progressbar=False)
    for candidate in comparison.candidates:
        other = turned[candidate.key]
        for name, values in candidate.tree["posterior"].data_vars.items():
            np.testing.assert_array_equal(values, other.tree["posterior"][name], strict=True)
        assert candidate.ml.log_likelihood == other.ml.log_likelihood
        assert candidate.loo.elpd == other.loo.elpd
        assert candidate.waic.elpd == other.waic.elpd
        assert candidate.evidence.log_evidence == other.evidence.log_evidence
        assert candidate.notes == other.notes


def test_shown(comparison, tmp_path):
    assert "2 groups" in repr(comparison)
    assert "gaussian-diag" in repr(comparison)
    assert "<table" in comparison._repr_html_()
    assert isinstance(comparison.plot(), Figure)
    page = comparison.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "2 groups" in page
    assert "bm.compare(" in page
    assert "n_components=[1, 2]" in comparison.code
    assert 'families=[bm.Gaussian("full"), bm.Gaussian("diag")]' in comparison.code
    assert "mixture of 2" in repr(comparison["gaussian-full", 2])


def test_one_feature_has_one_covariance():
    made = quick(
        load_galaxies(),
        [2],
        [Gaussian(c) for c in ("diag", "full", "tied", "spherical")],
        method="em",
    )
    assert list(made.table.index) == [("gaussian-diag", 2), ("gaussian-tied", 2)]
    others = ("gaussian-full", "gaussian-spherical")
    assert made.same_as == {(name, 2): "gaussian-diag" for name in others}
    said = "with one feature gaussian-full and gaussian-spherical are this same model"
    assert said in made.table.loc[("gaussian-diag", 2), "notes"]
    assert said not in made.table.loc[("gaussian-tied", 2), "notes"]
    assert made["gaussian-full", 2] is made["gaussian-diag", 2]


def test_point_estimates_only():
    made = quick(load_faithful(), [1, 2, 3], method="em")
    assert made.table[["elpd_loo", "elpd_waic", "max_rhat", "n_bad_k", "weight"]].isna().all(axis=None)
    assert made.best("bic").key == ("gaussian-full", 2)
    assert made.best() is made.best("bic")
    assert "BIC decides" in made.advice[0]
    assert "point estimates only" in made.advice[0]
    assert made["gaussian-full", 2].tree is None
    assert made.tree_to_show()["posterior"].sizes["draw"] == 1
    with pytest.raises(ValueError, match=r"No model has a loo that can be trusted.*method='em'"):
        made.best("loo")
    assert isinstance(made.plot(), Figure)


def test_laplace_is_judged_by_pareto_k():
    made = quick(load_faithful()[::2], [1, 2], method="laplace")
    table = made.table
    assert table["max_rhat"].isna().all()
    assert table["divergences"].isna().all()
    assert table["elpd_loo"].notna().all()
    for candidate in made.candidates:
        assert candidate.loo.approx_posterior
        far = candidate.tree["posterior"].attrs.get("pareto_k", np.nan) > 0.7
        assert bool(candidate.distrust) == far


def test_a_model_that_does_not_fit_the_data_is_a_note():
    X = pd.DataFrame({"a": [0.0, 0.1, 5.0, 5.1, 0.2, 5.2], "b": [1.0, 1.1, 3.0, 3.1, 0.9, 3.3]})
    made = quick(X, [1, 2, 9], method="em")
    failed = made["gaussian-full", 9]
    assert failed.em is None
    assert "not fitted: X has fewer distinct rows than groups" in failed.notes[0]
    assert made.table.loc[("gaussian-full", 9)].drop(["engine", "notes"]).isna().all()
    assert made.table.loc[("gaussian-full", 1), "bic"] > 0
    with pytest.raises(ValueError, match=r"No model can be fitted.*fewer distinct rows"):
        quick(X, [8, 9], method="em")


def test_collinear_columns_stop_the_full_covariance_only():
    X = load_faithful()[::4].assign(twice=lambda frame: 2 * frame["waiting"])
    made = quick(X, [1], [FULL, DIAG], method="em")
    assert "collinear" in made.table.loc[("gaussian-full", 1), "notes"]
    assert np.isfinite(made.table.loc[("gaussian-diag", 1), "bic"])


def test_priors_that_do_not_fit_one_model_are_a_note():
    made = quick(load_faithful(), [2, 3], priors={"weights": Dirichlet((1.0, 2.0))}, method="em")
    assert "2 concentrations for 3 groups" in made.table.loc[("gaussian-full", 3), "notes"]
    diagonal = {"components": NormalInverseWishart(scale=(1.0, 1.0))}
    made = quick(load_faithful(), [1], [FULL, DIAG], diagonal, method="em")
    assert "scale must have shape" in made.table.loc[("gaussian-full", 1), "notes"]


def test_a_sampler_that_fails_is_a_note(monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("all initialisations failed")

    monkeypatch.setattr(evaluation, "fit_posterior", fail)
    made = quick(load_faithful(), [2], method="nuts")
    assert "NUTS failed: all initialisations failed" in made.table["notes"].iloc[0]
    assert np.isfinite(made.table["bic"].iloc[0])
    assert made.table["elpd_loo"].isna().all()


def test_chains_that_narrowly_fail_a_gate_run_longer():
    made = quick(load_faithful()[::2], [2], options={"draws": 120})
    tree = made["gaussian-full", 2].tree
    times = tree["posterior"].sizes["draw"] // 120
    assert 2 <= times <= 5
    assert f"{120 * times} draws a chain, since 120 gave" in made.table["notes"].iloc[0]


@pytest.mark.parametrize("error", [TypeError, KeyError, ValueError, NotImplementedError])
def test_errors_of_the_program_are_not_swallowed(monkeypatch, error):
    def fail(*args, **options):
        raise error("a mistake")

    monkeypatch.setattr(evaluation, "fit_posterior", fail)
    with pytest.raises(error, match="a mistake"):
        quick(load_faithful(), [2])


@pytest.mark.parametrize("cores", [1, 2])
def test_an_interrupted_sweep_keeps_what_is_finished(monkeypatch, cores):
    """The third model presses Ctrl-C and goes on; with two cores its thread is interrupted, too."""
    fit, went_on = evaluation.fit_posterior, []

    def interrupt(problem, *args, **options):
        if problem.n_components == 3:
            signal.raise_signal(signal.SIGINT)
            for _ in range(400):
                sleep(0.05)
            went_on.append(problem)
        return fit(problem, *args, **options)

    monkeypatch.setattr(evaluation, "fit_posterior", interrupt)
    made = quick(load_faithful()[::4], [1, 2, 3, 4], method="laplace", cores=cores)
    table = made.table
    assert not went_on
    assert np.isfinite(table["elpd_loo"].iloc[:2]).any()
    assert table["elpd_loo"].iloc[2:].isna().all()
    assert np.isfinite(table["bic"]).all()
    for note in table["notes"].iloc[2:]:
        assert "not finished: the comparison was interrupted" in note
    assert not made["full", 4].reached
    assert made["full", 1].reached or made["full", 2].reached


def test_a_sweep_that_is_interrupted_at_once_is_an_interruption(monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(estimates, "fit_em", interrupt)
    with pytest.raises(KeyboardInterrupt):
        quick(load_faithful()[::4], [2, 1], method="em")


def test_every_start_collapsed(monkeypatch):
    monkeypatch.setattr(estimates, "maximum_likelihood", lambda *args: None)
    made = quick(load_faithful(), [2], method="em")
    candidate = made["gaussian-full", 2]
    assert made.table["bic"].iloc[0] == candidate.em.bic
    assert "BIC, AIC and ICL are at the MAP estimate" in made.table["notes"].iloc[0]


def test_few_rows_and_wide_data():
    rng = np.random.default_rng(0)
    made = quick(rng.normal(size=(8, 10)), [1], [FULL, DIAG], method="em")
    assert made["gaussian-full", 1].ml is None  # the covariance is singular
    assert made["gaussian-diag", 1].ml is not None
    sampled = quick(load_faithful()[::8], [1], method="laplace")
    assert any("fewer than 100 rows" in sentence for sentence in sampled.advice)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_components": []}, ValueError, "n_components is empty"),
        ({"n_components": 0}, ValueError, "n_components must be an integer of at least 1"),
        ({"n_components": [1, 2.5]}, TypeError, "n_components"),
        ({"n_components": "1:6"}, TypeError, "n_components"),
        ({"n_components": 2, "method": "mcmc"}, ValueError, "method must be one of 'auto'"),
        ({"n_components": 2, "families": ["fulll"]}, ValueError, "no family is called 'fulll'"),
        ({"n_components": 2, "families": []}, ValueError, "families is empty"),
        ({"n_components": 2, "random_seed": -1}, ValueError, "random_seed"),
        ({"n_components": 2, "priors": {"weight": 1}}, ValueError, "no part named 'weight'"),
    ],
)
def test_refusals(arguments, error, message):
    with pytest.raises(error, match=message):
        compare(load_faithful(), progressbar=False, **arguments)


def test_progress_goes_to_standard_error(capsys):
    with redirect_stderr(io.StringIO()):
        compare(load_faithful(), range(1, 3), method="em", random_seed=1)
    assert capsys.readouterr().out == ""


COUNTS = pd.DataFrame(
    {"calls": [0, 1, 0, 2, 1, 9, 11, 8, 10, 12, 1, 9], "visits": [3, 2, 4, 3, 2, 0, 1, 0, 0, 1, 3, 0]}
)


@pytest.mark.parametrize(
    ("families", "message"),
    [
        (["full", "poisson"], "'gaussian-full' has densities of rows and 'poisson' probabilities"),
        (["bernoulli", "poisson"], "'bernoulli' takes binary columns and 'poisson' count columns"),
    ],
)
def test_what_does_not_compare_is_refused(families, message):
    with pytest.raises(ValueError, match=message):
        compare(COUNTS, 2, families=families, method="em", progressbar=False)


def test_counts_are_compared_as_counts():
    made = compare(COUNTS, [1, 2], families="poisson", method="em", random_seed=1, progressbar=False)
    assert made.rows.kinds == ("count", "count")
    assert made.table.loc[("poisson", 2), "bic"] < made.table.loc[("poisson", 1), "bic"]
    # one component: the rates are the means of the columns
    by_hand = poisson.logpmf(COUNTS.to_numpy(), COUNTS.mean().to_numpy()).sum()
    assert made.table.loc[("poisson", 1), "log_likelihood"] == pytest.approx(by_hand, rel=1e-9)


def test_mclust_is_all_covariances_and_no_model_twice():
    """With one component there are three models: balls, axes along the features, and free matrices."""
    X = load_faithful()
    made = compare(X, [1, 2], families="mclust", method="em", random_seed=1, progressbar=False)
    names = [f"gaussian-{one}" for one in Gaussian.structures()]
    assert len(names) == 14
    assert list(made.table.xs(2, level="n_components").index) == names
    alone = made.table.xs(1, level="n_components")
    assert set(alone.index) == {"gaussian-full", "gaussian-diag", "gaussian-spherical"}
    assert "with one component gaussian-EII is this same model" in alone.loc["gaussian-spherical", "notes"]
    assert made["VEV", 1] is made["full", 1]
    assert sorted(alone["n_parameters"]) == [3, 4, 5]
