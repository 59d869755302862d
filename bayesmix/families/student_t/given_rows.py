r"""What is known of Student-t components given statistics.

Given the component, a row is normal with covariance :math:`\Sigma_k / \tau_i`, where :math:`\tau_i` is gamma with mean
one. The pass has :math:`u = E[\tau_i]` at the point where it was made, and with it location and scale matrix have the
closed form of normal components (Lange, Little and Taylor 1989). Two things make the steps longer. The mean of
:math:`\tau` is left free and then taken into the scale matrix: instead of by the count n, the scatter is divided by the
sum of u (Kent, Tyler and Vardi 1994). And the degrees of freedom take a step of Newton on their logarithm, at the
log-likelihood given the memberships with the scales summed out (the CME-step of Liu and Rubin 1995).

References
----------
Kent, J. T., Tyler, D. E. and Vardi, Y. (1994). A curious likelihood identity for the multivariate t-distribution.
Communications in Statistics: Simulation and Computation 23, 441-453. https://doi.org/10.1080/03610919408813180

Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989). Robust statistical modeling using the t distribution.
Journal of the American Statistical Association 84, 881-896. https://doi.org/10.1080/01621459.1989.10478852

Liu, C. and Rubin, D. B. (1995). ML estimation of the t distribution using EM and its extensions, ECM and ECME.
Statistica Sinica 5, 19-39.
"""

import math
from dataclasses import dataclass
from typing import override

import numba as nb
import numpy as np

from bayesmix.families.gaussian.given_rows import GaussianConditional
from bayesmix.families.missing_cells import of_seen
from bayesmix.families.parts import Conditional, State, Statistics, Sweeps
from bayesmix.families.student_t.sweeps import axis, axis_of_seen, dense, dense_of_seen, parts
from bayesmix.families.student_t.tails import dof_curvature, dof_slope
from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.dense import invert_lower
from bayesmix.priors.rates import Gamma

LEAST, MOST = 0.1, 1e6
"""Between these degrees of freedom are estimated. At the highest, where light tails lead, a component is normal: its
log density is that of the limit up to 1e-6 of its square. Below the lowest there is no scale to speak of."""
_LONGEST_STEP = 1.0  # of the logarithm


@dataclass(frozen=True, eq=False)
class StudentConditional(Conditional):
    """See :class:`~bayesmix.families.parts.Conditional`.

    Attributes
    ----------
    clouds : GaussianConditional
        Of location and scale matrix.
    dof : float or None
        Where it is given.
    shared : bool
        Whether all components have the same degrees of freedom.
    dof_prior : Gamma or None
        None for the likelihood alone, and where the degrees of freedom are given.
    """

    clouds: GaussianConditional
    dof: float | None
    shared: bool
    dof_prior: Gamma | None

    def mode(self, state: State, statistics: Statistics) -> State:
        """See :class:`~bayesmix.families.parts.Conditional`: higher than ``state``, if not the mode."""
        means, _, *free = state
        dof = free[0] if free else np.asarray(self.dof)
        moved = self._located(state[:2], dof, statistics)
        if not free:
            return moved
        counts, (*_, tails, spreads) = statistics.counts, statistics.sums
        shape, rate = (1.0, 0.0) if self.dof_prior is None else (self.dof_prior.shape, self.dof_prior.rate)
        step = _newton(np.atleast_1d(dof), counts, tails, spreads, means.shape[1], shape, rate)
        return *moved, step.reshape(dof.shape)

    def _located(self, state: State, dof: np.ndarray, statistics: Statistics) -> State:
        """Location and scale matrix, with the mean ``a`` of ``tau``, one for all components that share a matrix.

        Given location and matrix, ``a`` is ``(nu sum u + T) / (n (nu + D))`` with T the sum of ``u |y|^2``. Without a
        prior both are highest together where ``a = sum u / n``; with one, they are found in turn.
        """
        counts, (masses, first, second, *_) = statistics.counts, statistics.sums
        clouds, (means, factor) = self.clouds, state
        n_components, n_features = means.shape
        shared = clouds.structure.parameter.shared

        def m_step(stretch):
            of_matrices = stretch.reshape(-1, *[1] * (second.ndim - 1))
            of_means, of_rows = masses / stretch, first / stretch[:, None]
            return clouds.structure.m_step(means, factor, counts, of_means, of_rows, second / of_matrices, clouds.prior)

        def whole(part):
            return np.full(n_components, part.sum()) if shared else part

        weighted, expected = whole(dof * masses), whole(dof * counts)
        if clouds.prior is None:
            return m_step(weighted / expected)
        once = m_step(np.ones(n_components))
        whiteners = clouds.structure.standard_form(np.ones(n_components), *once)[2]
        squares = _squares(statistics.form[1], statistics.form[2], once[0], whiteners, masses, first, second)
        return m_step((weighted + whole(squares)) / (expected + n_features * whole(counts)))

    @override
    def log_prior(self, state: State) -> float:
        total = self.clouds.log_prior(state[:2])
        return total if self.dof_prior is None else total + float(self.dof_prior.log_density(state[2]).sum())

    @override
    def straight(self, state: State) -> State | None:
        cloud = self.clouds.straight(state[:2])
        return None if cloud is None else (*cloud, *map(np.log, state[2:]))

    @override
    def from_straight(self, coordinates: State) -> State | None:
        cloud = self.clouds.from_straight(coordinates[:2])
        return None if cloud is None else (*cloud, *(np.exp(log).clip(LEAST, MOST) for log in coordinates[2:]))

    @override
    def sweeps(self, n_rows: int) -> Sweeps | None:
        clouds, structure = self.clouds.sweeps(n_rows), self.clouds.structure
        if clouds is None:
            return None
        compiled, n_features = dense if structure.correlated else axis, self.clouds.prior.mean.size
        numbers = parts.numbers_of(clouds.numbers, self.dof_prior, self.shared, self.dof)
        n_known = parts.N_KNOWN + clouds.n_known
        if clouds.takes_gaps:
            run, telescope = (dense_of_seen if structure.correlated else axis_of_seen).entries(structure.shared)
            return of_seen(Sweeps(run, numbers, n_known, clouds.shared, telescope=telescope), masses=True)
        run, telescope = compiled.entries(n_features, structure.shared)
        return Sweeps(run, numbers, n_known, clouds.shared, telescope=telescope)


