"""The result of EM: the point estimate, and everything that can be asked of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import xlogy

from bayesmix.data import Beforehand, Rows, StreamedRows, check_alone, check_match, read_rows, read_subjects, source_of
from bayesmix.engines.em.rivals import rivals_of
from bayesmix.engines.em.status import Status
from bayesmix.families import Family
from bayesmix.families.parts import Params, most_probable
from bayesmix.notebook import card, facts, sentences, table
from bayesmix.notes import Note, counted_rivals, of_rows, of_sample, rivals_in_words
from bayesmix.priors.sets import Priors, hyperparameters
from bayesmix.seeds import generator_of
from bayesmix.shelter import sheltered
from bayesmix.threads import Threads
from bayesmix.tree import build_tree
from bayesmix.tree.record import describe
from bayesmix.tree.verdicts import described_verdict
from bayesmix.verdict import Reason, pass_on
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


# How a climb ended that is no estimate, and the kind of reason that this is.
_AGAINST = {
    Status.MAX_ITER: "max_iter",
    Status.INTERRUPTED: "interrupted",
    Status.DEGENERATE: "collapsed",
    Status.EMPTY: "emptied",
}
# Responsibilities that one thread works on at once, about.
_AT_ONCE = 2**19
# What a notebook shows at most.
_FEATURES_SHOWN = 6
_GROUPS_SHOWN = 12


@dataclass(frozen=True, eq=False)
class Optimum:
    """One distinct top of the objective, or a place far below the best one where starts were set aside.

    Attributes
    ----------
    weights, params
        As in :class:`EMResult`.
    objective : float
        Log-likelihood plus log prior density (maximum likelihood: the log-likelihood).
    n_starts : int
        How many starts reached it; 0 where splits and merges of what starts had found did.
    """

    weights: np.ndarray
    params: Mapping[str, np.ndarray]
    objective: float
    n_starts: int


@named_arguments
@dataclass(frozen=True, eq=False)
class EMResult:
    """The point estimate of a mixture; components are ordered by decreasing weight.

    Attributes
    ----------
    family : Family
    priors : Priors
        Resolved, in the units of the data.
    settings : mapping
        The arguments of :meth:`bayesmix.Mixture.fit_em`: ``estimate``, ``init``, ``n_init``, ``max_iter``, ``tol``. An
        ``init`` that was an array or an EMResult is not kept: its kind stands here in words.
    rows : Rows
        The training rows, with their weights where they were given some, and without those of weight 0.
    weights : (K,) array
    params : mapping of arrays, component axis first
        Those of the family, in the units of the data. Gaussian: ``means`` (K, D) and ``covariances`` ((K, D, D) for
        full, (D, D) for tied) or ``variances`` ((K, D) for diag, (K,) for spherical).
    log_likelihood : float
        In nats, at the estimate as it stands in ``weights`` and ``params``, after rounding to the units of the data.
    log_prior : float
        Log prior density in the free variables of the model, without Jacobians; 0 for maximum likelihood.
    status : Status
        How the climb ended; the value is a sentence.
    history : array
        The objective, log-likelihood plus log prior, at every iteration on all rows, before that rounding.
    optima : tuple of Optimum
        The distinct tops that were reached, the highest first; starts that were set aside far below the best one stand
        here with the place where they stopped (their status in ``restarts`` says so).
    restarts : pandas.DataFrame
        Every start: its objective, the distinct optimum it reached (-1: none), its iterations and status. A start
        that came to the place of another has the objective of that one; one that was set aside, that of the place
        where it stopped. Optima that splits and merges found are in ``optima`` alone.
    starts : tuple of mappings
        The rows of ``restarts``.
    seed : int or None
        The seed, drawn where none was given; None where it was no integer, or nothing was random.
    seconds : float
        How long the fit took.

    Examples
    --------
    >>> import bayesmix as bm
    >>> em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> em.weights.round(2).tolist()
    [0.64, 0.36]
    >>> em.params["means"].round(1).tolist()
    [[4.3, 80.0], [2.0, 54.5]]
    >>> em.converged
    True
    >>> em.predict([[4.5, 82.0], [1.9, 50.0]]).tolist()
    [0, 1]
    """

    family: Family
    priors: Priors
    settings: Mapping[str, Any]
    rows: Rows
    weights: np.ndarray
    params: Mapping[str, np.ndarray]
    log_likelihood: float
    log_prior: float
    status: Status
    history: np.ndarray
    optima: tuple[Optimum, ...]
    starts: tuple[Mapping[str, Any], ...] = field(repr=False)
    seed: int | None = None
    seconds: float = 0.0

    @property
    def estimate(self) -> str:
        """``"map"`` or ``"ml"``."""
        return self.settings["estimate"]

    @property
    def n_components(self) -> int:
        """K."""
        return self.weights.size

    @property
    def converged(self) -> bool:
        """Whether an iteration gained less than ``tol`` per row."""
        return self.status in (Status.CONVERGED, Status.FLAT_WEIGHTS)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the estimate is not to be trusted; empty where it is, or ``tol=0`` asked for ``max_iter`` iterations."""
        kind = _AGAINST.get(self.status)
        asked_for = self.status is Status.MAX_ITER and self.settings["tol"] == 0
        return () if kind is None or asked_for else (Reason(kind),)

    @property
    def rivals(self) -> tuple[dict[str, Any], ...]:
        """Other optima within 10 nats of the highest one: how far ``below`` it each is, and its ``weights``."""
        return rivals_of(self.optima)

    @property
    def which(self) -> str:
        """The estimate in words: ``"posterior mode"`` or ``"maximum likelihood"``, at which the criteria are taken."""
        return "maximum likelihood" if self.estimate == "ml" else "posterior mode"

    @property
    def prior_shares(self) -> np.ndarray | None:
        """How much of each group's spread is the prior's, (K,), or (1,) where groups share it.

        None at maximum likelihood, and under priors whose part does not add to that of the rows.
        """
        if self.estimate == "ml":
            return None
        return self.family.prior_shares(self.rows, self.priors, self.weights, self.params)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters."""
        return self.family.n_parameters(self.n_components, self.rows.n_features)

    @property
    def objective(self) -> float:
        """What EM raised: log-likelihood plus log prior."""
        return self.log_likelihood + self.log_prior

    @property
    def bic(self) -> float:
        """Bayesian information criterion, ``-2 log L + p log N``; lower is better.

        At this very estimate: with the default ``estimate="map"`` at the posterior mode, where the likelihood is lower
        than at its maximum and the number larger than what other programs print. To compare models take it from
        ``estimate="ml"``, as :func:`bayesmix.compare` does.

        ``N`` is the number of rows, or where rows have weights the sum of these: a weight of 2 is the row twice.
        """
        return -2 * self.log_likelihood + self.n_parameters * float(np.log(self.rows.total))

    @property
    def aic(self) -> float:
        """Akaike information criterion, ``-2 log L + 2 p``; lower is better. Taken where ``bic`` is."""
        return -2 * self.log_likelihood + 2 * self.n_parameters

    @property
    def sabic(self) -> float:
        """BIC with a penalty for ``(N + 2) / 24`` rows, ``-2 log L + p log((N + 2) / 24)``; lower is better.

        The sample-size-adjusted BIC of Sclove (1987), Psychometrika 52. Taken where ``bic`` is.
        """
        return -2 * self.log_likelihood + self.n_parameters * float(np.log((self.rows.total + 2) / 24))

    @property
    def caic(self) -> float:
        """Consistent AIC, ``-2 log L + p (log N + 1)``; lower is better.

        Bozdogan (1987), Psychometrika 52. Taken where ``bic`` is.
        """
        return self.bic + self.n_parameters

    @property
    def icl(self) -> float:
        """Integrated completed likelihood; lower is better. Taken where ``bic`` is.

        ``BIC - 2 sum_i log max_k r_ik``, after Biernacki, Celeux and Govaert (2000), IEEE Transactions on Pattern
        Analysis and Machine Intelligence 22, with hard labels as in mclust.
        """
        return self.bic - 2 * self._clearness[0]

    @property
    def entropy(self) -> float:
        """Entropy of the classification, ``-sum_i sum_k r_ik log r_ik``, in nats; lower is clearer.

        From 0, where every row belongs to one component for sure, to ``N log K``. One component has none, so that it
        says how well components are told apart, and not how many there are. Celeux and Soromenho (1996), Journal of
        Classification 13.
        """
        return self._clearness[1]

    @cached_property
    @sheltered()
    def _clearness(self) -> tuple[float, float]:
        """``sum_i log max_k r_ik`` and the entropy of all ``r_i``."""
        rows, of_rows = self.rows, partial(_clearness_of, self.family, self.weights, self.params)
        beside, times = (rows.beforehand, rows.weights, rows.errors), rows.weights
        if rows.subjects is not None:  # each counts once
            times = 1 / rows.subjects.sizes[rows.subjects.of_rows]
        whole = any(one is not None for one in beside)
        both = of_rows(rows.entries, rows.beforehand, times) if whole else rows.blocks.summed(of_rows)
        certainty, entropy = both.tolist()
        return certainty, entropy + 0.0  # no negative zero

    @cached_property
    @sheltered()
    def responsibilities(self) -> np.ndarray:
        """(N, K) probabilities of each component given each training row; what they lack of one is noise's."""
        if self.rows.beforehand is not None:
            return _shares(self.family, self.weights, self.params, self.rows.entries, None, self.rows.beforehand)
        return self.predict_proba(self.rows)

    @cached_property
    def labels(self) -> np.ndarray:
        """(N,) most probable component of each training row; -1 for noise."""
        if self.rows.beforehand is not None:
            return _labels(self.family, self.weights, self.params, self.rows.entries, None, self.rows.beforehand)
        return self.predict(self.rows)

    @cached_property
    def restarts(self) -> "pd.DataFrame":
        """Every start as a row: objective, optimum, iterations, status."""
        import pandas as pd

        return pd.DataFrame(list(self.starts)).rename_axis("start")

    def predict(self, X, *, groups: Any = None, error_covariances: Any = None, cores: int | None = None) -> np.ndarray:
        """Most probable component of each row.

        Parameters
        ----------
        X : array, data frame, DataArray, (n, D), file or Dask collection
            Missing cells (NaN) are summed out, here and below. A file opened by :func:`bayesmix.data.open` is read
            block by block. A Dask array or data frame gives another, with its index, of which nothing is made before
            you ask for it.
        groups : array or series (n,), optional
            Which of the rows belong together, as in the fits: they have one component.
        error_covariances : array (n, D, D) or (n, D), optional
            With what errors the rows were measured, as of :meth:`bayesmix.Mixture.fit_em`, here and below. None: they
            are exact, whatever the errors of the rows that were fitted.
        cores : int, optional
            Threads at most that work on blocks of many rows, here and below; None takes all that there are. The result
            does not depend on it.

        Returns
        -------
        (n,) array of int
            -1 for noise, where the mixture has it.
        """
        return self._of(X, _labels, np.intp, cores=cores, groups=groups, errors=error_covariances)

    def predict_proba(
        self, X, *, groups: Any = None, error_covariances: Any = None, cores: int | None = None
    ) -> np.ndarray:
        """Responsibilities: the probability of each component given each row.

        Parameters
        ----------
        X : array, data frame or DataArray, (n, D)
        groups : array or series (n,), optional
            As in :meth:`predict`.
        error_covariances : array, optional
        cores : int, optional

        Returns
        -------
        (n, K) array
            Where the mixture has noise, sums are one less its probability.
        """
        names = [self.rows.group(k) for k in range(self.n_components)]
        return self._of(X, _shares, float, names, cores=cores, groups=groups, errors=error_covariances)

    def score_samples(self, X, *, error_covariances: Any = None, cores: int | None = None) -> np.ndarray:
        """Log density of each row, in nats.

        Parameters
        ----------
        X : array, data frame or DataArray, (n, D)
        error_covariances : array, optional
        cores : int, optional

        Returns
        -------
        (n,) array
        """
        return self._of(X, _log_density, float, cores=cores, errors=error_covariances)

    def sample(self, n: int, random_seed=None) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows and their components from the fitted mixture.

        Parameters
        ----------
        n : int
        random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence

        Returns
        -------
        rows : (n, D) array
        labels : (n,) array of int
            -1 of noise, which lies in the box of the data.
        """
        return self.family.sample(self.weights, self.params, n, generator_of(random_seed))

    def to_tree(self) -> "xr.DataTree":
        """The estimate as a tree of one chain and one draw, on which every function of bayesmix works.

        Returns
        -------
        xarray.DataTree
        """
        posterior = {"weights": self.weights, **self.family.complete(self.params, self.priors)}
        rows = self.rows.held.widened
        log_density = self.family.log_mixture(self.weights, self.params, rows.entries, beforehand=rows.beforehand)
        log_density = rows.weighed(log_density)
        tree = build_tree(
            family=self.family,
            rows=rows,
            posterior={name: value[None, None] for name, value in posterior.items()},
            sample_stats={"lp": np.array([[self.objective]])},
            constant_data={
                "pivot": _labels(self.family, self.weights, self.params, rows.entries, None, rows.beforehand),
                **hyperparameters(self.priors),
            },
            log_likelihood=log_density[None, None],
            record={
                "method": "em",
                "estimate": self.estimate,
                "settings": dict(self.settings),
                "mixture": describe(self.family, self.n_components, self.priors),
                "seed": self.seed,
                "seconds": {"em": self.seconds},
                "exchangeable": self.rows.log_prior is None,
                "notes": [note.to_dict() for note in self.notes],
                "other_optima": list(self.rivals),
                "verdict": described_verdict(self.reasons, 1, 1),
            },
        )
        pass_on(self, tree)
        return tree

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is to be known of the rows and the climb: missing cells; where it did not converge, and other optima."""
        ended = Note("ended", {"engine": "EM", "how": self.status.value})
        others = Note("other_optima", {"optima": list(self.rivals)})
        return (
            of_rows(self.rows)
            + of_sample(self.rows)
            + self.family.told_of(self.rows)
            + (ended,) * (not self.converged)
            + (others,) * bool(self.rivals)
        )

    def _of(
        self,
        X: Any,
        what: Callable[..., np.ndarray],
        kind: type,
        names: Sequence[str] = (),
        cores: int | None = None,
        groups: Any = None,
        errors: Any = None,
    ) -> Any:
        """Something of every row, of a kind, in their order; a column for each of the names."""
        work = partial(what, self.family, self.weights, self.params)
        with Threads(cores) as threads:
            source = X.source if isinstance(X, StreamedRows) else source_of(X)
            if source is not None:
                for name, given in (("groups", groups), ("error_covariances", errors)):
                    if given is not None:
                        raise ValueError(
                            f"{name} is for rows in memory, and {source.name} is read block by block: have its rows in "
                            f"memory, {source.to_hold_them}, or leave {name} out"
                        )
                there = source.columns if source.named else None
                check_match(there, self.rows.features, source.name, len(source.columns))
                return source.each(work, kind, names, threads)
            rows = X if X is self.rows else read_rows(X, columns=self.rows.columns, missing="keep", copy=False)
            rows = self.family.measured(rows, errors)
            if groups is None:
                return work(rows.entries, threads)
            subjects = read_subjects(groups, replace(rows, log_prior=None))
            check_alone(replace(rows, subjects=subjects))
            return work(rows.entries, threads, Beforehand(subjects=subjects))

    def _repr_html_(self) -> str:
        lies = self.family.summaries(self.params, self.rows)[0]
        shown = lies.entries[:_FEATURES_SHOWN]
        rest = len(lies.entries) - len(shown)
        rows = [
            (
                self.rows.group(k),
                f"{self.weights[k]:.1%}",
                *(
                    f"{value:.1%}" if share else f"{value:.4g}"
                    for value, share in zip(lies.values[k], lies.shares[: len(shown)], strict=False)
                ),
            )
            for k in range(min(self.n_components, _GROUPS_SHOWN))
        ]
        left_out = []
        if rest > 0:
            what = "feature" if len(lies.entries) == self.rows.n_features else "level"
            left_out.append(f"{rest} more {what}{'s' if rest > 1 else ''}")
        if self.n_components > _GROUPS_SHOWN:
            left_out.append(f"{self.n_components - _GROUPS_SHOWN} more groups")
        n_starts, n_optima = len(self.starts), len(self.optima)
        optima = "optimum" if n_optima == 1 else "optima"
        best = self.optima[0].n_starts if self.optima else 0
        told = [f"Also found: {rivals_in_words(self.rivals)}."] if self.rivals else []
        return card(
            f"EM: {self.family}, {self.n_components} group{'s' if self.n_components > 1 else ''}, {self.which}",
            sentences(f"{self.status.value[0].upper()}{self.status.value[1:]}.", *told),
            table(("", "weight", *(f"{lies.name} of {entry}" for entry in shown)), rows),
            sentences(f"Not shown: {' and '.join(left_out)}.") if left_out else "",
            facts(
                {
                    "rows": f"{self.rows.n_rows:,}",
                    "log-likelihood": f"{self.log_likelihood:.2f}",
                    f"BIC, AIC at the {self.which}": f"{self.bic:.2f}, {self.aic:.2f} (lower is better)",
                    "starts": f"{n_starts}, of which {best or 'none'} reached the best of {n_optima} distinct {optima}",
                }
            ),
        )

    def __repr__(self) -> str:
        rivals = f"; {counted_rivals(self.rivals)}" if self.rivals else ""
        return (
            f"EMResult({self.family}, n_components={self.n_components}, estimate={self.estimate!r}, "
            f"log_likelihood={self.log_likelihood:.6g}, bic={self.bic:.6g} at the {self.which}; "
            f"{self.status.value}{rivals})"
        )


