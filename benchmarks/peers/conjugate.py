"""NumPyro and Stan under bayesmix's default prior: normal-inverse-Wishart components, Dirichlet weights.

NumPyro: a Wishart distribution of the precisions, by their Cholesky factors (it has no inverse-Wishart one), dense
mass matrix, double precision, four chains on four virtual devices; its compilation, some seconds of minutes, counts.
Stan: ``inv_wishart``, one pass over the rows for each component, four chains at once; compilation does not count. Both
start at bayesmix's EM estimate.
"""

import time
from pathlib import Path

import numpy as np

import bayesmix as bm
from benchmarks.peers import stan

PROGRAM = Path(__file__).with_name("conjugate.stan")
Drawn = tuple[float, dict[str, np.ndarray]]  # seconds of warm-up and sampling, and draws (chain, draw, ...)


class Given:
    """Rows, the mixture with its data-scaled prior resolved, and the EM estimate."""

    def __init__(self, X: np.ndarray, n_components: int):
        self.X, self.mixture = X, bm.Mixture(n_components).resolve_priors(X)
        self.em = self.mixture.fit_em(X, random_seed=0)

    @property
    def concentrations(self) -> np.ndarray:
        return np.asarray(self.mixture.priors.weights.concentrations(self.mixture.n_components))

    @property
    def prior(self) -> dict[str, np.ndarray]:
        """Its numbers, by name."""
        part = self.mixture.priors.parts["components"]
        return {name: np.asarray(getattr(part, name), dtype=float) for name in ("mean", "shrinkage", "dof", "scale")}

    @property
    def start(self) -> dict[str, np.ndarray]:
        """Weights, means and covariances."""
        return {"weights": self.em.weights, **{name: self.em.params[name] for name in ("means", "covariances")}}


def model(X: np.ndarray, concentrations: np.ndarray, prior: dict[str, np.ndarray]) -> None:
    """NumPyro's; ``factors`` are those of the precisions."""
    import numpyro
    from numpyro import distributions as dist

    weights = numpyro.sample("weights", dist.Dirichlet(concentrations))
    with numpyro.plate("component", len(concentrations)):
        of_precisions = dist.WishartCholesky(float(prior["dof"]), rate_matrix=prior["scale"])
        factors = numpyro.sample("factors", of_precisions)
        precisions = factors @ factors.swapaxes(-1, -2)
        of_means = dist.MultivariateNormal(prior["mean"], precision_matrix=float(prior["shrinkage"]) * precisions)
        means = numpyro.sample("means", of_means)
    components = dist.MultivariateNormal(means, precision_matrix=precisions)
    with numpyro.plate("row", X.shape[0]):
        numpyro.sample("x", dist.MixtureSameFamily(dist.Categorical(probs=weights), components), obs=X)


def parameters(values) -> dict[str, np.ndarray]:
    """Weights, means and covariances of NumPyro's variables, with any leading axes."""
    factors = np.asarray(values["factors"])
    named = {name: np.asarray(values[name]) for name in ("weights", "means")}
    return named | {"covariances": np.linalg.inv(factors @ np.swapaxes(factors, -1, -2))}


def by_numpyro(given: Given, warmup: int, draws: int, seed: int) -> Drawn:
    """Compiled in the same run."""
    import jax
    from numpyro.infer import MCMC, NUTS, init_to_value

    begin = {**given.start, "factors": np.linalg.cholesky(np.linalg.inv(given.start["covariances"]))}
    values = {name: jax.numpy.asarray(begin[name]) for name in ("weights", "means", "factors")}
    kernel = NUTS(model, dense_mass=True, init_strategy=init_to_value(values=values))
    mcmc = MCMC(kernel, num_warmup=warmup, num_samples=draws, num_chains=4, chain_method="parallel", progress_bar=False)
    arguments = (given.X, given.concentrations, given.prior)
    began = time.perf_counter()
    mcmc.run(jax.random.PRNGKey(seed), *arguments)
    found = jax.block_until_ready(mcmc.get_samples(group_by_chain=True))
    return time.perf_counter() - began, parameters(found)


def by_stan(given: Given, warmup: int, draws: int, seed: int) -> Drawn:
    """Of the program beside this module."""
    n_rows, n_features = given.X.shape
    data = {
        "N": n_rows,
        "D": n_features,
        "K": given.mixture.n_components,
        "columns": given.X.T.tolist(),
        "concentrations": given.concentrations.tolist(),
        **{name: value.tolist() for name, value in given.prior.items()},
    }
    start = {name: np.asarray(value).tolist() for name, value in given.start.items()}
    return stan.sampled(PROGRAM, data, start, warmup, draws, seed)
