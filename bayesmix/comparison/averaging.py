"""Answers that mean the same for every number of groups, averaged over the models of a comparison."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.table import compared
from bayesmix.posterior.partitions import similarity
from bayesmix.posterior.predictive import log_density, positive, sample_predictive
from bayesmix.seeds import generator_of
from bayesmix.standing import Key
from bayesmix.tree import training_rows

# By what models are weighted, and what ArviZ calls it; evidence has its own rule.
ARVIZ_METHODS = {"stacking": "stacking", "pseudo-bma+": "BB-pseudo-BMA"}
WEIGHTS = (*ARVIZ_METHODS, "evidence")
# A model with less weight changes no digit that anybody reads.
_NEGLIGIBLE = 1e-6
_OF_ONE = "{what} of one number of groups mean nothing for another: group 2 of three is not group 2 of four. "
_ONE = "Ask one model, bm.{name}(comparison[3].tree)"
_SIMILARITY = ", or take comparison.similarity(): that two rows belong together means the same for every number."
# What people may ask for that is about groups by name, and what to ask for instead.
WITHOUT_MEANING = {
    "responsibilities": _OF_ONE.format(what="Responsibilities") + _ONE.format(name="responsibilities") + _SIMILARITY,
    "labels": _OF_ONE.format(what="Labels") + _ONE.format(name="responsibilities") + _SIMILARITY,
    "predict": _OF_ONE.format(what="Labels") + _ONE.format(name="responsibilities") + _SIMILARITY,
    "relabel": _OF_ONE.format(what="Names") + _ONE.format(name="relabel") + ".",
    "merge": _OF_ONE.format(what="Merged groups") + _ONE.format(name="merge") + _SIMILARITY,
    "means": _OF_ONE.format(what="Means") + "Ask one model: comparison[3].tree['posterior']['means'].",
}


def predictive_weights(candidates: Sequence[Candidate], by: str) -> dict[Key, float]:
    """Weights by LOO of the models that can be trusted: stacking, or pseudo-BMA with the Bayesian bootstrap."""
    trusted = {candidate.key: candidate.loo for candidate in candidates if candidate.trusted}
    return compared(trusted, ARVIZ_METHODS[by], None)[0]["weight"]


class Weighed(NamedTuple):
    """A model that takes part in an average: its name, its posterior and its weight."""

    name: str
    tree: xr.DataTree
    weight: float


def weighed(candidates: Sequence[Candidate], weights: Mapping[Key, float]) -> list[Weighed]:
    """Models that matter, with weights that sum to one."""
    models = [
        Weighed(" ".join(map(str, candidate.key)), candidate.tree, weight)
        for candidate in candidates
        if candidate.tree is not None and (weight := weights.get(candidate.key, 0.0)) > _NEGLIGIBLE
    ]
    total = sum(model.weight for model in models)
    return [model._replace(weight=model.weight / total) for model in models]


def averaged_log_density(models: Sequence[Weighed], X: Any) -> xr.Dataset:
    """``log sum_m w_m p_m(x)`` of rows, beside that of every model."""
    each = [log_density(model.tree, X)["log_density"] for model in models]
    weights = np.array([model.weight for model in models])
    stacked = np.stack([one.values for one in each])
    return xr.Dataset(
        {
            "log_density": ("obs", logsumexp(stacked + np.log(weights)[:, None], axis=0)),
            "log_density_of_model": (("model", "obs"), stacked),
            "weight": ("model", weights),
        },
        coords={"obs": each[0]["obs"].values, "model": [model.name for model in models]},
    )


def averaged_similarity(models: Sequence[Weighed], X: Any, max_rows: int) -> xr.DataArray:
    """Posterior probability that two rows belong together, averaged over models."""

    def of(model: Weighed) -> xr.DataArray:
        # Where a sample of the rows is taken it is the same for all: it has a seed of its own.
        return similarity(model.tree, X, max_rows=max_rows)

    together = of(models[0])
    together.values *= models[0].weight
    for model in models[1:]:
        together.values += model.weight * of(model).values
    np.fill_diagonal(together.values, 1.0)
    return together


def averaged_sample(models: Sequence[Weighed], n: int, random_seed: Any) -> xr.DataTree:
    """Draw new rows, each of a model that is drawn by its weight."""
    rng, n = generator_of(random_seed), positive(n, "n")
    drawn = rng.choice(len(models), size=n, p=[model.weight for model in models])
    rows = training_rows(models[0].tree)
    values = np.empty((n, rows.n_features))
    for number, model in enumerate(models):
        own = drawn == number
        if own.any():
            sample = sample_predictive(model.tree, int(own.sum()), random_seed=rng)
            values[own] = np.asarray(sample["predictions"]["x"])
    names = np.array([model.name for model in models])
    sample = xr.Dataset(
        {"x": (("sample", "feature"), values), "model": ("sample", names[drawn])},
        coords={"sample": np.arange(n), "feature": list(rows.features)},
    )
    return xr.DataTree.from_dict({"predictions": sample})
