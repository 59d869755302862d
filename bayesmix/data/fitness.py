"""Whether a mixture can be fitted to these rows."""

import operator
from typing import Any

import numpy as np

from bayesmix.data.moments import BLOCK
from bayesmix.data.rows import Rows
from bayesmix.data.words import SHOWN, and_more, counted, listed, places

# A covariance matrix of D columns in double precision holds the eigenvalues of its correlations to D eps / 2. One that
# is known to a hundredth can be fitted, and told in a result; a smaller one is as good as zero.
COLLINEAR = 50 * np.finfo(np.float64).eps
# Standard deviations beyond these have squares that a float holds badly or not at all.
SMALLEST, LARGEST = 1e-152, 1e152


def check_n_components(n_components: Any) -> int:
    """Return the number of components as an int of at least 1.

    Raises
    ------
    TypeError
        If it is not an integer (truth values and floats are none; NumPy's integers are).
    ValueError
        If it is less than 1.
    """
    wanted = f"n_components must be an integer of at least 1; got {n_components!r}"
    remedy = "Give a whole number, such as n_components=2"
    if isinstance(n_components, bool):
        raise TypeError(f"{wanted}, a truth value. {remedy}.")
    try:
        number = operator.index(n_components)
    except TypeError:
        raise TypeError(f"{wanted}, of type {type(n_components).__name__}. {remedy}.") from None
    if number < 1:
        raise ValueError(f"{wanted}. {remedy}.")
    return number


def check_distinct(rows: Rows, n_components: int) -> None:
    """Refuse rows of which fewer differ than there are groups.

    Raises
    ------
    ValueError
    """
    distinct = _count_distinct(rows.sample, enough=n_components)
    if distinct < n_components:
        raise ValueError(
            f"X has fewer distinct rows than groups: {distinct} distinct among "
            f"{counted(rows.n_rows, 'row')}, and n_components={n_components}. Use "
            f"n_components={distinct} or less, or give more data."
        )


def check_missing(rows: Rows, why_not: str | None) -> None:
    """Refuse missing values that nobody can sum out, and rows of nothing else.

    Parameters
    ----------
    rows : Rows
    why_not : str or None
        Who cannot sum them out, and what to do, as a sentence; None where it can be done.

    Raises
    ------
    ValueError
    """
    if rows.missing is None:
        return
    if why_not is not None:
        raise ValueError(
            f"X has {counted(rows.missing.sum(), 'missing value')} (NaN, None, null, masked): "
            f"{places(rows.missing, rows.features, rows.obs)}. {why_not} Or leave these rows out, for a pandas frame "
            "with X.dropna(), or fill the values in; bayesmix does neither silently."
        )
    empty = np.flatnonzero(rows.missing.all(axis=1))
    if empty.size:
        raise ValueError(
            f"X has {counted(empty.size, 'row')} without any value: {rows.called(empty, SHOWN)}. Such a row says "
            "nothing about groups: leave it out, for a pandas frame with X.dropna(how='all')."
        )


def check_complete(rows: Rows, who: str) -> None:
    """Refuse missing values where somebody takes complete rows alone.

    Parameters
    ----------
    rows : Rows
    who : str
        Who that is, with what it is called by.

    Raises
    ------
    ValueError
    """
    check_missing(rows, f"They are not summed out by {who}; fit_em, fit, fit_nuts, fit_advi and fit_laplace do that.")


def check_exact(rows: Rows, why: str) -> None:
    """Refuse rows that were measured with errors, where somebody takes exact ones alone.

    Parameters
    ----------
    rows : Rows
    why : str
        Who that is, and what to do, as the end of a sentence.

    Raises
    ------
    ValueError
    """
    if rows.errors is not None:
        raise ValueError(f"The rows were measured with errors (error_covariances), and {why}")


def check_alone(rows: Rows) -> None:
    """Refuse rows that belong together and were measured with errors, which nobody sums out of them together.

    Raises
    ------
    ValueError
    """
    if rows.subjects is not None:
        check_exact(rows, "are kept together by groups, of which nobody sums errors out: leave one of the two out.")


