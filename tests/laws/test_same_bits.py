"""Law 8: the same seed gives the same bits, whatever ``cores`` is."""

import os
import subprocess
import sys

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from bayesmix.first_use import SENTENCE
from tests.laws.cases import CASES
from tests.monte_carlo import Finding

FAITHFUL = bm.datasets.load_faithful()


COVARIANCES, CORES = ("full", "diag"), (1, 2, 4)
SOME = CASES[::3]
BY_ORDER = 1e-8


def differing_values(covariance: str) -> int:
    """How many numbers, of the posterior's draws and their log density, another number of cores changes."""
    mixture = Mixture(2, Gaussian(covariance))
    trees = [
        mixture.fit_nuts(FAITHFUL, draws=150, tune=150, cores=cores, random_seed=7, progressbar=False)
        for cores in (*CORES, 2)
    ]
    places = [f"posterior/{name}" for name in ("weights", "means", "scales")] + ["sample_stats/lp"]
    return sum(int((tree[place].values != trees[0][place].values).sum()) for tree in trees[1:] for place in places)


def findings() -> list[Finding]:
    """Numbers that differ, and what the order of the rows changes."""
    against = f"the same seed with {', '.join(map(str, CORES))} cores, and once more"
    lines = [
        Finding(f"differing numbers: NUTS of Old Faithful, {covariance}", against, differing_values(covariance), 0.0)
        for covariance in COVARIANCES
    ]
    change = max(map(change_by_order_of_rows, SOME))
    return [*lines, Finding(f"responsibilities by EM: {len(SOME)} models", "rows in another order", change, BY_ORDER)]


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_nuts(covariance):
    assert differing_values(covariance) == 0


def test_another_seed_gives_other_draws():
    one, other = (
        Mixture(2).fit_nuts(FAITHFUL, draws=50, tune=50, random_seed=seed, progressbar=False) for seed in (1, 2)
    )
    assert not np.array_equal(one.posterior["means"].values, other.posterior["means"].values)


@pytest.mark.parametrize("case", SOME, ids=str)
def test_em(case):
    one, other = (case.mixture.fit_em(case.X, random_seed=5, n_init=3) for _ in range(2))
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.history, other.history)
    for name in one.params:
        np.testing.assert_array_equal(one.params[name], other.params[name])


def change_by_order_of_rows(case) -> float:
    order = np.random.default_rng(3).permutation(len(case.X))
    labels = np.random.default_rng(4).integers(case.n_components, size=len(case.X))
    one = case.mixture.fit_em(case.X, init=labels, max_iter=20, tol=0)
    other = case.mixture.fit_em(case.X[order], init=labels[order], max_iter=20, tol=0)
    return float(np.abs(other.responsibilities - one.responsibilities[order]).max())


@pytest.mark.parametrize("case", SOME, ids=str)
def test_order_of_rows_is_rounding(case):
    assert change_by_order_of_rows(case) <= BY_ORDER


MANY = np.random.default_rng(8)
MANY_ROWS = MANY.normal(size=(140_000, 3)) + 3.0 * MANY.integers(3, size=(140_000, 1))  # four blocks
MANY_COUNTS = MANY.poisson(2.0 + 6.0 * MANY.integers(2, size=(140_000, 1)), size=(140_000, 2))


@pytest.mark.parametrize(
    ("mixture", "X"),
    [
        (Mixture(3), MANY_ROWS),
        (Mixture(3, Gaussian("diag")), MANY_ROWS.astype(np.float32)),
        (Mixture(3, bm.StudentT()), np.asfortranarray(MANY_ROWS)),
        (Mixture(3), np.where(MANY_ROWS > 9, np.nan, MANY_ROWS)),
        (Mixture(2, bm.Poisson()), MANY_COUNTS),
    ],
    ids=["full", "diag-float32", "student-t-by-columns", "missing", "poisson"],
)
def test_em_and_prediction_on_any_number_of_cores(mixture, X):
    """Blocks of many rows are fixed, and added in their order."""
    one, *others = (mixture.fit_em(X, random_seed=5, n_init=2, max_iter=3, tol=0, cores=cores) for cores in (1, 2, 3))
    said = one.predict_proba(X, cores=1), one.score_samples(X, cores=1), one.predict(X, cores=1)
    for other, cores in zip(others, (2, 3), strict=True):
        np.testing.assert_array_equal(other.history, one.history)
        for name in one.params:
            np.testing.assert_array_equal(other.params[name], one.params[name])
        again = one.predict_proba(X, cores=cores), one.score_samples(X, cores=cores), one.predict(X, cores=cores)
        for found, expected in zip(again, said, strict=True):
            np.testing.assert_array_equal(found, expected)


# A helper that its callers do not inline would be compiled twice: alone, and once more inside its caller's file. The
# process that compiles runs the first copy, those that load from the cache the second.
FIRST_USE = """
import numpy as np
from bayesmix.passes import axis, dense
rng = np.random.default_rng(0)
columns, offsets, means = rng.normal(size=(5, 300)), rng.normal(size=3), rng.normal(size=(3, 5))
whiteners = np.tril(rng.normal(size=(3, 5, 5)))
for kernels, spreads in ((dense, whiteners), (axis, np.exp(means))):
    passed = kernels.accumulate(columns, np.empty(0), offsets, means, spreads)
    print(*(np.asarray(part).tobytes().hex() for part in (*passed, *kernels.score(*passed[1:], spreads))))
"""

FIRST_FIT = """
import bayesmix as bm
from bayesmix import Gaussian, Mixture, priors
separated = {"means": priors.Normal(), "scales": priors.LogNormal(), "correlations": priors.LKJ(2.0)}
X = bm.datasets.load_faithful()
for family in ("full", "tied", "diag"):
    mixtures = [Mixture(2, Gaussian(family))]
    if family == "full":
        mixtures.append(Mixture(2, priors=separated))
    for mixture in mixtures:
        tree = mixture.fit_nuts(X, draws=50, tune=50, random_seed=1, progressbar=False)
        print(tree.posterior["means"].values.tobytes().hex(), tree.log_likelihood["x"].values.sum().hex())
"""


def printed_by_processes(code, cache):
    """What three processes print, the first of which finds an empty cache."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    return [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(3)
    ]


@pytest.mark.gate
def test_kernels_that_compile_and_kernels_from_the_cache(tmp_path):
    first, second, third = printed_by_processes(FIRST_USE, tmp_path)
    assert first == second == third != ""


@pytest.mark.slow
def test_fits_that_compile_and_fits_from_the_cache(tmp_path):
    first, second, third = printed_by_processes(FIRST_FIT, tmp_path)
    assert first == second == third != ""


@pytest.mark.slow
def test_two_commands_at_once_on_an_empty_cache(tmp_path):
    """Both compile and keep the same files; a third finds everything."""
    FAITHFUL.to_csv(tmp_path / "faithful.csv", index=False)
    command = [sys.executable, "-m", "bayesmix", "fit", "faithful.csv", "--components", "2", "--seed", "1"]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def begun():
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=pipe, stderr=pipe, text=True)

    first, second = (one.communicate() for one in [begun(), begun()])
    third = begun().communicate()
    assert first[0] == second[0] == third[0]
    assert "The 2 groups" in first[0]
    assert SENTENCE in _unwrapped(first[1] + second[1])
    assert SENTENCE not in _unwrapped(third[1])


def _unwrapped(shown: str) -> str:
    """Without the line breaks of a console, which depend on its width."""
    return " ".join(shown.split())
