"""The result of a sweep."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesmix.comparison.averaging import (
    ARVIZ_METHODS,
    WEIGHTS,
    WITHOUT_MEANING,
    Weighed,
    averaged_log_density,
    averaged_sample,
    averaged_similarity,
    predictive_weights,
    weighed,
)
from bayesmix.comparison.candidate import Candidate
from bayesmix.comparison.table import display_table, posterior_probabilities
from bayesmix.data import Rows
from bayesmix.families import read_family
from bayesmix.notebook import card, facts, folded, sentences, table
from bayesmix.seeds import number_of
from bayesmix.standing import column_of, contenders, preferred
from bayesmix.vocabulary import named_arguments

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from bayesmix.html.content import ReportContent

# Column, and whether higher (1) or lower (-1) is better.
_BY_CRITERION = {
    "loo": ("elpd_loo", 1),
    "waic": ("elpd_waic", 1),
    "bic": ("bic", -1),
    "aic": ("aic", -1),
    "icl": ("icl", -1),
    "sabic": ("sabic", -1),
    "caic": ("caic", -1),
    "sbic": ("sbic", -1),
    "evidence": ("log_evidence", 1),
}
_BRIEF = ("bic", "icl", "elpd_loo", "se_loo", "elpd_diff", "dse", "weight", "max_rhat", "min_ess")


@named_arguments
@dataclass(frozen=True, eq=False)
class Comparison:
    """Models side by side; made by ``bayesmix.compare``.

    ``comparison["full", 3]`` is the model of that family with that many components, as a ``Candidate``: ``mixture, em,
    ml, tree, loo, waic, notes``. Where one model fits, the number alone will do, ``comparison[3]``, or the family.

    Attributes
    ----------
    table : pandas.DataFrame
        Index ``(family, n_components)``. ``log_likelihood, n_parameters, aic, bic, icl, sabic, caic, sbic, entropy`` at
        the maximum-likelihood estimate (lower criteria are better); ``elpd_loo, se_loo, p_loo`` and
        ``elpd_waic, se_waic, p_waic`` (higher is better), with ``share_bad_p``, the share of rows in which WAIC is not
        to be relied on (``p_waic_i > 0.4``); ``elpd_diff, dse, p_worse, weight`` of
        ``az.compare`` over the models that can be trusted, NaN for the others; ``n_bad_k``, rows
        whose Pareto k stays above 0.7; ``log_evidence, log_evidence_se`` and ``posterior_probability`` under a uniform
        prior over the models that have an evidence; ``n_occupied``, the posterior mean of the number of groups with
        rows; ``max_rhat, min_ess`` over label-free quantities and
        those of the components; ``divergences``; ``engine``, the method that made the draws; ``notes``.
    candidates : tuple of Candidate
        In the order of the table.
    advice : tuple of str
        The answer in sentences, the first of which says how many groups.
    rows : Rows
        The data.
    method : str
    same_as : mapping of (str, int) to str
        Names of families, with numbers of components, left out because with one component or one feature they are the
        same model as another family.
    code : str
        The Python that makes it again.

    Examples
    --------
    >>> import bayesmix as bm
    >>> X = bm.datasets.load_faithful()
    >>> comparison = bm.compare(X, range(1, 3), method="em", random_seed=1, progressbar=False)
    >>> comparison.table["bic"].round(1).tolist()
    [2607.6, 2322.2]
    >>> comparison.best("bic").key
    ('gaussian-full', 2)
    >>> comparison[2].em.weights.round(2).tolist()
    [0.64, 0.36]
    """

    table: pd.DataFrame
    candidates: tuple[Candidate, ...]
    advice: tuple[str, ...]
    rows: Rows
    method: str
    same_as: Mapping[tuple[str, int], str] = field(default_factory=dict)
    code: str = ""

    def __getitem__(self, key: Any) -> Candidate:
        """The model of a family (or its name) with a number of components; one of the two where that is enough."""
        fitting = [candidate for candidate in self.candidates if self._fits(candidate, key)]
        if len(fitting) == 1:
            return fitting[0]
        models = fitting or self.candidates
        known = ", ".join(str(candidate.key) for candidate in models)
        found = "several models" if fitting else "no model"
        raise KeyError(f"{found} {key!r}: ask for (family, n_components), one of {known}")

    def _fits(self, candidate: Candidate, key: Any) -> bool:
        """Whether every part of a key, a family or a number, is the candidate's."""
        family, n_components = candidate.key
        parts = key if isinstance(key, tuple) else (key,)
        return bool(parts) and all(
            part == n_components if isinstance(part, Integral) else self._name(part, n_components) == family
            for part in parts
        )

    def _name(self, family: Any, n_components: int) -> str:
        """The name under which a family with so many components stands in the table."""
        try:
            name = str(read_family(family))
        except (TypeError, ValueError):
            return ""
        return self.same_as.get((name, n_components), name)

    @property
    def evidence(self) -> pd.DataFrame:
        """Log evidence of every model, its standard error, and its probability under a uniform prior over the models.

        Evidence depends on the priors of the parameters as much as on the rows: with every parameter whose prior is
        made e times as wide it falls by a nat, which is more for models of more groups.
        """
        return self.table.loc[:, ["log_evidence", "log_evidence_se", "posterior_probability"]]

    @property
    def occupied(self) -> pd.DataFrame:
        """Posterior probability that 1, 2, ... of the groups of each model have rows, K+; NaN beyond their number.

        Where a model's groups are fewer in most draws than it was given, the further ones are not in the data.
        """
        most = max(candidate.key[1] for candidate in self.candidates)
        found = np.full((len(self.candidates), most), np.nan)
        for own, candidate in zip(found, self.candidates, strict=True):
            if candidate.occupied is not None:
                own[: candidate.occupied.size] = candidate.occupied
        return pd.DataFrame(found, index=self.table.index, columns=pd.RangeIndex(1, most + 1, name="n_occupied"))

    def evidence_under(
        self,
        priors: Mapping[str, Mapping[str, Any] | None],
        *,
        random_seed: Any = None,
        cores: int | None = None,
        progressbar: bool = True,
    ) -> pd.DataFrame:
        """Log evidence of every model under each of several stated priors: how far the answer is the prior's.

        Parameters
        ----------
        priors : mapping from str to mapping or None
            Priors as :class:`bayesmix.Mixture` takes them, by what they are to be called; None is the default prior.
        random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence
        cores : int, optional
            Chains run at once; the numbers do not depend on it.
        progressbar : bool

        Returns
        -------
        pandas.DataFrame
            With the index of the table; under the name of each prior ``log_evidence``, ``log_evidence_se``,
            ``posterior_probability`` under a uniform prior over the models, and the ``reason`` where there is no
            number. Every model is fitted anew under every prior, by the comparison's method, or by ``"auto"`` where
            that makes no exact draws.

        Raises
        ------
        TypeError, ValueError
            When ``priors`` is no mapping from names to priors, or one of them cannot be used.

        Examples
        --------
        >>> import bayesmix as bm
        >>> comparison = bm.compare(bm.datasets.load_galaxies(), [1, 2], method="em", random_seed=1, progressbar=False)
        >>> narrow = {"components": bm.priors.NormalInverseWishart(shrinkage=0.1)}
        >>> under = comparison.evidence_under({"default": None, "narrow": narrow}, random_seed=1, progressbar=False)
        >>> under.xs("log_evidence", axis=1, level=1).idxmax().tolist()
        [('gaussian-full', 2), ('gaussian-full', 2)]
        """
        from bayesmix.comparison.evaluation import Settings
        from bayesmix.comparison.stated_priors import evidences, read_stated

        exact = self.method if self.method not in ("em", "advi", "laplace") else "auto"
        return evidences(
            self.candidates,
            self.rows,
            read_stated(priors),
            Settings(exact, cores),
            number_of(random_seed),
            progressbar,
        )

    def posterior_probability(self, prior: Mapping[Any, float] | None = None) -> pd.Series:
        """Probability of every model given the rows.

        Parameters
        ----------
        prior : mapping, optional
            Prior weights by number of components, ``{1: 0.5, 2: 0.25}``, by family or by both; they need not sum to
            one, the first that fits a model is its own, and a model that none fits has none. By default all models
            have the same.

        Returns
        -------
        pandas.Series
            With the index of the table. NaN for a model without an evidence: the others are then compared among
            themselves.

        Raises
        ------
        ValueError
            When a weight is negative or not finite, or all are zero.
        """
        weights = self._prior_weights(prior)
        found = posterior_probabilities(column_of(self.table, "log_evidence"), weights)
        return pd.Series(found, index=self.table.index, name="posterior_probability")

    def prior_probability(self, prior: Mapping[Any, float] | None = None) -> pd.Series:
        """Probability of every model before the rows, among those that have an evidence.

        Parameters
        ----------
        prior : mapping, optional
            As in :meth:`posterior_probability`.

        Returns
        -------
        pandas.Series
            With the index of the table. NaN for a model without an evidence.
        """
        known = np.where(np.isfinite(column_of(self.table, "log_evidence")), 0.0, np.nan)
        found = posterior_probabilities(known, self._prior_weights(prior))
        return pd.Series(found, index=self.table.index, name="prior_probability")

    def _prior_weights(self, prior: Mapping[Any, float] | None) -> np.ndarray:
        weights = np.ones(len(self.candidates))
        if prior is not None:
            own = [next((w for key, w in prior.items() if self._fits(c, key)), 0.0) for c in self.candidates]
            weights = np.asarray(own, dtype=float)
            if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
                raise ValueError(
                    f"prior must give positive weights to numbers of components or families, not {prior!r}"
                )
        return weights

    def weights(self, by: str = "stacking") -> pd.Series:
        """Weights of the models, by which :meth:`log_density` and its like average over them.

        Parameters
        ----------
        by : {"stacking", "pseudo-bma+", "evidence"}
            ``"stacking"``: the weights whose averaged density predicts left-out rows best, which may leave out a model
            beside one that is like it. ``"pseudo-bma+"``: how probably each model has the best LOO, by the Bayesian
            bootstrap. ``"evidence"``: the posterior probabilities of the models, under a uniform prior over them.

        Returns
        -------
        pandas.Series
            With the index of the table; they sum to one. NaN for a model that takes no part: whose LOO cannot be
            trusted, or, for ``"evidence"``, that has none.

        Raises
        ------
        ValueError
            When ``by`` is something else, or no model has what it needs.

        References
        ----------
        Yao, Vehtari, Simpson and Gelman (2018), Using stacking to average Bayesian predictive distributions, Bayesian
        Analysis 13. The first two are ArviZ's.
        """
        if by not in WEIGHTS:
            raise ValueError(f"by must be one of {', '.join(map(repr, WEIGHTS))}, not {by!r}.")
        if by in ARVIZ_METHODS:
            found = predictive_weights(self.candidates, by)
        else:
            found = column_of(self.table, "posterior_probability")
            found = {key: value for key, value in zip(self.table.index, found, strict=True) if np.isfinite(value)}
        if not found:
            needed = "an evidence" if by == "evidence" else "a LOO"
            reason = (
                "no posterior was sampled (method='em'): compare with method='auto'"
                if self.method == "em"
                else "the notes of the table say why"
            )
            raise ValueError(f"No model has {needed} that can be trusted, to average by: {reason}.")
        values = [found.get(candidate.key, np.nan) for candidate in self.candidates]
        return pd.Series(values, index=self.table.index, name="weight")

    def log_density(self, X: Any, *, by: str = "stacking") -> "xr.Dataset":
        """Log predictive density of rows, averaged over the models: ``log sum_m w_m p_m(x)``.

        Parameters
        ----------
        X : array-like or data frame, (N, D)
        by : {"stacking", "pseudo-bma+", "evidence"}
            As in :meth:`weights`.

        Returns
        -------
        xarray.Dataset
            ``log_density (obs)``, ``log_density_of_model (model, obs)`` and ``weight (model)``, of the models that have
            weight.
        """
        return averaged_log_density(self._weighed(by), X)

    def similarity(self, X: Any = None, *, by: str = "stacking", max_rows: int = 4000) -> "xr.DataArray":
        """Posterior probability that two rows belong together, averaged over the models.

        It means the same whatever the number of groups, as the groups themselves do not.

        Parameters
        ----------
        X : array-like or data frame, (N, D), optional
            The training rows by default.
        by : {"stacking", "pseudo-bma+", "evidence"}
            As in :meth:`weights`. ``"evidence"`` is the posterior of the clustering itself; the others are about
            prediction.
        max_rows : int
            As in :func:`bayesmix.similarity`.

        Returns
        -------
        xarray.DataArray
            (obs, obs_bis), symmetric.
        """
        return averaged_similarity(self._weighed(by), X, max_rows)

    def sample_predictive(self, n: int, *, by: str = "stacking", random_seed: Any = None) -> "xr.DataTree":
        """Draw new rows, each from a model that is drawn by its weight.

        Parameters
        ----------
        n : int
        by : {"stacking", "pseudo-bma+", "evidence"}
            As in :meth:`weights`.
        random_seed : None, int, numpy.random.Generator, RandomState or SeedSequence

        Returns
        -------
        xarray.DataTree
            ``predictions`` with ``x (sample, feature)`` and ``model (sample)``. Rows have no labels: those of one model
            are not those of another.
        """
        return averaged_sample(self._weighed(by), n, random_seed)

    def _weighed(self, by: str) -> list[Weighed]:
        return weighed(self.candidates, self.weights(by).dropna().to_dict())

    def __getattr__(self, name: str) -> Any:
        """Say of what is about the groups of one model that it has no meaning across models."""
        raise AttributeError(WITHOUT_MEANING.get(name, f"{type(self).__name__!r} object has no attribute {name!r}"))

    def best(self, criterion: str | None = None) -> Candidate:
        """The best model by one criterion.

        Parameters
        ----------
        criterion : {"loo", "waic", "bic", "aic", "icl", "sabic", "caic", "sbic", "evidence"}, optional
            By default ``"loo"``; after ``method="em"``, which samples no posterior, ``"bic"``.
            By ``"loo"`` and ``"waic"`` only models whose posterior can be trusted are considered
            (``"loo"``: and whose LOO can). ``advice`` says which others are as good.

        Returns
        -------
        Candidate

        Raises
        ------
        ValueError
            When the criterion is unknown, or no model has one that can be trusted.
        """
        if criterion is None:
            criterion = "bic" if self.method == "em" else "loo"
        if criterion not in _BY_CRITERION:
            known = ", ".join(map(repr, _BY_CRITERION))
            raise ValueError(f"criterion must be one of {known}, not {criterion!r}.")
        column, sign = _BY_CRITERION[criterion]
        values = sign * column_of(self.table, column)
        if criterion == "loo":
            values[[not candidate.trusted for candidate in self.candidates]] = np.nan
        elif criterion == "waic":
            values[[bool(candidate.distrust) for candidate in self.candidates]] = np.nan
        if np.isnan(values).all():
            reason = (
                "no posterior was sampled (method='em')" if self.method == "em" else "the notes of the table say why"
            )
            raise ValueError(
                f"No model has a {criterion} that can be trusted: {reason}. bic, aic, icl, sabic, caic and sbic need "
                "no posterior."
            )
        return self.candidates[int(np.nanargmax(values))]

    @property
    def chosen(self) -> Candidate:
        """The model to look at first, where one must be shown.

        Of the models that LOO cannot tell from the best one, that with the lowest ICL, where this has two groups at
        least and fewer than that with the lowest BIC (Baudry et al., 2010), else that with the lowest BIC. Of all
        models where no LOO can be trusted, or LOO could not judge the model that is clearly preferred so.
        """
        close = contenders(self.table)
        key = preferred(self.table.loc[close] if close else self.table)
        return self.best("bic") if key is None else self[key]

    def tree_to_show(self) -> "xr.DataTree":
        """The posterior of ``chosen``; its MAP estimate where no posterior can be trusted.

        Returns
        -------
        xarray.DataTree

        Raises
        ------
        ValueError
            When it was not fitted.
        """
        chosen = self.chosen
        if chosen.tree is not None and not chosen.distrust:
            return chosen.tree
        if chosen.em is None:
            raise ValueError(f"{chosen.mixture} was not fitted; its notes say why.")
        return chosen.em.to_tree()

    @property
    def trusted(self) -> pd.Series:
        """Whether each model's LOO can be trusted; True where none was asked for."""
        return pd.Series(
            [candidate.loo is None or candidate.trusted for candidate in self.candidates],
            index=self.table.index,
        )

    def plot(self, **options: Any) -> "Figure":
        """Draw BIC, ICL, AIC and LOO over the number of groups.

        Parameters
        ----------
        **options
            Of ``bayesmix.plots.plot_comparison``, such as ``figsize``.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from bayesmix.plots import plot_comparison

        return plot_comparison(self.table, **options)

    def to_html(self, path: str | os.PathLike[str], *, title: str | None = None) -> Path:
        """Write the comparison as one self-contained HTML file.

        It shows the groups of ``chosen`` in full, and how it was chosen.

        Parameters
        ----------
        path : str or path
            Ends in ``.html``; its folder must exist. An existing file is replaced.
        title : str, optional

        Returns
        -------
        pathlib.Path
            The path written.
        """
        from bayesmix.html.page import checked_path, write_html

        path = checked_path(path)
        return write_html(self._report(title), path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None, *, title: str | None = None) -> str:
        """Tell the comparison in Markdown: what :meth:`to_html` shows, without its pictures.

        Parameters
        ----------
        path : str or path, optional
            Where to write it too; ends in ``.md``, and its folder must exist. An existing file is replaced.
        title : str, optional

        Returns
        -------
        str
            The Markdown, with pipe tables.
        """
        from bayesmix.html.markdown import render_markdown
        from bayesmix.html.page import checked_path, write_text

        checked = None if path is None else checked_path(path, (".md",))
        text = render_markdown(self._report(title))
        if checked is not None:
            write_text(checked, text)
        return text

    def _report(self, title: str | None) -> "ReportContent":
        from bayesmix.html.reports import content_of_comparison

        chosen = self.chosen
        # of every row in the posterior that is shown; an exact refit has 0
        pareto_k = None if chosen.loo is None or chosen.distrust else chosen.loo.pareto_k.values
        return content_of_comparison(
            self.tree_to_show(),
            table=self.table,
            advice=self.advice,
            code=self.code,
            title=title,
            pareto_k=pareto_k,
            occupied=self.occupied,
        )

    def __repr__(self) -> str:
        brief = self._brief().to_string()
        said = "\n".join(self.advice)
        return f"{self._title()}\n\n{brief}\n\n{said}"

    def _repr_html_(self) -> str:
        brief = self._brief()
        names = [f"{family}, {k}" for family, k in (candidate.key for candidate in self.candidates)]
        rows = [(name, *cells) for name, cells in zip(names, brief.to_numpy(), strict=True)]
        notes = {name: note for name, note in zip(names, self.table["notes"].astype(str), strict=True) if note}
        return card(
            self._title(),
            sentences(*self.advice),
            table(("family, groups", *map(str, brief.columns)), rows),
            folded("what to know of each model", facts(notes)) if notes else "",
        )

    def _title(self) -> str:
        return (
            f"Comparison of {len(self.candidates)} mixtures of {self.rows.n_rows} rows x "
            f"{self.rows.n_features} feature{'s' if self.rows.n_features > 1 else ''}, method {self.method!r}"
        )

    def _brief(self) -> pd.DataFrame:
        shown = display_table(self.table)[list(_BRIEF)]
        return shown.loc[:, (shown != "-").any()]
