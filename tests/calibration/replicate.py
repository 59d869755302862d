"""One replicate: parameters from the prior, rows from the parameters, a fit, and where the truth lies in it."""

from dataclasses import dataclass

import numpy as np

import bayesmix as bm
from bayesmix import Mixture
from bayesmix.posterior.labels.convergence import convergence_table
from bayesmix.posterior.labels.label_free import label_free
from bayesmix.posterior.labels.permutations import agreement_matrices, best_assignments
from bayesmix.verdict import DIVERGENT_GATE
from tests.calibration.cells import Cell
from tests.calibration.quantities import log_odds_together, matrices, quantities, rank
from tests.calibration.simulation import Truth, draw_truth

METHODS = ("nuts", "laplace", "advi")
N_RANKS = 101  # a hundred draws, and so many places for the truth among them
CHAINS, DRAWS = 4, 200
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
        NaN for NUTS.
    """

    ranks: dict[str, int]
    covered: dict[str, tuple[int, int, bool]]
    locations: dict[str, tuple[float, float]]
    failed: tuple[str, ...] = ()
    pareto_k: float = float("nan")


def simulate(cell: Cell, number: int) -> tuple[Truth, np.ndarray, list[np.random.Generator], int]:
    """Truth and rows of one replicate, generators for its methods, and the seed of its fits."""
    entropy = [number, cell.n_features, cell.n_components, cell.n_rows, *str(cell).encode()]
    drawing, *ranking = np.random.default_rng(entropy).spawn(1 + len(METHODS))
    truth = draw_truth(cell.mixture, cell.n_features, drawing)
    rows = truth.rows(cell.n_rows, drawing)
    return truth, rows, ranking, int(drawing.integers(2**31))


def run(cell: Cell, number: int, methods=("nuts",), mixture: Mixture | None = None) -> dict[str, Outcome | None]:
    """One replicate by each method, None where the rows are refused.

    ``mixture`` in the place of the cell's own is an error planted in the fit.
    """
    truth, rows, ranking, seed = simulate(cell, number)
    mixture = cell.mixture if mixture is None else mixture
    found = {}
    for method in methods:
        try:
            tree = fit(mixture, rows, method, seed)
        except ValueError:
            found[method] = None
        else:
            found[method] = _outcome(cell, truth, rows, tree, ranking[METHODS.index(method)])
    return found


def fit(mixture: Mixture, rows: np.ndarray, method: str, seed: int):
    """A fit as users make it, but short."""
    if method == "nuts":
        return mixture.fit_nuts(rows, draws=DRAWS, chains=CHAINS, cores=1, random_seed=seed, progressbar=False)
    if method == "laplace":
        return mixture.fit_laplace(rows, draws=CHAINS * DRAWS, random_seed=seed)
    return mixture.fit_advi(rows, draws=CHAINS * DRAWS, random_seed=seed, progressbar=False)


def _outcome(cell: Cell, truth: Truth, rows: np.ndarray, tree, rng: np.random.Generator) -> Outcome:
    truth = truth.renamed(_names(cell, truth, rows, tree["constant_data"]["pivot"].values))
    posterior = tree["posterior"].to_dataset()
    name = cell.mixture.family.structure.parameter.name
    weights, means, values = (_flat(posterior[part].values) for part in ("weights", "means", name))
    spread = matrices(values, cell.covariance, cell.n_components, cell.n_features)
    tied = cell.covariance == "tied"
    drawn = quantities(weights, means, spread, tied=tied)
    true = quantities(truth.weights[None], truth.means[None], truth.covariances[None], tied=tied)
    drawn["log-likelihood"] = _flat(tree["log_likelihood"]["x"].values).sum(axis=-1)
    true["log-likelihood"] = truth.log_density(rows).sum(keepdims=True)
    points = (rows[: 2 * _POINTS : 2] + rows[1 : 2 * _POINTS : 2]) / 2  # between rows: no row, but made from them alone
    params = {"means": means, name: values}
    at_points, true_at_points = cell.mixture.family.log_mixture(weights, params, points), truth.log_density(points)
    drawn["log density of a point"], true["log density of a point"] = at_points[:, 0], true_at_points[:1]
    if cell.n_components > 1:  # the same for any names: whether two rows belong together
        joint = cell.mixture.family.log_joint(weights, params, rows[:2])
        drawn["rows 0 and 1 together"] = log_odds_together(joint)
        true["rows 0 and 1 together"] = log_odds_together(truth.log_joint(rows[:2])[None])
    thinned = _thinned(len(weights))
    covered = _in_log_density(tree, points, true_at_points, rng)
    if cell.n_components > 1:
        covered |= _in_responsibilities(tree, truth.responsibilities(rows), rng)
    pareto_k = float(tree["posterior"].attrs.get("pareto_k", np.nan))
    return Outcome(
        ranks={one: rank(true[one][0], draws[thinned], rng) for one, draws in drawn.items()},
        covered=covered,
        locations={one: (float(draws.mean()), float(draws.std(ddof=1))) for one, draws in drawn.items()},
        failed=_failed(tree) if np.isnan(pareto_k) else (),
        pareto_k=pareto_k,
    )


def _names(cell: Cell, truth: Truth, rows: np.ndarray, pivot: np.ndarray) -> np.ndarray:
    """The names that a draw with the values of the truth would have been given, by the rule for draws."""
    family = cell.mixture.family
    own = truth.covariances[0] if cell.covariance == "tied" else truth.covariances
    if cell.covariance in ("diag", "spherical"):
        own = np.diagonal(own, axis1=-2, axis2=-1)
    if cell.covariance == "spherical":
        own = own[:, 0]
    weights = truth.weights[None, None]
    params = {"means": truth.means[None, None], family.structure.parameter.name: np.ascontiguousarray(own)[None, None]}
    agreement = agreement_matrices(family, weights, params, rows, pivot)
    return best_assignments(agreement, weights[0])[0]


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
    if tree["sample_stats"]["diverging"].mean() > DIVERGENT_GATE:
        failed.append("divergences")
    return tuple(failed)
