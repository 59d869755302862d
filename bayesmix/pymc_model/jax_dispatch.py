"""JAX translations of the Ops; importing this module imports JAX."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp
from pytensor.link.jax.dispatch import jax_funcify

from bayesmix.pymc_model.op import RowLogDensity, SumLogDensity
from bayesmix.pymc_model.score import HALF_LOG_TWO_PI


def _full(centred: Any, factor: Any) -> tuple[Any, Any]:
    residuals = solve_triangular(factor, centred, lower=True)
    return residuals, jnp.log(jnp.diagonal(factor, axis1=-2, axis2=-1)).sum(-1)


def _tied(centred: Any, factor: Any) -> tuple[Any, Any]:
    return _full(centred, jnp.broadcast_to(factor, (centred.shape[0], *factor.shape)))


def _diag(centred: Any, factor: Any) -> tuple[Any, Any]:
    return centred / factor[:, :, None], jnp.log(factor).sum(-1)


def _spherical(centred: Any, factor: Any) -> tuple[Any, Any]:
    return centred / factor[:, None, None], centred.shape[1] * jnp.log(factor)


WHITEN: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "full": _full,
    "tied": _tied,
    "diag": _diag,
    "spherical": _spherical,
}
"""Covariance word -> (whitened residuals (K, D, N), log determinants of the factors)."""


def _row_function(covariance: str) -> Callable[..., Any]:
    whiten = WHITEN[covariance]

    def row_log_density(columns: Any, log_weights: Any, means: Any, factor: Any) -> Any:
        residuals, log_determinants = whiten(columns[None] - means[:, :, None], factor)
        offsets = log_weights - columns.shape[0] * HALF_LOG_TWO_PI - log_determinants
        rows = logsumexp(offsets[:, None] - 0.5 * jnp.square(residuals).sum(1), axis=0)
        # A factor that is not one (NaN) is impossible, as in the compiled functions.
        return jnp.where(jnp.isnan(log_determinants).any(), -jnp.inf, rows)

    return row_log_density


@jax_funcify.register(RowLogDensity)
def jax_row_log_density(op: RowLogDensity, **kwargs: Any) -> Callable[..., Any]:
    """Row log densities in JAX."""
    return _row_function(op.covariance)


@jax_funcify.register(SumLogDensity)
def jax_sum_log_density(op: SumLogDensity, **kwargs: Any) -> Callable[..., Any]:
    """Weighted sum of the row log densities and its gradient in JAX."""
    row_log_density = _row_function(op.covariance)

    def total(parameters: Any, columns: Any, row_weights: Any) -> Any:
        rows = row_log_density(columns, *parameters)
        return rows.sum() if row_weights.shape == (0,) else (row_weights * rows).sum()

    def sum_log_density(columns: Any, row_weights: Any, *parameters: Any) -> tuple[Any, ...]:
        value, slopes = jax.value_and_grad(total)(parameters, columns, row_weights)
        return value, *slopes

    return sum_log_density
