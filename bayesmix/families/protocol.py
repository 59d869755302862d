r"""What the house asks of a family: the one protocol that everything above ``families`` goes by.

A component is described twice. *Parameters* are what people see: named arrays in the units of the data, as the table
:attr:`Family.parameters` says. A *state* is what engines work with: a tuple of arrays in the coordinates of
:meth:`Family.standardised`, such as means and Cholesky factors. A *form* is what one pass over the rows takes.

Nothing of size N x K survives a pass: it returns the log-likelihood and :class:`Statistics`, from which a
:class:`Conditional` has the M-step and :meth:`Family.score` the gradient (Fisher's identity).
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np

from bayesmix.data import Column, Rows, read_errors
from bayesmix.data.columns import Kind
from bayesmix.density.minibatch import SubsampledDensity
from bayesmix.families.affinities import of_gaussians
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS, ColumnBlocks, HeldTogether
from bayesmix.families.over_draws import OverDraws
from bayesmix.families.parts import (
    Conditional,
    Form,
    Fused,
    ParameterSpec,
    Params,
    Point,
    Standardised,
    State,
    Statistics,
    Summary,
    Sweeps,
)
from bayesmix.notes import Note
from bayesmix.passes.patterns import with_patterns
from bayesmix.priors.numbers import DataSummary
from bayesmix.priors.sets import Priors
from bayesmix.threads import Threads
from bayesmix.vocabulary import behind_the_door, named_arguments

MOST_WATCHED = 30
"""Columns of which covariances are watched, and not the variances alone."""


@named_arguments
class Family(OverDraws):
    """A family of distributions, of which every component is one.

    A family is a frozen dataclass: what it is constructed with is all that it knows, but for the levels of categorical
    columns (:meth:`on`).
    """

    takes: ClassVar[Kind] = "real"
    """What columns are read as: ``"real"``, ``"count"``, ``"binary"`` or ``"categorical"``."""
    measure: ClassVar[str] = "density"
    """``"density"`` of continuous or ``"probability"`` of discrete rows: log-likelihoods of the two do not compare."""
    words: ClassVar[str]
    """What a group is, for people, such as ``"Clouds of points (normal distributions)"``."""
    prior_forms: ClassVar[tuple[Mapping[str, Any], ...]]
    """For each form that a prior may have, its parts and their defaults; the first form is the default."""
    prepares_columns: ClassVar[bool] = False
    """Whether :meth:`columns` does more than transpose."""
    sums_out_missing: ClassVar[bool] = False
    """Whether passes take rows with missing cells, as :meth:`standardised` makes them, and sum these out."""
    read_by_blocks: ClassVar[bool] = False
    """Whether EM fits it to rows that are not in memory (``bayesmix.data.StreamedRows``)."""
    takes_labels: ClassVar[bool] = False
    """Whether passes take what is known of the rows' components below these (``bayesmix.passes.known``)."""
    takes_noise: ClassVar[bool] = False
    """Whether there may be noise beside its components: its pass takes it (``bayesmix.passes.log_sum_exp``)."""
    has_noise: ClassVar[bool] = False
    """Whether rows may be of no group: shares of the groups then sum to less than one, and the rest is noise."""
    takes_errors: ClassVar[bool] = False
    """Whether passes take rows that were measured with errors, as :meth:`standardised` makes them."""
    n_levels: int = 0

    # What it is called

    @classmethod
    @abstractmethod
    def names(cls) -> tuple[str, ...]:
        """Names by which people ask for it, the shortest ones."""

    @classmethod
    @abstractmethod
    def named(cls, name: str) -> Self | None:
        """The family whose ``str`` is ``name``, or which ``name`` stands for; None where there is none."""

    @classmethod
    def sets(cls) -> Mapping[str, tuple[Self, ...]]:
        """Names that stand for several families at once, where several are compared."""
        return {}

    @abstractmethod
    def __str__(self) -> str: ...

    @property
    def code(self) -> str:
        """The Python that makes it, such as ``bm.Gaussian("full")``."""
        given = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)  # pyright: ignore[reportArgumentType]: every family is a dataclass
            if field.init and field.name != "levels" and getattr(self, field.name) != field.default
        )
        return f"bm.{type(self).__name__}({given})".replace("'", '"')

    # What it is made of

    @property
    @abstractmethod
    def parameters(self) -> tuple[ParameterSpec, ...]:
        """The table of parameters, from which dims, shapes and counts are derived."""

    @property
    def derived(self) -> tuple[ParameterSpec, ...]:
        """Variables of a posterior that follow from the parameters, such as standard deviations."""
        return ()

    @property
    def variables(self) -> tuple[ParameterSpec, ...]:
        """Parameters and what is derived from them."""
        return self.parameters + self.derived

    @property
    def component_variables(self) -> tuple[str, ...]:
        """Names of the variables, free or derived, whose first axis is the component."""
        return ("weights", *(spec.name for spec in self.variables if not spec.shared))

    def shapes(self, n_components: int, n_features: int) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter.

        Parameters
        ----------
        n_components, n_features : int

        Returns
        -------
        dict
        """
        return {spec.name: spec.shape(n_components, n_features, self.n_levels) for spec in self.parameters}

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
        return scale

    def reduce(self, covariance_or_variances: np.ndarray) -> Any:
        """A covariance (D, D) of the data, or their variances (D,), as this family describes a component's.

        Parameters
        ----------
        covariance_or_variances : (D, D) or (D,) array

        Returns
        -------
        array or float
        """
        return covariance_or_variances

    def coords(self, rows: Rows) -> dict[str, list[str]]:
        """Labels of the dims that are the family's own.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        dict of lists of str
        """
        return {}

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Number of free parameters, the ``K - 1`` weights included.

        Parameters
        ----------
        n_components, n_features : int

        Returns
        -------
        int
        """
        free = (spec.n_free(n_components, n_features, self.n_levels) for spec in self.parameters)
        return n_components - 1 + sum(free)

    def complete(self, params: Params, priors: Priors | None = None) -> dict[str, np.ndarray]:
        """The parameters with all variables that follow from them, or those that the model has under ``priors``.

        Parameters
        ----------
        params : mapping of arrays
            Leading axes are parameter draws.
        priors : Priors, optional

        Returns
        -------
        dict of arrays
        """
        return dict(params)

    def same_model_as(self, other: "Family", n_components: int, n_features: int) -> bool:
        """Whether another family is the same model of so many components on so many features.

        Parameters
        ----------
        other : Family
        n_components, n_features : int

        Returns
        -------
        bool
        """
        return self == other

    @property
    def groups(self) -> "Family":
        """The family of the groups alone: itself, unless there is noise beside them."""
        return self

    def priors_of_groups(self, priors: Priors) -> Priors:
        """The priors that are those of :attr:`groups`.

        Parameters
        ----------
        priors : Priors

        Returns
        -------
        Priors
        """
        return priors

    @property
    def blocks(self) -> tuple[Any, ...]:
        """Blocks of columns with families of their own (``bayesmix.families.product.block.Block``); or none."""
        return ()

    # What it learns of the rows

    def on(self, columns: Sequence[Column]) -> Self:
        """The family on these columns: with their levels, where it has any.

        Parameters
        ----------
        columns : sequence of Column

        Returns
        -------
        Family
        """
        return self

    def measured(self, rows: Rows, error_covariances: Any) -> Rows:
        """Rows that were measured with errors of these covariances, if any.

        Parameters
        ----------
        rows : Rows
        error_covariances : array (N, D, D) or (N, D), optional
            See :meth:`bayesmix.Mixture.fit_em`.

        Returns
        -------
        Rows

        Raises
        ------
        ValueError, TypeError
            If they are no such covariances, or nobody sums errors of this family's rows out.
        """
        if error_covariances is None:
            return rows
        if not self.takes_errors:
            raise ValueError(
                f"error_covariances is given, and a {self} mixture cannot use how exactly rows were measured. Gaussian "
                "mixtures can, without factors; or leave it out."
            )
        return replace(rows, errors=read_errors(error_covariances, rows))

    @abstractmethod
    def check(self, rows: Rows) -> None:
        """Refuse rows that no such component fits; ``ValueError`` with the column and the remedy.

        Parameters
        ----------
        rows : Rows
        """

    def why_no_maximum(self, rows: Rows) -> str | None:
        """Why the likelihood has no interior maximum on these rows, as the end of a refusal; None where it has one.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        str or None
        """
        return None

    @abstractmethod
    def standardised(self, rows: Rows) -> Standardised:
        """The rows as engines work on them.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        Standardised
        """

    # One pass over the rows

    @abstractmethod
    def form(self, weights: np.ndarray, state: State) -> Form:
        """What the pass takes at one point: weights (K,) and a state.

        Parameters
        ----------
        weights : (K,) array
        state : tuple of arrays

        Returns
        -------
        tuple of arrays
        """

    def columns(self, X: np.ndarray) -> np.ndarray:
        """Rows (N, D) in the units of the data as the pass takes them, (M, N).

        Parameters
        ----------
        X : (N, D) array

        Returns
        -------
        (M, N) array
        """
        return np.ascontiguousarray(np.asarray(X).T, dtype=float)

    @behind_the_door
    def statistics(self, form: Form, columns: np.ndarray, row_weights: np.ndarray = NO_ROW_WEIGHTS) -> Statistics:
        """One pass: log-likelihood and sufficient statistics at one point.

        Parameters
        ----------
        form : tuple of arrays
        columns : (M, N) array
        row_weights : (N,) array, optional

        Returns
        -------
        Statistics
        """
        log_likelihood, counts, *sums = self.kernel.accumulate(columns, row_weights, *form)
        return Statistics(log_likelihood, counts, tuple(sums), form)

    @property
    def seen_kernel(self) -> Any:
        """The pass over rows with missing cells, where :attr:`sums_out_missing`; of some families the only one."""
        return self.kernel

    def _statistics_of_seen(self, form: Form, columns: np.ndarray, row_weights: np.ndarray) -> Statistics:
        """:meth:`statistics` of rows with missing cells, whose patterns stand below."""
        log_likelihood, counts, *sums = self.seen_kernel.accumulate(columns, row_weights, *form)
        return Statistics(log_likelihood, counts, tuple(sums), form)

    @abstractmethod
    def places(self, state: State) -> np.ndarray:
        """Where each component lies, (K, d), about in standard deviations of the data: optima are told apart by it.

        Parameters
        ----------
        state : tuple of arrays

        Returns
        -------
        (K, d) array
        """

    @abstractmethod
    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        """A state to begin with, and the statistics of given memberships there.

        Parameters
        ----------
        columns : (M, N) array
        memberships : (N,) array of int, or (N, K) array
            Labels, or responsibilities.
        n_components : int

        Returns
        -------
        state : tuple of arrays
        statistics : Statistics
        """

    @abstractmethod
    def conditional(self, standardised: Any, priors: Priors | None) -> Conditional | None:
        """What is known of the parameters given statistics; None where these priors have no closed form of it.

        Parameters
        ----------
        standardised : Standardised
        priors : Priors or None
            Resolved; None for the likelihood alone.

        Returns
        -------
        Conditional or None
        """

    def sweeps(self, standardised: Any, priors: Priors, n_rows: int) -> Sweeps | None:
        """The compiled Gibbs sampler under these priors; None where nobody draws parameters given assignments.

        Parameters
        ----------
        standardised : Standardised
        priors : Priors
            Resolved.
        n_rows : int

        Returns
        -------
        Sweeps or None
        """
        conditional = self.conditional(standardised, priors)
        return None if conditional is None else conditional.sweeps(n_rows)

    # Its priors

    def owner(self, part: str) -> "tuple[Family, np.ndarray | None, str]":
        """Whose prior a part is: of a block of columns, or of all.

        Parameters
        ----------
        part : str

        Returns
        -------
        family : Family
        features : (d,) array of int or None
            Positions of its columns; None for all.
        part : str
            What that family calls it.
        """
        return self, None, part

    def typical(self, part: str, summary: DataSummary) -> DataSummary:
        """What the columns say of a parameter before it is fitted: what its prior is scaled by, if data scale it.

        Parameters
        ----------
        part : str
            Of the prior.
        summary : DataSummary
            Of the columns.

        Returns
        -------
        DataSummary
            Of the columns themselves, unless a family knows better: of rates and locations.
        """
        return summary

    def prior_draws(
        self, priors: Priors, n_components: int, n_features: int, size: int, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Parameters from resolved priors that all have a closed form, the draw being the first axis.

        Parameters
        ----------
        priors : Priors
        n_components, n_features : int
        size : int
            Number of draws.
        rng : numpy.random.Generator

        Returns
        -------
        dict of arrays
        """
        shapes = self.shapes(n_components, n_features)
        return {name: priors.parts[name].draw((size, *shape), rng) for name, shape in shapes.items()}

    @property
    def has_prior_constant(self) -> bool:
        """Whether log priors are those of densities that integrate to one, and not up to a constant."""
        return True

    def log_prior_terms(self, priors: Priors, named: Params) -> dict[str, np.ndarray]:
        """Log prior density of each free variable but the weights, from draws in the units of the data.

        Parameters
        ----------
        priors : Priors
            Resolved, all with a closed form.
        named : mapping of arrays
            Leading axes are those of the draws.

        Returns
        -------
        dict of arrays
        """
        terms = {}
        for spec in self.parameters:
            of_each = priors.parts[spec.name].log_density(named[spec.name])
            terms[spec.name] = of_each.sum(axis=tuple(range(np.ndim(named["weights"]) - 1, of_each.ndim)))
        return terms

    def prior_shares(self, rows: Rows, priors: Priors, weights: np.ndarray, params: Params) -> np.ndarray | None:
        """How much of each component's spread at the MAP is the prior's, (K,), or (1,) where they share it.

        Parameters
        ----------
        rows : Rows
        priors : Priors
            Resolved.
        weights : (K,) array
        params : mapping of arrays

        Returns
        -------
        array or None
            None where the parts of rows and prior do not add.
        """
        return None

    @abstractmethod
    def closed_form(self, rows: Rows, standardised: Any, priors: Priors, n_components: int) -> SubsampledDensity | None:
        """The posterior density in closed form; None where there is none under these priors.

        Parameters
        ----------
        rows : Rows
        standardised : Standardised
            Of the same rows.
        priors : Priors
            Resolved.
        n_components : int

        Returns
        -------
        SubsampledDensity or None
        """

    @property
    @abstractmethod
    def fused(self) -> Fused:
        """The likelihood with its gradient in the parameters, for PyMC."""

    @property
    def fused_of_seen(self) -> Fused:
        """The same of rows with missing cells, where :attr:`sums_out_missing`; it takes :meth:`columns_of_seen`."""
        return self.fused

    def columns_of_seen(self, X: np.ndarray) -> np.ndarray:
        """As :meth:`columns`, of rows with missing cells: where these are NaN, with their patterns below, (M + 1, N).

        Parameters
        ----------
        X : (N, D) array

        Returns
        -------
        (M + 1, N) or (M, N) array
        """
        columns = self.columns(X)
        if not np.isnan(columns).any():
            return columns
        _, which = np.unique(np.isnan(X), axis=0, return_inverse=True)
        return with_patterns(columns, which)

    @abstractmethod
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        """Log density of each row (N,) in the operations of PyTensor or JAX, which derive what the pass does not.

        Parameters
        ----------
        ops : namespace
            ``log``, ``log1p``, ``gammaln``, ``logsumexp(x, axis)``, ``diagonal`` of matrices, and
            ``solve_lower(factor, columns)``.
        columns : (M, N) tensor
        log_weights : (K,) tensor
        *parameters : tensors
            As they enter the fused likelihood.

        Returns
        -------
        (N,) tensor
        """

    # What is said of it

    def remarks(self, rows: Rows, priors: Priors) -> list[Note]:
        """What is to be known of this family with these priors on these rows.

        Parameters
        ----------
        rows : Rows
        priors : Priors
            Resolved.

        Returns
        -------
        list of Note
        """
        return []

    def told_of(self, rows: Rows) -> tuple[Note, ...]:
        """What is to be known of these rows under this family, whatever the priors.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        tuple of Note
        """
        return ()

    @abstractmethod
    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """``n`` rows (n, D) and their labels (n,) from one point.

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

    @abstractmethod
    def moments(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Locations (..., K, M) and their covariances (..., K, M, M) within each component.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        locations : (..., K, M) array
        covariances : (..., K, M, M) array
            Where a distribution has no covariance, its scale matrix.
        """

    def total_covariance(self, weights: np.ndarray, params: Params) -> np.ndarray:
        r"""Covariance of the whole mixture, which does not depend on what components are called.

        .. math:: \sum_k w_k (\Sigma_k + (\mu_k - m)(\mu_k - m)^\top), \qquad m = \sum_k w_k \mu_k

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays

        Returns
        -------
        (..., M, M) array
            Of what :meth:`moments` runs over.
        """
        means, within = self.moments(params)
        centred = means - np.einsum("...k,...kd->...d", weights, means)[..., None, :]
        between = np.einsum("...k,...ki,...kj->...ij", weights, centred, centred, optimize=True)
        return between + np.einsum("...k,...kij->...ij", weights, within)

    def total_variances(self, weights: np.ndarray, params: Params) -> np.ndarray:
        """The diagonal of :meth:`total_covariance`.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays

        Returns
        -------
        (..., M) array
        """
        return np.diagonal(self.total_covariance(weights, params), axis1=-2, axis2=-1)

    def watched(self, weights: np.ndarray, params: Params) -> np.ndarray:
        """What chains are judged by of the covariance of the whole mixture.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays

        Returns
        -------
        (..., P) array
            Of up to 30 columns each entry once, of more the variances: hundreds of columns have tens of thousands of
            covariances.
        """
        total = self.total_covariance(weights, params)
        if total.shape[-1] > MOST_WATCHED:
            return np.diagonal(total, axis1=-2, axis2=-1)
        return total[(..., *np.triu_indices(total.shape[-1]))]

    def log_affinities(self, params: Params, others: Params) -> np.ndarray:
        r"""Logarithms of the Bhattacharyya coefficients, ``integral sqrt(f_j f_k)``, of components of two points.

        Zero where they are the same distribution, minus infinity where they share no row.

        Parameters
        ----------
        params : mapping of arrays
            One point.
        others : mapping of arrays
            Leading axes are parameter draws.

        Returns
        -------
        (..., K, K) array
            Components of the one point first. Of normal distributions with the same moments, unless a family knows
            better.
        """
        return of_gaussians(*self.moments(params), *self.moments(others))

    def radii(self, params: Params, share: float) -> np.ndarray:
        """Mahalanobis distances by the moments within which two features of each component lie with a probability.

        Parameters
        ----------
        params : mapping of arrays
        share : float

        Returns
        -------
        (..., K) array
            Of normal distributions, unless a family knows better.
        """
        return np.full(self.moments(params)[0].shape[:-1], np.sqrt(-2 * np.log1p(-share)))

    def features_of_moments(self, n_features: int) -> np.ndarray:
        """The feature that each entry of the moments belongs to, (M,).

        Parameters
        ----------
        n_features : int

        Returns
        -------
        (M,) array of int
        """
        return np.arange(n_features)

    @abstractmethod
    def marginal(self, params: Params, features: np.ndarray) -> "tuple[Family, dict[str, np.ndarray]]":
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

    def conditional_on(
        self, params: Params, features: np.ndarray, given: np.ndarray, values: np.ndarray
    ) -> "tuple[Family, dict[str, np.ndarray]]":
        """Distribution of some features given the values of others, within each component: family and parameters.

        Its density times that of the :meth:`marginal` of the given features is the density of both together. How the
        values move the *weights* is the marginal's matter.

        Parameters
        ----------
        params : mapping of arrays
            Leading axes are parameter draws.
        features, given : (e,) and (d,) arrays of int
            Positions, of which none is in both.
        values : (..., d) array
            Leading axes are broadcast against those of the draws.

        Returns
        -------
        family : Family
        params : dict of arrays
            With all leading axes. Unless a family knows better, its features are independent within a component, so
            that values of the others change nothing.
        """
        family, params = self.marginal(params, features)
        return family, family.broadcast(params, np.shape(values)[:-1])

    def sample_given(
        self,
        params: Params,
        features: np.ndarray,
        given: np.ndarray,
        values: np.ndarray,
        labels: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Draws of some features of rows whose components are known, given the values of others.

        Parameters
        ----------
        params : mapping of arrays
            One point.
        features, given : (e,) and (d,) arrays of int
            Positions, of which none is in both.
        values : (n, d) array
        labels : (n,) array of int
        rng : numpy.random.Generator

        Returns
        -------
        (n, e) array
            Of :meth:`conditional_on`: unless a family knows better, its features are independent within a component.
        """
        family, own = self.marginal(params, features)
        ones = np.eye(np.shape(own[family.parameters[0].name])[0])
        out = np.empty((len(values), len(features)))
        for k in np.unique(labels):
            rows = np.flatnonzero(labels == k)
            out[rows] = family.sample(ones[k], own, rows.size, rng)[0]
        return out

    def broadcast(self, params: Params, leading: tuple[int, ...]) -> dict[str, np.ndarray]:
        """The parameters with their leading axes broadcast against others; views.

        Parameters
        ----------
        params : mapping of arrays
        leading : tuple of int

        Returns
        -------
        dict of arrays
        """
        out = {}
        for spec in self.parameters:
            value, own = np.asarray(params[spec.name]), len(spec.dims)
            before, after = value.shape[: value.ndim - own], value.shape[value.ndim - own :]
            out[spec.name] = np.broadcast_to(value, (*np.broadcast_shapes(before, leading), *after))
        return out

    def mean_and_variance(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Means and variances (..., K, M) within each component of what :meth:`moments` runs over.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        means : (..., K, M) array
            NaN where a distribution has none.
        variances : (..., K, M) array
            Infinite where a distribution has none.
        """
        locations, covariances = self.moments(params)
        return locations, np.diagonal(covariances, axis1=-2, axis2=-1)

    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray | None:
        """Probability of a value at most as large, feature by feature; None where nobody wrote it, or levels have none.

        Parameters
        ----------
        params : mapping of arrays
        values : (..., D) array
            Leading axes are broadcast against those of the draws.

        Returns
        -------
        (..., K, D) array or None
        """
        return None

    def elliptical_form(
        self, weights: np.ndarray, params: Params
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
        r"""The components as bells, on which a density can be climbed (``bayesmix.passes.ascent``).

        .. math:: \log w_k f_k(x) = h_k - \frac{\nu_k + D}{2} \log\Bigl(1 + \frac{\delta_k}{\nu_k}\Bigr),
                  \qquad \delta_k = (x - \mu_k)^\top P_k (x - \mu_k),

        which is :math:`h_k - \delta_k / 2` where the degrees of freedom are infinite.

        Parameters
        ----------
        weights : (..., K) array
        params : mapping of arrays

        Returns
        -------
        heights : (..., K) array
            Minus infinity of a component without weight.
        centres : (..., K, D) array
        precisions : (..., K, D, D) array
        dof : (..., K) array
            None in the place of all four where components are no bells.
        """
        return None

    @abstractmethod
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        """What tables say of every component; the first of them, where it lies: an entry for each of :meth:`moments`.

        Parameters
        ----------
        params : mapping of arrays
        rows : Rows
            Names of the features.

        Returns
        -------
        tuple of Summary
        """

    def estimates(self, params: Params) -> dict[str, np.ndarray]:
        """The parameters by the names that scikit-learn has for them.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        dict of arrays
        """
        return dict(params)

    def in_words(self, n_features: int) -> str:
        """What a group looks like, for people.

        Parameters
        ----------
        n_features : int

        Returns
        -------
        str
        """
        return self.words


def one_pass(family: Family, point: Point, blocks: ColumnBlocks, threads: Threads | None = None) -> Statistics:
    """Log-likelihood and statistics of standardised rows at a point.

    Blocks are passed over side by side, and their statistics added in the order of the blocks: the same bits on any
    number of threads. Where rows belong together, what the others of its subject say is known of a row's component.
    """
    form = family.form(point.weights, point.state)
    if isinstance(blocks, HeldTogether):
        return _of_subjects(family, form, point.weights, blocks)
    return blocks.summed(partial(family.statistics, form), threads)


def _of_subjects(family: Family, form: Form, weights: np.ndarray, blocks: HeldTogether) -> Statistics:
    """Of rows that belong together: the log-likelihood of subjects, and the sums over their rows."""
    log_likelihood, shares, told = blocks.told(family.kernel, form, weights)
    found = family.statistics(form, blocks.knowing(told))
    return replace(found, log_likelihood=log_likelihood, of_subjects=shares.sum(axis=0))
