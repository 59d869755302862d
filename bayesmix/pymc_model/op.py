"""PyTensor Ops around the compiled pass: row log densities, and their sum with its gradient.

``RowLogDensity`` is what a likelihood's graph is written with. Before gradients are taken, a rewrite
(`bayesmix.pymc_model.rewrites`) turns a sum over its rows into ``SumLogDensity``, whose gradient is already among
its outputs, so that value and gradient together cost one pass over the data.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import (
    DisconnectedType,
    disconnected_type,
    grad_not_implemented,
    grad_undefined,
)
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.tensor.random.op import RNGConsumerOp
from pytensor.tensor.shape import Shape_i

from bayesmix.families import Family
from bayesmix.pymc_model.written_out import slope_in_rows

UNWEIGHTED = pt.constant(np.empty(0), name="unweighted")
_LETTERS = {"component": "k", "feature": "d", "feature_bis": "d", "level": "l"}


def letters(dims: Sequence[str]) -> str:
    """Dims as a signature has them: ``"k,d"``; a dim of a block of columns as it is called."""
    return ",".join(_LETTERS.get(dim, dim.removesuffix("_bis")) for dim in dims)


def entering(family: Family, params: Sequence[Any]) -> list[Any]:
    """Parameters as the Ops take them: of covariances and variances their roots."""
    roots = {"itself": lambda value: value, "root": pt.sqrt, "factor": pt.linalg.cholesky}
    return [roots[spec.enters](value) for spec, value in zip(family.parameters, params, strict=True)]


def columns_of(family: Family, rows: Any) -> Any:
    """Rows (N, D) as the pass takes them; computed once, when PyTensor folds constants, if the rows are data."""
    return PassColumns(family)(rows) if family.prepares_columns else rows.T


class DrawRows(RNGConsumerOp):
    """Draw rows (N, D) from the components of a family; the inputs are a generator, N, weights and parameters."""

    __props__ = ("name",)

    def __init__(self, family: Family):
        self.family, self.name = family, repr(family)

    def make_node(self, rng: Any, n_rows: Any, weights: Any, *params: Any) -> Apply:
        """Apply the Op; see the class for its inputs."""
        return Apply(self, [rng, n_rows, weights, *params], [rng.type(), pt.matrix(dtype="float64")])

    def update(self, node: Apply) -> dict[Any, Any]:
        """The generator after the draws."""
        return {node.inputs[0]: node.outputs[0]}

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Draw, and hand the generator on."""
        rng, n_rows, weights, *params = inputs
        rng = copy(rng)
        named = {spec.name: value for spec, value in zip(self.family.parameters, params, strict=True)}
        rows, _ = self.family.sample(weights, named, int(n_rows), rng)
        output_storage[0][0], output_storage[1][0] = rng, np.asarray(rows, dtype=np.float64)

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Rows as asked for; the number of features follows from the family's parameters."""
        return [None, (node.inputs[1], Shape_i(1)(node.outputs[1]))]


