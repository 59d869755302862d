"""The row log densities written out in PyTensor: the source of derivatives for the rows themselves.

Data have no derivative, so samplers never need this for observed rows. Rows that are unknown (an unobserved
mixture in somebody's own model) do, and are then differentiated here, at the cost of arrays of size N x K x D.
"""

from typing import Any

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import graph_inputs

from bayesmix.pymc_model.score import HALF_LOG_TWO_PI


def _by_matrices(centred: Any, factor: Any) -> tuple[Any, Any]:
    residuals = pt.linalg.solve_triangular(factor, centred, lower=True, b_ndim=2)
    return residuals, pt.log(pt.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)


def _by_deviations(centred: Any, factor: Any) -> tuple[Any, Any]:
    return centred / factor[:, :, None], pt.log(factor).sum(axis=-1)


def _by_one_deviation(centred: Any, factor: Any) -> tuple[Any, Any]:
    return centred / factor[:, None, None], centred.shape[1] * pt.log(factor)


WHITEN = {
    "full": _by_matrices,
    "tied": _by_matrices,
    "diag": _by_deviations,
    "spherical": _by_one_deviation,
}
"""Covariance word -> (whitened residuals (K, D, N), log determinants (K,) or ())."""


def row_log_density(covariance: str, columns: Any, log_weights: Any, means: Any, factor: Any) -> Any:
    """What `RowLogDensity` computes, (N,)."""
    residuals, log_determinants = WHITEN[covariance](columns[None] - means[:, :, None], factor)
    offsets = log_weights - columns.shape[0] * HALF_LOG_TWO_PI - log_determinants
    return pt.logsumexp(offsets[:, None] - 0.5 * pt.square(residuals).sum(axis=1), axis=0)


def slope_in_rows(covariance: str, columns: Any, cotangent: Any, *parameters: Any) -> Any | None:
    """``cotangent`` times the derivative for ``columns``; None where those are data."""
    if all(isinstance(source, Constant | SharedVariable) for source in graph_inputs([columns])):
        return None
    stand_in = columns.type()
    weighted = (cotangent * row_log_density(covariance, stand_in, *parameters)).sum()
    slope = pt.grad(weighted, stand_in)
    return clone_replace(slope, {stand_in: columns}, rebuild_strict=False)
