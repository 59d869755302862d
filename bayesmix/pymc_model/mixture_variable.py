"""Rows of a mixture as a PyMC random variable: one for every family, made from its table of parameters."""

from copy import copy
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt
from pymc.distributions.distribution import Distribution, SymbolicRandomVariable, _support_point
from pymc.distributions.shape_utils import rv_size_is_none
from pymc.logprob.abstract import _logprob
from pymc.pytensorf import normalize_rng_param
from pytensor.graph.basic import Apply
from pytensor.tensor.random.op import RNGConsumerOp
from pytensor.tensor.random.utils import normalize_size_param

import bayesmix.pymc_model.numba_dispatch
import bayesmix.pymc_model.rewrites  # noqa: F401  (registers; so does the line above)
from bayesmix.families import Family
from bayesmix.pymc_model.op import RowLogDensity, columns_of, entering, letters


class DrawRows(RNGConsumerOp):
    """Draw rows (N, D) from the components of a family; the inputs are a generator, N, weights and parameters."""

    __props__ = ("name",)

    def __init__(self, family: Family):
        self.family, self.name = family, str(family)

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
        return [None, (node.inputs[1], node.outputs[1].shape[1])]


class MixtureRV(SymbolicRandomVariable):
    """Rows whose component is drawn first; inputs are weights and the family's parameters."""

    family: ClassVar[Family]

    @classmethod
    def rv_op(cls, weights: Any, *params: Any, size: Any = None, rng: Any = None) -> Any:
        """The graph that draws rows."""
        weights, *params = (pt.as_tensor(value, dtype="float64") for value in (weights, *params))
        rng, size = normalize_rng_param(rng), normalize_size_param(size)
        rows = () if rv_size_is_none(size) else tuple(size)
        n_rows = pt.prod(pt.as_tensor(rows, dtype="int64")) if rows else pt.constant(1, dtype="int64")
        next_rng, drawn = DrawRows(cls.family)(rng, n_rows, weights, *params)
        draws = drawn.reshape((*rows, drawn.shape[1]))
        return cls(inputs=[rng, size, weights, *params], outputs=[next_rng, draws])(rng, size, weights, *params)


@cache
def mixture_of(family: Family) -> type[Distribution]:
    """The PyMC distribution of a family's mixtures, whose parameters are the weights and those of the table."""
    inputs = ",".join(f"({letters(spec.dims)})" for spec in family.parameters)
    shown = f"{type(family).__name__}Mixture"
    members: dict[str, Any] = {
        "family": family,
        "name": f"{family}_mixture",
        "extended_signature": f"[rng],[size],(k),{inputs}->[rng],(d)",
        "_print_name": (shown, f"\\operatorname{{{shown}}}"),
    }
    rv_type = type(f"{shown}RV", (MixtureRV,), members)

    def dist(cls: Any, weights: Any, *params: Any, **kwargs: Any) -> Any:
        return super(distribution, cls).dist([weights, *params], **kwargs)

    distribution = type(shown, (Distribution,), {"rv_type": rv_type, "rv_op": rv_type.rv_op, "dist": classmethod(dist)})
    return distribution


@_logprob.register(MixtureRV)
def row_log_density(op: Any, values: Any, rng: Any, size: Any, weights: Any, *params: Any, **kwargs: Any) -> Any:
    """Log density of each row: a value (..., D) gives (...)."""
    [value] = values
    rows = value if value.type.ndim == 2 else value.reshape((-1, value.shape[-1]))
    density = RowLogDensity(op.family)(columns_of(op.family, rows), pt.log(weights), *entering(op.family, params))
    return density if value.type.ndim == 2 else density.reshape(value.shape[:-1])


@_support_point.register(MixtureRV)
def mixture_mean(op: Any, rv: Any, rng: Any, size: Any, weights: Any, *params: Any) -> Any:
    """The mean of the first parameters, for every row: a place where samplers of unobserved rows may start."""
    return pt.broadcast_to(weights @ params[0], rv.shape)
