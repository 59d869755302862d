"""JAX translations of the Ops; importing this module imports JAX."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import gammaln, logsumexp
from pytensor.link.jax.dispatch import jax_funcify

from bayesmix.families import Family
from bayesmix.pymc_model.op import RowLogDensity, SumLogDensity

JAX = SimpleNamespace(
    log=jnp.log,
    log1p=jnp.log1p,
    gammaln=gammaln,
    logsumexp=logsumexp,
    diagonal=lambda matrices: jnp.diagonal(matrices, axis1=-2, axis2=-1),
    solve_lower=lambda factor, columns: solve_triangular(
        jnp.broadcast_to(factor, (columns.shape[0], *factor.shape[-2:])), columns, lower=True
    ),
)


def _row_function(family: Family) -> Callable[..., Any]:
    def row_log_density(columns: Any, *parameters: Any) -> Any:
        rows = family.written_out(JAX, columns, *parameters)
        # A factor that is not one (NaN) is impossible, as in the compiled functions.
        return jnp.where(jnp.isnan(rows), -jnp.inf, rows)

    return row_log_density


@jax_funcify.register(RowLogDensity)
def jax_row_log_density(op: RowLogDensity, **kwargs: Any) -> Callable[..., Any]:
    """Row log densities in JAX."""
    return _row_function(op.family)


@jax_funcify.register(SumLogDensity)
def jax_sum_log_density(op: SumLogDensity, **kwargs: Any) -> Callable[..., Any]:
    """Weighted sum of the row log densities and its gradient in JAX."""
    row_log_density = _row_function(op.family)

    def total(parameters: Any, columns: Any, row_weights: Any) -> Any:
        rows = row_log_density(columns, *parameters)
        return rows.sum() if row_weights.shape == (0,) else (row_weights * rows).sum()

    def sum_log_density(columns: Any, row_weights: Any, *parameters: Any) -> tuple[Any, ...]:
        value, slopes = jax.value_and_grad(total)(parameters, columns, row_weights)
        return value, *slopes

    return sum_log_density
