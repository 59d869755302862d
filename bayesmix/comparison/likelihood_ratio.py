"""Two numbers of components by their likelihood ratio, held against what it is when the smaller number is true."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import cpu_count
from time import process_time
from typing import Any

import numpy as np

from bayesmix.data import Rows, check_n_components, read_rows
from bayesmix.data.words import counted
from bayesmix.engines.begin import fit_em
from bayesmix.engines.em import EMResult, EMSettings
from bayesmix.families import Family, read_family
from bayesmix.families.gaussian import Gaussian
from bayesmix.first_use import compiling_shown
from bayesmix.notebook import card, facts, sentences
from bayesmix.posterior.predictive import positive
from bayesmix.priors.sets import default_priors
from bayesmix.problem import Problem
from bayesmix.progress import progress
from bayesmix.seeds import number_of
from bayesmix.threads import one_blas_thread
from bayesmix.vocabulary import named_arguments

# Other processes take seconds to start: less work than this is done in this one.
_WORTH_PROCESSES = 5.0  # seconds
# Resamples that a process is given at once.
_AT_ONCE = 8
# With fewer than this share of the resamples nothing is said of the tail.
_FEWEST_FITTED = 0.9


@named_arguments
@dataclass(frozen=True, eq=False)
class BootstrapLRT:
    """A bootstrap likelihood-ratio test; made by ``bayesmix.bootstrap_lrt``.

    Attributes
    ----------
    n_components, alternative : int
        The number under the null hypothesis, and the larger one.
    statistic : float
        ``2 (log L_alternative - log L_null)`` of the data, at the maxima found.
    resampled : (B,) array
        The same of data sets drawn from the null's estimate.
    p_value : float
        ``(1 + number of resampled at or above statistic) / (B + 1)``.
    p_value_se : float
        Its Monte Carlo standard error.
    n_failed : int
        Resamples of which one of the two has no maximum; they are left out.
    null, larger : EMResult
        The two estimates of the data.
    seed : int

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_galaxies()
    >>> test = bm.bootstrap_lrt(X, 1, 2, family="tied", n_resamples=19, random_seed=1, progressbar=False)
    >>> test.resampled.shape, test.p_value
    ((19,), 0.05)
    """

    n_components: int
    alternative: int
    statistic: float
    resampled: np.ndarray
    n_failed: int
    null: EMResult
    larger: EMResult
    seed: int

    @property
    def p_value(self) -> float:
        """Share of data sets of the null that have so large a statistic, the data among them."""
        return float((1 + np.count_nonzero(self.resampled >= self.statistic)) / (1 + self.resampled.size))

    @property
    def p_value_se(self) -> float:
        """Monte Carlo standard error of the p-value."""
        p = self.p_value
        return float(np.sqrt(p * (1 - p) / (1 + self.resampled.size)))

    @property
    def sentence(self) -> str:
        """What it says, in words."""
        few, many = counted(self.n_components, "group"), self.alternative
        rare = f"p = {self.p_value:.3g} by {self.resampled.size:,} resamples"
        if self.p_value <= 0.05:
            return f"The rows speak against {few}, and for {many}: so large a gain is rare if {few} made them ({rare})."
        return f"The rows do not speak against {few}: {many} gain no more than they would if {few} made them ({rare})."

    def __repr__(self) -> str:
        return (
            f"BootstrapLRT({self.null.family}: statistic {self.statistic:.2f}, p = {self.p_value:.3g})\n{self.sentence}"
        )

    def _repr_html_(self) -> str:
        told = {
            "statistic": f"{self.statistic:.2f}",
            "p": f"{self.p_value:.3g}",
            "its Monte Carlo error": f"{self.p_value_se:.2g}",
            "resamples": f"{self.resampled.size:,}",
        }
        if self.n_failed:
            told["resamples without a maximum"] = f"{self.n_failed:,}"
        title = f"Likelihood ratio of {self.alternative} to {counted(self.n_components, 'group')}, {self.null.family}"
        return card(title, sentences(self.sentence), facts(told))


@named_arguments
def bootstrap_lrt(
    X: Any,
    n_components: int,
    alternative: int | None = None,
    *,
    family: Family | str = Gaussian(),
    n_resamples: int = 999,
    n_init: int = 10,
    random_seed: Any = None,
    cores: int | None = None,
    progressbar: bool = True,
) -> BootstrapLRT:
    r"""Test a number of components against a larger one by the likelihood ratio, with its distribution by simulation.

    .. math:: T = 2 \left(\ell(\hat\theta_{K'}) - \ell(\hat\theta_K)\right)

    A mixture with too many components is no regular model, and T has no chi-squared distribution when K is true. Data
    sets as long as X are drawn from the maximum-likelihood estimate with K components instead, both numbers are fitted
    to each, and T is held against theirs.

    Parameters
    ----------
    X : array-like or data frame, (N, D)
    n_components : int
        K, the null hypothesis.
    alternative : int, optional
        A larger number; K + 1 by default.
    family : Family or str
    n_resamples : int
        B. The smallest p-value is 1 / (B + 1).
    n_init : int
        Starts of each fit, of X and of the resamples alike, so that both are searched as well.
    random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
    cores : int, optional
        Processes; as many as there are processors by default. The numbers do not depend on it.
    progressbar : bool

    Returns
    -------
    BootstrapLRT
        ``statistic, resampled, p_value, p_value_se, sentence``.

    Raises
    ------
    ValueError, TypeError
        When an argument cannot be used, or the likelihood has no interior maximum with one of the numbers, for X or for
        more than a tenth of the resamples.

    References
    ----------
    McLachlan (1987), On bootstrapping the likelihood ratio test statistic for the number of components in a normal
    mixture, Applied Statistics 36.

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_faithful()
    >>> test = bm.bootstrap_lrt(X, 1, 2, n_resamples=99, random_seed=1, progressbar=False)
    >>> round(test.statistic, 1), test.p_value
    (319.1, 0.01)
    """
    n_components = check_n_components(n_components)
    alternative = n_components + 1 if alternative is None else check_n_components(alternative)
    if alternative <= n_components:
        raise ValueError(
            f"alternative must be larger than n_components, the null hypothesis: not {alternative} against "
            f"{n_components}."
        )
    n_resamples, n_init = positive(n_resamples, "n_resamples"), positive(n_init, "n_init")
    cores = cpu_count() or 1 if cores is None else positive(cores, "cores")
    family = read_family(family, "family")
    rows = read_rows(X, takes=family.takes)
    problems = [Problem.of(rows, family, k, default_priors(family)) for k in (n_components, alternative)]
    if why := family.why_no_maximum(rows):
        raise ValueError(f"X has no likelihood to compare: {why}.")
    seed = number_of(random_seed)
    of_data, *of_resamples = np.random.SeedSequence(seed).spawn(1 + n_resamples)
    with compiling_shown(progressbar), progress(progressbar, n_resamples) as report:
        report("Fitting the data", 0)
        null, larger = (_of_data(problem, n_init, of_data) for problem in problems)
        statistics = []
        for some in _resampled(null, larger, n_init, of_resamples, cores):
            statistics.extend(some)
            report("Resampling", len(statistics))
    every = np.array(statistics)
    fitted = every[np.isfinite(every)]
    if fitted.size < _FEWEST_FITTED * n_resamples:
        raise ValueError(
            f"{n_resamples - fitted.size} of {n_resamples} resamples have no interior maximum of the likelihood, so "
            "that nothing is known of the statistic: try fewer groups or a simpler family."
        )
    return BootstrapLRT(
        n_components, alternative, _statistic(null, larger), fitted, n_resamples - fitted.size, null, larger, seed
    )


def _of_data(problem: Problem, n_init: int, seed: np.random.SeedSequence) -> EMResult:
    fit = _maximum(problem, n_init, seed)
    if fit is None:
        raise ValueError(
            f"the likelihood of {problem.family} with {counted(problem.n_components, 'group')} has no interior maximum "
            "on X: every start collapsed. Try fewer groups or a simpler family."
        )
    return fit


def _resampled(
    null: EMResult, larger: EMResult, n_init: int, seeds: Sequence[np.random.SeedSequence], cores: int
) -> Iterator[list[float]]:
    """Statistics of data sets from the null, some at a time and in the order of their seeds."""
    yield _statistics(null, larger, n_init, seeds[:1])  # the first may compile
    began = process_time()
    yield _statistics(null, larger, n_init, seeds[1:2])
    each, seeds = process_time() - began, seeds[2:]
    parts = [seeds[start : start + _AT_ONCE] for start in range(0, len(seeds), _AT_ONCE)]
    if cores == 1 or each * len(seeds) < _WORTH_PROCESSES:
        for part in parts:
            yield _statistics(null, larger, n_init, part)
        return
    from joblib import Parallel, delayed

    work: Any = Parallel(n_jobs=cores, return_as="generator")
    yield from work(delayed(_statistics)(null, larger, n_init, part) for part in parts)


def _statistics(null: EMResult, larger: EMResult, n_init: int, seeds: Sequence[np.random.SeedSequence]) -> list[float]:
    """The statistic of one data set for each seed; NaN where there is none."""
    return [_of_one(null, larger, n_init, seed) for seed in seeds]


def _of_one(null: EMResult, larger: EMResult, n_init: int, seed: np.random.SeedSequence) -> float:
    for_rows, for_fits = seed.spawn(2)
    values, _ = null.sample(null.rows.n_rows, for_rows)
    rows = Rows(np.ascontiguousarray(values, dtype=float), null.rows.columns)
    fits = []
    for estimate in (null, larger):
        try:
            problem = Problem.of(rows, estimate.family, estimate.n_components, default_priors(estimate.family))
        except ValueError:  # rows of a discrete family may repeat until there are too few distinct ones
            return np.nan
        fits.append(_maximum(problem, n_init, for_fits))
    return np.nan if fits[0] is None or fits[1] is None else _statistic(*fits)


def _maximum(problem: Problem, n_init: int, seed: np.random.SeedSequence) -> EMResult | None:
    """The highest interior optimum that the starts find; None where there is none."""
    with one_blas_thread():
        fit = fit_em(problem, EMSettings("ml", n_init=n_init), number_of(seed), False)
    return fit if fit.status.interior else None


def _statistic(null: EMResult, larger: EMResult) -> float:
    return 2 * (larger.log_likelihood - null.log_likelihood)
