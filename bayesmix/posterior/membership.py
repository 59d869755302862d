"""Who belongs where: responsibilities with their posterior uncertainty."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import entr

from bayesmix.data import Rows, check_alone, read_rows, read_subjects
from bayesmix.families.parts import Params, most_probable
from bayesmix.passes.share_summaries import share_summaries
from bayesmix.posterior.intervals import BOUNDS, credible_interval, read_ci_kind, read_ci_prob
from bayesmix.posterior.labels.judgement import heeded_with_names
from bayesmix.progress import progress
from bayesmix.threads import Threads
from bayesmix.tree import columns_of, draws_of, family_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

GROUP = "responsibilities"
# A row is in doubt where no group has this probability.
UNSURE = 0.9
# Rows times groups times draws that summaries are made of, about; beyond, of some of the draws, but so many at least.
_MOST_SHARES = 5_000_000_000
_FEWEST_DRAWS = 100


@named_arguments
def responsibilities(
    tree: "xr.DataTree | EMResult",
    X: Any = None,
    *,
    groups: Any = None,
    error_covariances: Any = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    cores: int | None = None,
) -> xr.Dataset:
    """Posterior probabilities of component membership, row by row.

    For every draw ``r_ik = w_k f(x_i | theta_k) / sum_j w_j f(x_i | theta_j)``, of training rows with what was known
    of their components beforehand (``labels`` of the fit), and of rows that belong together (``groups``) with the
    densities of all of them; the summaries are over the draws, exact, and computed in blocks of rows, so that memory
    does not grow with draws times rows (:func:`responsibility_draws` has the draws themselves). Where rows times groups
    times draws are more than 5e9, they are over some of the draws, evenly spread, a hundred at least: the attribute
    ``draws`` says over how many.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        Relabelled draws, as the fits return them; with raw labels the summaries mix components.
    X : array-like or data frame, (N, D), optional
        Rows to allocate; the training rows by default. Columns are checked against the training
        rows' names. Cells may be missing (NaN): a row is judged by those that are there, and one
        without any gets the weights.
    groups : array or series (N,), optional
        Which rows of X belong together, as in the fits. Those of the training rows are known.
    error_covariances : array (N, D, D) or (N, D), optional
        With what errors the rows of X were measured, as of :meth:`bayesmix.Mixture.fit_em`. None: they are exact,
        whatever the errors of the rows that were fitted, which keep theirs where X is not given.
    ci_prob : float, optional
        Probability inside the interval; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ci_kind : {"eti", "hdi"}, optional
        Equal tails, or the shortest interval; ArviZ's ``rcParams["stats.ci_kind"]`` (``"eti"``) by default.
    cores : int, optional
        Threads at most that work on blocks of rows; None takes all that there are. The result does not depend on it.

    Returns
    -------
    xarray.Dataset
        ``probability (obs, component)``: mean of r;
        ``probability_sd (obs, component)``: its posterior standard deviation;
        ``probability_interval (obs, component, ci_bound)``: ``lower`` and ``upper``;
        ``label (obs)``: the most probable component, from 0;
        ``label_probability (obs)``: its probability;
        ``entropy (obs)``: of ``probability``, in nats: 0 is certain, log K is no idea. It is the sum of two:
        ``entropy_overlap (obs)``: the mean over the draws of the entropy of the draw's responsibilities. The groups
        overlap there, and were their parameters known, the row would be as hard to place;
        ``entropy_parameters (obs)``: the rest, the mutual information of the row's group and the parameters. More
        rows would tell.
        Of a mixture with noise: ``noise_probability (obs)``, its mean, ``noise_probability_sd (obs)`` and
        ``noise_probability_interval (obs, ci_bound)``; probabilities of the groups sum to one less it, ``label`` is -1
        where it is the largest, and the entropies count noise as one group more.
        Where labels of the fit were names, its coordinate ``name (component)`` has them.
        Its attribute ``missing_cells`` says how many cells of X were missing, where any was.

    Raises
    ------
    ValueError, TypeError
        When X is not what the tree was fitted on; names the columns.

    References
    ----------
    Depeweg, Hernandez-Lobato, Doshi-Velez and Udluft (2018), Decomposition of uncertainty in Bayesian deep learning
    for efficient and risk-sensitive learning, International Conference on Machine Learning.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> found = bm.responsibilities(tree)
    >>> found["label"].values[:6].tolist()
    [0, 1, 0, 1, 0, 1]
    >>> found["probability"].values[:2].round(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> sorted(found.data_vars)[:4]
    ['entropy', 'entropy_overlap', 'entropy_parameters', 'label']
    >>> sorted(found.data_vars)[4:]
    ['label_probability', 'probability', 'probability_interval', 'probability_sd']
    """
    tree = heeded_with_names(tree, "responsibilities")
    if groups is not None and X is None:
        raise ValueError("groups is for the rows of X, and there is none: those of the training rows are known")
    given = None
    if X is not None or error_covariances is not None:
        given = new_rows(tree, X, error_covariances)
        given = given if groups is None else given.together(read_subjects(groups, given))
        check_alone(given)
    return _summaries(tree, given, read_ci_prob(ci_prob), read_ci_kind(ci_kind), cores)


def new_rows(tree: xr.DataTree, X: Any, error_covariances: Any) -> Rows:
    """Rows like those that were fitted, with the errors that they were measured with."""
    if X is None:
        raise ValueError("error_covariances is of the rows of X, and X is not given: the training rows have their own.")
    return family_of(tree).measured(read_rows(X, columns=columns_of(tree), missing="keep"), error_covariances)


def _summaries(
    tree: xr.DataTree, given: Rows | None, ci_prob: float, ci_kind: str, cores: int | None = None
) -> xr.Dataset:
    stored, attrs = tree.children.get(GROUP), {"ci_prob": ci_prob, "ci_kind": ci_kind}
    if given is None and stored is not None and attrs.items() <= stored.attrs.items():
        return stored.to_dataset()  # files from before there were kinds lack the parts of the entropy, too
    rows = training_rows(tree) if given is None else given
    weights, params = draws_of(tree)
    n_components = weights.shape[-1]
    some, n_draws = {}, weights.size // n_components
    if (used := draws_for(rows.n_rows, n_components, n_draws)) < n_draws:
        weights, params = _spread_out(weights, params, used)
        some = {"draws": used}
    family = family_of(tree)
    mean = np.empty((rows.n_rows, n_components + family.has_noise))  # noise comes last
    sd = np.empty_like(mean)
    interval = np.empty((*mean.shape, len(BOUNDS)))
    overlap = np.empty(rows.n_rows)
    blocks = family.responsibilities_blocks
    with Threads(cores) as threads, progress(None) as report:
        report("responsibilities")
        known = rows.beforehand
        for block, probability in blocks(weights, params, rows.entries, threads=threads, beforehand=known):
            probability = _with_noise(probability) if family.has_noise else probability
            mean[block], sd[block], overlap[block] = share_summaries(probability)
            interval[block] = credible_interval(probability, ci_prob, ci_kind).transpose(1, 0, 2)
    label = most_probable(mean[:, :n_components].T, noise=family.has_noise)
    entropy = np.maximum(entr(mean).sum(axis=-1), 0.0)
    overlap = np.clip(overlap, 0.0, entropy)  # the mean of a concave function, but for rounding
    return xr.Dataset(
        {
            "probability": (("obs", "component"), mean[:, :n_components]),
            "probability_sd": (("obs", "component"), sd[:, :n_components]),
            "probability_interval": (("obs", "component", "ci_bound"), interval[:, :n_components]),
            "label": ("obs", label),
            "label_probability": ("obs", np.take_along_axis(mean, label[:, None], -1)[:, 0]),
            "entropy": ("obs", entropy),
            "entropy_overlap": ("obs", overlap),
            "entropy_parameters": ("obs", entropy - overlap),
            **(_of_noise(mean[:, -1], sd[:, -1], interval[:, -1]) if family.has_noise else {}),
        },
        coords={
            "obs": rows.obs,
            "component": np.arange(n_components),
            **_names_of(tree, n_components),
            "ci_bound": list(BOUNDS),
        },
        attrs=attrs | some | missing_cells(rows),
    )


def draws_for(n_rows: int, n_components: int, n_draws: int) -> int:
    """Of how many draws the responsibilities of so many rows are summarised."""
    return min(n_draws, max(_MOST_SHARES // (n_rows * n_components), _FEWEST_DRAWS))


def _spread_out(weights: np.ndarray, params: Params, n: int) -> tuple[np.ndarray, Params]:
    """So many of the draws, evenly spread over all of them."""
    leading = weights.shape[:-1]
    places = np.unravel_index(np.linspace(0, np.prod(leading) - 1, n).round().astype(int), leading)
    return weights[places], {name: np.asarray(value)[places] for name, value in params.items()}


def _with_noise(probability: np.ndarray) -> np.ndarray:
    """Probabilities (K + 1, b, S) of the groups and of noise, which is what those of the groups lack of one."""
    return np.concatenate([probability, np.clip(1 - probability.sum(axis=0), 0.0, 1.0)[None]])


def _of_noise(mean: np.ndarray, sd: np.ndarray, interval: np.ndarray) -> dict[str, Any]:
    """Probabilities of noise as the Dataset has them."""
    return {
        "noise_probability": ("obs", mean),
        "noise_probability_sd": ("obs", sd),
        "noise_probability_interval": (("obs", "ci_bound"), interval),
    }


def _names_of(tree: xr.DataTree, n_components: int) -> dict[str, Any]:
    """A coordinate of what groups are called; none where labels gave them no names."""
    rows = training_rows(tree)
    return {"name": ("component", [rows.group(k) for k in range(n_components)])} if rows.classes else {}


def missing_cells(rows: Rows) -> dict[str, int]:
    """How many cells were missing, as an attribute of what is said of these rows; nothing where none was."""
    return {} if rows.missing is None else {"missing_cells": int(rows.missing.sum())}


def with_responsibilities(
    tree: xr.DataTree, *, ci_prob: float | None = None, ci_kind: str | None = None
) -> xr.DataTree:
    """Return the tree with the group ``responsibilities`` of its training rows."""
    extended = tree.copy(deep=False)
    extended[GROUP] = xr.DataTree(_summaries(tree, None, read_ci_prob(ci_prob), read_ci_kind(ci_kind)))
    return extended


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
