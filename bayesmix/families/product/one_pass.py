r"""The pass over rows whose columns fall into blocks that are independent within a component.

.. math:: \log w_k f_k(x) = \log w_k + \sum_b \log f_{bk}(x_b)

Every block's compiled pass gives its part, the sum gives the responsibilities, and with these for row weights the pass
of one component after the other gives the block's statistics. Nothing is compiled for a combination of families, and
all together costs about what two passes of the blocks cost.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp, softmax

from bayesmix.families.parts import Form, Statistics
from bayesmix.families.product.block import Block, forms_of
from bayesmix.passes.patterns import has_patterns
from bayesmix.passes.shares import share_out

_TINY = np.finfo(float).tiny


class OnePass:
    """See :class:`~bayesmix.families.parts.Kernel`; a form is the log weights and the forms of the blocks."""

    def __init__(self, blocks: Sequence[Block]):
        self.blocks = blocks

    def parts(self, columns: np.ndarray, forms: Form) -> Iterator[tuple[Block, np.ndarray, Form]]:
        """Of each block: its columns, and its form."""
        for (block, own), form in zip(self.columns_of(columns), forms_of(self.blocks, forms), strict=True):
            yield block, own, form

    def columns_of(self, columns: np.ndarray) -> Iterator[tuple[Block, np.ndarray]]:
        """The columns of each block, with its patterns below where it misses cells."""
        start, below = 0, has_patterns(columns)
        for block in self.blocks:
            end = start + block.n_entries
            whole = not below or not has_patterns(columns[start:end])
            yield block, columns[start : end if whole else end + 1]
            start = end + below

    def joint(self, columns: np.ndarray, form: Form) -> np.ndarray:
        """``log w_k f_k(x_i)`` (K, N) at one point, with what is known of the rows' components."""
        log_joint = np.repeat(form[0][:, None], columns.shape[1], axis=1)
        for block, own, of_block in self.parts(columns, form):
            log_joint += kernel_of(block, own).log_joint(own, *(part[None] for part in of_block))[0].T
        below = has_patterns(columns)
        known = columns[sum(block.n_entries + below for block in self.blocks) :]
        return log_joint + known if len(known) else log_joint

    def gather(self, columns: np.ndarray, form: Form, shares: np.ndarray) -> list[tuple[np.ndarray, ...]]:
        """Counts and sums of each block at one point, from weighted responsibilities (K, N)."""
        return [
            gather(kernel_of(block, own).accumulate, own, of_block, shares)
            for block, own, of_block in self.parts(columns, form)
        ]

    def statistics(self, form: Form, columns: np.ndarray, row_weights: np.ndarray) -> Statistics:
        """See :meth:`bayesmix.families.protocol.Family.statistics`; sums are counts and sums of each block."""
        log_likelihood, shares = share_out(self.joint(columns, form), row_weights)
        found = self.gather(columns, form, shares)
        return Statistics(log_likelihood, shares.sum(axis=1), tuple(part for parts in found for part in parts), form)

    def accumulate(self, columns: np.ndarray, row_weights: np.ndarray, *form: np.ndarray) -> tuple:
        """Log-likelihood, counts, and the sums."""
        found = self.statistics(form, columns, row_weights)
        return found.log_likelihood, found.counts, *found.sums

    def log_joint(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, N, K)."""
        total = forms[0][:, None, :]
        for block, own, of_block in self.parts(columns, forms):
            total = total + block.family.of_rows("log_joint", own, of_block)
        return total

    def log_mixture(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, N)."""
        return np.asarray(logsumexp(self.log_joint(columns, *forms), axis=2))

    def responsibilities(self, columns: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(K, N, S); of rows that are too far for a log density by the odds that the blocks say."""
        joint = self.log_joint(columns, *forms)
        far = np.flatnonzero(~np.isfinite(joint.max(axis=2)).all(axis=0))
        if far.size:
            odds = np.repeat(forms[0][:, None, :], far.size, axis=1)
            for block, own, of_block in self.parts(np.ascontiguousarray(columns[:, far]), forms):
                shares = block.family.of_rows("responsibilities", np.ascontiguousarray(own), of_block)
                odds = odds + np.log(np.maximum(shares, _TINY)).transpose(2, 1, 0)
            joint[:, far] = odds
        return np.ascontiguousarray(softmax(joint, axis=2).transpose(2, 1, 0))

    def group_sums(self, columns: np.ndarray, ends: np.ndarray, *forms: np.ndarray) -> np.ndarray:
        """(S, J, K)."""
        shares = self.responsibilities(columns, *forms)
        parts = np.split(shares, ends[:-1], axis=1)
        return np.stack([part.sum(axis=1) for part in parts]).transpose(2, 0, 1)


def put_together(columns: Sequence[np.ndarray]) -> np.ndarray:
    """The columns of one block below those of the other.

    Where cells are missing every block has a row of patterns, also one that misses none.
    """
    gaps = [has_patterns(own) for own in columns]
    if any(gaps):
        nothing = np.full((1, columns[0].shape[1]), np.nan)
        columns = [own if has else np.concatenate([own, nothing]) for own, has in zip(columns, gaps, strict=True)]
    return np.concatenate(columns)


def kernel_of(block: Block, columns: np.ndarray) -> Any:
    """The pass that takes a block's columns."""
    return block.family.seen_kernel if has_patterns(columns) else block.family.kernel


def gather(accumulate: Any, columns: np.ndarray, form: Form, shares: np.ndarray) -> tuple[np.ndarray, ...]:
    """Counts and sums of given responsibilities (K, N): of each component alone, with these for row weights."""
    found = [accumulate(columns, own, *(part[k : k + 1] for part in form))[1:] for k, own in enumerate(shares)]
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))