def check_spread(rows: Rows) -> None:
    """Refuse columns without spread, or with one that no float holds the square of.

    Raises
    ------
    ValueError
        If a column is constant up to rounding; if a standard deviation is below 1e-152 or above 1e152, where variances
        leave the range of floats.
    """
    check_constant(rows)
    _check_units(rows)


def _count_distinct(values: np.ndarray, *, enough: int) -> int:
    """Count the rows that differ, up to `enough`."""
    seen: set[bytes] = set()
    start, size = 0, 2 * enough  # mostly the first few rows are enough
    while start < len(values) and len(seen) < enough:
        # turns -0.0 into 0.0, the same number
        block = np.ascontiguousarray(values[start : start + size] + 0.0)
        seen.update(block.view(f"V{block.shape[1] * block.itemsize}").ravel().tolist())
        start, size = start + size, BLOCK
    return min(len(seen), enough)


def check_constant(rows: Rows) -> None:
    """Refuse columns that are constant up to rounding (ValueError)."""
    low, high = rows.extent
    # Halves, because the range of columns near the largest float overflows.
    rounding = 2 * np.finfo(np.float64).eps * np.maximum(abs(low), abs(high))
    constant = np.flatnonzero(high / 2 - low / 2 <= rounding)
    if constant.size:
        found = ", ".join(f"{rows.features[j]!r} (always {low[j] + 0.0:.6g})" for j in constant[:SHOWN])
        raise ValueError(
            f"X has {counted(constant.size, 'constant column')}: {found}{and_more(constant.size)}. "
            "A column without spread says nothing about groups: leave it out."
        )


def _check_units(rows: Rows) -> None:
    _, scale = rows.centre_and_scale
    outside = np.flatnonzero(~((scale >= SMALLEST) & (scale <= LARGEST)))
    if outside.size:
        found = ", ".join(f"{rows.features[j]!r} ({scale[j]:.3g})" for j in outside[:SHOWN])
        raise ValueError(
            f"X has {counted(outside.size, 'column')} whose standard deviation is below {SMALLEST:g} or above "
            f"{LARGEST:g}: {found}{and_more(outside.size)}. No float holds the variance: change the units, which "
            "change nothing else."
        )


def check_collinear(rows: Rows) -> None:
    """Refuse columns that are linear combinations of others up to rounding, where rows are more than columns.

    With N <= D they always are, and that is left to the prior. Of rows with missing values those count that have all.

    Raises
    ------
    ValueError
        If some combination of the standardised columns has a variance below 50 D times the rounding of a double (a
        standard deviation of 1.5e-7 for two columns), or as small as the rounding of the values themselves.
    """
    rows = rows.complete
    if rows.n_rows <= rows.n_features:
        return
    _, scale = rows.centre_and_scale
    if not scale.min() > 0:
        return  # constant among complete rows, and not among all
    # Combinations of the standardised columns, each of length one, and their standard deviations.
    combinations, deviations, _ = np.linalg.svd(rows.correlation_factor)
    low, high = rows.extent
    largest = np.maximum(high, -low)
    rounding = np.finfo(np.float64).eps * np.linalg.norm(combinations * (largest / scale)[:, None], axis=0)
    null = (deviations**2 < rows.n_features * COLLINEAR) | (deviations < rounding)
    count = int(null.sum())
    if count == 0:
        return
    # Columns that no null combination touches have loadings at the level of rounding.
    involved = [rows.features[j] for j in np.flatnonzero(abs(combinations[:, null]).max(axis=1) > 1e-5)]
    follow = "1 is a linear combination" if count == 1 else f"{count} are linear combinations"
    raise ValueError(
        f"X has columns that are collinear up to rounding: of {listed(involved)}, {follow} of the others, and a "
        f"full or tied covariance would be singular. Leave out {count} of them, or use "
        "covariance='diag' or 'spherical'."
    )
