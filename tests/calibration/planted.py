"""Errors planted in the fit, which the calibration must catch: each is a Mixture that is wrong in one place.

With them stands the same Mixture without an error, which it must let pass.
"""

from dataclasses import fields, replace

import numpy as np

import bayesmix as bm
from bayesmix import Mixture
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.problem import Problem


def wrong_scale(mixture: Mixture) -> Mixture:
    """Standard deviations believed to be twice as large as those that the truth is drawn from."""
    parts = mixture.priors.parts
    if "components" in parts:
        scale = (4 * np.asarray(parts["components"].scale)).tolist()
        return replace(mixture, priors=parts | {"components": replace(parts["components"], scale=scale)})
    doubled = (np.asarray(parts["scales"].log_mean) + np.log(2)).tolist()
    return replace(mixture, priors=parts | {"scales": bm.priors.LogNormal(doubled, parts["scales"].log_sd)})


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
    def _problem(self, X):
        right = super()._problem(X)
        return _BareProblem(right.rows, right.family, right.n_components, right.priors)


class _BareProblem(Problem):
    def closed_form(self):
        return _Bare(super().closed_form())


class _Bare:
    """A density whose ``logp_grad`` is that of the constrained variables."""

    def __init__(self, density: ClosedFormDensity):
        self._density = density

    def __getattr__(self, name):
        return getattr(self._density, name)

    def logp_grad(self, q):
        return self._density.map_logp_grad(q)


class _Narrow(Mixture):
    def _fit(self, method, engine, *rest):
        kind = type("Narrow", (_Narrowed, type(engine)), {})
        settings = {field.name: getattr(engine, field.name) for field in fields(engine)}
        return super()._fit(method, kind(**settings), *rest)


class _Narrowed:
    """An engine whose draws are too close together; it stands before the right one."""

    def run(self, problem, start):
        return narrowed(super().run)(problem, start)  # pyright: ignore[reportAttributeAccessIssue]


def narrowed(run):
    """Of an engine's way to draws, one to draws that are too close together."""

    def too_close(*arguments):
        draws = run(*arguments)
        mean = draws.unconstrained.mean(axis=(0, 1))
        return replace(draws, unconstrained=mean + 0.8 * (draws.unconstrained - mean))

    return too_close
