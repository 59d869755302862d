"""The rows as engines work on them: those of every block."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import override

import numpy as np

from bayesmix.families.parts import Params, Standardised, State
from bayesmix.families.product.block import Block, states_of
from bayesmix.families.product.one_pass import OnePass, put_together


@dataclass(frozen=True, eq=False)
class Together(Standardised):
    """See :class:`~bayesmix.families.parts.Standardised`: of the blocks of columns in ``families``."""

    families: Sequence[Block]
    parts: Sequence[Standardised]

    @cached_property
    def columns(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]: made when first read
        """Those of one block below those of the other, (M, N)."""
        return put_together([part.columns for part in self.parts])

    @property
    def log_likelihood_shift(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]: a sum
        """What the log-likelihood gains in the units of the data."""
        return sum(part.log_likelihood_shift for part in self.parts)

    @override
    def to_params(self, state: State) -> dict[str, np.ndarray]:
        own = zip(self.families, self.parts, states_of(self.families, state), strict=True)
        named = (block.named(part.to_params(of_block)) for block, part, of_block in own)
        return dict(chain.from_iterable(one.items() for one in named))

    @override
    def to_state(self, params: Params) -> State:
        own = zip(self.families, self.parts, strict=True)
        return tuple(chain.from_iterable(part.to_state(block.params(params)) for block, part in own))

    @override
    def views(self, columns: np.ndarray) -> list[np.ndarray]:
        own = zip(OnePass(self.families).columns_of(columns), self.parts, strict=True)
        views = [part.views(of_block) for (_, of_block), part in own]
        return [
            np.concatenate([of_block[min(i, len(of_block) - 1)] for of_block in views], axis=1)
            for i in range(max(map(len, views)))
        ]

    @override
    def collapsed(self, state: State) -> bool:
        return any(part.collapsed(own) for part, own in zip(self.parts, states_of(self.families, state), strict=True))
