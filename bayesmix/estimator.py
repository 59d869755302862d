"""The scikit-learn face: Mixture fits, and the estimator translates."""

from contextlib import suppress
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted, validate_data

from bayesmix.data import Rows, check_in_memory, check_n_components, read_labels, read_rows, read_weights
from bayesmix.data.words import listed
from bayesmix.engines.begin import fit_em
from bayesmix.engines.em import EMResult, EMSettings
from bayesmix.families import Family, family_from_name, read_family, with_noise
from bayesmix.first_use import compiling_shown
from bayesmix.mixture import Mixture
from bayesmix.posterior.averages import PosteriorMeans
from bayesmix.posterior.fitting import fit_posterior
from bayesmix.problem import Problem
from bayesmix.registry import ENGINES
from bayesmix.seeds import number_of
from bayesmix.verdict import UntrustedWarning, said_by_caller, warn_once
from bayesmix.vocabulary import named_arguments

__all__ = ["BayesianMixture", "NotConverged"]

if TYPE_CHECKING:
    import xarray as xr


class NotConverged(UntrustedWarning, ConvergenceWarning):
    """A :class:`bayesmix.UntrustedWarning` that scikit-learn's users know as a ``ConvergenceWarning``."""


@named_arguments
class BayesianMixture(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEstimator):
    r"""A finite mixture as a scikit-learn estimator, fitted by EM or by its posterior.

    .. math::
        p(x \mid \theta) = \sum_{k=1}^{K} w_k\, f(x \mid \theta_k), \qquad
        r_{ik} = \frac{w_k\, f(x_i \mid \theta_k)}{p(x_i \mid \theta)}

    With ``method="em"`` predictions are those at the point estimate; with the other methods they are averages over
    the posterior draws: ``predict_proba`` the mean of :math:`r_{ik}`, ``score_samples`` the log of the mean of
    :math:`p(x_i \mid \theta)`. Data, priors and numbers are those of :class:`bayesmix.Mixture`; its uncertainties are
    in ``posterior_``, which every function of bayesmix takes.

    Parameters
    ----------
    n_components : int, default 1
        Number of groups ``K``.
    family : Family or str, default "gaussian"
        A family, such as ``bm.StudentT("diag")``, or its name: ``"gaussian"``, ``"student-t"``, ``"poisson"`` for
        counts, ``"bernoulli"`` for zeros and ones, ``"categorical"`` for levels.
    covariance_type : str, default "full"
        The covariance of a family that is named without one. ``"full"``: every component has a covariance matrix of
        its own; ``"tied"``: all share one; ``"diag"``: a variance for each component and feature; ``"spherical"``:
        one variance for each component; and mclust's other codes (see :class:`bayesmix.Gaussian`). A family that
        names its covariance, or has none, leaves this at its default.
    method : {"em", "auto", "nuts", "gibbs", "advi", "laplace"}, default "em"
        The point estimate, or posterior draws: by the No-U-Turn sampler or by Gibbs sampling (``"auto"`` chooses the
        one that can be trusted), by variational inference or from the Gaussian at the mode. All start from EM's
        posterior mode.
    priors : mapping, optional
        As :class:`bayesmix.Mixture` takes them. By default they are scaled by the data.
    noise : bool, default False
        Whether rows may be of no group, as :class:`bayesmix.Mixture` has it: their label is -1, and the probabilities
        of a row sum to one less that of noise. For Gaussian and Student-t components.
    estimate : {"map", "ml"}, default "map"
        For ``method="em"``: the posterior mode, or maximum likelihood.
    init : str or array, default "k-means++"
        Where EM starts, as ``Mixture.fit_em`` takes it: a way to draw starts, labels (N,) or responsibilities (N, K).
    n_init, max_iter : int, default 10 and 1000
        Random starts of EM, and iterations of each.
    tol : float, default 1e-8
        EM stops when one iteration raises the objective by less than ``tol`` nats a row: much later than
        scikit-learn's 1e-3.
    draws : int, default 1000
        Posterior draws kept (``"nuts"`` and ``"gibbs"``: of each chain).
    tune : int, optional
        For ``"nuts"``: tuning steps of each chain; by default as many as the posterior's shape asks for.
    chains : int, default 4
        For ``"nuts"`` and ``"gibbs"``.
    random_state : int, RandomState or Generator instance or None, default None
        None draws from NumPy's global state, as scikit-learn does. An int ``s`` gives the numbers of
        ``Mixture.fit_em(X, random_seed=s)``.
    progressbar : bool, default False
        For posterior draws.

    Attributes
    ----------
    weights_ : ndarray of shape (K,)
        Mixing weights. EM orders components by decreasing weight; here and below the other methods give posterior
        means, after relabelling.
    means_ : ndarray of shape (K, D)
        Gaussian and Student-t components.
    covariances_ : ndarray
        Gaussian and Student-t components (those of the latter times ``dof / (dof - 2)`` are covariances). In
        scikit-learn's shapes: (K, D, D) for full, (D, D) for tied, (K, D) variances for diag, (K,) variances for
        spherical.
    dof_ : ndarray
        Student-t components: degrees of freedom, where they are estimated.
    noise_weight_ : float
        With ``noise=True``: the share of noise. ``weights_`` are those among the other rows.
    rates_ : ndarray of shape (K, D)
        Poisson components.
    probabilities_ : ndarray
        Bernoulli components: of a one, (K, D). Categorical components: of each level, the levels of the columns side
        by side.
    labels_ : ndarray of shape (N,)
        Most probable component of each training row; -1 of noise.
    converged_ : bool
        EM: whether an iteration gained less than ``tol`` a row. Otherwise: whether :func:`bayesmix.diagnose` finds
        nothing against the draws. Where it is False, ``fit`` warns with the reason.
    n_iter_ : int
        Iterations of the best start of EM, from which the other methods begin.
    em_ : EMResult
        The point estimate, with every restart. For the other methods it is the posterior mode they begin from.
    posterior_ : xarray.DataTree
        The posterior draws; for ``method="em"`` the estimate as one draw.
    n_features_in_, feature_names_in_ : int, ndarray of shape (D,)
        The names only where all columns of X have one and all are text.

    See Also
    --------
    bayesmix.Mixture : the declaration, with all options of every fit.
    bayesmix.compare : numbers of components side by side, with LOO, WAIC, BIC, AIC and ICL.

    Notes
    -----
    It is a density estimator for scikit-learn, as ``GaussianMixture`` is, and no clusterer, because one component is a
    model too. Inside a pipeline it is a transformer: a row becomes its probabilities, one column for each component,
    which ``set_output`` makes a data frame. ``GridSearchCV`` maximises ``score``, the mean log density of held-out
    rows. Data-scaled priors are resolved from the rows of each fit, hence anew in each fold.

    Cells may be missing, NaN, in ``fit`` and after it: a row is judged by its other cells, and what is missing is
    summed out, assuming that it is missing at random. scikit-learn's tag ``allow_nan`` says so. Student-t mixtures
    refuse missing cells in ``fit``, and take them afterwards.

    References
    ----------
    Dempster, Laird and Rubin (1977), Maximum likelihood from incomplete data via the EM algorithm, Journal of the
    Royal Statistical Society B 39. Fraley and Raftery (2007), Bayesian regularization for normal mixture estimation
    and model-based clustering, Journal of Classification 24.

    Examples
    --------
    >>> from bayesmix.datasets import load_faithful
    >>> from bayesmix.estimator import BayesianMixture
    >>> X = load_faithful()
    >>> mixture = BayesianMixture(n_components=2, random_state=1).fit(X)
    >>> mixture.weights_.round(2).tolist()
    [0.64, 0.36]
    >>> mixture.predict(X[:4]).tolist()
    [0, 1, 0, 1]

    >>> from sklearn.model_selection import GridSearchCV
    >>> grid = {"n_components": [1, 2], "covariance_type": ["full", "spherical"]}
    >>> GridSearchCV(BayesianMixture(random_state=1), grid).fit(X).best_params_
    {'covariance_type': 'full', 'n_components': 2}

    Counts, and answers in words:

    >>> counts = [[0, 9], [1, 8], [0, 7], [6, 1], [5, 0], [7, 1], [6, 0]]
    >>> BayesianMixture(2, family="poisson", random_state=1).fit(counts).rates_.round(1).tolist()
    [[5.5, 0.5], [0.6, 7.3]]
    >>> answers = [["yes", "red"]] * 5 + [["no", "blue"]] * 4
    >>> BayesianMixture(2, family="categorical", random_state=1).fit(answers).labels_.tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1]
    """

    def __init__(
        self,
        n_components=1,
        *,
        family="gaussian",
        covariance_type="full",
        method="em",
        priors=None,
        noise=False,
        estimate="map",
        init: Any = "k-means++",
        n_init=10,
        max_iter=1000,
        tol=1e-8,
        draws=1000,
        tune=None,
        chains=4,
        random_state=None,
        progressbar=False,
    ):
        self.n_components = n_components
        self.family = family
        self.covariance_type = covariance_type
        self.method = method
        self.priors = priors
        self.noise = noise
        self.estimate = estimate
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.draws = draws
        self.tune = tune
        self.chains = chains
        self.random_state = random_state
        self.progressbar = progressbar

    def fit(self, X, y=None, sample_weight=None):
        """Fit the mixture.

        Parameters
        ----------
        X : array-like or data frame of shape (N, D)
        y : array-like of shape (N,), optional
            The classes of rows, of any names; -1, None or NaN where one is unknown, as scikit-learn's semi-supervised
            estimators have it. Then groups are classes: :meth:`predict` gives their names, and ``classes_`` holds them.
            Groups beyond the classes have further names. One group has nothing to tell apart: with
            ``n_components=1``, y is not looked at.
        sample_weight : array-like of shape (N,), optional
            How much each row counts (see :meth:`bayesmix.Mixture.fit_em`): 2 is the row twice, 0 is no row, though
            ``labels_`` has one for it.

        Returns
        -------
        BayesianMixture

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter cannot be used; the message says where and what to do.

        Warns
        -----
        NotConverged
            If EM did not converge, or the posterior draws are not to be trusted: a
            :class:`bayesmix.UntrustedWarning` and scikit-learn's ``ConvergenceWarning``.
        """
        _check_method(self.method)
        family = self._family()
        values = self._values(X, family, reset=True, ensure_min_samples=2, missing=family.sums_out_missing)
        mixture = Mixture(check_n_components(self.n_components), family, priors=self.priors)
        mixture.priors.check_concentration_is_known()
        rows = read_rows(self._named(X, values), takes=family.takes, missing="keep")
        rows = self._told(rows, y, mixture.n_components)
        every = rows
        if sample_weight is not None:
            rows = rows.weighing(read_weights(sample_weight, rows.n_rows))
        problem = Problem.of(rows, family, mixture.n_components, mixture.priors)
        seed = _seed(self.random_state)
        estimate = self.estimate if self.method == "em" else "map"
        with said_by_caller():
            with compiling_shown(None):
                settings = EMSettings(estimate, self.init, self.n_init, self.max_iter, self.tol)
                self.em_ = fit_em(problem, settings, seed)
            self._fitted: EMResult | PosteriorMeans = self.em_
            if self.method != "em":
                engine = ENGINES[self.method].of(self.get_params(deep=False))
                shown = None if self.progressbar else False
                self._fitted = PosteriorMeans(
                    fit_posterior(problem, self.method, engine, init=self.em_, random_seed=seed, shown=shown)
                )
        told_of = self.em_ if isinstance(self._fitted, EMResult) else self._fitted.tree
        warn_once(told_of, f"{type(self).__name__} by {self.method}", self._fitted.reasons, NotConverged)
        self.weights_ = self._fitted.weights
        for name, value in self.em_.family.estimates(self._fitted.params).items():
            setattr(self, f"{name}_", value)
        labels = self._fitted.labels if rows.kept is None else self._fitted.predict(every.values)
        self.labels_ = self._as_classes(labels)
        self.converged_ = self.em_.converged if self.method == "em" else not self._fitted.reasons
        self.n_iter_ = max(len(self.em_.history) - 1, 0)  # the history begins before the first iteration
        return self

    def fit_predict(self, X, y=None, sample_weight=None):
        """Fit, and give the most probable component of each row.

        Parameters
        ----------
        X : array or data frame, (N, D)
        y : array-like of shape (N,), optional
            As in :meth:`fit`.
        sample_weight : array-like of shape (N,), optional
            As in :meth:`fit`.

        Returns
        -------
        (N,) array of int, or of classes
        """
        return self.fit(X, y, sample_weight=sample_weight).labels_

    def predict(self, X):
        """Most probable component of each row; its class, where :meth:`fit` was given classes.

        Parameters
        ----------
        X : array or data frame, (n, D)

        Returns
        -------
        (n,) array of int, or of classes
        """
        return self._as_classes(self._checked().predict(self._values(X, missing=True)))

    def predict_proba(self, X):
        """Probability of each component for each row; over the draws, its posterior mean.

        Parameters
        ----------
        X : array or data frame, (n, D)

        Returns
        -------
        (n, K) array
        """
        return self._checked().predict_proba(self._values(X, missing=True))

    def transform(self, X):
        """The probabilities of :meth:`predict_proba`, as features for what follows in a pipeline.

        Parameters
        ----------
        X : array or data frame, (n, D)

        Returns
        -------
        (n, K) array, or the data frame that ``set_output`` asks for
            Its columns are named ``bayesianmixture0``, ``bayesianmixture1`` and so on.
        """
        return self.predict_proba(X)

    def score_samples(self, X):
        """Log density of each row, in nats; over the draws, the log of the posterior-mean density.

        Parameters
        ----------
        X : array or data frame, (n, D)

        Returns
        -------
        (n,) array
        """
        return self._checked().score_samples(self._values(X, missing=True))

    def score(self, X, y=None, sample_weight=None) -> float:  # pyright: ignore[reportIncompatibleMethodOverride] the mixin's does nothing
        """Mean of :meth:`score_samples`.

        Parameters
        ----------
        X : array or data frame, (n, D)
        y : ignored
        sample_weight : array-like of shape (n,), optional
            How much each row counts in the mean.

        Returns
        -------
        float
        """
        of_rows = self.score_samples(X)
        weights = None if sample_weight is None else read_weights(sample_weight, len(of_rows))
        return float(np.average(of_rows, weights=weights))

    def sample(self, n_samples=1, *, random_state=None):
        """Draw new rows from the fitted mixture: posterior draws, where there are any, are drawn first.

        Parameters
        ----------
        n_samples : int, default 1
        random_state : int, RandomState instance or None
            None takes the estimator's own: where that is an int, every call gives the same rows, as in scikit-learn.

        Returns
        -------
        X : ndarray of shape (n_samples, D)
        labels : ndarray of shape (n_samples,)
            The component that each row came from. Rows are in random order, not grouped by component.
        """
        fitted = self._checked()
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        return fitted.sample(n_samples, _seed(self.random_state if random_state is None else random_state))

    def bic(self, X) -> float:
        """Bayesian information criterion of X at the point estimate ``em_``; lower is better.

        On the training rows it is ``em_.bic``: at the posterior mode, unless ``estimate="ml"``.

        Parameters
        ----------
        X : array or data frame, (n, D)

        Returns
        -------
        float
        """
        log_p = self._at_point(X)
        return float(-2 * log_p.sum() + np.log(log_p.size) * self.em_.n_parameters)

    def aic(self, X) -> float:
        """Akaike information criterion of X at the point estimate ``em_``; lower is better.

        On the training rows it is ``em_.aic``: at the posterior mode, unless ``estimate="ml"``.

        Parameters
        ----------
        X : array or data frame, (n, D)

        Returns
        -------
        float
        """
        return float(-2 * self._at_point(X).sum() + 2 * self.em_.n_parameters)

    @property
    def posterior_(self) -> "xr.DataTree":
        """The posterior as a tree."""
        return self._checked().to_tree()

    @property
    def _n_features_out(self) -> int:
        """Number of columns that scikit-learn names."""
        return len(self.weights_)

    def _told(self, rows: Rows, y: Any, n_components: int) -> Rows:
        """The rows with what is known of their classes, whose names go into ``classes_``."""
        vars(self).pop("classes_", None)
        if y is None or n_components == 1:
            return rows
        given = np.asarray(y)
        known = given != -1 if given.dtype.kind in "iuf" else np.array([one not in (None, -1) for one in given.ravel()])
        known = known.reshape(given.shape) & ~pd.isna(given)
        classes, which = np.unique(given[known], return_inverse=True)
        if len(classes) > n_components:
            raise ValueError(
                f"y has {len(classes)} classes ({listed(list(map(str, classes)))}), but n_components={n_components}. "
                f"Give n_components={len(classes)} or more, or -1 where a class is not to be known."
            )
        labels = np.full(given.shape, -1)
        labels[known] = which
        log_prior, _ = read_labels(labels, rows.n_rows, n_components, argument="y")
        if log_prior is None:
            return rows
        self.classes_ = _with_others(classes, n_components)
        return replace(rows, log_prior=log_prior, classes=tuple(map(str, classes)))

    def _as_classes(self, labels: np.ndarray) -> np.ndarray:
        return self.classes_[labels] if hasattr(self, "classes_") else labels

    def _family(self) -> Family:
        family = self._family_of_groups()
        return with_noise(family) if self.noise else family

    def _family_of_groups(self) -> Family:
        asked = self.covariance_type
        if isinstance(self.family, str):
            with suppress(ValueError):  # it has no covariance, names it itself, or has none of that name
                return family_from_name(f"{self.family}-{asked}")
        family = read_family(self.family)
        own = getattr(family, "covariance", None)
        if asked in ("full", own):
            return family
        names = ", ".join(repr(name) for name in type(family).names())
        remedy = "" if own is None else f"take one of {names} as the family, or "
        raise ValueError(
            f"covariance_type={asked!r} does not go with family={self.family!r}: {remedy}leave covariance_type out."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        with suppress(ValueError, TypeError):  # a family that is none is refused by fit
            tags.input_tags.allow_nan = self._family().sums_out_missing
        return tags

    def _named(self, X, values: np.ndarray):
        """Checked values with the names that scikit-learn drops, so that ``posterior_`` speaks of them."""
        if values.dtype == object and hasattr(X, "columns"):
            return X  # its columns may know the order of their levels
        if isinstance(X, pd.DataFrame):
            return pd.DataFrame(values, index=X.index, columns=X.columns)
        names = getattr(self, "feature_names_in_", None)
        return values if names is None else pd.DataFrame(values, columns=names)

    def _checked(self) -> "EMResult | PosteriorMeans":
        check_is_fitted(self)
        return self._fitted

    def _values(
        self,
        X,
        family: Family | None = None,
        *,
        reset: bool = False,
        ensure_min_samples: int = 1,
        missing: bool = False,
    ):
        """The values as scikit-learn checks them; levels of categorical columns as they came."""
        takes = (self.em_.family if family is None else family).takes
        check_in_memory(X, "X")
        checked = validate_data(
            self,
            X,
            reset=reset,
            dtype=object if takes == "categorical" else np.float64,
            ensure_min_samples=ensure_min_samples,
            ensure_all_finite="allow-nan" if missing else True,
        )
        return np.asarray(checked)

    def _at_point(self, X) -> np.ndarray:
        check_is_fitted(self)
        return self.em_.score_samples(self._values(X, missing=True))


def _with_others(classes: np.ndarray, n_components: int) -> np.ndarray:
    """Classes with names for the groups that are none of them: numbers that go on, or texts."""
    others = np.arange(len(classes), n_components)
    if classes.dtype.kind in "iuf":
        return np.concatenate([classes, (classes[-1] + 1 + np.arange(others.size)).astype(classes.dtype)])
    return np.concatenate([classes, np.array([f"group {k}" for k in others], dtype=object)]) if others.size else classes


def _check_method(method: Any) -> None:
    methods = ("em", *ENGINES)
    if not isinstance(method, str) or method not in methods:
        raise ValueError(f"method must be one of {', '.join(map(repr, methods))}, not {method!r}.")


def _seed(random_state: Any) -> int:
    """The seed; without one drawn by NumPy's global state, which rules scikit-learn's estimators."""
    return number_of(check_random_state(None) if random_state is None else random_state, "random_state")
