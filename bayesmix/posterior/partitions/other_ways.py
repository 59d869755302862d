"""Other ways to group rows of numbers: k-means, soft k-means, mean shift on the rows, and on the mixture's density."""

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.data.words import counted
from bayesmix.families.gaussian import Gaussian
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import check_no_noise
from bayesmix.posterior.modal import has_modes, modes
from bayesmix.posterior.partitions.co_membership import rows_of
from bayesmix.posterior.partitions.estimate import by_size, parted
from bayesmix.seeds import generator_of
from bayesmix.threads import one_openmp_thread
from bayesmix.tree import family_of, number_varies, record_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

_MOST_TURNS = 1000
_SETTLED = 1e-9  # standard deviations of a column: a centre that moves less stands
# Rows that mean shift looks at; the others go to the centre that is nearest. Its bandwidth is no less than this.
_SHIFTED = 2000
_NARROWEST = 0.01
_CLIMBED = 50  # draws of each chain whose modes tell the groups


class _Centred(NamedTuple):
    """k-means: groups (N,), by decreasing size, their centres (G, D), and what rows differ from these."""

    labels: np.ndarray
    centres: np.ndarray
    scale: float


@named_arguments
def partial_assignments(
    tree: "xr.DataTree | EMResult", X: Any = None, *, scale: float | None = None, random_seed: Any = 0
) -> xr.Dataset:
    r"""Hard k-means beside soft k-means: all or nothing, or a part of each row for each group.

    Soft k-means is EM of the mixture with equal weights and one spherical covariance that is held at
    :math:`\sigma^2 I`; only the centres move:

    .. math:: r_{ig} = \frac{\exp(-|x_i - m_g|^2 / 2 \sigma^2)}{\sum_h \exp(-|x_i - m_h|^2 / 2 \sigma^2)}, \qquad
        m_g = \frac{\sum_i r_{ig} x_i}{\sum_i r_{ig}}.

    As :math:`\sigma \to 0` the parts become 0 and 1, and it is k-means.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Gives the rows, the columns' standard deviations, by which they are divided, and the number of groups: its
        components, or the groups of its :func:`partition` where their number is unknown.
    X : array-like or data frame, (N, D), optional
        Rows to group; the training rows by default.
    scale : float, optional
        :math:`\sigma`, where a column's standard deviation is 1. By default what rows differ from their centre under
        k-means, the root of the mean square over rows and columns.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence, default 0
        Of the starts of k-means.

    Returns
    -------
    xarray.Dataset
        ``hard (obs, group)``: 0 or 1, scikit-learn's k-means; ``soft (obs, group)``: the parts, which sum to 1;
        ``centre (group, feature)``: of soft k-means, in the units of the data. Groups by decreasing size under k-means.
        Attribute ``scale``.

    Raises
    ------
    ValueError, TypeError
        When columns are not real numbers, values are missing, X is not what the tree was fitted on, or ``scale`` is not
        positive.

    References
    ----------
    MacKay (2003), Information theory, inference, and learning algorithms, Cambridge University Press, chapters 20, 22.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> parts = bm.partial_assignments(em)
    >>> parts["hard"].values[:2].tolist(), parts["soft"].values[:2].round(2).tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])
    >>> sharp = bm.partial_assignments(em, scale=0.01)
    >>> bool((abs(sharp["soft"] - sharp["hard"]) < 1e-6).all())
    True
    """
    tree = heeded(tree)
    check_no_noise(tree, "bm.partial_assignments")
    rows, seed = rows_of(tree, X), _seed(random_seed)
    values, centre, scales = standardised(tree, rows)
    hard = _hard(values, number_to_find(tree, rows), seed)
    if scale is not None and not 0 < scale < np.inf:
        raise ValueError(f"scale must be a positive number of standard deviations, not {scale!r}.")
    scale = hard.scale if scale is None else float(scale)
    soft, centres = _soft(values, hard.centres, scale)
    n_groups = len(hard.centres)
    return xr.Dataset(
        {
            "hard": (("obs", "group"), np.eye(n_groups)[hard.labels]),
            "soft": (("obs", "group"), soft),
            "centre": (("group", "feature"), centre + scales * centres),
        },
        coords={"obs": rows.obs, "group": np.arange(n_groups), "feature": list(rows.features)},
        attrs={"scale": scale},
    )


