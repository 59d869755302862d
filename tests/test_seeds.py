"""Every public function reads a seed alike, and labels or responsibilities start every engine."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.estimator import BayesianMixture

X = bm.datasets.load_faithful()
LABELS = np.asarray(X["waiting"] > 68, dtype=int)
MIXTURE = bm.Mixture(2)


@pytest.fixture(scope="module")
def tree():
    return MIXTURE.fit_laplace(X, draws=50, random_seed=1)


def functions(tree, seed) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What each public function with a seed makes of one, as plain numbers; the cheapest calls there are."""
    em = MIXTURE.fit_em(X, init=LABELS)
    yield "fit_em", lambda: MIXTURE.fit_em(X, init="random", n_init=1, max_iter=1, random_seed=seed).history
    yield "fit_laplace", lambda: MIXTURE.fit_laplace(X, init=em, draws=5, random_seed=seed)["posterior"]["means"].values
    yield "EMResult.sample", lambda: em.sample(3, random_seed=seed)[0]
    yield "sample_predictive", lambda: bm.sample_predictive(tree, 3, random_seed=seed)["predictions"]["x"].values
    yield "simulate", lambda: bm.datasets.simulate(5, 2, 2, random_seed=seed).X.to_numpy()
    yield (
        "BayesianMixture",
        lambda: BayesianMixture(2, init="random", n_init=1, max_iter=1, random_state=seed).fit(X).means_,
    )


KINDS = {
    "int": lambda: 7,
    "numpy integer": lambda: np.int64(7),
    "Generator": lambda: np.random.default_rng(7),
    "RandomState": lambda: np.random.RandomState(7),
    "SeedSequence": lambda: np.random.SeedSequence(7),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_of_any_kind_gives_the_same(kind, tree):
    once, again = ({name: make() for name, make in functions(tree, KINDS[kind]())} for _ in range(2))
    for name, made in once.items():
        assert np.array_equal(made, again[name]), name


@pytest.mark.parametrize("seed", ["one", 1.5, True, [1, 2]])
def test_what_is_no_seed_is_answered_in_one_sentence(seed, tree):
    for name, make in functions(tree, seed):
        with pytest.raises(TypeError, match="must be None, a whole number from 0 on, or one of NumPy's"):
            make()
        assert name
    with pytest.raises(TypeError, match="random_seed must be None"):
        bm.compare(X, [1], method="em", random_seed=seed)


def test_a_negative_seed_is_answered_in_one_sentence(tree):
    for _, make in functions(tree, -1):
        with pytest.raises(ValueError, match="must not be negative, not -1"):
            make()


@pytest.mark.parametrize(
    ("fit", "options"),
    [("fit_nuts", {"chains": 2, "progressbar": False}), ("fit_advi", {"progressbar": False}), ("fit_laplace", {})],
)
def test_labels_and_responsibilities_start_every_engine(fit, options):
    """Labels give the same as a list; responsibilities that say the same start there up to rounding."""
    from_labels, from_list, from_memberships = (
        getattr(MIXTURE, fit)(X, init=init, draws=40, random_seed=3, **options)["posterior"]["means"]
        for init in (LABELS, LABELS.tolist(), np.eye(2)[LABELS])
    )
    assert np.array_equal(from_labels, from_list)
    expected = MIXTURE.fit_em(X, init=LABELS).params["means"]
    for made in (from_labels, from_memberships):
        mean, spread = made.mean(("chain", "draw")).values, made.std(("chain", "draw")).values
        assert np.all(np.abs(mean - expected) < spread)  # five and more standard errors


def test_wrong_labels_are_refused_by_every_engine():
    for fit in ("fit_em", "fit_nuts", "fit_advi", "fit_laplace"):
        with pytest.raises(ValueError, match="init as labels must hold whole numbers from 0 to 1"):
            getattr(MIXTURE, fit)(X, init=LABELS + 1)
        with pytest.raises(ValueError, match="init as labels must hold whole numbers from 0 to 1"):
            getattr(MIXTURE, fit)(X, init=np.where(LABELS == 0, "a", "b"))
        with pytest.raises(ValueError, match="init as an array must be labels of shape"):
            getattr(MIXTURE, fit)(X, init=LABELS[:-1])


def test_the_estimator_starts_from_labels():
    made = BayesianMixture(2, init=LABELS).fit(X)
    assert np.array_equal(made.means_, MIXTURE.fit_em(X, init=LABELS).params["means"])
