"""Rows of a mixture of which something is known beforehand of the components, as a PyMC variable."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesmix.families import Family
from bayesmix.pymc_model.op import RowLogDensity, columns_of, entering, letters
from bayesmix.pymc_model.seen_cells import with_gaps


def declare_told_rows(
    name: str,
    weights: Any,
    family: Family,
    params: Mapping[str, Any],
    log_prior: np.ndarray,
    *,
    observed: np.ndarray,
    dims: tuple[str, str],
) -> Any:
    r"""Add the variable to the model on the context stack.

    .. math:: \log p(x_i) = \log \sum_k w_k \pi_{ik} f(x_i \mid \theta_k),

    with the log prior :math:`\log \pi_{ik}` of the rows' components. Every component's rows are a mixture of one
    component, so that any backend which knows the likelihood knows this one.

    Parameters
    ----------
    name : str
    weights : (K,) tensor
    family : Family
    params : mapping of str to tensor
        Of the family.
    log_prior : (N, K) array
    observed : (N, D) array
    dims : tuple of str
    """
    n_components, n_dims = log_prior.shape[1], [1, *(len(spec.dims) for spec in family.parameters)]

    def log_density(value: Any, *given: Any) -> Any:
        weights, *params = map(without_rows, given, n_dims)
        columns, values, zero = columns_of(family, value), entering(family, params), pt.zeros(1)
        each = [
            RowLogDensity(family)(columns, zero, *_of_component(family, values, slice(k, k + 1)))
            for k in range(n_components)
        ]
        return pt.logsumexp(pt.stack(each, axis=1) + pt.log(weights) + log_prior, axis=1)

    def draw(*given: np.ndarray, rng: np.random.Generator, size: Any = None) -> np.ndarray:
        weights, *params = map(without_rows, given, n_dims)
        return drawn_rows(family, weights, params, log_prior, rng)

    x, family = with_gaps(observed, family)
    inputs = ",".join(f"({letters(spec.dims)})" for spec in family.parameters)
    return pm.CustomDist(
        name,
        weights,
        *(params[spec.name] for spec in family.parameters),
        logp=log_density,
        random=draw,
        signature=f"(k),{inputs}->(d)",
        observed=x,
        dims=dims,
    )


def drawn_rows(
    family: Family, weights: np.ndarray, params: list[np.ndarray], log_prior: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A row (N, D) of each one of which so much is known of its component."""
    prior = np.cumsum(np.exp(log_prior) * weights, axis=1)
    labels = (rng.random(len(prior))[:, None] * prior[:, -1:] >= prior[:, :-1]).sum(axis=1)
    named = {spec.name: value for spec, value in zip(family.parameters, params, strict=True)}
    n_components = log_prior.shape[1]
    parts = [family.sample(np.eye(n_components)[k], named, (labels == k).sum(), rng)[0] for k in range(n_components)]
    rows = np.empty((len(labels), parts[0].shape[1]))
    for k, part in enumerate(parts):
        rows[labels == k] = part
    return rows


def without_rows(value: Any, n_dims: int) -> Any:
    """Parameters without the axis of rows, along which PyMC has them repeated."""
    return value[0] if value.ndim > n_dims else value


def _of_component(family: Family, values: list[Any], which: slice) -> list[Any]:
    return [value if spec.shared else value[which] for spec, value in zip(family.parameters, values, strict=True)]
