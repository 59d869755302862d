"""The No-U-Turn sampler (nutpie) on a whitened density."""

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bayesmix.density import Density
from bayesmix.engines.arviz_when_asked import arviz_when_asked
from bayesmix.engines.chains import read_chains
from bayesmix.engines.draws import Draws
from bayesmix.engines.gaussian_check import pareto_k
from bayesmix.engines.interruption import INTERRUPTED, most_draws
from bayesmix.engines.laplace import Laplace
from bayesmix.engines.progress import sampling
from bayesmix.engines.whitened import Whitened, whitened


@dataclass(frozen=True)
class Tuning:
    """How far one draw travels, and how long the sampler learns.

    Attributes
    ----------
    tune : int
        Tuning steps unless the user says otherwise.
    max_depth : int
        Trajectories of up to ``2^max_depth - 1`` steps.
    per_draw : int
        Trajectories for each draw that is kept.
    target_accept : float
        Mean acceptance that the step size is tuned to, unless the user says otherwise.
    adaptation : str
        What nutpie learns of the covariance while it tunes.
    """

    tune: int
    max_depth: int
    per_draw: int = 1
    target_accept: float = 0.8
    adaptation: Literal["diag", "low_rank"] = "diag"


# Whitening by the Hessian leaves the sampler little to learn but its step size: of 200, 400 and 1000 steps the fewest
# gave no fewer effective draws a run, and in curved posteriors more of them and fewer divergences. Correlations learned
# from so few draws are noise: with 130 unknowns and more a low-rank adaptation made trajectories two to three times as
# long, cost more than they did, and diverged where the diagonal one did not.
#
# Where the Gaussian at the mode is good, whitening leaves almost a standard normal: three steps are about a quarter
# turn, and two such trajectories a draw move the log-likelihood as well as the parameters. At the cost of one full
# trajectory (six steps) every quantity then has an effective sample size near 3/4 of the number of draws; a half turn
# gives antithetic parameters but a log-likelihood of 1/2 and less. The number of steps being fixed, an acceptance of
# 0.7 makes them longer: what is slowest gains a fifth to a third of its effective draws, and the rest lose a twelfth.
# The steps that a sampler can take shrink with the fourth root of the number of unknowns: from 200 on a quarter turn
# takes seven. There an acceptance of 0.75 gives of 4000 draws about 2900 for the slowest parameter and 1350 for the
# log-likelihood, 0.7 gives 3400 and 1250 and larger R-hats, 0.8 gives 2350 and 1600.
NEAR_GAUSSIAN = Tuning(tune=200, max_depth=2, per_draw=2, target_accept=0.7)
NEAR_GAUSSIAN_OF_MANY = Tuning(tune=200, max_depth=3, target_accept=0.75)
_SEVEN_STEPS_FROM = 200  # unknowns
WHITENED = Tuning(tune=200, max_depth=10)
NOT_WHITENED = Tuning(tune=1000, max_depth=10, adaptation="low_rank")
# Importance ratios have a variance below a Pareto k-hat of 0.5, and its estimate is off by about 0.12: a Gaussian that
# may be this good needs no long trajectories.
_JUDGED_BY = 2000
_GOOD = 0.6


def tuning_for(around: Whitened, rng: np.random.Generator) -> Tuning:
    """Short trajectories where importance sampling from the Gaussian would do well (Pareto k-hat <= 0.6).

    Longer tuning where the mode of the basin was not found, and its Hessian says little.
    """
    if not around.basin.is_maximum:
        return NOT_WHITENED
    if not is_near_gaussian(around, rng):
        return WHITENED
    return NEAR_GAUSSIAN if around.size < _SEVEN_STEPS_FROM else NEAR_GAUSSIAN_OF_MANY


def is_near_gaussian(around: Whitened, rng: np.random.Generator) -> bool:
    """Whether importance sampling from the Gaussian at the mode of a basin would do well: Pareto k-hat <= 0.6."""
    z = rng.standard_normal((_JUDGED_BY, around.size))
    return pareto_k(around.log_densities(z) + 0.5 * (z**2).sum(axis=1)) <= _GOOD


@dataclass(frozen=True)
class NutsSettings:
    """How to sample (see :meth:`bayesmix.Mixture.fit_nuts`)."""

    draws: int = 1000
    tune: int | None = None
    chains: int = 4
    cores: int | None = None
    target_accept: float | None = None
    progressbar: bool = True

    def __post_init__(self):
        for name, least in (("draws", 1), ("tune", 0), ("chains", 1), ("cores", 1)):
            value = getattr(self, name)
            if value is None and name in ("tune", "cores"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{name} must be an integer of at least {least}, not {value!r}")
        if self.target_accept is not None and not 0 < self.target_accept < 1:
            raise ValueError(f"target_accept must be between 0 and 1, not {self.target_accept!r}")


def run(density: Density, basin: Laplace, settings: NutsSettings, seed: int) -> Draws:
    """Chains started around one basin, in its whitened coordinates.

    Starts are draws of the Gaussian at the mode (never the mode itself, where nutpie refuses a gradient of exactly
    zero), re-drawn where the density is not finite.

    Raises
    ------
    KeyboardInterrupt
        If the run is interrupted before any chain has a draw. Later, what was finished is kept: as many draws as
        the chains that are kept all have (see :func:`bayesmix.engines.interruption.most_draws`), and a note says so.
    """
    began = time.perf_counter()
    rng = np.random.default_rng(seed)
    around = whitened(density, basin)
    tuning = tuning_for(around, rng)
    if settings.target_accept is not None:  # full trajectories: three steps that were made small lead nowhere
        tuning = replace(tuning, max_depth=WHITENED.max_depth, per_draw=1, target_accept=settings.target_accept)
    trace, interrupted = _sample(around.nutpie_model(), settings, tuning, int(rng.integers(2**31)))
    chains = read_chains(trace, density.size, tuning.per_draw)
    kept, n_draws = most_draws([len(chain.q) for chain in chains])
    q = np.stack([chains[i].q[:n_draws] for i in kept])
    stats = {name: np.stack([chains[i].stats[name][:n_draws] for i in kept]) for name in chains[0].stats}
    if tuning.max_depth < WHITENED.max_depth:
        # the depth is limited on purpose: it is no sign of trouble
        stats["reached_max_treedepth"] = np.zeros_like(stats["reached_max_treedepth"])
    seconds = {"sampling": time.perf_counter() - began}
    return Draws(q, stats, seconds, (INTERRUPTED,) if interrupted else ())


def _sample(model, settings: NutsSettings, tuning: Tuning, seed: int):
    with arviz_when_asked():
        import nutpie

    with sampling(settings.progressbar) as reporting:
        sampler = nutpie.sample(
            model,
            draws=settings.draws * tuning.per_draw,
            tune=tuning.tune if settings.tune is None else settings.tune,
            maxdepth=tuning.max_depth,
            chains=settings.chains,
            cores=settings.cores,
            seed=seed,
            target_accept=tuning.target_accept,
            save_warmup=False,
            adaptation=tuning.adaptation,
            blocking=False,
            return_raw_trace=True,
            **reporting,
        )
        try:
            return sampler.wait(), False
        except KeyboardInterrupt:
            return sampler.abort(), True
