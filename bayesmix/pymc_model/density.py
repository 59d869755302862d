"""Density maker 2: the log density of any PyMC model, as a function of its raveled unconstrained values."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.pytensorf import rewrite_pregrad
from pytensor.graph.replace import clone_replace, vectorize_graph
from pytensor.graph.traversal import ancestors
from pytensor.tensor.variable import TensorConstant

from bayesmix.density.protocol import FreeVariable
from bayesmix.pymc_model.map_objective import log_prior

# Maps between spaces run a few times on many draws: NumPy is fast enough and has nothing to compile.
WITHOUT_COMPILING = "FAST_COMPILE"


class _Compiled(NamedTuple):
    """A function and the arrays that it takes after its arguments."""

    run: Callable[..., Any]
    data: tuple[np.ndarray, ...]


class PyMCDensity:
    """Log posterior density of a PyMC model with continuous free variables, compiled by PyTensor.

    The vector ``q`` is PyMC's: the values of the free variables in the order of their declaration, transformed and
    raveled. Every function is compiled when it is first called, which takes seconds, and then kept.

    Parameters
    ----------
    model : pm.Model
    mode : str or pytensor.compile.mode.Mode, optional
        How PyTensor compiles value and gradient. Default: PyTensor's own default, Numba. ``"FAST_COMPILE"``
        compiles nothing and is some twenty times as slow to call.

    Attributes
    ----------
    variables : tuple of FreeVariable
        Names of the model's free variables, shapes of their unconstrained values, places in ``q``.
    size : int
        Length of ``q``.
    """

    def __init__(self, model: pm.Model, *, mode: Any = None):
        self.model, self.mode = model, mode
        self.variables = _free_variables(model)
        self.size = sum(variable.place.stop - variable.place.start for variable in self.variables)
        self._vector = pt.tensor("q", dtype="float64", shape=(self.size,))
        self._value_variables = [model.rvs_to_values[variable] for variable in model.free_RVs]

    def logp_grad(self, q: Any) -> tuple[float, np.ndarray]:
        """Log posterior density of ``q`` (Jacobians of the transforms included) and its gradient."""
        return self._call(self._posterior, q)

    def map_logp_grad(self, q: Any) -> tuple[float, np.ndarray]:
        """Log density in the constrained variables (no Jacobians), highest at MAP, and its gradient in ``q``."""
        return self._call(self._map, q)

    def constrain(self, q: Any) -> dict[str, np.ndarray]:
        """Free variables and Deterministics in the units of the data, for ``q`` (..., size)."""
        q = np.asarray(q, dtype=np.float64)
        leading = q.shape[:-1]
        draws = np.ascontiguousarray(q.reshape(-1, self.size))
        names, varying, function = self._constrain_function
        found = {}
        for name, varies, value in zip(names, varying, function(draws), strict=True):
            if varies:
                found[name] = value.reshape((*leading, *value.shape[1:]))
            else:
                found[name] = np.broadcast_to(value, (*leading, *value.shape)).copy()
        return found

    def unconstrain(self, values: Mapping[str, Any]) -> np.ndarray:
        """``q`` (..., size) of free variables in the units of the data.

        Parameters
        ----------
        values : mapping of str to array
            One entry for every free variable, all with the same leading dimensions; other names are ignored.

        Raises
        ------
        ValueError
            If a free variable is missing.
        """
        missing = [variable.name for variable in self.variables if variable.name not in values]
        if missing:
            raise ValueError(f"values of {', '.join(missing)} are missing")
        arrays = [np.asarray(values[rv.name], dtype=np.float64) for rv in self.model.free_RVs]
        leading = arrays[0].shape[: arrays[0].ndim - self.model.free_RVs[0].type.ndim]
        stacked = [array.reshape(-1, *array.shape[len(leading) :]) for array in arrays]
        parts = self._unconstrain_function(*stacked)
        n_draws = stacked[0].shape[0]
        flat = np.concatenate([part.reshape(n_draws, -1) for part in parts], axis=1)
        return flat.reshape(*leading, self.size)

    def start(self, values: Mapping[str, Any]) -> np.ndarray:
        """``q`` of free variables in the units of the data; those not given have the model's own initial values.

        Parameters
        ----------
        values : mapping of str to array
            Names that are not free variables are ignored.
        """
        return self.unconstrain({**self._initial_values, **values})

    def _call(self, compiled: "_Compiled", q: Any) -> tuple[float, np.ndarray]:
        value, gradient = compiled.run(np.ascontiguousarray(q, dtype=np.float64), *compiled.data)
        return float(value), gradient

    @cached_property
    def _posterior(self) -> Any:
        return self._compile(self.model.logp())

    @cached_property
    def _map(self) -> Any:
        return self._compile(log_prior(self.model) + self.model.logp(vars=self.model.observed_RVs))

    def _compile(self, log_density: Any) -> Any:
        """Value and gradient of a graph in the model's value variables, as a function of ``q``."""
        # The fused likelihood is put in place by these rewrites: they must precede the gradient.
        log_density, data = _without_data(rewrite_pregrad(log_density))
        slopes = pt.grad(log_density, self._value_variables, disconnected_inputs="ignore")
        gradient = pt.concatenate([slope.ravel() for slope in slopes])
        outputs = clone_replace([log_density, gradient], self._values_of(self._vector))
        function = pm.compile(
            [self._vector, *data],
            outputs,
            mode=self.mode,
            trust_input=True,
            on_unused_input="ignore",
        )
        # What Numba compiled, without PyTensor's storage around it, can be called from several threads.
        return _Compiled(getattr(function.vm, "jit_fn", function), tuple(data.values()))

    def _values_of(self, vector: Any) -> dict[Any, Any]:
        return {
            value: vector[one.place].reshape(one.shape)
            for value, one in zip(self._value_variables, self.variables, strict=True)
        }

    @cached_property
    def _initial_values(self) -> dict[str, np.ndarray]:
        initial = self.model.initial_point(random_seed=0)
        parts = [np.ravel(initial[value.name]) for value in self._value_variables]
        return self.constrain(np.concatenate(parts))

    @cached_property
    def _constrain_function(self) -> tuple[list[str], list[bool], Any]:
        wanted = [*self.model.free_RVs, *self.model.deterministics]
        graphs = clone_replace(
            self.model.replace_rvs_by_values(wanted), self._values_of(self._vector), rebuild_strict=False
        )
        draws = pt.tensor("draws", dtype="float64", shape=(None, self.size))
        batched = vectorize_graph(graphs, {self._vector: draws})
        varying = [many.type.ndim > one.type.ndim for many, one in zip(batched, graphs, strict=True)]
        function = pm.compile([draws], batched, mode=WITHOUT_COMPILING, on_unused_input="ignore")
        return [variable.name for variable in wanted], varying, function

    @cached_property
    def _unconstrain_function(self) -> Any:
        free = self.model.free_RVs
        constrained = [rv.type() for rv in free]
        graphs = []
        for rv, value in zip(free, constrained, strict=True):
            transform = self.model.rvs_to_transforms[rv]
            # A copy, because an output must not be an input itself.
            graphs.append(value.copy() if transform is None else transform.forward(value, *rv.owner.inputs))
        graphs = clone_replace(graphs, dict(zip(free, constrained, strict=True)), rebuild_strict=False)
        many = [pt.tensor(dtype="float64", shape=(None, *value.type.shape)) for value in constrained]
        batched = vectorize_graph(graphs, dict(zip(constrained, many, strict=True)))
        return pm.compile(many, batched, mode=WITHOUT_COMPILING, on_unused_input="ignore")


