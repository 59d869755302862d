"""Sample the textbook model of Old Faithful with two components, long, and write the summaries of its posterior.

Run from the root of the repository: ``python -m tests.reference.faithful_nuts``. Nothing of bayesmix takes part: the
likelihood is ``pm.Mixture`` over ``pm.MvNormal``, the priors are PyMC's, their numbers are computed here, and the data
come from bayesmix's copy of R's ``faithful``.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pymc as pm

import bayesmix as bm
from tests.reference.quantities import compared, summaries

FILE = Path(__file__).with_name("faithful_nuts.json")


def textbook_model(rows: np.ndarray) -> pm.Model:
    """Dirichlet(1, 1) weights; precisions Wishart (covariances inverse-Wishart); means normal given them.

    The default prior of Fraley and Raftery: kappa = 0.01, nu = D + 2, Lambda = var(X) / K^(2/D), around the data mean.
    """
    n_components, n_features = 2, rows.shape[1]
    scale = np.cov(rows.T) / n_components ** (2 / n_features)
    with pm.Model() as model:
        weights = pm.Dirichlet("weights", np.ones(n_components))
        components = []
        for k in range(n_components):
            precision = pm.Wishart(f"precision_{k}", nu=n_features + 2, V=np.linalg.inv(scale))
            mean = pm.MvNormal(f"mean_{k}", mu=rows.mean(axis=0), tau=np.float64(0.01) * precision)
            components.append(pm.MvNormal.dist(mu=mean, tau=precision))
        pm.Mixture("x", w=weights, comp_dists=components, observed=rows)
    return model


def draws_of_textbook(rows: np.ndarray, *, draws: int, random_seed: int) -> dict[str, np.ndarray]:
    """Weights, means and covariances (chain, draw, component, ...) of four chains, in the order of each draw."""
    long = rows[:, 1] > 68  # the two groups by their waiting time, as starting values
    start = {"weights": np.array([1 - long.mean(), long.mean()])}
    for k, group in enumerate((rows[~long], rows[long])):
        start |= {f"mean_{k}": group.mean(axis=0), f"precision_{k}": np.linalg.inv(np.cov(group.T))}
    with textbook_model(rows):
        idata = pm.sample(
            draws,
            tune=2000,
            chains=4,
            initvals=start,
            random_seed=random_seed,
            progressbar=False,
            compile_kwargs={"jitter_rvs": set()},
        )
    posterior = idata["posterior"]

    def stacked(name):
        return np.stack([posterior[f"{name}_{k}"].values for k in range(2)], axis=2)

    return {
        "weights": posterior["weights"].values,
        "means": stacked("mean"),
        "covariances": np.linalg.inv(stacked("precision")),
    }


def main(draws: int = 10_000) -> None:
    """Write the file."""
    rows = np.asarray(bm.datasets.load_faithful(), dtype=float)
    found = summaries(compared(**draws_of_textbook(rows, draws=draws, random_seed=1), rows=rows))
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
