"""What a fit of the panel should say, found by other means: SciPy, extended precision, formulas of conjugate priors."""

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import minimize

from bayesmix.engines.em import EMResult
from tests.exact.conjugate import Groups, prior_of
from tests.problems import problem_of
from tests.stress.cases import Case

EXTENDED = np.longdouble
EPS = float(np.finfo(float).eps)


def spread_of(rows: np.ndarray) -> np.ndarray:
    """The sample covariance, or its diagonal where there are no more rows than columns."""
    n_rows, n_features = rows.shape
    if n_rows == 1:
        return np.eye(n_features)
    scale = rows.std(axis=0, ddof=1)
    correlation = np.eye(n_features) if n_rows <= n_features else np.corrcoef(rows.T).reshape(n_features, n_features)
    return correlation * np.outer(scale, scale)


def posterior_of_groups(case: Case) -> list[Groups]:
    """The posterior of every component under the default prior, given which rows belong to it."""
    covariance, rows = case.mixture.family.covariance, np.asarray(case.X, dtype=float)
    n_features, n_components = rows.shape[1], len(case.groups)
    spread = spread_of(rows) / n_components ** (2 / n_features)
    scale = spread if covariance == "full" else np.diag(spread)
    prior = prior_of(covariance, n_components, rows.mean(axis=0), 0.01, n_features + 2, scale)
    return [one.given([rows[case.labels == k]]) for k, one in zip(range(n_components), prior, strict=True)]


def mode_of_groups(case: Case) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Weights, means and covariances at the joint mode, in the order of ``case.groups``."""
    posterior, n_features = posterior_of_groups(case), np.shape(case.X)[1]
    # the mean's normal density has one more |Sigma|^(-1/2), besides the D + 1 of the inverse-Wishart (2 of the gamma's)
    surplus = n_features + 2 if case.mixture.family.covariance == "full" else 3
    covariances = [one.matrix(one.scale / (one.dof + surplus)) for one in posterior]
    return np.array(case.groups) / sum(case.groups), np.array([one.means[0] for one in posterior]), covariances


def distance_from_mode(case: Case, em: EMResult) -> float:
    """Largest difference of the estimate from the mode: weights, and the rest in the components' own deviations."""
    weights, means, covariances = mode_of_groups(case)
    order = matched(em.labels, case.labels, len(case.groups))
    found = em.family.covariance_matrices(em.params)[order]
    apart = [np.abs(em.weights[order] - weights).max()]
    for mean, wanted, matrix, right in zip(em.params["means"][order], means, found, covariances, strict=True):
        deviations = np.sqrt(np.diag(right))
        apart.append(np.abs((mean - wanted) / deviations).max())
        apart.append(np.abs((matrix - right) / np.outer(deviations, deviations)).max())
    return float(max(apart))


def matched(found: np.ndarray, labels: np.ndarray, n_components: int) -> np.ndarray:
    """The component in which most rows of each group are."""
    return np.array([np.bincount(found[labels == k], minlength=n_components).argmax() for k in range(n_components)])


def rows_misplaced(case: Case, em: EMResult) -> int:
    """Rows that are not in the component of their group."""
    order = matched(em.labels, case.labels, len(case.groups))
    return int((em.labels != order[case.labels]).sum()) + len(order) - len(set(order.tolist()))


def extended_log_joint(em: EMResult) -> np.ndarray:
    """``log w_k + log N(x_i | mean_k, Sigma_k)`` (N, K), by the correlations' Cholesky factor in extended precision."""
    rows = np.asarray(em.rows.values, EXTENDED)
    columns = []
    for weight, mean, matrix in zip(
        em.weights, em.params["means"], em.family.covariance_matrices(em.params), strict=True
    ):
        deviations = np.sqrt(np.diag(matrix).astype(EXTENDED))
        factor = cholesky(np.asarray(matrix, EXTENDED) / deviations[:, None] / deviations)
        z, y = ((rows - np.asarray(mean, EXTENDED)) / deviations).T, np.empty(rows.T.shape, EXTENDED)
        for i in range(len(z)):
            y[i] = (z[i] - factor[i, :i] @ y[:i]) / factor[i, i]
        volume = np.log(deviations).sum() + np.log(np.diag(factor)).sum()
        constant = EXTENDED(len(z)) * np.log(2 * np.arccos(EXTENDED(-1))) / 2
        columns.append(np.log(EXTENDED(weight)) - constant - volume - (y**2).sum(axis=0) / 2)
    return np.stack(columns, axis=1)


def cholesky(matrix: np.ndarray) -> np.ndarray:
    """Lower factor in the precision of the matrix."""
    factor = np.zeros_like(matrix)
    for i in range(len(matrix)):
        for j in range(i + 1):
            rest = matrix[i, j] - factor[i, :j] @ factor[j, :j]
            factor[i, j] = np.sqrt(rest) if i == j else rest / factor[j, j]
    return factor


def errors_of_densities(em: EMResult) -> tuple[float, float]:
    """Of responsibilities, and of the log-likelihood relative to one plus its size, next to extended precision."""
    joint = extended_log_joint(em)
    top = joint.max(axis=1, keepdims=True)
    log_density = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
    r = np.exp(joint - log_density[:, None])
    total = log_density.sum()
    return (
        float(np.abs(em.responsibilities - r).max()),
        float(abs(em.log_likelihood - total) / (1 + np.abs(log_density).sum())),
    )


def condition(em: EMResult) -> float:
    """Largest condition number of the components' correlation matrices."""
    numbers = []
    for matrix in em.family.covariance_matrices(em.params):
        deviations = np.sqrt(np.diag(matrix))
        eigenvalues = np.linalg.eigvalsh(matrix / deviations[:, None] / deviations)
        numbers.append(eigenvalues[-1] / max(eigenvalues[0], EPS))
    return float(max(numbers))


def smallest_ratio(em: EMResult) -> float:
    """Smallest generalised eigenvalue of the covariances against that of the data: below 1e-8 is a collapse."""
    scale = em.rows.values.std(axis=0, ddof=1)
    unit = np.outer(scale, scale)
    whole = np.cov((em.rows.values / scale).T).reshape(unit.shape)
    if not em.family.correlated:
        whole = np.diag(np.diag(whole))
    ratios = [eigh(one / unit, whole, eigvals_only=True)[0] for one in em.family.covariance_matrices(em.params)]
    return float(min(ratios))


def nats_below_the_top(em: EMResult) -> float:
    """How far SciPy's L-BFGS climbs on the MAP objective from the estimate."""
    density = problem_of(em.rows, em.family, em.n_components, em.priors).closed_form()
    start = density.unconstrain({"weights": em.weights, **em.family.complete(em.params)})
    height = density.map_logp_grad(start)[0]

    def minus_gain(q):
        value, slope = density.map_logp_grad(q)
        return (height - value, -slope) if np.isfinite(value) else (np.inf, np.zeros_like(q))

    climbed = minimize(minus_gain, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-16})
    return float(-climbed.fun)
