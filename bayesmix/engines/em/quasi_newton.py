"""For priors without a closed M-step: climb the penalised likelihood itself, by quasi-Newton steps.

By Fisher's identity the slope of an M-step's objective, where the step begins, is the slope of the penalised likelihood
there: the pass over the rows that EM makes gives height and slope together. Without a closed M-step EM would spend many
evaluations on the top of each such objective, and where groups overlap its own pace is slow besides. L-BFGS turns the
same passes into steps towards the optimum.

References
----------
Jamshidian, M. and Jennrich, R. I. (1997). Acceleration of the EM algorithm by using quasi-Newton methods. Journal of
the Royal Statistical Society B 59, 569-587. https://doi.org/10.1111/1467-9868.00083
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from bayesmix.engines.em.loop import Climb
from bayesmix.engines.em.status import Status
from bayesmix.families import Family
from bayesmix.families.parts import Point
from bayesmix.families.protocol import one_pass
from bayesmix.problem import Problem
from bayesmix.progress import turns

_CLIFF = 1e6  # nats per row below the start, for points where the density is not finite


class Surface(Protocol):
    """What this climb needs of a density (see :class:`bayesmix.density.Density`)."""

    def map_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood of all rows plus log prior, in the units of the data, and the gradient."""
        ...

    def ml_logp_grad(self, q: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood of all rows alone, and its gradient."""
        ...

    def constrain(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """Named values of a flat vector."""
        ...

    def start(self, values: Any) -> np.ndarray:
        """The flat vector of named values, whatever unknowns the priors have of their own."""
        ...


@dataclass(frozen=True, eq=False)
class QuasiNewton:
    """L-BFGS on the penalised likelihood, or the likelihood alone, in the density's own coordinates."""

    surface: Surface
    problem: Problem
    penalised: bool = True

    @property
    def _height(self) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        return self.surface.map_logp_grad if self.penalised else self.surface.ml_logp_grad

    @property
    def family(self) -> Family:
        """What a component is."""
        return self.problem.family

    @property
    def n_rows(self) -> float:
        """How many rows they count as."""
        return self.problem.rows.total

    def climb(self, start: Point, tol: float, max_iter: int) -> Climb:
        """See :class:`~bayesmix.engines.em.loop.Ascent`. A step that finds nothing higher ends it, whatever ``tol``."""
        standardised = self.problem.standardised
        n_rows, shift = self.n_rows, standardised.log_likelihood_shift
        point, status = start, Status.MAX_ITER
        q = self._vector(start)
        bottom = self._height(q)[0]
        history = [bottom]
        turn = turns("iteration")

        def fall(q):
            """Per row, so that its scale and the first step's do not grow with the data."""
            value, slope = self._height(q)
            return ((bottom - value) / n_rows, -slope / n_rows) if np.isfinite(value) else (_CLIFF, np.zeros_like(q))

        def after_step(intermediate_result: OptimizeResult):
            turn(len(history))
            history.append(bottom - n_rows * intermediate_result.fun)
            if history[-1] - history[-2] < tol * n_rows:
                raise StopIteration

        if not np.isfinite(bottom):
            status = Status.DEGENERATE
        elif max_iter > 0:
            # our own rule ends the climb: SciPy's would measure a gain against the size of the whole fall
            limits = {"maxiter": max_iter, "maxfun": np.inf, "ftol": 0.0, "gtol": 0.0}
            found = minimize(fall, q, jac=True, method="L-BFGS-B", callback=after_step, options=limits)
            named = self.surface.constrain(found.x)
            point = Point(named["weights"], standardised.to_state(named))
            if found.nit < max_iter or history[-1] - history[-2] < tol * n_rows:
                status = Status.CONVERGED
        statistics = one_pass(self.family, point, self.problem.blocks)
        log_prior = history[-1] - shift - statistics.log_likelihood if self.penalised else 0.0
        return Climb(point, statistics, log_prior, status, np.array(history) - shift, len(history) - 1)

    def _vector(self, point: Point) -> np.ndarray:
        params = self.problem.standardised.to_params(point.state)
        return self.surface.start({"weights": point.weights, **self.family.complete(params)})
