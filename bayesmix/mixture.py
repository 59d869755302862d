"""Mixture: the declaration (family, number of components, priors) and the ways to fit it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayesmix.data import (
    StreamedRows,
    check_n_components,
    read_labels,
    read_rows,
    read_subjects,
    read_weights,
    source_of,
)
from bayesmix.engines.begin import density_of, fit_em, model_of
from bayesmix.engines.em import EMResult, EMSettings
from bayesmix.families import Family, read_family, with_noise
from bayesmix.families.gaussian import Gaussian
from bayesmix.first_use import compiling_shown
from bayesmix.notebook import card, facts, sentences
from bayesmix.priors.number import PriorOfNumber, number_from_dict
from bayesmix.priors.sets import default_priors, facts_of, from_dict, in_words, read_priors
from bayesmix.problem import Problem
from bayesmix.progress import progress
from bayesmix.registry import ENGINES
from bayesmix.seeds import number_of
from bayesmix.tree import as_tree, family_of, record_of
from bayesmix.tree.record import describe
from bayesmix.verdict import warn_once
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from bayesmix.data import Source


@named_arguments
@dataclass(frozen=True)
class Mixture:
    r"""A finite mixture: the declaration, which holds no data.

    .. math::
        z_i \sim \text{Categorical}(w), \qquad x_i \mid z_i = k \sim \text{family}(\theta_k),

    with the groups ``z`` summed out, and the same priors for every way of fitting.

    Parameters
    ----------
    n_components : int or prior of :mod:`bayesmix.priors`
        Number of groups ``K``; or what is believed of it, such as
        :class:`bayesmix.priors.ShiftedBetaNegativeBinomial`: then it is drawn with all else, by :meth:`fit` and
        :meth:`fit_gibbs`, and :func:`bayesmix.number_of_groups` tells it.
    family : Family or str, default ``Gaussian("full")``
        A family, or its name: ``"full"``, ``"tied"``, ``"diag"`` or ``"spherical"``; in full ``"gaussian-full"``.
    priors : mapping, optional
        ``"weights"``: :class:`bayesmix.priors.Dirichlet`, or :class:`bayesmix.priors.DynamicDirichlet` with a
        concentration that the components share; of either the concentration may have a prior of its own, and is drawn
        with all else then, by :meth:`fit` and :meth:`fit_gibbs`. ``"components"``:
        :class:`bayesmix.priors.NormalInverseWishart` (the default, scaled by the data). In its place, for a separated
        prior, any of ``"means"``, ``"scales"`` and ``"correlations"``: an object of :mod:`bayesmix.priors`, a PyMC
        ``.dist()`` object, or anything with ``create_variable(name)``. ``"noise_weight"``, where there is noise:
        :class:`bayesmix.priors.Beta`; by default any share of it is as plausible as any other.
    noise : bool, default False
        Whether rows may be of no group: one component more, uniform over the box of the data,

        .. math:: p(x) = (1 - \epsilon) \sum_k w_k f(x \mid \theta_k) + \frac{\epsilon}{V},
                  \qquad V = \prod_j (\max_i x_{ij} - \min_i x_{ij}).

        Its share, ``noise_weight``, is a parameter like the others; weights are those of the groups among the other
        rows. Rows that are noise more likely than any group have the label -1, and probabilities of the groups sum to
        one less the probability of noise. The density of noise is the same beyond the box, so that a new row far from
        all groups is noise. Of Gaussian and Student-t groups.

    Raises
    ------
    ValueError, TypeError
        If an argument cannot be what it should be.

    Examples
    --------
    >>> import bayesmix as bm
    >>> mixture = bm.Mixture(n_components=2)
    >>> em = mixture.fit_em(bm.datasets.load_faithful(), random_seed=1)
    >>> em.weights.round(2).tolist()
    [0.64, 0.36]
    """

    n_components: Any
    family: Family = Gaussian()
    priors: Any = None
    noise: bool = False

    def __post_init__(self):
        if not isinstance(self.n_components, PriorOfNumber):
            object.__setattr__(self, "n_components", check_n_components(self.n_components))
        if not isinstance(self.noise, bool | np.bool_):
            raise TypeError(f"noise must be True or False, not {self.noise!r}")
        family = read_family(self.family)
        object.__setattr__(self, "family", with_noise(family) if self.noise else family)
        object.__setattr__(self, "noise", self.family.has_noise)
        object.__setattr__(self, "priors", read_priors(self.priors, self.family))

    def __str__(self) -> str:
        unknown = isinstance(self.n_components, PriorOfNumber)
        return f"{self.family} mixture of {'an unknown number of groups' if unknown else self.n_components}"

    def __repr__(self) -> str:
        family, noise = (self.family.groups, ", noise=True") if self.noise else (self.family, "")
        shown = f"Mixture(n_components={self.n_components}, family={family!r}{noise}"
        if self.priors == default_priors(self.family):
            return shown + ")"
        return shown + "".join(f", {part}={said}" for part, said in in_words(self.priors).items()) + ")"

    def _repr_html_(self) -> str:
        groups = "one group" if self.n_components == 1 else f"{self.n_components} groups"
        said = facts_of(self.priors)
        if isinstance(self.n_components, PriorOfNumber):
            groups = "an unknown number of groups"
            said["prior of the number of groups"] = str(self.n_components)
        if self.n_components == 1:
            del said["prior of the weights"]
        note = "A declaration: it holds no data. fit and fit_em fit it, and fit_nuts, fit_gibbs, fit_advi, fit_laplace."
        return card(f"Mixture of {groups}", facts({"family": str(self.family), **said}), sentences(note))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description; PyMC priors become text.

        Returns
        -------
        dict
        """
        return describe(self.family, self.n_components, self.priors)

    @classmethod
    def from_tree(cls, tree: "xr.DataTree | EMResult") -> "Mixture":
        """The Mixture that a tree was fitted with, its priors resolved.

        Parameters
        ----------
        tree : xarray.DataTree or EMResult

        Returns
        -------
        Mixture

        Raises
        ------
        ValueError
            If a prior was a PyMC object, of which the tree keeps only the text.
        """
        tree = as_tree(tree)
        family, described = family_of(tree), record_of(tree)["mixture"]
        return cls(number_from_dict(described["n_components"]), family, priors=from_dict(described["priors"], family))

    def resolve_priors(self, X, *, sample_weight: Any = None, error_covariances: Any = None) -> "Mixture":
        """The same Mixture with its data-scaled priors as plain numbers.

        An analysis resolves them once: leaving rows out, folds, refits and prediction then use the same numbers.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        sample_weight : array or series (N,), optional
            As in :meth:`fit_em`.
        error_covariances : array, optional
            As in :meth:`fit_em`.

        Returns
        -------
        Mixture
        """
        problem = self._read(X, _Beside(sample_weight, error_covariances=error_covariances))
        return replace(self, family=problem.family, priors=problem.priors)

    def fit_em(
        self,
        X,
        *,
        sample_weight: Any = None,
        labels: Any = None,
        groups: Any = None,
        error_covariances: Any = None,
        estimate: str = "map",
        init: Any = "k-means++",
        n_init: int = 10,
        max_iter: int = 1000,
        tol: float = 1e-8,
        cores: int | None = None,
        copy: bool | None = None,
        random_seed: Any = None,
        progressbar: bool | None = None,
    ) -> EMResult:
        """Point estimate by expectation-maximisation.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D), file or Dask collection
            A file opened by :func:`bayesmix.data.open` is read block by block, once for moments and a sample and then
            once for each iteration. Of a Dask array or data frame, partitions are passed over where its scheduler has
            them, and sums of statistics come back. An interruption (Ctrl-C) ends the fit of either, and it returns what
            it has.
        sample_weight : array or series (N,), optional
            How much each row counts: a whole number is that many equal rows, 0 no row (results leave it out, and say
            so), and fractions mean the same by continuity, ``sum_i w_i log p(x_i)`` in the place of
            ``sum_i log p(x_i)``. The priors that the data scale, starts and stopping rules, criteria (``N`` is the sum
            of the weights) and LOO (which leaves out a row with its whole weight) go by them. See
            :func:`bayesmix.data.unique_rows`.
        labels : array or series, optional
            What is known beforehand of the component of each row. One label a row: a whole number from 0 to K - 1, or
            the name of a class (the first in order is component 0, and names stand for numbers wherever groups are
            told); -1 or a missing one where it is unknown. Or (N, K) numbers, a log prior: how plausible each component
            is for the row, up to a constant. A row whose component is known is in it in every draw and iteration, and
            tells what such rows look like and how many there are; where all are known, EM is discriminant analysis.
        groups : array or series (N,), optional
            Which rows belong together, such as the visits of one patient: text, categories or whole numbers, equal for
            rows of one group, and -1 or a missing one for a row by itself. Nothing is said of which component it is,
            but that all rows of a group have the same, so that the group, the subject, is what the mixture is of: its
            log density under a component is the sum over its rows, and ``weights`` are shares of subjects. LOO leaves
            out a whole subject at once; ``N`` in BIC stays the number of rows, as in R's flexmix. With ``labels``, all
            rows of a group have what any of them is known to be.
        error_covariances : array (N, D, D) or (N, D), optional
            With what errors each row was measured, where that is known: the covariance matrix of its errors, or their
            variances where they are independent (squares of standard errors), in the squares of the units of X. Then
            ``x_i = x*_i + e_i``, with ``e_i ~ N(0, S_i)`` and the true values ``x*_i`` from the mixture, so that the
            density of a row in group k is ``N(mu_k, Sigma_k + S_i)`` (extreme deconvolution, Bovy, Hogg and Roweis
            2011): weights, centres and covariances are those of the true values. 0 is an exact value; what stands where
            X has a missing one counts for nothing.
        estimate : {"map", "ml"}
            The posterior mode in the free variables of :meth:`build_model`, or maximum likelihood.
        init : str, EMResult or array
            ``"k-means++"``, ``"kmeans"``, ``"random_from_data"`` or ``"random"``; an EMResult starts from its
            parameters, labels (N,) or responsibilities (N, K) from an M-step on them.
        n_init : int
            Random starts; every one is kept in ``restarts``. They are made from, and first climb on, at most 2048 rows
            (or 64 K D, where that is more), until an iteration gains less than 1e-5 nats a row. Where there are two
            or more, components of the best place are then given up and put elsewhere, to find what random starts miss
            (splits and merges: Ueda et al. 2000, Verbeek et al. 2003). One climb goes on, on all rows, from each
            distinct place that was reached; a start that came to the place of another is recorded with the optimum of
            that one, and one that is far below the best start is set aside. Under a prior without a closed M-step (any
            but the default) the short runs are under the default prior, and what goes on is L-BFGS on the objective
            itself, whose slope is that of the M-step (Fisher's identity).
        max_iter : int
        tol : float
            Stop when one iteration raises the objective by less than ``tol * N`` nats; 0 runs ``max_iter`` iterations
            from every start (L-BFGS: until no step gains). Otherwise a climb of more than 50 iterations
            extrapolates every second step (SQUAREM, Varadhan and Roland 2008) wherever that leads up.
        cores : int, optional
            Threads at most that pass over blocks of many rows side by side; None takes all that there are. The result
            has the same bits on any number.
        copy : bool, optional
            Whether the result keeps a copy of the rows, in double precision. False: floats are read where they lie, of
            single precision, by rows or by columns, or in a file that NumPy maps into memory; they must not change as
            long as the result is in use. None copies rows of up to 64 MiB.
        random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        progressbar : bool, optional
            Show progress where somebody watches, on a terminal's standard error or in a notebook: None after two
            seconds, True at once, False never.

        Returns
        -------
        EMResult

        Raises
        ------
        ValueError, TypeError
            If the data or an argument cannot be used; the message says where and what to do.
        """
        settings = EMSettings(estimate, init, n_init, max_iter, tol)
        source, beside = source_of(X), _Beside(sample_weight, labels, groups, error_covariances)
        for name, given in beside._asdict().items():
            if source is not None and given is not None:
                raise ValueError(
                    f"{name} is for rows in memory, and {source.name} is read block by block: have its rows in memory, "
                    f"{source.to_hold_them}, or leave {name} out"
                )
        in_memory = source is None
        problem = self._problem(X, beside, copy) if in_memory else self._streamed(source, progressbar)
        given = random_seed is None and not isinstance(init, str)  # nothing is random from a start that is given
        seed = None if given else number_of(random_seed)
        with compiling_shown(progressbar):
            em = fit_em(problem, settings, seed, progressbar, cores=cores)
        warn_once(em, f"EM of the {self}", em.reasons)
        return em

    def fit(
        self,
        X,
        *,
        sample_weight: Any = None,
        labels: Any = None,
        groups: Any = None,
        error_covariances: Any = None,
        method: str = "auto",
        draws: int = 1000,
        chains: int = 4,
        cores: int | None = None,
        init: Any = "em",
        relabel: str | None = "ecr",
        random_seed: Any = None,
        progressbar: bool = True,
        log_likelihood: bool | None = None,
    ) -> "xr.DataTree":
        """Posterior draws by the sampler that can be trusted for this posterior.

        :meth:`fit_nuts` where EM finds one top around which the posterior is close to a Gaussian (Pareto k-hat of
        importance sampling from it at most 0.6); :meth:`fit_gibbs` elsewhere, because NUTS does not walk between tops,
        nor through components without rows, and where NUTS was tried and did not pass its gates. Where nothing but NUTS
        draws under these priors, it is taken. The record, the notes and the report say which it was, and why.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        sample_weight : array or series (N,), optional
            As in :meth:`fit_em`.
        labels : array or series, optional
            As in :meth:`fit_em`.
        groups : array or series (N,), optional
            As in :meth:`fit_em`.
        error_covariances : array, optional
            As in :meth:`fit_em`.
        method : {"auto", "nuts", "gibbs", "advi", "laplace"}
        draws : int
            Of each chain.
        chains, cores : int
            Of NUTS and Gibbs sampling.
        init, relabel, random_seed, progressbar, log_likelihood : optional
            As in :meth:`fit_nuts`.

        Returns
        -------
        xarray.DataTree

        Raises
        ------
        ValueError, TypeError
            If the data or an argument cannot be used.

        Examples
        --------
        >>> import bayesmix as bm
        >>> tree = bm.Mixture(3).fit(bm.datasets.load_galaxies(), random_seed=1, progressbar=False)
        >>> bm.diagnose(tree).passed
        True
        """
        if self._by_gibbs_alone and method in ("auto", "gibbs"):
            return self.fit_gibbs(
                X,
                sample_weight=sample_weight,
                labels=labels,
                groups=groups,
                error_covariances=error_covariances,
                draws=draws,
                chains=chains,
                cores=cores,
                init=init,
                relabel=relabel,
                random_seed=random_seed,
                progressbar=None if progressbar else False,
                log_likelihood=log_likelihood,
            )
        if method not in ENGINES:
            remedy = "; fit_em gives the point estimate" if method == "em" else ""
            raise ValueError(f"method must be one of {', '.join(map(repr, ENGINES))}, not {method!r}{remedy}")
        wanted = {"draws": draws, "chains": chains, "cores": cores, "progressbar": progressbar}
        shown = None if progressbar else False
        return self._fit(
            method,
            ENGINES[method].of(wanted),
            X,
            _Beside(sample_weight, labels, groups, error_covariances),
            init,
            relabel,
            random_seed,
            log_likelihood,
            shown,
        )

    def fit_nuts(
        self,
        X,
        *,
        sample_weight: Any = None,
        labels: Any = None,
        groups: Any = None,
        error_covariances: Any = None,
        draws: int = 1000,
        tune: int | None = None,
        chains: int = 4,
        cores: int | None = None,
        init: Any = "em",
        relabel: str | None = "ecr",
        random_seed: Any = None,
        progressbar: bool = True,
        target_accept: float | None = None,
        log_likelihood: bool | None = None,
    ) -> "xr.DataTree":
        """Posterior draws by the No-U-Turn sampler, started from EM and relabelled.

        The density is whitened by its Hessian at the mode of every basin, so that tuning is short; chains are
        divided among the basins by their Laplace mass.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        sample_weight : array or series (N,), optional
            As in :meth:`fit_em`.
        labels : array or series, optional
            As in :meth:`fit_em`.
        groups : array or series (N,), optional
            As in :meth:`fit_em`.
        error_covariances : array, optional
            As in :meth:`fit_em`.
        draws, tune, chains : int
            Draws kept and tuning steps of each chain. ``tune=None`` is 200, or 1000 in a basin whose mode was not found
            (its Hessian then whitens badly).
        cores : int, optional
            Chains run at once; the draws do not depend on it.
        init : "em", EMResult or array
            Where to start: the optima of a new EM fit, or of this one; or the optimum that EM climbs to from labels
            (N,) or responsibilities (N, K).
        relabel : "ecr", "pivot", "stephens", "order" or None
            How components are matched over draws (see :func:`bayesmix.relabel`).
        random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
            The same seed gives the same draws on one machine.
        progressbar : bool
        target_accept : float, optional
            Aim of the step size adaptation; nearer to 1 is slower and diverges less. None is 0.8, or 0.7 to 0.75 where
            short trajectories will do because the posterior is close to Gaussian.
        log_likelihood : bool, optional
            Store one number for each draw and row. None: up to 5e7 numbers.

        Returns
        -------
        xarray.DataTree
            Groups and dims as ArviZ names them.

        Raises
        ------
        ValueError, TypeError
            If the data or an argument cannot be used.
        """
        from bayesmix.engines.nuts_over_basins import Nuts

        engine = Nuts(draws, tune, chains, cores, target_accept, progressbar)
        shown = None if progressbar else False  # NUTS has bars of its own
        beside = _Beside(sample_weight, labels, groups, error_covariances)
        return self._fit("nuts", engine, X, beside, init, relabel, random_seed, log_likelihood, shown)

    def fit_gibbs(
        self,
        X,
        *,
        sample_weight: Any = None,
        labels: Any = None,
        groups: Any = None,
        error_covariances: Any = None,
        draws: int = 1000,
        chains: int = 4,
        cores: int | None = None,
        thin: int | None = None,
        max_sweeps: int | None = None,
        init: Any = "em",
        relabel: str | None = "ecr",
        random_seed: Any = None,
        progressbar: bool | None = None,
        log_likelihood: bool | None = None,
    ) -> "xr.DataTree":
        r"""Posterior draws by Gibbs sampling of assignments and parameters, which walks between the posterior's tops.

        A sweep draws the group of every row, then weights and parameters given the rows of each group:

        .. math::
            z_i \mid w, \theta \sim \text{Categorical}(r_{i1}, \dots, r_{iK}), \qquad
            w \mid z \sim \text{Dirichlet}(\alpha + n), \qquad
            \theta_k \mid z \sim p(\theta_k \mid \text{rows of group } k).

        Every ten sweeps rows move together: a group is split into an empty place, two are merged, or all rows of two
        are allocated anew (sequentially allocated, with weights and parameters integrated out). Chains start far
        apart: from EM's optima, from all rows in one group, and from random centres. They go on until their draws pass
        the gates of :func:`bayesmix.diagnose`; the first quarter of all sweeps is warm-up, and the longer they run, the
        further apart are the draws that are kept. Assignments are summed out of the log-likelihood that is stored.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        sample_weight : array or series (N,), optional
            As in :meth:`fit_em`.
        labels : array or series, optional
            As in :meth:`fit_em`.
        groups : array or series (N,), optional
            As in :meth:`fit_em`.
        error_covariances : array, optional
            As in :meth:`fit_em`.
        draws, chains : int
            Draws kept of each chain, whatever the number of sweeps.
        cores : int, optional
            Chains run at once; the draws do not depend on it.
        thin : int, optional
            Sweeps from draw to draw, in a run of a fixed length. None goes on until the gates pass, for 20,000 sweeps
            at least, and fewer where rows times groups times sweeps would exceed 1e7.
        max_sweeps : int, optional
            Sweeps of a chain after which a run ends that has not passed, and says so, and which small group chains hold
            unequally often. None: 400,000, and fewer where
            rows times groups times sweeps would exceed 4e10.
        init, relabel, random_seed : optional
            As in :meth:`fit_nuts`.
        progressbar : bool, optional
            As in :meth:`fit_em`: None shows progress after two seconds.
        log_likelihood : bool, optional
            As in :meth:`fit_nuts`.

        Returns
        -------
        xarray.DataTree
            ``posterior.attrs`` hold ``sweeps`` of each chain, of which the first ``warm_up`` are left out, and
            ``thin``, sweeps from draw to draw.
            ``sample_stats`` hold ``lp``, ``n_occupied`` (groups with rows) and the accepted moves. Under a prior on the
            number of components ``posterior`` has ``n_components (chain, draw)``; ``component`` runs to the largest
            number drawn, and where a draw has fewer their weights are 0 and their parameters NaN. Under a prior on the
            concentration of the weights' prior it has ``concentration (chain, draw)``.

        Raises
        ------
        ValueError, TypeError
            If the data or an argument cannot be used, or nothing draws the family's parameters under these priors.

        Notes
        -----
        Weights of a given number of components are kept from 1e-10 on: smaller ones, which components without rows have
        under small concentrations, stand as 1e-10, and ``lp`` and ``log_prior`` are those there.

        Under a prior on the number of components, which is then drawn in every sweep given the rows of each group
        (telescoping sampler, Fruehwirth-Schnatter, Malsiner-Walli and Gruen 2021), priors of their parameters must not
        depend on it. A scale that the data give is that of five groups, whatever their number: the volume of a group is
        about a fifth of that of the data. How many groups are found hangs on it; give
        ``bm.priors.NormalInverseWishart(scale=...)`` for another.

        References
        ----------
        Diebolt and Robert (1994), Estimation of finite mixture distributions through Bayesian sampling, Journal of the
        Royal Statistical Society B 56. Dahl (2005), Sequentially-allocated merge-split sampler for conjugate and
        nonconjugate Dirichlet process mixture models, Texas A&M University. Fruehwirth-Schnatter, Malsiner-Walli and
        Gruen (2021), Generalized mixtures of finite mixtures and telescoping sampling, Bayesian Analysis 16.

        Examples
        --------
        >>> import bayesmix as bm
        >>> tree = bm.Mixture(4).fit_gibbs(bm.datasets.load_galaxies(), random_seed=1)
        >>> bm.diagnose(tree).passed
        True
        """
        beside = _Beside(sample_weight, labels, groups, error_covariances)
        if isinstance(self.n_components, PriorOfNumber):
            from bayesmix.engines.telescoping import Telescoping
            from bayesmix.posterior.unknown_number import fit_unknown_number

            if not isinstance(init, str) or init != "em" or relabel not in ("ecr", None):
                raise ValueError(
                    "init and relabel name groups, which a mixture of an unknown number of them does not have: leave "
                    "them out"
                )
            engine = Telescoping(draws, chains, cores, thin, max_sweeps, progressbar)
            return fit_unknown_number(self._read(X, beside), engine, random_seed, log_likelihood, progressbar)
        from bayesmix.engines.gibbs import Gibbs

        engine = Gibbs(draws, chains, cores, thin, max_sweeps, progressbar)
        problem = self._read(X, beside)
        return _posterior("gibbs", problem, engine, init, relabel, random_seed, log_likelihood, progressbar)

    def fit_advi(
        self,
        X,
        *,
        sample_weight: Any = None,
        labels: Any = None,
        groups: Any = None,
        error_covariances: Any = None,
        rank: str = "full",
        draws: int = 1000,
        minibatch_size: int | None = None,
        init: Any = "em",
        relabel: str | None = "ecr",
        random_seed: Any = None,
        progressbar: bool = True,
        log_likelihood: bool | None = None,
    ) -> "xr.DataTree":
        """Posterior draws of a Gaussian approximation in unconstrained space (variational inference).

        For posteriors that are close to a Gaussian: clear groups, and few unknowns next to the rows. With many (full
        covariances of many features on some hundred rows) no Gaussian is close, even for one component; the climb then
        stops early, Pareto k says so, and :meth:`fit_nuts` is what to use.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        sample_weight : array or series (N,), optional
            As in :meth:`fit_em`.
        labels : array or series, optional
            As in :meth:`fit_em`.
        groups : array or series (N,), optional
            As in :meth:`fit_em`.
        error_covariances : array, optional
            As in :meth:`fit_em`.
        rank : {"full", "mean-field"}
            A full covariance matrix, or independent coordinates.
        draws : int
        minibatch_size : int, optional
            Rows of each stochastic gradient; None uses all.
        init, relabel, random_seed, progressbar, log_likelihood : optional
            As in :meth:`fit_nuts`.

        Returns
        -------
        xarray.DataTree
            One chain of independent draws with ``log_p`` and ``log_q``; ``posterior.attrs["pareto_k"]`` above 0.7 means
            that the approximation cannot be trusted; below it, that it is close to the posterior in the basin that EM's
            optimum of the largest mass lies in. Other optima, of which no Pareto k can know, are among the notes.

        Raises
        ------
        ValueError, TypeError
            If the data or an argument cannot be used.
        """
        from bayesmix.engines.advi import Advi

        engine = Advi(rank, draws, minibatch_size, progressbar)
        beside = _Beside(sample_weight, labels, groups, error_covariances)
        return self._fit("advi", engine, X, beside, init, relabel, random_seed, log_likelihood, progressbar)

    def fit_laplace(
        self,
        X,
        *,
        sample_weight: Any = None,
        labels: Any = None,
        groups: Any = None,
        error_covariances: Any = None,
        draws: int = 1000,
        init: Any = "em",
        relabel: str | None = "ecr",
        random_seed: Any = None,
        progressbar: bool | None = None,
        log_likelihood: bool | None = None,
    ) -> "xr.DataTree":
        """Posterior draws of the Gaussian at the mode, in unconstrained space.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        sample_weight : array or series (N,), optional
            As in :meth:`fit_em`.
        labels : array or series, optional
            As in :meth:`fit_em`.
        groups : array or series (N,), optional
            As in :meth:`fit_em`.
        error_covariances : array, optional
            As in :meth:`fit_em`.
        draws : int
        init, relabel, random_seed : optional
            As in :meth:`fit_nuts`.
        progressbar : bool, optional
            As in :meth:`fit_em`: None shows progress after two seconds.
        log_likelihood : bool, optional
            As in :meth:`fit_nuts`.

        Returns
        -------
        xarray.DataTree
            As of :meth:`fit_advi`.

        Raises
        ------
        ValueError, TypeError
            If the data or an argument cannot be used.
        """
        from bayesmix.engines.laplace_at_mode import LaplaceAtMode

        engine = LaplaceAtMode(draws, progressbar)
        beside = _Beside(sample_weight, labels, groups, error_covariances)
        return self._fit("laplace", engine, X, beside, init, relabel, random_seed, log_likelihood, progressbar)

    def build_model(
        self,
        X,
        *,
        sample_weight: Any = None,
        labels: Any = None,
        error_covariances: Any = None,
        minibatch_size: int | None = None,
    ) -> "pm.Model":
        """The declaration as a PyMC model, free to be sampled, checked and extended.

        Observed variable ``x (obs, feature)`` with one log-likelihood a row; initial values from EM, with the means
        in standardised units, so that PyMC's jitter is one standard deviation.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        sample_weight : array or series (N,), optional
            As in :meth:`fit_em`.
        labels : array or series, optional
            As in :meth:`fit_em`.
        error_covariances : array, optional
            As in :meth:`fit_em`.
        minibatch_size : int, optional
            Rows of each random batch, for ``pm.fit``.

        Returns
        -------
        pymc.Model
        """
        beside = _Beside(sample_weight, labels, error_covariances=error_covariances)
        return model_of(self._problem(X, beside), minibatch_size)

    def adopt(
        self,
        idata: "xr.DataTree",
        X,
        *,
        sample_weight: Any = None,
        labels: Any = None,
        error_covariances: Any = None,
        relabel: str | None = "ecr",
    ) -> "xr.DataTree":
        """Draws of :meth:`build_model`'s model, or of an extension of it, from any sampler, as a bayesmix tree.

        Parameters
        ----------
        idata : xarray.DataTree
            With a posterior group that holds the weights (K > 1) and the family's parameters.
        X : array, data frame or DataArray, (N, D)
            The rows that the model was built on.
        sample_weight : array or series (N,), optional
            The weights that it was built with.
        labels : array or series, optional
            Those that it was built on, as in :meth:`fit_em`.
        error_covariances : array, optional
            Those that it was built with.
        relabel : "ecr", "pivot", "stephens", "order" or None

        Returns
        -------
        xarray.DataTree

        Raises
        ------
        ValueError
            If the posterior lacks a variable, or its shape does not fit.
        """
        from bayesmix.engines.exchangeability import is_exchangeable
        from bayesmix.posterior.adoption import read_posterior, read_statistics
        from bayesmix.posterior.assembly import assemble
        from bayesmix.posterior.fitting import check_relabel

        check_relabel(relabel)
        problem = self._problem(X, _Beside(sample_weight, labels, error_covariances=error_covariances))
        named = read_posterior(idata, problem)
        density = density_of(problem)
        return assemble(
            named,
            fit_em(problem, EMSettings(), 0, False, density),
            exchangeable=is_exchangeable(density, problem.family, self.n_components),
            sample_stats=read_statistics(idata),
            method="adopted",
            relabel_method=relabel,
            log_likelihood=None,
            seed=None,
            settings={} if relabel == "ecr" else {"relabel": relabel},
            seconds={},
        )

    def _problem(self, X, beside: "_Beside | None" = None, copy: bool | None = True) -> Problem:
        """The problem of a given number of components, without which nothing but Gibbs sampling has a meaning."""
        self._check_number()
        return self._read(X, _Beside() if beside is None else beside, copy)

    def _streamed(self, source: "Source", progressbar: bool | None) -> Problem:
        """The same of rows that are not in memory, after a first look at all of them."""
        self._check_number()
        if not self.family.read_by_blocks:
            raise source.needs_memory()
        with progress(progressbar) as report:
            report(f"A first look at {source.name}")
            rows = StreamedRows(source)
        return Problem.of(rows, self.family, self.n_components, self.priors)

    def _check_number(self) -> None:
        if isinstance(self.n_components, PriorOfNumber):
            raise ValueError(
                f"n_components is a prior, {self.n_components}, and this needs a number: only fit and fit_gibbs draw "
                "the number of components too; bm.number_of_groups tells it, and a Mixture of that number does the rest"
            )
        self.priors.check_concentration_is_known()

    @property
    def _by_gibbs_alone(self) -> bool:
        """Whether only Gibbs sampling draws all that is unknown."""
        return (
            isinstance(self.n_components, PriorOfNumber) or getattr(self.priors.weights, "hyperprior", None) is not None
        )

    def _read(self, X, beside: "_Beside", copy: bool | None = True) -> Problem:
        """The rows, read and held against the family, with the priors resolved."""
        rows = read_rows(X, takes=self.family.takes, missing="keep", copy=copy)
        rows = self.family.measured(rows, beside.error_covariances)
        if beside.labels is not None:
            if isinstance(self.n_components, PriorOfNumber):
                raise ValueError(
                    "labels names groups, which a mixture of an unknown number of them does not have: give "
                    "n_components a number"
                )
            log_prior, classes = read_labels(beside.labels, rows.n_rows, self.n_components)
            rows = replace(rows, log_prior=log_prior, classes=classes)
        if beside.groups is not None:
            if isinstance(self.n_components, PriorOfNumber):
                raise ValueError(
                    "groups keeps rows together, and where the number of components is unknown rows are moved one by "
                    "one: give n_components a number"
                )
            rows = rows.together(read_subjects(beside.groups, rows))
        if beside.sample_weight is not None:
            rows = rows.weighing(read_weights(beside.sample_weight, rows.n_rows))
        return Problem.of(rows, self.family, self.n_components, self.priors)

    def _fit(self, method, engine, X, beside: "_Beside", *settings) -> "xr.DataTree":
        return _posterior(method, self._problem(X, beside), engine, *settings)


class _Beside(NamedTuple):
    """What comes with the rows, as the user gave it."""

    sample_weight: Any = None
    labels: Any = None
    groups: Any = None
    error_covariances: Any = None


def _posterior(method, problem, engine, init, relabel, random_seed, log_likelihood, shown) -> "xr.DataTree":
    from bayesmix.posterior.fitting import fit_posterior

    return fit_posterior(
        problem,
        method,
        engine,
        init=init,
        relabel=relabel,
        random_seed=random_seed,
        log_likelihood=log_likelihood,
        shown=shown,
    )
