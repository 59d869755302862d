"""How often each criterion and the advice of a comparison find the true number of groups, over simulated data sets.

    uv run --group bench python -m benchmarks.advice

Groups are well separated, overlapping, of unequal sizes, or heavy-tailed (Student-t, no Gaussian mixture), with
50 to 2000 rows of 1 to 10 columns. Beside them mclust's BIC (where Rscript and the package are), scikit-learn's BIC and
the groups that its BayesianGaussianMixture uses. Data sets that the file holds already are kept: a run that was stopped
goes on. What the advice says is found anew from the file, by the rules as they are: those were chosen on the first 320
data sets, and the others, of which nothing was known then, judge them.
"""

import argparse
import json
import os
import subprocess
import tempfile
import warnings
from pathlib import Path
from shutil import which
from time import process_time

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

import bayesmix as bm
from bayesmix.comparison.evaluation import Settings
from bayesmix.comparison.sweep import sweep
from bayesmix.families import read_families
from bayesmix.standing import contenders, preferred

KINDS = ("separated", "overlapping", "unequal", "heavy tails")
ROWS = (50, 2000)  # uniformly on the log scale
COLUMNS = (1, 2, 3, 5, 10)
CHOSEN_ON = 320  # data sets
LARGEST = 5  # numbers of groups from 1 on
# Two chains of at most some thousand sweeps instead of four of four hundred thousand, so that hundreds of data sets
# take minutes and not hours: more posteriors of too many groups stay untrusted than by default. NUMBERS is what rows
# times columns times sweeps come to, within the bounds on sweeps.
CHAINS, DRAWS, SWEEPS, NUMBERS, REFITS = 2, 400, (1200, 4000), 1.5e6, 2
OURS = ("loo", "bic", "icl", "aic", "sabic", "caic", "sbic", "evidence")
OTHERS = ("scikit-learn BIC", "BayesianGaussianMixture", "mclust BIC")
_KEPT = ("log_likelihood", "n_parameters", "bic", "icl", "elpd_loo", "elpd_diff", "dse", "n_bad_k", "log_evidence")
_MCLUST = """
suppressMessages(library(mclust)); a <- commandArgs(TRUE)
X <- as.matrix(read.csv(a[1], header = FALSE)); model <- if (ncol(X) == 1) "V" else "VVV"
b <- mclustBIC(X, G = 1:as.integer(a[2]), modelNames = model, verbose = FALSE); cat(which.max(b[, 1]))
"""


