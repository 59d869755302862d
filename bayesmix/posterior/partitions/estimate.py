"""One partition that stands for the posterior, and how far the others lie from it."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.first_use import compiling_shown
from bayesmix.posterior.intervals import read_ci_prob
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import check_no_noise
from bayesmix.posterior.partitions.co_membership import MOST_ROWS, co_membership, memory, rows_of
from bayesmix.posterior.partitions.label_draws import LabelDraws, label_draws
from bayesmix.posterior.partitions.losses import AdjustedRand, Binder, Information, Loss, OfPairs
from bayesmix.posterior.predictive import positive
from bayesmix.progress import progress, turns
from bayesmix.seeds import generator_of
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

_LOSSES: dict[str, type[Loss]] = {"vi": Information, "binder": Binder, "omari": AdjustedRand}
# Searches: as many as this many steps (of one row beside all draws, or all rows) allow, some seconds; within bounds.
_STEPS = 40_000_000
_FEWEST_SEARCHES, _MOST_SEARCHES = 8, 128
# Searches of three kinds of starts that end in the best partition, after which there are no more.
_ENOUGH = 12


@named_arguments
def partition(
    tree: "xr.DataTree | EMResult",
    loss: str = "vi",
    X: Any = None,
    *,
    ci_prob: float | None = None,
    max_rows: int = MOST_ROWS,
    random_seed: Any = 0,
) -> xr.Dataset:
    r"""The partition of the rows that stands for the posterior: of least expected loss, with its credible ball.

    It is what to report where one partition is asked for. It needs no names of groups, and so no relabelling, and has
    as many groups as are worth telling apart, which may be fewer than the mixture has components.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        By any engine, of a given or an unknown number of components. In an EMResult's partition nothing is uncertain
        but the rows.
    loss : {"vi", "binder", "omari"}
        What it costs to say :math:`\hat c` where c is true. ``"vi"``: the variation of information
        :math:`H(c) + H(\hat c) - 2 I(c, \hat c)`, in nats, averaged over draws of the labels. ``"binder"``: the
        number of pairs of rows that are wrongly together or apart, times :math:`2 / N^2`; ``"omari"``: one minus
        the adjusted Rand index, with expectations in the place of its parts. These two are exact from
        :func:`similarity`. Binder's loss tends to leave unsure rows in groups of their own.
    X : array-like or data frame, (N, D), optional
        Rows to part; the training rows by default.
    ci_prob : float, optional
        Posterior probability of the ball; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    max_rows : int
        Rows of which ``"binder"`` and ``"omari"`` compute the probabilities of all pairs, which take ``8 * N ** 2``
        bytes (128 MB for 4000 rows). ``"vi"`` has no such limit; beyond 5000 rows it takes fewer draws.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence, default 0
        Of the draws of labels, and of the search.

    Returns
    -------
    xarray.Dataset
        ``label (obs)``: groups by decreasing size, from 0; ``expected_loss``.
        The credible ball holds the partitions whose loss from ``label`` is at most ``radius``, the smallest one that
        gives it the probability ``ci_prob``. Its bounds are draws: ``lower (obs)`` of those with the most groups and
        ``upper (obs)`` of those with the fewest the furthest from ``label``, ``horizontal (obs)`` the furthest of
        all. Attributes: ``loss``, ``ci_prob``, ``n_label_draws``.

    Raises
    ------
    ValueError, TypeError
        When ``loss`` is another, X is not what the tree was fitted on, or the rows are too many for a loss of pairs.

    Notes
    -----
    Rows are placed one after another in a random order, then each goes where the expected loss is least until none
    does, then groups are dissolved and their rows placed anew (as SALSO does); many searches begin with
    nothing, with draws and with random groups. R's salso and mcclust.ext give the variation of information in bits:
    divide by log 2.

    References
    ----------
    Wade and Ghahramani (2018), Bayesian cluster analysis: point estimation and credible balls, Bayesian Analysis 13.
    Dahl, Johnson and Mueller (2022), Search algorithms and loss functions for Bayesian clustering, Journal of
    Computational and Graphical Statistics 31. Binder (1978), Bayesian cluster analysis, Biometrika 65. Fritsch and
    Ickstadt (2009), Improved criteria for clustering based on the posterior similarity matrix, Bayesian Analysis 4.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> found = bm.partition(tree)
    >>> found["label"].values[:6].tolist()
    [0, 1, 0, 1, 0, 1]
    >>> {name: int(found[name].max()) + 1 for name in ("label", "lower", "upper", "horizontal")}
    {'label': 2, 'lower': 2, 'upper': 2, 'horizontal': 2}
    """
    tree = heeded(tree)
    kind = _read_loss(loss)
    rows = rows_of(tree, X)
    if issubclass(kind, OfPairs):
        _check_size(rows, loss, positive(max_rows, "max_rows"))
    return parted(tree, rows, loss, ci_prob=ci_prob, random_seed=random_seed)


def parted(
    tree: xr.DataTree, rows: Rows, loss: str = "vi", *, ci_prob: float | None = None, random_seed: Any = 0
) -> xr.Dataset:
    """The same of rows that were read."""
    check_no_noise(tree, "bm.partition")
    kind, ci_prob, rng = _read_loss(loss), read_ci_prob(ci_prob), generator_of(random_seed)
    with compiling_shown(None), progress(None) as report:
        report("draws of who belongs with whom")
        draws = label_draws(tree, rows, rng)
        of_pairs = {"together": co_membership(tree, rows)} if issubclass(kind, OfPairs) else {}
        report("the partition")
        judged = kind(draws, **of_pairs)
        labels = _least(judged, rng)
    return xr.Dataset(
        {"label": ("obs", labels), "expected_loss": judged.expected(labels), **_ball(judged, labels, ci_prob)},
        coords={"obs": rows.obs},
        attrs={"loss": loss, "ci_prob": ci_prob, "n_label_draws": draws.n_draws},
    )


def _read_loss(loss: str) -> type[Loss]:
    if not isinstance(loss, str) or loss not in _LOSSES:
        raise ValueError(f"loss must be one of {', '.join(map(repr, _LOSSES))}, not {loss!r}.")
    return _LOSSES[loss]


def _check_size(rows: Rows, loss: str, max_rows: int) -> None:
    if rows.n_rows > max_rows:
        raise ValueError(
            f"loss={loss!r} needs the probabilities of all pairs of rows, which for {rows.n_rows:,} rows take "
            f"{memory(rows.n_rows)}; allowed are {max_rows:,} rows ({memory(max_rows)}). Use loss='vi', which needs "
            f"none, set max_rows={rows.n_rows}, or choose rows by X."
        )


def _least(judged: Loss, rng: np.random.Generator) -> np.ndarray:
    """The best that several searches find, groups by decreasing size."""
    draws, best, least, times = judged.draws, np.zeros(judged.draws.n_rows, dtype=np.int64), np.inf, 0
    most_groups = min(draws.n_rows, 2 * draws.typical_number)
    turn = turns("search")
    for number in range(int(np.clip(_STEPS // judged.steps, _FEWEST_SEARCHES, _MOST_SEARCHES))):
        turn(number)
        start = np.full(draws.n_rows, -1)
        if number % 3 == 1:
            start = by_size(draws.labels[rng.integers(draws.n_draws)])
        elif number % 3 == 2:
            start = by_size(rng.integers(rng.integers(1, most_groups + 1), size=draws.n_rows))
        found = by_size(judged.search(rng, start))
        loss = judged.expected(found)
        if loss < least:
            best, least, times = found, loss, 0
        times += np.array_equal(found, best)
        if times == _ENOUGH:
            break
    return best


def by_size(labels: np.ndarray) -> np.ndarray:
    """Name groups 0, 1, ... by decreasing size; of equal ones the one that has the first row comes first."""
    _, first, inverse, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(first))
    return rank[inverse]


def _ball(judged: Loss, labels: np.ndarray, ci_prob: float) -> dict[str, Any]:
    """The radius of the credible ball, and the draws that bound it."""
    draws, far = judged.draws, judged.between(labels)
    radius = float(np.sort(far)[int(np.ceil(ci_prob * far.size)) - 1])
    inside = far <= radius
    groups = draws.n_groups
    bounds = {
        "lower": inside & (groups == groups[inside].max()),
        "upper": inside & (groups == groups[inside].min()),
        "horizontal": inside,
    }
    return {"radius": radius} | {name: ("obs", _furthest(draws, far, among)) for name, among in bounds.items()}


def _furthest(draws: LabelDraws, far: np.ndarray, among: np.ndarray) -> np.ndarray:
    return by_size(draws.labels[np.argmax(np.where(among, far, -1.0))])
