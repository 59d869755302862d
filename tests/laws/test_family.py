"""What every family promises: its functions are one density, and say the same of it."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.linalg import solve_triangular
from scipy.special import gammaln, logsumexp

import bayesmix as bm
from bayesmix.families import family_from_name
from bayesmix.families.parts import Point
from tests.laws.cases import CASES, FAMILIES, LIKELIHOOD_CASES
from tests.laws.test_score import ROOTS
from tests.monte_carlo import Estimate

ROUNDING = 1e-11  # of sums and log densities, next to one plus their size
NUMPY = SimpleNamespace(
    log=np.log,
    log1p=np.log1p,
    gammaln=gammaln,
    logsumexp=logsumexp,
    diagonal=lambda matrices: np.diagonal(matrices, axis1=-2, axis2=-1),
    solve_lower=lambda factor, columns: np.stack(
        [
            solve_triangular(one, of_one, lower=True)
            for one, of_one in zip(np.broadcast_to(factor, (len(columns), *factor.shape[-2:])), columns, strict=True)
        ]
    ),
)


def point_of(case, seed=0):
    weights, params = case.parameters(seed)
    return Point(weights, case.problem.standardised.to_state(params))


def test_names_lead_to_families():
    for line in FAMILIES:
        assert family_from_name(str(line.family)) == line.family
        for name in line.family.names():
            assert type(family_from_name(name)) is type(line.family)


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_statistics_add(case):
    """Law 1: over blocks of rows, and whole weights are repeated rows."""
    family, columns, point = case.family, case.problem.standardised.columns, point_of(case)
    form, n_rows = family.form(point.weights, point.state), len(case.X)
    whole = family.statistics(form, columns)
    parts = [family.statistics(form, np.ascontiguousarray(part)) for part in np.array_split(columns, 3, axis=1)]
    added = parts[0] + parts[1] + parts[2]
    times = np.random.default_rng(0).integers(0, 3, n_rows)
    weighted = family.statistics(form, columns, times.astype(float))
    repeated = family.statistics(form, np.repeat(columns, times, axis=1))
    for one, other in ((added, whole), (weighted, repeated)):
        assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=ROUNDING)
        for found, wanted in zip((one.counts, *one.sums), (other.counts, *other.sums), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING * (1 + np.abs(wanted).max()))


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_statistics_of_other_parameters_do_not_add(case):
    columns = case.problem.standardised.columns
    one, other = (
        case.family.statistics(case.family.form(point.weights, point.state), columns)
        for point in (point_of(case), point_of(case, seed=1))
    )
    with pytest.raises(ValueError, match="different parameters do not add"):
        one + other


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_one_pass_is_the_sum_of_the_rows(case):
    """Law 2: log-likelihood and counts by the densities of rows, in the units of the data."""
    weights, params = case.parameters()
    standardised, point = case.problem.standardised, point_of(case)
    statistics = case.family.statistics(case.family.form(point.weights, point.state), standardised.columns)
    joint = case.family.log_joint(weights, params, case.rows.values)
    rows = logsumexp(joint, axis=1)
    found = statistics.log_likelihood + standardised.log_likelihood_shift
    assert found == pytest.approx(rows.sum(), rel=ROUNDING, abs=ROUNDING * np.abs(rows).sum())
    np.testing.assert_allclose(statistics.counts, np.exp(joint - rows[:, None]).sum(axis=0), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_every_way_to_the_density_of_a_row(case):
    """Law 6: joint and marginal densities, the fused likelihood, and the density written out."""
    weights, params = case.parameters()
    family, X = case.family, case.rows.values
    rows = family.log_mixture(weights, params, X)
    entering = [ROOTS[spec.enters](params[spec.name]) for spec in family.parameters]
    fused, columns = family.fused, family.columns(X)
    value, *_ = fused.total(*fused.laid_out(columns, np.empty(0), np.log(weights), *entering))
    ways = {
        "joint": logsumexp(family.log_joint(weights, params, X), axis=1),
        "fused": fused.rows(*fused.laid_out(columns, np.log(weights), *entering)),
        "written out": family.written_out(NUMPY, columns, np.log(weights), *entering),
    }
    for name, found in ways.items():
        np.testing.assert_allclose(found, rows, rtol=ROUNDING, atol=ROUNDING, err_msg=name)
    assert value == pytest.approx(rows.sum(), rel=ROUNDING)


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_responsibilities(case):
    points = [case.parameters(seed) for seed in range(3)]
    weights = np.stack([one for one, _ in points])
    params = {name: np.stack([one[name] for _, one in points]) for name in points[0][1]}
    family, X = case.family, case.rows.values
    joint = family.log_joint(weights, params, X)
    wanted = np.exp(joint - logsumexp(joint, axis=-1, keepdims=True))
    for draw, (one, of_one) in enumerate(points):
        np.testing.assert_array_equal(family.log_joint(one, of_one, X), joint[draw])
    blocks = list(family.responsibilities_blocks(weights, params, X, max_values=3 * case.n_components * 7))
    found = np.concatenate([block for _, block in blocks], axis=1)
    assert len(blocks) > 1
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(found, wanted.transpose(2, 1, 0), rtol=1e-9, atol=1e-12)
    ends = np.array([5, 5, 17, len(X)])
    sums = np.stack([part.sum(axis=1) for part in np.split(wanted, ends[:-1], axis=1)], axis=1)
    np.testing.assert_allclose(family.group_sums(weights, params, X, ends), sums, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_standardised_units_there_and_back(case):
    _, params = case.parameters()
    back = case.problem.standardised.to_params(case.problem.standardised.to_state(params))
    assert set(back) == set(params)
    for name, value in params.items():
        np.testing.assert_allclose(back[name], value, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("case", [case for case in CASES if case.problem.conditional is not None], ids=str)
def test_log_prior_of_the_conditional_is_that_of_the_parameters(case):
    """What EM adds to the log-likelihood, in standardised units, is what stands beside the draws."""
    for seed in range(3):
        weights, params = case.parameters(seed)
        named = {"weights": weights, **case.family.complete(params, case.problem.priors)}
        wanted = sum(case.family.log_prior_terms(case.problem.priors, named).values())
        found = case.problem.conditional.log_prior(case.problem.standardised.to_state(params))
        assert found == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_draws_have_the_density(case):
    """The mean of the ratio of another density to this one, over draws of this one, is one."""
    q = 0.3 * case.points(1)[0]
    other = case.density.constrain(q + 0.05 * np.random.default_rng(1).normal(size=q.size))
    one = case.density.constrain(q)
    rows, labels = case.family.sample(one["weights"], one, 20_000, np.random.default_rng(2))
    log_ratios = case.family.log_mixture(other["weights"], other, rows) - case.family.log_mixture(
        one["weights"], one, rows
    )
    ratios = np.exp(log_ratios)
    assert np.isfinite(ratios).all()
    assert Estimate(ratios.mean(), ratios.std() / np.sqrt(ratios.size)).errors_from(1.0) < 4
    share = np.bincount(labels, minlength=case.n_components) / labels.size
    assert np.all(np.abs(share - one["weights"]) < 4.5 * np.sqrt(one["weights"] / labels.size) + 1e-12)


@pytest.mark.parametrize("case", LIKELIHOOD_CASES, ids=str)
def test_all_features_are_a_marginal(case):
    weights, params = case.parameters()
    X = case.rows.values
    family, of_all = case.family.marginal(params, np.arange(case.n_features))
    wanted = case.family.log_mixture(weights, params, X)
    np.testing.assert_allclose(family.log_mixture(weights, of_all, X), wanted, rtol=1e-9)


SAVED = [case for case in CASES if (case.n_features, case.n_components) == (2, 3)]


@pytest.mark.parametrize("case", SAVED, ids=str)
def test_saved_and_loaded(case, tmp_path):
    em = case.mixture.fit_em(case.X, n_init=2, random_seed=1)
    loaded = bm.load(bm.save(em, tmp_path / "em.nc"))
    assert bm.Mixture.from_tree(loaded) == case.mixture
    found = bm.responsibilities(loaded, case.X)["probability"]
    np.testing.assert_array_equal(found, em.predict_proba(case.X))
    for name, value in em.params.items():
        np.testing.assert_array_equal(loaded["posterior"][name].values[0, 0], value)
