"""The likelihood for PyMC: that of each block and component alone, put together."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp

from bayesmix.families.parts import Fused
from bayesmix.families.product.block import Block, states_of
from bayesmix.families.product.one_pass import OnePass
from bayesmix.passes.patterns import has_patterns
from bayesmix.passes.shares import share_out

_CERTAIN = np.zeros(1)  # the log weight of one component


def fused(one_pass: OnePass) -> Fused:
    """The two functions, in Python: what they call is compiled."""

    def alone(columns: np.ndarray, parameters: Sequence[np.ndarray], k: int) -> Iterator[tuple[Block, np.ndarray, Any]]:
        """Each block's columns, and its parameters of one component."""
        parts = zip(one_pass.columns_of(columns), states_of(one_pass.blocks, tuple(parameters)), strict=True)
        for (block, own), values in parts:
            specs = zip(block.family.parameters, values, strict=True)
            yield block, own, [value if spec.shared else value[k : k + 1] for spec, value in specs]

    def joint(columns: np.ndarray, log_weights: np.ndarray, parameters: Sequence[np.ndarray]) -> np.ndarray:
        out = np.repeat(log_weights[:, None], columns.shape[1], axis=1)
        for k in range(log_weights.size):
            for block, own, values in alone(columns, parameters, k):
                out[k] += _fused_of(block, own).rows(*Fused.laid_out(own, _CERTAIN, *values))
        return out

    def rows(columns: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
        return np.asarray(logsumexp(joint(columns, log_weights, parameters), axis=0))

    def total(columns: np.ndarray, row_weights: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray) -> tuple:
        log_joint = np.nan_to_num(joint(columns, log_weights, parameters), nan=-np.inf, neginf=-np.inf)
        value, shares = share_out(log_joint, np.ascontiguousarray(row_weights))
        slopes = [np.zeros_like(parameter) for parameter in parameters]
        if value == -np.inf:
            return np.array(value), np.zeros_like(log_weights), *slopes
        for k in range(log_weights.size):
            own_slopes = states_of(one_pass.blocks, tuple(slopes))
            for (block, own, values), into in zip(alone(columns, parameters, k), own_slopes, strict=True):
                _, _, *found = _fused_of(block, own).total(*Fused.laid_out(own, shares[k], _CERTAIN, *values))
                for spec, slope, more in zip(block.family.parameters, into, found, strict=True):
                    at = ... if spec.shared else slice(k, k + 1)
                    slope[at] += more
        return np.array(value), shares.sum(axis=1), *slopes

    return Fused(rows, total)


def _fused_of(block: Block, columns: np.ndarray) -> Fused:
    """The likelihood that takes a block's columns."""
    return block.family.fused_of_seen if has_patterns(columns) else block.family.fused
