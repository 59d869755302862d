"""Graph rewrites that make one pass over the data serve both the value and the gradient.

PyMC's and nutpie's compilers canonicalize and stabilize a graph before they differentiate it, so a sum over
`RowLogDensity` has become a `SumLogDensity` by then. Where only the value is wanted after all, the last rewrite
turns it back into a sum of row densities, which costs about half.
"""

from importlib import import_module
from typing import Any

import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.scalar.basic import Mul
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.math import Sum
from pytensor.tensor.rewriting.basic import (
    register_canonicalize,
    register_specialize,
    register_stabilize,
)

from bayesmix.pymc_model.op import UNWEIGHTED, RowLogDensity, SumLogDensity


def _row_density_node(variable: Any) -> Any:
    """The `RowLogDensity` application that made a variable, or None."""
    node = variable.owner
    return node if node is not None and isinstance(node.op, RowLogDensity) else None


def _product_of(factors: list[Any]) -> Any:
    return factors[0] if len(factors) == 1 else pt.mul(*factors)


@register_canonicalize
@register_stabilize
@node_rewriter([Sum])
def sum_of_rows_to_sum_log_density(fgraph: Any, node: Any) -> list[Any] | None:
    """``Sum(RowLogDensity)`` and ``Sum(factors * RowLogDensity)`` become ``SumLogDensity``.

    Scalar factors (the scaling of a minibatch) go outside, vectors become row weights.
    """
    [summed] = node.inputs
    if summed.type.ndim != 1 or node.op.axis not in (None, (0,)):
        return None
    rows, factors = _row_density_node(summed), []
    if rows is None and summed.owner is not None:
        product = summed.owner
        if not (isinstance(product.op, Elemwise) and isinstance(product.op.scalar_op, Mul)):
            return None
        candidates = [i for i, factor in enumerate(product.inputs) if _row_density_node(factor)]
        if len(candidates) != 1:
            return None
        rows = _row_density_node(product.inputs[candidates[0]])
        factors = [factor for i, factor in enumerate(product.inputs) if i != candidates[0]]
    if rows is None or rows.outputs[0].type.broadcastable != summed.type.broadcastable:
        return None
    scalars = [factor for factor in factors if factor.type.broadcastable == (True,)]
    vectors = [factor for factor in factors if factor.type.broadcastable == (False,)]
    columns, *parameters = rows.inputs
    row_weights = _product_of(vectors) if vectors else UNWEIGHTED
    value = SumLogDensity(rows.op.family)(columns, row_weights, *parameters)[0]
    copy_stack_trace(node.outputs[0], value)
    if scalars:
        value = value * _product_of(scalars)[0]
    return [value]


@register_specialize
@node_rewriter([SumLogDensity])
def sum_log_density_without_gradient(fgraph: Any, node: Any) -> dict[Any, Any] | None:
    """A `SumLogDensity` whose derivatives nobody reads becomes a sum of row densities."""
    value, *slopes = node.outputs
    if any(fgraph.clients[slope] for slope in slopes):
        return None
    columns, row_weights, *parameters = node.inputs
    rows = RowLogDensity(node.op.family)(columns, *parameters)
    if row_weights.type.shape != (0,):
        rows = rows * row_weights
    total = rows.sum()
    copy_stack_trace(value, total)
    return {value: total}


@node_rewriter([RowLogDensity, SumLogDensity])
def load_jax_dispatch(fgraph: Any, node: Any) -> None:
    """Register the JAX translations once a graph with our Ops is compiled for JAX, and not before."""
    import_module("bayesmix.pymc_model.jax_dispatch")


# Modes other than JAX do not ask for the tag, so they neither run this nor import JAX.
optdb.register("bayesmix_load_jax_dispatch", dfs_rewriter(load_jax_dispatch), "jax", position=0.05)
