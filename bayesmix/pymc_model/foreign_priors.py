"""Priors that only PyMC knows, as variables of a model: ``.dist()`` objects and ``create_variable(name)``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor
from pymc.distributions.multivariate import LKJCorr
from pymc.distributions.shape_utils import change_dist_size
from pymc.distributions.transforms import _default_transform
from pymc.logprob.transforms import Transform
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors
from pytensor.tensor.random.type import RandomGeneratorType

from bayesmix.pymc_model.matrix_priors import LKJMatrix
from bayesmix.pymc_model.starts import add_variable, shape_of

LOOSE_AT_ZERO = ("halfnormal", "halfcauchy", "exponential")
"""Distributions of scales whose density stays positive at zero."""


def declare_foreign(
    prior: Any,
    name: str,
    dims: Sequence[str],
    *,
    transform: Transform | None = None,
    start: Any = None,
) -> Any:
    """Add a variable with a PyMC prior to the model on the context stack.

    Parameters
    ----------
    prior : PyMC ``.dist()`` object or object with ``create_variable(name)``
        A ``.dist()`` object is copied and resized to the parameter's dims.
    name : str
    dims : sequence of str
        Dims of the parameter, known to the model.
    transform : Transform, optional
        Used where the distribution has no default transform of its own.
    start : array, optional
        Where samplers start, in the units of the parameter.

    Raises
    ------
    ValueError
        If the prior does not have, and cannot be given, the parameter's shape.
    """
    model = pm.modelcontext(None)
    shape = shape_of(dims)
    if hasattr(prior, "create_variable"):
        variable = prior.create_variable(name)
        _check_shape(variable, name, dims, shape)
        if start is not None:
            model.set_initval(variable, start)
        return variable
    if isinstance(prior.owner.op, LKJCorr.rv_type):
        # PyMC's own is a Cholesky factor in some versions and a correlation matrix in others.
        eta = prior.owner.op.dist_params(prior.owner)[1]
        prior = LKJMatrix.dist(eta, shape[-1])
    variable = _resized_copy(prior, name, dims, shape)
    default = _default_transform(variable.owner.op, variable)
    return add_variable(name, variable, dims, transform=default or transform, start=start)


def _resized_copy(prior: Any, name: str, dims: Sequence[str], shape: tuple[int, ...]) -> Any:
    """A copy of a ``.dist()`` object with random number generators of its own and the parameter's shape."""
    generators = {
        node: pytensor.shared(np.random.default_rng())
        for node in ancestors([prior])
        if node.owner is None and isinstance(node.type, RandomGeneratorType)
    }
    copy = clone_replace(prior, generators)
    n_support = copy.owner.op.ndim_supp
    if name == "weights" and n_support != 1:
        raise ValueError(f"the prior of weights must be a distribution of whole vectors, not {copy.owner.op}")
    if n_support > len(shape):
        raise ValueError(f"the prior of {name} has {n_support} dimensions, but {name} has dims {tuple(dims)}")
    copy = change_dist_size(copy, shape[: len(shape) - n_support])
    _check_shape(copy, name, dims, shape)
    return copy


def _check_shape(variable: Any, name: str, dims: Sequence[str], shape: tuple[int, ...]) -> None:
    known = variable.type.shape
    if len(known) != len(shape) or any(have not in (None, want) for have, want in zip(known, shape, strict=True)):
        raise ValueError(f"the prior of {name} has shape {known}; {name} has dims {tuple(dims)}: {shape}")


def is_loose_at_zero(prior: Any) -> bool:
    """Whether a ``.dist()`` prior of scales lets components collapse onto tied values."""
    owner = getattr(prior, "owner", None)
    op_name = str(getattr(getattr(owner, "op", None), "name", "") or "")
    return op_name.lower().replace("_", "") in LOOSE_AT_ZERO
