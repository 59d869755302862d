"""What any public call does once: rows are read, a prior is resolved, rows are standardised."""

import importlib
from collections import Counter

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.estimator import BayesianMixture
from bayesmix.families.gaussian import units
from bayesmix.priors.sets import default_priors, read_priors

FAITHFUL = bm.datasets.load_faithful()
# Where the functions are called by name: modules import them.
READERS = (
    "bayesmix.mixture",
    "bayesmix.estimator",
    "bayesmix.comparison.sweep",
    "bayesmix.comparison.likelihood_ratio",
    "bayesmix.comparison.pointwise",
    "bayesmix.engines.em.result",
    "bayesmix.posterior.membership",
)
RESOLVERS = ("bayesmix.problem", "bayesmix.html.sections.reproduction")
SHORT = {"draws": 30, "tune": 30, "chains": 1, "random_seed": 1, "progressbar": False}
pytestmark = pytest.mark.filterwarnings("ignore::bayesmix.UntrustedWarning")


@pytest.fixture
def times(monkeypatch):
    """How often rows are read, a prior is resolved, and a standardised copy is made."""
    counted = Counter()

    def count(module: str, name: str, what: str):
        room = importlib.import_module(module)
        once = getattr(room, name)

        def counting(*args, **kwargs):
            counted[what] += 1
            return once(*args, **kwargs)

        monkeypatch.setattr(room, name, counting)

    for module in READERS:
        count(module, "read_rows", "read")
    for module in RESOLVERS:
        count(module, "resolve_priors", "resolved")
    count(units.__name__, "_standardised", "copied")
    return counted


SEPARATED = {"means": bm.priors.Normal()}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: bm.Mixture(2).fit_em(FAITHFUL, random_seed=1), (1, 1, 1)),
        (lambda: bm.Mixture(2).fit_em(FAITHFUL, estimate="ml", random_seed=1), (1, 1, 1)),
        (lambda: bm.Mixture(2).fit_nuts(FAITHFUL, **SHORT), (1, 1, 1)),
        (lambda: bm.Mixture(2).fit_laplace(FAITHFUL, random_seed=1), (1, 1, 1)),
        (lambda: bm.Mixture(2).build_model(FAITHFUL), (1, 1, 1)),
        (lambda: BayesianMixture(2, random_state=1).fit(FAITHFUL), (1, 1, 1)),
        (lambda: BayesianMixture(2, method="laplace", random_state=1).fit(FAITHFUL), (1, 1, 1)),
        # the default prior beside the other one, for starts; columns by their own scales beside whitened ones
        (lambda: bm.Mixture(2, priors=SEPARATED).fit_laplace(FAITHFUL, random_seed=1), (1, 2, 2)),
        # three numbers of components have priors of their own; two scales
        (
            lambda: bm.compare(
                FAITHFUL, [1, 2, 3], families=["full", "tied", "diag"], method="em", random_seed=1, progressbar=False
            ),
            (1, 8, 2),  # one group is the same for full and tied covariances
        ),
    ],
    ids=["em", "ml", "nuts", "laplace", "model", "estimator", "estimator-laplace", "separated", "compare"],
)
def test_each_is_done_once(call, expected, times):
    call()
    assert (times["read"], times["resolved"], times["copied"]) == expected


def test_what_is_fitted_is_not_read_again(times, tmp_path):
    tree = bm.Mixture(2).fit_laplace(FAITHFUL, random_seed=1)
    times.clear()
    bm.responsibilities(tree, FAITHFUL)
    assert times == {"read": 1}
    bm.Mixture(2).adopt(tree, FAITHFUL)
    assert (times["read"], times["resolved"], times["copied"]) == (2, 1, 1)
    times.clear()
    bm.report(tree, tmp_path / "report.html")
    assert (times["read"], times["copied"]) == (0, 0)


def test_copies_go_with_those_who_use_them():
    """A result holds its rows, and no standardised copy."""
    import gc

    from bayesmix.data import copies, read_rows
    from bayesmix.problem import Problem

    rows = read_rows(FAITHFUL)
    family = bm.Gaussian()
    two, three = (Problem.of(rows, family, k, read_priors(None, family)) for k in (2, 3))
    assert two.standardised.columns is three.standardised.columns
    tied = Problem.of(rows, bm.Gaussian("tied"), 2, default_priors(bm.Gaussian("tied")))
    assert tied.standardised.columns is two.standardised.columns
    diag = Problem.of(rows, bm.Gaussian("diag"), 2, default_priors(bm.Gaussian("diag")))
    assert not np.shares_memory(diag.standardised.columns, two.standardised.columns)
    del two, three, tied, diag
    gc.collect()
    assert not copies._KEPT[rows]
