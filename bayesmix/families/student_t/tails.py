r"""What the degrees of freedom do to a component's log density, apart from its rows.

Next to a normal component with the same location and scale, a Student-t component has
:math:`\log \Gamma(a + D/2) - \log \Gamma(a) - (D/2) \log a` in front, with :math:`a = \nu / 2`. The difference of two
large logarithms is never formed: for even D the ratio of gamma functions is a product of :math:`D/2` factors, for odd D
one half step is left, which Stirling's series gives. So the limit of a normal component is reached without cancelling.
"""

import math

import numba as nb
import numpy as np

from bayesmix.passes.blocks import COMPILED

_SERIES_FROM = 10.0  # where the first term left out is 1e-14


@nb.njit(**COMPILED)
def _half_step(a):
    """``log Gamma(a + 1/2) - log Gamma(a) - log(a) / 2`` with its first two derivatives.

    From ten on by Stirling's series, whose terms are ``(2^(1 - 2k) - 2) B_2k / (2k (2k - 1) x^(2k - 1))``; below, by as
    many steps of one up to there.
    """
    value, slope, curvature = 0.0, 0.0, 0.0
    x = a
    while x < _SERIES_FROM:
        up = x + 0.5
        value -= math.log1p(0.5 / x)
        slope += 0.5 / (x * up)
        curvature -= 0.5 * (x + up) / (x * x * up * up)
        x += 1.0
    value += 0.5 * math.log(x / a)
    slope += 0.5 / x - 0.5 / a
    curvature += 0.5 / (a * a) - 0.5 / (x * x)
    t = 1.0 / (x * x)
    value += (((((691 / 180224 * t - 31 / 18432) * t + 17 / 14336) * t - 1 / 640) * t + 1 / 192) * t - 1 / 8) / x
    slope -= (((((7601 / 180224 * t - 279 / 18432) * t + 119 / 14336) * t - 5 / 640) * t + 3 / 192) * t - 1 / 8) * t
    curvature += (
        (((((91212 / 180224 * t - 2790 / 18432) * t + 952 / 14336) * t - 30 / 640) * t + 12 / 192) * t - 1 / 4) * t / x
    )
    return value, slope, curvature


@nb.njit(**COMPILED)
def log_front(dof, n_features):
    """What stands in front of the density next to a normal one, with its first two derivatives in ``dof``."""
    a = 0.5 * dof
    value, slope, curvature = 0.0, 0.0, 0.0
    step = 0.0
    if n_features % 2 == 1:
        value, slope, curvature = _half_step(a)
        step = 0.5
    for _ in range(n_features // 2):
        up = a + step
        value += math.log1p(step / a)
        slope -= step / (a * up)
        curvature += step * (a + up) / (a * a * up * up)
        step += 1.0
    return value, 0.5 * slope, 0.25 * curvature


@nb.njit(**COMPILED)
def dof_slope(dof, n_features, count, tail):
    """Slope of the log-likelihood in one component's degrees of freedom, by Fisher's identity.

    ``d/d nu log f = front' + (D/nu - log(1 + D/nu) + log u - u + 1) / 2``.
    """
    excess = n_features / dof
    _, slope, _ = log_front(dof, n_features)
    return count * (slope + 0.5 * (excess - math.log1p(excess))) + 0.5 * tail


@nb.njit(**COMPILED)
def dof_curvature(dof, n_features, count, spread):
    """The second derivative of the same, given which rows belong to the component.

    ``d2/d nu2 log f = front'' + ((u - 1)^2 - (D/nu)^2) / (2 (nu + D))``.
    """
    excess = n_features / dof
    _, _, curvature = log_front(dof, n_features)
    return count * curvature + 0.5 * (spread - count * excess * excess) / (dof + n_features)


@nb.njit(**COMPILED)
def log_fronts(dof, n_features):
    """What stands in front next to a normal density, for each entry of ``dof`` (M,)."""
    out = np.empty_like(dof)
    for m in range(dof.size):
        out[m] = log_front(dof[m], n_features)[0]
    return out
