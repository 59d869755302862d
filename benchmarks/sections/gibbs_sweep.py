"""Seconds of one sweep of Gibbs sampling, full covariances, with one thread a side, beside what bounds it.

A sweep is one pass over the rows that draws assignments, another that gathers their moments, and one draw of weights
and parameters; now and then whole groups move before it. What bounds it is the pass of EM, which has the same densities
and moments and draws nothing: an iteration of `fit_em` from the same parameters. Beside them an iteration of
scikit-learn's `BayesianGaussianMixture` (variational Bayes under a prior of the same kind; `tol=0`), which is one pass
too, and a sweep of R's bayesm. Every side does few and then many steps; the difference over the difference in steps is
one step.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np

import bayesmix as bm
from bayesmix.engines.gibbs import Chain, share
from benchmarks.asked import SWEPT, Size, spread, verdict
from benchmarks.peers import bayesm
from benchmarks.problems import problem
from benchmarks.sections.many_components import LOADED
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import alternate, per_step, processor_seconds

TITLE = "Gibbs sampling: one sweep"
COLUMNS = ("rows", "(N, D, K)", "side", "bayesmix's sweep", "the side's step", "ratio (range)", "asked")
EM, VARIATIONAL = "bayesmix, an EM iteration", "scikit-learn, BayesianGaussianMixture"
# Real rows, and steps of the long run: sweeps, EM iterations, scikit-learn's, bayesm's.
CASES: tuple[tuple[str, int, tuple[int, int, int, int]], ...] = (
    ("Old Faithful", 4, (10_000, 3000, 200, 2000)),
    ("penguins", 4, (10_000, 3000, 200, 2000)),
    ("simulated", 10, (200, 200, 10, 5)),
)


def rows_of(name: str, n_components: int) -> np.ndarray:
    """As an array."""
    return problem(SWEPT).X if name == "simulated" else LOADED[name]().to_numpy()


def seconds_of_sweeps(X: np.ndarray, n_components: int) -> Callable[[int], float]:
    """Of a chain that goes on from where it is."""
    mixture = bm.Mixture(n_components)
    start = mixture.fit_em(X, n_init=2, random_seed=1)
    settled = mixture._problem(X)
    chain = Chain(settled, settled.sweeps, start.predict(X), np.random.SeedSequence(1))

    def sweep(n: int) -> float:
        share([chain])
        began = processor_seconds()
        chain._sweeps(1, n)
        return processor_seconds() - began

    return sweep


def seconds_of_em(X: np.ndarray, n_components: int) -> Callable[[int], float]:
    """Of EM from where EM ends under the same prior."""
    mixture = bm.Mixture(n_components)
    start = mixture.fit_em(X, n_init=2, random_seed=1)

    def iterate(n: int) -> float:
        began = processor_seconds()
        mixture.fit_em(X, init=start, tol=0, max_iter=n, cores=1)
        return processor_seconds() - began

    return iterate


def seconds_of_variational(X: np.ndarray, n_components: int) -> Callable[[int], float]:
    """Of scikit-learn's iterations."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import BayesianGaussianMixture

    def iterate(n: int) -> float:
        model = BayesianGaussianMixture(
            n_components=n_components, max_iter=n, tol=0.0, init_params="random_from_data", random_state=1
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of iterations is meant
            began = processor_seconds()
            model.fit(X)
            return processor_seconds() - began

    return iterate


def rows(quick: bool) -> Iterator[tuple[object, ...]]:
    """A row for each table of rows and each side."""
    absent = bayesm.missing()
    for name, k, (sweeps, iterations, variational, of_r) in CASES:
        X = rows_of(name, k)
        size: Size = (*X.shape, k)
        with ExitStack() as stack:
            sides = {
                "bayesmix": per_step(seconds_of_sweeps(X, k), 1, 1 + sweeps),
                EM: per_step(seconds_of_em(X, k), 1, 1 + iterations),
                VARIATIONAL: per_step(seconds_of_variational(X, k), 1, 1 + variational),
            }
            if not absent:
                server = stack.enter_context(bayesm.Server(X, k))
                sides[bayesm.NAME] = per_step(server.sweep, 1, 1 + of_r)
            taken = alternate(sides, 1 if quick else 3)
        for side in list(sides)[1:]:
            inverse = taken.ratios("bayesmix", side) if side == EM else taken.ratios(side)
            yield (
                name,
                size_text(size),
                side,
                seconds_text(taken.median("bayesmix")),
                seconds_text(taken.median(side)),
                f"{spread(inverse)} of its iterations" if side == EM else f"{spread(inverse)} times as long",
                verdict("a sweep", size, "", inverse) if side == EM else "",
            )
        if absent:
            yield name, size_text(size), bayesm.NAME, "", "", f"not run: {absent}", ""


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    return [Table(COLUMNS, list(rows(quick)))]
