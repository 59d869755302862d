"""Log densities and responsibilities of rows at many points at once: what views of a posterior ask of a family."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from bayesmix.families.parts import Form, Kernel, Params, flattened
from bayesmix.progress import turns


class OverDraws(ABC):
    """What follows from a family's forms, columns and kernel."""

    @property
    @abstractmethod
    def kernel(self) -> Kernel:
        """The compiled pass."""

    @abstractmethod
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        """What the pass takes at many points (..., K) in the units of the data.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
            Leading axes are parameter draws.

        Returns
        -------
        tuple of arrays
        """

    @abstractmethod
    def columns(self, X: np.ndarray) -> np.ndarray:
        """Rows (N, D) in the units of the data as the pass takes them, (M, N).

        Parameters
        ----------
        X : (N, D) array

        Returns
        -------
        (M, N) array
        """

    def log_joint(self, weights: np.ndarray, params: Params, X: np.ndarray) -> np.ndarray:
        """``log w_k + log f(x_i | theta_k)`` as (..., N, K); leading axes are those of the weights.

        Far rows have minus infinity for all components: ask :meth:`responsibilities_blocks` for the odds.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array

        Returns
        -------
        (..., N, K) array
        """
        return self._for_every_draw("log_joint", weights, params, X)

    def log_mixture(self, weights: np.ndarray, params: Params, X: np.ndarray) -> np.ndarray:
        """``log sum_k w_k f(x_i | theta_k)`` as (..., N); leading axes are those of the weights.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array

        Returns
        -------
        (..., N) array
        """
        return self._for_every_draw("log_mixture", weights, params, X)

    def _for_every_draw(self, what, weights, params, X):
        forms = self.forms(weights, params)
        out = self.of_rows(what, self.columns(X), flattened(forms))
        return out.reshape(*forms[0].shape[:-1], *out.shape[1:])

    def log_joint_blocks(
        self, weights: np.ndarray, params: Params, X: np.ndarray, max_values: float = 4e6
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Blocks of rows with their (S, b, K) log joint densities; leading axes of the weights are flattened to S.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        max_values : float
            A block holds about so many numbers at most, so that memory does not grow with the rows.

        Returns
        -------
        iterator of (slice, (S, b, K) array)
        """
        return self._blocks("log_joint", weights, params, X, max_values)

    def log_mixture_blocks(
        self, weights: np.ndarray, params: Params, X: np.ndarray, max_values: float = 4e6
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Blocks of rows with their (S, b) log densities; leading axes of the weights are flattened to S.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        max_values : float
            As in :meth:`log_joint_blocks`.

        Returns
        -------
        iterator of (slice, (S, b) array)
        """
        return self._blocks("log_mixture", weights, params, X, max_values)

    def responsibilities_blocks(
        self, weights: np.ndarray, params: Params, X: np.ndarray, max_values: float = 4e6
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Blocks of rows with their (K, b, S) responsibilities; leading axes of the weights are flattened to S.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
        max_values : float
            As in :meth:`log_joint_blocks`.

        Returns
        -------
        iterator of (slice, (K, b, S) array)
            Sums over the first axis are one; the draws of one row and component lie side by side.
        """
        return self._blocks("responsibilities", weights, params, X, max_values)

    def group_sums(self, weights: np.ndarray, params: Params, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Sums of responsibilities over groups of consecutive rows, for every draw.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
        X : (N, D) array
            Rows, group after group.
        ends : (J,) int array
            Group j holds the rows from ``ends[j - 1]`` (from 0) up to, and without, ``ends[j]``.

        Returns
        -------
        (S, J, K) array
            Leading axes of the weights are flattened to S.
        """
        forms = flattened(self.forms(weights, params))
        return self.kernel.group_sums(self.columns(X), np.asarray(ends), *forms)

    def of_rows(self, what: str, columns: np.ndarray, forms: Form) -> np.ndarray:
        """A function of the kernel on columns (M, n) at S points.

        Parameters
        ----------
        what : "log_joint", "log_mixture" or "responsibilities"
        columns : (M, n) array
        forms : tuple of arrays

        Returns
        -------
        array
        """
        return getattr(self.kernel, what)(columns, *forms)

    def _blocks(self, what, weights, params, X, max_values):
        forms = flattened(self.forms(weights, params))
        size = max(1, int(max_values // max(forms[0].size, 1)))
        turn = turns("row")
        for start in range(0, len(X), size):
            turn(start)
            block = slice(start, min(start + size, len(X)))
            yield block, self.of_rows(what, self.columns(X[block]), forms)