def data_set(number: int) -> tuple[np.ndarray, dict]:
    """Rows of a data set, and what it is; the number is its seed, and its place in the grid."""
    rng = np.random.default_rng([16, number])
    kind, n_columns = KINDS[number % 4], COLUMNS[number // 4 % 5]
    n_rows = round(np.exp(rng.uniform(*np.log(ROWS))))
    n_groups = int(rng.integers(1, 5))
    weights = rng.dirichlet(np.full(n_groups, 1.0)) if kind == "unequal" else np.full(n_groups, 1 / n_groups)
    weights = np.maximum(weights, 0.05) / np.maximum(weights, 0.05).sum()
    # neighbours along a line stand so many standard deviations apart, in a direction of their own each
    apart = 2.5 if kind == "overlapping" else 6.0
    steps = rng.normal(size=(n_groups, n_columns))
    means = np.cumsum(apart * np.abs(steps) / np.linalg.norm(steps, axis=1, keepdims=True), axis=0)
    labels = rng.choice(n_groups, size=n_rows, p=weights)
    noise = rng.normal(size=(n_rows, n_columns))
    if kind == "heavy tails":
        noise *= np.sqrt(4 / rng.chisquare(4, size=(n_rows, 1)))
    scales = rng.uniform(0.7, 1.3, size=(n_groups, n_columns))
    return means[labels] + noise * scales[labels], {
        "number": number,
        "kind": kind,
        "rows": n_rows,
        "columns": n_columns,
        "groups": n_groups,
    }


def answers(number: int) -> dict:
    """What every criterion says of one data set, None where it says nothing, and what all of them rest on."""
    X, told = data_set(number)
    began = process_time()
    chains = {"chains": CHAINS, "draws": DRAWS, "max_sweeps": round(np.clip(NUMBERS / X.size, *SWEEPS))}
    settings = Settings("gibbs", 1, options=chains, refit_options=chains, max_refits=REFITS)
    comparison = sweep(X, range(1, LARGEST + 1), read_families("full"), None, settings, number, progressbar=False)
    found: dict[str, int | None] = {}
    for criterion in OURS:
        try:
            found[criterion] = comparison.best(criterion).key[1]
        except ValueError:
            found[criterion] = None
    seconds = {"bayesmix": process_time() - began}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bics = [GaussianMixture(k, n_init=5, random_state=0).fit(X).bic(X) for k in range(1, LARGEST + 1)]
        found["scikit-learn BIC"] = int(np.argmin(bics)) + 1
        bayes = BayesianGaussianMixture(n_components=LARGEST, n_init=3, max_iter=1000, random_state=0).fit(X)
        found["BayesianGaussianMixture"] = len(set(bayes.predict(X)))
    seconds["scikit-learn"] = process_time() - began - seconds["bayesmix"]
    children = sum(os.times()[2:4])
    found["mclust BIC"] = _mclust(X)
    seconds["mclust"] = sum(os.times()[2:4]) - children
    seconds = {name: round(value, 1) for name, value in seconds.items()}
    return told | {"found": found, "models": _models(comparison), "seconds": seconds}


def _models(comparison: bm.Comparison) -> list[dict]:
    """What the answers rest on, model by model: other rules can be tried on it without another fit."""
    kept = []
    for candidate, (_, row) in zip(comparison.candidates, comparison.table.iterrows(), strict=True):
        numbers = {name: round(float(row[name]), 2) if np.isfinite(row[name]) else None for name in _KEPT}
        map_bic = None if candidate.em is None else round(candidate.em.bic, 2)
        distrust = [reason.kind for reason in candidate.diagnosis.reasons] if candidate.diagnosis else []
        kept.append(numbers | {"bic_map": map_bic, "distrust": distrust, "trusted": candidate.trusted})
    return kept


def _mclust(X: np.ndarray) -> int | None:
    if which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        rows, script = Path(folder) / "rows.csv", Path(folder) / "bic.R"
        np.savetxt(rows, X, delimiter=",")
        script.write_text(_MCLUST, encoding="utf-8")
        done = subprocess.run(
            ["Rscript", str(script), str(rows), str(LARGEST)], capture_output=True, text=True, check=False
        )
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None


def advised(models: list[dict]) -> int:
    """What the advice says of a data set, by the rules as they are now."""
    keys = [("gaussian-full", k) for k in range(1, len(models) + 1)]
    made = pd.DataFrame(models, index=pd.MultiIndex.from_tuples(keys))[["bic", "icl", "elpd_loo", "elpd_diff", "dse"]]
    close = contenders(made.astype(float))
    best = preferred(made.loc[close] if close else made)
    assert best is not None
    return best[1]


def table(results: list[dict]) -> str:
    """Shares of the data sets of which the number was found, in Markdown; what says nothing is wrong."""
    names = ["advice", *results[0]["found"]]
    kinds = [kind for kind in KINDS if any(one["kind"] == kind for one in results)]
    headed = [f"{kind} ({sum(one['kind'] == kind for one in results)})" for kind in kinds]
    lines = [f"| criterion | all {len(results)} | {' | '.join(headed)} |", "| --- |" + " ---: |" * (1 + len(kinds))]
    for name in names:
        said = [advised(one["models"]) if name == "advice" else one["found"][name] for one in results]
        right = np.array([k == one["groups"] for k, one in zip(said, results, strict=True)], dtype=float)
        own = np.array([one["kind"] for one in results])
        error = np.sqrt(right.mean() * (1 - right.mean()) / right.size)
        shares = " | ".join(f"{right[own == kind].mean():.0%}" for kind in kinds)
        lines.append(f"| {name} | {right.mean():.0%} ± {error:.0%} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    """Run what the file lacks, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advice", description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=2 * CHOSEN_ON)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--file", type=Path, default=Path(__file__).with_name("advice.jsonl"))
    asked = parser.parse_args()
    text = asked.file.read_text(encoding="utf-8") if asked.file.exists() else ""
    results = [json.loads(line) for line in text.splitlines()]
    held = {one["number"] for one in results}
    missing = [number for number in range(asked.data_sets) if number not in held]
    work = Parallel(n_jobs=asked.cores, return_as="generator_unordered")(delayed(answers)(number) for number in missing)
    with asked.file.open("a", encoding="utf-8") as file:
        for one in work:
            results.append(one)
            file.write(json.dumps(one, separators=(",", ":")) + "\n")
            file.flush()
    for what, own in (("On which the rule was chosen", range(CHOSEN_ON)), ("New", range(CHOSEN_ON, asked.data_sets))):
        some = [one for one in results if one["number"] in own]
        print(f"{what}:\n\n{table(some)}\n" if some else "", end="")


if __name__ == "__main__":
    main()
