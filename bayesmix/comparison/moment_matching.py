r"""Moment matching: draws of the posterior with a row are moved to where they would be without it.

Weights that leave a row out have a heavy tail where few of the draws lie where the posterior without the row does. An
affine map of the draws, in the unconstrained coordinates of the density, gives them the mean, the variances or the
covariance that the weighted ones have. With :math:`T` all maps together, the weights of the moved draws are

.. math:: w_s \propto \frac{p(T\theta_s \mid x)\, |T|}{p(x_i \mid T\theta_s)\; p(\theta_s \mid x)}

and a map is kept where their tail is lighter than before. These weights are good for means over the posterior without
the row, and not for the ratio of the two posteriors' constants, which is asked for: its weights are those of the
posterior *with* the row, which the moved draws have left. So half of the draws are moved and the others stay, and
weights are over the density of both halves together, which is nowhere small where either posterior is not. Maps go on
until the tail of these weights is light.

References
----------
Paananen, Piironen, Buerkner and Vehtari (2021), Implicitly adaptive importance sampling, Statistics and Computing 31,
algorithms 1 and 2; ``loo_moment_match`` of R's loo, which looks at the tail of the moved draws alone, and ends sooner.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import xarray as xr

from bayesmix.comparison.left_out import log_sum
from bayesmix.comparison.pointwise import log_densities, relative_efficiency
from bayesmix.comparison.unconstrained import problem_of, unconstrained
from bayesmix.data import Rows
from bayesmix.density import Density
from bayesmix.density.many_places import logps
from bayesmix.passes.pareto import smoothed, tail_size
from bayesmix.problem import Problem
from bayesmix.tree import concentration_varies, number_varies
from bayesmix.verdict import PARETO_GATE

_MOST_DRAWS = 4000
_MOST_MAPS = 30
# Rows times components times draws at which densities are asked for, of all rows that are to be left out together.
_MOST_NUMBERS = 5e9
_PASSES = 5  # of a row, about: one for each map that is tried, and half a one at the end
_DRAWS_FOR_COVARIANCE = 10  # for each coordinate
# Below it the variance of a mean is finite, and more maps gain nothing.
_LIGHT_TAIL = 0.5


@dataclass(frozen=True, eq=False)
class _Moved:
    """Draws where maps have brought them to, weighed for a row to be left out.

    Attributes
    ----------
    q : (S, size) array
    matrix : (size, size) array
        All maps together, around the means of the draws before and after.
    log_p : (S,) array
        Log posterior density at these places.
    log_row : (S,) array
        Log density of the row there.
    log_weights : (S,) array
        Smoothed; they sum to one.
    pareto_k : float
    """

    q: np.ndarray
    matrix: np.ndarray
    log_p: np.ndarray
    log_row: np.ndarray
    log_weights: np.ndarray
    pareto_k: float


@dataclass(frozen=True, eq=False)
class MomentMatching:
    """Draws that may be moved, and what is known of them.

    Attributes
    ----------
    problem : Problem
    density : Density
        Of its posterior.
    q : (S, size) array
    log_p : (S,) array
        Log posterior density of the draws.
    n_tail : int
        Largest weights that are smoothed.
    """

    problem: Problem
    density: Density
    q: np.ndarray
    log_p: np.ndarray
    n_tail: int

    @classmethod
    def of(cls, tree: xr.DataTree) -> Self | None:
        """For the draws of a tree; None where the density that they come from is not known at other places.

        So it is where the number of components or a concentration is unknown, under priors that only PyMC knows, and
        for approximations to the posterior.
        """
        if number_varies(tree) or concentration_varies(tree) or log_densities(tree) is not None:
            return None
        problem = problem_of(tree)
        density = None if problem is None else problem.closed_form()
        if problem is None or density is None:
            return None
        q = unconstrained(tree, problem, density)
        some = np.unique(np.linspace(0, len(q) - 1, _MOST_DRAWS).round().astype(int))
        efficiency = min(1.0, relative_efficiency(tree) * len(q) / len(some))
        return cls(problem, density, q[some], _log_posterior(density, q[some]), tail_size(len(some), efficiency))

    @property
    def most_rows(self) -> int:
        """How many rows this is worth while for: beyond, a table would wait for it for minutes."""
        numbers = self.problem.rows.n_rows * self.problem.n_components * len(self.q)
        return int(_MOST_NUMBERS / (_PASSES * numbers))

    def left_out(self, row: int, pareto_k: float) -> tuple[float, float] | None:
        """``log p(x_i | x_-i)`` of a row, and the Pareto k of its weights; None where no map makes that low enough.

        Parameters
        ----------
        row : int
            Its position; that of a subject where rows belong together.
        pareto_k : float
            Of the weights of the draws as they are.
        """
        rows = self.problem.rows
        x = rows.chosen(rows.of_subjects(np.array([row])))
        here = self._weighed(x, self.q, np.eye(self.q.shape[1]), self.log_p)
        moved, found = replace(here, pareto_k=pareto_k), []
        for _ in range(_MOST_MAPS):
            moved = self._moved(x, moved)
            if moved is None:
                break
            found.append(self._by_halves(here, moved))
            if found[-1][1] <= _LIGHT_TAIL:
                break
        value, k = min(found, key=lambda one: one[1], default=(np.nan, np.inf))
        return (value, k) if k <= PARETO_GATE else None

    def _moved(self, x: Rows, at: _Moved) -> _Moved | None:
        """The draws by the first map, of means, variances or covariances, that makes the tail lighter."""
        weights = np.exp(at.log_weights)
        centre, goal = at.q.mean(axis=0), weights @ at.q
        for matrix_of in (_of_means, _of_variances, _of_covariances):
            matrix = matrix_of(at.q - centre, at.q - goal, weights)
            if matrix is None:
                continue
            q = goal + (at.q - centre) @ matrix.T
            found = self._weighed(x, q, matrix @ at.matrix, _log_posterior(self.density, q))
            if found.pareto_k < at.pareto_k:
                return found
        return None

    def _weighed(self, x: Rows, q: np.ndarray, matrix: np.ndarray, log_p: np.ndarray) -> _Moved:
        log_row = self._log_row(x, q)
        log_ratios = log_p + _log_determinant(matrix) - log_row - self.log_p
        return _Moved(q, matrix, log_p, log_row, *self._smoothed(log_ratios))

    def _by_halves(self, here: _Moved, moved: _Moved) -> tuple[float, float]:
        """The value and the Pareto k where every other draw is moved, and the others stay."""
        move = np.arange(len(self.q)) % 2 == 0
        goal, centre = moved.q.mean(axis=0), self.q.mean(axis=0)
        back = np.linalg.solve(moved.matrix, (self.q[~move] - goal).T).T + centre
        log_p, log_row = np.where(move, moved.log_p, here.log_p), np.where(move, moved.log_row, here.log_row)
        # density of the draws that are moved, at all places
        log_of_moved = self.log_p.copy()
        log_of_moved[~move] = _log_posterior(self.density, back)
        log_of_moved -= _log_determinant(moved.matrix)
        log_weights, k = self._smoothed(log_p - log_row - np.logaddexp(log_p, log_of_moved))
        return log_sum(log_weights + log_row), k

    def _smoothed(self, log_ratios: np.ndarray) -> tuple[np.ndarray, float]:
        return smoothed(np.where(np.isnan(log_ratios), -np.inf, log_ratios), self.n_tail)

    def _log_row(self, x: Rows, q: np.ndarray) -> np.ndarray:
        """Log density of a row, times its weight, at every place."""
        named = self.density.constrain(q)
        family = self.problem.family
        params = {spec.name: named[spec.name] for spec in family.parameters}
        return x.weighed(family.log_mixture(named["weights"], params, x.entries, beforehand=x.beforehand))[:, 0]


def _log_posterior(density: Density, q: np.ndarray) -> np.ndarray:
    """At every place; minus infinity where it is no number."""
    found = logps(density, q)
    return np.where(np.isfinite(found), found, -np.inf)


def _log_determinant(matrix: np.ndarray) -> float:
    return float(np.linalg.slogdet(matrix)[1])


# The matrix by which draws, less their mean, come to have moments of the weighted ones; None where it is not to be had.


def _of_means(about_mean: np.ndarray, about_goal: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.eye(about_mean.shape[1])


def _of_variances(about_mean: np.ndarray, about_goal: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    now, wanted = np.mean(about_mean**2, axis=0), weights @ about_goal**2
    return np.diag(np.sqrt(wanted / now)) if (now > 0).all() and (wanted > 0).all() else None


def _of_covariances(about_mean: np.ndarray, about_goal: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    n_draws, size = about_mean.shape
    if n_draws < _DRAWS_FOR_COVARIANCE * size:
        return None
    now = about_mean.T @ about_mean / (n_draws - 1)
    wanted = (about_goal * weights[:, None]).T @ about_goal / (1 - weights @ weights)
    try:
        return np.linalg.cholesky(wanted) @ np.linalg.inv(np.linalg.cholesky(now))
    except np.linalg.LinAlgError:  # few draws have all the weight
        return None
