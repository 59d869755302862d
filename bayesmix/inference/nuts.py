"""The No-U-Turn sampler (nutpie) on a whitened density."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bayesmix.density import Density
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.inference.draws import Draws
from bayesmix.inference.laplace import Laplace

# nutpie's names of the statistics -> ArviZ's
_STATS = {
    "logp": "lp",
    "mean_tree_accept": "acceptance_rate",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "n_steps": "n_steps",
    "step_size": "step_size",
    "energy": "energy",
    "diverging": "diverging",
}
_TUNE = 400  # of a whitened density: only the step size and what the Gaussian at the mode misses


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
    zero), re-drawn where the density is not finite. An interrupted run keeps the draws that every chain has finished.
    """
    began = time.perf_counter()
    rng = np.random.default_rng(seed)
    starts = [_start(density, basin, rng) for _ in range(settings.chains)]
    make = _closed_form_model if isinstance(density, ClosedFormDensity) else _python_model
    model, keep_alive = make(density, basin, starts)
    trace, note = _sample(model, settings, int(rng.integers(2**31)))
    del keep_alive
    stats = {ours: np.asarray(trace["sample_stats"][theirs]) for theirs, ours in _STATS.items()}
    q = np.asarray(trace["posterior"]["q"])
    return Draws(q, stats, {"sampling": time.perf_counter() - began}, (note,) if note else ())


def _start(density: Density, basin: Laplace, rng: np.random.Generator) -> np.ndarray:
    """A finite starting point in whitened coordinates; nearer to the mode with every refusal."""
    for attempt in range(50):
        z = rng.standard_normal(basin.mode.size) * 0.9**attempt
        value, gradient = density.logp_grad(basin.mode + basin.transform @ z)
        # a draw of the Gaussian can land in another world where the density is flat or falls off a cliff
        if np.isfinite(value) and np.isfinite(gradient).all() and value > basin.log_density - 5 * basin.mode.size - 50:
            return z
    return 1e-3 * rng.standard_normal(basin.mode.size)


def _sample(model, settings: NutsSettings, seed: int):
    import nutpie

    arguments = {} if settings.target_accept is None else {"target_accept": settings.target_accept}
    sampler = nutpie.sample(
        model,
        draws=settings.draws,
        tune=_TUNE if settings.tune is None else settings.tune,
        chains=settings.chains,
        cores=settings.cores,
        seed=seed,
        save_warmup=False,
        progress_bar=settings.progressbar,
        adaptation="low_rank",
        blocking=False,
        **arguments,
    )
    try:
        return sampler.wait(), ""
    except KeyboardInterrupt:
        trace = sampler.abort()
        return trace, "interrupted: only the draws that were finished are kept"


def _in_turn(starts: list[np.ndarray]) -> Callable[[int | None], np.ndarray]:
    """nutpie asks for one start a chain, in order."""
    remaining = iter(starts)
    last = starts[-1]
    return lambda seed: next(remaining, last)


def _closed_form_model(density: ClosedFormDensity, basin: Laplace, starts):
    """A model whose functions are C function pointers: nothing is compiled, and no call takes the GIL."""
    from nutpie.compile_pymc import CompiledPyMCModel

    from bayesmix.density.compiled import sampler
    from bayesmix.density.compiled.whitening import expand_function

    n = density.size
    arrays = {
        sampler.COLUMNS: density.units.columns,
        sampler.NUMBERS: density.numbers,
        sampler.CENTRE: np.ascontiguousarray(basin.mode),
        sampler.TRANSFORM: np.ascontiguousarray(basin.transform),
    }
    entries = np.zeros(sampler.N_ENTRIES, dtype=np.int64)
    entries[sampler.N_FEATURES], entries[sampler.N_ROWS] = density.units.columns.shape
    entries[sampler.N_COMPONENTS], entries[sampler.N_BLOCKS] = density.n_components, density.n_blocks
    entries[sampler.N_NUMBERS] = density.numbers.size
    for place, array in arrays.items():
        entries[place] = array.ctypes.data
    model = CompiledPyMCModel(
        dims={},
        compiled_logp_func=density.compiled.sampler_function,
        compiled_expand_func=expand_function,
        initial_point_func=_in_turn(starts),
        shared_data={},
        shared_var_keys={},
        user_data=entries,
        n_expanded=n,
        shape_info=(["q"], [slice(0, n)], [(n,)]),
        logp_func=None,
        expand_func=None,
        _n_dim=n,
        _shapes={"q": (n,)},
        _coords={},
    )
    return model, (arrays, entries)


def _python_model(density: Density, basin: Laplace, starts):
    """The same through Python calls, for a density that only PyMC can evaluate."""
    from nutpie.compiled_pyfunc import from_pyfunc

    n = density.size

    def make_logp():
        def logp(z):
            value, gradient = density.logp_grad(basin.mode + basin.transform @ z)
            if not np.isfinite(value):
                raise _Recoverable
            return value, basin.transform.T @ gradient

        return logp

    def make_expand(seed1, seed2, chain):
        return lambda z: {"q": basin.mode + basin.transform @ z}

    model = from_pyfunc(
        n,
        make_logp,
        make_expand,
        [np.dtype("float64")],
        [(n,)],
        ["q"],
        make_initial_point_fn=_in_turn(starts),
    )
    return model, density


class _Recoverable(ValueError):
    """A point where the density is not finite: nutpie takes it as a divergence."""

    is_recoverable = True
