"""Mixture: the declaration (family, number of components, priors) and the ways to fit it."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesmix.data import Rows, check_fit, check_n_components, read_rows
from bayesmix.engines.em import EMResult, EMSettings, fit
from bayesmix.families import Family, Gaussian, family_from_name, read_family
from bayesmix.first_use import compiling_shown
from bayesmix.notebook import card, facts, sentences
from bayesmix.priors.sets import (
    ConjugatePriors,
    Priors,
    facts_of,
    from_dict,
    has_closed_form,
    in_words,
    read_priors,
    resolve_priors,
    to_dict,
)
from bayesmix.progress import progress
from bayesmix.seeds import number_of
from bayesmix.tree import as_tree, record_of
from bayesmix.verdict import warn_once
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from bayesmix.density import Density


@named_arguments
@dataclass(frozen=True)
class Mixture:
    r"""A finite mixture: the declaration, which holds no data.

    .. math::
        z_i \sim \text{Categorical}(w), \qquad x_i \mid z_i = k \sim \text{family}(\theta_k),

    with the groups ``z`` summed out, and the same priors for every way of fitting.

    Parameters
    ----------
    n_components : int
        Number of groups ``K``.
    family : Family or str, default ``Gaussian("full")``
        A family, or its name: ``"full"``, ``"tied"``, ``"diag"`` or ``"spherical"``; in full ``"gaussian-full"``.
    priors : mapping, optional
        ``"weights"``: :class:`bayesmix.priors.Dirichlet`. ``"components"``:
        :class:`bayesmix.priors.NormalInverseWishart` (the default, scaled by the data). In its place, for a separated
        prior, any of ``"means"``, ``"scales"`` and ``"correlations"``: an object of :mod:`bayesmix.priors`, a PyMC
        ``.dist()`` object, or anything with ``create_variable(name)``.

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

    n_components: int
    family: Family = Gaussian()
    priors: Any = None

    def __post_init__(self):
        object.__setattr__(self, "n_components", check_n_components(self.n_components))
        object.__setattr__(self, "family", read_family(self.family))
        object.__setattr__(self, "priors", read_priors(self.priors))

    def __str__(self) -> str:
        return f"{self.family} mixture of {self.n_components}"

    def __repr__(self) -> str:
        shown = f"Mixture(n_components={self.n_components}, family={self.family!r}"
        if self.priors == ConjugatePriors():
            return shown + ")"
        return shown + "".join(f", {part}={said}" for part, said in in_words(self.priors).items()) + ")"

    def _repr_html_(self) -> str:
        groups = "one group" if self.n_components == 1 else f"{self.n_components} groups"
        said = facts_of(self.priors)
        if self.n_components == 1:
            del said["prior of the weights"]
        note = "A declaration: it holds no data. fit_em, fit_nuts, fit_advi and fit_laplace fit it."
        return card(f"Mixture of {groups}", facts({"family": str(self.family), **said}), sentences(note))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able description; PyMC priors become text.

        Returns
        -------
        dict
        """
        return {
            "n_components": self.n_components,
            "family": str(self.family),
            "priors": to_dict(self.priors),
        }

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
        described: Mapping[str, Any] = record_of(as_tree(tree))["mixture"]
        family = family_from_name(described["family"])
        return cls(described["n_components"], family, priors=from_dict(described["priors"]))

    def resolve_priors(self, X) -> "Mixture":
        """The same Mixture with its data-scaled priors as plain numbers.

        An analysis resolves them once: leaving rows out, folds, refits and prediction then use the same numbers.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)

        Returns
        -------
        Mixture
        """
        return self._resolved(self._read(X))

    def fit_em(
        self,
        X,
        *,
        estimate: str = "map",
        init: Any = "k-means++",
        n_init: int = 10,
        max_iter: int = 1000,
        tol: float = 1e-8,
        random_seed: Any = None,
        progressbar: bool | None = None,
    ) -> EMResult:
        """Point estimate by expectation-maximisation.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        estimate : {"map", "ml"}
            The posterior mode in the free variables of :meth:`build_model`, or maximum likelihood.
        init : str, EMResult or array
            ``"k-means++"``, ``"kmeans"``, ``"random_from_data"`` or ``"random"``; an EMResult starts from its
            parameters, labels (N,) or responsibilities (N, K) from an M-step on them.
        n_init : int
            Random starts; every one is kept in ``restarts``. They are made from, and first climb on, at most 2048 rows
            (or 64 K D, where that is more), until an iteration gains less than 1e-5 nats a row. Then one climb goes on,
            on all rows, from each distinct place that they reached; a start that came to the place of another is
            recorded with the optimum of that one, and one that is far below the best start is set aside. Under a prior
            without a closed M-step (any but the default) the short runs are under the default prior, and what goes on
            is L-BFGS on the objective itself, whose slope is that of the M-step (Fisher's identity).
        max_iter : int
        tol : float
            Stop when one iteration raises the objective by less than ``tol * N`` nats; 0 runs ``max_iter`` iterations
            from every start (L-BFGS: until no step gains).
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
        rows = self._read(X)
        settings = EMSettings(estimate, init, n_init, max_iter, tol)
        given = random_seed is None and not isinstance(init, str)  # nothing is random from a start that is given
        seed = None if given else number_of(random_seed)
        with compiling_shown(progressbar):
            em = self._resolved(rows)._fit_em(rows, settings, seed, progressbar)
        warn_once(em, f"EM of the {self}", em.reasons)
        return em

    def fit_nuts(
        self,
        X,
        *,
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
        draws, tune, chains : int
            Draws kept and tuning steps of each chain. ``tune=None`` is 200, or 1000 in a basin whose mode was not found
            (its Hessian then whitens badly).
        cores : int, optional
            Chains run at once; the draws do not depend on it.
        init : "em", EMResult or array
            Where to start: the optima of a new EM fit, or of this one; or the optimum that EM climbs to from labels
            (N,) or responsibilities (N, K).
        relabel : "ecr", "order" or None
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
        from bayesmix.engines.nuts import NutsSettings
        from bayesmix.engines.nuts_over_basins import run

        _check_relabel(relabel)
        settings = NutsSettings(draws, tune, chains, cores, target_accept, progressbar)
        waiting = None if progressbar else False  # NUTS has bars of its own
        with compiling_shown(progressbar):
            with progress(waiting) as report:
                report("EM")
                em, density, seeds, seed = self._begin(X, init, random_seed)
            made = run(density, em, settings, seeds)
        given = _settings(
            "fit_nuts",
            draws=draws,
            tune=tune,
            chains=chains,
            init=_described(init, em),
            relabel=relabel,
            target_accept=target_accept,
            log_likelihood=log_likelihood,
        )
        with progress(waiting) as report:
            report("the posterior")
            return self._tree(made, density, em, "nuts", relabel, log_likelihood, seed, given)

    def fit_advi(
        self,
        X,
        *,
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
        from bayesmix.engines.advi import run
        from bayesmix.engines.basins import find_basins
        from bayesmix.threads import one_blas_thread

        _check_relabel(relabel)
        with compiling_shown(progressbar), progress(progressbar) as report:
            report("EM")
            em, density, seeds, seed = self._begin(X, init, random_seed)
            report("Laplace at the tops")
            basin = find_basins(density, em)[0]
            with one_blas_thread():
                made = run(
                    density,
                    (basin.mode, basin.transform),
                    rank=rank,
                    draws=draws,
                    random_seed=seeds[0],
                    minibatch=minibatch_size,
                    progress=lambda step, elbo: report(f"ADVI: step {step}, ELBO {elbo:.2f}"),
                    component_variables=self._exchanged(density),
                )
            given = _settings(
                "fit_advi",
                rank=rank,
                draws=draws,
                minibatch_size=minibatch_size,
                init=_described(init, em),
                relabel=relabel,
                log_likelihood=log_likelihood,
            )
            report("the posterior")
            return self._tree(made, density, em, "advi", relabel, log_likelihood, seed, given)

    def fit_laplace(
        self,
        X,
        *,
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
        from bayesmix.engines.basins import find_basins
        from bayesmix.engines.laplace import run

        _check_relabel(relabel)
        with compiling_shown(progressbar), progress(progressbar) as report:
            report("EM")
            em, density, seeds, seed = self._begin(X, init, random_seed)
            report("Laplace at the tops")
            basin = find_basins(density, em)[0]
            report("draws of the Gaussian")
            made = run(
                density,
                basin,
                draws=draws,
                rng=np.random.default_rng(seeds[0]),
                component_variables=self._exchanged(density),
            )
            given = _settings(
                "fit_laplace", draws=draws, init=_described(init, em), relabel=relabel, log_likelihood=log_likelihood
            )
            report("the posterior")
            return self._tree(made, density, em, "laplace", relabel, log_likelihood, seed, given)

    def build_model(self, X, *, minibatch_size: int | None = None) -> "pm.Model":
        """The declaration as a PyMC model, free to be sampled, checked and extended.

        Observed variable ``x (obs, feature)`` with one log-likelihood a row; initial values from EM, with the means
        in standardised units, so that PyMC's jitter is one standard deviation.

        Parameters
        ----------
        X : array, data frame or DataArray, (N, D)
        minibatch_size : int, optional
            Rows of each random batch, for ``pm.fit``.

        Returns
        -------
        pymc.Model
        """
        rows = self._read(X)
        return self._resolved(rows)._declare(rows, minibatch_size)

    def adopt(self, idata: "xr.DataTree", X, *, relabel: str | None = "ecr") -> "xr.DataTree":
        """Draws of :meth:`build_model`'s model, or of an extension of it, from any sampler, as a bayesmix tree.

        Parameters
        ----------
        idata : xarray.DataTree
            With a posterior group that holds the weights (K > 1) and the family's parameters.
        X : array, data frame or DataArray, (N, D)
            The rows that the model was built on.
        relabel : "ecr", "order" or None

        Returns
        -------
        xarray.DataTree

        Raises
        ------
        ValueError
            If the posterior lacks a variable, or its shape does not fit.
        """
        from bayesmix.density.exchangeability import is_exchangeable
        from bayesmix.posterior.adoption import read_posterior, read_statistics
        from bayesmix.posterior.assembly import assemble

        _check_relabel(relabel)
        rows = self._read(X)
        named = read_posterior(idata, self.family, self.n_components, rows)
        mixture = self._resolved(rows)
        density = mixture._density(rows)
        return assemble(
            named,
            mixture._fit_em(rows, EMSettings(), 0, False, density),
            exchangeable=is_exchangeable(density, self.family, self.n_components),
            sample_stats=read_statistics(idata),
            method="adopted",
            relabel_method=relabel,
            log_likelihood=None,
            seed=None,
            settings=_settings("adopt", relabel=relabel),
            seconds={},
        )

    def _read(self, X) -> Rows:
        rows = read_rows(X)
        check_fit(rows, self.n_components, correlated=self.family.correlated)
        return rows

    def _resolved(self, rows: Rows) -> "Mixture":
        return replace(self, priors=resolve_priors(self.priors, rows, self.family, self.n_components))

    def _declare(self, rows: Rows, minibatch_size: int | None = None) -> "pm.Model":
        from bayesmix.pymc_model.model import declare

        start = Mixture(self.n_components, self.family)._resolved(rows)._fit_em(rows, EMSettings(), 0, False)
        return declare(
            rows,
            self.family,
            self.priors,
            self.n_components,
            start={"weights": start.weights, **start.params},
            minibatch_size=minibatch_size,
        )

    def _density(self, rows: Rows) -> "Density":
        from bayesmix.density.closed_form import ClosedFormDensity

        if ClosedFormDensity.covers(self.family, self.priors):
            return ClosedFormDensity(rows, self.family, self.priors, self.n_components)
        from bayesmix.density.from_pymc import PyMCDensity

        return PyMCDensity(self._declare(rows))

    def _fit_em(
        self, rows: Rows, settings: EMSettings, random_seed: Any, progressbar: bool | None, density: Any = None
    ) -> EMResult:
        """EM of a mixture whose priors are resolved."""
        priors: Priors = self.priors
        closed = isinstance(priors, ConjugatePriors) and has_closed_form(priors)
        if settings.estimate == "ml" or closed:
            return fit(rows, self.family, priors, self.n_components, settings, random_seed, None, progressbar)
        from bayesmix.engines.em.quasi_newton import QuasiNewton

        surface = self._density(rows) if density is None else density

        def make_ascent(units):
            return QuasiNewton(surface, self.family, units)

        return fit(rows, self.family, priors, self.n_components, settings, random_seed, make_ascent, progressbar)

    def _begin(self, X, init: Any, random_seed: Any):
        """EM's optima, the density, and seeds for the engine."""
        rows = self._read(X)
        mixture = self._resolved(rows)
        density = mixture._density(rows)
        seed = number_of(random_seed)
        seeds = np.random.SeedSequence(seed).generate_state(9).tolist()
        if isinstance(init, str) and init != "em":
            raise ValueError(f"init must be 'em', an EMResult, labels (N,) or responsibilities (N, K), not {init!r}")
        settings = EMSettings() if isinstance(init, str) else EMSettings(init=init)
        em = mixture._fit_em(rows, settings, seeds[0], None, density)
        if isinstance(init, EMResult):
            em = replace(em, optima=_joined(em, init))
        return em, density, seeds[1:], seed

    def _exchanged(self, density) -> tuple[str, ...]:
        """Variables that a relabelling permutes; none where the prior tells the components apart."""
        from bayesmix.density.exchangeability import is_exchangeable

        same = is_exchangeable(density, self.family, self.n_components)
        return self.family.component_variables if same else ()

    def _tree(self, draws, density, em, method, relabel, log_likelihood, seed, settings):
        from bayesmix.posterior.assembly import tree_of_draws

        return tree_of_draws(
            draws,
            density,
            em,
            method=method,
            relabel_method=relabel,
            log_likelihood=log_likelihood,
            seed=seed,
            settings=settings,
        )


def _check_relabel(relabel: str | None) -> None:
    if relabel not in (None, "ecr", "order"):
        raise ValueError(f"relabel must be 'ecr', 'order' or None, not {relabel!r}")


# Taken once, from the methods themselves and not from what may stand in their place.
_ARGUMENTS = {
    name: inspect.signature(getattr(Mixture, name)).parameters
    for name in ("fit_nuts", "fit_advi", "fit_laplace", "adopt")
}


def _settings(method: str, **given: Any) -> dict[str, Any]:
    """The arguments of a fit that its draws depend on: how many, and those that differ from their defaults."""
    defaults = _ARGUMENTS[method]
    return {
        name: value for name, value in given.items() if name in ("draws", "chains") or value != defaults[name].default
    }


def _described(init: Any, em: EMResult) -> Any:
    """Where an engine started; an EMResult by how it was made, and by what it has not in common with this fit."""
    if isinstance(init, str):
        return init
    if not isinstance(init, EMResult):
        return em.settings["init"]
    alike = {"priors": init.priors == em.priors, "rows": np.array_equal(init.rows.values, em.rows.values)}
    other = [what for what, same in alike.items() if not same]
    return {**init.settings, "random_seed": init.seed, **({"other": other} if other else {})}


def _joined(em: EMResult, init: EMResult):
    """The optimum climbed to from an EMResult, and the other optima which that result knows of."""
    same_objective = init.estimate == "map" and init.priors == em.priors
    return em.optima + (init.optima[1:] if same_objective else ())
