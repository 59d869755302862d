"""A family of which rows may miss cells, as the Ops take it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from bayesmix.families import Family
from bayesmix.families.parts import Fused, ParameterSpec


@dataclass(frozen=True)
class SeenCells:
    """What a family says of the cells that were seen; what is missing is summed out."""

    family: Family
    prepares_columns: bool = True

    def __str__(self) -> str:
        return f"{self.family} of seen cells"

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The family's."""
        return self.family.parameters

    @property
    def sample(self) -> Any:
        """The family's: draws are whole rows."""
        return self.family.sample

    @property
    def fused(self) -> Fused:
        """The likelihood with its gradient in the parameters."""
        return self.family.fused_of_seen

    def columns(self, X: np.ndarray) -> np.ndarray:
        """Rows (N, D) as the pass takes them, with their patterns below."""
        return self.family.columns_of_seen(X)

    def written_out(self, *arguments: Any) -> Any:
        """Nobody wrote it."""
        raise NotImplementedError(
            "the likelihood of rows with missing cells runs in PyTensor's Numba backend alone: leave nuts_sampler and "
            "the backend as they are, or leave these rows out"
        )


def with_gaps(observed: Any, family: Family) -> tuple[Any, Any]:
    """The data, and the family for them: where cells are missing, a constant that PyMC does not look into.

    Raises
    ------
    ValueError
        If cells are missing that the family does not sum out.
    """
    if observed is None or isinstance(observed, Variable):
        return observed, family
    values = np.ma.filled(np.ma.asarray(observed, dtype=float), np.nan)
    if not np.isnan(values).any():
        return observed, family
    if not family.sums_out_missing:
        raise ValueError(f"observed has missing values, and a {family} mixture does not sum them out: leave them out")
    return pt.constant(values), SeenCells(family)