@nb.njit(**COMPILED)
def _newton(dof, counts, tails, spreads, n_features, shape, rate):
    """A step for each entry of ``dof`` (K,), or of its one entry for all components; of the prior ``shape``, ``rate``.

    Where the log density is not concave in the logarithm, a step by its slope next to the count, which is about the
    curvature that EM would reckon with.
    """
    moved = np.empty_like(dof)
    for g in range(dof.size):
        nu = dof[g]
        slope = (shape - 1.0) - rate * nu
        curvature, count = -rate * nu, 0.0
        for k in range(g, counts.size if dof.size == 1 else g + 1):
            first = nu * dof_slope(nu, n_features, counts[k], tails[k])
            slope += first
            curvature += first + nu * nu * dof_curvature(nu, n_features, counts[k], spreads[k])
            count += counts[k]
        step = slope / (-curvature if curvature < 0.0 else count)
        step = max(-_LONGEST_STEP, min(_LONGEST_STEP, step))
        moved[g] = max(LEAST, min(MOST, nu * math.exp(step)))
    return moved


@nb.njit(**COMPILED)
def _squares(means, whiteners, moved, updated, masses, first, second):
    """``sum r u |y|^2`` (K,) about moved means and with updated whiteners, from statistics taken before."""
    n_components, n_features = means.shape
    out = np.zeros(n_components)
    if whiteners.ndim == 2:
        for k in range(n_components):
            for j in range(n_features):
                shift = whiteners[k, j] * (moved[k, j] - means[k, j])
                rest = second[k, j] - 2.0 * shift * first[k, j] + masses[k] * shift * shift
                ratio = updated[k, j] / whiteners[k, j]
                out[k] += ratio * ratio * rest
        return out
    factors = invert_lower(whiteners)
    shift, between = np.empty(n_features), np.empty(n_features)
    for k in range(n_components):
        for i in range(n_features):
            shift[i] = 0.0
            for j in range(i + 1):
                shift[i] += whiteners[k, i, j] * (moved[k, j] - means[k, j])
        for i in range(n_features):
            for j in range(i + 1):
                between[j] = 0.0
                for h in range(j, i + 1):
                    between[j] += updated[k, i, h] * factors[k, h, j]
            for j in range(i + 1):
                for h in range(i + 1):
                    rest = second[k, j, h] - shift[j] * first[k, h] - first[k, j] * shift[h]
                    out[k] += between[j] * between[h] * (rest + masses[k] * shift[j] * shift[h])
    return out
