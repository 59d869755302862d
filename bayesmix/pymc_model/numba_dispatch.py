"""Numba translations of the Ops.

PyTensor caches compiled functions by the Op's type, its properties and a version number, and does not look at the
code. The version is therefore a hash of every source file that ends up in the machine code.
"""

import hashlib
from pathlib import Path
from typing import Any

from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

import bayesmix.families
from bayesmix.pymc_model.op import RowLogDensity, SumLogDensity


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
    return op.family.fused.rows, CACHE_VERSION


@register_funcify_default_op_cache_key(SumLogDensity)
def numba_sum_log_density(op: SumLogDensity, node: Any = None, **kwargs: Any) -> tuple[Any, int]:
    """Compiled sum and gradient, and the version of their sources."""
    return op.family.fused.total, CACHE_VERSION
