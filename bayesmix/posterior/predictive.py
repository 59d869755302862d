"""What the model says about rows it has not seen: their density, and new rows."""

import operator
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from bayesmix.posterior.intervals import BOUNDS, credible_interval, read_ci_kind, read_ci_prob
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.membership import missing_cells, new_rows
from bayesmix.progress import progress
from bayesmix.seeds import generator_of
from bayesmix.threads import Threads
from bayesmix.tree import SAMPLE_DIMS, draws_of, family_of, record_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Most numbers in a posterior predictive sample unless `draws` asks for more: 400 MB.
MAX_VALUES = 50_000_000


@named_arguments
def log_density(
    tree: "xr.DataTree | EMResult",
    X: Any,
    *,
    error_covariances: Any = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    cores: int | None = None,
) -> xr.Dataset:
    """Posterior predictive log density of rows.

    ``log p(x_i | data) = log mean_s p(x_i | theta_s)``: the logarithm of the posterior-mean
    density. Its interval is that of ``log p(x_i | theta)`` over the draws.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    X : array-like or data frame, (N, D)
        Cells may be missing (NaN): a row has the density of those that are there, and one without
        any has density one. Densities of other features are in other units.
    error_covariances : array (N, D, D) or (N, D), optional
        With what errors the rows of X were measured, as of :meth:`bayesmix.Mixture.fit_em`. None: they are exact,
        whatever the errors of the rows that were fitted.
    ci_prob : float, optional
        Probability inside the interval; ArviZ's ``rcParams["stats.ci_prob"]`` (0.89) by default.
    ci_kind : {"eti", "hdi"}, optional
        Equal tails, or the shortest interval; ArviZ's ``rcParams["stats.ci_kind"]`` (``"eti"``) by default.
    cores : int, optional
        Threads at most that work on blocks of rows; None takes all that there are. The result does not depend on it.

    Returns
    -------
    xarray.Dataset
        ``log_density (obs)`` and ``log_density_interval (obs, ci_bound)``, in nats and in the
        units of the data; the attribute ``missing_cells`` where cells of X were missing.

    Raises
    ------
    ValueError, TypeError
        When X is not what the tree was fitted on; names the columns.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> found = bm.log_density(em, [[4.5, 82.0], [3.0, 90.0]])  # the second one is unlike all others
    >>> found["log_density"].values.round(1).tolist()
    [-3.2, -13.1]
    """
    tree = heeded(tree)
    ci_prob, ci_kind = read_ci_prob(ci_prob), read_ci_kind(ci_kind)
    rows = new_rows(tree, X, error_covariances)
    weights, params = draws_of(tree)
    n_draws = weights.shape[0] * weights.shape[1]
    mean = np.empty(rows.n_rows)
    interval = np.empty((rows.n_rows, len(BOUNDS)))
    blocks = family_of(tree).log_mixture_blocks
    with Threads(cores) as threads, progress(None) as report:
        report("log density")
        for block, values in blocks(weights, params, rows.entries, threads=threads):
            mean[block] = logsumexp(values, axis=0) - np.log(n_draws)
            interval[block] = credible_interval(values.T, ci_prob, ci_kind)
    return xr.Dataset(
        {
            "log_density": ("obs", mean),
            "log_density_interval": (("obs", "ci_bound"), interval),
        },
        coords={"obs": rows.obs, "ci_bound": list(BOUNDS)},
        attrs={"ci_prob": ci_prob, "ci_kind": ci_kind} | missing_cells(rows),
    )


@named_arguments
def sample_predictive(
    tree: "xr.DataTree | EMResult",
    n: int | None = None,
    *,
    draws: int | None = None,
    random_seed: Any = None,
) -> xr.DataTree:
    """Draw new rows from the posterior predictive distribution.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
    n : int, optional
        Number of independent new rows, each from a posterior draw taken at random. Without it,
        every posterior draw makes a data set as long as the training rows, to compare with them. Where these were
        measured with errors, a data set has such errors too, and independent new rows are true values.
    draws : int, optional
        How many evenly spaced draws of each chain make a data set (not with ``n``). By default
        all, or as many as keep the sample below 5e7 numbers (400 MB); fewer are said in a warning
        and in the group's attribute ``note``.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence

    Returns
    -------
    xarray.DataTree
        Without ``n``: ``posterior_predictive`` with ``x (chain, draw, obs, feature)`` beside
        ``observed_data``, as ``az.plot_ppc_dist`` and its like take them. With ``n``:
        ``predictions`` with ``x (sample, feature)``, ``label (sample)``, the component it came
        from, and the coordinates ``chain (sample)`` and ``draw (sample)``.

    Raises
    ------
    ValueError
        When ``n`` or ``draws`` is not a positive integer, or both are given.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> new = bm.sample_predictive(em, 1000, random_seed=1)["predictions"]
    >>> new["x"].sizes["sample"]
    1000
    >>> round(float(new["x"].sel(feature="waiting").mean()))  # of the data: 70.9
    71
    """
    tree = heeded(tree)
    rng = generator_of(random_seed)
    if n is None:
        return _replicated_data(tree, draws, rng)
    if draws is not None:
        raise ValueError("draws thins the posterior predictive; it has no meaning together with n.")
    return _new_rows(tree, positive(n, "n"), rng)


