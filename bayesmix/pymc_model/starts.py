"""Starting values that are part of a distribution, so that PyMC's model transformations keep working.

A model with explicit initial values cannot be converted by PyMC (``pm.compute_log_likelihood``, ``pm.do`` and
others refuse it). A variable's *support point*, where samplers start by default, has no such consequence: here it is
set to the wanted value.
"""

import functools
import types
from collections.abc import Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.distribution import _support_point
from pymc.logprob.transforms import Transform
from pymc.printing import str_for_dist


class Started:
    """Mixed into a random variable's Op: the Op knows where samplers should start."""

    start: np.ndarray

    def __reduce__(self) -> Any:
        op_type = type(self).__mro__[2]
        plain = op_type.__new__(op_type)
        vars(plain).update({name: value for name, value in vars(self).items() if name != "start"})
        return _started, (plain, self.start)


@functools.cache
def _started_type(op_type: type) -> type:
    """A random variable's Op type whose support point is its ``start``."""
    started = type(f"Started{op_type.__name__}", (Started, op_type), {})

    @_support_point.register(started)
    def start_of(op: Any, rv: Any, *inputs: Any) -> Any:
        return pt.broadcast_to(op.start, rv.shape)

    return started


def _started(op: Any, start: np.ndarray) -> Any:
    op_type = _started_type(type(op))
    started = op_type.__new__(op_type)
    vars(started).update(vars(op), start=start)
    return started


def with_start(variable: Any, start: Any) -> Any:
    """The same ``.dist()`` variable, with samplers starting at ``start``."""
    node = variable.owner
    op = _started(node.op, np.asarray(start, dtype=np.float64))
    return op.make_node(*node.inputs).outputs[node.outputs.index(variable)]


def add_variable(
    name: str,
    variable: Any,
    dims: Sequence[str],
    *,
    transform: Transform | None = None,
    start: Any = None,
) -> Any:
    """Register a ``.dist()`` variable in the model on the context stack.

    Parameters
    ----------
    name : str
    variable : ``.dist()`` tensor
    dims : sequence of str
    transform : Transform, optional
        In the place of the distribution's default transform, which stays if this is None.
    start : array, optional
        Where samplers start, in the units of the variable.
    """
    if start is not None:
        variable = with_start(variable, start)
    chosen = {} if transform is None else {"default_transform": transform}
    registered = pm.modelcontext(None).register_rv(variable, name, dims=tuple(dims), **chosen)
    registered.str_repr = types.MethodType(str_for_dist, registered)
    registered._repr_latex_ = types.MethodType(functools.partial(str_for_dist, formatting="latex"), registered)
    return registered


def shape_of(dims: Sequence[str]) -> tuple[int, ...]:
    """Lengths of dims known to the model on the context stack."""
    coords = pm.modelcontext(None).coords
    return tuple(len(coords[dim]) for dim in dims)
