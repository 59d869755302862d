"""Posterior of a mixture: bayesmix against the textbook PyMC model, side by side in one run.

``uv run python -m benchmarks.textbook``

Both get the same rows, model and priors (the separated prior: normal means, log-normal scales, LKJ correlations), four
chains of 1000 draws after tuning, and warm caches: each side runs once before the clock starts. The textbook side is
``pm.Mixture`` over a list of ``pm.MvNormal`` with ``pm.LKJCholeskyCov``, sampled by nutpie from PyMC's own starting
points; its time is that of building, compiling and sampling, because a new data set needs all three.
"""

import time

import arviz as az
import numpy as np
import pymc as pm

import bayesmix as bm

RUNS = 3


PRIORS = {"means": bm.priors.Normal(), "scales": bm.priors.LogNormal(), "correlations": bm.priors.LKJ(2.0)}


def textbook_model(X: np.ndarray, n_components: int, priors) -> pm.Model:
    """The mixture as a book would write it, with the priors of a resolved bayesmix Mixture."""
    n_features = X.shape[1]
    with pm.Model() as model:
        weights = pm.Dirichlet("weights", priors.weights.concentrations(n_components))
        components = []
        for k in range(n_components):
            factor, _, _ = pm.LKJCholeskyCov(
                f"factor_{k}",
                eta=priors.correlations.eta,
                n=n_features,
                sd_dist=pm.LogNormal.dist(np.asarray(priors.scales.log_mean), priors.scales.log_sd, shape=n_features),
            )
            mean = pm.Normal(f"mean_{k}", np.asarray(priors.means.mean), np.asarray(priors.means.sd), shape=n_features)
            components.append(pm.MvNormal.dist(mean, chol=factor))
        pm.Mixture("x", weights, components, observed=X)
    return model


def run_textbook(X: np.ndarray, n_components: int, priors, seed: int) -> float:
    """Seconds from nothing to draws."""
    began = time.perf_counter()
    with textbook_model(X, n_components, priors):
        pm.sample(1000, chains=4, random_seed=seed, nuts_sampler="nutpie", progressbar=False, quiet=True)
    return time.perf_counter() - began


def run_bayesmix(X: np.ndarray, n_components: int, seed: int) -> tuple[float, float]:
    """Seconds from rows to the finished tree, and the smallest bulk ESS of the component parameters."""
    began = time.perf_counter()
    tree = bm.Mixture(n_components, priors=PRIORS).fit_nuts(X, random_seed=seed, progressbar=False)
    seconds = time.perf_counter() - began
    ess = az.ess(tree.posterior.to_dataset()[["weights", "means", "scales"]])
    return seconds, min(float(ess[name].min()) for name in ess.data_vars)


def main() -> None:
    """Alternate the two sides and print every ratio."""
    X = bm.datasets.simulate(1000, 2, 3, random_seed=0).X.to_numpy()
    priors = bm.Mixture(3, priors=PRIORS).resolve_priors(X).priors
    run_bayesmix(X, 3, seed=0)
    run_textbook(X, 3, priors, seed=0)
    print("N = 1000, D = 2, K = 3; four chains of 1000 draws; seconds from rows to draws, caches warm")
    ratios = []
    for seed in range(1, RUNS + 1):
        ours, ess = run_bayesmix(X, 3, seed)
        theirs = run_textbook(X, 3, priors, seed)
        ratios.append(theirs / ours)
        print(f"bayesmix {ours:6.2f} s (smallest ESS {ess:.0f})   textbook {theirs:6.2f} s   ratio {ratios[-1]:6.1f}")
    print(f"ratio: median {np.median(ratios):.1f}, range {min(ratios):.1f} to {max(ratios):.1f}")


if __name__ == "__main__":
    main()
