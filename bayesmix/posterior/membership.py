"""Who belongs where: responsibilities with their posterior uncertainty."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import entr

from bayesmix.data import Rows, read_rows
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.posterior.labels.relabelling import relabel_draws
from bayesmix.progress import progress
from bayesmix.tree import columns_of, draws_of, family_of, training_rows
from bayesmix.verdict import pass_on
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

GROUP = "responsibilities"
BOUNDS = ("lower", "upper")
# A row is in doubt where no group has this probability.
UNSURE = 0.9


@named_arguments
def responsibilities(tree: "xr.DataTree | EMResult", X: Any = None, *, ci_prob: float | None = None) -> xr.Dataset:
    """Posterior probabilities of component membership, row by row.

    For every draw ``r_ik = w_k f(x_i | theta_k) / sum_j w_j f(x_i | theta_j)``; the summaries are
    over the draws, exact, and computed in blocks of rows.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Relabelled draws, as the fits return them; with raw labels the summaries mix components.
    X : array-like or data frame, (N, D), optional
        Rows to allocate; the training rows by default. Columns are checked against the training
        rows' names. Cells may be missing (NaN): a row is judged by those that are there, and one
        without any gets the weights.
    ci_prob : float, optional
        Probability inside the equal-tailed interval; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89)
        by default.

    Returns
    -------
    xarray.Dataset
        ``probability (obs, component)``: mean of r;
        ``probability_sd (obs, component)``: its posterior standard deviation;
        ``probability_interval (obs, component, ci_bound)``: ``lower`` and ``upper``;
        ``label (obs)``: the most probable component, from 0;
        ``label_probability (obs)``: its probability;
        ``entropy (obs)``: of ``probability``, in nats: 0 is certain, log K is no idea.
        Its attribute ``missing_cells`` says how many cells of X were missing, where any was.

    Raises
    ------
    ValueError, TypeError
        When X is not what the tree was fitted on; names the columns.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> found = bm.responsibilities(tree)
    >>> found["label"].values[:6].tolist()
    [0, 1, 0, 1, 0, 1]
    >>> found["probability"].values[:2].round(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> sorted(found.data_vars)
    ['entropy', 'label', 'label_probability', 'probability', 'probability_interval', 'probability_sd']
    """
    tree = heeded_with_names(tree, "responsibilities")
    return _summaries(tree, X, ci_prob)


def _summaries(tree: xr.DataTree, X: Any, ci_prob: float | None) -> xr.Dataset:
    ci_prob = read_ci_prob(ci_prob)
    stored = tree.children.get(GROUP)
    if X is None and stored is not None and stored.attrs.get("ci_prob") == ci_prob:
        return stored.to_dataset()
    rows = training_rows(tree) if X is None else read_rows(X, columns=columns_of(tree), missing="keep")
    weights, params = draws_of(tree)
    n_components = weights.shape[-1]
    mean = np.empty((rows.n_rows, n_components))
    sd = np.empty_like(mean)
    interval = np.empty((rows.n_rows, n_components, len(BOUNDS)))
    with progress(None) as report:
        report("responsibilities")
        for block, probability in family_of(tree).responsibilities_blocks(weights, params, rows.values):
            mean[block] = probability.mean(axis=-1).T
            sd[block] = probability.std(axis=-1).T
            interval[block] = equal_tailed(probability, ci_prob).transpose(1, 0, 2)
    label = mean.argmax(axis=-1)
    return xr.Dataset(
        {
            "probability": (("obs", "component"), mean),
            "probability_sd": (("obs", "component"), sd),
            "probability_interval": (("obs", "component", "ci_bound"), interval),
            "label": ("obs", label),
            "label_probability": ("obs", np.take_along_axis(mean, label[:, None], -1)[:, 0]),
            "entropy": ("obs", np.maximum(entr(mean).sum(axis=-1), 0.0)),
        },
        coords={
            "obs": rows.obs,
            "component": np.arange(n_components),
            "ci_bound": list(BOUNDS),
        },
        attrs={"ci_prob": ci_prob} | missing_cells(rows),
    )


def missing_cells(rows: Rows) -> dict[str, int]:
    """How many cells were missing, as an attribute of what is said of these rows; nothing where none was."""
    return {} if rows.missing is None else {"missing_cells": int(rows.missing.sum())}


def with_responsibilities(tree: xr.DataTree, *, ci_prob: float | None = None) -> xr.DataTree:
    """Return the tree with the group ``responsibilities`` of its training rows."""
    extended = tree.copy(deep=False)
    extended[GROUP] = xr.DataTree(_summaries(tree, None, ci_prob))
    return extended


@named_arguments
def relabel(
    tree: "xr.DataTree | EMResult", method: str = "ecr", *, by: str | Sequence[str] | None = None
) -> xr.DataTree:
    """Rename the components of every draw so that a name means the same in all of them.

    Values are never edited: each draw's components are permuted, in every variable at once, and
    ``sample_stats.permutation`` says how (``new[k] = raw[permutation[k]]``; relabelling again
    composes). The group ``responsibilities`` is computed anew where the tree has one.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    method : {"ecr", "order"}
        ``"ecr"`` (equivalence classes representatives): the names under which a draw's expected
        allocations agree best with the EM labels (``constant_data.pivot``); components that own no
        row there follow by decreasing weight. ``"order"``: sorted by one variable.
    by : str or (str, str), optional
        For ``"order"``: a posterior variable with a component dim, or the variable and a feature:
        ``("means", "waiting")``; without a feature the first one counts. ``"weights"``, the
        default, puts the largest first; other variables the smallest.

    Returns
    -------
    xarray.DataTree
        A new tree whose record says under ``relabelling`` what was done and, for ``"ecr"``, how
        well the labels could be told apart: ``agreement``, ``margin``, ``ambiguous``.

    Raises
    ------
    ValueError
        When the prior identifies the labels, or an argument names nothing there is.

    References
    ----------
    Papastamoulis and Iliopoulos (2010), An artificial allocations based solution to the label
    switching problem in Bayesian analysis of mixtures of distributions, Journal of Computational
    and Graphical Statistics 19.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> tree["posterior"]["means"].mean(["chain", "draw"]).sel(feature="waiting").values.round().tolist()
    [80.0, 54.0]
    >>> ordered = bm.relabel(tree, "order", by=("means", "waiting"))
    >>> ordered["posterior"]["means"].mean(["chain", "draw"]).sel(feature="waiting").values.round().tolist()
    [54.0, 80.0]
    """
    tree = heeded_with_names(tree, "relabel")
    renamed = relabel_draws(tree, method, by=by)  # its verdict stays: no quantity that judges draws has labels
    if GROUP in tree.children:
        renamed = with_responsibilities(renamed, ci_prob=tree.children[GROUP].attrs["ci_prob"])
    pass_on(tree, renamed)
    return renamed


def read_ci_prob(ci_prob: float | None = None) -> float:
    """Return it as a float, or say that it is no probability; by default ArviZ's setting, which rules all intervals."""
    if ci_prob is None:
        from arviz_base import rcParams  # ArviZ's own, without its pictures

        return float(rcParams["stats.ci_prob"])
    if not 0 < ci_prob < 1:
        raise ValueError(f"ci_prob must lie between 0 and 1, not {ci_prob}.")
    return float(ci_prob)


def equal_tailed(draws: np.ndarray, ci_prob: float) -> np.ndarray:
    """Interval over the draws: (..., S) becomes (..., 2).

    The quantiles are NumPy's default ones (Hyndman and Fan's type 7). A whole sort is twice as fast as the partial
    one of ``numpy.quantile``, because it uses the SIMD unit.
    """
    ordered = np.sort(np.ascontiguousarray(draws), axis=-1)
    ends = np.array([(1 - ci_prob) / 2, (1 + ci_prob) / 2])
    places = ends * (draws.shape[-1] - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, draws.shape[-1] - 1)
    low, high = ordered[..., below], ordered[..., above]
    with np.errstate(invalid="ignore"):  # two infinities of one sign: they are equal, and need no interpolation
        return np.where(low == high, low, low + (places - below) * (high - low))


def in_doubt(membership: xr.Dataset) -> np.ndarray:
    """Return the positions of the rows that belong to no group clearly, the most doubtful first.

    Parameters
    ----------
    membership : xarray.Dataset
        From :func:`responsibilities`.
    """
    certainty = membership["label_probability"].values
    order = np.argsort(certainty, kind="stable")
    return order[certainty[order] < UNSURE]