def _free_variables(model: pm.Model) -> tuple[FreeVariable, ...]:
    discrete = [variable.name for variable in model.discrete_value_vars]
    if discrete:
        raise ValueError(f"a density has continuous variables only; {', '.join(discrete)} is discrete")
    shapes = {rv.name: model.rvs_to_values[rv].type.shape for rv in model.free_RVs}
    if any(None in shape for shape in shapes.values()):
        point = model.initial_point()
        shapes = {rv.name: point[model.rvs_to_values[rv].name].shape for rv in model.free_RVs}
    variables, start = [], 0
    for name, shape in shapes.items():
        stop = start + int(np.prod(shape))
        variables.append(FreeVariable(name, tuple(int(n) for n in shape), slice(start, stop)))
        start = stop
    return tuple(variables)


def _without_data(graph: Any) -> tuple[Any, dict[Any, np.ndarray]]:
    """The graph with an input in the place of every constant that may depend on the data, and their values.

    PyTensor's disk cache looks constants up by value. Without this, every new data set would be compiled anew.
    """
    data = {}
    for node in ancestors([graph]):
        if isinstance(node, TensorConstant) and node.type.dtype == "float64" and not _is_plain(node.data):
            data[node] = pt.tensor(dtype="float64", shape=node.type.shape)
    return clone_replace(graph, data), {data[node]: np.array(node.data, order="C") for node in data}


def _is_plain(value: np.ndarray) -> bool:
    """Empty arrays, and numbers that come from a formula: halves of integers, infinities."""
    return value.size == 0 or (value.ndim == 0 and not bool((2.0 * value) % 1.0 > 0.0))