def replicated_sets(
    tree: xr.DataTree, n_sets: int, rng: np.random.Generator, n_rows: int | None = None
) -> Iterator[np.ndarray]:
    """Make data sets (n, D), by default as long as the training rows, one at a time, from evenly spaced draws.

    Where those were measured with errors, so are these, one row as the other.
    """
    family, training = family_of(tree), training_rows(tree)
    n_rows = training.n_rows if n_rows is None else n_rows
    weights, params = draws_of(tree)
    shape = weights.shape[:2]
    chosen = np.linspace(0, shape[0] * shape[1] - 1, n_sets).round().astype(int)
    for at in zip(*np.unravel_index(chosen, shape), strict=True):
        here = {name: value[at] for name, value in params.items()}
        yield training.measured(family.sample(weights[at], here, n_rows, rng)[0], rng)


def _replicated_data(tree: xr.DataTree, draws: int | None, rng: np.random.Generator) -> xr.DataTree:
    family, rows = family_of(tree), training_rows(tree)
    weights, params = draws_of(tree)
    n_chains, available = weights.shape[:2]
    note = ""
    if draws is None:
        fitting = max(1, MAX_VALUES // (n_chains * rows.values.size))
        wanted = min(available, fitting)
        if wanted < available:
            note = (
                f"{wanted} of {available} draws of each chain, evenly spaced, so that the sample "
                f"stays below {MAX_VALUES:.0e} numbers; draws={available} asks for all."
            )
            warnings.warn(note, UserWarning, stacklevel=4)
    else:
        wanted = min(available, positive(draws, "draws"))
    chosen = np.linspace(0, available - 1, wanted).round().astype(int)
    x = np.empty((n_chains, wanted, *rows.values.shape))
    for chain in range(n_chains):
        for place, draw in enumerate(chosen):
            here = {name: value[chain, draw] for name, value in params.items()}
            x[chain, place] = rows.measured(family.sample(weights[chain, draw], here, rows.n_rows, rng)[0], rng)
    posterior = tree["posterior"].to_dataset()
    sample = xr.Dataset(
        {"x": ((*SAMPLE_DIMS, "obs", "feature"), x)},
        coords={
            "chain": posterior["chain"].values,
            "draw": posterior["draw"].values[chosen],
            "obs": rows.obs,
            "feature": list(rows.features),
        },
        attrs={"note": note} if note else {},
    )
    observed = tree["observed_data"].to_dataset()
    return xr.DataTree.from_dict({"/posterior_predictive": sample, "/observed_data": observed})


def _new_rows(tree: xr.DataTree, n: int, rng: np.random.Generator) -> xr.DataTree:
    family = family_of(tree)
    weights, params = draws_of(tree)
    shape = weights.shape[:2]
    source = rng.integers(shape[0] * shape[1], size=n)
    chain, draw = np.unravel_index(source, shape)
    features = record_of(tree)["features"]
    x = np.empty((n, len(features)))
    label = np.empty(n, dtype=np.int64)
    # Rows of one posterior draw are made together, and then stand where they were asked for.
    order = np.argsort(source, kind="stable")
    starts = np.flatnonzero(np.diff(source[order], prepend=-1))
    for places in np.split(order, starts[1:]):
        at = (chain[places[0]], draw[places[0]])
        here = {name: value[at] for name, value in params.items()}
        x[places], label[places] = family.sample(weights[at], here, len(places), rng)
    posterior = tree["posterior"].to_dataset()
    predictions = xr.Dataset(
        {"x": (("sample", "feature"), x), "label": ("sample", label)},
        coords={
            "sample": np.arange(n),
            "feature": features,
            "chain": ("sample", posterior["chain"].values[chain]),
            "draw": ("sample", posterior["draw"].values[draw]),
        },
    )
    return xr.DataTree.from_dict({"/predictions": predictions})


def positive(value: Any, name: str) -> int:
    """Return an integer of at least one, or say which argument is none."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or operator.index(value) < 1:
        raise ValueError(f"{name} must be an integer of at least 1, not {value!r}.")
    return operator.index(value)
