"""The Student-t family."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, override

import numpy as np
from scipy.special import stdtr

from bayesmix.data import Rows
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.families.gaussian import prior_faces
from bayesmix.families.gaussian.elliptical import Elliptical
from bayesmix.families.gaussian.family import Gaussian
from bayesmix.families.gaussian.given_rows import GaussianConditional
from bayesmix.families.gaussian.sweeps.separated import separated
from bayesmix.families.gaussian.units import Units
from bayesmix.families.missing_cells import of_seen
from bayesmix.families.parts import (
    Form,
    Fused,
    Kernel,
    ParameterSpec,
    Params,
    SeenKernel,
    State,
    Statistics,
    Summary,
    Sweeps,
)
from bayesmix.families.protocol import Family
from bayesmix.families.student_t import seen
from bayesmix.families.student_t.far import mend
from bayesmix.families.student_t.given_rows import StudentConditional
from bayesmix.families.student_t.sweeps import axis, axis_of_seen, dense, dense_of_seen, parts
from bayesmix.families.student_t.tails import dof_slope, log_fronts
from bayesmix.passes import student
from bayesmix.priors.rates import Gamma
from bayesmix.priors.sets import Priors
from bayesmix.vocabulary import behind_the_door, named_arguments

_DIMS: dict[Any, tuple[str, ...]] = {"component": ("component",), "shared": ()}
_DENSE = SeenKernel(seen.accumulate_dense, seen.dense_log_joint, seen.dense_log_mixture)
_AXIS = SeenKernel(seen.accumulate_axis, seen.axis_log_joint, seen.axis_log_mixture)
_FIRST_DOF = 10.0  # where fits begin


@named_arguments
@dataclass(frozen=True)
class StudentT(Elliptical):
    r"""Components with heavy tails: :math:`x_i \mid z_i = k \sim t_{\nu_k}(\mu_k, \Sigma_k)`.

    A Student-t distribution is a normal one whose spread is not the same for every row. With few degrees of freedom
    :math:`\nu` single rows lie far out without moving the centre or widening the group; with many it is the normal
    distribution. The density is

    .. math:: f(x) = \frac{\Gamma((\nu + D)/2)}{\Gamma(\nu/2)\, (\nu \pi)^{D/2} |\Sigma|^{1/2}}
              \Bigl(1 + \frac{(x - \mu)^\top \Sigma^{-1} (x - \mu)}{\nu}\Bigr)^{-(\nu + D)/2}.

    The parameters ``covariances`` or ``variances`` are the scale matrix :math:`\Sigma`, which is not the covariance:
    that is :math:`\Sigma\, \nu / (\nu - 2)`, and there is none for :math:`\nu \le 2`. Default prior of :math:`\nu`:
    Gamma(2, 0.1), after Juarez and Steel (2010); of location and scale matrix, that of normal components.

    Parameters
    ----------
    covariance : {"full", "tied", "diag", "spherical"}, default "full"
        Of the scale matrix, as in :class:`bayesmix.Gaussian`.
    dof : {"component", "shared"} or float, default "component"
        Degrees of freedom: estimated, one for each component or one for all, or a given number above zero.
        They are estimated between 0.1 and 1e6; at the upper bound a component is normal.

    Raises
    ------
    ValueError
        If ``covariance`` or ``dof`` is none of these.

    References
    ----------
    Juarez, M. A. and Steel, M. F. J. (2010). Model-based clustering of non-Gaussian panel data based on skew-t
    distributions. Journal of Business and Economic Statistics 28, 52-66. https://doi.org/10.1198/jbes.2009.07145

    Peel, D. and McLachlan, G. J. (2000). Robust mixture modelling using the t distribution. Statistics and Computing
    10, 339-348. https://doi.org/10.1023/A:1008981510081

    Examples
    --------
    >>> import bayesmix as bm
    >>> str(bm.StudentT("diag", dof=4))
    'student-t-diag-dof4'
    >>> bm.StudentT("full").n_parameters(n_components=2, n_features=2)
    13
    """

    covariance: str = "full"
    dof: str | float = "component"

    word: ClassVar[str] = "student-t"
    takes_labels: ClassVar[bool] = True
    takes_noise: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.dof, str):
            proper = self.dof in _DIMS
        else:
            proper = np.ndim(self.dof) == 0 and not isinstance(self.dof, bool) and 0 < self.dof < math.inf
        if not proper:
            raise ValueError(f"dof must be 'component', 'shared' or a number above zero, not {self.dof!r}")
        if not isinstance(self.dof, str):
            object.__setattr__(self, "dof", float(self.dof))

    @classmethod
    @override
    def named(cls, name: str) -> "StudentT | None":
        if name.endswith("-shared-dof"):
            plain = super().named(name.removesuffix("-shared-dof"))
            return None if plain is None else replace(plain, dof="shared")
        beginning, given, number = name.partition("-dof")
        plain = super().named(beginning)
        if plain is None or not given:
            return plain
        try:
            return replace(plain, dof=float(number))
        except ValueError:
            return None

    def __str__(self) -> str:
        ending = {"component": "", "shared": "-shared-dof"}.get(str(self.dof))
        return super().__str__() + (f"-dof{repr(self.dof).removesuffix('.0')}" if ending is None else ending)

    @property
    @override
    def code(self) -> str:
        return Family.code.fget(self)  # pyright: ignore[reportOptionalCall]: that of any dataclass

    @property
    def given_dof(self) -> float | None:
        """The degrees of freedom where they are given; None where they are estimated."""
        return None if isinstance(self.dof, str) else self.dof

    @property
    @override
    def prior_forms(self) -> tuple[Mapping[str, Any], ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """See :class:`~bayesmix.families.protocol.Family`: degrees of freedom that are given have no prior.

        Returns
        -------
        tuple of mapping
        """
        of_dof = {} if self.given_dof else {"dof": Gamma(2.0, 0.1)}
        return tuple({**form, **of_dof} for form in Gaussian(self.covariance).prior_forms)

    @property
    @override
    def parameters(self) -> tuple[ParameterSpec, ...]:
        own = () if isinstance(self.dof, float) else (ParameterSpec("dof", _DIMS[self.dof], "positive"),)
        return (*super().parameters, *own)

    @override
    def same_model_as(self, other: Family, n_components: int, n_features: int) -> bool:
        same = super().same_model_as(other, n_components, n_features)
        return same and isinstance(other, StudentT) and self.dof == other.dof

    @property
    @override
    def kernel(self) -> Kernel:
        return student

    @property
    @override
    def seen_kernel(self) -> SeenKernel:
        return _DENSE if self.correlated else _AXIS

    @override
    @behind_the_door
    def form(self, weights: np.ndarray, state: State) -> Form:
        return self._with_tails(super().form(weights, state), *state[2:])

    @override
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        return self._with_tails(super().forms(weights, params), *([params["dof"]] if "dof" in params else []))

    def _with_tails(self, form: Form, dof: Any = None) -> Form:
        offsets, means, whiteners = form
        dof = np.asarray(self.dof if dof is None else dof, dtype=float)
        each = dof if dof.shape == offsets.shape else np.broadcast_to(dof[..., None], offsets.shape).copy()
        front = log_fronts(each.ravel(), means.shape[-1])
        return offsets + front.reshape(offsets.shape), means, whiteners, each

    def of_rows(self, what: str, columns: np.ndarray, forms: Form) -> np.ndarray:
        """See :class:`~bayesmix.families.protocol.Family`, however far the rows are from the components.

        Parameters
        ----------
        what : str
        columns : (D, n) array
        forms : tuple of arrays

        Returns
        -------
        array
        """
        return mend(what, super().of_rows(what, columns, forms), columns, forms)

    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        """See :class:`~bayesmix.families.protocol.Family`: as if all rows were at the distance that is usual.

        Parameters
        ----------
        columns : (D, N) array, or (D + 1, N) with patterns
        memberships : (N,) array of int, or (N, K) array
        n_components : int

        Returns
        -------
        state : tuple of arrays
        statistics : Statistics
        """
        located, statistics = super().gathered(columns, memberships, n_components)
        counts, n_features = statistics.counts, statistics.sums[0].shape[1]
        tails = np.array([-2 * dof_slope(_FIRST_DOF, n_features, count, 0.0) for count in counts])
        sums = (counts, *statistics.sums, tails, np.zeros_like(counts))
        free = () if self.given_dof else (np.full(self.parameters[-1].shape(n_components, n_features), _FIRST_DOF),)
        form = self._with_tails(statistics.form, *free)
        return (*located, *free), replace(statistics, sums=sums, form=form)

    @override
    def conditional(self, standardised: Units, priors: Priors | None) -> StudentConditional | None:
        clouds = GaussianConditional.under(self.structure, standardised, priors)
        if clouds is None:
            return None
        shared = self.dof == "shared"
        if priors is None or self.given_dof:
            return StudentConditional(clouds, self.given_dof, shared, None)
        prior = priors.parts["dof"]
        return StudentConditional(clouds, None, shared, prior) if isinstance(prior, Gamma) else None

    @override
    def sweeps(self, standardised: Units, priors: Priors, n_rows: int) -> Sweeps | None:
        clouds = separated(self.structure, standardised, priors)
        if clouds is None:
            return super().sweeps(standardised, priors, n_rows)
        prior = None if self.given_dof else priors.parts["dof"]
        if not isinstance(prior, Gamma | None):
            return None
        numbers = parts.numbers_of(clouds.numbers, prior, self.dof == "shared", self.given_dof)
        if standardised.has_gaps:
            compiled = dense_of_seen if self.correlated else axis_of_seen
            return of_seen(clouds._replace(run=compiled.run_separated, numbers=numbers), masses=True)
        compiled = dense if self.correlated else axis
        return clouds._replace(run=compiled.entry_separated(standardised.spread.size), numbers=numbers)

    @override
    def closed_form(
        self, rows: Rows, standardised: Units, priors: Priors, n_components: int
    ) -> ClosedFormDensity | None:
        from bayesmix.families.student_t.density import closed_form

        return closed_form(self.structure, self.dof, rows, standardised, priors, n_components)

    @override
    def prior_draws(self, priors: Priors, n_components: int, n_features: int, size: int, rng: np.random.Generator):
        drawn = prior_faces.draw_parameters(priors, self.structure, n_components, n_features, size, rng)
        if not self.given_dof:
            drawn["dof"] = priors.parts["dof"].draw((size, *self.parameters[-1].shape(n_components, n_features)), rng)
        return drawn

    @override
    def log_prior_terms(self, priors: Priors, named: Params) -> dict[str, np.ndarray]:
        terms = prior_faces.log_prior_terms(self.structure, priors, named)
        if not self.given_dof:
            of_each = priors.parts["dof"].log_density(named["dof"])
            terms["dof"] = of_each if self.parameters[-1].shared else of_each.sum(axis=-1)
        return terms

    @property
    def fused(self) -> Fused:
        """See :class:`~bayesmix.families.protocol.Family`; compiled when first called.

        Returns
        -------
        Fused
        """
        from bayesmix.families.student_t.fused import fused

        return fused(
            self.correlated, self.structure.parameter.shared, self.given_dof, student.log_mixture, student.accumulate
        )

    @property
    @override
    def fused_of_seen(self) -> Fused:
        from bayesmix.families.student_t.fused import fused

        kernel, shared = self.seen_kernel, self.structure.parameter.shared
        return fused(self.correlated, shared, self.given_dof, kernel.log_mixture, kernel.accumulate)

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        means, factor, *free = parameters
        dof = free[0] if free else np.asarray(self.dof)
        squares, log_determinants = self.structure.written_out(ops, columns[None] - means[:, :, None], factor)
        n_features = columns.shape[0]
        power = 0.5 * (dof + n_features)
        front = ops.gammaln(power) - ops.gammaln(0.5 * dof) - 0.5 * n_features * ops.log(math.pi * dof)
        offsets = log_weights + front - log_determinants
        if dof.ndim:
            power, dof = power[:, None], dof[:, None]
        return ops.logsumexp(offsets[:, None] - power * ops.log1p(squares / dof), axis=0)

    @behind_the_door
    def noise(self, labels: np.ndarray, params: Params, rng: np.random.Generator) -> np.ndarray:
        """Standard noise of each row: normal, over a chi-distributed length.

        Parameters
        ----------
        labels : (n,) array of int
        params : mapping of arrays
        rng : numpy.random.Generator

        Returns
        -------
        (n, D) array
        """
        normal = super().noise(labels, params, rng)
        dof = np.asarray(params.get("dof", self.dof), dtype=float)
        dof = dof[labels] if dof.ndim else np.full(labels.size, dof)
        return normal * np.sqrt(dof / rng.chisquare(dof))[:, None]

    @override
    def of_full(self) -> "StudentT":
        return replace(self, covariance="full")

    @override
    def conditional_on(
        self, params: Params, features: np.ndarray, given: np.ndarray, values: np.ndarray
    ) -> tuple["StudentT", dict[str, np.ndarray]]:
        # d values at a squared distance q: nu + d degrees of freedom, scale matrix times (nu + q) / (nu + d);
        # Ding (2016), On the conditional distribution of the multivariate t distribution, American Statistician 70
        located, matrices, squares = self.regressed(params, features, given, values)
        dof = np.broadcast_to(self._each_dof(params), squares.shape)
        wider = (dof + squares) / (dof + len(given))
        family = StudentT("full", dof="component")
        return family, {"means": located, "covariances": matrices * wider[..., None, None], "dof": dof + len(given)}

    @override
    def mean_and_variance(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        locations, scales = super().mean_and_variance(params)
        dof = self._each_dof(params)[..., None]
        with np.errstate(divide="ignore"):
            return np.where(dof > 1, locations, np.nan), np.where(dof > 2, scales * dof / np.abs(dof - 2), np.inf)

    @override
    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray:
        locations, matrices = self.moments(params)
        scales = np.sqrt(np.diagonal(matrices, axis1=-2, axis2=-1))
        return stdtr(self._each_dof(params)[..., None], (np.asarray(values)[..., None, :] - locations) / scales)

    @override
    def radii(self, params: Params, share: float) -> np.ndarray:
        # half the squared distance in two features has an F distribution, which is Pareto's here
        dof = self._each_dof(params)
        return np.sqrt(dof * np.expm1(-2 / dof * np.log1p(-share)))

    def _each_dof(self, params: Params) -> np.ndarray:
        """Degrees of freedom of every component, (..., K)."""
        dof = np.asarray(params["dof"] if self.given_dof is None else self.given_dof)
        shared = self.given_dof is None and self.parameters[-1].shared
        return np.broadcast_to(dof[..., None] if shared else dof, np.shape(params["means"])[:-1])

    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        """See :class:`~bayesmix.families.protocol.Family`: centres, scales and degrees of freedom.

        Parameters
        ----------
        params : mapping of arrays
        rows : Rows

        Returns
        -------
        tuple of Summary
        """
        centres, spreads = super().summaries(params, rows)
        scales = spreads._replace(key="scale", name="scale", plural="scales")
        if self.given_dof:
            return centres, scales
        each = self._each_dof(params)[..., None]
        return centres, scales, Summary("dof", "degrees of freedom", "degrees of freedom", ("all features",), each)

    def estimates(self, params: Params) -> dict[str, np.ndarray]:
        """See :class:`~bayesmix.families.protocol.Family`: the scale matrices are called covariances.

        Parameters
        ----------
        params : mapping of arrays

        Returns
        -------
        dict of arrays
        """
        return super().estimates(params) | ({} if self.given_dof else {"dof": params["dof"]})

    @override
    def in_words(self, n_features: int) -> str:
        if n_features == 1:
            return "Bell-shaped with heavy tails (Student-t distributions)"
        return f"Clouds of points with heavy tails (Student-t distributions), {self.structure.words}"