class PassColumns(Op):
    """Rows (N, D) as a family's pass takes them, (M, N)."""

    __props__ = ("name",)

    def __init__(self, family: Family):
        self.family, self.name = family, repr(family)

    def make_node(self, rows: Any) -> Apply:
        """Apply the Op."""
        rows = pt.as_tensor(rows, dtype="float64")
        return Apply(self, [rows], [pt.tensor(dtype="float64", shape=(None, rows.type.shape[0]))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Prepare them."""
        output_storage[0][0] = self.family.columns(inputs[0])


def _parameter_variables(family: Family, log_weights: Any, *params: Any) -> list[Any]:
    """Check the number of dimensions; an Op must not guess."""
    names = {"log_weights": 1} | {spec.name: len(spec.dims) for spec in family.parameters}
    variables = [pt.as_tensor(value, dtype="float64") for value in (log_weights, *params)]
    for (name, ndim), variable in zip(names.items(), variables, strict=True):
        if variable.type.ndim != ndim:
            raise TypeError(f"{name} must have {ndim} dimensions for {family}, got {variable.type.ndim}")
    return variables


class RowLogDensity(Op):
    r"""Log density of every row under a mixture.

    .. math:: \ell_i = \log \sum_k w_k \, f(x_i \mid \theta_k)

    Inputs are the rows as the pass takes them ``columns (M, N)``, ``log_weights (K,)``, and the family's parameters as
    they enter: of a covariance its lower Cholesky factor, of variances the standard deviations. The output has shape
    ``(N,)``. The weights need not sum to one.
    """

    __props__ = ("name",)

    def __init__(self, family: Family):
        self.family, self.name = family, str(family)
        inputs = ",".join(f"({letters(spec.dims)})" for spec in family.parameters)
        self.gufunc_signature = f"(m,n),(k),{inputs}->(n)"

    def make_node(self, *inputs: Any) -> Apply:
        """Apply the Op; see the class for its inputs."""
        columns = pt.as_tensor(inputs[0], dtype="float64")
        if columns.type.ndim != 2:
            raise TypeError(f"columns must be a matrix (D, N), got {columns.type.ndim} dimensions")
        parameters = _parameter_variables(self.family, *inputs[1:])
        rows = pt.tensor(dtype="float64", shape=(columns.type.shape[1],))
        return Apply(self, [columns, *parameters], [rows])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the compiled function outside of a compiled graph."""
        fused = self.family.fused
        output_storage[0][0] = fused.rows(*fused.laid_out(*inputs))

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Shapes of the outputs, without a pass over the data."""
        return [(shapes[0][1],)]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        """Derivatives for the parameters from one pass; for the rows only where those are unknown."""
        columns, *parameters = inputs
        _, *slopes = SumLogDensity(self.family)(columns, cotangents[0], *parameters)
        rows_slope = slope_in_rows(self.family, columns, cotangents[0], *parameters)
        return [_or_undefined(rows_slope, self, 0, columns), *slopes]


class SumLogDensity(Op):
    r"""Weighted sum of the row log densities, and its gradient, in one pass over the data.

    Inputs are ``columns``, ``row_weights (N,)`` (an empty vector stands for ones) and the parameters of
    `RowLogDensity`; outputs are :math:`\sum_i v_i \ell_i` and its derivatives for ``log_weights`` and the parameters.
    """

    __props__ = ("name",)

    def __init__(self, family: Family):
        self.family, self.name = family, str(family)
        parameters = ",".join(f"({letters(spec.dims)})" for spec in family.parameters)
        # "v" and not "n": the empty vector is allowed too.
        self.gufunc_signature = f"(m,n),(v),(k),{parameters}->(),(k),{parameters}"

    def make_node(self, *inputs: Any) -> Apply:
        """Apply the Op; see the class for its inputs."""
        columns = pt.as_tensor(inputs[0], dtype="float64")
        row_weights = pt.as_tensor(inputs[1], dtype="float64")
        parameters = _parameter_variables(self.family, *inputs[2:])
        outputs = [pt.dscalar(), *(parameter.type() for parameter in parameters)]
        return Apply(self, [columns, row_weights, *parameters], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the compiled function outside of a compiled graph."""
        fused = self.family.fused
        results = fused.total(*fused.laid_out(*inputs))
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = result

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Shapes of the outputs, without a pass over the data."""
        return [(), *shapes[2:]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Which outputs depend on which inputs."""
        # Only the value is a differentiable function of the inputs; its derivatives are given, not derived again.
        return [[True, *(False for _ in node.outputs[1:])] for _ in node.inputs]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        """Derivatives for the parameters from one pass; for the rows only where those are unknown."""
        value_cotangent = cotangents[0]
        if isinstance(value_cotangent.type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        columns, row_weights, *parameters = inputs
        weights = row_weights if row_weights.type.shape != (0,) else pt.ones(columns.shape[1])
        rows_slope = slope_in_rows(self.family, columns, value_cotangent * weights, *parameters)
        return [
            _or_undefined(rows_slope, self, 0, columns),
            grad_not_implemented(self, 1, row_weights),
            *(value_cotangent * slope for slope in outputs[1:]),
        ]


def _or_undefined(slope: Any, op: Op, index: int, variable: Any) -> Any:
    return grad_undefined(op, index, variable, "data are constant") if slope is None else slope
