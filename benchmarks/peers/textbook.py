"""The textbook: ``pm.Mixture`` over ``pm.MvNormal``, with the same separated prior.

Forms: a list of K components, as a book writes it, and one batched ``pm.MvNormal`` with a stack of Cholesky factors
(PyMC has no batched ``LKJCholeskyCov``, so that there are K of these in both). The factors' correlations and standard
deviations are not stored, which spares the sampler their computation.

Configuration of the sampler: nutpie on PyMC's graph compiled by Numba (which leaves the GIL alone; its JAX backend
takes the GIL for every gradient), chains on two cores, started at bayesmix's EM estimate without jitter, so that
no chain is lost in another optimum. *As it comes* is nutpie's diagonal adaptation; *low-rank* is
``adaptation="low_rank"``. The form that is faster in a short run is taken; of two tuning lengths the better one
counts.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

FORMS = ("list", "batched")
BACKENDS = ("Numba", "JAX")
TUNING = (400, 1000)
ADAPTATION = {"nutpie as it comes": "diag", "nutpie low-rank": "low_rank"}


def model(X: np.ndarray, n_components: int, priors, form: str) -> pm.Model:
    """The mixture with the priors of a resolved bayesmix Mixture."""
    n_features = X.shape[1]
    location, sd = np.asarray(priors.parts["means"].mean), np.asarray(priors.parts["means"].sd)
    log_mean, log_sd = np.asarray(priors.parts["scales"].log_mean), priors.parts["scales"].log_sd
    with pm.Model() as made:
        weights = pm.Dirichlet("weights", priors.weights.concentrations(n_components))
        factors = [
            pm.LKJCholeskyCov(
                f"factor_{k}",
                eta=priors.parts["correlations"].eta,
                n=n_features,
                sd_dist=pm.LogNormal.dist(log_mean, log_sd, shape=n_features),
                store_in_trace=False,
            )[0]
            for k in range(n_components)
        ]
        if form == "list":
            means = [pm.Normal(f"mean_{k}", location, sd, shape=n_features) for k in range(n_components)]
            components = [pm.MvNormal.dist(m, chol=f) for m, f in zip(means, factors, strict=True)]
        else:
            means = pm.Normal("means", location, sd, shape=(n_components, n_features))
            components = pm.MvNormal.dist(means, chol=pt.stack(factors))
        pm.Mixture("x", weights, components, observed=X)
    return made


def start(weights: np.ndarray, means: np.ndarray, covariances: np.ndarray, form: str) -> dict[str, np.ndarray]:
    """Parameters as the model's variables: factors are packed row by row."""
    lower = np.tril_indices(means.shape[1])
    values = {f"factor_{k}": np.linalg.cholesky(one)[lower] for k, one in enumerate(covariances)}
    if form == "list":
        values |= {f"mean_{k}": one for k, one in enumerate(means)}
    else:
        values["means"] = means
    return {"weights": weights, **values}


def parameters(values: dict[str, np.ndarray], n_components: int, n_features: int) -> dict[str, np.ndarray]:
    """The inverse of :func:`start`, for values with any leading axes."""
    packed = np.stack([values[f"factor_{k}"] for k in range(n_components)], axis=-2)
    factors = np.zeros((*packed.shape[:-1], n_features, n_features))
    factors[..., *np.tril_indices(n_features)] = packed
    means = values.get("means")
    if means is None:
        means = np.stack([values[f"mean_{k}"] for k in range(n_components)], axis=-2)
    return {"weights": values["weights"], "means": means, "covariances": factors @ np.swapaxes(factors, -1, -2)}


def gradient(made: pm.Model, backend: str) -> tuple[Callable[[np.ndarray], object], np.ndarray]:
    """Log density and gradient as PyMC hands them to its samplers, and a point (the starting values).

    The bare compiled function, without the checks that PyTensor makes around it.
    """
    from pymc.blocking import DictToArrayBijection

    function = made.logp_dlogp_function(ravel_inputs=True, mode=backend.upper())
    function.set_extra_values({})
    bare = function._pytensor_function.vm.jit_fn
    point = DictToArrayBijection.map(made.initial_point()).data
    if backend == "Numba":
        bare(point)
        return bare, point
    import jax

    jax.block_until_ready(bare(point))
    return lambda q: jax.block_until_ready(bare(q)), point


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model compiled for nutpie."""

    model: Any
    form: str
    n_components: int
    n_features: int
    seconds: float

    def short_run_seconds(self) -> float:
        """Seconds of a short run, by which the forms are told apart."""
        return self.sample("diag", 50, 50, 2, 0)[0]

    def sample(
        self, adaptation: str, tune: int, draws: int, chains: int, seed: int
    ) -> tuple[float, dict[str, np.ndarray]]:
        """Seconds of sampling, and the draws of weights, means and covariances (chain, draw, ...)."""
        import nutpie

        began = time.perf_counter()
        trace = nutpie.sample(
            self.model,
            draws=draws,
            tune=tune,
            chains=chains,
            cores=2,
            seed=seed,
            adaptation=adaptation,
            save_warmup=False,
            progress_bar=False,
        )
        seconds = time.perf_counter() - began
        posterior = trace["posterior"]
        values = {str(name): np.asarray(posterior[name]) for name in posterior.data_vars}
        return seconds, parameters(values, self.n_components, self.n_features)


def compile_model(X: np.ndarray, n_components: int, priors, form: str, begin: dict[str, np.ndarray]) -> Compiled:
    """Build and compile, started at given parameters."""
    import nutpie

    began = time.perf_counter()
    made = model(X, n_components, priors, form)
    compiled = nutpie.compile_pymc_model(made, initial_points=start(**begin, form=form), jitter_rvs=set())
    return Compiled(compiled, form, n_components, X.shape[1], time.perf_counter() - began)
