"""The distribution function of a feature under the posterior predictive mixture, and its inverse."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayesmix.data import Column, read_rows
from bayesmix.data.words import listed
from bayesmix.posterior.intervals import BOUNDS, credible_interval, read_ci_kind, read_ci_prob
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import Marginal, check_no_noise, marginal_of
from bayesmix.tree import columns_of
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Numbers (draws, components and values) that are held at once.
_MOST_VALUES = 4e6
_FIRST_REACH = 10.0  # standard deviations from the centres within which a quantile is looked for first
_PRECISION = 1e-12  # of a quantile, in standard deviations of the narrowest component


@named_arguments
def cdf(
    tree: "xr.DataTree | EMResult",
    X: Any,
    *,
    feature: str | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
) -> xr.Dataset:
    r"""Probability that a new row has at most this value.

    .. math:: P(x_{\text{new}} \le x \mid \text{data}) = \frac{1}{S} \sum_s \sum_k w_{sk} F(x \mid \theta_{sk})

    over the draws s. Its interval is that of the inner sum over the draws.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    X : array-like, series or data frame with one column, (N,)
        Values of the feature.
    feature : str, optional
        Its name, where the tree has more than one: its marginal distribution counts.
    ci_prob : float, optional
        Probability inside the interval; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ci_kind : {"eti", "hdi"}, optional
        Equal tails, or the shortest interval; ArviZ's ``rcParams["stats.ci_kind"]`` (``"eti"``) by default.

    Returns
    -------
    xarray.Dataset
        ``cdf (obs)`` and ``cdf_interval (obs, ci_bound)``.

    Raises
    ------
    ValueError, TypeError
        When there is no such feature, its values have no order, or X holds something else than values of it.

    See Also
    --------
    bayesmix.quantile : the inverse.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> bm.cdf(em, [60, 80, 100], feature="waiting")["cdf"].values.round(2).tolist()  # of the rows: 0.31, 0.69, 1
    [0.3, 0.68, 1.0]
    """
    tree = heeded(tree)
    check_no_noise(tree, "bm.cdf")
    ci_prob, ci_kind = read_ci_prob(ci_prob), read_ci_kind(ci_kind)
    column, marginal = _of_one_feature(tree, feature)
    rows = read_rows(X, columns=(column,))
    mean = np.empty(rows.n_rows)
    interval = np.empty((rows.n_rows, len(BOUNDS)))
    size = max(1, int(_MOST_VALUES // marginal.weights.size))
    for start in range(0, rows.n_rows, size):
        block = slice(start, start + size)
        below = marginal.cumulative(rows.values[block])
        mean[block] = below.mean(axis=1)
        interval[block] = credible_interval(below, ci_prob, ci_kind)
    return xr.Dataset(
        {"cdf": ("obs", mean), "cdf_interval": (("obs", "ci_bound"), interval)},
        coords={"obs": rows.obs, "ci_bound": list(BOUNDS)},
        attrs={"feature": column.name, "ci_prob": ci_prob, "ci_kind": ci_kind},
    )


@named_arguments
def quantile(
    tree: "xr.DataTree | EMResult",
    p: Any,
    *,
    feature: str | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
) -> xr.Dataset:
    r"""Value that a new row exceeds with probability :math:`1 - p`: the quantile of the posterior predictive mixture.

    The smallest x at which :func:`bayesmix.cdf` is at least p; of counts a whole number. Its interval is that of the
    quantile of the mixture over the draws.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    p : float or array-like of float, (P,)
        Probabilities between 0 and 1, both excluded.
    feature : str, optional
        Its name, where the tree has more than one: its marginal distribution counts.
    ci_prob : float, optional
        Probability inside the interval; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ci_kind : {"eti", "hdi"}, optional
        Equal tails, or the shortest interval; ArviZ's ``rcParams["stats.ci_kind"]`` (``"eti"``) by default.

    Returns
    -------
    xarray.Dataset
        ``quantile (probability)`` and ``quantile_interval (probability, ci_bound)``, in the units of the feature.

    Raises
    ------
    ValueError
        When there is no such feature, its values have no order, or p holds something else than probabilities.

    See Also
    --------
    bayesmix.cdf : the distribution function.
    bayesmix.highest_density : the smallest region that holds a probability, which may be in parts.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> found = bm.quantile(em, [0.05, 0.5, 0.95], feature="waiting")["quantile"]
    >>> found.values.round(1).tolist()  # of the rows: 48, 76, 89
    [48.4, 75.5, 88.4]
    """
    tree = heeded(tree)
    check_no_noise(tree, "bm.quantile")
    ci_prob, ci_kind = read_ci_prob(ci_prob), read_ci_kind(ci_kind)
    wanted = read_probabilities(p, "p")
    column, marginal = _of_one_feature(tree, feature)
    whole = column.kind != "real"
    mean = np.empty(wanted.size)
    interval = np.empty((wanted.size, len(BOUNDS)))
    size = max(1, int(_MOST_VALUES // marginal.weights.size))
    for start in range(0, wanted.size, size):
        block = slice(start, start + size)
        each, mean[block] = _quantiles(marginal, wanted[block], whole)
        interval[block] = credible_interval(each, ci_prob, ci_kind)
    return xr.Dataset(
        {"quantile": ("probability", mean), "quantile_interval": (("probability", "ci_bound"), interval)},
        coords={"probability": wanted, "ci_bound": list(BOUNDS)},
        attrs={"feature": column.name, "ci_prob": ci_prob, "ci_kind": ci_kind},
    )


def _of_one_feature(tree: xr.DataTree, feature: str | None) -> tuple[Column, Marginal]:
    """The column, and the draws of its marginal distribution."""
    columns = columns_of(tree)
    names = [column.name for column in columns]
    if feature is None and len(names) > 1:
        raise ValueError(
            f"the tree has {len(names)} features ({listed(names)}), and this is a question to one of them: name it, as "
            f"in feature={names[0]!r}."
        )
    if feature is not None and feature not in names:
        raise ValueError(f"feature is {feature!r}, but the tree's features are {listed(names)}.")
    place = 0 if feature is None else names.index(feature)
    marginal = marginal_of(tree).of([place])
    if marginal.cumulative(np.zeros((1, 1))) is None:
        wanted = "levels have no order" if columns[place].kind == "categorical" else "it has no method cumulative"
        raise ValueError(
            f"{marginal.family} has no distribution function: {wanted}. bm.log_density has the probability, or "
            "density, of a value."
        )
    return columns[place], marginal


def read_probabilities(given: Any, argument: str) -> np.ndarray:
    """Probabilities (P,), or a refusal of what is none."""
    try:
        wanted = np.atleast_1d(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        wanted = np.empty(0)
    if wanted.ndim != 1 or wanted.size == 0 or not ((wanted > 0) & (wanted < 1)).all():
        raise ValueError(
            f"{argument} must be a number between 0 and 1, both excluded, or a list of such, not {given!r}."
        )
    return wanted


def _quantiles(marginal: Marginal, p: np.ndarray, whole: bool) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles (P, S) of every draw, and (P,) of the mean over the draws."""
    locations, covariances = marginal.moments
    scales = np.sqrt(covariances[..., 0, 0])
    precision = _PRECISION * scales.min(initial=np.inf, where=scales > 0)
    reach = _FIRST_REACH * scales.max(axis=1) + (1.0 if whole else 0.0)
    low, high = locations[..., 0].min(axis=1) - reach, locations[..., 0].max(axis=1) + reach
    p = p[:, None]
    low, high, _ = np.broadcast_arrays(np.floor(low) if whole else low, np.ceil(high) if whole else high, p)
    while (far := marginal.cumulative(low) >= p).any():
        low = np.where(far, low - 2 * (high - low), low)
    while (short := marginal.cumulative(high) < p).any():
        high = np.where(short, high + 2 * (high - low), high)
    each = bisected(marginal.cumulative, p, low, high, precision, whole)
    # that of the mean lies between the lowest and the highest of them
    low, high = each.min(axis=1, keepdims=True) - (1.0 if whole else precision), each.max(axis=1, keepdims=True)

    def of_mean(values: np.ndarray) -> np.ndarray:
        return marginal.cumulative(values).mean(axis=1, keepdims=True)

    return each, bisected(of_mean, p, low, high, precision, whole)[:, 0]


def bisected(
    below: Callable[[np.ndarray], np.ndarray],
    p: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    precision: float,
    whole: bool,
) -> np.ndarray:
    """The smallest values, of whole numbers where these are meant, at which a rising function is at least p.

    It is below p at `low`, and not at `high`.
    """
    while True:
        middle = low + 0.5 * (high - low)
        middle = np.floor(middle) if whole else middle
        left = (middle > low) & (middle < high) & (whole | (high - low > precision))
        if not left.any():
            return high
        short = below(middle) < p
        low, high = np.where(left & short, middle, low), np.where(left & ~short, middle, high)