def other_ways(tree: xr.DataTree, rows: Rows, random_seed: Any, n_groups: int | None = None) -> dict[str, np.ndarray]:
    """Labels (N,) of rows by k-means, soft k-means, mean shift and the modes of the mixture, each by its name.

    Families whose density cannot be climbed have no modes.

    Raises
    ------
    ValueError
        When columns are not real numbers, or values are missing.
    """
    values, _, _ = standardised(tree, rows)
    seed = _seed(random_seed)
    hard = _hard(values, n_groups or number_to_find(tree, rows), seed)
    soft, _ = _soft(values, hard.centres, hard.scale)
    ways = {"k-means": hard.labels, "soft k-means": soft.argmax(axis=1), "mean shift": _mean_shift(values, seed)}
    if has_modes(family_of(tree)):
        draws = min(_CLIMBED, tree["posterior"].sizes["draw"])
        ways["modes of the mixture"] = modes(tree, rows.values, draws=draws)["label"].values
    return ways


def standardised(tree: xr.DataTree, rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows next to the mean and the standard deviation of the training rows' columns, and these two.

    Distances depend on units, which these methods have no other way to choose.
    """
    others = [column.name for column in rows.columns if column.kind != "real"]
    if others:
        raise ValueError(
            f"k-means and mean shift take distances between rows, which columns of real numbers have, but "
            f"{others[0]!r} holds {'counts' if rows.columns[0].kind == 'count' else 'levels'}. Give labels of another "
            "method to bm.compare_clusterings(tree, {name: labels})."
        )
    if rows.missing is not None:
        holed = counted(int(rows.missing.any(axis=1).sum()), "row")
        raise ValueError(
            f"k-means and mean shift take complete rows, but {holed} of X have missing values. Leave these rows "
            "out, or give labels of another method to bm.compare_clusterings(tree, {name: labels}, X)."
        )
    centre, scales = training_rows(tree).centre_and_scale
    return (rows.values - centre) / scales, centre, scales


def number_to_find(tree: xr.DataTree, rows: Rows) -> int:
    """How many groups to ask k-means for; never more than rows that differ."""
    if number_varies(tree):
        number = int(parted(tree, rows)["label"].max()) + 1
    else:
        number = int(record_of(tree)["n_components"])
    return min(number, len(np.unique(rows.values, axis=0)))


def _seed(random_seed: Any) -> int:
    return int(generator_of(random_seed).integers(2**31))


def _hard(values: np.ndarray, n_groups: int, seed: int) -> _Centred:
    from sklearn.cluster import KMeans  # a heavy import, needed only here

    with one_openmp_thread():
        found: Any = KMeans(n_groups, n_init=cast(Any, 10), random_state=seed).fit(values)
    labels = by_size(found.labels_)
    first = np.array([np.argmax(labels == group) for group in range(n_groups)])
    centres = found.cluster_centers_[found.labels_[first]]
    within = ((values - centres[labels]) ** 2).mean()
    return _Centred(labels, centres, float(np.sqrt(max(within, np.finfo(float).tiny))))


def _soft(values: np.ndarray, centres: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Parts (N, G) and centres (G, D): EM of the spherical family with weights and variances held."""
    family, n_groups = Gaussian("spherical"), len(centres)
    weights, variances = np.full(n_groups, 1 / n_groups), np.full(n_groups, scale**2)
    parts = np.empty((len(values), n_groups))
    for _ in range(_MOST_TURNS):
        params = {"means": centres, "variances": variances}
        for block, shares in family.responsibilities_blocks(weights, params, values):
            parts[block] = shares[..., 0].T
        total = parts.sum(axis=0)
        moved = np.where(total[:, None] > 0, parts.T @ values / np.maximum(total, 1e-300)[:, None], centres)
        settled = abs(moved - centres).max() < _SETTLED
        centres = moved
        if settled:
            break
    return parts, centres


def _mean_shift(values: np.ndarray, seed: int) -> np.ndarray:
    """Climb a kernel density of the rows, whose bandwidth is the mean distance to the nearest 30 % of them."""
    from sklearn.cluster import MeanShift, estimate_bandwidth

    rng = np.random.default_rng(seed)
    looked = values
    if len(values) > _SHIFTED:
        looked = values[np.sort(rng.choice(len(values), _SHIFTED, replace=False))]
    bandwidth = max(float(estimate_bandwidth(looked)), _NARROWEST)
    return by_size(MeanShift(bandwidth=bandwidth, bin_seeding=True).fit(looked).predict(values))
