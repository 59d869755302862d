"""What families of clouds share: components that are a location and a scale matrix of some structure."""

from abc import abstractmethod
from typing import Any, ClassVar, Self, override

import numpy as np

from bayesmix.data import Rows, check_collinear, check_spread
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS
from bayesmix.families.gaussian.covariance import STRUCTURES, dense, structure_named
from bayesmix.families.gaussian.units import Units
from bayesmix.families.parts import Form, ParameterSpec, Params, State, Statistics, Summary, labels_drawn
from bayesmix.families.protocol import Family
from bayesmix.notes import Note
from bayesmix.passes.known import above
from bayesmix.passes.measured import drawn_in, place_of_mark
from bayesmix.passes.patterns import has_patterns
from bayesmix.priors.sets import Priors
from bayesmix.vocabulary import behind_the_door, named_arguments

MEANS = ParameterSpec("means", ("component", "feature"), "real")


@named_arguments
class Elliptical(Family):
    """Components with ``means`` and ``covariances`` or ``variances``, kept as (means, factor) in whitened units."""

    word: ClassVar[str]
    read_by_blocks: ClassVar[bool] = True
    sums_out_missing: ClassVar[bool] = True
    covariance: str

    def __post_init__(self):
        structure = structure_named(self.covariance)
        known = self.structures()
        if structure is None or structure.name not in known:
            raise ValueError(f"covariance must be one of {', '.join(map(repr, known))}, not {self.covariance!r}")
        object.__setattr__(self, "covariance", structure.name)

    @classmethod
    def structures(cls) -> tuple[str, ...]:
        """Names of the structures that it can have: unless it knows better, those that are not restricted."""
        return tuple(name for name, structure in STRUCTURES.items() if not structure.restricted)

    @classmethod
    @override
    def names(cls) -> tuple[str, ...]:
        return tuple(f"{cls.word}-{covariance}" for covariance in cls.structures())

    @classmethod
    def named(cls, name: str) -> Self | None:
        """See :class:`~bayesmix.families.protocol.Family`: the word with a covariance, or without for ``"full"``."""
        if name == cls.word:
            return cls()
        covariance = name.removeprefix(f"{cls.word}-")
        structure = structure_named(covariance)
        if covariance == name or structure is None or structure.name not in cls.structures():
            return None
        return cls(covariance)  # pyright: ignore[reportCallIssue]

    def __str__(self) -> str:
        return f"{self.word}-{self.covariance}"

    @property
    @override
    def code(self) -> str:
        return f'bm.{type(self).__name__}("{self.covariance}")'

    @property
    def structure(self):
        """The covariance structure (see ``bayesmix.families.gaussian.covariance``)."""
        return STRUCTURES[self.covariance]

    @property
    def correlated(self) -> bool:
        """Whether features may be correlated within a component."""
        return self.structure.correlated

    @property
    @override
    def parameters(self) -> tuple[ParameterSpec, ...]:
        return (MEANS, self.structure.parameter)

    @property
    def derived(self) -> tuple[ParameterSpec, ...]:
        """Standard deviations and, of correlated features, correlations."""
        own = self.structure.parameter
        scales = ParameterSpec("scales", tuple(dim for dim in own.dims if dim != "feature_bis"), "positive")
        return (scales, ParameterSpec("correlations", own.dims, "covariance")) if self.correlated else (scales,)

    def complete(self, params: Params, priors: Priors | None = None) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.families.protocol.Family`: correlations are variables under a separated prior."""
        values = np.asarray(params[self.structure.parameter.name])
        scales = self.structure.scales(values)
        known = {**params, "scales": scales}
        if self.correlated and (priors is None or ("correlations" in priors.parts and scales.shape[-1] > 1)):
            known["correlations"] = values / (scales[..., :, None] * scales[..., None, :])
        return known

    @override
    def n_parameters(self, n_components: int, n_features: int) -> int:
        own = self.structure.parameter.n_free(n_components, n_features)
        free = super().n_parameters(n_components, n_features)
        return free - own + self.structure.n_free(n_components, n_features)

    def same_model_as(self, other: Family, n_components: int, n_features: int) -> bool:
        """See :class:`~bayesmix.families.protocol.Family`: one component shares nothing, one feature has no shape."""
        if type(self) is not type(other) or not isinstance(other, Elliptical):
            return False
        codes = (one.structure.distinct_code(n_components, n_features) for one in (self, other))
        return len(set(codes)) == 1

    def check(self, rows: Rows) -> None:
        """Refuse columns without spread and, of correlated features, combinations without.

        Parameters
        ----------
        rows : Rows

        Raises
        ------
        ValueError
            If a column is constant or beyond the range of floats, or columns are collinear up to rounding.
        """
        if rows.n_rows == 1:
            return
        check_spread(rows)
        if self.correlated and rows.n_rows > rows.n_features > 1:
            check_collinear(rows)

    @override
    def why_no_maximum(self, rows: Rows) -> str | None:
        if not (self.correlated and rows.singular):
            return None
        return (
            f"needs a data covariance of full rank for {self}: X has {rows.n_rows} rows and "
            f"{rows.n_features} features; use estimate='map', or a diag or spherical covariance"
        )

    def remarks(self, rows: Rows, priors: Priors) -> list[Note]:
        """See :class:`~bayesmix.families.protocol.Family`: whether the prior's scale is but a diagonal."""
        if not (self.correlated and rows.singular and rows.n_features > 1 and "components" in priors.parts):
            return []
        scale = np.asarray(priors.parts["components"].scale)
        if not np.array_equal(scale, np.diag(np.diag(scale))):
            return []
        return [Note("singular_covariance", {"rows": rows.n_rows, "features": rows.n_features})]

    @override
    def standardised(self, rows: Rows) -> Units:
        return Units.whitened(rows, self.structure, tuple(spec.name for spec in self.parameters))

    @override
    def standard_scale(self, scale: np.ndarray) -> np.ndarray:
        return self.structure.common_scale(scale)

    @override
    def reduce(self, covariance_or_variances: np.ndarray) -> Any:
        return self.structure.reduce(covariance_or_variances)

    @override
    @behind_the_door
    def form(self, weights: np.ndarray, state: State) -> Form:
        return self.structure.standard_form(weights, *state[:2])

    @override
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        factor = self.structure.factor(np.asarray(params[self.structure.parameter.name], dtype=float))
        return self.structure.standard_form(weights, np.asarray(params["means"], dtype=float), factor)

    @override
    @behind_the_door
    def statistics(self, form: Form, columns: np.ndarray, row_weights: np.ndarray = NO_ROW_WEIGHTS) -> Statistics:
        n_components, n_features = form[1].shape
        n_above = above(columns, n_features, n_components)
        if len(columns) == n_features or (n_above == n_features and not place_of_mark(columns)):
            return super().statistics(form, columns, row_weights)
        return self._statistics_of_seen(form, columns, row_weights)

    @override
    def places(self, state: State) -> np.ndarray:
        return state[0]

    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        """See :class:`~bayesmix.families.protocol.Family`: at the centres of the memberships, with unit factors."""
        if measured := place_of_mark(columns):
            columns = drawn_in(columns)
        if has_patterns(columns):
            return self._gathered_of_seen(columns if measured else columns[:-1], memberships, n_components)
        gather = _of_labels if memberships.ndim == 1 else _of_responsibilities
        counts, means, second = gather(columns.T, memberships, n_components)
        if not self.correlated:
            second = np.diagonal(second, axis1=1, axis2=2).copy()
        state = (means, self.structure.initial_factor(n_components, columns.shape[0]))
        form = self.structure.standard_form(np.full(n_components, 1 / n_components), *state)
        return state, Statistics(0.0, counts, (np.zeros_like(means), second), form)

    def _gathered_of_seen(self, columns, memberships, n_components) -> tuple[State, Statistics]:
        """:meth:`gathered` where cells are missing.

        They are taken to lie at their component's centre, with the variance of the cells seen there.
        """
        shares = np.eye(n_components)[memberships] if memberships.ndim == 1 else memberships
        seen, rows, counts = ~np.isnan(columns.T), np.nan_to_num(columns.T), shares.sum(axis=0)
        of_seen = shares.T @ seen
        means = np.divide(shares.T @ rows, of_seen, out=np.zeros_like(of_seen), where=of_seen > 0)
        second = np.zeros((*means.shape, rows.shape[1]))
        for k in range(n_components):
            centred = np.where(seen, rows - means[k], 0.0)
            second[k] = centred.T @ (shares[:, k, None] * centred)
            own = np.diagonal(second[k])
            missed = np.divide(counts[k] - of_seen[k], of_seen[k], out=np.zeros_like(own), where=of_seen[k] > 0)
            second[k] += np.diag(own * missed)
        if not self.correlated:
            second = np.diagonal(second, axis1=1, axis2=2).copy()
        state = (means, self.structure.initial_factor(*means.shape))
        form = self.structure.standard_form(np.full(n_components, 1 / n_components), *state)
        return state, Statistics(0.0, counts, (np.zeros_like(means), second), form)

    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
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
        labels = labels_drawn(weights, n, rng)
        factors = dense.cholesky(self.covariance_matrices(params))
        rows = self.noise(labels, params, rng)
        # Component by component: a factor for each row would take D times the memory of the rows.
        for k, mean in enumerate(np.asarray(params["means"])):
            own = labels == k
            rows[own] = mean + rows[own] @ factors[k].T
        return rows, labels

    @behind_the_door
    def noise(self, labels: np.ndarray, params: Params, rng: np.random.Generator) -> np.ndarray:
        """Rows (n, D) of the labelled components about a location of zero, with the identity for a scale matrix.

        Parameters
        ----------
        labels : (n,) array of int
        params : mapping of arrays
        rng : numpy.random.Generator

        Returns
        -------
        (n, D) array
        """
        return rng.standard_normal((labels.size, np.shape(params["means"])[1]))

    @behind_the_door
    def covariance_matrices(self, params: Params) -> np.ndarray:
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

    @override
    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        return np.asarray(params["means"]), self.covariance_matrices(params)

    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        """See :class:`~bayesmix.families.protocol.Family`: centres and standard deviations."""
        means, covariances = self.moments(params)
        spreads = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
        return (
            Summary("centre", "centre", "centres", rows.labels, means),
            Summary("spread", "standard deviation", "standard deviations", rows.labels, spreads),
        )

    def estimates(self, params: Params) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.families.protocol.Family`: ``covariances`` are variances of uncorrelated features."""
        return {"means": params["means"], "covariances": params[self.structure.parameter.name]}

    @abstractmethod
    def of_full(self) -> "Elliptical":
        """The family with a covariance matrix for each component, which holds this one."""

    def marginal(self, params: Params, features: np.ndarray) -> tuple["Elliptical", dict[str, np.ndarray]]:
        """Distribution of some features: family and parameters.

        Parameters
        ----------
        params : mapping of arrays
        features : (d,) array of int
            Positions.

        Returns
        -------
        family : Family
        params : dict of arrays
        """
        means, covariances = self.moments(params)
        chosen = covariances[..., features[:, None], features]
        return self.of_full(), self._with(params, means[..., features], chosen)

    def elliptical_form(
        self, weights: np.ndarray, params: Params
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """See :class:`~bayesmix.families.protocol.Family`: the form of the pass, with precisions for whiteners."""
        heights, centres, whiteners, *dof = self.forms(weights, params)
        if whiteners.ndim == centres.ndim:
            precisions = whiteners[..., None] ** 2 * np.eye(centres.shape[-1])
        else:
            precisions = whiteners.swapaxes(-1, -2) @ whiteners
        return heights, centres, precisions, dof[0] if dof else np.full(heights.shape, np.inf)

    @override
    def conditional_on(
        self, params: Params, features: np.ndarray, given: np.ndarray, values: np.ndarray
    ) -> tuple["Elliptical", dict[str, np.ndarray]]:
        located, matrices, _ = self.regressed(params, features, given, values)
        return self.of_full(), self._with(params, located, matrices)

    @override
    def sample_given(
        self,
        params: Params,
        features: np.ndarray,
        given: np.ndarray,
        values: np.ndarray,
        labels: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        family, every = self.conditional_on(params, features, given, values)
        rows = np.arange(len(labels))
        own = {name: np.asarray(value)[rows, labels] for name, value in every.items()}
        factors = dense.cholesky(own["covariances"])
        return own["means"] + np.einsum("nij,nj->ni", factors, family.noise(rows, own, rng))

    def regressed(
        self, params: Params, features: np.ndarray, given: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        r"""Linear regression of some features on others, within each component.

        With :math:`L` the Cholesky factor of the scale matrix of both, the given features first, and
        :math:`z = L_{11}^{-1} (x_1 - \mu_1)`, the location is :math:`\mu_2 + L_{21} z` and the scale matrix
        :math:`L_{22} L_{22}^\top`, of which no difference of matrices is taken.

        Parameters
        ----------
        params : mapping of arrays
        features, given : (e,) and (d,) arrays of int
        values : (..., d) array

        Returns
        -------
        locations : (..., K, e) array
        matrices : (..., K, e, e) array
        squares : (..., K) array
            Squared Mahalanobis distance of the values.
        """
        means, covariances = self.moments(params)
        both, d = np.concatenate([given, features]), len(given)
        factor = dense.cholesky(covariances[..., both[:, None], both])
        whitener = np.linalg.inv(factor[..., :d, :d])
        z = np.einsum("...ij,...j->...i", whitener, np.asarray(values)[..., None, :] - means[..., given])
        located = means[..., features] + np.einsum("...ij,...j->...i", factor[..., d:, :d], z)
        root = factor[..., d:, d:]
        matrices = np.broadcast_to(root @ root.swapaxes(-1, -2), (*located.shape, len(features)))
        return located, matrices, (z**2).sum(axis=-1)

    def mapped(
        self, params: Params, centre: np.ndarray, matrix: np.ndarray
    ) -> tuple["Elliptical", dict[str, np.ndarray]]:
        """Distribution of ``(x - centre) @ matrix``, for a matrix (D, d): family and parameters.

        Parameters
        ----------
        params : mapping of arrays
        centre : (D,) array
        matrix : (D, d) array

        Returns
        -------
        family : Family
        params : dict of arrays
        """
        means, covariances = self.moments(params)
        return self.of_full(), self._with(params, (means - centre) @ matrix, matrix.T @ covariances @ matrix)

    def _with(self, params: Params, means: np.ndarray, covariances: np.ndarray) -> dict[str, np.ndarray]:
        others = {name: value for name, value in params.items() if name not in ("means", self.structure.parameter.name)}
        return {"means": means, "covariances": covariances, **others}


_BLOCK = 8192  # rows whose products are held at once


def _of_labels(rows: np.ndarray, labels: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (K,), means (K, D) and scatter matrices (K, D, D) of labelled rows; zeros where nobody is."""
    n_rows, n_features = rows.shape
    blocks = [slice(start, start + _BLOCK) for start in range(0, n_rows, _BLOCK)]
    numbers = np.arange(n_components)[:, None]
    counts = np.bincount(labels, minlength=n_components).astype(float)
    means = np.zeros((n_components, n_features))
    for block in blocks:
        means += (labels[block] == numbers).astype(float) @ rows[block]
    means /= np.maximum(counts, 1)[:, None]
    second = np.zeros((n_components, n_features**2))
    for block in blocks:
        centred = rows[block] - means[labels[block]]
        products = (centred[:, :, None] * centred[:, None, :]).reshape(-1, n_features**2)
        second += (labels[block] == numbers).astype(float) @ products
    return counts, means, second.reshape(n_components, n_features, n_features)


def _of_responsibilities(
    rows: np.ndarray, responsibilities: np.ndarray, n_components: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same of responsibilities (N, K)."""
    n_features = rows.shape[1]
    counts = responsibilities.sum(axis=0)
    means = np.zeros((n_components, n_features))
    second = np.zeros((n_components, n_features, n_features))
    for k in np.flatnonzero(counts > 0):
        own = responsibilities[:, k]
        means[k] = own @ rows / counts[k]
        centred = rows - means[k]
        second[k] = centred.T @ (own[:, None] * centred)
    return counts, means, second
