"""Posteriors of mixtures with three components by Stan, through pystan.

``uv run --group bench python -m tests.reference.stan.sample`` writes NAME.json for each model, or for those whose names
are given. The programs are those of ``sample.R``, with arrays written as Stan wants them since version 2.33. The priors
are bayesmix's defaults, computed here from their definition; nothing of bayesmix is used.
"""

import json
import re
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
K, CHAINS, WARMUP, DRAWS = 3, 4, 1000, 5000
PROBS = (0.05, 0.5, 0.95)
# Rows, and the groups to start from by their first column.
DATA = {"three-groups": (3.0, 9.0), "small-group": (2.0, 7.0)}
MODELS = {f"{data}-full-{prior}": (data, f"{prior}_full") for data in DATA for prior in ("conjugate", "separated")}


def program_text(name: str) -> str:
    """A program with what it includes, arrays written as ``array[K] vector[D] means``."""
    text = (HERE / f"{name}.stan").read_text()
    text = text.replace("#include mixture.stanfunctions", (HERE / "mixture.stanfunctions").read_text())
    text = re.sub(r"(vector|matrix)\[\] ", r"array[] \1 ", text)
    return re.sub(r"(\w+(?:<[^>]*>)?\[[^\]]*\]) (\w+)\[K\];", r"array[K] \1 \2;", text)


def rows_of(data: str) -> np.ndarray:
    return np.loadtxt(HERE / f"{data}.csv", delimiter=",", skiprows=1)


def hyperparameters(rows: np.ndarray, prior: str) -> dict:
    n_features, covariance = rows.shape[1], np.cov(rows.T)
    common = {"concentration": [1.0] * K, "mean0": rows.mean(axis=0).tolist()}
    if prior == "conjugate":
        scale = (covariance / K ** (2 / n_features)).tolist()
        return common | {"shrinkage": 0.01, "dof": n_features + 2, "scale": scale}
    deviations = np.sqrt(np.diag(covariance))
    log_mean = (np.log(deviations) - np.log(K) / n_features).tolist()
    return common | {"sd0": (2 * deviations).tolist(), "log_mean": log_mean, "log_sd": 0.75, "eta": 1.0}


def start_of(rows: np.ndarray, cuts: tuple[float, float]) -> dict:
    labels = np.digitize(rows[:, 0], cuts)
    groups = [rows[labels == k] for k in range(K)]
    covariances = np.array([np.cov(group.T) for group in groups])
    scales = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    named = {
        "weights": np.bincount(labels) / len(rows),
        "means": np.array([group.mean(axis=0) for group in groups]),
        "covariances": covariances,
        "scales": scales,
        "correlations": covariances / scales[:, :, None] / scales[:, None, :],
    }
    return {name: value.tolist() for name, value in named.items()}


def by_chain(values: np.ndarray) -> np.ndarray:
    """pystan's last axis runs through the chains first: (..., draws * chains) as (chain, draw, ...)."""
    return np.moveaxis(values.reshape(*values.shape[:-1], -1, CHAINS), (-1, -2), (0, 1))


def compared(weights, means, covariances, log_likelihood) -> tuple[dict, dict]:
    """What is compared by mean and standard deviation, and what by quantiles; the smallest first mean first."""
    order = np.argsort(means[..., 0], axis=-1)
    weights = np.take_along_axis(weights, order, axis=-1)
    means = np.take_along_axis(means, order[..., None], axis=-2)
    covariances = np.take_along_axis(covariances, order[..., None, None], axis=-3)
    moments = {f"log_weight_ratio[{k}]": np.log(weights[..., k] / weights[..., 0]) for k in range(1, K)}
    moments["log_likelihood"] = log_likelihood
    quantiles = {f"mean[{k},{j}]": means[..., k, j] for k in range(K) for j in range(2)}
    for k in range(K):
        (first, both), (_, second) = np.moveaxis(covariances[..., k, :, :], (-2, -1), (0, 1))
        moments |= {f"log_scale[{k},0]": np.log(first) / 2, f"log_scale[{k},1]": np.log(second) / 2}
        moments[f"fisher_z[{k},0,1]"] = np.arctanh(both / np.sqrt(first * second))
        quantiles |= {f"covariance[{k},0,0]": first, f"covariance[{k},0,1]": both, f"covariance[{k},1,1]": second}
    return moments, quantiles


def chains_of(draws: np.ndarray) -> dict[str, float]:
    import arviz as az

    found = {
        "ess_bulk": az.ess(draws, method="bulk"),
        "ess_tail": az.ess(draws, method="tail", prob=(0.05, 0.95)),
        "rhat": az.rhat(draws),
    }
    return {name: float(value) for name, value in found.items()}


def of_moments(draws: np.ndarray) -> dict[str, float]:
    import arviz as az

    found = {"mean": draws.mean(), "sd": draws.std(ddof=1)}
    found |= {f"mcse_{name}": az.mcse(draws, method=name) for name in ("mean", "sd")}
    return {name: float(value) for name, value in found.items()} | chains_of(draws)


def of_quantiles(draws: np.ndarray) -> dict:
    import arviz as az

    values = np.quantile(draws, PROBS).tolist()
    errors = [float(az.mcse(draws, method="quantile", prob=p)) for p in PROBS]
    return {"probs": PROBS, "values": values, "mcse": errors} | chains_of(draws)


def sample(name: str) -> None:
    """Compile, sample, summarise, write."""
    import stan

    data, program = MODELS[name]
    rows, prior = rows_of(data), program.partition("_")[0]
    numbers = hyperparameters(rows, prior)
    given = {"N": len(rows), "D": rows.shape[1], "K": K, "x": rows.T.tolist()} | numbers
    began = time.time()
    compiled = stan.build(program_text(program), data=given, random_seed=1)
    parameters = [
        one for one in compiled.param_names if one in ("weights", "means", "covariances", "scales", "correlations")
    ]
    start = {one: value for one, value in start_of(rows, DATA[data]).items() if one in parameters}
    fit = compiled.sample(num_chains=CHAINS, num_warmup=WARMUP, num_samples=DRAWS, delta=0.9, init=[start] * CHAINS)
    factors = by_chain(fit["factors"])
    moments, quantiles = compared(
        by_chain(fit["weights"]),
        by_chain(fit["means"]),
        factors @ np.swapaxes(factors, -1, -2),
        by_chain(fit["log_lik"]).sum(axis=-1),
    )
    result = {
        "data": data,
        "program": program,
        "made_with": {"pystan": version("pystan"), "httpstan": version("httpstan"), "arviz": version("arviz")},
        "chains": CHAINS,
        "draws": DRAWS,
        "divergences": int(fit["divergent__"].sum()),
        "hyperparameters": numbers,
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
    for chosen in sys.argv[1:] or MODELS:
        sample(chosen)
