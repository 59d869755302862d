"""Rows that fit badly: how rarely a new row is as improbable, with the false discoveries among them under control."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayesmix.data import Rows, check_exact, read_rows
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import Marginal, marginal_of
from bayesmix.posterior.membership import missing_cells
from bayesmix.posterior.predictive import positive, sample_predictive
from bayesmix.posterior.regions import ROUNDING, log_predictive
from bayesmix.progress import progress
from bayesmix.tree import columns_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Share of the new rows that tell how the tail goes on below them all.
_TAIL = 0.02


@named_arguments
def outliers(
    tree: "xr.DataTree | EMResult",
    X: Any = None,
    *,
    level: float = 0.05,
    n: int = 10_000,
    random_seed: Any = None,
) -> xr.Dataset:
    r"""Rows that fit badly: the probability that a new row is as improbable as each, small for outliers.

    .. math:: p_i = P\bigl(f(x_{\text{new}}) \le f(x_i) \mid \text{data}\bigr), \qquad
              f(x) = p(x \mid \text{data}) = \frac{1}{S} \sum_s p(x \mid \theta_s),

    the predictive tail probability: one minus the probability of the smallest region that holds the row
    (:func:`bayesmix.highest_density`). Of a new row from the model it is uniform, whatever the number and shape of the
    groups. Discrete rows tie: all that are as improbable count, so that it is at most a with probability at most a.
    A mid-p value would be smaller than that allows, and a randomised one would tell equal rows different things.

    It is found by counting among n rows drawn from the posterior predictive. Where none of them is as improbable, the
    lowest 2 % are followed down by an exponential tail of the log density, which is how that of normal and Student-t
    distributions falls off: there the value tells the order of magnitude.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    X : array-like or data frame, (N, D), optional
        Rows to judge; the training rows by default. Cells may be missing (NaN): a row is judged by those that are
        there, among new rows of the same features.
    level : float
        Expected share of ordinary rows among those that are flagged, at most.
    n : int
        Number of new rows.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence

    Returns
    -------
    xarray.Dataset
        ``probability (obs)``; ``adjusted (obs)``: the same after Benjamini and Hochberg over all rows, the lowest
        level at which the row would be flagged; ``outlier (obs)``: whether it is at most ``level``. Attributes:
        ``level``, ``n``, and ``missing_cells`` where there are any.

    Raises
    ------
    ValueError, TypeError
        When X is not what the tree was fitted on, ``level`` is no probability or ``n`` no positive number; or when X is
        not given, and the training rows were measured with errors.

    See Also
    --------
    bayesmix.highest_density : the smallest region that holds a row.
    bayesmix.log_density : the density itself.
    bayesmix.plot_outliers : all rows beside what is expected of so many.

    Notes
    -----
    A row that was fitted has drawn the groups towards itself, and one far from all others may have a group of its own,
    in which it is nothing unusual. Its probability is too large, the more so the fewer rows there are: what is flagged
    all the same is an outlier, what is not may be one. To judge a row without its own help, fit the others and give it
    as X.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful approach to
    multiple testing. Journal of the Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> found = bm.outliers(em, [[4.4, 80.0], [4.0, 75.0], [2.0, 90.0]], random_seed=1)
    >>> found["outlier"].values.tolist()
    [False, False, True]
    """
    tree = heeded(tree)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}: the share of ordinary rows among the flagged.")
    n = positive(n, "n")
    rows = training_rows(tree) if X is None else read_rows(X, columns=columns_of(tree), missing="keep")
    check_exact(rows, "each has a distribution of its own, which no other row is like. Give exact rows as X.")
    with progress(None) as report:
        report("outliers")
        new = sample_predictive(tree, n, random_seed=random_seed)["predictions"].to_dataset()["x"].values
        probability = _tail_probabilities(marginal_of(tree), rows, new)
    adjusted = _adjusted(probability)
    return xr.Dataset(
        {
            "probability": ("obs", probability),
            "adjusted": ("obs", adjusted),
            "outlier": ("obs", adjusted <= level),
        },
        coords={"obs": rows.obs},
        attrs={"level": float(level), "n": n} | missing_cells(rows),
    )


def _adjusted(probability: np.ndarray) -> np.ndarray:
    """The least level at which Benjamini and Hochberg's procedure flags each row.

    As ``scipy.stats.false_discovery_control``, which takes a second to load.
    """
    order = np.argsort(probability)
    of_ranks = probability[order] * probability.size / np.arange(1, probability.size + 1)
    adjusted = np.empty(probability.size)
    adjusted[order] = np.minimum(np.minimum.accumulate(of_ranks[::-1])[::-1], 1.0)
    return adjusted


def _tail_probabilities(draws: Marginal, rows: Rows, new: np.ndarray) -> np.ndarray:
    """Of every row (N,), among new rows (n, D) of the features that it has."""
    discrete = draws.family.measure == "probability"
    if rows.missing is None:
        return _below(log_predictive(draws, new), log_predictive(draws, rows.values), discrete=discrete)
    out = np.ones(rows.n_rows)  # nothing is improbable in a row without cells
    patterns, which = np.unique(rows.missing, axis=0, return_inverse=True)
    for j, pattern in enumerate(patterns):
        seen, places = np.flatnonzero(~pattern), np.flatnonzero(which == j)
        if seen.size:
            of_seen = draws.of(seen.tolist())
            values = rows.values[np.ix_(places, seen)]
            of_new = log_predictive(of_seen, new[:, seen])
            out[places] = _below(of_new, log_predictive(of_seen, values), discrete=discrete)
    return out


def _below(of_new: np.ndarray, of_rows: np.ndarray, *, discrete: bool) -> np.ndarray:
    r"""Probability (N,) that a new row's log density is at most that of each row.

    The row itself counts among the new ones: so the share, which is exchangeable, is uniform over its n + 1 steps.
    Where no new row is as low as :math:`\log f`, it is the tail :math:`\frac{m}{n} e^{-(t - \log f) / s}` below the
    m-th lowest, t, with s the mean distance of the lower ones from it, and at least one: probability falls off hardly
    faster than the density itself, since what lies lower takes more room.
    """
    ordered, n = np.sort(of_new), of_new.size
    with np.errstate(invalid="ignore"):  # a density of zero is at its own level
        level = np.where(np.isneginf(of_rows), -np.inf, of_rows + ROUNDING * (1 + np.abs(of_rows)))
    lower = np.searchsorted(ordered, level, side="right")
    counted = (1 + lower) / (n + 1)
    m = max(int(_TAIL * n), 2)
    limit = ordered[min(m, n) - 1]
    scale = max(np.sum(limit - ordered[:m]) / (m - 1), 1.0)
    tail = np.exp((np.minimum(of_rows, limit) - limit) / scale) * m / n
    if discrete:
        tail = np.maximum(tail, np.exp(of_rows))  # the row is as improbable as itself
    return np.where(lower == 0, np.minimum(tail, counted), counted)
