"""How many groups there are: components, and those of them that have rows, with what the prior says of both."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayesmix.engines.mixing import mixing
from bayesmix.passes.urn import occupied_places
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.partitions.label_draws import label_draws
from bayesmix.priors.concentration import quantiles
from bayesmix.priors.number import PriorOfNumber, number_from_dict
from bayesmix.priors.sets import from_dict
from bayesmix.priors.weights import Dirichlet
from bayesmix.tree import family_of, number_varies, record_of, training_rows
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    from bayesmix.engines.em import EMResult

# Numbers of components that together are less probable than this say nothing of how many have rows.
_NEGLIGIBLE = 1e-6
_MOST = 0.8  # of a run of numbers that stands for all
# Concentrations that stand for a prior of them.
_NODES = 40


@named_arguments
def number_of_groups(tree: "xr.DataTree | EMResult") -> xr.Dataset:
    r"""How many groups there are, in the posterior and in the prior.

    *Components* are the K distributions of the mixture, of which the population is made. *Occupied* are those that the
    rows at hand came from, K+ of them: what people mean by the number of groups in their data. The more components
    there are, the more have no rows.

    Parameters
    ----------
    tree : xarray.DataTree
        By Gibbs sampling: of a mixture with a prior on the number of components, or of a given number of them, which is
        then an upper bound (a sparse finite mixture, where the weights' prior has a small concentration).

    Returns
    -------
    xarray.Dataset
        Over ``number``, from 1 on, the probabilities ``components`` and ``occupied`` in the posterior, and
        ``components_prior`` and ``occupied_prior`` before the data: what the priors of K and of the weights imply for
        so many rows. Attributes ``rhat_components``, ``ess_components``, ``rhat_occupied``, ``ess_occupied`` tell how
        well the chains agree; they are NaN of what does not vary.

    Raises
    ------
    ValueError
        If the tree does not say how many components have rows.

    Notes
    -----
    Both depend on the prior of the components' parameters, above all on how wide it takes a group to be, more than on
    the prior of K. Fit anew with other scales before anything is made of these probabilities.

    References
    ----------
    Fruehwirth-Schnatter, Malsiner-Walli and Gruen (2021), Generalized mixtures of finite mixtures and telescoping
    sampling, Bayesian Analysis 16. Gruen, Malsiner-Walli and Fruehwirth-Schnatter (2022), How many data clusters are in
    the Galaxy data set? Advances in Data Analysis and Classification 16.

    Examples
    --------
    >>> import bayesmix as bm
    >>> mixture = bm.Mixture(bm.priors.DiscreteUniform(10), "diag")
    >>> tree = mixture.fit(bm.datasets.load_galaxies(), random_seed=1, progressbar=False)
    >>> found = bm.number_of_groups(tree)
    >>> round(float(found["occupied"].sum()), 6), float(found["occupied"].sel(number=1)) < 0.01
    (1.0, True)
    """
    tree = heeded(tree)
    stats, record = tree["sample_stats"].to_dataset(), record_of(tree)
    if "n_occupied" not in stats:
        raise ValueError(
            f"the tree does not say how many groups have rows, which draws by {record['method']} do not know: use "
            "fit_gibbs, of a mixture of a given number of components, or with a prior in its place "
            "(bm.priors.ShiftedBetaNegativeBinomial())"
        )
    occupied = stats["n_occupied"].values
    number = number_from_dict(record["mixture"]["n_components"])
    if number_varies(tree):
        components = tree["posterior"].to_dataset()["n_components"].values
    else:
        components = np.full_like(occupied, record["n_components"])
    up_to = int(components.max())
    prior = _prior(number)
    occupied_prior = _occupied_prior(tree, prior)
    quantities = {"components": components, "occupied": occupied}
    found = {
        "components": _shares(components, up_to),
        "components_prior": _cut(prior, up_to),
        "occupied": _shares(occupied, up_to),
        "occupied_prior": _cut(occupied_prior, up_to),
    }
    return xr.Dataset(
        {name: ("number", values) for name, values in found.items()},
        coords={"number": np.arange(1, up_to + 1)},
        attrs={name: value for what, draws in quantities.items() for name, value in _mixing(what, draws).items()},
    )


def shortest_run(probabilities: np.ndarray) -> list[int]:
    """The shortest run of 1, 2, ... whose probabilities sum to enough; of equally short ones the most probable."""
    up_to = np.append(0.0, probabilities.cumsum())
    for length in range(1, up_to.size):
        sums = up_to[length:] - up_to[:-length]
        if sums.max() >= _MOST:
            first = int(sums.argmax()) + 1
            return list(range(first, first + length))
    return list(range(1, up_to.size))


def occupied_shares(tree: xr.DataTree) -> np.ndarray:
    """Posterior probabilities that 1, 2, ... of a given number of components have rows.

    Gibbs sampling counts them at every draw; of other draws the component of every row is drawn here.
    """
    stats = tree["sample_stats"].to_dataset()
    if "n_occupied" in stats:
        occupied = stats["n_occupied"].values
    else:
        occupied = label_draws(tree, training_rows(tree), np.random.default_rng(0)).n_groups
    return _shares(occupied, record_of(tree)["n_components"])


def _prior(number: PriorOfNumber | int) -> np.ndarray:
    """Probabilities of 1, 2, ... components."""
    if isinstance(number, PriorOfNumber):
        return number.probabilities()
    return np.append(np.zeros(number - 1), 1.0)


def _occupied_prior(tree: xr.DataTree, prior: np.ndarray) -> np.ndarray:
    """Probabilities that 1, 2, ... components have rows.

    NaN where the weights' prior tells components apart, or rows may be noise.
    """
    weights = from_dict(record_of(tree)["mixture"]["priors"], family_of(tree)).weights
    n_rows, implied = training_rows(tree).n_rows, np.zeros(prior.size)
    if np.ndim(weights.concentration) > 0 or family_of(tree).has_noise:
        return np.full(prior.size, np.nan)
    beyond = np.append(prior[:0:-1].cumsum()[::-1], 0.0)
    for n_components in range(1, int(np.argmax(beyond <= _NEGLIGIBLE)) + 2):
        if prior[n_components - 1] > 0:
            for concentration, share in zip(*_concentrations(weights), strict=True):
                of_one = concentration / weights.parts(n_components)
                places = occupied_places(n_components, of_one, n_rows)[1:]
                implied[:n_components] += prior[n_components - 1] * share * places
    return implied / implied.sum()


def _concentrations(weights: Dirichlet) -> tuple[np.ndarray, np.ndarray]:
    """Concentrations that stand for what is believed of it, with the share of each: Gauss's rule over its quantiles."""
    if weights.hyperprior is None:
        return np.array([float(weights.concentration)]), np.ones(1)
    nodes, shares = np.polynomial.legendre.leggauss(_NODES)
    return quantiles(weights.hyperprior, 0.5 * (1 + nodes)), 0.5 * shares


def _shares(draws: np.ndarray, up_to: int) -> np.ndarray:
    return np.bincount(draws.ravel().astype(int), minlength=up_to + 1)[1:] / draws.size


def _cut(probabilities: np.ndarray, up_to: int) -> np.ndarray:
    """As many of them, and zeros where there are fewer."""
    return np.append(probabilities, np.zeros(max(0, up_to - probabilities.size)))[:up_to]


def _mixing(what: str, draws: np.ndarray) -> dict[str, float]:
    if np.ptp(draws) == 0:
        return {f"rhat_{what}": np.nan, f"ess_{what}": np.nan}
    rhat, bulk, tail = mixing(draws.astype(float)[None])
    return {f"rhat_{what}": float(rhat[0]), f"ess_{what}": float(min(bulk[0], tail[0]))}
