"""The modes of the fitted density, and the groups of rows that climb to them."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from bayesmix.data import read_rows
from bayesmix.families import Family
from bayesmix.passes.ascent import ascend, modes_of_draws
from bayesmix.posterior.intervals import BOUNDS, credible_interval, read_ci_kind, read_ci_prob
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import evenly
from bayesmix.posterior.predictive import positive
from bayesmix.progress import progress
from bayesmix.tree import columns_of, draws_of, family_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# So much (draws, values of the rows, components) is climbed in about two seconds; fewer draws than these say little.
_MOST_CLIMBS, _FEWEST_DRAWS = 1e7, 100
_POOLED = 200  # draws that stand for the predictive density


@named_arguments
def modes(
    tree: "xr.DataTree | EMResult",
    X: Any = None,
    *,
    draws: int | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
) -> xr.Dataset:
    r"""Modes of the fitted density, and which of them each row climbs to.

    A group may be more than one component: a cloud that no single bell fits is several components with one peak. Here a
    group is a *mode* of the mixture's density, with all that lies uphill to it. Rows climb by mean shift on the mixture
    itself (modal EM), draw by draw; no bandwidth is chosen. To know a mode again in other draws, it climbs on to a mode
    of the posterior predictive density, the mean over the draws.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Of Gaussian or Student-t components; their number may be unknown.
    X : array-like or data frame, (N, D), optional
        Rows to climb; the training rows by default.
    draws : int, optional
        How many evenly spaced draws of each chain are climbed. By default all, or as many as take some seconds; the
        attribute ``note`` says where these are fewer.
    ci_prob : float, optional
        Probability inside the interval; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ci_kind : {"eti", "hdi"}, optional
        Equal tails, or the shortest interval; ArviZ's ``rcParams["stats.ci_kind"]`` (``"eti"``) by default.

    Returns
    -------
    xarray.Dataset
        ``n_modes (chain, draw)``: modes of each draw's density;
        ``location (mode, feature)``: modes of the predictive density, by the weight of the components whose centres
        climb there, the most first;
        ``location_interval (mode, feature, ci_bound)``: of the highest mode there, over the draws that have one;
        ``mode_probability (mode)``: share of the draws that have a mode there;
        ``probability (obs, mode)``: share of the draws in which the row climbs there;
        ``label (obs)``: the most probable mode; ``label_probability (obs)``: its probability.

    Raises
    ------
    ValueError, TypeError
        When the family has no density to climb, or X is not what the tree was fitted on.

    See Also
    --------
    bayesmix.merge : which components are one group, by their overlap and by these modes.

    References
    ----------
    Li, J., Ray, S. and Lindsay, B. G. (2007). A nonparametric statistical approach to clustering via mode
    identification. Journal of Machine Learning Research 8, 1687-1723.

    Carreira-Perpinan, M. A. (2007). Gaussian mean-shift is an EM algorithm. IEEE Transactions on Pattern Analysis and
    Machine Intelligence 29, 767-776.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(3).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> found = bm.modes(em)
    >>> found["location"].values.round(0).tolist()
    [[4.0, 80.0], [2.0, 55.0], [3.0, 52.0]]
    >>> bm.modes(em, [[4.8, 90.0], [1.8, 50.0]])["label"].values.tolist()
    [0, 1]
    """
    tree = heeded(tree)
    ci_prob, ci_kind = read_ci_prob(ci_prob), read_ci_kind(ci_kind)
    rows = training_rows(tree) if X is None else read_rows(X, columns=columns_of(tree))
    if rows.missing is not None:
        raise ValueError(
            "modes are climbed to from complete rows, and training rows have missing cells: give X, such as the rows "
            "that are complete."
        )
    family = family_of(tree)
    if not has_modes(family):
        raise ValueError(
            f"{family} gives probabilities of single values, or has a density that nobody wrote down as bells: there "
            "is no slope to climb. bm.merge(tree) tells by their overlap which components are one group."
        )
    weights, params = draws_of(tree)
    chosen, note = _thinned(weights, rows.values.size, draws)
    posterior = tree["posterior"].to_dataset()
    with progress(None) as report:
        report("modes")
        shape = (weights.shape[0], chosen.size)
        form = bells_of(family, weights[:, chosen], {name: values[:, chosen] for name, values in params.items()})
        climbed = climb(rows.values, form)
        pooled = _on_the_mean(form, climbed)
    n_modes = pooled.places.shape[0]
    shares = np.stack([(pooled.of_rows == mode).mean(axis=0) for mode in range(n_modes)], axis=1)
    # by what the draws say alone, so that modes have the same names whatever rows are asked for
    order = np.lexsort((-pooled.tops, -_weights(weights[:, chosen].reshape(len(form.heights), -1), climbed, pooled)))
    shares, label = shares[:, order], shares[:, order].argmax(axis=1)
    intervals = [_interval(climbed, pooled.of_modes == mode, ci_prob, ci_kind) for mode in order]
    there = [float((pooled.of_modes == mode).any(axis=1).mean()) for mode in order]
    return xr.Dataset(
        {
            "n_modes": (("chain", "draw"), climbed.n_modes.reshape(shape)),
            "location": (("mode", "feature"), pooled.places[order]),
            "location_interval": (("mode", "feature", "ci_bound"), np.array(intervals)),
            "mode_probability": ("mode", np.array(there)),
            "probability": (("obs", "mode"), shares),
            "label": ("obs", label),
            "label_probability": ("obs", np.take_along_axis(shares, label[:, None], 1)[:, 0]),
        },
        coords={
            "chain": posterior["chain"].values,
            "draw": posterior["draw"].values[chosen],
            "mode": np.arange(n_modes),
            "feature": list(rows.features),
            "obs": rows.obs,
            "ci_bound": list(BOUNDS),
        },
        attrs={"ci_prob": ci_prob, "ci_kind": ci_kind, **({"note": note} if note else {})},
    )


class Bells(NamedTuple):
    """Components of S draws as bells (see :meth:`bayesmix.families.Family.elliptical_form`)."""

    heights: np.ndarray
    centres: np.ndarray
    precisions: np.ndarray
    dof: np.ndarray


class Climbed(NamedTuple):
    """What :func:`bayesmix.passes.ascent.modes_of_draws` found in S draws."""

    n_modes: np.ndarray
    places: np.ndarray
    tops: np.ndarray
    of_centres: np.ndarray
    of_rows: np.ndarray


class _Pooled(NamedTuple):
    """Modes of the mean density, and which of them each draw's modes (S, M) and rows (S, N) have; -1 for none."""

    places: np.ndarray
    tops: np.ndarray
    of_modes: np.ndarray
    of_rows: np.ndarray


