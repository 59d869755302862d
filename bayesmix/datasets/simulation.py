"""Rows drawn from a Gaussian mixture whose parameters are handed out with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.data import check_n_components
from bayesmix.seeds import generator_of
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    import pandas as pd

COVARIANCES = ("full", "tied", "diag", "spherical")
LAYOUTS = 100  # random layouts of the means, of which the most even one is taken


@dataclass(frozen=True, eq=False)
class Simulation:
    """Simulated rows and the truth behind them.

    Attributes
    ----------
    X : pandas.DataFrame
        N rows; columns "x0", "x1", ...
    labels : ndarray of shape (N,)
        The component each row was drawn from.
    weights : ndarray of shape (K,)
    means : ndarray of shape (K, D)
    covariances : ndarray of shape (K, D, D)
        Whole matrices, whatever their kind.
    """

    X: pd.DataFrame
    labels: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


@named_arguments
def simulate(
    n_rows: int,
    n_features: int,
    n_components: int,
    *,
    separation: float = 5.0,
    covariance: str = "full",
    weights: Sequence[float] | np.ndarray | None = None,
    random_seed: Any = None,
) -> Simulation:
    """Draw rows from a random Gaussian mixture.

    Each row i belongs to component z_i ~ Categorical(weights), and x_i | z_i = k is normal with
    means[k] and covariances[k].

    Parameters
    ----------
    n_rows, n_features, n_components : int
        N, D and K.
    separation : float
        Distance between the two closest means. The average variance of a component lies between 1/2
        and 2 ("tied": it is 1), so the unit is about one standard deviation: at 5 groups are plain
        to see, at 2 they overlap heavily.
    covariance : {"full", "tied", "diag", "spherical"}
        Random matrices, one per component ("full") or one for all ("tied"); random variances per
        column ("diag"); one random variance per component ("spherical").
    weights : sequence of K floats, optional
        Probabilities of the components; equal by default.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        The same integer gives the same bits.

    Returns
    -------
    Simulation

    Raises
    ------
    TypeError
        If n_components is not an integer.
    ValueError
        If a size is less than 1, the separation is negative, the covariance is unknown, or the
        weights are not K probabilities that sum to one.

    Examples
    --------
    >>> from bayesmix.datasets import simulate
    >>> simulated = simulate(100, 2, 3, random_seed=1)
    >>> simulated.X.shape, simulated.means.shape, simulated.covariances.shape
    ((100, 2), (3, 2), (3, 2, 2))
    """
    import pandas as pd

    K = check_n_components(n_components)
    for name, size in {"n_rows": n_rows, "n_features": n_features}.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1; got {size!r}.")
    if not 0 <= separation < np.inf:
        raise ValueError(f"separation must be a distance, 0 or more; got {separation!r}.")
    if covariance not in COVARIANCES:
        raise ValueError(f"covariance must be one of {', '.join(COVARIANCES)}; got {covariance!r}.")
    weights = _check_weights(weights, K)

    rng = generator_of(random_seed)
    means = separation * _spread_means(K, n_features, rng)
    covariances = _draw_covariances(covariance, K, n_features, rng)
    labels = rng.choice(K, size=n_rows, p=weights)
    factors = np.linalg.cholesky(covariances)
    X = rng.standard_normal((n_rows, n_features))
    for k in range(K):
        X[labels == k] = means[k] + X[labels == k] @ factors[k].T
    columns = [f"x{j}" for j in range(n_features)]
    return Simulation(pd.DataFrame(X, columns=columns), labels, weights, means, covariances)


def _check_weights(weights: Sequence[float] | np.ndarray | None, K: int) -> np.ndarray:
    if weights is None:
        return np.full(K, 1 / K)
    given = np.array(weights, dtype=np.float64)
    if given.shape != (K,) or not (given >= 0).all() or abs(given.sum() - 1) > 1e-9:
        raise ValueError(
            f"weights must be {K} probabilities, one per component, that sum to one; got "
            f"{weights!r}. Divide them by their sum, or leave them out for equal weights."
        )
    return given / given.sum()


def _spread_means(K: int, D: int, rng: np.random.Generator) -> np.ndarray:
    """Return K points around zero, the closest two of them at distance 1, not spread much wider."""
    if K == 1:
        return np.zeros((1, D))
    first, second = np.triu_indices(K, 1)

    def closest(points: np.ndarray) -> float:
        return np.linalg.norm(points[first] - points[second], axis=1).min()

    layouts = [points / points.std() for points in rng.standard_normal((LAYOUTS, K, D))]
    best = max(layouts, key=closest)
    return (best - best.mean(axis=0)) / closest(best)


def _draw_covariances(covariance: str, K: int, D: int, rng: np.random.Generator) -> np.ndarray:
    """Return (K, D, D) positive definite matrices: a random shape of trace D times a size."""
    if covariance == "spherical":
        shapes = np.broadcast_to(np.eye(D), (K, D, D))
    elif covariance == "diag":
        shapes = np.exp2(rng.uniform(-1, 1, size=(K, 1, D))) * np.eye(D)
    else:
        # Wishart matrices with D + 4 degrees of freedom: clearly correlated, seldom near singular.
        normal = rng.standard_normal((K, D, D + 4))
        shapes = normal @ normal.swapaxes(1, 2)
    shapes = shapes * (D / np.trace(shapes, axis1=1, axis2=2)[:, None, None])
    if covariance == "tied":
        return np.repeat(shapes[:1], K, axis=0)
    return np.exp2(rng.uniform(-1, 1, size=(K, 1, 1))) * shapes
