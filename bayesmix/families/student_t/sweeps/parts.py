r"""What both geometries share: masses of rows, and degrees of freedom.

A row of component k is normal with covariance :math:`\Sigma_k / u_i`, where
:math:`u_i \sim \text{Gamma}(\nu_k / 2, \nu_k / 2)`. Given assignments and masses, locations and scale matrices are
drawn as of normal components. With :math:`d_i^2` the squared distance of a row from its component, given all but
masses and degrees of freedom,

.. math:: p(\nu_k) \propto p_0(\nu_k) \prod_{z_i = k} t_{\nu_k}(d_i), \qquad
          u_i \mid \nu_k \sim \text{Gamma}\Bigl(\frac{\nu_k + D}{2}, \frac{\nu_k + d_i^2}{2}\Bigr).

They are drawn in this order, which is a draw of both together. Degrees of freedom given the masses would be cheaper, as
they depend on :math:`\sum (\log u_i - u_i)` alone; but n masses tell their degrees of freedom to within a factor of
about :math:`1 + 2 / \sqrt{n}`, whatever the rows do, and a chain then creeps. (Of 4000 draws given 500 normal rows 70
were effective, and here all are.)

Moves of assignments (:mod:`bayesmix.families.split_merge`) hold masses and degrees of freedom: what a component without
rows has is a draw from the prior. The masses stand behind the columns of the data.
"""

import math

import numba as nb
import numpy as np

from bayesmix.families.handed_on import APART, by_type
from bayesmix.families.slices import slice_step
from bayesmix.families.student_t.tails import log_front
from bayesmix.passes.blocks import COMPILED, INNER
from bayesmix.passes.elementary import log1p_of_nonnegative
from bayesmix.priors.rates import Gamma

_WIDTH = 1.0  # of the logarithm of degrees of freedom, which some tens of rows know to within it
N_KNOWN = 2  # beside what the clouds know: the two numbers of the density of masses


def numbers_of(clouds: tuple, prior: Gamma | None, shared: bool, given: float | None) -> tuple:
    """The numbers of the clouds and, of the degrees of freedom, prior, whether they are one number, and what is given.

    Nothing given is zero.
    """
    shape, rate = np.ones(2) if prior is None else np.array([prior.shape, prior.rate], dtype=float)
    return clouds, shape, rate, shared, given or 0.0


@nb.njit(**COMPILED)
def _n_free(numbers, n_components):
    """How many degrees of freedom are free."""
    _, _, _, shared, given = numbers
    if given > 0.0:
        return 0
    return 1 if shared else n_components


@nb.njit(**COMPILED)
def with_masses(problem):
    """The problem, with room for a mass behind the columns of every row."""
    columns = problem[0]
    n_features, n_rows = columns.shape
    wider = np.ones((n_features + 1, n_rows))
    for j in range(n_features):
        for i in range(n_rows):
            wider[j, i] = columns[j, i]
    return (wider, *problem[1:])


@nb.njit(**COMPILED)
def _sum_of_logs(squares, dof):
    """``sum log(1 + d^2 / nu)``."""
    scale, total = 1.0 / dof, 0.0
    for n in range(squares.shape[0]):
        total += log1p_of_nonnegative(scale * squares[n])
    return total


@nb.njit(**APART)
def _log_density_of_dof(log_dof, known):
    """Log density of the logarithm of degrees of freedom, given the squared distances of their rows."""
    squares, n_features, shape, rate = known
    dof = math.exp(log_dof)
    front, _, _ = log_front(dof, n_features)
    power = 0.5 * (dof + n_features)
    return shape * log_dof - rate * dof + squares.shape[0] * front - power * _sum_of_logs(squares, dof)


@nb.njit(**COMPILED)
def _draw_dof(rng, dof, squares, n_features, shape, rate):
    if squares.shape[0] == 0:
        return rng.standard_gamma(shape) / rate
    return math.exp(
        slice_step(by_type(_log_density_of_dof), rng, math.log(dof), _WIDTH, (squares, n_features, shape, rate))
    )


