"""How the answer moves under half and under twice the prior, by reweighting the draws that there are."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesmix.notes import Note
from bayesmix.passes.pareto import smoothed, tail_size
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.registry import from_chains
from bayesmix.tree import SAMPLE_DIMS, record_of
from bayesmix.verdict import PARETO_GATE
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Below it ArviZ calls a quantity insensitive (Kallioinen and others, 2024).
SWAYED = 0.05
_FELT = 0.2
_POWERS = {"half_prior": 0.5, "twice_prior": 2.0}
_CONFLICT, _STRONG = "prior and data disagree", "the prior says more than the data"
_FEWEST_DRAWS = 100


@named_arguments
def sensitivity(tree: "xr.DataTree | EMResult") -> pd.DataFrame:
    r"""How the answer hangs on the prior: means under half and twice its log density, and local sensitivities.

    .. math:: p_\alpha(\theta \mid x) \propto p(x \mid \theta) \, p(\theta)^\alpha

    Draws of the posterior are reweighted by Pareto smoothed :math:`p(\theta)^{\alpha - 1}`; nothing is fitted anew. The
    quantities do not change when groups are renamed: the weights in order of size, the standard deviation of every
    feature under the whole mixture, the number of groups with rows where it varies, and the log-likelihood of all rows.

    Parameters
    ----------
    tree : xarray.DataTree
        Of ``fit``, ``fit_nuts`` or ``fit_gibbs`` under priors of :mod:`bayesmix.priors`.

    Returns
    -------
    pandas.DataFrame
        One row a quantity: its posterior ``mean`` and ``sd``; its mean under ``half_prior`` (:math:`\alpha = 1/2`) and
        ``twice_prior`` (:math:`\alpha = 2`), NaN where the Pareto k of the weights is above 0.7, for then another fit
        must tell; ``prior`` and ``likelihood``, by how much its distribution moves when their powers do
        (``az.psense``: cumulative Jensen-Shannon distance over the logarithm of the power); and ``diagnosis``, empty
        where ``prior`` is below 0.05. ``attrs["pareto_k"]`` has the Pareto k by column.

    Raises
    ------
    ValueError
        When the tree is a point estimate, has draws of an approximation or fewer than 100, or does not hold the density
        of its prior (PyMC's own priors, an unknown number of groups).

    References
    ----------
    Kallioinen, Paananen, Buerkner and Vehtari (2024), Detecting and diagnosing prior and likelihood sensitivity with
    power-scaling, Statistics and Computing 34.

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_faithful()
    >>> tree = bm.Mixture(2).fit_gibbs(X, random_seed=1, progressbar=False)
    >>> bm.sensitivity(tree).loc["weight 1", ["half_prior", "mean", "twice_prior"]].round(2).tolist()
    [0.64, 0.64, 0.64]
    """
    tree = heeded(tree)
    why_not = _refusal(tree)
    if why_not:
        raise ValueError(why_not)
    return _table(tree)


def told_sensitivity(tree: xr.DataTree) -> pd.DataFrame | None:
    """As :func:`sensitivity`; None where nothing can be told."""
    return None if _refusal(tree) else _table(tree)


def prior_note(table: pd.DataFrame | None) -> Note | None:
    """That the prior sways how large the groups are; None where it does not, or nothing can be told.

    A distribution may change its shape and hardly its mean: that is told of where the mean moves by a fifth of the
    standard deviation at least, or where its move is not known.
    """
    if table is None:
        return None
    answers = table.loc[[name for name in table.index if str(name).startswith(("weight", "groups"))]]
    answers = answers[answers["prior"] >= SWAYED]
    moves = answers[list(_POWERS)].sub(answers["mean"], axis=0).abs().div(answers["sd"], axis=0)
    farthest = moves.max(axis=1).fillna(0.0)
    farthest = farthest[(farthest >= _FELT) | moves.isna().any(axis=1)]
    if farthest.empty:
        return None
    most = answers.loc[farthest.idxmax()]
    numbers = {column: float(most[column]) for column in ("half_prior", "mean", "twice_prior")}
    known: dict[str, Any] = {column: value if np.isfinite(value) else None for column, value in numbers.items()}
    return Note("prior_sways", {"quantity": str(most.name), **known})


def _refusal(tree: xr.DataTree) -> str:
    """Why nothing can be told; nothing where something can."""
    sizes = tree["posterior"].to_dataset().sizes
    if record_of(tree)["method"] == "em" or sizes["chain"] * sizes["draw"] < _FEWEST_DRAWS:
        return (
            f"sensitivity reweights posterior draws, and needs {_FEWEST_DRAWS} of them: use fit. A point estimate can "
            "be compared with that under another prior."
        )
    if not from_chains(record_of(tree)["method"]):
        return "sensitivity reweights draws of the posterior, and these are of an approximation to it: use fit."
    if "log_prior" not in tree.children:
        return (
            "The tree does not hold the density of its prior at the draws, as it is with PyMC's own priors and with an "
            "unknown number of groups: fit again under another prior, and compare."
        )
    return ""


def _table(tree: xr.DataTree) -> pd.DataFrame:
    quantities = _quantities(tree)
    log_prior = _sum_over_rest(tree["log_prior"].to_dataset())
    flat = {name: values.values.ravel() for name, values in quantities.items()}
    table = pd.DataFrame(index=pd.Index(list(flat), name="quantity"))
    table["mean"] = [values.mean() for values in flat.values()]
    table["sd"] = [values.std() for values in flat.values()]
    pareto_k = {}
    for column, power in _POWERS.items():
        log_weights, k = smoothed((power - 1) * log_prior.values.ravel(), tail_size(log_prior.size))
        pareto_k[column] = k
        weights = np.exp(log_weights)
        table[column] = [weights @ values if k <= PARETO_GATE else np.nan for values in flat.values()]
    for group in ("prior", "likelihood"):
        table[group] = _local(quantities, log_prior, group)
    sways = table["prior"] >= SWAYED
    table["diagnosis"] = np.where(sways, np.where(table["likelihood"] >= SWAYED, _CONFLICT, _STRONG), "")
    table.attrs["pareto_k"] = pareto_k
    return table


def _quantities(tree: xr.DataTree) -> xr.Dataset:
    """What is looked at, a variable each, by name; what is the same in all draws is left out."""
    found, made = label_free(tree), {}
    for rank, weights in enumerate(found["sorted_weights"].transpose("rank", *SAMPLE_DIMS)):
        made[f"weight {rank + 1}"] = weights
    stats = tree["sample_stats"].to_dataset()
    if "n_occupied" in stats:
        made["groups with rows"] = stats["n_occupied"].astype(float)
    if "total_variance" in found:
        variances = found["total_variance"].transpose("feature", *SAMPLE_DIMS)
    else:
        total = found["total_covariance"].transpose("feature", "feature_bis", *SAMPLE_DIMS)
        variances = total.isel(feature=(places := xr.DataArray(np.arange(total.sizes["feature"]))), feature_bis=places)
    for name, own in zip(found["feature"].values, variances, strict=True):
        made[f"sd of {name}"] = np.sqrt(own)
    made["log_likelihood"] = found["log_likelihood"]
    plain = {name: (SAMPLE_DIMS, values.transpose(*SAMPLE_DIMS).values) for name, values in made.items()}
    return xr.Dataset({name: of for name, of in plain.items() if np.ptp(of[1]) > 0})


def _sum_over_rest(terms: xr.Dataset) -> xr.DataArray:
    """The sum of all variables, over all but the draws."""
    summed = [terms[name].sum([dim for dim in terms[name].dims if dim not in SAMPLE_DIMS]) for name in terms.data_vars]
    return sum(summed[1:], summed[0])


def _local(quantities: xr.Dataset, log_prior: xr.DataArray, group: str) -> list[float]:
    """ArviZ's sensitivity of every quantity to the power of the prior, or of the likelihood."""
    import arviz_stats

    names = list(quantities.data_vars)
    renamed = quantities.rename({name: f"quantity_{j}" for j, name in enumerate(names)})
    density = {"prior": log_prior, "likelihood": quantities["log_likelihood"]}[group]
    tree = xr.DataTree.from_dict({"/posterior": renamed, f"/log_{group}": xr.Dataset({"density": density})})
    with np.errstate(all="ignore"):
        found = arviz_stats.psense(tree, group=group)
    return [float(found[f"quantity_{j}"]) for j in range(len(names))]
