"""What the machine can do on one thread, how near the kernels come to it, and how exact they are.

The limits are measured in this run: the rate of a matrix product (BLAS, 1000 x 1000), exponentials a second (the faster
of NumPy's and bayesmix's own, on an array that stays in the cache) and the bandwidth of memory (a copy of 400 MB, read
and written).

Operations of one pass, a multiply-add counted as two, for each row and component:

- full and tied: ``D`` for centring, ``D (D + 1)`` for the triangular product, ``2 D`` for the squares,
  ``D (D + 1) + 3 D`` for the weighted first and second moments: ``2 D^2 + 8 D`` in all;
- diag and spherical: ``4 D`` for the squares and ``7 D`` for the moments: ``11 D`` in all;
- one exponential, counted by itself, but for one component: relative to a row's largest density its own is one.

The bound is the sum of operations over the product's rate, of exponentials over theirs, and of bytes (each row is read
once) over the bandwidth. A compiled loop cannot overlap all three perfectly, nor do sums of eight lanes reach the rate
of a blocked product, so that one half of the bound is near what is attainable. Error: the largest difference of any
result of the pass, relative to the sum of the absolute terms, against the slow twin on the same rows, and against the
same pass in NumPy's extended precision (64 bits of mantissa).
"""

from functools import partial

import numba as nb
import numpy as np

from bayesmix import Gaussian
from bayesmix.passes import reference
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.elementary import exp_of_nonpositive
from benchmarks.asked import LONG, MIDDLE, SMALL, WIDE, Size, spread
from benchmarks.problems import problem
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import alternate, repeated

TITLE = "The machine's limits, and the kernels' distance from them"
NO_WEIGHTS = np.empty(0)
JUDGED_ROWS = 500  # rows on which the error is measured


@nb.njit(**COMPILED)
def own_exponentials(arguments, values):
    """The exponential that the kernels use, on an array."""
    for n in range(arguments.size):
        values[n] = exp_of_nonpositive(arguments[n])


def limits() -> dict[str, float]:
    """Operations, exponentials and bytes a second, the best of several tries."""
    rng = np.random.default_rng(0)
    left, right, out = rng.random((1000, 1000)), rng.random((1000, 1000)), np.empty((1000, 1000))
    arguments, values = -rng.random(2000), np.empty(2000)
    source = np.ones(25_000_000)
    target = np.empty_like(source)
    own_exponentials(arguments, values)
    clocks = {
        "product": repeated(lambda: np.matmul(left, right, out=out)),
        "exponential": repeated(lambda: np.exp(arguments, out=values)),
        "own exponential": repeated(lambda: own_exponentials(arguments, values)),
        "copy": repeated(lambda: np.copyto(target, source)),
    }
    taken = alternate(clocks, 7, warm=False)
    best = {name: float(seconds.min()) for name, seconds in taken.seconds.items()}
    return {
        "operations": 2e9 / best["product"],
        "exponentials": arguments.size / min(best["exponential"], best["own exponential"]),
        "bytes": 2 * source.nbytes / best["copy"],
    }


def bound(size: Size, correlated: bool, rates: dict[str, float]) -> float:
    """Seconds that one pass needs at least (the module's docstring has the formula)."""
    n, d, k = size
    operations = n * k * (2 * d**2 + 8 * d if correlated else 11 * d)
    return operations / rates["operations"] + n * (k - 1) / rates["exponentials"] + 8 * n * d / rates["bytes"]


def _form(size: Size, family: Gaussian):
    given = problem(size, family.covariance)
    matrices = given.covariances
    own = {
        "full": matrices,
        "tied": matrices[0],
        "diag": matrices.diagonal(axis1=1, axis2=2),
        "spherical": matrices.diagonal(axis1=1, axis2=2).mean(axis=1),
    }[family.covariance]
    return given, family.standard_form(given.weights, {"means": given.means, family.structure.parameter.name: own})


def errors(X: np.ndarray, family: Gaussian, form) -> tuple[float, float]:
    """Largest relative differences of the pass from its slow twin, and from extended precision."""
    columns = np.ascontiguousarray(X.T)
    fast = family.structure.kernel.accumulate(columns, NO_WEIGHTS, *form)
    slow = reference.accumulate(X, np.ones(len(X)), *form)
    exact, size = extended(X, form)
    return _largest(fast, slow, size), _largest(fast, exact, size)


def extended(X: np.ndarray, form):
    """The pass in extended precision, and the sums of its absolute terms."""
    offsets, means, whiteners = (np.asarray(part, dtype=np.longdouble) for part in form)
    centred = np.asarray(X, dtype=np.longdouble)[:, None, :] - means
    axis = whiteners.ndim == 2
    y = centred * whiteners if axis else (whiteners[None] * centred[:, :, None, :]).sum(axis=-1)
    joint = offsets - (y**2).sum(axis=2) / 2
    top = joint.max(axis=1, keepdims=True)
    log_density = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
    r = np.exp(joint - log_density[:, None])

    def sums(terms):
        return terms.sum(axis=0), np.abs(terms).sum(axis=0)

    products = y**2 if axis else y[:, :, :, None] * y[:, :, None, :]
    weights = r[:, :, None] if axis else r[:, :, None, None]
    parts = [sums(log_density), sums(r), sums(r[:, :, None] * y), sums(weights * products)]
    return [total for total, _ in parts], [absolute for _, absolute in parts]


def _largest(one, other, size) -> float:
    differences = [np.abs(np.asarray(a - b)) / s for a, b, s in zip(one, other, size, strict=True)]
    return float(max(np.max(part) for part in differences))


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    rates = limits()
    machine = Table(
        ("limit, one thread", "measured"),
        [
            ("matrix product", f"{rates['operations'] / 1e9:.1f} thousand million operations a second"),
            ("exponentials", f"{rates['exponentials'] / 1e9:.2f} thousand million a second"),
            ("memory bandwidth", f"{rates['bytes'] / 1e9:.1f} GB a second"),
        ],
    )
    cases = [("full", size) for size in (SMALL, LONG, MIDDLE, WIDE)]
    cases += [(covariance, LONG) for covariance in ("diag", "spherical", "tied")]
    found = []
    for covariance, size in cases:
        family = Gaussian(covariance)
        given, form = _form(size, family)
        columns = np.ascontiguousarray(given.X.T)
        work = repeated(partial(family.structure.kernel.accumulate, columns, NO_WEIGHTS, *form))
        seconds = alternate({"bayesmix": work}, 3 if quick else 7).seconds["bayesmix"]
        least = bound(size, family.correlated, rates)
        twin, exact = errors(given.X[:JUDGED_ROWS], family, form)
        times = seconds_text(float(np.median(seconds))), seconds_text(least), spread(seconds / least)
        found.append((covariance, size_text(size), *times, f"{twin:.1e}", f"{exact:.1e}"))
    columns_of = (
        "covariance",
        "(N, D, K)",
        "one pass",
        "bound",
        "times the bound",
        "error: slow twin",
        "extended precision",
    )
    return [machine, Table(columns_of, found)]
