"""A mixture of an unknown number of components, rows and the telescoping sampler become a tree."""

from typing import Any

import numpy as np
import xarray as xr

from bayesmix.engines.telescoping import DrawsOfNumbers, Telescoping
from bayesmix.first_use import compiling_shown
from bayesmix.notes import Note, of_rows
from bayesmix.posterior.assembly import STORED_VALUES
from bayesmix.posterior.fitting import differing, settings_of
from bayesmix.posterior.labels.judgement import heed, judge
from bayesmix.priors.sets import hyperparameters
from bayesmix.problem import Problem
from bayesmix.progress import progress
from bayesmix.seeds import number_of
from bayesmix.tree import build_tree
from bayesmix.tree.record import describe
from bayesmix.tree.verdicts import with_verdict


def fit_unknown_number(
    problem: Problem, engine: Telescoping, random_seed: Any, log_likelihood: bool | None, shown: bool | None
) -> xr.DataTree:
    """Run the engine, and build the tree of its draws."""
    seed = number_of(random_seed)
    with compiling_shown(shown):
        draws = engine.sample(problem, seed)
        with progress(shown) as report:
            report("the posterior")
            settings = settings_of(engine) | differing({"log_likelihood": log_likelihood}, {"log_likelihood": None})
            return _tree(problem, draws, seed, log_likelihood, settings)


def _tree(
    problem: Problem, draws: DrawsOfNumbers, seed: int, log_likelihood: bool | None, settings: dict[str, Any]
) -> xr.DataTree:
    family, rows, shape = problem.family, problem.rows, draws.n_components.shape
    n_values = draws.n_components.size * rows.n_rows
    stored = n_values <= STORED_VALUES if log_likelihood is None else log_likelihood
    said = list(draws.notes)
    if not stored:
        said.append(Note("log_likelihood_not_stored", {"values": n_values}))
    said += family.remarks(rows, problem.priors)
    said += of_rows(rows)
    log_density = np.empty((draws.n_components.size, rows.n_rows if stored else 0))
    for one in draws.by_number if stored else ():
        log_density[one.which] = rows.weighed(family.log_mixture(one.weights, one.params, rows.entries))
    tree = build_tree(
        family=family,
        rows=rows,
        posterior={"n_components": draws.n_components, **draws.others, **_padded(problem, draws)},
        sample_stats=draws.stats,
        constant_data=hyperparameters(problem.priors),
        log_likelihood=log_density.reshape((*shape, -1)) if stored else None,
        posterior_attrs=draws.attrs,
        record={
            "method": "gibbs",
            "exchangeable": True,
            "mixture": describe(family, problem.number, problem.priors),
            "seed": seed,
            "settings": settings,
            "seconds": draws.seconds,
            "notes": [note.to_dict() for note in said],
        },
    )
    judged = judge(tree)
    tree["posterior"].attrs["multimodal"] = int(len(judged.chain_groups) > 1)
    tree = with_verdict(tree, judged.reasons)
    heed(tree)
    return tree


def _padded(problem: Problem, draws: DrawsOfNumbers) -> dict[str, np.ndarray]:
    """Variables (chain, draw, ...) up to the largest number drawn; no weight, and NaN, of what a draw does not have."""
    family, most, shape = problem.family, int(draws.n_components.max()), draws.n_components.shape
    of_components, padded = set(family.component_variables), {}
    for one in draws.by_number:
        for name, values in {"weights": one.weights, **family.complete(one.params, problem.priors)}.items():
            whole = (most, *values.shape[2:]) if name in of_components else values.shape[1:]
            blank = 0.0 if name == "weights" else np.nan
            padded.setdefault(name, np.full((draws.n_components.size, *whole), blank))
            padded[name][(one.which, slice(0, values.shape[1]))] = values
    return {name: values.reshape((*shape, *values.shape[1:])) for name, values in padded.items()}
