"""LOO of 500 posterior draws, computed in passing: no log-likelihood is stored.

bayesmix: ``bm.loo`` of a tree, density included, in seconds of a processor (all processors share the rows, so that on
two cores people wait about half as long). Beside it ArviZ's and R's PSIS on the log densities of the first rows, which
they are given, multiplied to all rows. Of a million rows a sample of 20 000 is left out, and its error stands beside
the elpd.
"""

import warnings

import arviz_stats
import numpy as np
import xarray as xr

import bayesmix as bm
from bayesmix.passes.pareto import left_out, tail_size
from benchmarks.asked import LOO_LONG, LOO_ROWS, spread, verdict
from benchmarks.peers import loo as r_loo
from benchmarks.problems import problem
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import alternate, processor_seconds

TITLE = "Leaving every row out (LOO)"
CHAINS, DRAWS, SAMPLE = 4, 125, 20_000
FEW = 500  # rows that the peers are given
SAME = 1e-8  # of a row's elpd


def tree_of(size: tuple[int, int, int]) -> xr.DataTree:
    """Draws around the truth, as many rows long as asked."""
    given = problem(size)
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((CHAINS, DRAWS, *given.means.shape)) * 3 / np.sqrt(size[0] / size[2])
    scale = np.exp(rng.standard_normal((CHAINS, DRAWS, size[2], 1, 1)) / np.sqrt(size[0] / size[2]))
    posterior = xr.Dataset(
        {
            "weights": (("chain", "draw", "component"), np.broadcast_to(given.weights, (CHAINS, DRAWS, size[2]))),
            "means": (("chain", "draw", "component", "feature"), given.means + noise),
            "covariances": (("chain", "draw", "component", "feature", "feature_bis"), given.covariances * scale),
        }
    )
    tree = bm.Mixture(size[2]).adopt(xr.DataTree.from_dict({"posterior": posterior}), given.X, relabel=None)
    return tree.drop_nodes("log_likelihood") if "log_likelihood" in tree.children else tree


def arviz(densities: np.ndarray) -> np.ndarray:
    """``elpd_i`` by ArviZ of (S, N)."""
    block = xr.Dataset({"x": (("chain", "draw", "obs"), densities.reshape(CHAINS, DRAWS, -1))})
    return arviz_stats.loo(xr.DataTree.from_dict({"/log_likelihood": block}), pointwise=True, reff=1.0).elpd_i.values


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_all_rows(quick), *([] if quick else [_sample()])]


def _all_rows(quick: bool) -> Table:
    size, rounds = LOO_ROWS, 1 if quick else 3
    tree, given = tree_of(size), problem(size)
    posterior = tree["posterior"].to_dataset()
    params = {name: posterior[name].values for name in ("means", "covariances")}
    few = bm.Gaussian("full").log_mixture(posterior["weights"].values, params, given.X[:FEW]).reshape(-1, FEW)
    found = bm.loo(tree)
    same = left_out(few, np.zeros(len(few)), tail_size(len(few)))[0]
    if not np.allclose(same, arviz(few), rtol=0, atol=SAME):
        raise RuntimeError("the two sides do not compute the same thing")

    def ours() -> float:
        began = processor_seconds()
        bm.loo(tree)
        return processor_seconds() - began

    def theirs() -> float:
        began = processor_seconds()
        arviz(few)
        return (processor_seconds() - began) * size[0] / FEW

    sides = {"bayesmix": ours, "ArviZ": theirs}
    why_not = r_loo.missing()
    if not why_not:
        sides[r_loo.NAME] = lambda: r_loo.leave_out(few)[0] * size[0] / FEW
    taken = alternate(sides, rounds, warm=False)
    names = [name for name in sides if name != "bayesmix"]
    asked = verdict("LOO of 500 draws", size, "", taken.seconds["bayesmix"])
    row = (
        size_text(size),
        f"{found.elpd:.1f}",
        seconds_text(taken.median("bayesmix")),
        *(f"{seconds_text(taken.median(name))}, {spread(taken.ratios(name))} times" for name in names),
        asked,
    )
    columns = ("(N, D, K)", "elpd", "bayesmix", *(f"{name}, ratio (range)" for name in names), "asked")
    return Table(columns, [row], f"Without R's loo: {why_not}." if why_not else "")


def _sample() -> Table:
    tree = tree_of(LOO_LONG)
    began = processor_seconds()
    found = bm.loo(tree, n_rows=SAMPLE)
    seconds = processor_seconds() - began
    row = (size_text(LOO_LONG), f"{SAMPLE:,}", f"{found.elpd:.0f}", f"{found.subsampling_se:.1f}", f"{found.se:.0f}")
    columns = ("(N, D, K)", "rows left out", "elpd", "error of the sample", "error over rows", "took")
    return Table(columns, [(*row, seconds_text(seconds))])
