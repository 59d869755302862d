"""Numba translations of the Ops.

PyTensor caches compiled functions by the Op's type, its properties and a version number, and does not look at the
code. The version is therefore a hash of every source file that ends up in the machine code.
"""

import hashlib
import warnings
from pathlib import Path
from typing import Any

from numba.extending import is_jitted
from pytensor.link.numba.dispatch.basic import (
    generate_fallback_impl,
    numba_funcify,
    register_funcify_default_op_cache_key,
)

import bayesmix.families
from bayesmix.pymc_model.op import DrawRows, PassColumns, RowLogDensity, SumLogDensity


def _hash_of_sources() -> int:
    package = Path(bayesmix.families.__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted((*package.glob("passes/*.py"), *package.glob("families/**/*.py"))):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:8], "big")


CACHE_VERSION = _hash_of_sources()


@register_funcify_default_op_cache_key(RowLogDensity)
def numba_row_log_density(op: RowLogDensity, node: Any = None, **kwargs: Any) -> tuple[Any, int]:
    """Compiled row densities and the version of their sources."""
    return _compiled(op.family.fused.rows), CACHE_VERSION


@register_funcify_default_op_cache_key(SumLogDensity)
def numba_sum_log_density(op: SumLogDensity, node: Any = None, **kwargs: Any) -> tuple[Any, int]:
    """Compiled sum and gradient, and the version of their sources."""
    return _compiled(op.family.fused.total), CACHE_VERSION


def _compiled(function: Any) -> Any:
    if not is_jitted(function):
        raise NotImplementedError  # PyTensor then asks for what is kept in no cache: see `through_python`
    return function


@numba_funcify.register(RowLogDensity)
@numba_funcify.register(SumLogDensity)
@numba_funcify.register(PassColumns)
@numba_funcify.register(DrawRows)
def through_python(op: Any, node: Any, **kwargs: Any) -> Any:
    """An Op that is called from compiled code as the Python that it is, without PyTensor's warning of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return generate_fallback_impl(op, node, **kwargs)
