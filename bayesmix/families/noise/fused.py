"""The likelihood with noise for PyMC: that of the groups, in whose pass every row is shared with noise."""

from typing import Any

import numpy as np

from bayesmix.families.noise.rows import beside, log_odds, log_rest
from bayesmix.families.parts import Fused

_NEVER = np.array(-np.inf)


def fused(groups: Fused) -> Fused:
    """The two functions, in Python: what they call is compiled."""

    def rows(columns: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
        *own, share = parameters
        of_groups = groups.rows(*Fused.laid_out(columns[:-1], log_weights, *own))
        if not 0 <= share <= 1:
            return np.full_like(of_groups, -np.inf)
        with np.errstate(divide="ignore"):
            return np.logaddexp(of_groups + np.log1p(-share), columns[-1] + np.log(share))

    def total(columns: np.ndarray, row_weights: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray) -> tuple:
        *own, share = parameters
        if not 0 < share < 1:
            return _NEVER.copy(), np.zeros_like(log_weights), *(np.zeros_like(one) for one in parameters)
        told: Any = beside(columns, row_weights, float(log_odds(share)))
        value, slope, *slopes = groups.total(*Fused.laid_out(columns[:-1], told, log_weights, *own))
        every, noise = told[0].sum(), told[2].sum()
        value = np.array(value + every * log_rest(share))
        return value, slope, *slopes, np.array(noise / share - (every - noise) / (1 - share))

    return Fused(rows, total)