def has_modes(family: Family) -> bool:
    """Whether the density of such components can be climbed."""
    return type(family).elliptical_form is not Family.elliptical_form


def bells_of(family: Family, weights: np.ndarray, params: dict[str, np.ndarray]) -> Bells:
    """The components of draws (..., K) with the leading axes made one."""
    form = family.elliptical_form(weights, params)
    assert form is not None
    own = (1, 2, 3, 1)
    flat = (part.reshape(-1, *part.shape[part.ndim - n :]) for part, n in zip(form, own, strict=True))
    return Bells(*(np.array(part, dtype=float, order="C") for part in flat))


def climb(rows: np.ndarray, form: Bells) -> Climbed:
    """Modes of every draw, with those of the rows (N, D)."""
    most = 3 * form.heights.shape[1] + 6  # more than components: where tails cross
    return Climbed(*modes_of_draws(np.array(rows, dtype=float, order="C"), *form, most))


def thinned_note(wanted: int, available: int) -> str:
    """What is said where not all draws were used; nothing where they were."""
    if wanted == available:
        return ""
    return f"{wanted} of {available} draws of each chain, evenly spaced; draws={available} asks for all."


def _thinned(weights: np.ndarray, n_values: int, draws: int | None) -> tuple[np.ndarray, str]:
    """Places of the draws of a chain that are climbed, and what is to be said of it."""
    n_chains, available = weights.shape[:2]
    if draws is None:
        n_present = (weights > 0).sum(axis=2).mean()
        affordable = max(_FEWEST_DRAWS, int(_MOST_CLIMBS // (n_values * n_present)))
        chosen = evenly(available, -(-affordable // n_chains))
    else:
        chosen = evenly(available, positive(draws, "draws"))
    return chosen, thinned_note(chosen.size, available)


def _on_the_mean(form: Bells, climbed: Climbed) -> _Pooled:
    """Climb on from every draw's modes, on the mean of the draws' densities."""
    some = evenly(len(form.heights), _POOLED)
    held = np.isfinite(form.heights[some])  # where their number varies, most have no weight
    heights, *others = (part[some][held] for part in form)
    there = np.arange(climbed.places.shape[1]) < climbed.n_modes[:, None]
    most, n_features = 4 * form.heights.shape[1] + 20, form.centres.shape[2]
    places, metrics, tops = np.empty((most, n_features)), np.empty((most, n_features, n_features)), np.empty(most)
    centres, precisions, dof = others
    n_modes, reached = ascend(
        climbed.places[there], heights - np.log(len(some)), centres, precisions, dof, 0, places, metrics, tops
    )
    of_modes = np.full(there.shape, -1, dtype=np.int16)
    of_modes[there] = reached
    of_rows = np.empty_like(climbed.of_rows)
    for s, reached in enumerate(climbed.of_rows):
        of_rows[s] = of_modes[s, reached]
    return _Pooled(places[:n_modes], tops[:n_modes], of_modes, of_rows)


def _weights(weights: np.ndarray, climbed: Climbed, pooled: _Pooled) -> np.ndarray:
    """Mean weight of the components whose centres climb to each mode."""
    held = weights > 0  # whose centres climb
    of_centres = np.take_along_axis(pooled.of_modes, np.maximum(climbed.of_centres, 0), axis=1)
    return np.bincount(of_centres[held], weights[held], minlength=len(pooled.tops)) / len(weights)


def _interval(climbed: Climbed, there: np.ndarray, ci_prob: float, ci_kind: str) -> np.ndarray:
    """Interval (D, 2) of the highest of a draw's modes that are there, over the draws that have one."""
    tops = np.where(there, climbed.tops, -np.inf)
    own = there.any(axis=1)
    highest = climbed.places[own, tops[own].argmax(axis=1)]
    return credible_interval(highest.T, ci_prob, ci_kind)
