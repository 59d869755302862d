"""The bootstrap likelihood-ratio test against mclust, which climbs by its own EM, and against itself on other cores."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

import bayesmix as bm
from bayesmix.comparison import likelihood_ratio
from tests.monte_carlo import Finding, worst

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "bootstrap_lrt.json").read_text(encoding="utf-8"))
X = bm.datasets.load_galaxies()
COVARIANCES = {"EEE": "tied", "VVV": "full"}


def result_of(X, n_components, **options):
    return bm.bootstrap_lrt(X, n_components, random_seed=1, progressbar=False, **{"n_resamples": 19, **options})


@pytest.mark.gate
@pytest.mark.parametrize(
    ("theirs", "n_init"),
    [
        pytest.param(theirs, n_init, id=f"K={theirs['G']}", marks=pytest.mark.slow if theirs["G"] > 2 else ())
        for theirs, n_init in zip(REFERENCE["written_out"], (3, 6, 20), strict=True)
    ],
)
def test_statistic_and_distribution_are_those_of_mclusts_em(theirs, n_init):
    """Galaxies under one variance: the same maxima, and resampled statistics from the same distribution."""
    ours = result_of(X, theirs["G"], family="tied", n_resamples=80, n_init=n_init)
    assert ours.statistic == pytest.approx(theirs["statistic"], abs=1e-3)
    assert ks_2samp(ours.resampled, theirs["resampled"]).pvalue > 1e-3
    p = (1 + sum(one >= theirs["statistic"] for one in theirs["resampled"])) / (1 + len(theirs["resampled"]))
    error = np.hypot(ours.p_value_se, np.sqrt(p * (1 - p) / len(theirs["resampled"])))
    assert abs(ours.p_value - p) < 4 * error + 1 / (1 + ours.resampled.size)


def findings() -> list[Finding]:
    """Of the galaxies: what the likelihood gains by one group more, twice."""
    lines = []
    for theirs in REFERENCE["written_out"][:2]:
        ours = result_of(X, theirs["G"], family="tied", n_init=6).statistic
        apart = abs(ours - theirs["statistic"])
        what = f"likelihood ratio of the galaxies under one variance: {theirs['G']} against one more"
        lines.append(Finding(what, "mclust's EM, 20 starts", apart, 1e-3))
    return lines


def test_statistics():
    assert worst(findings()) == ""


@pytest.mark.parametrize("theirs", REFERENCE["packaged"], ids=lambda theirs: f"{theirs['model']}, K={theirs['G']}")
def test_p_values_are_those_of_mclusts_test_where_it_finds_the_maxima(theirs):
    ours = result_of(bm.datasets.load_faithful(), theirs["G"], family=COVARIANCES[theirs["model"]])
    assert ours.statistic == pytest.approx(theirs["statistic"], abs=0.1)
    assert theirs["p_value"] == 0.001
    assert ours.p_value == 1 / 20  # the smallest that 19 resamples have
    assert "speak against" in ours.sentence


def test_the_cores_do_not_matter(monkeypatch):
    monkeypatch.setattr(likelihood_ratio, "_WORTH_PROCESSES", 0.0)
    alone, together = (result_of(X, 2, family="tied", cores=cores) for cores in (1, 2))
    np.testing.assert_array_equal(alone.resampled, together.resampled)
    assert alone.p_value == together.p_value


@pytest.mark.gate
def test_true_numbers_are_refused_as_often_as_the_level_says():
    """p-values of rows from one Gaussian: uniform over the values that they can have."""
    rng = np.random.default_rng(0)
    found = [
        bm.bootstrap_lrt(
            rng.normal(size=(40, 1)), 1, family="tied", n_resamples=9, n_init=3, random_seed=i, progressbar=False
        ).p_value
        for i in range(50)
    ]
    counts = np.bincount(np.rint(10 * np.array(found)).astype(int), minlength=11)[1:]
    assert ((counts - 5) ** 2 / 5).sum() < 27.9  # of chi-squared with 9 degrees of freedom beyond it is 0.001


def test_counts_and_a_larger_step():
    rng = np.random.default_rng(1)
    rows = rng.poisson(rng.choice([1.0, 12.0], size=(80, 1)))
    found = result_of(rows, 1, alternative=3, family=bm.Poisson(), n_init=3)
    assert found.p_value == 1 / 20
    assert found.larger.n_components == 3
    assert (found.resampled >= -1e-4).all()


def test_words():
    found = result_of(X, 4, family="tied", n_resamples=39)
    assert found.p_value > 0.05
    assert found.sentence.startswith("The rows do not speak against 4 groups")
    assert "39" in repr(found)
    assert "Likelihood ratio of 5 to 4 groups, gaussian-tied" in found._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_components": 3, "alternative": 2}, "alternative must be larger than n_components"),
        ({"n_components": 0}, "n_components"),
        ({"n_components": 1, "n_resamples": 0}, "n_resamples must be an integer of at least 1, not 0"),
        ({"n_components": 1, "n_init": 1.5}, r"n_init must be an integer of at least 1, not 1\.5"),
        ({"n_components": 1, "cores": -1}, "cores must be an integer of at least 1, not -1"),
        ({"n_components": 1, "family": "round"}, "family"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        bm.bootstrap_lrt(X, **{"progressbar": False, **arguments})


def test_no_maximum_is_said():
    rows = np.repeat(np.eye(3), 2, axis=0)[:, :2]
    with pytest.raises(ValueError, match=r"no interior maximum on X.*Try fewer groups"):
        result_of(rows + 0.0, 2, family="full")
