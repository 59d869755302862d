"""Rows that belong together: in the density and EM of every family, in every view; flexmix's fits of the same."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp, softmax

import bayesmix as bm
from bayesmix.comparison import without
from bayesmix.data import Subjects, read_labels, read_rows, read_subjects
from bayesmix.engines.em import EMSettings, fit
from bayesmix.families.parts import Point
from bayesmix.families.protocol import one_pass
from tests.laws.cases import FAMILIES, Case
from tests.monte_carlo import Finding, worst
from tests.problems import problem_of

CASES = [
    Case(line, next(iter(line.priors)), max(2, line.shapes[0][0]), 3)
    for line in FAMILIES
    if str(line.family) != "gaussian-VVE" and line.family.takes_labels
]
FOLDER = Path(__file__).parents[1] / "reference"


def together(case, told=False):
    """The problem with rows in groups of several sizes, in any order, and perhaps a log prior of some."""
    rng = np.random.default_rng(3)
    n_rows = len(case.X)
    rows = case.rows
    if told:
        log_prior = np.where(rng.random((n_rows, 3)) < 0.8, rng.normal(size=(n_rows, 3)), 0.0)
        log_prior[:4] = [[0.0, -np.inf, -np.inf], [0.0, -np.inf, -1.0], [-np.inf, 0.0, -np.inf], [0.0, 0.0, 0.0]]
        rows = replace(rows, log_prior=read_labels(log_prior, n_rows, 3)[0])
    codes = rng.integers(-1, n_rows // 3, size=n_rows)  # some alone
    codes[:4] = [0, 0, 1, 1]
    codes[4:] = np.where(codes[4:] < 2, -1, codes[4:])
    rows = rows.together(Subjects.of(codes))
    plain = problem_of(case.rows, case.family, 3, case.line.priors[case.prior])
    return problem_of(rows, case.family, 3, plain.priors), plain


def joint_of(problem, named):
    """Written out: log joint density of each subject and component, and the subject of each row."""
    params = {spec.name: named[spec.name] for spec in problem.family.parameters}
    weights, subjects = np.asarray(named["weights"]), problem.rows.subjects
    density = problem.family.log_joint(weights, params, problem.rows.values) - np.log(weights)
    sums = np.array([density[subjects.of_rows == j].sum(axis=0) for j in range(subjects.n)])
    if problem.rows.log_prior is not None:
        sums = sums + problem.rows.log_prior[subjects.first]
    return sums + np.log(weights), subjects.of_rows


@pytest.mark.parametrize("case", CASES, ids=str)
def test_density_is_that_of_subjects(case):
    problem, plain = together(case, told=True)
    density, alone = problem.closed_form(), plain.closed_form()
    rng = np.random.default_rng(2)
    q, step = 0.3 * rng.standard_normal(density.size), 1e-5 * rng.standard_normal(density.size)
    for which in ("logp_grad", "map_logp_grad"):
        value, slope = getattr(density, which)(q)
        named = density.constrain(q)
        params = {spec.name: named[spec.name] for spec in plain.family.parameters}
        of_rows = plain.family.log_mixture(np.asarray(named["weights"]), params, plain.rows.values).sum()
        wanted = getattr(alone, which)(q)[0] - of_rows + logsumexp(joint_of(problem, named)[0], axis=1).sum()
        assert value == pytest.approx(wanted, rel=1e-9)
        difference = getattr(density, which)(q + step)[0] - getattr(density, which)(q - step)[0]
        assert difference / 2 == pytest.approx(slope @ step, rel=1e-4, abs=1e-8 * (1 + abs(value)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_em_is_that_of_subjects(case):
    problem, _ = together(case, told=True)
    em = fit(problem, EMSettings(n_init=1, max_iter=3), 1, case_ascent(problem))
    assert np.all(np.diff(em.history) > -1e-7 * (1 + abs(em.history[-1])))
    joint, of_rows = joint_of(problem, {"weights": em.weights, **em.params})
    assert em.log_likelihood == pytest.approx(logsumexp(joint, axis=1).sum())
    np.testing.assert_allclose(em.responsibilities, softmax(joint, axis=1)[of_rows], atol=1e-9)
    point = Point(em.weights, problem.standardised.to_state(em.params))
    statistics = one_pass(problem.family, point, problem.blocks)
    np.testing.assert_allclose(statistics.counts, em.responsibilities.sum(axis=0), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(statistics.memberships, softmax(joint, axis=1).sum(axis=0), rtol=1e-7, atol=1e-9)
    # -2 sum log max r, a subject once
    certainty = np.log(softmax(joint, axis=1).max(axis=1)).sum()
    assert em.icl - em.bic == pytest.approx(-2 * certainty, abs=1e-6)


def case_ascent(problem):
    from bayesmix.engines.em.quasi_newton import QuasiNewton

    return lambda: QuasiNewton(problem.closed_form(), problem, penalised=True)


def flexmix_findings() -> list[Finding]:
    X = pd.read_csv(FOLDER / "three-counts.csv")
    groups = np.r_[np.repeat(np.arange(30), 5), np.arange(30, 80)]
    found = []
    for theirs in json.loads((FOLDER / "subjects.json").read_text())["fits"]:
        n_components = theirs["K"]
        mixture = bm.Mixture(n_components, bm.Poisson())
        em = mixture.fit_em(X, groups=groups, estimate="ml", n_init=20, tol=1e-13, random_seed=1)
        order = np.argsort(em.params["rates"][:, 0])
        against, what = f"flexmix, K = {n_components}", "rows that belong together: "
        below = max(theirs["loglik"] - em.log_likelihood, 0.0) / abs(theirs["loglik"])
        found.append(Finding(what + "log-likelihood", against, below, 1e-9))
        if em.log_likelihood - theirs["loglik"] > 1e-6:
            continue  # a higher optimum than theirs
        found.append(Finding(what + "BIC", against, abs(em.bic / theirs["bic"] - 1), 1e-9))
        for name, ours in (("weights", em.weights), ("rates", em.params["rates"])):
            difference = np.abs(np.array(theirs[name]) - ours[order]).max()
            found.append(Finding(what + name, against, float(difference), 1e-4))
        of_rows = em.responsibilities[[0, 60, 145, 150, 160, 180]][:, order]
        difference = np.abs(np.array(theirs["responsibilities"]) - of_rows).max()
        found.append(Finding(what + "responsibilities", against, float(difference), 1e-4))
    return found


def findings() -> list[Finding]:
    """The worst of each comparison, for the page of evidence."""
    return flexmix_findings()


def test_flexmix_has_the_same_fits():
    found = flexmix_findings()
    assert len(found) > 5
    assert not worst(found), worst(found)


def two_clouds(n_subjects=30, of_each=3):
    rng = np.random.default_rng(4)
    second = np.arange(n_subjects) % 3 == 0
    centres = np.repeat(np.where(second[:, None], 1.6, 0.0), of_each, axis=0)
    X = centres + rng.normal(size=(n_subjects * of_each, 2))
    order = rng.permutation(len(X))
    return X[order], np.repeat(np.arange(n_subjects), of_each)[order], second


@pytest.fixture(scope="module")
def of_visits():
    X, groups, second = two_clouds()
    tree = bm.Mixture(2).fit_gibbs(X, groups=groups, draws=400, random_seed=1, progressbar=False)
    return X, groups, second, tree


def test_rows_by_themselves_change_nothing():
    X, _, _ = two_clouds()
    plain = bm.Mixture(2).fit_em(X, random_seed=1)
    for groups in (np.arange(len(X)), np.full(len(X), -1), list(map(str, range(len(X))))):
        em = bm.Mixture(2).fit_em(X, groups=groups, random_seed=1)
        assert em.log_likelihood == plain.log_likelihood and em.rows.subjects is None


def test_views_keep_rows_together(of_visits):
    _, groups, second, tree = of_visits
    same = groups[:, None] == groups
    membership = bm.responsibilities(tree)["probability"].values
    for j in np.unique(groups):
        assert np.ptp(membership[groups == j], axis=0).max() < 1e-12
    assert ((membership[:, 0] > 0.5) != second[groups]).all()
    assert (bm.similarity(tree).values[same] == 1).all()
    label = bm.partition(tree, random_seed=1)["label"].values
    assert all(len(set(label[groups == j])) == 1 for j in np.unique(groups))
    draws = bm.responsibility_draws(tree)
    np.testing.assert_allclose(draws.mean(("chain", "draw")).values, membership, atol=1e-12)


def test_every_group_is_left_out_at_once(of_visits, tmp_path):
    X, groups, _, tree = of_visits
    log_likelihood = tree["log_likelihood"]["x"]
    assert log_likelihood.dims == ("chain", "draw", "subject") and log_likelihood.sizes["subject"] == 30
    weights = tree["posterior"]["weights"].values[0, 0]
    params = {name: tree["posterior"][name].values[0, 0] for name in ("means", "covariances")}
    of_rows = bm.Gaussian("full").log_joint(weights, params, X) - np.log(weights)
    first = groups == groups[0]  # subjects are counted in the order in which they are met
    wanted = logsumexp(np.log(weights) + of_rows[first].sum(axis=0))
    assert log_likelihood.values[0, 0, 0] == pytest.approx(wanted)
    found = bm.loo(tree)
    assert found.n_data_points == 30 and found.elpd_i.dims == ("subject",)
    bm.save(tree, tmp_path / "fit.nc")
    again = bm.load(tmp_path / "fit.nc")
    assert bm.loo(again).elpd == pytest.approx(found.elpd)
    assert (bm.similarity(again).values[groups[:, None] == groups] == 1).all()


def test_a_fit_without_a_group_has_none_of_its_rows(of_visits, monkeypatch):
    X, groups, _, tree = of_visits
    fitted = []
    monkeypatch.setattr(without, "fit_posterior", lambda problem, *_, **__: fitted.append(problem.rows))
    mixture = bm.Mixture.from_tree(tree)
    without.fit_without(np.array([1, 4]), tree, mixture, without.point_estimate(tree, mixture), 1, {})
    left = pd.unique(groups)[[1, 4]]  # subjects are counted in the order in which they are met
    np.testing.assert_array_equal(fitted[0].values, X[~np.isin(groups, left)])
    assert fitted[0].n_subjects == 28


@pytest.mark.slow
def test_folds_of_groups_agree_with_loo(of_visits):
    tree = of_visits[-1]
    folds = bm.kfold(tree, n_folds=10, random_seed=1, progressbar=False)
    assert abs(folds.elpd - bm.loo(tree).elpd) < 6 and folds.n_data_points == 30


def test_new_rows_belong_together_where_it_is_said(of_visits):
    X, groups, _, tree = of_visits
    em = bm.Mixture(2).fit_em(X, groups=groups, random_seed=1)
    np.testing.assert_allclose(em.predict_proba(X, groups=groups), em.responsibilities, atol=1e-12)
    assert (em.predict(X, groups=groups) == em.labels).all()
    assert np.abs(em.predict_proba(X) - em.responsibilities).max() > 0.1  # rows by themselves
    of_new = bm.responsibilities(tree, X, groups=groups)["probability"].values
    np.testing.assert_allclose(of_new, bm.responsibilities(tree)["probability"].values, atol=1e-12)


def test_a_label_is_known_of_the_whole_group():
    X, groups, _ = two_clouds()
    labels = np.full(len(X), -1)
    labels[np.flatnonzero(groups == 1)[0]] = 1
    em = bm.Mixture(2).fit_em(X, groups=groups, labels=labels, random_seed=1)
    np.testing.assert_array_equal(em.responsibilities[groups == 1], np.tile([0.0, 1.0], (3, 1)))
    tree = bm.Mixture(2).fit_gibbs(
        X, groups=groups, labels=labels, draws=100, max_sweeps=500, random_seed=1, progressbar=False
    )
    np.testing.assert_array_equal(bm.responsibilities(tree)["label"].values[groups == 1], 1)


@pytest.mark.parametrize("method", ["advi", "laplace", "auto"])
def test_other_engines_take_groups(method, of_visits):
    X, groups, _, tree = of_visits
    found = bm.Mixture(2).fit(X, method=method, groups=groups, draws=500, random_seed=1, progressbar=False)
    ours, theirs = (one["posterior"]["weights"].mean(("chain", "draw")).values for one in (found, tree))
    assert np.abs(ours - theirs).max() < 0.06


def test_refusals_say_what_to_do():
    X, groups, _ = two_clouds()
    mixture = bm.Mixture(2)
    with pytest.raises(ValueError, match="groups is given with sample_weight"):
        mixture.fit_em(X, groups=groups, sample_weight=np.ones(len(X)) * 2)
    with pytest.raises(ValueError, match="missing values"):
        mixture.fit_em(np.where(np.eye(*X.shape) == 1, np.nan, X), groups=groups)
    with pytest.raises(ValueError, match="groups leaves 1 subjects"):
        mixture.fit_em(X, groups=np.zeros(len(X), dtype=int))
    with pytest.raises(ValueError, match="groups is for 3 rows, but X has 90"):
        mixture.fit_em(X, groups=[1, 2, 3])
    labels = np.full(len(X), -1)
    labels[np.flatnonzero(groups == 0)[:2]] = [0, 1]
    with pytest.raises(ValueError, match=r"groups puts rows together that labels keep apart: rows .* of '0'"):
        mixture.fit_em(X, groups=groups, labels=labels)
    with pytest.raises(ValueError, match="minibatch_size is of single rows"):
        mixture.fit_advi(X, groups=groups, minibatch_size=10, random_seed=1, progressbar=False)
    with pytest.raises(ValueError, match="groups keeps rows together, and where the number"):
        bm.Mixture(bm.priors.ShiftedBetaNegativeBinomial()).fit(X, groups=groups)
    with pytest.raises(ValueError, match="groups is for the rows of X"):
        bm.responsibilities(mixture.fit_em(X, random_seed=1).to_tree(), groups=groups)
    import pymc as pm

    odd = bm.Mixture(2, "diag", priors={"means": pm.Normal.dist(0, 10)})
    with pytest.raises(ValueError, match="groups is given, and a model of PyMC"):
        odd.fit_nuts(X, groups=groups, progressbar=False)


def test_groups_are_read_as_people_write_them():
    rows = read_rows(np.arange(8.0)[:, None] ** 2)
    wanted = [0, 0, 1, 2, 3, 1, 4, 4]
    for groups in (
        ["a", "a", "b", None, None, "b", "c", "c"],
        [5, 5, 7, -1, -1, 7, 2, 2],
        pd.Series([5.0, 5.0, 7.0, np.nan, np.nan, 7.0, 2.0, 2.0]),
        pd.Categorical(["a", "a", "b", None, None, "b", "c", "c"]),
    ):
        subjects = read_subjects(groups, rows)
        assert subjects is not None
        np.testing.assert_array_equal(subjects.of_rows, wanted)
