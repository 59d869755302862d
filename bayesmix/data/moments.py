"""Centre, spread and correlations of columns, whatever their units."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayesmix.data.blocks import cuts
from bayesmix.threads import one_blas_thread

# Rows taken in one go: temporaries fit the cache, and sums of sums lose less to rounding.
BLOCK = 4096
_LEAST_EIGENVALUE = 1e-3  # of correlations that are put together from different rows
_MOST_TURNS, _SETTLED = 200, 1e-12  # of how much values with errors tell


def centre_and_scale(values: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the standard deviation (divisor N - 1) of each column, of the values that are not missing.

    Rows with weights count as so many, and N is the sum of the weights (see :func:`divisor`).

    Accurate for values near 1e-150 and 1e150, whose squares no float can hold, and for columns far
    from zero compared with their spread.

    Parameters
    ----------
    values : ndarray of shape (N, D)
    weights : ndarray of shape (N,), optional
        Positive numbers.

    Returns
    -------
    centre : ndarray of shape (D,)
    scale : ndarray of shape (D,)
        Ones for a single row; zero (up to rounding) for a constant column.
    """
    spread = Spread(values.shape[1])
    for block in cuts(*values.shape):
        spread.add(values[block], None if weights is None else weights[block])
    return spread.centre, spread.scale


