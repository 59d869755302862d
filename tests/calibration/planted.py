"""Errors planted in the fit, which the calibration must catch: each is a Mixture that is wrong in one place.

With them stands the same Mixture without an error, which it must let pass.
"""

from dataclasses import replace

import numpy as np

import bayesmix as bm
from bayesmix import Mixture
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.priors.sets import ConjugatePriors


def wrong_scale(mixture: Mixture) -> Mixture:
    """Standard deviations believed to be twice as large as those that the truth is drawn from."""
    priors = mixture.priors
    if isinstance(priors, ConjugatePriors):
        scale = (4 * np.asarray(priors.components.scale)).tolist()
        return replace(mixture, priors=replace(priors, components=replace(priors.components, scale=scale)))
    doubled = (np.asarray(priors.scales.log_mean) + np.log(2)).tolist()
    return replace(mixture, priors=replace(priors, scales=bm.priors.LogNormal(doubled, priors.scales.log_sd)))


def no_jacobian(mixture: Mixture) -> Mixture:
    """The density of the free variables, sampled as if it were that of the unconstrained ones."""
    return _WithoutJacobian(mixture.n_components, mixture.family, priors=mixture.priors)


def narrow(mixture: Mixture) -> Mixture:
    """Draws that are too close together: four fifths of the distance from their mean."""
    return _Narrow(mixture.n_components, mixture.family, priors=mixture.priors)


def as_it_is(mixture: Mixture) -> Mixture:
    """No error."""
    return mixture


NOTHING = "nothing planted"
ERRORS = {
    "standard deviations doubled in the prior": wrong_scale,
    "the Jacobian dropped": no_jacobian,
    "draws at four fifths of their distance from the mean": narrow,
}
PLANTED = {NOTHING: as_it_is, **ERRORS}


class _WithoutJacobian(Mixture):
    def _density(self, rows):
        return _Bare(super()._density(rows))


class _Bare:
    """A density whose ``logp_grad`` is that of the constrained variables."""

    def __init__(self, density: ClosedFormDensity):
        self._density = density

    def __getattr__(self, name):
        return getattr(self._density, name)

    def logp_grad(self, q):
        return self._density.map_logp_grad(q)


class _Narrow(Mixture):
    def _tree(self, draws, *rest):
        q = draws.unconstrained
        mean = q.mean(axis=(0, 1))
        return super()._tree(replace(draws, unconstrained=mean + 0.8 * (q - mean)), *rest)
