"""Rows whose columns are standardised each on its own, and the state of factor analysers there."""

from functools import cached_property
from typing import override

import numpy as np

from bayesmix.data import Rows, shared_copy
from bayesmix.families.gaussian.factors.rotation import settled
from bayesmix.families.gaussian.units import DEGENERATE_RATIO
from bayesmix.families.parts import Params, Standardised, State


class FactorUnits(Standardised):
    """``z = (x - centre) / scale`` of each column; a state is means, loadings and uniquenesses."""

    def __init__(self, rows: Rows):
        self.centre, self.scale = rows.centre_and_scale
        self._rows = rows
        self.log_likelihood_shift = -rows.total * float(np.log(self.scale).sum())

    @cached_property
    def columns(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]: made when first asked for
        """The standardised rows, transposed."""

        def made():
            return np.ascontiguousarray(((self._rows.values - self.centre) / self.scale).T)

        return shared_copy(self._rows, (type(self), self.centre.tobytes(), self.scale.tobytes()), made)

    @override
    def to_params(self, state: State) -> dict[str, np.ndarray]:
        means, loadings, uniquenesses = state
        return {
            "means": self.centre + self.scale * means,
            "loadings": settled(self.scale[:, None] * loadings),
            "uniquenesses": self.scale**2 * uniquenesses,
        }

    @override
    def to_state(self, params: Params) -> State:
        return (
            (np.asarray(params["means"], dtype=float) - self.centre) / self.scale,
            np.asarray(params["loadings"], dtype=float) / self.scale[:, None],
            np.asarray(params["uniquenesses"], dtype=float) / self.scale**2,
        )

    def log_prior_shift(self, n_components: int, n_factors: int) -> float:
        """What a log prior density gains in the units of the data."""
        return -n_components * (3 + n_factors) * float(np.log(self.scale).sum())

    @override
    def views(self, columns: np.ndarray) -> list[np.ndarray]:
        return [columns.T]

    @override
    def collapsed(self, state: State) -> bool:
        """Whether some column has as good as no variance of its own, relative to the data's."""
        return bool(np.min(state[2]) < DEGENERATE_RATIO)
