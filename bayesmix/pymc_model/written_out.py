"""Derivatives for the rows themselves, from a family's density written out.

Data have no derivative, so samplers never need this for observed rows. Rows that are unknown (an unobserved
mixture in somebody's own model) do, and are then differentiated here, at the cost of arrays of size N x K x D.
"""

from types import SimpleNamespace
from typing import Any

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import graph_inputs

from bayesmix.families import Family
from bayesmix.pymc_model.seen_cells import SeenCells

PYTENSOR = SimpleNamespace(
    log=pt.log,
    log1p=pt.log1p,
    gammaln=pt.gammaln,
    logsumexp=pt.logsumexp,
    diagonal=lambda matrices: pt.diagonal(matrices, axis1=-2, axis2=-1),
    solve_lower=lambda factor, columns: pt.linalg.solve_triangular(factor, columns, lower=True, b_ndim=2),
)


def slope_in_rows(family: Family, columns: Any, cotangent: Any, *parameters: Any) -> Any | None:
    """``cotangent`` times the derivative for ``columns``; None where those are data."""
    if isinstance(family, SeenCells):  # rows with missing cells are data
        return None
    if all(isinstance(source, Constant | SharedVariable) for source in graph_inputs([columns])):
        return None
    stand_in = columns.type()
    weighted = (cotangent * family.written_out(PYTENSOR, stand_in, *parameters)).sum()
    slope = pt.grad(weighted, stand_in)
    return clone_replace(slope, {stand_in: columns}, rebuild_strict=False)
