"""Law 14: an affine change of all columns shifts the log-likelihood by N log|det| and changes no responsibility.

Full and tied, down to where columns are refused as collinear. A covariance matrix in double precision keeps the least
variance of its correlations, a share ``eps^2`` of the largest, to ``delta = 4 machine epsilon / eps^2``: log-odds move
by a few times that, and at an optimum the log-likelihood of N rows by ``N delta^2`` and by ``delta`` for each row that
the prior counts as.
"""

from fractions import Fraction

import arviz as az
import numpy as np
import pytest

import bayesmix as bm
from tests.problems import density_of

FAITHFUL = bm.datasets.load_faithful().to_numpy()
FAITHFUL = (FAITHFUL - FAITHFUL.mean(axis=0)) / FAITHFUL.std(axis=0)
SPLIT = (FAITHFUL[:, 0] > 0).astype(int)
RATIOS = (1.0, 1e-3, 3e-5, 3e-6, 1e-6)


def sheared(ratio: float) -> np.ndarray:
    return FAITHFUL @ np.array([[1.0, 1.0], [0.0, ratio]])


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("estimate", ["map", "ml"])
@pytest.mark.parametrize("covariance", ["full", "tied"])
def test_em(covariance, estimate, ratio):
    mixture = bm.Mixture(2, bm.Gaussian(covariance))
    plain = mixture.fit_em(FAITHFUL, estimate=estimate, init=SPLIT)
    em = mixture.fit_em(sheared(ratio), estimate=estimate, init=SPLIT)
    assert em.converged
    delta = 4 * np.finfo(float).eps / ratio**2
    allowed = 1e-6 + 10 * delta
    np.testing.assert_allclose(em.responsibilities, plain.responsibilities, rtol=0, atol=allowed)
    wanted = plain.log_likelihood - len(FAITHFUL) * np.log(ratio)
    assert em.log_likelihood == pytest.approx(wanted, rel=0, abs=allowed + len(FAITHFUL) * delta**2)
    assert em.score_samples(sheared(ratio)).sum() == pytest.approx(em.log_likelihood, rel=1e-9)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("covariance", ["full", "tied"])
def test_density_of_the_flat_vector(covariance, ratio):
    """Log density and slope at the same ``q``: with it go Laplace, NUTS and ADVI, which know nothing else."""
    densities = []
    for X in (FAITHFUL, sheared(ratio)):
        densities.append(density_of(bm.Mixture(2, bm.Gaussian(covariance)), X))
    delta = 4 * np.finfo(float).eps / ratio**2  # of the prior's scale
    for q in np.random.default_rng(0).normal(size=(5, densities[0].size)) * 0.5:
        (plain, slope), (value, other) = (density.logp_grad(q) for density in densities)
        allowed = 1e-9 * (1 + abs(plain)) + 100 * delta
        assert value == pytest.approx(plain - len(FAITHFUL) * np.log(ratio), rel=0, abs=allowed)
        np.testing.assert_allclose(other, slope, rtol=0, atol=1e-8 * np.abs(slope).max() + 100 * delta)


@pytest.mark.parametrize("ratio", [1e-8, 1e-12])
@pytest.mark.parametrize("covariance", ["full", "tied"])
def test_what_rounding_leaves_nothing_of_is_refused(covariance, ratio):
    for fit in ("fit_em", "fit_laplace", "fit_nuts"):
        with pytest.raises(ValueError, match="collinear up to rounding"):
            getattr(bm.Mixture(2, bm.Gaussian(covariance)), fit)(sheared(ratio))


def test_criteria():
    """All of them move alike, so that nothing changes in a comparison."""
    ratio, tables = 1e-5, []
    for X in (FAITHFUL, sheared(ratio)):
        families = [bm.Gaussian("full"), bm.Gaussian("tied")]
        made = bm.compare(X, [1, 2], families=families, method="em", random_seed=1, progressbar=False)
        tables.append(made.table.sort_index()[["bic", "icl"]].to_numpy(dtype=float))
    np.testing.assert_allclose(tables[1] - tables[0], 2 * len(FAITHFUL) * np.log(ratio), rtol=0, atol=1e-3)


@pytest.mark.parametrize("ratio", [4.5e-3, 4.5e-4, 1e-6])  # correlations of .99999, .9999999 and nearly one
@pytest.mark.parametrize("prior", [None, {"correlations": bm.priors.LKJ(1.0)}], ids=["conjugate", "separated"])
def test_nuts_mixes(prior, ratio):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) @ np.array([[1.0, 1.0], [0.0, ratio]])
    tree = bm.Mixture(1, priors=prior).fit_nuts(X, random_seed=1, progressbar=False)
    draws = tree["posterior"].dataset[["means", "scales"]]
    assert max(float(one.max()) for one in az.rhat(draws).data_vars.values()) <= 1.01
    assert min(float(one.min()) for one in az.ess(draws).data_vars.values()) >= 1000
    assert tree["sample_stats"]["diverging"].values.sum() <= 4


def test_a_column_that_carries_the_groups():
    """The second column is the first but for a millionth, and in that millionth are the groups."""
    rng, group = np.random.default_rng(0), np.arange(200) % 2
    first = rng.normal(size=200)
    X = np.column_stack([first, first + 1e-6 * (6 * group + rng.normal(size=200))])
    for covariance in ("full", "tied"):
        for estimate in ("map", "ml"):
            em = bm.Mixture(2, bm.Gaussian(covariance)).fit_em(X, estimate=estimate, random_seed=1)
            agreement = np.mean(em.labels == group)
            assert max(agreement, 1 - agreement) > 0.98


def in_inches(decimals: int) -> np.ndarray:
    penguins = bm.datasets.load_penguins()[["bill_length_mm", "bill_depth_mm"]].dropna()
    return penguins.assign(bill_length_in=(penguins["bill_length_mm"] / 25.4).round(decimals))


def exact_log_likelihood(X: np.ndarray) -> float:
    """Of one Gaussian at its maximum, the determinant by exact fractions."""
    rows = [[Fraction(value) for value in row] for row in X.tolist()]
    n_rows, n_features = len(rows), len(rows[0])
    means = [sum(column) / n_rows for column in zip(*rows, strict=True)]
    centred = [[x - m for x, m in zip(row, means, strict=True)] for row in rows]
    s = [[sum(row[i] * row[j] for row in centred) / n_rows for j in range(n_features)] for i in range(n_features)]
    determinant = Fraction(1)
    for i in range(n_features):
        determinant *= s[i][i]
        for j in range(i + 1, n_features):
            ratio = s[j][i] / s[i][i]
            s[j] = [a - ratio * b for a, b in zip(s[j], s[i], strict=True)]
    return -0.5 * n_rows * (n_features * (np.log(2 * np.pi) + 1) + np.log(float(determinant)))


def test_the_same_length_in_other_units():
    """One more decimal of the inches takes a tenth of what they have beside the millimetres, and adds about log 10."""
    found = []
    for decimals in (3, 4, 5, 6):
        X = in_inches(decimals)
        em = bm.Mixture(1).fit_em(X, estimate="ml")
        assert em.log_likelihood == pytest.approx(exact_log_likelihood(X.to_numpy()), rel=0, abs=1e-2)
        found.append(bm.Mixture(1).fit_em(X).log_likelihood)
        assert em.log_likelihood - 10 < found[-1] < em.log_likelihood
    np.testing.assert_allclose(np.diff(found), 342 * np.log(10), rtol=0.1)
    with pytest.raises(ValueError, match="'bill_length_mm', 'bill_length_in', 1 is a linear combination"):
        bm.Mixture(1).fit_em(in_inches(9))
