"""A density in whitened coordinates ``z``, ``q = mode + transform @ z``, in the two forms that a sampler can call."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from bayesmix.density import Density
from bayesmix.density.closed_form import ClosedFormDensity
from bayesmix.engines.arviz_when_asked import arviz_when_asked
from bayesmix.engines.laplace import Laplace


class Whitened(ABC):
    """A density around one basin."""

    def __init__(self, density: Density, basin: Laplace):
        self.density, self.basin = density, basin

    @property
    def size(self) -> int:
        """Length of ``z``."""
        return self.basin.mode.size

    @abstractmethod
    def log_densities(self, z: np.ndarray) -> np.ndarray:
        """Log density of ``q``, minus infinity where it is not a number, at points ``z`` (n, size)."""

    @abstractmethod
    def nutpie_model(self) -> Any:
        """What nutpie samples: draws of ``q``. It is valid as long as this object lives."""

    def start(self, rng: np.random.Generator) -> np.ndarray:
        """A finite starting point; nearer to the mode with every refusal."""
        density, basin = self.density, self.basin
        for attempt in range(50):
            z = rng.standard_normal(self.size) * 0.9**attempt
            value, gradient = density.logp_grad(basin.mode + basin.transform @ z)
            # a draw of the Gaussian can land in another world where the density is flat or falls off a cliff
            if np.isfinite(value) and np.isfinite(gradient).all() and value > basin.log_density - 5 * self.size - 50:
                return z
        return 1e-3 * rng.standard_normal(self.size)

    def starts(self) -> Callable[[Any], np.ndarray]:
        """The start of a chain from the seed that nutpie gives it.

        A function of nothing but the seed: chains that run at once ask in any order.
        """
        return lambda seed: self.start(np.random.default_rng(seed))


class CompiledWhitened(Whitened):
    """By C function pointers: nothing is compiled, and no call takes the GIL."""

    density: ClosedFormDensity

    def __init__(self, density: ClosedFormDensity, basin: Laplace):
        from bayesmix.density import sampler

        super().__init__(density, basin)
        numbers = density.numbers.copy()
        numbers[0] += density.log_likelihood_shift  # the log density is that of the data's units, too
        self._arrays = {
            sampler.COLUMNS: density.columns,
            sampler.ROW_WEIGHTS: density.row_weights,
            sampler.NUMBERS: numbers,
            sampler.CENTRE: np.ascontiguousarray(basin.mode),
            sampler.TRANSFORM: np.ascontiguousarray(basin.transform),
        }
        self._entries = np.zeros(sampler.N_ENTRIES, dtype=np.int64)
        self._entries[sampler.N_FEATURES], self._entries[sampler.N_ROWS] = density.columns.shape
        self._entries[sampler.N_COMPONENTS] = density.n_components
        self._entries[sampler.N_BLOCKS] = density.n_blocks
        self._entries[sampler.N_NUMBERS] = numbers.size
        self._entries[sampler.N_WEIGHTS] = density.row_weights.size
        for place, array in self._arrays.items():
            self._entries[place] = array.ctypes.data

    def log_densities(self, z: np.ndarray) -> np.ndarray:
        """See :class:`Whitened`."""
        from bayesmix.density.sampler import call_repeatedly

        values, slope = np.empty(len(z)), np.empty(self.size)
        address = self.density.compiled.sampler_function.address
        call_repeatedly(address, np.ascontiguousarray(z), slope, values, self._entries)
        return np.where(np.isnan(values), -np.inf, values)

    def nutpie_model(self) -> Any:
        """See :class:`Whitened`."""
        with arviz_when_asked():
            from nutpie.compile_pymc import CompiledPyMCModel

        from bayesmix.density.whitening import expand_function

        n = self.size
        return CompiledPyMCModel(
            dims={},
            compiled_logp_func=self.density.compiled.sampler_function,
            compiled_expand_func=expand_function,
            initial_point_func=self.starts(),
            shared_data={},
            shared_var_keys={},
            user_data=self._entries,
            n_expanded=n,
            shape_info=(["q"], [slice(0, n)], [(n,)]),
            logp_func=None,
            expand_func=None,
            _n_dim=n,
            _shapes={"q": (n,)},
            _coords={},
        )


class InterpretedWhitened(Whitened):
    """Through Python calls, for a density that only PyMC can evaluate."""

    def log_densities(self, z: np.ndarray) -> np.ndarray:
        """See :class:`Whitened`."""
        values = np.array([self.density.logp_grad(self._expand(one))[0] for one in z])
        return np.where(np.isnan(values), -np.inf, values)

    def nutpie_model(self) -> Any:
        """See :class:`Whitened`."""
        with arviz_when_asked():
            from nutpie.compiled_pyfunc import from_pyfunc

        def make_logp():
            return self._logp

        def make_expand(seed1, seed2, chain):
            return lambda z: {"q": self._expand(z)}

        n = self.size
        return from_pyfunc(
            n, make_logp, make_expand, [np.dtype("float64")], [(n,)], ["q"], make_initial_point_fn=self.starts()
        )

    def _expand(self, z: np.ndarray) -> np.ndarray:
        return self.basin.mode + self.basin.transform @ z

    def _logp(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = self.density.logp_grad(self._expand(z))
        if not np.isfinite(value):
            raise _Recoverable
        return value, self.basin.transform.T @ gradient


class _Recoverable(ValueError):
    """A point where the density is not finite: nutpie takes it as a divergence."""

    is_recoverable = True


def whitened(density: Density, basin: Laplace) -> Whitened:
    """The density around a basin, in the faster form that it has."""
    if isinstance(density, ClosedFormDensity):
        return CompiledWhitened(density, basin)
    return InterpretedWhitened(density, basin)
