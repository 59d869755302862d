"""What every covariance structure does through its compiled functions: standard form, M-step and log prior."""

from abc import ABC, abstractmethod
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from bayesmix.families.parts import Form, ParameterSpec, SeenKernel


def root_mean_square(scale: np.ndarray) -> np.ndarray:
    """One scale for all columns (D,)."""
    largest = scale.max()
    return np.full_like(scale, largest * np.sqrt(np.mean((scale / largest) ** 2)))


class Structure(ABC):
    """A covariance structure: what every one does through its compiled functions.

    ``name`` is what people call it, ``code`` what mclust does, and ``words`` end a sentence about groups of the kind.
    With ``Sigma_k = lambda_k O_k A_k O_k'`` and ``|A_k| = 1``, the letters of the code stand for volumes, shapes and
    orientations: E for one that all components share, V for one each, I for none: spheres, or axes along the features.
    ``compiled`` is :mod:`~bayesmix.families.gaussian.covariance.dense` or ``axis`` beside it, which offer the same
    functions; :meth:`blocks` shows the factor with an axis for the components, and one for the features, be it of
    length one.

    ``geometry`` names the compiled densities, and ``sweeps`` is :mod:`~bayesmix.families.gaussian.sweeps.dense` or
    ``axis``: Gibbs sampling, ``sweeps_of_seen`` where cells are missing; ``complete_data``, of
    :mod:`~bayesmix.families.gaussian.complete_data`, is what has a closed form.

    ``kernel`` is :mod:`bayesmix.passes.dense` or ``axis``; ``of_seen`` the pass over rows with missing cells.

    ``affine`` says whether every linear change of the columns keeps the structure, so that they can be whitened;
    ``restricted``, whether the matrices have more in common than to be one: then inverse-Wishart densities on them are
    known up to a constant, nobody draws from these, and standard deviations and correlations are no free parameters.
    """

    name: str
    code: str
    words: str
    correlated: bool
    geometry: str
    affine: bool = False
    restricted: bool = False
    kernel: Any
    of_seen: SeenKernel
    compiled: ModuleType
    sweeps: ModuleType
    sweeps_of_seen: ModuleType
    complete_data: type
    parameter: ParameterSpec

    @cached_property
    def shared(self) -> bool:
        """Whether all components have one factor."""
        return self.parameter.shared

    def n_volumes(self, n_components: int) -> int:
        """Number of different volumes among so many components."""
        return n_components if self.code[0] == "V" else 1

    def n_free(self, n_components: int, n_features: int) -> int:
        """Number of free values: of volumes, shapes and orientations."""
        each = (1, n_features - 1, n_features * (n_features - 1) // 2)
        how_many = {"E": 1, "V": n_components, "I": 0}
        return sum(how_many[letter] * size for letter, size in zip(self.code, each, strict=True))

    def distinct_code(self, n_components: int, n_features: int) -> str:
        """The code with X where E and V are one model, having one component, and I where there is one feature."""
        code = self.code if n_features > 1 else f"{self.code[0]}II"
        return code if n_components > 1 else code.replace("E", "X").replace("V", "X")

    def chart(self, n_components: int) -> "Structure":
        """The structure whose unconstrained values stand for this one's: another one where that is the same model."""
        return self

    def chart_numbers(self, n_components: int, n_features: int) -> list[float]:
        """What the compiled density must know of the unconstrained values beside the prior."""
        return []

    @abstractmethod
    def factor(self, values: np.ndarray) -> np.ndarray:
        """The factor of covariances or variances (..., D, D), (..., D) or (...)."""

    @abstractmethod
    def values(self, factor: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`factor`."""

    @abstractmethod
    def matrices(self, values: np.ndarray, n_components: int, n_features: int) -> np.ndarray:
        """Covariance matrix of every component (..., K, D, D)."""

    @abstractmethod
    def scales(self, values: np.ndarray) -> np.ndarray:
        """Standard deviations."""

    @abstractmethod
    def reduce(self, matrix_or_vector: np.ndarray) -> Any:
        """A covariance matrix (or a vector of variances) as this structure describes one component."""

    @abstractmethod
    def common_scale(self, scale: np.ndarray) -> np.ndarray:
        """The column scales (D,) that this structure can be standardised by."""

    @abstractmethod
    def log_rescaling(self, scale: np.ndarray, n_components: int) -> float:
        """Log of the Jacobian from covariances or variances to those in units of ``scale``."""

    @abstractmethod
    def initial_factor(self, n_components: int, n_features: int) -> np.ndarray:
        """The factor of unit covariances."""

    @abstractmethod
    def free_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Shape of the unconstrained values that stand for the factor under the conjugate prior."""

    @abstractmethod
    def factor_from_free(self, free: np.ndarray, n_components: int, n_features: int) -> np.ndarray:
        """The factor of unconstrained values."""

    @abstractmethod
    def factor_to_free(self, factor: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`factor_from_free`."""

    @abstractmethod
    def free_constant(self, n_components: int, n_features: int) -> float:
        """What the log Jacobian from unconstrained values to covariances or variances has in front."""

    @abstractmethod
    def written_out(self, ops: Any, centred: Any, factor: Any) -> tuple[Any, Any]:
        """Squared distances (K, N) of centred rows (K, D, N), and log determinants (K,) or (), in tensors."""

    @abstractmethod
    def blocks(self, factor: Any) -> Any:
        """The factor as the compiled functions take it, and covariances or variances in the same way."""

    @abstractmethod
    def of_blocks(self, blocks: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`blocks`."""

    def n_blocks(self, n_components: int) -> int:
        """Number of factors among so many components."""
        return 1 if self.shared else n_components

    def to_standard(self, points: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Points (..., D), about their centre, in units of ``scale``.

        ``scale`` is a lower triangular matrix (D, D) for correlated features, standard deviations (D,) for others.
        """
        return self.compiled.to_standard(points, scale)

    def from_standard(self, points: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`to_standard`."""
        return self.compiled.from_standard(points, scale)

    def factor_to_standard(self, factor: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """The factor of the components in units of ``scale``."""
        return self.of_blocks(self.compiled.factor_to_standard(self.blocks(factor), scale))

    def factor_from_standard(self, factor: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`factor_to_standard`."""
        return self.of_blocks(self.compiled.factor_from_standard(self.blocks(factor), scale))

    def log_determinant(self, scale: np.ndarray) -> float:
        """Log of the volume of a unit of ``scale``."""
        return self.compiled.log_determinant(scale)

    def hyperparameters(self, prior) -> Any:
        """A resolved conjugate prior, prepared once for many steps."""
        return self.compiled.hyperparameters(prior)

    def standard_form(self, weights, means, factor) -> Form:
        """Weights (..., K), means (..., K, D) and the factor as the kernels take them."""
        if means.ndim == 2:  # one point: what EM asks for at every iteration
            weights = np.asarray(weights, dtype=float)
            offsets, whiteners = self.compiled.offsets_and_whiteners(
                weights[None], means[None], self.blocks(factor)[None]
            )
            return offsets[0], means, whiteners[0]
        flat = self._flat(weights, means, factor)
        form = (*self.compiled.offsets_and_whiteners(*flat), flat[1])
        offsets, whiteners, means = (part.reshape(*means.shape[:-2], *part.shape[1:]) for part in form)
        return offsets, means, whiteners

    def m_step(self, means, factor, counts, masses, first, second, prior):
        """Means and factor that maximise the expected objective.

        ``masses`` weigh the means against their prior: the counts, or what is left of them where rows are scaled
        down. ``prior`` is what :meth:`hyperparameters` made, or None for maximum likelihood.
        """
        if prior is None:
            prior = self.compiled.no_prior(means.shape[-1])
        moved, updated = self.compiled.m_step(means, self.blocks(factor), counts, masses, first, second, *prior)
        return moved, self.of_blocks(updated)

    def log_prior(self, means, factor, prior) -> tuple[np.ndarray, np.ndarray]:
        """Log prior density (...) of the covariances or variances, and of the means given them."""
        if means.ndim == 2:  # one point: what EM asks for at every iteration
            of_factor, of_means = self.compiled.log_prior(means[None], self.blocks(factor)[None], *prior)
            return of_factor[0], of_means[0]
        means = np.asarray(means, dtype=float)
        _, *flat = self._flat(means[..., 0], means, factor)
        of_factor, of_means = self.compiled.log_prior(*flat, *prior)
        return of_factor.reshape(means.shape[:-2]), of_means.reshape(means.shape[:-2])

    def _flat(self, weights, means, factor) -> list[np.ndarray]:
        """Weights, means and blocks with all leading axes made one."""
        leading = means.ndim - 2
        weights = np.asarray(weights, dtype=float)
        if weights.shape != means.shape[:-1]:
            weights = np.broadcast_to(weights, means.shape[:-1])
        parts = (weights, means, self.blocks(np.asarray(factor, dtype=float)))
        return [np.ascontiguousarray(part).reshape(-1, *part.shape[leading:]) for part in parts]
