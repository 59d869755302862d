"""One replicate: parameters from the prior, rows from the parameters, a fit, and where the truth lies in it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

import bayesmix as bm
from bayesmix import Mixture
from bayesmix.posterior.labels.convergence import convergence_table
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.posterior.labels.permutations import agreement_matrices, best_assignments
from bayesmix.tree import draws_of
from bayesmix.verdict import DIVERGENT_GATE
from tests.calibration.cells import Cell
from tests.calibration.quantities import log_odds_together, quantities, rank
from tests.calibration.simulation import Points, prior_draws

METHODS = ("nuts", "laplace", "advi", "gibbs")  # a new one last: each has a generator of its own
APPROXIMATIONS = ("laplace", "advi")
N_RANKS = 101  # a hundred draws, and so many places for the truth among them
CHAINS, DRAWS = 4, 200
_MOST_SWEEPS = 8000  # of Gibbs sampling, ten or forty times as many as draws
PROBABILITIES = (0.5, 0.9)
_POINTS = 3  # whose predictive density is judged
_CERTAIN = 1e-9  # responsibilities nearer than this to 0 or 1 are no question

# Gates of these short chains: a hundred effective draws for a hundred ranks, and the R-hat that so few allow.
FEWEST_EFFECTIVE, LARGEST_RHAT = 100, 1.05


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one fit of one replicate says.

    Attributes
    ----------
    ranks : mapping of int
        Of the truth among a hundred draws, from 0.
    covered : mapping
        ``"responsibilities 0.9"``: how many of the judged entries lie in their interval, how many were judged, and
        whether one taken at random lies in it.
    locations : mapping of (mean, sd)
        Of every quantity over all draws.
    failed : tuple of str
        Gates that the fit did not pass.
    pareto_k : float
        NaN for Markov chains.
    """

    ranks: dict[str, int]
    covered: dict[str, tuple[int, int, bool]]
    locations: dict[str, tuple[float, float]]
    failed: tuple[str, ...] = ()
    pareto_k: float = float("nan")


def simulate(cell: Cell, number: int) -> tuple[Points, np.ndarray, list[np.random.Generator], int]:
    """Truth and rows of one replicate, generators for its methods, and the seed of its fits."""
    entropy = [number, cell.n_features, cell.n_components, cell.n_rows, *str(cell).encode()]
    drawing, *ranking = np.random.default_rng(entropy).spawn(1 + len(METHODS))
    while True:
        truth = prior_draws(cell.mixture, cell.n_features, drawing)
        rows = truth.rows(cell.n_rows, drawing)
        if _fitting(cell, rows):
            return truth, rows, ranking, int(drawing.integers(2**31))


def _fitting(cell: Cell, rows: np.ndarray) -> bool:
    """Whether rows are such as the cell's model is fitted to: no column is constant, and every level is in some row.

    A level that no row has is none of the fitted model's. This is a condition on rows alone: given the rows, the truth
    is a draw of the posterior as before.
    """
    try:
        return cell.mixture.resolve_priors(cell.table(rows)).family == cell.mixture.family
    except ValueError:
        return False


def run(cell: Cell, number: int, methods=("nuts",), mixture: Mixture | None = None) -> dict[str, Outcome | None]:
    """One replicate by each method, None where the fit is refused.

    ``mixture`` in the place of the cell's own is an error planted in the fit.
    """
    truth, rows, ranking, seed = simulate(cell, number)
    mixture = cell.mixture if mixture is None else mixture
    found = {}
    for method in methods:
        try:
            tree = fit(mixture, cell.table(rows), method, seed)
        except ValueError:
            found[method] = None
        else:
            found[method] = _outcome(cell, truth, rows, tree, ranking[METHODS.index(method)])
    return found


def fit(mixture: Mixture, rows: pd.DataFrame, method: str, seed: int):
    """A fit as users make it, but short."""
    if method == "nuts":
        return mixture.fit_nuts(rows, draws=DRAWS, chains=CHAINS, cores=1, random_seed=seed, progressbar=False)
    if method == "gibbs":
        most = {"cores": 1, "max_sweeps": _MOST_SWEEPS}
        return mixture.fit_gibbs(rows, draws=DRAWS, chains=CHAINS, random_seed=seed, progressbar=False, **most)
    if method == "laplace":
        return mixture.fit_laplace(rows, draws=CHAINS * DRAWS, random_seed=seed)
    return mixture.fit_advi(rows, draws=CHAINS * DRAWS, random_seed=seed, progressbar=False)


