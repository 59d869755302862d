"""Rows of a mixture as a PyMC random variable: one for every family, made from its table of parameters."""

from functools import cache
from typing import Any, ClassVar

import pytensor.tensor as pt
from pymc.distributions.distribution import Distribution, SymbolicRandomVariable, _support_point
from pymc.distributions.shape_utils import rv_size_is_none
from pymc.logprob.abstract import _logprob
from pymc.pytensorf import normalize_rng_param
from pytensor.tensor.random.utils import normalize_size_param

import bayesmix.pymc_model.numba_dispatch
import bayesmix.pymc_model.rewrites  # noqa: F401  (registers; so does the line above)
from bayesmix.families import Family
from bayesmix.pymc_model.op import DrawRows, RowLogDensity, columns_of, entering, letters


class MixtureRV(SymbolicRandomVariable):
    """Rows whose component is drawn first; inputs are weights and the family's parameters.

    Where rows are weighted there is one input more, how much each of them counts: its log density is multiplied by it,
    and draws are single rows all the same.
    """

    family: ClassVar[Family]
    weighted: ClassVar[bool]

    @classmethod
    def rv_op(cls, weights: Any, *params: Any, size: Any = None, rng: Any = None) -> Any:
        """The graph that draws rows."""
        weights, *params = (pt.as_tensor(value, dtype="float64") for value in (weights, *params))
        of_components = params[: len(cls.family.parameters)]
        rng, size = normalize_rng_param(rng), normalize_size_param(size)
        rows = () if rv_size_is_none(size) else tuple(size)
        if cls.weighted and not rows:
            rows = tuple(params[-1].shape)
        n_rows = pt.prod(pt.as_tensor(rows, dtype="int64")) if rows else pt.constant(1, dtype="int64")
        next_rng, drawn = DrawRows(cls.family)(rng, n_rows, weights, *of_components)
        draws = drawn.reshape((*rows, drawn.shape[1]))
        return cls(inputs=[rng, size, weights, *params], outputs=[next_rng, draws])(rng, size, weights, *params)


@cache
def mixture_of(family: Family, weighted: bool = False) -> type[Distribution]:
    """The PyMC distribution of a family's mixtures, whose parameters are the weights and those of the table.

    The last parameter of ``weighted`` rows is how much each of them counts.
    """
    inputs = ",".join([*(f"({letters(spec.dims)})" for spec in family.parameters), *["()"] * weighted])
    shown = f"{type(family).__name__}Mixture"
    members: dict[str, Any] = {
        "family": family,
        "weighted": weighted,
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
    of_components, row_weights = params[: len(op.family.parameters)], params[len(op.family.parameters) :]
    density = RowLogDensity(op.family)(
        columns_of(op.family, rows), pt.log(weights), *entering(op.family, of_components)
    )
    if row_weights:
        density = density * row_weights[0]
    return density if value.type.ndim == 2 else density.reshape(value.shape[:-1])


@_support_point.register(MixtureRV)
def mixture_mean(op: Any, rv: Any, rng: Any, size: Any, weights: Any, *params: Any) -> Any:
    """The mean of the first parameters, for every row: a place where samplers of unobserved rows may start."""
    return pt.broadcast_to(weights @ params[0], rv.shape)
