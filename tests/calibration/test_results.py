"""The long version's results, judged anew from the counts of ranks in ``results.json``."""

import copy
import functools

import numpy as np
import pytest
from scipy import stats

from bayesmix import Bernoulli, Categorical, Gaussian, Poisson, StudentT
from tests.calibration import results as evidence
from tests.calibration.cells import BY_GIBBS, CELLS
from tests.calibration.planted import ERRORS, NOTHING
from tests.calibration.uniformity import p_value
from tests.laws.cases import RESTRICTED

UNTESTED = {*RESTRICTED, "EII"}  # nothing draws from the priors of the first; EII is EEI with equal variances

APPROXIMATIONS = ("laplace", "advi")


@functools.cache
def results():
    return evidence.read()


@functools.cache
def held():
    """The cells that were run."""
    return [cell for cell in CELLS if str(cell) in results()["cells"]]


def test_every_cell_has_its_replicates():
    assert set(results()["cells"]) == {str(cell) for cell in held()}
    for cell in held():
        found = results()["cells"][str(cell)]["nuts"]
        assert found["replicates"] >= 500
        assert {sum(counts) for counts in found["ranks"].values()} == {found["replicates"]}


def test_cells_cover_what_they_should():
    assert len(held()) >= 20
    assert {type(cell.family) for cell in held()} == {Gaussian, StudentT, Poisson, Bernoulli, Categorical}
    gaussians = {cell.family.covariance for cell in held() if isinstance(cell.family, Gaussian)}
    assert gaussians == set(Gaussian.structures()) - UNTESTED
    assert {cell.prior for cell in held()} == {"default", "separated"}
    assert {cell.n_features for cell in held()} == {1, 2, 3} == {cell.n_components for cell in held()}


def by_gibbs():
    """What Gibbs sampling made of its cells."""
    return {cell: results()["cells"][str(cell)]["gibbs"] for cell in BY_GIBBS}


def test_gibbs_has_its_replicates_of_every_family_covariance_and_prior():
    assert min(found["replicates"] for found in by_gibbs().values()) >= 100
    assert {type(cell.family) for cell in BY_GIBBS} == {Gaussian, StudentT, Poisson, Bernoulli, Categorical}
    gaussians = {cell.family.covariance for cell in BY_GIBBS if isinstance(cell.family, Gaussian)}
    assert gaussians == set(Gaussian.structures()) - UNTESTED
    assert {cell.prior for cell in BY_GIBBS} == {"default", "separated"}


def test_gibbs_is_calibrated():
    assert [str(cell) for cell, found in by_gibbs().items() if found["refused"]] == []
    assert evidence.bad(evidence.of_method(results(), "gibbs")) == []


def test_no_rows_were_refused():
    assert [name for name, found in results()["cells"].items() if found["nuts"]["refused"]] == []


@pytest.mark.gate
def test_nuts_is_calibrated():
    assert evidence.bad(evidence.of_method(results(), "nuts")) == []


def test_intervals_hold_as_often_as_they_promise_over_all_cells():
    found = evidence.pooled_coverage(results(), "nuts")
    assert {one.what for one in found} == {
        f"intervals of {what} {p}" for what in ("responsibilities", "log density") for p in (0.5, 0.9)
    }
    assert evidence.bad(found) == []


@pytest.mark.parametrize("promised", [0.5, 0.9])
def test_intervals_that_are_a_tenth_too_short_would_be_seen(promised):
    """Of the responsibilities, which fewer data sets judge."""
    short = 2 * stats.norm.cdf(0.9 * stats.norm.ppf((1 + promised) / 2)) - 1
    planted = copy.deepcopy(results())
    name = f"responsibilities {promised}"
    for cell in planted["cells"].values():
        for kind, seen in cell["nuts"]["coverage"].items():
            if kind == name:
                seen["picked"] = round(short * seen["replicates"])
    assert [one.what for one in evidence.bad(evidence.pooled_coverage(planted, "nuts"))] == [f"intervals of {name}"]


def test_nothing_is_found_where_nothing_is_planted():
    assert evidence.bad(list(evidence.judgements(NOTHING, results()["planted"][NOTHING]))) == []


@pytest.mark.parametrize("error", ERRORS)
def test_planted_errors_are_caught(error):
    assert evidence.bad(list(evidence.judgements(error, results()["planted"][error]))) != []


@pytest.mark.parametrize("method", APPROXIMATIONS)
def test_pareto_k_tells_bad_approximations_from_good_ones(method):
    good, bad = evidence.by_pareto_k(results(), method).values()
    assert min(good.replicates, bad.replicates) >= 50
    assert stats.mannwhitneyu(bad.errors, good.errors, alternative="greater").pvalue < 1e-3
    apart = good.central[0] - bad.central[0]
    assert apart > 2 * np.hypot(good.central[1], bad.central[1])


def test_a_rank_moved_from_one_end_to_the_other_is_seen():
    """What the counts say depends on where the ranks are, and not on how many there are."""
    counts = np.array(results()["cells"][str(held()[0])]["nuts"]["ranks"]["log-likelihood"])
    tilted = counts.copy()
    tilted[0] += tilted[60:75].sum()
    tilted[60:75] = 0
    assert p_value(tilted) < 1e-6 < p_value(counts)