def _outcome(cell: Cell, truth: Points, rows: np.ndarray, tree, rng: np.random.Generator) -> Outcome:
    truth = truth.renamed(_names(truth, rows, tree["constant_data"]["pivot"].values))
    weights, params = draws_of(tree)
    draws = Points(truth.family, _flat(weights), {name: _flat(value) for name, value in params.items()})
    points = points_between(rows)
    drawn, true = (quantities(one) | _of_rows(one, rows, points) for one in (draws, truth))
    drawn["log-likelihood"] = _flat(tree["log_likelihood"]["x"].values).sum(axis=-1)
    true["log-likelihood"] = truth.log_density(rows).sum(axis=-1)
    thinned = _thinned(len(draws.weights))
    covered = _in_log_density(tree, cell.table(points), truth.log_density(points)[0], rng)
    if cell.n_components > 1:
        covered |= _in_responsibilities(tree, truth.responsibilities(rows)[0], rng)
    pareto_k = float(tree["posterior"].attrs.get("pareto_k", np.nan))
    return Outcome(
        ranks={one: rank(true[one][0], values[thinned], rng) for one, values in drawn.items()},
        covered=covered,
        locations={one: (float(values.mean()), float(values.std(ddof=1))) for one, values in drawn.items()},
        failed=_failed(tree) if np.isnan(pareto_k) else (),
        pareto_k=pareto_k,
    )


def points_between(rows: np.ndarray) -> np.ndarray:
    """New points of the kind that the rows are, made from them alone: every column from another row."""
    return np.stack([column[j : j + _POINTS] for j, column in enumerate(rows.T)], axis=-1)


def _of_rows(one: Points, rows: np.ndarray, points: np.ndarray) -> dict[str, np.ndarray]:
    """What is said of rows and points; the same for any names."""
    found = {"log density of a point": one.log_density(points[:1])[:, 0]}
    if one.weights.shape[-1] > 1:
        found["rows 0 and 1 together"] = log_odds_together(one.log_joint(rows[:2]))
    return found


def _names(truth: Points, rows: np.ndarray, pivot: np.ndarray) -> np.ndarray:
    """The names that a draw with the values of the truth would have been given, by the rule for draws."""
    params = {name: value[None] for name, value in truth.params.items()}
    agreement = agreement_matrices(truth.family, truth.weights[None], params, rows, pivot)
    return best_assignments(agreement, truth.weights)[0]


def _flat(values: np.ndarray) -> np.ndarray:
    """Chain after chain."""
    return values.reshape(-1, *values.shape[2:])


def _thinned(n_draws: int) -> np.ndarray:
    """A hundred evenly spaced draws, as many of each chain."""
    return np.arange(n_draws)[n_draws // (N_RANKS - 1) - 1 :: n_draws // (N_RANKS - 1)]


def _in_log_density(tree, points, truth, rng) -> dict[str, tuple[int, int, bool]]:
    everywhere = np.ones(len(points), dtype=bool)

    def interval(p):
        return bm.log_density(tree, points, ci_prob=p)["log_density_interval"].values

    return {f"log density {p}": _count(interval(p), truth, everywhere, rng) for p in PROBABILITIES}


def _in_responsibilities(tree, truth, rng) -> dict[str, tuple[int, int, bool]]:
    """Of the rows that are in doubt, which the fit alone decides: certain ones are equal to their bounds."""

    def interval(p):
        return bm.responsibilities(tree, ci_prob=p)["probability_interval"].values

    widest = interval(max(PROBABILITIES))
    doubtful = (widest[..., 0] > _CERTAIN) & (widest[..., 1] < 1 - _CERTAIN)
    return {f"responsibilities {p}": _count(interval(p), truth, doubtful, rng) for p in PROBABILITIES}


def _count(interval, truth, judged, rng) -> tuple[int, int, bool]:
    """How many of the judged entries are inside, how many there are, and whether one taken at random is inside."""
    inside = ((interval[..., 0] <= truth) & (truth <= interval[..., 1]))[judged]
    return int(inside.sum()), inside.size, bool(inside.size and rng.choice(inside))


def _failed(tree) -> tuple[str, ...]:
    table = convergence_table(label_free(tree))
    failed = []
    if table["rhat"].max() > LARGEST_RHAT:
        failed.append("R-hat")
    if table[["ess_bulk", "ess_tail"]].min(axis=None) < FEWEST_EFFECTIVE:
        failed.append("effective draws")
    if tree["posterior"].attrs["multimodal"]:
        failed.append("several basins")
    stats = tree["sample_stats"]
    if "diverging" in stats and stats["diverging"].mean() > DIVERGENT_GATE:
        failed.append("divergences")
    return tuple(failed)
