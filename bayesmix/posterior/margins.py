"""Draws of a mixture in some of its features, and in which of them the groups differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from bayesmix.tree import classes_of, draws_of, family_of, number_varies, record_of

# Draws that tell how far groups lie apart.
_DRAWS = 500


@dataclass(frozen=True, eq=False)
class Marginal:
    """Draws of the mixture's marginal distribution in some features, or in combinations of them.

    Attributes
    ----------
    family : Family
    weights : (S, K) array
    params : mapping of (S, ...) arrays
    n_features : int
    named : bool
        Whether a component is the same group in all draws; not where their number varies.
    classes : tuple of str
        Names of the first groups, where known labels gave them names.
    """

    family: Any
    weights: np.ndarray
    params: Mapping[str, np.ndarray]
    n_features: int
    named: bool = True
    classes: tuple[str, ...] = ()

    @property
    def n_draws(self) -> int:
        """S; a point estimate has one."""
        return self.weights.shape[0]

    @property
    def n_components(self) -> int:
        """K."""
        return self.weights.shape[1]

    @property
    def shares(self) -> np.ndarray:
        """Of all rows, (S, K): the weights, or where there is noise those of the rest."""
        return self.weights * (1 - self.params["noise_weight"][:, None]) if self.family.has_noise else self.weights

    @property
    def groups(self) -> range:
        """The groups that pictures can show: none where they have no names."""
        return range(self.n_components if self.named else 0)

    def group(self, k: int) -> str:
        """What group k is called."""
        return self.classes[k] if k < len(self.classes) else f"group {k}"

    @cached_property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Locations (S, K, M) and covariances (S, K, M, M)."""
        return self.family.moments(self.params)

    def of(self, features: Sequence[int]) -> "Marginal":
        """Return the marginal in fewer features, given by position."""
        family, params = self.family.marginal(self.params, np.asarray(features, dtype=np.intp))
        return replace(self, family=family, params=params, n_features=len(features))

    def mapped(self, centre: np.ndarray, matrix: np.ndarray) -> "Marginal":
        """Return the distribution of ``(x - centre) @ matrix``, for a matrix (d, q)."""
        family, params = self.family.mapped(self.params, centre, matrix)
        return replace(self, family=family, params=params, n_features=matrix.shape[1])

    def thinned(self, n_draws: int) -> "Marginal":
        """Return at most so many draws, evenly spaced over all chains."""
        chosen = evenly(self.n_draws, n_draws)
        params = {name: values[chosen] for name, values in self.params.items()}
        return replace(self, weights=self.weights[chosen], params=params)

    def densities(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate the densities at points (M, d).

        Returns
        -------
        components : (K, M) array
            ``w_k f_k(x)``, averaged over the draws.
        mixture : (S, M) array
            ``sum_k w_k f_k(x)``, draw by draw.
        """
        components = np.empty((self.n_components, len(points)))
        mixture = np.empty((self.n_draws, len(points)))
        for block, joint in self.family.log_joint_blocks(self.weights, self.params, points):
            density = np.exp(joint)
            components[:, block] = density.mean(axis=0).T
            mixture[:, block] = density.sum(axis=-1)
        if self.family.has_noise:
            for block, of_all in self.family.log_mixture_blocks(self.weights, self.params, points):
                mixture[:, block] = np.exp(of_all)
        return components, mixture

    def cumulative(self, values: np.ndarray) -> Any:
        """Probability (n, S) that the one feature is at most so large.

        Values are (n, 1), or (n, S) with some for each draw; None where the family does not say.
        """
        below = self.family.cumulative(self.params, values[..., None])
        return None if below is None else np.einsum("sk,nsk->ns", self.weights, below[..., 0])

    def of_groups(self, values: Sequence[float]) -> np.ndarray:
        """Density, or probability, (S, K, M) of values (M,) of one feature in each group, draw by draw."""
        equal = np.full_like(self.weights, 1 / self.n_components)
        joint = self.family.log_joint(equal, self.params, np.asarray(values, dtype=float)[:, None])
        of_groups = self.n_components * np.exp(joint).swapaxes(-1, -2)
        return of_groups / (1 - self.params["noise_weight"])[:, None, None] if self.family.has_noise else of_groups

    def typical(self) -> tuple[np.ndarray, np.ndarray]:
        """Return centres (K, d) and covariances (K, d, d) that stand for all draws.

        Medians of the means and of the standard deviations, and the mean correlation matrix: always
        a covariance, and one that a few draws with huge tails do not move.
        """
        locations, covariances = self.moments
        scales = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
        correlations = covariances / (scales[..., :, None] * scales[..., None, :])
        middle = np.median(scales, axis=0)
        covariances = correlations.mean(axis=0) * middle[:, :, None] * middle[:, None, :]
        return np.median(locations, axis=0), covariances

    def radii(self, share: float) -> np.ndarray:
        """Mahalanobis distances (S, K) within which two features of a group lie with this probability."""
        return self.family.radii(self.params, share)

    def separation(self) -> np.ndarray:
        """How far apart the groups lie in each feature (d,), next to how wide they are.

        Of a feature with levels that of the level in which they lie furthest apart.
        """
        found = np.zeros(self.n_features)
        np.maximum.at(found, self.family.features_of_moments(self.n_features), self.separation_of_entries())
        return found

    def separation_of_entries(self) -> np.ndarray:
        """The same of each entry of the moments, such as a level.

        Returns
        -------
        (M,) array
            ``sqrt(B / W)``: the variance of the typical centres over that within the groups, both weighted by the
            groups' shares, so that a group without rows counts for nothing.
        """
        # covariances of every draw take much memory where levels are many
        locations, covariances = self.thinned(_DRAWS).moments
        centres = np.median(locations, axis=0)
        shares = self.weights.mean(axis=0)
        within = shares @ np.median(np.diagonal(covariances, axis1=-2, axis2=-1), axis=0)
        between = shares @ (centres - shares @ centres) ** 2
        # levels that a group has always or never have no variance, nor has one that no group has
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(np.sqrt(between / within), nan=0.0, posinf=np.inf)

    def telling(self) -> np.ndarray:
        """Of each feature (d,) the entry of the moments in which the groups lie furthest apart."""
        feature_of, apart = self.family.features_of_moments(self.n_features), self.separation_of_entries()
        # the first of those that differ by rounding, as the two levels of a feature do
        furthest = apart >= self.separation()[feature_of] * (1 - 1e-9)
        return np.array([np.flatnonzero(furthest & (feature_of == j))[0] for j in range(self.n_features)])


def marginal_of(tree: xr.DataTree) -> Marginal:
    """Return all draws of a tree, in all its features."""
    weights, params = draws_of(tree)
    n_draws = weights.shape[0] * weights.shape[1]
    flat = {name: values.reshape(n_draws, *values.shape[2:]) for name, values in params.items()}
    n_features, named = len(record_of(tree)["features"]), not number_varies(tree)
    return Marginal(family_of(tree), weights.reshape(n_draws, -1), flat, n_features, named, classes_of(tree))


def check_no_noise(tree: xr.DataTree, what: str) -> None:
    """Refuse a mixture with noise, for what knows of rows in groups alone.

    Raises
    ------
    ValueError
    """
    if family_of(tree).has_noise:
        raise ValueError(
            f"{what} is for mixtures whose rows are all in groups, and this one has noise: bm.responsibilities tells "
            f"which rows are noise; for {what}, fit the others of them without noise"
        )


def positions_of(tree: xr.DataTree, features: str | Sequence[str] | None) -> list[int]:
    """Return the positions of features given by name; all of them by default.

    Raises
    ------
    ValueError
        When a name is unknown, repeated, or none is given.
    """
    names = [str(name) for name in record_of(tree)["features"]]
    if features is None:
        return list(range(len(names)))
    wanted = [features] if isinstance(features, str) else [str(name) for name in features]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ValueError(f"features names {unknown[0]!r}, but the tree's features are {names}.")
    if not wanted or len(set(wanted)) < len(wanted):
        raise ValueError(f"features must name each feature once, not {wanted}.")
    return [names.index(name) for name in wanted]


def evenly(size: int, number: int) -> np.ndarray:
    """Return at most `number` of `size` positions, evenly spaced."""
    return np.unique(np.linspace(0, size - 1, min(size, number)).round().astype(np.intp))
