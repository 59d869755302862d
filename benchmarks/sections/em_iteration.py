"""Seconds of one EM iteration, by maximum likelihood from equal starts, with one thread a side.

Every side runs a few and then many iterations from the same parameters; the difference over the difference in
iterations is one iteration, whatever a side does before and after. bayesmix is called as people call it:
``fit_em(X, estimate="ml", init=..., tol=0, max_iter=...)``.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import bayesmix as bm
from bayesmix.engines.em.status import Status
from benchmarks.asked import LONG, MIDDLE, SMALL, WIDE, Size, spread, verdict
from benchmarks.peers import mclust, scikit_learn
from benchmarks.problems import Problem, problem
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import Rounds, alternate, per_step, processor_seconds

TITLE = "EM: one iteration"
COLUMNS = ("covariance", "(N, D, K)", "peer", "bayesmix", "peer's", "ratio (range)", "asked")
AGREE = 1e-6  # relative difference of log-likelihoods within which two sides did the same iterations

# Iterations of the long run: of bayesmix, scikit-learn and mclust. At the larger sizes each takes half a second or
# more, so that what else the machine does for a moment weighs as little on the fast side as on the slow ones.
ITERATIONS: dict[Size, tuple[int, int, int]] = {
    SMALL: (200, 50, 50),
    LONG: (60, 6, 2),
    MIDDLE: (80, 5, 5),
    WIDE: (10, 2, 2),
}
QUICK_ROUNDS = {SMALL: 5, LONG: 1, MIDDLE: 2, WIDE: 2}


def start_of(given: Problem, covariance: str) -> bm.EMResult:
    """The problem's parameters as something that ``fit_em`` starts from."""
    family = bm.Gaussian(covariance)
    matrices = given.covariances
    params = {
        "full": {"covariances": matrices},
        "tied": {"covariances": matrices[0]},
        "diag": {"variances": matrices.diagonal(axis1=1, axis2=2)},
        "spherical": {"variances": matrices.diagonal(axis1=1, axis2=2).mean(axis=1)},
    }[covariance]
    fitted = bm.Mixture(given.n_components, family).fit_em(given.X[:1000], estimate="ml", n_init=1, random_seed=0)
    return replace(fitted, weights=given.weights, params={"means": given.means, **params})


def iterate(given: Problem, start: bm.EMResult, n_iterations: int) -> tuple[float, bm.EMResult]:
    """Seconds of a fit of so many iterations, and its result."""
    mixture = bm.Mixture(given.n_components, start.family)
    began = processor_seconds()
    fitted = mixture.fit_em(given.X, estimate="ml", init=start, tol=0, max_iter=n_iterations, cores=1)
    seconds = processor_seconds() - began
    if fitted.status is not Status.MAX_ITER:
        raise RuntimeError(f"not all of {n_iterations} iterations were done: {fitted.status.value}")
    return seconds, fitted


def measure(size: Size, covariance: str, rounds: int, *, with_mclust: bool) -> Rounds:
    """One iteration of every side, in turn."""
    given = problem(size, covariance)
    start = start_of(given, covariance)
    ours, theirs, fortran = ITERATIONS[size]
    with ExitStack() as stack:
        check_same(given, start, covariance)
        sides = {
            "bayesmix": per_step(lambda n: iterate(given, start, n)[0], 1, 1 + ours),
            scikit_learn.NAME: per_step(lambda n: scikit_learn.iterate(given, covariance, n)[0], 1, 1 + theirs),
        }
        if with_mclust:
            server = stack.enter_context(mclust.Server(given))
            sides[mclust.NAME] = per_step(lambda n: server.iterate(n)[0], 1, 1 + fortran)
        return alternate(sides, rounds, warm=size == SMALL)


def check_same(given: Problem, start: bm.EMResult, covariance: str) -> None:
    """Refuse to compare sides that do not climb the same surface from the same place."""
    climbed = iterate(given, start, 2)[1].history
    _, log_likelihood = scikit_learn.iterate(given, covariance, 2)
    if abs(climbed[1] - log_likelihood) > AGREE * abs(log_likelihood):
        raise RuntimeError(f"after one iteration bayesmix is at {climbed[1]}, scikit-learn at {log_likelihood}")


def rows(quick: bool) -> Iterator[tuple[str, ...]]:
    """A row for each covariance, size and peer."""
    absent = mclust.missing()
    cases = [("full", size) for size in (SMALL, LONG, MIDDLE, WIDE)]
    cases += [(covariance, LONG) for covariance in ("diag", "spherical", "tied")]
    for covariance, size in cases:
        rounds = QUICK_ROUNDS[size] if quick else 5
        with_mclust = covariance == "full" and not absent
        taken = measure(size, covariance, rounds, with_mclust=with_mclust)
        for peer in list(taken.seconds)[1:]:
            ratios = taken.ratios(peer)
            yield (
                covariance,
                size_text(size),
                peer,
                seconds_text(taken.median("bayesmix")),
                seconds_text(taken.median(peer)),
                spread(ratios),
                verdict(f"EM iteration, {covariance}", size, peer, ratios),
            )
        if covariance == "full" and absent:
            yield covariance, size_text(size), "mclust", "", "", f"not run: {absent}", ""


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    return [Table(COLUMNS, list(rows(quick)))]
