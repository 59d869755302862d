r"""Distributions of some features, alone or given the values of others, under the posterior predictive mixture.

Given values :math:`x_1` of some features, the others of a new row have the density

.. math:: p(x_2 \mid x_1, \text{data}) = \frac{p(x_1, x_2 \mid \text{data})}{p(x_1 \mid \text{data})}
          = \sum_s \omega_s \sum_k r_{sk} f(x_2 \mid x_1, \theta_{sk}), \qquad
          r_{sk} = \frac{w_{sk} f(x_1 \mid \theta_{sk})}{p(x_1 \mid \theta_s)}, \qquad
          \omega_s \propto p(x_1 \mid \theta_s).

The values move the weights of the components within every draw, and, as those of one more row, the draws themselves:
so marginal times conditional is the joint density that ``log_density`` has and ``sample_predictive`` draws from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from bayesmix.data import Column, Rows, read_rows
from bayesmix.data.containers import open_table
from bayesmix.data.words import listed
from bayesmix.families import Family
from bayesmix.posterior.distribution import bisected
from bayesmix.posterior.intervals import BOUNDS, read_ci_prob
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import Marginal, check_no_noise, marginal_of, positions_of
from bayesmix.posterior.predictive import positive
from bayesmix.progress import progress, turns
from bayesmix.seeds import generator_of
from bayesmix.tree import columns_of
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Numbers (rows, draws, components and features) that are held at once.
_MOST_VALUES = 2e6
_PRECISION = 1e-9  # of an end of an interval, in standard deviations of the narrowest component


@named_arguments
def conditional(
    tree: "xr.DataTree | EMResult",
    given: Any,
    *,
    features: str | Sequence[str] | None = None,
    at: Any = None,
    n: int | None = None,
    ci_prob: float | None = None,
    random_seed: Any = None,
) -> xr.Dataset:
    r"""Distribution of some features of a new row given the values of others: regression on a mixture.

    .. math:: p(x_2 \mid x_1, \text{data}) = \sum_s \omega_s \sum_k r_{sk} f(x_2 \mid x_1, \theta_{sk}), \qquad
              r_{sk} \propto w_{sk} f(x_1 \mid \theta_{sk}), \qquad \omega_s \propto p(x_1 \mid \theta_s).

    Within a component this is linear regression where features are correlated (of Student-t components with a spread
    that grows with the distance of the given values), and where they are independent the given values say only which
    component it is. The draws count by how well each expects the given values, so that this density times that of the
    given values is the density of both (:func:`bayesmix.log_density`).

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    given : mapping or data frame
        Names of features with their values: ``{"waiting": 70.0}``; sequences, or a data frame of the given columns,
        for many rows.
    features : str or sequence of str, optional
        The features that are asked for; by default all that are not given.
    at : array-like, mapping or data frame, (P, e), optional
        Values of these features at which their joint density is evaluated.
    n : int, optional
        Number of draws of these features for each given row.
    ci_prob : float, optional
        Probability inside all intervals; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        For the draws.

    Returns
    -------
    xarray.Dataset
        ``mean (obs, feature)``, ``sd`` and ``interval (obs, feature, ci_bound)`` of a new value, the interval equal
        in its tails; ``mean_interval (obs, feature, ci_bound)``: of the conditional mean over the draws, the band of a
        regression. The mean is NaN, and the standard deviation infinite, where Student-t components have none in some
        draw. Levels have ``level_probability (obs, level)`` and ``level_probability_interval`` in their place; beside
        features of other kinds, theirs are NaN.
        ``given (obs, given_feature)``: the values as numbers, of levels their positions.
        ``effective_draws (obs)``: how many equally weighted draws are worth as much; few, where the given values lie
        where draws differ by magnitudes in what they expect, and then nothing is known precisely.
        With ``at``: ``density (obs, point)``, of discrete features the probability. With ``n``:
        ``x (obs, sample, feature)``. Where ``given`` holds single values, there is no ``obs``.

    Raises
    ------
    ValueError, TypeError
        When a feature is unknown, all or none are given, values are none of the feature's, or impossible.

    See Also
    --------
    bayesmix.marginal : nothing given.
    bayesmix.plot_conditional : the curve over the range of one given feature.

    References
    ----------
    Müller, P., Erkanli, A. and West, M. (1996). Bayesian curve fitting using multivariate normal mixtures. Biometrika
    83, 67-79.

    Examples
    --------
    How long is the eruption after a wait of an hour, of 70 and of 80 minutes?

    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> found = bm.conditional(em, given={"waiting": [60.0, 70.0, 80.0]}).sel(feature="eruptions")
    >>> found["mean"].values.round(1).tolist()
    [2.1, 3.9, 4.3]
    >>> found["interval"].values[[0, 2]].round(1).tolist()
    [[1.7, 2.5], [3.7, 4.9]]
    """
    tree = heeded(tree)
    check_no_noise(tree, "bm.conditional")
    columns = columns_of(tree)
    rows, known, single = _read_given(given, columns)
    asked = [j for j in positions_of(tree, features) if features is not None or j not in known]
    both = [columns[j].name for j in asked if j in known]
    if both:
        raise ValueError(f"features names {listed(both)}, which is given: ask for the others.")
    found = _told(tree, asked, known, rows, at, n, ci_prob, random_seed)
    return found.squeeze("obs", drop=True) if single else found


@named_arguments
def marginal(
    tree: "xr.DataTree | EMResult",
    features: str | Sequence[str] | None = None,
    *,
    at: Any = None,
    n: int | None = None,
    ci_prob: float | None = None,
    random_seed: Any = None,
) -> xr.Dataset:
    r"""Distribution of some features of a new row, whatever the others are.

    .. math:: p(x_2 \mid \text{data}) = \frac{1}{S} \sum_s \sum_k w_{sk} f(x_2 \mid \theta_{sk})

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    features : str or sequence of str, optional
        By name; all by default.
    at : array-like, mapping or data frame, (P, e), optional
        Values of these features at which their joint density is evaluated.
    n : int, optional
        Number of draws of these features.
    ci_prob : float, optional
        Probability inside all intervals; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        For the draws.

    Returns
    -------
    xarray.Dataset
        ``mean (feature)``, ``sd``, ``interval``, ``mean_interval``, and with ``at`` and ``n`` ``density (point)`` and
        ``x (sample, feature)``, all as of :func:`bayesmix.conditional`.

    Raises
    ------
    ValueError, TypeError
        When a feature is unknown, or ``at`` holds something else than values of these features.

    See Also
    --------
    bayesmix.conditional : given values of other features.
    bayesmix.cdf, bayesmix.quantile : the distribution function of one feature and its inverse.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> found = bm.marginal(em, "waiting", at=[55.0, 65.0, 80.0])
    >>> found["mean"].values.round(1).tolist()  # of the rows: 70.9
    [70.9]
    >>> found["density"].values.round(3).tolist()  # two groups, and few rows between them
    [0.025, 0.006, 0.043]
    """
    tree = heeded(tree)
    nothing = Rows(np.empty((1, 0)), ())
    found = _told(tree, positions_of(tree, features), [], nothing, at, n, ci_prob, random_seed)
    return found.drop_vars(["given", "given_feature", "effective_draws"]).squeeze("obs", drop=True)


def means_given(draws: Marginal, asked: Sequence[int], known: Sequence[int], rows: Rows) -> np.ndarray:
    """Conditional means (N, M) of features, of levels their probabilities, given rows of the known ones."""
    return np.concatenate([here.summaries()[0] for _, here in _blocks(draws, asked, known, rows)])


def _read_given(given: Any, columns: Sequence[Column]) -> tuple[Rows, list[int], bool]:
    """The given values as rows, the positions of their features, and whether they are single ones."""
    names = [column.name for column in columns]
    how = f'a mapping such as {{"{names[-1]}": value}}, or a data frame of the given columns'
    single = isinstance(given, Mapping) and all(np.ndim(value) == 0 for value in given.values())
    frame = _as_frame(given, "given")
    found = open_table(frame, "given").names if hasattr(frame, "columns") else None
    if found is None:
        raise TypeError(f"given must name the features whose values it holds: {how}; got {type(given).__name__}.")
    unknown = [name for name in found if name not in names]
    if unknown:
        raise ValueError(f"given names {listed(unknown)}, but the tree's features are {listed(names)}.")
    if not found:
        raise ValueError(f"given holds no feature: give {how}; bm.marginal asks for what is given nothing.")
    if len(found) == len(names):
        raise ValueError(
            f"given holds every feature ({listed(found)}), so that nothing is left to ask for: leave some out. "
            "bm.log_density has the density of whole rows."
        )
    known = [names.index(name) for name in found]
    return read_rows(frame, argument="given", columns=[columns[j] for j in known]), known, single


def _as_frame(given: Any, argument: str) -> Any:
    """Columns by name as a data frame; what is no mapping, as it is."""
    if not isinstance(given, Mapping):
        return given
    import pandas as pd

    parts = {str(name): np.atleast_1d(np.asarray(value, dtype=object)) for name, value in given.items()}
    lengths = {len(part) for part in parts.values()} - {1}
    if any(part.ndim > 1 for part in parts.values()) or len(lengths) > 1:
        raise ValueError(f"{argument} must hold one value for each name, or as many values for one as for another.")
    size = lengths.pop() if lengths else 1
    return pd.DataFrame({name: np.resize(part, size) for name, part in parts.items()}).infer_objects()


@dataclass(frozen=True, eq=False)
class _Block:
    """Mixtures of the features that are asked for, one for each given row, over all draws.

    Attributes
    ----------
    family : Family
    params : mapping of (b, S, ...) arrays
    draws : (b, S) array
        How much each draw counts.
    shares : (b, S, K) array
        Weights of the components within each draw.
    n_features : int
    """

    family: Family
    params: Mapping[str, np.ndarray]
    draws: np.ndarray
    shares: np.ndarray
    n_features: int

    def summaries(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Means (b, M), standard deviations, and the means of every draw (b, S, M)."""
        weights = (self.draws[..., None] * self.shares)[..., None]
        means, variances = self.family.mean_and_variance(self.params)
        there = weights > 0  # what has no weight may have no mean
        of_draws = np.where(there, self.shares[..., None] * means, 0.0).sum(axis=2)
        mean = np.einsum("bs,bsm->bm", self.draws, of_draws)
        spread = variances + (means - mean[:, None, None]) ** 2
        return mean, np.sqrt(np.where(there, weights * spread, 0.0).sum(axis=(1, 2))), of_draws

    def below(self, j: int, values: np.ndarray) -> np.ndarray | None:
        """Probability (b, P) that feature j is at most so large as values (b, P)."""
        family, params = self.family.marginal(self.params, np.array([j]))
        each = family.cumulative(params, values.T[:, :, None, None])
        return None if each is None else np.einsum("bs,bsk,pbsk->bp", self.draws, self.shares, each[..., 0])

    def interval(self, j: int, ends: np.ndarray, whole: bool) -> np.ndarray | None:
        """Quantiles (b, P) of feature j."""
        zeros = np.zeros((len(self.draws), ends.size))
        if self.below(j, zeros) is None:
            return None
        # a Student-t component has a scale where it has no variance
        family, params = self.family.marginal(self.params, np.array([j]))
        locations, covariances = family.moments(params)
        scales = np.sqrt(np.broadcast_to(covariances[..., 0, 0], locations.shape[:-1]))
        centres, scales = locations[..., 0][self.shares > 0], scales[self.shares > 0]
        room = 10 * scales.max() + (1.0 if whole else 0.0)
        low, high = zeros + np.floor(centres.min() - room), zeros + np.ceil(centres.max() + room)

        def below(values: np.ndarray) -> Any:
            return self.below(j, values)

        while (far := below(low) >= ends).any():
            low = np.where(far, low - 2 * (high - low), low)
        while (short := below(high) < ends).any():
            high = np.where(short, high + 2 * (high - low), high)
        precision = _PRECISION * scales.min(initial=np.inf, where=scales > 0)
        return bisected(below, np.broadcast_to(ends, zeros.shape), low, high, float(precision), whole)

    def density(self, i: int, points: np.ndarray) -> np.ndarray:
        """Density (P,) of points (P, e) given row i."""
        here = {name: value[i] for name, value in self.params.items()}
        of_draws = self.family.log_mixture(self.shares[i], here, points)
        log_density: Any = logsumexp(of_draws, b=self.draws[i][:, None], axis=0)  # to type checkers it may be a pair
        return np.exp(log_density)

    def sample(self, i: int, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draws (n, e) given row i."""
        source = rng.choice(self.draws.shape[1], size=n, p=self.draws[i])
        out = np.empty((n, self.n_features))
        order = np.argsort(source, kind="stable")
        for places in np.split(order, np.flatnonzero(np.diff(source[order])) + 1):
            s = source[places[0]]
            here = {name: value[i, s] for name, value in self.params.items()}
            out[places] = self.family.sample(self.shares[i, s], here, len(places), rng)[0]
        return out


def _blocks(draws: Marginal, asked: Sequence[int], known: Sequence[int], rows: Rows) -> Iterator[tuple[slice, _Block]]:
    """Blocks of given rows with the mixtures of the features that are asked for."""
    (n_draws, n_components), width = draws.weights.shape, len(asked)
    of_known = draws.of(known) if known else None
    size = max(1, int(_MOST_VALUES // (n_draws * n_components * width)))
    turn = turns("row")
    for start in range(0, rows.n_rows, size):
        turn(start)
        block = slice(start, min(start + size, rows.n_rows))
        values = rows.values[block]
        if of_known is None:
            family, params = draws.family.marginal(draws.params, np.asarray(asked))
            params = family.broadcast(params, (1, n_draws))
            log_draws, shares = np.zeros((1, n_draws)), draws.weights[None]
        else:
            log_draws = of_known.family.log_mixture(of_known.weights, of_known.params, values).T
            _check_possible(log_draws, rows, start)
            every = of_known.family.responsibilities_blocks(
                of_known.weights, of_known.params, values, max_values=np.inf
            )
            shares = next(iter(every))[1].transpose(1, 2, 0)
            places = np.asarray(asked), np.asarray(known)
            family, params = draws.family.conditional_on(draws.params, *places, values[:, None])
        total: Any = logsumexp(log_draws, axis=1, keepdims=True)
        log_draws = log_draws - total
        yield block, _Block(family, params, np.exp(log_draws), shares, width)


def _check_possible(log_density: np.ndarray, rows: Rows, start: int) -> None:
    """Refuse given values that no draw holds possible, or whose density is below all numbers."""
    never = np.flatnonzero(np.isneginf(log_density).all(axis=1))
    if never.size:
        raise ValueError(
            f"given has values that cannot occur under the fitted mixture, or lie too far out, in "
            f"{rows.called(start + never, 3)}: nothing follows from them. Correct them or leave these rows out."
        )


def _told(
    tree: xr.DataTree,
    asked: Sequence[int],
    known: Sequence[int],
    rows: Rows,
    at: Any,
    n: int | None,
    ci_prob: float | None,
    random_seed: Any,
) -> xr.Dataset:
    """What is known of the features that are asked for, row by row of what is given."""
    ci_prob, rng = read_ci_prob(ci_prob), generator_of(random_seed)
    ends = np.array([(1 - ci_prob) / 2, (1 + ci_prob) / 2])
    columns = [columns_of(tree)[j] for j in asked]
    points = None if at is None else read_rows(_as_frame(at, "at"), argument="at", columns=columns)
    size = None if n is None else positive(n, "n")
    found: dict[str, list[np.ndarray]] = {}

    def tell(name: str, values: np.ndarray | None) -> None:
        if values is not None:
            found.setdefault(name, []).append(values)

    with progress(None) as report:
        report("conditional" if known else "marginal")
        for block, here in _blocks(marginal_of(tree), asked, known, rows):
            mean, sd, of_draws = here.summaries()
            of_means = _weighted_interval(of_draws, here.draws, ends)
            feature_of = here.family.features_of_moments(len(columns))
            of_level = np.array([bool(columns[j].levels) for j in feature_of])
            for name, values in (("mean", mean), ("sd", sd), ("mean_interval", of_means)):
                tell(name, _by_feature(values, feature_of, of_level, len(columns)))
            for name, values in (("level_probability", mean), ("level_probability_interval", of_means)):
                tell(name, values[:, of_level] if of_level.any() else None)
            tell("effective_draws", 1 / (here.draws**2).sum(axis=1))
            each = [here.interval(j, ends, column.kind != "real") for j, column in enumerate(columns)]
            nothing = np.full((len(mean), ends.size), np.nan)  # levels have no order
            ordered = [nothing if one is None else one for one in each]
            tell("interval", None if all(one is None for one in each) else np.stack(ordered, axis=1))
            here_rows = range(block.stop - block.start)
            tell("density", None if points is None else np.stack([here.density(i, points.values) for i in here_rows]))
            tell("x", None if size is None else np.stack([here.sample(i, size, rng) for i in here_rows]))
    levels = [f"{column.name}={level}" for column in columns for level in column.levels]
    dims = {
        "mean": ("obs", "feature"),
        "sd": ("obs", "feature"),
        "interval": ("obs", "feature", "ci_bound"),
        "mean_interval": ("obs", "feature", "ci_bound"),
        "level_probability": ("obs", "level"),
        "level_probability_interval": ("obs", "level", "ci_bound"),
        "effective_draws": ("obs",),
        "density": ("obs", "point"),
        "x": ("obs", "sample", "feature"),
    }
    told = {name: (dims[name], np.concatenate(parts)) for name, parts in found.items()}
    told["given"] = (("obs", "given_feature"), rows.values)
    coords = {"obs": rows.obs, "feature": [column.name for column in columns], "ci_bound": list(BOUNDS)}
    coords |= {"given_feature": list(rows.features)} | ({"level": levels} if levels else {})
    return xr.Dataset(told, coords=coords, attrs={"ci_prob": ci_prob})


def _by_feature(values: np.ndarray, feature_of: np.ndarray, of_level: np.ndarray, n: int) -> np.ndarray | None:
    """Entries (b, M, ...) that are of features and not of levels, (b, n, ...); NaN where a feature has levels."""
    if of_level.all():
        return None
    out = np.full((len(values), n, *values.shape[2:]), np.nan)
    out[:, feature_of[~of_level]] = values[:, ~of_level]
    return out


def _weighted_interval(values: np.ndarray, weights: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Quantiles (b, M, 2) of values (b, S, M) that count by weights (b, S)."""
    each = np.broadcast_to(weights[..., None], values.shape)
    return np.moveaxis(np.quantile(values, ends, axis=1, weights=each, method="inverted_cdf"), 0, -1)