@nb.njit(**COMPILED)
def _by_component(labels, values, n_components):
    """The values of one component's rows after those of another's, and where each begins (K + 1,)."""
    begins, ordered = np.zeros(n_components + 1, np.int64), np.empty(values.shape[0])
    for i in range(labels.shape[0]):
        begins[labels[i] + 1] += 1
    for k in range(n_components):
        begins[k + 1] += begins[k]
    places = begins.copy()
    for i in range(labels.shape[0]):
        ordered[places[labels[i]]] = values[i]
        places[labels[i]] += 1
    return ordered, begins


@nb.njit(**COMPILED)
def draw_dof_and_masses(rng, labels, masses, form, numbers, state):
    """Overwrite ``masses`` (N,), which hold squared distances, and degrees of freedom in form and state."""
    offsets, means, _, dof = form
    _, shape, rate, _, _ = numbers
    n_components, n_features = means.shape[1:]
    n_free = _n_free(numbers, n_components)
    if n_free > 0:
        ordered, begins = _by_component(labels, masses, n_components)
        for g in range(n_free):
            until = begins[g + 1] if n_free == n_components else labels.shape[0]
            drawn = _draw_dof(rng, dof[0, g], ordered[begins[g] : until], n_features, shape, rate)
            state[state.shape[0] - n_free + g] = drawn
            for k in range(g, g + 1 if n_free == n_components else n_components):
                offsets[0, k] += log_front(drawn, n_features)[0] - log_front(dof[0, k], n_features)[0]
                dof[0, k] = drawn
    for i in range(labels.shape[0]):
        known = dof[0, labels[i]]
        masses[i] = rng.standard_gamma(0.5 * (known + n_features)) / (0.5 * (known + masses[i]))


@nb.njit(**INNER)
def draw_of(draw_clouds, rng, weights, counts, sums, form, numbers, state):
    """Locations and scale matrices given the masses, and the form with the degrees of freedom as they are."""
    end = state.shape[0] - _n_free(numbers, counts.shape[0])
    return _with_dof(draw_clouds(rng, weights, counts, sums, form, numbers[0], state[:end]), numbers, state)


@nb.njit(**COMPILED)
def _with_dof(form, numbers, state):
    """The form of clouds with the degrees of freedom of a state."""
    offsets, means, whiteners = form
    n_components, n_features = means.shape[1:]
    n_free, given = _n_free(numbers, n_components), numbers[4]
    end, dof = state.shape[0] - n_free, np.empty((1, n_components))
    for k in range(n_components):
        dof[0, k] = state[end + (k if n_free == n_components else 0)] if n_free > 0 else given
        offsets[0, k] += log_front(dof[0, k], n_features)[0]
    return offsets, means, whiteners, dof


@nb.njit(**INNER)
def form_of(form_of_clouds, weights, numbers, state):
    """See :mod:`bayesmix.families.telescoping`."""
    end = state.shape[0] - _n_free(numbers, weights.shape[0])
    return _with_dof(form_of_clouds(weights, numbers[0], state[:end]), numbers, state)


@nb.njit(**COMPILED)
def give_birth(rng, numbers, state, n_components, n_old):
    """See :mod:`bayesmix.families.telescoping`: degrees of freedom of its own, if it has some."""
    _, shape, rate, shared, given = numbers
    if shared or given > 0.0:
        return
    for k in range(n_old - n_components, 0):
        state[state.shape[0] + k] = rng.standard_gamma(shape) / rate


@nb.njit(**COMPILED)
def begin_masses(known, form, k):
    """Of :func:`log_density_of_mass`: what the component's degrees of freedom make of it."""
    half = 0.5 * form[3][0, k]
    known[0], known[1] = half, half * math.log(half) - math.lgamma(half)


@nb.njit(**COMPILED)
def log_density_of_mass(known, mass):
    """But for ``-log u``, which is the same in all components."""
    return known[1] + known[0] * (math.log(mass) - mass)
