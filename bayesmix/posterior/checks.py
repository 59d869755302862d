"""Prior and posterior predictive checks: data sets that the model makes, beside the data, in numbers without labels."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesmix.data import Rows
from bayesmix.posterior.predictive import replicated_sets
from bayesmix.posterior.statistics import statistics_of
from bayesmix.priors.sets import from_dict
from bayesmix.tree import family_of, record_of, training_rows

# Data sets made, as far as they hold no more numbers in all than the second figure, but at least the third.
_DATA_SETS = 400
_MOST_VALUES = 60_000_000
_FEWEST = 50
# Fewer rows have no shape to compare.
FEWEST_ROWS = 5
# The data lie outside what the model makes where fewer than this share of its data sets lies beyond them.
TAIL = 0.01
# Rows of a data set that is made from the prior: how wide it is, is seen with few.
_MOST_PRIOR_ROWS = 1000


@dataclass(frozen=True, eq=False)
class Check:
    """Statistics of the data and of data sets that a model makes.

    Attributes
    ----------
    names : tuple of (str, str)
        Feature and statistic.
    observed : (M,) array
        In the data, in their units.
    made : (S, M) array
        In the data sets that the model makes.
    """

    names: tuple[tuple[str, str], ...]
    observed: np.ndarray
    made: np.ndarray

    @property
    def n_sets(self) -> int:
        """Number of data sets made."""
        return len(self.made)

    @property
    def p_values(self) -> np.ndarray:
        """Share of the data sets made in which a statistic is larger than in the data; ties count half."""
        return (self.made > self.observed).mean(axis=0) + 0.5 * (self.made == self.observed).mean(axis=0)

    @property
    def outside(self) -> np.ndarray:
        """Which statistics of the data lie outside what the model makes."""
        p = self.p_values
        return np.minimum(p, 1 - p) < TAIL

    def interval(self, probability: float) -> np.ndarray:
        """Equal-tailed interval (2, M) of every statistic over the data sets made."""
        tail = (1 - probability) / 2
        return np.quantile(self.made, [tail, 1 - tail], axis=0)


def posterior_check(tree: xr.DataTree) -> Check | None:
    """Compare the data with data sets from the posterior predictive distribution.

    Parameters
    ----------
    tree : xarray.DataTree

    Returns
    -------
    Check or None
        Every feature's mean, standard deviation, skewness, kurtosis and range, and its correlation with the feature
        that it is most correlated with in the data. Of counts: mean, variance by mean, share of zeros, largest, and
        that correlation. Of levels: the share of each, and Cramér's V with the feature that depends on it most. None
        where there are too few rows.

    References
    ----------
    Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies,
    Statistica Sinica 6.
    """
    rows = training_rows(tree)
    if rows.n_rows < FEWEST_ROWS:
        return None
    n_sets = int(np.clip(_MOST_VALUES // rows.values.size, _FEWEST, _DATA_SETS))
    made = replicated_sets(tree, n_sets, np.random.default_rng(0))
    return _compared(rows, made, brief=False)


def prior_check(tree: xr.DataTree) -> Check | None:
    """Compare the data with data sets from the prior predictive distribution.

    Parameters
    ----------
    tree : xarray.DataTree

    Returns
    -------
    Check or None
        Every feature's mean and standard deviation; of counts, mean and variance by mean; of levels, shares. None
        where there are too few rows.

    Raises
    ------
    ValueError
        Where a prior is a PyMC object, of which a tree keeps only the text.
    NotImplementedError
        Where nothing draws from the prior (``Gaussian("VEV")``).
    """
    rows = training_rows(tree)
    made = prior_sets(tree, _DATA_SETS, np.random.default_rng(0))
    return None if rows.n_rows < FEWEST_ROWS else _compared(rows, made, brief=True)


def prior_sets(tree: xr.DataTree, n_sets: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Make data sets from the prior, of a thousand rows at most."""
    family, rows = family_of(tree), training_rows(tree)
    priors = from_dict(record_of(tree)["mixture"]["priors"], family)
    n_components = int(record_of(tree)["n_components"])
    weights = priors.weights.draw(n_sets, n_components, rng)
    params = family.prior_draws(priors, n_components, rows.n_features, n_sets, rng)
    n_rows = min(rows.n_rows, _MOST_PRIOR_ROWS)
    return (
        rows.measured(
            family.sample(weights[i], {name: value[i] for name, value in params.items()}, n_rows, rng)[0], rng
        )
        for i in range(n_sets)
    )


def _compared(rows: Rows, made: Iterable[np.ndarray], *, brief: bool) -> Check:
    statistics = statistics_of(rows, brief=brief)
    of_made = np.array([statistics.of(_as_seen(values, rows)) for values in made])
    return Check(statistics.names, statistics.of(rows.values), of_made)


def _as_seen(values: np.ndarray, rows: Rows) -> np.ndarray:
    """A data set that was made, with the cells missing that are missing in the data."""
    return values if rows.missing is None else np.where(rows.missing[: len(values)], np.nan, values)
