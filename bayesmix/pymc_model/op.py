"""PyTensor Ops around the compiled pass: row log densities, and their sum with its gradient.

``RowLogDensity`` is what a likelihood's graph is written with. Before gradients are taken, a rewrite
(`bayesmix.pymc_model.rewrites`) turns a sum over its rows into ``SumLogDensity``, whose gradient is already among
its outputs, so that value and gradient together cost one pass over the data.
"""

from collections.abc import Sequence
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

from bayesmix.pymc_model.score import ROW_FUNCTIONS, SUM_FUNCTIONS
from bayesmix.pymc_model.written_out import slope_in_rows

FACTOR_SIGNATURE = {"full": "(k,d,d)", "tied": "(d,d)", "diag": "(k,d)", "spherical": "(k)"}
UNWEIGHTED = pt.constant(np.empty(0), name="unweighted")


def _parameter_variables(covariance: str, log_weights, means, factor) -> list[Any]:
    """Check the number of dimensions; an Op must not guess."""
    variables = [pt.as_tensor(value, dtype="float64") for value in (log_weights, means, factor)]
    expected = (1, 2, FACTOR_SIGNATURE[covariance].count(",") + 1)
    for name, variable, ndim in zip(("log_weights", "means", "factor"), variables, expected, strict=True):
        if variable.type.ndim != ndim:
            raise TypeError(
                f"{name} must have {ndim} dimensions for covariance={covariance!r}, got {variable.type.ndim}"
            )
    return variables


class RowLogDensity(Op):
    r"""Log density of every row under a Gaussian mixture.

    .. math:: \ell_i = \log \sum_k w_k \, \mathrm{N}(x_i \mid \mu_k, L_k L_k^\top)

    Inputs are the rows transposed ``columns (D, N)``, ``log_weights (K,)``, ``means (K, D)`` and ``factor``: lower
    Cholesky factors ``(K, D, D)`` for full, one ``(D, D)`` for tied, standard deviations ``(K, D)`` for diag and
    ``(K,)`` for spherical. The output has shape ``(N,)``. The weights need not sum to one.
    """

    __props__ = ("covariance",)

    def __init__(self, covariance: str):
        self.covariance = covariance
        self.gufunc_signature = f"(d,n),(k),(k,d),{FACTOR_SIGNATURE[covariance]}->(n)"

    def make_node(self, *inputs: Any) -> Apply:
        """Apply the Op; see the class for its inputs."""
        columns = pt.as_tensor(inputs[0], dtype="float64")
        if columns.type.ndim != 2:
            raise TypeError(f"columns must be a matrix (D, N), got {columns.type.ndim} dimensions")
        parameters = _parameter_variables(self.covariance, *inputs[1:])
        rows = pt.tensor(dtype="float64", shape=(columns.type.shape[1],))
        return Apply(self, [columns, *parameters], [rows])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the compiled function outside of a compiled graph."""
        output_storage[0][0] = ROW_FUNCTIONS[self.covariance](*inputs)

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Shapes of the outputs, without a pass over the data."""
        return [(shapes[0][1],)]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        """Derivatives for the parameters from one pass; for the rows only where those are unknown."""
        columns, *parameters = inputs
        _, *slopes = SumLogDensity(self.covariance)(columns, cotangents[0], *parameters)
        rows_slope = slope_in_rows(self.covariance, columns, cotangents[0], *parameters)
        return [_or_undefined(rows_slope, self, 0, columns), *slopes]


class SumLogDensity(Op):
    r"""Weighted sum of the row log densities, and its gradient, in one pass over the data.

    Inputs are ``columns``, ``row_weights (N,)`` (an empty vector stands for ones) and the parameters of
    `RowLogDensity`; outputs are :math:`\sum_i v_i \ell_i` and its derivatives for ``log_weights``, ``means`` and
    ``factor``.
    """

    __props__ = ("covariance",)

    def __init__(self, covariance: str):
        self.covariance = covariance
        factor = FACTOR_SIGNATURE[covariance]
        # "v" and not "n": the empty vector is allowed too.
        self.gufunc_signature = f"(d,n),(v),(k),(k,d),{factor}->(),(k),(k,d),{factor}"

    def make_node(self, *inputs: Any) -> Apply:
        """Apply the Op; see the class for its inputs."""
        columns = pt.as_tensor(inputs[0], dtype="float64")
        row_weights = pt.as_tensor(inputs[1], dtype="float64")
        parameters = _parameter_variables(self.covariance, *inputs[2:])
        outputs = [pt.dscalar(), *(parameter.type() for parameter in parameters)]
        return Apply(self, [columns, row_weights, *parameters], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the compiled function outside of a compiled graph."""
        results = SUM_FUNCTIONS[self.covariance](*inputs)
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = result

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Shapes of the outputs, without a pass over the data."""
        return [(), *shapes[2:]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Which outputs depend on which inputs."""
        # Only the value is a differentiable function of the inputs; its derivatives are given, not derived again.
        return [[True, False, False, False] for _ in node.inputs]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        """Derivatives for the parameters from one pass; for the rows only where those are unknown."""
        value_cotangent = cotangents[0]
        if isinstance(value_cotangent.type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        columns, row_weights, *parameters = inputs
        weights = row_weights if row_weights.type.shape != (0,) else pt.ones(columns.shape[1])
        rows_slope = slope_in_rows(self.covariance, columns, value_cotangent * weights, *parameters)
        return [
            _or_undefined(rows_slope, self, 0, columns),
            grad_not_implemented(self, 1, row_weights),
            *(value_cotangent * slope for slope in outputs[1:]),
        ]


def _or_undefined(slope: Any, op: Op, index: int, variable: Any) -> Any:
    return grad_undefined(op, index, variable, "data are constant") if slope is None else slope
