"""What draws are worth: smallest bulk ESS and largest R-hat, over the same variables after the same relabelling."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

import bayesmix as bm
from bayesmix.posterior.labels.convergence import convergence_table

VARIABLES = ("weights", "means", "covariances")
LARGEST_RHAT = 1.01


@dataclass(frozen=True)
class Worth:
    """Seconds of a run, its smallest bulk effective sample size and its largest R-hat."""

    seconds: float
    ess: float
    rhat: float

    @property
    def per_second(self) -> float:
        """Smallest bulk ESS per second; NaN where the run is void."""
        return np.nan if self.void else self.ess / self.seconds

    @property
    def void(self) -> bool:
        """Whether the chains disagree, so that the number means nothing."""
        return not self.rhat <= LARGEST_RHAT


def worth(seconds: float, drawn: dict[str, np.ndarray], mixture: bm.Mixture, X: np.ndarray) -> Worth:
    """Relabel draws (chain, draw, ...) of weights, means and covariances, and judge them."""
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset({name: _named(drawn[name]) for name in VARIABLES})})
    adopted = mixture.adopt(tree, X)
    table = convergence_table(adopted["posterior"].to_dataset()[list(VARIABLES)])
    return Worth(seconds, float(table["ess_bulk"].min()), float(table["rhat"].max()))


def _named(values: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    return ("chain", "draw", *(f"axis_{values.ndim}_{i}" for i in range(values.ndim - 2))), values
