"""Pointwise log-likelihood of 4000 posterior draws, in one thread: what LOO and WAIC need.

bayesmix: ``family.log_mixture``. Beside it, the obvious way in NumPy and SciPy (a loop over draws and components,
``scipy.stats``' density by triangular solves, ``logsumexp``), timed on 40 draws and multiplied by 100.
"""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

import bayesmix as bm
from benchmarks.asked import MANY_UNKNOWNS, spread, verdict
from benchmarks.problems import problem
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import alternate, processor_seconds

TITLE = "Pointwise log-likelihood"
DRAWS, FEW = 4000, 40
SAME = 1e-9


def draws() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Parameters that vary a little from draw to draw."""
    given = problem(MANY_UNKNOWNS)
    rng = np.random.default_rng(2)
    means = given.means + 0.02 * rng.standard_normal((DRAWS, *given.means.shape))
    scale = np.exp(0.02 * rng.standard_normal((DRAWS, given.n_components, 1, 1)))
    return np.broadcast_to(given.weights, (DRAWS, given.n_components)), {
        "means": means,
        "covariances": given.covariances * scale,
    }


def written_out(X: np.ndarray, weights, params) -> np.ndarray:
    """The obvious way."""
    n_features = X.shape[1]
    out = np.empty((len(weights), len(X)))
    for s, (w, m, c) in enumerate(zip(weights, params["means"], params["covariances"], strict=True)):
        factors = np.linalg.cholesky(c)
        joint = np.empty((len(w), len(X)))
        for k, factor in enumerate(factors):
            y = solve_triangular(factor, (X - m[k]).T, lower=True, check_finite=False)
            constant = np.log(w[k]) - np.log(np.diag(factor)).sum() - 0.5 * n_features * np.log(2 * np.pi)
            joint[k] = constant - 0.5 * (y**2).sum(axis=0)
        out[s] = logsumexp(joint, axis=0)
    return out


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    X, (weights, params) = problem(MANY_UNKNOWNS).X, draws()
    few = {name: values[:FEW] for name, values in params.items()}
    family = bm.Gaussian("full")
    if not np.allclose(family.log_mixture(weights[:FEW], few, X), written_out(X, weights[:FEW], few), rtol=SAME):
        raise RuntimeError("the two sides do not compute the same thing")

    def ours() -> float:
        began = processor_seconds()
        family.log_mixture(weights, params, X)
        return processor_seconds() - began

    def obvious() -> float:
        began = processor_seconds()
        written_out(X, weights[:FEW], few)
        return (processor_seconds() - began) * DRAWS / FEW

    taken = alternate({"bayesmix": ours, "NumPy": obvious}, 2 if quick else 5, warm=False)
    asked = verdict("pointwise log-likelihood, 4000 draws", MANY_UNKNOWNS, "", taken.seconds["bayesmix"])
    times = seconds_text(taken.median("bayesmix")), seconds_text(taken.median("NumPy"))
    row = (size_text(MANY_UNKNOWNS), *times, spread(taken.ratios("NumPy")), asked)
    return [Table(("(N, D, K)", "bayesmix", "NumPy and SciPy", "ratio (range)", "asked"), [row])]
