"""The Gaussian family."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, override

import numpy as np
from scipy.special import ndtr

from bayesmix.data import Rows
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.families.column_blocks import Held
from bayesmix.families.gaussian import prior_faces
from bayesmix.families.gaussian.covariance import STRUCTURES, structure_named
from bayesmix.families.gaussian.density import closed_form
from bayesmix.families.gaussian.elliptical import Elliptical
from bayesmix.families.gaussian.far import mend
from bayesmix.families.gaussian.given_rows import GaussianConditional
from bayesmix.families.gaussian.sweeps.separated import separated
from bayesmix.families.gaussian.units import Units
from bayesmix.families.over_draws import of_joint
from bayesmix.families.parts import Form, Fused, Kernel, Params, Point, SeenKernel, Sweeps
from bayesmix.families.protocol import one_pass
from bayesmix.passes import measured
from bayesmix.priors.conjugate import NormalInverseWishart
from bayesmix.priors.separated import LKJ, LogNormal, Normal
from bayesmix.priors.sets import Priors
from bayesmix.vocabulary import named_arguments


@named_arguments
@dataclass(frozen=True)
class Gaussian(Elliptical):
    r"""Gaussian components: :math:`x_i \mid z_i = k \sim N(\mu_k, \Sigma_k)`.

    Parameters
    ----------
    covariance : {"full", "tied", "diag", "spherical"} or a code, default "full"
        ``"full"``: every component has a covariance matrix of its own; ``"tied"``: all share one; ``"diag"``: a
        variance for each component and feature; ``"spherical"``: one variance for each component.

        With :math:`\Sigma_k = \lambda_k O_k A_k O_k^\top` and :math:`|A_k| = 1`, the codes of the R package mclust say
        in three letters what the components share of volume :math:`\lambda`, shape :math:`A` and orientation
        :math:`O`: E is one for all, V one each, and I none: a ball, or axes along the features. There are
        ``"EII"``, ``"EEI"``, ``"VEI"``, ``"EVI"``, ``"VEE"``, ``"EVE"``, ``"VVE"``, ``"EEV"``, ``"VEV"`` and
        ``"EVV"``; ``"VVV"``, ``"EEE"``, ``"VVI"`` and ``"VII"`` are full, tied, diag and spherical.
    factors : int, optional
        So many factors in the place of a covariance of another kind, for many columns:
        :math:`\Sigma_k = \Lambda_k \Lambda_k^\top + \text{diag}(\psi_k)` with loadings :math:`\Lambda_k` (D, factors)
        and uniquenesses :math:`\psi_k`. The loadings are known up to a rotation: told are those that are zero above the
        diagonal and positive on it.

    Raises
    ------
    ValueError
        If ``covariance`` is none of these, ``factors`` is no whole number of at least 1, or both are given.

    References
    ----------
    Celeux, G. and Govaert, G. (1995). Gaussian parsimonious clustering models. Pattern Recognition 28, 781-793.
    https://doi.org/10.1016/0031-3203(94)00125-6

    Ghahramani, Z. and Hinton, G. E. (1996). The EM algorithm for mixtures of factor analyzers. Technical report
    CRG-TR-96-1, University of Toronto.

    Examples
    --------
    >>> import bayesmix as bm
    >>> str(bm.Gaussian("full"))
    'gaussian-full'
    >>> bm.Gaussian("diag").n_parameters(n_components=3, n_features=2)
    14
    >>> bm.Gaussian("VVI") == bm.Gaussian("diag")
    True
    >>> print(bm.Gaussian("VVE").in_words(n_features=2))
    Clouds of points (normal distributions), all of one direction, each with a size and shape of its own
    >>> bm.Gaussian(factors=2).n_parameters(n_components=3, n_features=40)
    479
    >>> bm.Gaussian("full").n_parameters(n_components=3, n_features=40)
    2582
    """

    covariance: str = "full"
    factors: int | None = field(default=None, kw_only=True, repr=False)

    word: ClassVar[str] = "gaussian"
    takes_labels: ClassVar[bool] = True
    takes_noise: ClassVar[bool] = True
    takes_errors: ClassVar[bool] = True
    _of_factors: "ClassVar[type[Gaussian] | None]" = None

    def __init_subclass__(cls, of_factors: bool = False, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if of_factors:
            Gaussian._of_factors = cls

    @named_arguments
    def __new__(cls, covariance: str = "full", *, factors: int | None = None) -> "Gaussian":
        """Of factors, the kind that knows them: :class:`bayesmix.families.gaussian.factors.family.FactorAnalysers`."""
        kind = cls if factors is None else Gaussian._of_factors or cls
        return object.__new__(kind)

    @classmethod
    @override
    def structures(cls) -> tuple[str, ...]:
        return tuple(STRUCTURES)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """See :class:`~bayesmix.families.protocol.Family`: the covariance alone.

        Returns
        -------
        tuple of str
        """
        return tuple(STRUCTURES)

    @classmethod
    def named(cls, name: str) -> "Gaussian | None":
        """See :class:`~bayesmix.families.protocol.Family`; a covariance alone stands for this family with it.

        So does ``factors-2``, with a number of factors.

        Parameters
        ----------
        name : str

        Returns
        -------
        Gaussian or None
        """
        word, _, number = name.removeprefix(f"{cls.word}-").partition("-")
        if word == "factors" and number.isdecimal():
            return cls(factors=int(number))
        return cls(name) if structure_named(name) else super().named(name)

    @classmethod
    @override
    def sets(cls) -> Mapping[str, tuple["Gaussian", ...]]:
        return {"mclust": tuple(map(cls, STRUCTURES))}

    @property
    @override
    def prior_forms(self) -> tuple[Mapping[str, Any], ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        separated = {"means": Normal(), "scales": LogNormal(), "correlations": LKJ()}
        conjugate = {"components": NormalInverseWishart()}
        # restricted matrices have no scales and correlations of their own
        return (conjugate,) if self.structure.restricted else (conjugate, separated)

    @property
    @override
    def kernel(self) -> Kernel:
        return self.structure.kernel

    @property
    @override
    def seen_kernel(self) -> SeenKernel:
        return self.structure.of_seen

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
        n_features = forms[1].shape[-1]
        if len(columns) == n_features:
            return mend(what, super().of_rows(what, columns, forms), self.kernel, columns, forms)
        offsets, means, whiteners = forms
        if not self.correlated:
            whiteners = whiteners[..., None] * np.eye(n_features)

        def of_measured(what: str) -> np.ndarray:
            """So far away that no density is left, errors change nothing."""
            if what == "log_joint":
                return measured.log_joint(*map(np.ascontiguousarray, (columns, offsets, means, whiteners)))
            return self.of_rows(what, np.ascontiguousarray(columns[:n_features]), forms)

        return of_joint(what, of_measured, np.zeros((columns.shape[1], offsets.shape[-1])))

    @override
    def is_measured(self, params: Params, X: np.ndarray) -> bool:
        return np.shape(X)[1] > np.shape(params["means"])[-1]

    def conditional(self, standardised: Units, priors: Priors | None) -> GaussianConditional | None:
        """See :class:`~bayesmix.families.protocol.Family`: closed under the conjugate prior.

        Parameters
        ----------
        standardised : Units
        priors : Priors or None

        Returns
        -------
        GaussianConditional or None
        """
        return GaussianConditional.under(self.structure, standardised, priors)

    @override
    def sweeps(self, standardised: Units, priors: Priors, n_rows: int) -> Sweeps | None:
        return separated(self.structure, standardised, priors) or super().sweeps(standardised, priors, n_rows)

    @override
    def closed_form(
        self, rows: Rows, standardised: Units, priors: Priors, n_components: int
    ) -> ClosedFormDensity | None:
        return closed_form(self.structure, rows, standardised, priors, n_components)

    @override
    def prior_draws(self, priors: Priors, n_components: int, n_features: int, size: int, rng: np.random.Generator):
        return prior_faces.draw_parameters(priors, self.structure, n_components, n_features, size, rng)

    def prior_shares(self, rows: Rows, priors: Priors, weights: np.ndarray, params: Params) -> np.ndarray | None:
        r"""See :class:`~bayesmix.families.protocol.Family`: the share in :math:`\Sigma_k` under the conjugate prior.

        There :math:`\Sigma_k` is a sum of the scatter of the rows and of what the prior puts in (its scale, and the
        pull of its mean), over a common number. The share is :math:`\text{tr}(\Sigma_k^{-1} P_k) / D` with
        :math:`P_k` the prior's part: what the M-step gives when the rows of the component have no scatter.

        Parameters
        ----------
        rows : Rows
        priors : Priors
        weights : (K,) array
        params : mapping of arrays

        Returns
        -------
        array or None
        """
        units = self.standardised(rows)
        conditional, state = self.conditional(units, priors), units.to_state(params)
        blocks = units.blocks if rows.weights is None else Held(units.columns, rows.row_weights)
        statistics = one_pass(self, Point(weights, state), blocks)
        if conditional is None or statistics.counts.min() <= 0:
            return None
        first = statistics.sums[0]
        scatter = first[:, :, None] * first[:, None, :] if self.correlated else first**2
        without = scatter / statistics.counts.reshape(-1, *[1] * (scatter.ndim - 1))
        matrices = []
        for sums in (statistics.sums, (first, without)):
            means, factor = conditional.mode(state, replace(statistics, sums=sums))
            matrices.append(self.structure.matrices(self.structure.values(factor), *means.shape))
        whole, of_prior = matrices
        shares = np.trace(np.linalg.solve(whole, of_prior), axis1=-2, axis2=-1) / whole.shape[-1]
        return shares[:1] if self.structure.shared else shares

    @property
    @override
    def has_prior_constant(self) -> bool:
        """Not of matrices that have a shape in common, and no more."""
        return not self.structure.restricted

    @override
    def log_prior_terms(self, priors: Priors, named: Params) -> dict[str, np.ndarray]:
        return prior_faces.log_prior_terms(self.structure, priors, named)

    @property
    def fused(self) -> Fused:
        """See :class:`~bayesmix.families.protocol.Family`; compiled when first called."""
        from bayesmix.families.gaussian.fused import fused

        kernel = self.structure.kernel
        return fused(self.correlated, self.structure.shared, kernel.log_mixture, kernel.accumulate)

    @property
    @override
    def fused_of_seen(self) -> Fused:
        from bayesmix.families.gaussian.fused import fused

        kernel = self.seen_kernel
        return fused(self.correlated, self.structure.shared, kernel.log_mixture, kernel.accumulate)

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        means, factor = parameters
        squares, log_determinants = self.structure.written_out(ops, columns[None] - means[:, :, None], factor)
        offsets = log_weights - 0.5 * columns.shape[0] * math.log(2 * math.pi) - log_determinants
        return ops.logsumexp(offsets[:, None] - 0.5 * squares, axis=0)

    @override
    def of_full(self) -> "Gaussian":
        return Gaussian("full")

    @override
    def cumulative(self, params: Params, values: np.ndarray) -> np.ndarray:
        means, variances = self.mean_and_variance(params)
        return ndtr((np.asarray(values)[..., None, :] - means) / np.sqrt(variances))

    @override
    def in_words(self, n_features: int) -> str:
        if n_features == 1:
            return "Bell-shaped (normal distributions)"
        return f"Clouds of points (normal distributions), {self.structure.words}"
