"""Effective draws a second where components outnumber what the data can tell apart, under bayesmix's default prior.

Four chains on two cores, on the wall, EM and tuning within. What is judged is what does not depend on labels:
log-likelihood, sorted weights and total covariance; effective draws are the fewest of these, in bulk or tails. Chains
with an R-hat above 1.01 do not agree, and what they have of effective draws means little: it is shown all the same.
Gibbs sampling goes on until its gates pass, bayesmix's NUTS has 1000 draws of each chain; Stan and NumPyro have 300
after as many of warm-up, of penguins 100, one seed and no other settings tried, so that the section ends.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr

import bayesmix as bm
from benchmarks.asked import three_digits
from benchmarks.peers import conjugate, numpyro, stan
from benchmarks.sections.many_components import LOADED, gates
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import once

TITLE = "More components than the data can tell apart: effective draws per second"
COLUMNS = ("rows", "(N, D, K)", "sampler", "took", "R-hat, ESS", "ESS a second", "Gibbs sampling has")
# Rows, components, and draws of a peer's chain, and of its warm-up.
CASES = (("Old Faithful", 4, 300), ("penguins", 4, 100))


class Judged(NamedTuple):
    """Seconds, and the worst of what does not depend on labels."""

    seconds: float
    rhat: float
    ess: float

    @classmethod
    def of(cls, seconds: float, tree: xr.DataTree) -> "Judged":
        found = bm.diagnose(tree)
        return cls(seconds, found.max_rhat, found.min_ess)


def ours(fit: Callable[..., xr.DataTree], X: np.ndarray) -> Judged:
    """A fit from the call to the tree, of code that was compiled before."""
    fit(X, random_seed=0, cores=2, progressbar=False)
    trees = []
    seconds = once(lambda: trees.append(fit(X, random_seed=1, cores=2, progressbar=False)))()
    return Judged.of(seconds, trees[0])


def theirs(given: conjugate.Given, seconds: float, drawn: dict[str, np.ndarray]) -> Judged:
    """A peer's draws."""
    axes = {name: ("chain", "draw", *(f"{name}_{i}" for i in range(values.ndim - 2))) for name, values in drawn.items()}
    dataset = xr.Dataset({name: (axes[name], values) for name, values in drawn.items()})
    return Judged.of(seconds, given.mixture.adopt(xr.DataTree.from_dict({"posterior": dataset}), given.X))


def judged(name: str, n_components: int, of_peers: int) -> tuple[tuple[int, int, int], dict[str, Judged | str]]:
    """Every sampler of one number of components, or why it was not run."""
    X = LOADED[name]().to_numpy()
    given = conjugate.Given(X, n_components)
    mixture = bm.Mixture(n_components)
    sides: dict[str, Judged | str] = {
        "bayesmix, Gibbs sampling": ours(mixture.fit_gibbs, X),
        "bayesmix, NUTS": ours(mixture.fit_nuts, X),
    }
    for peer, sample, absent in ((numpyro, conjugate.by_numpyro, ""), (stan, conjugate.by_stan, stan.missing())):
        sides[peer.NAME] = f"not run: {absent}" if absent else theirs(given, *sample(given, of_peers, of_peers, 1))
    return (*X.shape, n_components), sides


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bm.UntrustedWarning)  # the table says it
        for name, k, of_peers in CASES[:1] if quick else CASES:
            size, sides = judged(name, k, of_peers)
            first, *_ = sides.values()
            for side, one in sides.items():
                if isinstance(one, str):
                    rows.append((name, size_text(size), side, "", "", "", one))
                    continue
                rate, ratio = one.ess / one.seconds, first.ess / first.seconds / (one.ess / one.seconds)
                void = "" if one.rhat <= 1.01 else " (void)"
                times = "" if one is first else f"{three_digits(ratio)} times as many{void}"
                cells = seconds_text(one.seconds), gates(one.rhat, one.ess), three_digits(rate), times
                rows.append((name, size_text(size), side, *cells))
    return [Table(COLUMNS, rows)]
