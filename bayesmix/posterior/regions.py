"""The smallest regions that hold a probability: where the posterior predictive density is highest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from bayesmix.data import read_rows
from bayesmix.posterior.distribution import read_probabilities
from bayesmix.posterior.intervals import BOUNDS
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import Marginal, check_no_noise, marginal_of, positions_of
from bayesmix.posterior.predictive import positive, sample_predictive
from bayesmix.progress import progress
from bayesmix.tree import columns_of
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Log densities of one row in two blocks differ by this much at most.
ROUNDING = 1e-9
# Points at which the region of one feature is looked for, and halvings of what lies between two of them.
_POINTS, _HALVINGS = 2000, 40


@named_arguments
def highest_density(
    tree: "xr.DataTree | EMResult",
    X: Any = None,
    *,
    features: str | Sequence[str] | None = None,
    prob: float | Sequence[float] = (0.5, 0.8, 0.95),
    n: int = 10_000,
    random_seed: Any = None,
) -> xr.Dataset:
    r"""Highest-density regions of the posterior predictive distribution, and how central rows are in it.

    The region of probability p is the smallest one that holds p of new rows,

    .. math:: \{x : f(x) \ge t_p\}, \qquad P(f(x_{\text{new}}) \ge t_p \mid \text{data}) = p, \qquad
              f(x) = p(x \mid \text{data}) = \frac{1}{S} \sum_s p(x \mid \theta_s),

    which of several groups may be in parts. Thresholds are found by sampling: they are quantiles of the density at n
    new rows (Hyndman 1996), so that probabilities have a standard error of :math:`\sqrt{p (1 - p) / n}`.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    X : array-like or data frame, (N, d), optional
        Rows, which get the probability of the smallest region that contains them; only of the chosen features.
    features : str or sequence of str, optional
        The features whose joint distribution counts; all by default.
    prob : float or sequence of float
        Probabilities of the regions, between 0 and 1.
    n : int
        Number of new rows.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence

    Returns
    -------
    xarray.Dataset
        ``log_threshold (region)``: a row is inside where :func:`bayesmix.log_density` is as high. The coordinate
        ``region`` holds the probabilities, the attribute ``n`` the number of new rows.
        With X also ``probability (obs)``: of the smallest region that contains the row; 0 is the highest point of
        the density, 1 out of everything.
        Of one feature of real numbers also ``interval (region, part, ci_bound)``: the ends of the region's parts,
        from left to right, NaN where it has fewer.

    Raises
    ------
    ValueError, TypeError
        When a feature is unknown, a probability or n is none, or X is not what the tree was fitted on.

    References
    ----------
    Hyndman, R. J. (1996). Computing and graphing highest density regions. The American Statistician 50, 120-126.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> found = bm.highest_density(em, [[4.0, 75.0], [3.0, 90.0]], random_seed=1)
    >>> found["probability"].values.round(1).tolist()  # in the larger group; outside of all
    [0.3, 1.0]
    >>> of_one = bm.highest_density(em, features="eruptions", prob=0.8, random_seed=1)
    >>> of_one["interval"].sel(region=0.8).values.round(1).tolist()  # short eruptions and long ones
    [[1.7, 2.4], [3.8, 4.8]]
    """
    tree = heeded(tree)
    check_no_noise(tree, "bm.highest_density")
    wanted, n = read_probabilities(prob, "prob"), positive(n, "n")
    columns = columns_of(tree)
    chosen = positions_of(tree, features)
    rows = None if X is None else read_rows(X, columns=tuple(columns[j] for j in chosen))
    marginal = marginal_of(tree).of(chosen)
    with progress(None) as report:
        report("highest density")
        new = sample_predictive(tree, n, random_seed=random_seed)["predictions"].to_dataset()["x"].values[:, chosen]
        heights = np.sort(log_predictive(marginal, new))
        # so many of them lie lower than the threshold
        thresholds = heights[n - np.ceil(wanted * n - 1e-9).astype(int)]
        found: dict[str, Any] = {"log_threshold": ("region", thresholds)}
        coords: dict[str, Any] = {"region": wanted}
        if rows is not None:
            found["probability"] = ("obs", _inside(heights, log_predictive(marginal, rows.values)))
            coords["obs"] = rows.obs
        if len(chosen) == 1 and columns[chosen[0]].kind == "real":
            found["interval"] = (("region", "part", "ci_bound"), _intervals(marginal, new[:, 0], thresholds))
            coords["ci_bound"] = list(BOUNDS)
    return xr.Dataset(found, coords=coords, attrs={"n": n, "features": [columns[j].name for j in chosen]})


def log_predictive(marginal: Marginal, values: np.ndarray) -> np.ndarray:
    """Log predictive density of rows, (n,)."""
    out = np.empty(len(values))
    for block, each in marginal.family.log_mixture_blocks(marginal.weights, marginal.params, values):
        out[block] = logsumexp(each, axis=0)
    return out - np.log(marginal.n_draws)


def _inside(heights: np.ndarray, of_rows: np.ndarray) -> np.ndarray:
    """Share of new rows, of sorted log densities, where the density is at least as high as at each row."""
    return 1 - np.searchsorted(heights, of_rows - ROUNDING * (1 + np.abs(of_rows))) / heights.size


def _intervals(marginal: Marginal, new: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Ends (P, parts, 2) of the regions of one feature where the log density is at least each threshold."""
    # points are as close as new rows are, and one lies outside at each end
    points = np.quantile(new, np.linspace(0, 1, _POINTS))
    room = 0.5 * (points[-1] - points[0])
    points = np.concatenate([[points[0] - room], points, [points[-1] + room]])
    heights = log_predictive(marginal, points[:, None])
    parts = [_crossings(marginal, points, heights, threshold) for threshold in thresholds]
    out = np.full((thresholds.size, max(len(one) for one in parts), 2), np.nan)
    for place, one in enumerate(parts):
        out[place, : len(one)] = one
    return out


def _crossings(marginal: Marginal, points: np.ndarray, heights: np.ndarray, threshold: float) -> np.ndarray:
    """Where the log density rises to a threshold, and where it falls below again, (parts, 2)."""
    above = heights >= threshold
    at = np.flatnonzero(above[1:] != above[:-1])
    low, high = points[at], points[at + 1]
    rises = above[at + 1]
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        left = (log_predictive(marginal, middle[:, None]) >= threshold) != rises
        low, high = np.where(left, middle, low), np.where(left, high, middle)
    return (0.5 * (low + high)).reshape(-1, 2)
