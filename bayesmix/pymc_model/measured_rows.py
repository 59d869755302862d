"""Rows of a Gaussian mixture that were measured with errors, as a PyMC variable."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesmix.data import Rows
from bayesmix.families import Family
from bayesmix.pymc_model.known_labels import drawn_rows, without_rows
from bayesmix.pymc_model.op import letters


def declare_measured_rows(
    name: str, weights: Any, family: Family, params: Mapping[str, Any], rows: Rows, *, n_components: int, dims: Any
) -> Any:
    r"""Add the variable to the model on the context stack.

    .. math:: \log p(x_i) = v_i \log \sum_k w_k \pi_{ik} N(x_i \mid \mu_k, \Sigma_k + S_i)

    with the covariance :math:`S_i` of the errors of row i, its weight :math:`v_i`, and the prior :math:`\pi_{ik}` of
    its component, where these are known. It is written in PyTensor, which derives it.

    Parameters
    ----------
    name : str
    weights : (K,) tensor
    family : Family
        Whose parameters are ``means``, and ``covariances`` or ``variances``.
    params : mapping of str to tensor
    rows : Rows
        With errors, and without missing cells.
    n_components : int
    dims : tuple of str
    """
    errors, n_features = rows.errors, rows.n_features
    assert errors is not None
    of_spread = family.parameters[1]
    n_dims = [1, *(len(spec.dims) for spec in family.parameters)]
    log_prior = np.zeros((rows.n_rows, n_components)) if rows.log_prior is None else rows.log_prior
    row_weights = np.ones(rows.n_rows) if rows.weights is None else rows.weights

    def log_density(value: Any, *given: Any) -> Any:
        weights, means, spreads = map(without_rows, given, n_dims)
        each = []
        for k in range(n_components):
            own = spreads if of_spread.shared else spreads[k]
            matrix = own if of_spread.support == "covariance" else own * np.eye(n_features)
            factor = pt.linalg.cholesky(matrix + errors)
            z = pt.linalg.solve_triangular(factor, value - means[k], lower=True, b_ndim=1)
            log_determinants = pt.log(pt.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)
            each.append(-0.5 * (z**2).sum(axis=-1) - log_determinants - 0.5 * n_features * np.log(2 * np.pi))
        return row_weights * pt.logsumexp(pt.stack(each, axis=1) + pt.log(weights) + log_prior, axis=1)

    def draw(*given: np.ndarray, rng: np.random.Generator, size: Any = None) -> np.ndarray:
        weights, *params = map(without_rows, given, n_dims)
        return rows.measured(drawn_rows(family, weights, params, log_prior, rng), rng)

    inputs = ",".join(f"({letters(spec.dims)})" for spec in family.parameters)
    return pm.CustomDist(
        name,
        weights,
        *(params[spec.name] for spec in family.parameters),
        logp=log_density,
        random=draw,
        signature=f"(k),{inputs}->(d)",
        observed=rows.values,
        dims=dims,
    )
