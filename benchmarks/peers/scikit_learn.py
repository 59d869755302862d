"""scikit-learn: ``sklearn.mixture.GaussianMixture``.

Configuration: double precision, one BLAS and OpenMP thread as on bayesmix's side. An iteration is measured from given
weights, means and precisions with ``tol=0``, and with ``reg_covar=0`` so that both climb the same likelihood. A whole
fit (``reg_covar`` as it comes: without it scikit-learn refuses its own k-means++ starts) is shown twice: as it comes
(k-means starts, ``tol=1e-3``, at most 100 iterations), and with bayesmix's own settings (k-means++ starts,
``tol=1e-8``, at most 1000); both stop when an iteration gains less than ``tol`` in mean log-likelihood a row.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from benchmarks.problems import Problem
from benchmarks.timing import processor_seconds

NAME = "scikit-learn"
AS_IT_COMES: dict = {}
SAME_STOP: dict = {"init_params": "k-means++", "tol": 1e-8, "max_iter": 1000}


def _precisions(covariances: np.ndarray, covariance: str) -> np.ndarray:
    whole = np.linalg.inv(covariances)
    if covariance == "full":
        return whole
    if covariance == "tied":
        return whole[0]
    diagonals = np.diagonal(whole, axis1=1, axis2=2)
    return diagonals.copy() if covariance == "diag" else diagonals.mean(axis=1)


def iterate(problem: Problem, covariance: str, n_iterations: int) -> tuple[float, float]:
    """Seconds of a fit of so many iterations from the problem's start, and its final log-likelihood."""
    model = GaussianMixture(
        problem.n_components,
        covariance_type=covariance,
        weights_init=problem.weights,
        means_init=problem.means,
        precisions_init=_precisions(problem.covariances, covariance),
        max_iter=n_iterations,
        tol=0.0,
        reg_covar=0.0,
    )
    return _fitted(model, problem.X)


def fit(problem: Problem, seed: int, settings: dict) -> tuple[float, GaussianMixture]:
    """Seconds of a fit from ten random starts, and the fitted model."""
    model = GaussianMixture(problem.n_components, n_init=10, random_state=seed, **settings)
    seconds, _ = _fitted(model, problem.X)
    return seconds, model


def _fitted(model: GaussianMixture, X: np.ndarray) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of iterations is meant
        began = processor_seconds()
        model.fit(X)
        seconds = processor_seconds() - began
    return seconds, float(model.lower_bound_) * len(X)
