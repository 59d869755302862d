"""Maximum-likelihood fits of mixtures of two multivariate t distributions, by direct optimisation from many starts.

``uv run --with studenttmixture python -m tests.reference.student_t`` writes ``student_t.json``, and ``heavy-tails.csv``
where it is not there yet. The density is written here from its formula for JAX's gradients; SciPy's ``multivariate_t``
must give the same log-likelihood, and the EM algorithm of studenttmixture, which has full scale matrices with degrees
of freedom free or given, must find no better optimum. A number of degrees of freedom is null where the likelihood rises
until the component is normal.
"""

import json
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, logsumexp
from scipy import optimize, stats
from sklearn.cluster import KMeans

import bayesmix as bm

jax.config.update("jax_enable_x64", True)
HERE = Path(__file__).parent
DATA = ("heavy-tails", "faithful")
K, D, STARTS, GIVEN = 2, 2, 30, 4.0
STRUCTURES, DOFS = ("full", "tied", "diag", "spherical"), ("free", "shared", "given")
MOST_DOF = 1e6  # where the likelihood still rises, the component is normal
NARROW = 1e-4  # standard deviations of the columns: a component below that has collapsed on few rows


def drawn() -> np.ndarray:
    rng = np.random.default_rng(13)
    labels = np.repeat([0, 1], [160, 240])
    dof = np.array([3.0, 30.0])[labels]
    factors = np.linalg.cholesky([[[1.0, 0.6], [0.6, 1.0]], [[1.5, -0.5], [-0.5, 0.5]]])
    noise = np.einsum("nij,nj->ni", factors[labels], rng.standard_normal((400, 2)))
    rows = np.array([[0.0, 0.0], [4.0, 3.0]])[labels] + noise * np.sqrt(dof / rng.chisquare(dof))[:, None]
    return rows.round(3)


def rows_of(name: str) -> np.ndarray:
    if name == "faithful":
        return np.asarray(bm.datasets.load_faithful(), dtype=float)
    path = HERE / f"{name}.csv"
    if not path.exists():
        np.savetxt(path, drawn(), delimiter=",", fmt="%.3f", header="x,y", comments="")
    return np.loadtxt(path, delimiter=",", skiprows=1)


def sizes(structure: str, dof: str) -> list[int]:
    """Free numbers: log-odds, means, logs of scales, entries below the diagonal, logs of degrees of freedom."""
    n_scales = {"full": K * D, "tied": D, "diag": K * D, "spherical": K}[structure]
    return [K - 1, K * D, n_scales, {"full": K, "tied": 1}.get(structure, 0), {"free": K, "shared": 1, "given": 0}[dof]]


def unpacked(vector, structure: str, dof: str, deviations):
    """Weights, means, lower triangular factors of the scale matrices, and degrees of freedom."""
    odds, means, logs, below, dofs = jnp.split(vector, np.cumsum(sizes(structure, dof))[:-1])
    weights = jax.nn.softmax(jnp.append(0.0, odds))
    each = 1 if structure == "tied" else K
    scales = jnp.exp(logs).reshape(each, -1) * jnp.ones((each, D))
    factors = scales[:, :, None] * jnp.eye(D)
    if below.size:
        factors = factors.at[:, 1, 0].set(below)
    factors = factors * (1.0 if structure == "spherical" else deviations[:, None])
    nu = jnp.full(K, GIVEN) if dof == "given" else jnp.exp(dofs) * jnp.ones(K)
    return weights, means.reshape(K, D) * deviations, jnp.broadcast_to(factors, (K, D, D)), nu


def log_likelihood(vector, rows, structure, dof, deviations):
    weights, means, factors, nu = unpacked(vector, structure, dof, deviations)
    z = jax.vmap(lambda m, f: jax.scipy.linalg.solve_triangular(f, (rows - m).T, lower=True))(means, factors)
    halves = (nu + D) / 2
    constants = gammaln(halves) - gammaln(nu / 2) - D / 2 * jnp.log(nu * jnp.pi)
    constants -= jnp.log(jnp.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)
    joint = jnp.log(weights) + constants - halves * jnp.log1p((z**2).sum(axis=1).T / nu)
    return logsumexp(joint, axis=1).sum()


def start_of(rows, structure, dof, deviations, rng) -> np.ndarray:
    """From k-means of some of the rows, with scales and degrees of freedom at random."""
    standard = rows / deviations
    some = standard[rng.choice(len(rows), size=30, replace=False)]
    centres = KMeans(K, n_init=1, random_state=int(rng.integers(2**31))).fit(some).cluster_centers_
    n_odds, _, n_scales, n_below, n_dofs = sizes(structure, dof)
    size = np.exp(np.log(deviations).mean()) if structure == "spherical" else 1.0
    logs = np.log(size * 0.5) + rng.normal(0, 0.5, n_scales)
    return np.concatenate([np.zeros(n_odds), centres.ravel(), logs, np.zeros(n_below), rng.uniform(1, 4, n_dofs)])


