"""The Gaussian family."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bayesmix.families.base import ParameterSpec, StandardForm, Statistics
from bayesmix.families.covariance import STRUCTURES
from bayesmix.families.far import mend
from bayesmix.progress import turns
from bayesmix.vocabulary import behind_the_door, named_arguments

MEANS = ParameterSpec("means", ("component", "feature"), "real")
NO_ROW_WEIGHTS = np.empty(0)


def _flattened(form: StandardForm) -> StandardForm:
    """The standard form with all leading axes made one."""
    n_leading = form.offsets.ndim - 1
    return StandardForm(*(np.reshape(part, (-1, *part.shape[n_leading:])) for part in form))


@named_arguments
@dataclass(frozen=True)
class Gaussian:
    r"""Gaussian components: :math:`x_i \mid z_i = k \sim N(\mu_k, \Sigma_k)`.

    Parameters
    ----------
    covariance : {"full", "tied", "diag", "spherical"}, default "full"
        ``"full"``: every component has a covariance matrix of its own; ``"tied"``: all share one; ``"diag"``: a
        variance for each component and feature; ``"spherical"``: one variance for each component.

    Raises
    ------
    ValueError
        If ``covariance`` is none of these.

    Examples
    --------
    >>> import bayesmix as bm
    >>> str(bm.Gaussian("full"))
    'gaussian-full'
    >>> bm.Gaussian("diag").n_parameters(n_components=3, n_features=2)
    14
    """

    covariance: str = "full"

    def __post_init__(self):
        if self.covariance not in STRUCTURES:
            raise ValueError(f"covariance must be one of {', '.join(map(repr, STRUCTURES))}, not {self.covariance!r}")

    def __str__(self) -> str:
        return f"gaussian-{self.covariance}"

    @property
    def structure(self):
        """The covariance structure (see ``bayesmix.families.covariance``)."""
        return STRUCTURES[self.covariance]

    @property
    def correlated(self) -> bool:
        """Whether features may be correlated within a component."""
        return self.structure.correlated

    @property
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The table of parameters, from which dims, shapes and counts are derived."""
        return (MEANS, self.structure.parameter)

    @property
    def component_variables(self) -> tuple[str, ...]:
        """Names of the variables, free or derived, whose first axis is the component."""
        own = self.structure.parameter
        return ("weights", "means") + (() if own.shared else (own.name, "scales", "correlations"))

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Number of free parameters, the ``K - 1`` weights included.

        Parameters
        ----------
        n_components, n_features : int

        Returns
        -------
        int
        """
        return n_components - 1 + sum(spec.n_free(n_components, n_features) for spec in self.parameters)

    def reduce_covariance(self, covariance: np.ndarray):
        """A (D, D) covariance as this family describes one component: a matrix, a vector or a number.

        Parameters
        ----------
        covariance : (D, D) array

        Returns
        -------
        (D, D) array, (D,) array or float
        """
        return self.structure.reduce(covariance)

    def reduce_variances(self, variances: np.ndarray):
        """(D,) variances as this family describes one component: a vector, or for spherical their mean.

        Parameters
        ----------
        variances : (D,) array

        Returns
        -------
        (D,) array or float
        """
        return self.structure.reduce(variances)

    def standard_scale(self, scale: np.ndarray) -> np.ndarray:
        """Column scales (D,) by which data can be standardised without leaving the family.

        Parameters
        ----------
        scale : (D,) array
            Standard deviations of the columns.

        Returns
        -------
        (D,) array
        """
        return self.structure.common_scale(scale)

    def standard_form(self, weights, params: Mapping[str, np.ndarray]) -> StandardForm:
        """Weights (..., K) and parameters as the kernels take them; leading axes are parameter draws.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays
            Leading axes are parameter draws.

        Returns
        -------
        StandardForm
        """
        factor = self.structure.factor(np.asarray(params[self.structure.parameter.name], dtype=float))
        return self.standard_form_of_factor(weights, np.asarray(params["means"], dtype=float), factor)

    @behind_the_door
    def standard_form_of_factor(self, weights, means: np.ndarray, factor: np.ndarray) -> StandardForm:
        """:meth:`standard_form` from means and the structure's factor.

        Parameters
        ----------
        weights : (..., K) array
        means : (..., K, D) array
        factor : array
            As the covariance structure keeps it.

        Returns
        -------
        StandardForm
        """
        return self.structure.standard_form(weights, means, factor)

    @behind_the_door
    def statistics(self, form: StandardForm, columns: np.ndarray, row_weights=NO_ROW_WEIGHTS) -> Statistics:
        """One pass over transposed rows (D, N): log-likelihood and sufficient statistics at one parameter point.

        Parameters
        ----------
        form : StandardForm
        columns : (D, N) array
            The rows, transposed.
        row_weights : (N,) array, optional

        Returns
        -------
        Statistics
        """
        return Statistics(*self.structure.kernel.accumulate(columns, row_weights, *form))

    @behind_the_door
    def score(self, form: StandardForm, statistics: Statistics) -> tuple[np.ndarray, np.ndarray]:
        """Slope of the log-likelihood in the means and in each component's factor (Fisher's identity).

        The factor is the lower Cholesky factor (K, D, D), or the standard deviations (K, D); where components or
        features share it, the slopes add.

        Parameters
        ----------
        form : StandardForm
        statistics : Statistics

        Returns
        -------
        means : (K, D) array
        factor : (K, D, D) or (K, D) array
        """
        return self.structure.kernel.score(statistics.counts, statistics.first, statistics.second, form.whiteners)

    def log_joint(self, weights, params: Mapping[str, np.ndarray], X: np.ndarray) -> np.ndarray:
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

    def log_mixture(self, weights, params: Mapping[str, np.ndarray], X: np.ndarray) -> np.ndarray:
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
        form = self.standard_form(weights, params)
        out = self._of_rows(what, np.ascontiguousarray(np.asarray(X).T), _flattened(form))
        return out.reshape(*form.offsets.shape[:-1], *out.shape[1:])

    def log_joint_blocks(
        self, weights, params: Mapping[str, np.ndarray], X: np.ndarray, max_values: float = 4e6
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Blocks of rows with their (S, b, K) log joint densities; leading axes of the weights are flattened to S.

        A block holds at most about ``max_values`` numbers, so that memory does not grow with the rows.

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
        self, weights, params: Mapping[str, np.ndarray], X: np.ndarray, max_values: float = 4e6
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
        self, weights, params: Mapping[str, np.ndarray], X: np.ndarray, max_values: float = 4e6
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

    def group_sums(self, weights, params: Mapping[str, np.ndarray], X: np.ndarray, ends) -> np.ndarray:
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
        flat = _flattened(self.standard_form(weights, params))
        return self.structure.kernel.group_sums(np.ascontiguousarray(np.asarray(X).T), np.asarray(ends), *flat)

    def _of_rows(self, what: str, columns: np.ndarray, form: StandardForm) -> np.ndarray:
        """A function of the kernel on transposed rows, however far they are from the components."""
        kernel = self.structure.kernel
        return mend(what, getattr(kernel, what)(columns, *form), kernel, columns, form)

    def _blocks(self, what, weights, params, X, max_values):
        flat = _flattened(self.standard_form(weights, params))
        columns = np.ascontiguousarray(np.asarray(X).T)
        size = max(1, int(max_values // max(flat[0].size, 1)))
        turn = turns("row")
        for start in range(0, columns.shape[1], size):
            turn(start)
            block = slice(start, min(start + size, columns.shape[1]))
            yield block, self._of_rows(what, np.ascontiguousarray(columns[:, block]), flat)

    def covariance_matrices(self, params: Mapping[str, np.ndarray]) -> np.ndarray:
        """Covariance matrix of every component (..., K, D, D).

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        (..., K, D, D) array
        """
        values = np.asarray(params[self.structure.parameter.name])
        return self.structure.matrices(values, *np.shape(params["means"])[-2:])

    def scales(self, params: Mapping[str, np.ndarray]) -> np.ndarray:
        """Standard deviations: (..., K, D) for full and diag, (..., D) for tied, (..., K) for spherical.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        array
        """
        return self.structure.scales(np.asarray(params[self.structure.parameter.name]))

    def with_scales(self, params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The parameters with ``scales`` and, for correlated features, ``correlations`` that follow from them.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        dict of arrays
        """
        scales = self.scales(params)
        derived = {"scales": scales}
        if self.correlated:
            derived["correlations"] = params["covariances"] / (scales[..., :, None] * scales[..., None, :])
        return {**params, **derived}

    def sample(self, weights, params: Mapping[str, np.ndarray], n: int, rng: np.random.Generator):
        """``n`` rows (n, D) and their labels (n,) from one parameter point.

        Parameters
        ----------
        weights : (K,) array
        params : mapping of arrays
        n : int
        rng : numpy.random.Generator

        Returns
        -------
        rows : (n, D) array
        labels : (n,) array of int
        """
        weights = np.asarray(weights, dtype=float)
        labels = rng.choice(weights.size, size=n, p=weights / weights.sum())
        factors = STRUCTURES["full"].factor(self.covariance_matrices(params))
        rows = rng.standard_normal((n, np.shape(params["means"])[1]))
        # Component by component: a factor for each row would take D times the memory of the rows.
        for k, mean in enumerate(np.asarray(params["means"])):
            own = labels == k
            rows[own] = mean + rows[own] @ factors[k].T
        return rows, labels