# What can be asked of rows. They are functions of the estimate alone, which goes where the rows are.


def _labels(
    family: Family,
    weights: np.ndarray,
    params: Params,
    values: np.ndarray,
    threads: Threads | None = None,
    beforehand: Beforehand | None = None,
) -> np.ndarray:
    labels = np.empty(values.shape[0], dtype=np.intp)
    for block, r in family.responsibilities_blocks(weights, params, values, _AT_ONCE, threads, beforehand):
        labels[block] = most_probable(r[..., 0], noise=family.has_noise)
    return labels


def _shares(
    family: Family,
    weights: np.ndarray,
    params: Params,
    values: np.ndarray,
    threads: Threads | None = None,
    beforehand: Beforehand | None = None,
) -> np.ndarray:
    shares = np.empty((values.shape[0], weights.size))
    for block, r in family.responsibilities_blocks(weights, params, values, _AT_ONCE, threads, beforehand):
        shares[block] = r[..., 0].T
    return shares


def _log_density(
    family: Family, weights: np.ndarray, params: Params, values: np.ndarray, threads: Threads | None = None
) -> np.ndarray:
    return family.log_mixture(weights, params, values, threads)


def _clearness_of(
    family: Family,
    weights: np.ndarray,
    params: Params,
    values: np.ndarray,
    beforehand: Beforehand | None = None,
    row_weights: np.ndarray | None = None,
) -> np.ndarray:
    certainty = entropy = 0.0
    for block, joint in family.log_joint_blocks(weights, params, values, beforehand=beforehand):
        of_row = joint[0]
        if family.has_noise:
            of_row = np.column_stack([of_row, _log_of_noise(family, weights, params, values[block], of_row)])
        log_r = of_row - np.logaddexp.reduce(of_row, axis=1, keepdims=True)
        times = 1.0 if row_weights is None else row_weights[block]
        certainty += float((times * log_r.max(axis=1)).sum())
        entropy -= float((times * xlogy(np.exp(log_r), np.exp(log_r)).sum(axis=1)).sum())
    return np.array([certainty, entropy])


def _log_of_noise(
    family: Family, weights: np.ndarray, params: Params, values: np.ndarray, of_groups: np.ndarray
) -> np.ndarray:
    """Log joint density of noise: that of all less that of the groups."""
    whole = family.log_mixture(weights, params, values)
    with np.errstate(divide="ignore"):
        return whole + np.log(-np.expm1(np.minimum(np.logaddexp.reduce(of_groups, axis=1) - whole, 0.0)))
