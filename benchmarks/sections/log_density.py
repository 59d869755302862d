"""One evaluation of the log posterior density and its gradient, with one thread a side.

bayesmix's side is ``ClosedFormDensity.logp_grad``, the function that its engines work on, called from Python. The
textbook's is ``model.logp_dlogp_function``, which PyMC hands to its samplers, without the checks of PyTensor around it,
compiled by Numba and by JAX (double precision), in both forms of the model; the fastest counts.
"""

import time

import numpy as np

from bayesmix.density.closed_form import ClosedFormDensity
from benchmarks.asked import FEW_ROWS, MANY_UNKNOWNS, Size, spread, verdict
from benchmarks.peers import textbook
from benchmarks.problems import problem
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import alternate, repeated

TITLE = "Log density and gradient"
COLUMNS = ("(N, D, K)", "peer", "compile time", "bayesmix", "peer's", "ratio (range)", "asked")
BEST = "textbook PyMC, best of Numba and JAX"


def closed_form(size: Size) -> ClosedFormDensity:
    """bayesmix's density at a size."""
    density = problem(size).model.closed_form()
    assert density is not None
    return density


def rows(size: Size, rounds: int):
    """A row for each form and backend, and one for the best."""
    density = closed_form(size)
    q = 0.1 * np.random.default_rng(0).standard_normal(density.size)
    sides = {"bayesmix": repeated(lambda: density.logp_grad(q))}
    compile_seconds = {}
    for form in textbook.FORMS:
        for backend in textbook.BACKENDS:
            began = time.perf_counter()
            made = textbook.model(problem(size).X, size[2], problem(size).mixture.priors, form)
            function, point = textbook.gradient(made, backend)
            name = f"{form} form, {backend}"
            compile_seconds[name] = time.perf_counter() - began
            sides[name] = repeated(lambda function=function, point=point: function(point))
    taken = alternate(sides, rounds)
    for name, seconds in compile_seconds.items():
        yield size_text(size), name, seconds_text(seconds), *_compared(taken, name), ""
    best = min(compile_seconds, key=taken.median)
    asked = verdict("log density and gradient", size, BEST, taken.ratios(best))
    yield size_text(size), f"**best: {best}**", "", *_compared(taken, best), asked


def _compared(taken, name):
    times = seconds_text(taken.median("bayesmix")), seconds_text(taken.median(name))
    return *times, spread(taken.ratios(name))


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    sizes = (FEW_ROWS,) if quick else (FEW_ROWS, MANY_UNKNOWNS)
    found = [row for size in sizes for row in rows(size, 5 if quick else 9)]
    note = (
        "bayesmix's density is compiled once for a machine and then loaded; PyMC's graphs are compiled for every model."
    )
    return [Table(COLUMNS, found, note)]
