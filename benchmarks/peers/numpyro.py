"""NumPyro: ``MixtureSameFamily`` of ``MultivariateNormal`` under the same separated prior.

Configuration: NUTS in double precision, four chains on four virtual devices of two cores
(``chain_method="parallel"``), started at bayesmix's EM estimate. Diagonal and dense mass matrices and two lengths of
warm-up are tried, and the best counts. The first run compiles; the runs that count use what it compiled.
"""

import time
from functools import partial

import numpy as np

NAME = "NumPyro"
WARMUP = (500, 1000)
MASS = {"diagonal mass": False, "dense mass": True}


def model(X, n_components: int, priors):
    """The mixture with the priors of a resolved bayesmix Mixture."""
    import numpyro
    from numpyro import distributions as dist

    n_features = X.shape[1]
    weights = numpyro.sample("weights", dist.Dirichlet(np.asarray(priors.weights.concentrations(n_components))))
    with numpyro.plate("component", n_components):
        location, sd = np.asarray(priors.parts["means"].mean), np.asarray(priors.parts["means"].sd)
        means = numpyro.sample("means", dist.Normal(location, sd).to_event(1))
        log_mean = np.asarray(priors.parts["scales"].log_mean)
        scales = numpyro.sample("scales", dist.LogNormal(log_mean, priors.parts["scales"].log_sd).to_event(1))
        factors = numpyro.sample("factors", dist.LKJCholesky(n_features, priors.parts["correlations"].eta))
    components = dist.MultivariateNormal(means, scale_tril=scales[..., None] * factors)
    with numpyro.plate("row", X.shape[0]):
        numpyro.sample("x", dist.MixtureSameFamily(dist.Categorical(probs=weights), components), obs=X)


def start(weights: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> dict[str, np.ndarray]:
    """Parameters as the model's variables."""
    scales = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    factors = np.linalg.cholesky(covariances) / scales[..., None]
    return {"weights": weights, "means": means, "scales": scales, "factors": factors}


def parameters(values) -> dict[str, np.ndarray]:
    """The inverse of :func:`start`, for values with any leading axes."""
    factors = np.asarray(values["scales"])[..., None] * np.asarray(values["factors"])
    named = {name: np.asarray(values[name]) for name in ("weights", "means")}
    return named | {"covariances": factors @ np.swapaxes(factors, -1, -2)}


class Sampler:
    """NUTS that is compiled at its first run."""

    def __init__(self, X: np.ndarray, n_components: int, priors, begin, *, dense: bool, warmup: int, draws: int):
        import jax
        from numpyro.infer import MCMC, NUTS, init_to_value

        mixture = partial(model, n_components=n_components, priors=priors)  # plain numbers, not traced
        kernel = NUTS(
            mixture,
            dense_mass=dense,
            init_strategy=init_to_value(values=jax.tree.map(jax.numpy.asarray, start(**begin))),
        )
        self._X = X
        self._run = MCMC(
            kernel,
            num_warmup=warmup,
            num_samples=draws,
            num_chains=4,
            chain_method="parallel",
            progress_bar=False,
        )

    def sample(self, seed: int) -> tuple[float, dict[str, np.ndarray]]:
        """Seconds of warm-up and sampling, and the draws (chain, draw, ...)."""
        import jax

        began = time.perf_counter()
        self._run.run(jax.random.PRNGKey(seed), self._X)
        values = jax.block_until_ready(self._run.get_samples(group_by_chain=True))
        return time.perf_counter() - began, parameters(values)
