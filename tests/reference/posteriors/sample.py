"""Posteriors of mixtures of Poissons and of Student's t by Stan, through pystan.

``uv run --group bench python -m tests.reference.posteriors.sample`` writes NAME.json for each model, or for those whose
names are given, from NAME.stan and NAME.csv; where there is no NAME.csv it draws the rows first. Every number of the
priors is given below; nothing of bayesmix is used.
"""

import json
import re
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from tests.reference.stan.sample import CHAINS, by_chain, of_moments, of_quantiles

HERE = Path(__file__).parent
PARAMETERS = {"poisson": ("rates",), "student_t": ("means", "scales", "dof")}
K, N_ROWS, WARMUP, DRAWS = 2, 200, 1000, 5000
PRIORS = {
    "poisson": {"concentration": [1.0, 1.0], "shape": [2.0, 1.0], "rate": [0.5, 0.1]},
    "student_t": {
        "concentration": [1.0, 1.0],
        "mean0": [1.0, 1.0],
        "sd0": [5.0, 5.0],
        "log_mean": [0.0, 0.0],
        "log_sd": 0.75,
        "shape": 2.0,
        "rate": 0.1,
    },
}


def drawn_rows(name: str) -> np.ndarray:
    """Rows of two components, 80 and 120, of which some are in doubt."""
    rng = np.random.default_rng(13)
    labels = np.repeat([0, 1], [80, 120])
    if name == "poisson":
        return rng.poisson(np.array([[1.5, 9.0], [5.0, 4.0]])[labels])
    dof = np.array([3.0, 15.0])[labels]
    noise = rng.standard_normal((N_ROWS, 2)) * np.sqrt(dof / rng.chisquare(dof))[:, None]
    rows = np.array([[0.0, 0.0], [3.0, 2.0]])[labels] + np.array([[0.6, 1.0], [1.0, 0.5]])[labels] * noise
    return rows.round(3)


def rows_of(name: str) -> np.ndarray:
    """Drawn once, since no generator promises the same numbers for ever."""
    path = HERE / f"{name}.csv"
    if not path.exists():
        kind = "%d" if name == "poisson" else "%.3f"
        np.savetxt(path, drawn_rows(name), delimiter=",", fmt=kind, header="x,y", comments="")
    return np.loadtxt(path, delimiter=",", skiprows=1, dtype=int if name == "poisson" else float)


def start_of(name: str, rows: np.ndarray) -> dict:
    """Both groups, told apart by the first column."""
    groups = [rows[rows[:, 0] <= 2], rows[rows[:, 0] > 2]]
    means = [group.mean(axis=0).tolist() for group in groups]
    if name == "poisson":
        return {"weights": [0.5, 0.5], "rates": means}
    return {"weights": [0.5, 0.5], "means": means, "scales": [[1.0, 1.0]] * K, "dof": [10.0] * K}


def named(name: str, fit) -> dict[str, np.ndarray]:
    """Parameters (chain, draw, ...) in order."""
    return in_order(name, {one: by_chain(fit[one]) for one in ("weights", *PARAMETERS[name])})


def in_order(name: str, found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The component with the smaller first rate or mean first."""
    order = np.argsort(found[PARAMETERS[name][0]][..., 0], axis=-1)
    return {
        one: np.take_along_axis(values, order.reshape(order.shape + (1,) * (values.ndim - 3)), axis=2)
        for one, values in found.items()
    }


def compared(name: str, params: dict[str, np.ndarray]) -> tuple[dict, dict]:
    """What is compared by mean and standard deviation, and what by quantiles."""
    weights = params["weights"]
    moments = {"log_weight_ratio[1]": np.log(weights[..., 1] / weights[..., 0])}
    quantiles = {}
    for k in range(K):
        if name == "student_t":
            moments[f"log_dof[{k}]"] = np.log(params["dof"][..., k])
            quantiles[f"dof[{k}]"] = params["dof"][..., k]
        for j in range(2):
            if name == "poisson":
                moments[f"log_rate[{k},{j}]"] = np.log(params["rates"][..., k, j])
                quantiles[f"rate[{k},{j}]"] = params["rates"][..., k, j]
            else:
                moments[f"log_scale[{k},{j}]"] = np.log(params["scales"][..., k, j])
                quantiles[f"mean[{k},{j}]"] = params["means"][..., k, j]
    return moments, quantiles


def log_likelihood(name: str, rows: np.ndarray, params: dict[str, np.ndarray]) -> float:
    """By SciPy, of one draw."""
    if name == "poisson":
        parts = [stats.poisson.logpmf(rows, rates).sum(axis=1) for rates in params["rates"]]
    else:
        of_each = zip(params["means"], params["scales"], params["dof"], strict=True)
        parts = [stats.multivariate_t.logpdf(rows, m, np.diag(s**2), df=nu) for m, s, nu in of_each]
    return float(logsumexp(np.log(params["weights"]) + np.stack(parts, axis=1), axis=1).sum())


def sample(name: str) -> None:
    """Compile, sample, check the density against SciPy's, summarise, write."""
    import stan

    rows, began = rows_of(name), time.time()
    given = {"N": len(rows), "D": rows.shape[1], "K": K, "x": rows.tolist()} | PRIORS[name]
    compiled = stan.build((HERE / f"{name}.stan").read_text(), data=given, random_seed=1)
    start = start_of(name, rows)
    fit = compiled.sample(num_chains=CHAINS, num_warmup=WARMUP, num_samples=DRAWS, delta=0.9, init=[start] * CHAINS)
    params, log_lik = named(name, fit), by_chain(fit["log_lik"]).sum(axis=-1)
    last = {one: values[-1, -1] for one, values in params.items()}
    np.testing.assert_allclose(log_lik[-1, -1], log_likelihood(name, rows, last), rtol=1e-10)
    moments, quantiles = compared(name, params)
    moments["log_likelihood"] = log_lik
    result = {
        "made_with": {"pystan": version("pystan"), "httpstan": version("httpstan"), "arviz": version("arviz")},
        "chains": CHAINS,
        "draws": DRAWS,
        "divergences": int(fit["divergent__"].sum()),
        "hyperparameters": PRIORS[name],
        "moments": {one: of_moments(draws) for one, draws in moments.items()},
        "quantiles": {one: of_quantiles(draws) for one, draws in quantiles.items()},
    }
    text = json.dumps(result, indent=1)
    (HERE / f"{name}.json").write_text(re.sub(r"(\d\.\d{11})\d+", r"\1", text) + "\n")
    found = [*result["moments"].values(), *result["quantiles"].values()]
    least, largest = min(min(one["ess_bulk"], one["ess_tail"]) for one in found), max(one["rhat"] for one in found)
    seconds, divergent = time.time() - began, result["divergences"]
    print(f"{name}: ESS {least:.0f}, R-hat {largest:.4f}, {divergent} divergent, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or PRIORS:
        sample(chosen)
