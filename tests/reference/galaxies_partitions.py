"""The galaxies with an unknown number of components, by a collapsed Gibbs sampler. Nothing of bayesmix.

Rows are allocated one by one by their predictive densities (Neal's third algorithm), K being held; then K is drawn from
a whole table. ``uv run python -m tests.reference.galaxies_partitions`` writes ``galaxies_partitions.json`` (a minute).

K - 1 is beta-negative-binomial (1, 4, 3), weights are Dirichlet(1 / K); a mean is normal around the data's with a
hundred times the variance of its component, which is inverse-gamma with 3 degrees of freedom and the scale var / 25.
"""

import json
import math
from pathlib import Path

import numba as nb
import numpy as np
from scipy.stats import betanbinom

KEPT = Path(__file__).with_suffix(".json")
SHRINKAGE, DOF, MOST, SWEEPS = 0.01, 3.0, 300, 120_000


@nb.njit
def log_predictive(x, n, total, squares, mean, scale):
    """Log density of a row in a component with n others: Student t."""
    count, dof = SHRINKAGE + n, DOF + n
    centre = (SHRINKAGE * mean + total) / count
    rest = scale + squares + SHRINKAGE * mean**2 - count * centre**2
    width = rest / dof * (count + 1) / count
    log_density = math.lgamma((dof + 1) / 2) - math.lgamma(dof / 2) - 0.5 * math.log(dof * math.pi * width)
    return log_density - (dof + 1) / 2 * math.log1p((x - centre) ** 2 / (dof * width))


@nb.njit
def chain(x, log_number, scale, rng, n_sweeps, n_groups):
    """Probabilities of 0, 1, ... components, averaged over partitions, and shares of groups with rows."""
    n_rows, mean, most = x.size, x.mean(), x.size + 1
    n, total, squares, labels = np.zeros(most), np.zeros(most), np.zeros(most), np.zeros(x.size, np.int64)
    for i in range(n_rows):
        c = labels[i] = i * n_groups // n_rows
        n[c], total[c], squares[c] = n[c] + 1, total[c] + x[i], squares[c] + x[i] ** 2
    components, occupied, logs = np.zeros(MOST + 1), np.zeros(most + 1), np.empty(most)
    table, n_components, burnt = np.empty(MOST + 1), n_groups, n_sweeps // 10
    for sweep in range(n_sweeps):
        for i in range(n_rows):
            c = labels[i]
            n[c], total[c], squares[c] = n[c] - 1, total[c] - x[i], squares[c] - x[i] ** 2
            if n[c] == 0:
                total[c], squares[c] = 0.0, 0.0
            share, empty = 1 / n_components, n_components - (n > 0).sum()
            logs[:] = -np.inf
            for c in range(most):
                if n[c] > 0:
                    logs[c] = math.log(n[c] + share) + log_predictive(x[i], n[c], total[c], squares[c], mean, scale)
                elif empty > 0:  # all that have no rows, as one
                    logs[c] = math.log(empty * share) + log_predictive(x[i], 0.0, 0.0, 0.0, mean, scale)
                    empty = 0
            weights = np.exp(logs - logs.max()).cumsum()
            c = labels[i] = np.searchsorted(weights, rng.random() * weights[-1])
            n[c], total[c], squares[c] = n[c] + 1, total[c] + x[i], squares[c] + x[i] ** 2
        k = (n > 0).sum()
        table[:] = -np.inf
        for number in range(k, MOST + 1):
            table[number] = log_number[number] + math.lgamma(number + 1.0) - math.lgamma(number - k + 1.0)
            for c in range(most):
                if n[c] > 0:
                    table[number] += math.lgamma(n[c] + 1 / number) - math.lgamma(1 / number)
        weights = np.exp(table - table.max())
        if sweep >= burnt:
            occupied[k] += 1 / (n_sweeps - burnt)
            components += weights / weights.sum() / (n_sweeps - burnt)
        weights = weights.cumsum()
        n_components = np.searchsorted(weights, rng.random() * weights[-1])
    return components, occupied


def main() -> None:
    """Four chains, with standard errors from the differences between them."""
    path = Path(__file__).parents[2] / "bayesmix" / "datasets" / "galaxies.csv"
    x = np.loadtxt(path, skiprows=1)
    log_number = np.append(-np.inf, betanbinom(1, 4, 3).logpmf(np.arange(MOST)))
    chains = [
        chain(x, log_number, x.var(ddof=1) / 25, np.random.default_rng(seed), SWEEPS, n_groups)
        for seed, n_groups in enumerate((1, 3, 6, 10))
    ]
    found = {}
    for name, draws in zip(("components", "occupied"), zip(*chains, strict=True), strict=True):
        values = np.array(draws)[:, 1:11]
        errors = values.std(axis=0, ddof=1) / 2
        found[name] = {"probabilities": values.mean(axis=0).round(5).tolist(), "errors": errors.round(5).tolist()}
    KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
