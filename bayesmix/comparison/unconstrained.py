"""The draws of a tree where the density of its model takes them: as flat unconstrained vectors."""

import numpy as np
import xarray as xr

from bayesmix.density import Density
from bayesmix.posterior.labels.relabelling import relabel_draws
from bayesmix.priors.sets import from_dict
from bayesmix.problem import Problem
from bayesmix.tree import draws_of, family_of, record_of, training_rows


def problem_of(tree: xr.DataTree) -> Problem | None:
    """The rows of a tree with its resolved priors; None where a prior is a PyMC object, of which it keeps the text."""
    family = family_of(tree)
    try:
        priors = from_dict(record_of(tree)["mixture"]["priors"], family)
    except ValueError:
        return None
    return Problem(training_rows(tree), family, int(record_of(tree)["n_components"]), priors)


def exchanged_variables(tree: xr.DataTree, problem: Problem) -> tuple[str, ...]:
    """The variables that another labelling permutes; none where labels mean something."""
    exchangeable = bool(record_of(tree)["exchangeable"]) and problem.n_components > 1
    return problem.family.component_variables if exchangeable else ()


def flat(tree: xr.DataTree) -> dict[str, np.ndarray]:
    """Weights and parameters with one axis of draws."""
    weights, params = draws_of(tree)
    return {name: values.reshape(-1, *values.shape[2:]) for name, values in {"weights": weights, **params}.items()}


def unconstrained(tree: xr.DataTree, problem: Problem, density: Density) -> np.ndarray:
    """Every draw as the density takes it, (S, size), each component under one name in all of them."""
    if exchanged_variables(tree, problem) and "relabelling" not in record_of(tree):
        tree = relabel_draws(tree)
    named = flat(tree)
    return density.unconstrain({**named, **problem.family.complete(named, problem.priors)})
