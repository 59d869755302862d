"""The expected objective of an M-step, and minibatches: what else a density offers."""

import numpy as np
import pytest

from bayesmix.em.numeric import NumericRule
from bayesmix.em.units import Units
from tests.laws.cases import CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_slope_at_the_point_of_the_pass_is_the_score(case):
    """Fisher's identity: at the parameters whose responsibilities are used, both objectives have one slope."""
    units = Units(case.rows, case.family)
    rule = NumericRule(case.density, case.family, units, case.mixture.priors.weights)
    weights, params = case.parameters(seed=8)
    point = units.to_point(weights, params)
    form = case.family.standard_form_of_factor(point.weights, point.means, point.factor)
    statistics = case.family.statistics(form, units.columns)
    q = case.density.unconstrain({"weights": weights, **params})
    value, slope = case.density.expected_logp_grad(q, *rule._moments(point, statistics))
    wanted, wanted_slope = case.density.map_logp_grad(q)
    np.testing.assert_allclose(slope, wanted_slope, rtol=0, atol=1e-9 * (1 + np.max(np.abs(wanted_slope))))
    # and their heights differ by the entropy of the allocations
    joint = case.family.log_joint(weights, params, case.X)
    log_r = joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)
    entropy = -(np.exp(log_r) * log_r).sum()
    assert value == pytest.approx(wanted - entropy, rel=1e-10)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_expected_objective_of_no_rows_is_the_log_prior(case):
    from bayesmix.density.prior_terms import log_prior_terms

    units = Units(case.rows, case.family)
    rule = NumericRule(case.density, case.family, units, case.mixture.priors.weights)
    weights, params = case.parameters(seed=9)
    named = case.density.constrain(case.density.unconstrain({"weights": weights, **params}))
    terms = log_prior_terms(case.family, case.mixture.priors, named)
    assert rule.log_prior(units.to_point(weights, params)) == pytest.approx(sum(terms.values()), rel=1e-9)


@pytest.mark.parametrize("case", CASES[::5], ids=str)
def test_minibatches_average_to_the_whole(case):
    """Over a partition into equal parts, the mean of the estimates is the log density itself."""
    density, n = case.density, len(case.X)
    parts = np.random.default_rng(0).permutation(n).reshape(-1, 10)
    q = case.points(1)[0]
    estimates = [density.minibatch(part).logp_grad(q) for part in parts]
    value, slope = density.logp_grad(q)
    assert np.mean([one for one, _ in estimates]) == pytest.approx(value, rel=1e-11)
    np.testing.assert_allclose(np.mean([one for _, one in estimates], axis=0), slope, atol=1e-9 * np.abs(slope).max())
    assert len({round(one, 6) for one, _ in estimates}) > 1