def optimum(rows: np.ndarray, structure: str, dof: str, seed: int):
    """The best of all starts that is no collapse, brought by Newton's steps to where the gradient is zero."""
    deviations, rng = rows.std(axis=0), np.random.default_rng(seed)
    objective = jax.jit(lambda v: -log_likelihood(v, rows, structure, dof, deviations))
    slope, curvature = jax.jit(jax.grad(objective)), jax.jit(jax.hessian(objective))
    n_dofs = sizes(structure, dof)[-1]
    start_vectors = [start_of(rows, structure, dof, deviations, rng) for _ in range(STARTS)]
    bounds = [(None, None)] * (start_vectors[0].size - n_dofs) + [(np.log(0.1), np.log(MOST_DOF))] * n_dofs
    settings = {"maxiter": 5000, "maxcor": 30, "ftol": 1e-15, "gtol": 1e-9}
    found = []
    for start in start_vectors:
        one = optimize.minimize(objective, start, jac=slope, method="L-BFGS-B", bounds=bounds, options=settings)
        _, _, factors, _ = unpacked(one.x, structure, dof, deviations)
        if np.linalg.svd(factors / deviations[:, None], compute_uv=False).min() > NARROW:
            found.append(one)
    found.sort(key=lambda one: one.fun)
    vector = found[0].x
    at_bound = np.zeros(vector.size, dtype=bool)
    at_bound[vector.size - n_dofs :] = vector[vector.size - n_dofs :] > np.log(MOST_DOF) - 1
    free = ~at_bound
    for _ in range(5):
        step = np.linalg.solve(curvature(vector)[np.ix_(free, free)], slope(vector)[free])
        vector = vector.copy()
        vector[free] -= step
    assert -objective(vector) >= -found[0].fun - 1e-7
    assert np.linalg.eigvalsh(curvature(vector)[np.ix_(free, free)]).min() > 0
    reached = sum(one.fun < found[0].fun + 1e-5 for one in found)
    return vector, float(-objective(vector)), float(np.abs(slope(vector)[free]).max()), reached, deviations


def by_scipy(rows, weights, means, matrices, nu) -> float:
    parts = [stats.multivariate_t.logpdf(rows, m, s, df=v) for m, s, v in zip(means, matrices, nu, strict=True)]
    return float(logsumexp(np.log(weights) + np.stack(parts, axis=1), axis=1).sum())


def by_em(rows, dof: str) -> float:
    """The largest log-likelihood with full scale matrices that studenttmixture finds."""
    from studenttmixture import EMStudentMixture

    settings = {"tol": 1e-9, "reg_covar": 0.0, "max_iter": 20_000, "n_init": 3, "random_state": 1}
    fit = EMStudentMixture(K, fixed_df=dof == "given", df=GIVEN, **settings)
    fit.fit(rows)
    return float(fit.score(rows) * len(rows))


def fits(name: str) -> list[dict]:
    rows, found = rows_of(name), []
    for structure in STRUCTURES:
        for dof in DOFS:
            vector, value, slope, reached, deviations = optimum(rows, structure, dof, seed=1)
            weights, means, factors, nu = (np.asarray(one) for one in unpacked(vector, structure, dof, deviations))
            matrices = factors @ np.swapaxes(factors, -1, -2)
            assert abs(by_scipy(rows, weights, means, matrices, nu) - value) < 1e-9 * abs(value)
            theirs = by_em(rows, dof) if structure == "full" and dof != "shared" else None
            print(name, structure, dof, f"{value:.9f} {slope:.0e} {reached}/{STARTS}", nu.round(3), theirs, flush=True)
            assert theirs is None or theirs < value + 1e-6
            df, order = sum(sizes(structure, dof)), np.argsort(means[:, 0])
            found.append(
                {
                    "scale": structure,
                    "dof_is": dof,
                    "loglik": value,
                    "df": df,
                    "bic": df * np.log(len(rows)) - 2 * value,
                    "weights": weights[order].tolist(),
                    "means": means[order].tolist(),
                    "scale_matrices": matrices[order].tolist(),
                    "dof": [None if one > MOST_DOF / 10 else float(one) for one in nu[order]],
                    "studenttmixture": theirs,
                }
            )
    return found


if __name__ == "__main__":
    result = {"made_with": {one: version(one) for one in ("scipy", "jax", "studenttmixture")}}
    (HERE / "student_t.json").write_text(json.dumps(result | {name: fits(name) for name in DATA}) + "\n")