def telling(values: np.ndarray, deviations: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    r"""Return how much each value tells of its column, (N, D), from the standard deviations of their errors.

    .. math:: t_i = v / (v + s_i^2), \qquad v = \sum_i t_i (x_i - m)^2 / \sum_i t_i,

    with m their mean so weighted, divided by the largest of the column: ones where all errors are alike, or none, and
    nothing of a value whose error is without bound. So the rows that are measured worst do not tell how wide the data
    are.

    Parameters
    ----------
    values : ndarray of shape (N, D)
        NaN where a value is missing.
    deviations : ndarray of shape (N, D)
    weights : ndarray of shape (N,), optional

    Returns
    -------
    ndarray of shape (N, D)
        NaN where a value is missing.
    """
    out = np.where(np.isnan(values), np.nan, 1.0)
    for j in range(values.shape[1]):
        seen = ~np.isnan(values[:, j])
        column, errors = values[seen, j][:, None], deviations[seen, j]
        counted = np.ones(len(column)) if weights is None else weights[seen]
        tells, before = np.ones(len(column)), np.inf
        for _ in range(_MOST_TURNS):
            scale = centre_and_scale(column, counted * tells)[1][0]
            if not scale > 0 or abs(scale - before) <= _SETTLED * scale:
                break
            tells, before = 1.0 / (1.0 + (errors / scale) ** 2), scale
            tells /= tells.max()
        out[seen, j] = tells
    return out


class Spread:
    """Means and deviations of columns, gathered block by block; of one block they are those of its rows at once.

    Attributes
    ----------
    n_seen : (D,) array of int
        Values that are not missing.
    totals : (D,) array
        How many these count as: so many, or the sum of their weights.
    centre : (D,) array
    lengths : (D,) array
        Roots of the sums of squared deviations from the centre: their squares may be beyond what a float holds.
    """

    def __init__(self, n_features: int):
        self.n_seen, self.totals = np.zeros(n_features, dtype=np.int64), np.zeros(n_features)
        self.centre, self.lengths = np.zeros(n_features), np.zeros(n_features)

    def add(self, rows: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Take in rows (n, D), NaN where a value is missing, and how much each counts (n,)."""
        for j, column in enumerate(rows.T):
            values, counted = _present(column, weights)
            self._join(j, values.size, *_centre_and_length(values, counted))

    def join(self, other: "Spread") -> None:
        """Take in what was gathered of other rows."""
        for j in range(self.centre.size):
            self._join(j, other.n_seen[j], other.totals[j], other.centre[j], other.lengths[j])

    def _join(self, j: int, n_seen: int, n: float, centre: float, length: float) -> None:
        before = self.totals[j]
        self.n_seen[j] += n_seen
        self.totals[j] = both = before + n
        if before == 0:
            self.centre[j], self.lengths[j] = centre, length
        elif n > 0:  # Chan, Golub and LeVeque (1983)
            apart = centre - self.centre[j]
            self.centre[j] += apart * (n / both)
            between = abs(apart) * np.sqrt(before * (n / both))
            self.lengths[j] = np.hypot(np.hypot(self.lengths[j], length), between)

    @property
    def scale(self) -> np.ndarray:
        """Standard deviations (divisor N - 1); one for a single value."""
        single = self.n_seen == 1
        return np.where(single, 1.0, self.lengths / np.sqrt(np.where(single, 1, divisor(self.totals))))


def divisor(total: Any) -> Any:
    """What a sum of squares of rows that count as so many in all is divided by: N - 1, of fewer than two rows N / 2.

    Weights that sum to one or less would leave nothing of N - 1, and change a result by jumps around that.
    """
    return np.maximum(total - 1.0, total / 2.0)


def _present(column: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    missing = np.isnan(column)
    values = np.array(column[~missing] if missing.any() else column, dtype=float)
    return values, weights[~missing] if weights is not None and missing.any() else weights


def _centre_and_length(column: np.ndarray, weights: np.ndarray | None) -> tuple[float, float, float]:
    if column.size == 0:
        return 0.0, 0.0, 0.0
    # A power of two brings the column to about 1, and dividing by it rounds nothing.
    _, exponent = np.frexp(max(column.max(), -column.min()))
    unit = np.ldexp(1.0, np.clip(exponent, -1022, 1021))
    deviation = column / unit
    mean = _mean(deviation, weights)
    deviation -= mean
    # The first mean is rounded at the size of the values; what it missed shows at their spread.
    missed = _mean(deviation, weights)
    deviation -= missed
    centre = (mean + missed) * unit
    # A sum in NumPy's own order, so that threads of a BLAS cannot change its last bits.
    squares = np.square(deviation, out=deviation)
    if weights is None:
        return float(column.size), centre, np.sqrt(squares.sum()) * unit
    return weights.sum(), centre, np.sqrt((weights * squares).sum()) * unit


def _mean(values: np.ndarray, weights: np.ndarray | None) -> float:
    return values.mean() if weights is None else (weights * values).sum() / weights.sum()


def correlation_factor(
    values: np.ndarray, centre: np.ndarray, scale: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the lower Cholesky factor of the columns' correlation matrix, without forming that matrix.

    A product of the columns has the square of their condition: what a column has beside the others would be lost to
    rounding where it is below 1e-8 of the column. The triangular factor of a QR decomposition is as exact as the rows.
    Blocks of rows are taken one after the other, each under the triangle of those before it.

    Parameters
    ----------
    values : ndarray of shape (N, D)
        With N > D.
    centre, scale : ndarray of shape (D,)
        As :func:`centre_and_scale` gives them.
    weights : ndarray of shape (N,), optional
        Positive numbers.

    Returns
    -------
    ndarray of shape (D, D)
    """
    triangle = triangle_of(values, centre, scale, weights)
    return _factor_of(triangle, len(values) - 1 if weights is None else divisor(weights.sum()))


def triangle_of(
    values: np.ndarray, centre: np.ndarray, scale: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Triangular factor (at most D rows, D) of the standardised columns: its square is theirs, sums of products."""
    n_rows, n_features = values.shape
    triangle = np.empty((0, n_features))
    with one_blas_thread():
        for start in range(0, n_rows, BLOCK):
            standard = (values[start : start + BLOCK] - centre) / scale
            if weights is not None:
                standard *= np.sqrt(weights[start : start + BLOCK])[:, None]
            triangle = np.linalg.qr(np.concatenate([triangle, standard]), mode="r")
    return triangle


def factor_of_triangles(triangles: Sequence[np.ndarray], n_rows: int) -> np.ndarray:
    """See :func:`correlation_factor`: of rows that lie apart, whose triangles :func:`triangle_of` gave."""
    triangle = np.empty((0, triangles[0].shape[1]))
    with one_blas_thread():
        for one in triangles:
            triangle = np.linalg.qr(np.concatenate([triangle, one]), mode="r")
    return _factor_of(triangle, n_rows - 1)


def _factor_of(triangle: np.ndarray, of_all: float) -> np.ndarray:
    """The lower Cholesky factor of the square of a triangle (D, D), which may have negative entries on its diagonal."""
    return (triangle * np.copysign(1.0, np.diagonal(triangle))[:, None]).T / np.sqrt(of_all)


class Triangle:
    """The triangular factor of columns about their means, gathered block by block in one pass, as exact as the rows.

    The columns are taken about the first block's means in units of its deviations, behind a column of ones: below and
    right of the ones, the factor of all of them is that of the columns about their own means.
    """

    def __init__(self):
        self._triangle, self._centre, self._unit = np.empty((0, 0)), np.empty(0), np.empty(0)

    def add(self, rows: np.ndarray) -> None:
        """Take in complete rows (n, D)."""
        if self._unit.size == 0:
            self._centre, scale = centre_and_scale(rows)
            self._unit = np.where(scale > 0, scale, 1.0)
            self._triangle = np.empty((0, rows.shape[1] + 1))
        with one_blas_thread():
            for start in range(0, len(rows), BLOCK):
                part = rows[start : start + BLOCK]
                standard = np.empty((len(part), rows.shape[1] + 1))
                standard[:, 0] = 1.0
                standard[:, 1:] = (part - self._centre) / self._unit
                self._triangle = np.linalg.qr(np.concatenate([self._triangle, standard]), mode="r")

    def correlation_factor(self, scale: np.ndarray, n_rows: int) -> np.ndarray:
        """See :func:`correlation_factor`, given the standard deviations of all rows."""
        return _factor_of(self._triangle[1:, 1:] * (self._unit / scale), n_rows - 1)


def correlation_factor_by_pairs(
    values: np.ndarray, centre: np.ndarray, scale: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the lower Cholesky factor of the columns' correlations where values are missing (NaN).

    Each correlation is that of the rows that have both values (zero where they are two or fewer). Such correlations of
    different rows need not be those of any distribution: eigenvalues below a thousandth are raised to it, and the
    diagonal is made one again.

    Parameters
    ----------
    values : ndarray of shape (N, D)
    centre, scale : ndarray of shape (D,)
        As :func:`centre_and_scale` gives them.
    weights : ndarray of shape (N,), optional
        Positive numbers.

    Returns
    -------
    ndarray of shape (D, D)
    """
    standard = (values - centre) / scale
    correlations = np.eye(scale.size)
    for i in range(scale.size):
        for j in range(i):
            both = standard[:, [i, j]]
            whole = ~np.isnan(both).any(axis=1)
            both = both[whole]
            if len(both) > 2:
                counted = None if weights is None else weights[whole]
                both = both - np.average(both, axis=0, weights=counted)
                if counted is not None:
                    both *= np.sqrt(counted)[:, None]
                lengths = np.sqrt((both**2).sum(axis=0))
                if lengths.min() > 0:
                    correlations[i, j] = correlations[j, i] = both[:, 0] @ both[:, 1] / lengths.prod()
    eigenvalues, vectors = np.linalg.eigh(correlations)
    if eigenvalues[0] < _LEAST_EIGENVALUE:
        correlations = (vectors * np.maximum(eigenvalues, _LEAST_EIGENVALUE)) @ vectors.T
        spread = np.sqrt(np.diagonal(correlations))
        correlations /= spread[:, None] * spread
    return np.linalg.cholesky(correlations)
