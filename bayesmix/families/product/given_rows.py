"""What is known of the parameters given statistics: of each block on its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, override

import numpy as np

from bayesmix.families.complete_data import CompleteData
from bayesmix.families.parts import Conditional, State, Statistics
from bayesmix.families.product.block import Block, forms_of, split, states_of
from bayesmix.families.product.one_pass import OnePass


@dataclass(frozen=True, eq=False)
class ProductConditional(Conditional):
    """See :class:`~bayesmix.families.parts.Conditional`."""

    blocks: Sequence[Block]
    parts: Sequence[Any]

    @override
    def mode(self, state: State, statistics: Statistics) -> State:
        own = zip(self.parts, states_of(self.blocks, state), self._statistics(statistics), strict=True)
        return tuple(chain.from_iterable(part.mode(of_block, found) for part, of_block, found in own))

    def _statistics(self, statistics: Statistics) -> Iterator[Statistics]:
        """Those of each block: its counts, and its sums."""
        forms = forms_of(self.blocks, statistics.form)
        for form, (counts, *sums) in zip(
            forms, split(statistics.sums, [1 + block.n_sums for block in self.blocks]), strict=True
        ):
            yield Statistics(statistics.log_likelihood, counts, tuple(sums), form)

    @override
    def log_prior(self, state: State) -> float:
        return sum(part.log_prior(own) for part, own in self._with(state))

    @override
    def straight(self, state: State) -> State | None:
        return _joined(part.straight(own) for part, own in self._with(state))

    @override
    def from_straight(self, coordinates: State) -> State | None:
        return _joined(part.from_straight(own) for part, own in self._with(coordinates))

    def _with(self, state: State) -> Iterator[tuple[Any, State]]:
        return zip(self.parts, states_of(self.blocks, state), strict=True)

    @override
    def complete_data(self, columns: np.ndarray) -> CompleteData | None:
        own = zip(self.parts, OnePass(self.blocks).columns_of(columns), strict=True)
        parts = [part.complete_data(of_block) for part, (_, of_block) in own]
        return None if any(part is None for part in parts) else ProductCompleteData(self.blocks, parts)


@dataclass(frozen=True, eq=False)
class ProductCompleteData(CompleteData):
    """See :class:`~bayesmix.families.complete_data.CompleteData`: what is known of the blocks, added up."""

    blocks: Sequence[Block]
    parts: Sequence[Any]

    @property
    def features(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]: put together
        """``t(x)`` of every row, block after block."""
        return np.concatenate([part.features for part in self.parts], axis=1)

    @override
    def natural(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        found = [part.natural(own) for part, own in zip(self.parts, states_of(self.blocks, state), strict=True)]
        return np.sum([offsets for offsets, _ in found], axis=0), np.concatenate([etas for _, etas in found], axis=-1)

    @override
    def log_evidence(self, counts: np.ndarray, sums: np.ndarray) -> np.ndarray:
        return sum((part.log_evidence(counts, own) for part, own in self._sums(sums)), np.zeros(len(counts)))

    @override
    def draw(self, counts: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> State:
        return tuple(chain.from_iterable(part.draw(counts, own, rng) for part, own in self._sums(sums)))

    def _sums(self, sums: np.ndarray) -> Iterator[tuple[Any, np.ndarray]]:
        ends = np.cumsum([part.features.shape[1] for part in self.parts])[:-1]
        return zip(self.parts, np.split(sums, ends, axis=-1), strict=True)


def _joined(parts: Iterator[State | None]) -> State | None:
    found: list[np.ndarray] = []
    for part in parts:
        if part is None:
            return None
        found.extend(part)
    return tuple(found)
