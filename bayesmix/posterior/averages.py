"""Posterior draws in the place of a point estimate: means over the draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from bayesmix.posterior.labels.judgement import verdict_of
from bayesmix.posterior.membership import responsibilities
from bayesmix.posterior.predictive import log_density, sample_predictive
from bayesmix.tree import draws_of
from bayesmix.verdict import Reason


@dataclass(frozen=True, eq=False)
class PosteriorMeans:
    """Posterior draws that answer what an :class:`~bayesmix.engines.em.EMResult` answers."""

    tree: xr.DataTree

    @cached_property
    def weights(self) -> np.ndarray:
        """Mean weights (K,)."""
        return draws_of(self.tree)[0].mean(axis=(0, 1))

    @cached_property
    def params(self) -> Mapping[str, np.ndarray]:
        """Mean parameters by name."""
        return {name: values.mean(axis=(0, 1)) for name, values in draws_of(self.tree)[1].items()}

    @cached_property
    def labels(self) -> np.ndarray:
        """Most probable component of each training row, (N,)."""
        return responsibilities(self.tree)["label"].values

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the draws are not to be trusted; nothing where they are."""
        return verdict_of(self.tree)

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Most probable component of each row, (n,)."""
        return responsibilities(self.tree, values)["label"].values

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Mean responsibilities (n, K)."""
        return responsibilities(self.tree, values)["probability"].values

    def score_samples(self, values: np.ndarray) -> np.ndarray:
        """Log of the mean density of each row, (n,)."""
        return log_density(self.tree, values)["log_density"].values

    def sample(self, n: int, random_seed: int) -> tuple[np.ndarray, np.ndarray]:
        """New rows (n, D) and their components (n,)."""
        new = sample_predictive(self.tree, n, random_seed=random_seed)["predictions"].to_dataset()
        return new["x"].values, new["label"].values

    def to_tree(self) -> xr.DataTree:
        """The draws."""
        return self.tree
