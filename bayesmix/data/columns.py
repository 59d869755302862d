"""What is known of a column: its name, what its numbers mean, and its unit."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["real", "count", "binary", "categorical"]


@dataclass(frozen=True)
class Column:
    """A column of the data.

    Attributes
    ----------
    name : str
    kind : {"real", "count", "binary", "categorical"}
        What the numbers of the column are: real numbers; whole numbers of at least 0; 0 and 1; positions in `levels`.
    levels : tuple of str
        The levels of a categorical column; its numbers are 0, 1, ... in this order. Other columns have none.
    unit : str
        Empty where the column has none.
    span : (float, float), optional
        The smallest and the largest number, where a model needs to know them.
    """

    name: str
    kind: Kind = "real"
    levels: tuple[str, ...] = ()
    unit: str = ""
    span: tuple[float, float] | None = None

    @property
    def label(self) -> str:
        """The name with the unit, as pictures and tables show it: ``"waiting (min)"``."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def wrong(self, values: np.ndarray) -> np.ndarray:
        """Say which numbers cannot be in such a column, (N,) bool; missing ones, NaN, can."""
        if self.kind == "real":
            return np.zeros(len(values), dtype=bool)
        largest = {"count": np.finfo(np.float64).max, "binary": 1.0, "categorical": len(self.levels) - 1.0}[self.kind]
        whole = np.floor(values) == values
        return ~(whole & (values >= 0) & (values <= largest) | np.isnan(values))
