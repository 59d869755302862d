"""The scikit-learn face: scikit-learn's own checks, and translations of what Mixture computes."""

import doctest
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import norm
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_dataframe_column_names_consistency, parametrize_with_checks

import bayesmix as bm
import bayesmix.estimator
from bayesmix.estimator import BayesianMixture
from tests.simulated_trees import COVARIANCES

FAITHFUL = bm.datasets.load_faithful()
VALUES = FAITHFUL.to_numpy()
PENGUINS = bm.datasets.load_penguins().select_dtypes("number").dropna()
POSTERIORS = ("nuts", "advi", "laplace")
SHORT = {"n_components": 2, "draws": 50, "tune": 100, "chains": 2, "random_state": 3}
ignore_poor_draws = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# Of these checks y has more classes than there are groups, which is refused.
OF_MORE_CLASSES = (
    "check_fit_score_takes_y",
    "check_estimators_overwrite_params",
    "check_estimators_fit_returns_self",
    "check_readonly_memmap_input",
    "check_n_features_in_after_fitting",
    "check_positive_only_tag_during_fit",
    "check_dtype_object",
    "check_f_contiguous_array_estimator",
    "check_dict_unchanged",
    "check_sample_weights_list",
)


def refused(estimator):
    if estimator.n_components == 1:
        return {}
    of_starts = {"check_sample_weight_equivalence_on_dense_data": "random starts of other rows may end at other tops"}
    return dict.fromkeys(OF_MORE_CLASSES, "y has more classes than groups") | of_starts


@parametrize_with_checks(
    [
        BayesianMixture(),
        BayesianMixture(n_components=2, estimate="ml"),
        *(BayesianMixture(n_components=2, covariance_type=covariance) for covariance in COVARIANCES),
    ],
    expected_failed_checks=refused,
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@ignore_poor_draws
@parametrize_with_checks(
    [BayesianMixture(n_components=2, method="nuts", draws=50, tune=50, chains=1)],
    expected_failed_checks=refused,
)
def test_checks_of_scikit_learn_on_draws(estimator, check):
    check(estimator)


@pytest.mark.slow  # all checks together
@ignore_poor_draws
@parametrize_with_checks(
    [
        BayesianMixture(n_components=2, method="advi", covariance_type="diag", draws=50),
        BayesianMixture(n_components=2, method="laplace", draws=50),
    ],
    expected_failed_checks=refused,
)
def test_checks_of_scikit_learn_on_approximations(estimator, check):
    check(estimator)


@ignore_poor_draws
@pytest.mark.parametrize("method", ["em", "laplace"])
def test_column_names_are_checked_as_in_scikit_learn(method):
    check_dataframe_column_names_consistency("BayesianMixture", BayesianMixture(method=method))


def test_the_example():
    tried = doctest.testmod(bayesmix.estimator)
    assert tried.attempted > 5
    assert tried.failed == 0


def in_scikit_learn(fitted: BayesianMixture) -> GaussianMixture:
    """scikit-learn's own mixture at the same parameters."""
    twin = GaussianMixture(fitted.n_components, covariance_type=fitted.covariance_type)
    twin.weights_, twin.means_, twin.covariances_ = fitted.weights_, fitted.means_, fitted.covariances_
    if fitted.covariance_type in ("full", "tied"):
        # upper triangular, with precision = C C'
        twin.precisions_cholesky_ = np.swapaxes(np.linalg.inv(np.linalg.cholesky(fitted.covariances_)), -1, -2)
    else:
        twin.precisions_cholesky_ = 1 / np.sqrt(fitted.covariances_)
    return twin


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_parameters_mean_what_they_mean_in_scikit_learn(covariance):
    fitted = BayesianMixture(3, covariance_type=covariance, random_state=1).fit(VALUES)
    twin = in_scikit_learn(fitted)
    np.testing.assert_allclose(fitted.score_samples(VALUES), twin.score_samples(VALUES), rtol=1e-10)
    np.testing.assert_allclose(fitted.predict_proba(VALUES), twin.predict_proba(VALUES), atol=1e-10)
    np.testing.assert_array_equal(fitted.predict(VALUES), twin.predict(VALUES))
    assert fitted.score(VALUES) == pytest.approx(twin.score(VALUES), rel=1e-12)
    assert fitted.bic(VALUES[:50]) == pytest.approx(twin.bic(VALUES[:50]), rel=1e-12)
    assert fitted.aic(VALUES[:50]) == pytest.approx(twin.aic(VALUES[:50]), rel=1e-12)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_maximum_likelihood_is_that_of_scikit_learn(covariance):
    ours = BayesianMixture(2, covariance_type=covariance, estimate="ml", random_state=1).fit(VALUES)
    settings = {"tol": 1e-12, "reg_covar": 0.0, "max_iter": 5000, "n_init": 5, "random_state": 1}
    theirs = GaussianMixture(2, covariance_type=covariance, **settings).fit(VALUES)
    assert ours.score(VALUES) == pytest.approx(theirs.score(VALUES), abs=1e-7)
    order = np.argsort(-theirs.weights_)
    np.testing.assert_allclose(ours.weights_, theirs.weights_[order], atol=1e-3)
    np.testing.assert_allclose(ours.means_, theirs.means_[order], rtol=1e-3)
    covariances = theirs.covariances_ if covariance == "tied" else theirs.covariances_[order]
    np.testing.assert_allclose(ours.covariances_, covariances, rtol=0.01)


def test_em_is_that_of_mixture():
    fitted = BayesianMixture(2, covariance_type="tied", random_state=7, n_init=3, tol=1e-6).fit(FAITHFUL)
    em = bm.Mixture(2, bm.Gaussian("tied")).fit_em(FAITHFUL, random_seed=7, n_init=3, tol=1e-6)
    np.testing.assert_array_equal(fitted.weights_, em.weights)
    np.testing.assert_array_equal(fitted.covariances_, em.params["covariances"])
    np.testing.assert_array_equal(fitted.labels_, em.labels)
    assert fitted.bic(FAITHFUL) == pytest.approx(em.bic, rel=1e-12)
    assert fitted.converged_
    assert fitted.fit_predict(FAITHFUL).tolist() == em.labels.tolist()


@ignore_poor_draws
@pytest.mark.parametrize("method", POSTERIORS)
def test_posterior_is_that_of_mixture(method):
    fitted = BayesianMixture(method=method, **SHORT).fit(FAITHFUL)
    mixture = bm.Mixture(2)
    em = mixture.fit_em(FAITHFUL, random_seed=3)
    options = {"nuts": {"tune": 100, "chains": 2, "progressbar": False}, "advi": {"progressbar": False}, "laplace": {}}
    tree = getattr(mixture, f"fit_{method}")(FAITHFUL, init=em, draws=50, random_seed=3, **options[method])
    posterior = tree["posterior"].to_dataset()
    assert fitted.posterior_["posterior"].to_dataset().identical(posterior)
    means = posterior.mean(("chain", "draw"))
    np.testing.assert_allclose(fitted.weights_, means["weights"], rtol=1e-12)
    np.testing.assert_allclose(fitted.means_, means["means"], rtol=1e-12)
    np.testing.assert_allclose(fitted.covariances_, means["covariances"], rtol=1e-12)
    np.testing.assert_array_equal(fitted.labels_, bm.responsibilities(tree)["label"])
    assert fitted.bic(FAITHFUL) == pytest.approx(em.bic, rel=1e-12)


@ignore_poor_draws
@pytest.mark.parametrize("method", POSTERIORS)
def test_predictions_average_over_the_draws(method):
    """As scikit-learn's own mixture gives them at each draw, one by one."""
    fitted = BayesianMixture(method=method, **SHORT | {"draws": 10}).fit(VALUES)
    new = VALUES[:20] + 0.3
    draws = fitted.posterior_["posterior"].to_dataset().stack(sample=("chain", "draw")).transpose("sample", ...)
    probability, density = [], []
    for s in range(draws.sizes["sample"]):
        one = clone(fitted)
        one.weights_, one.means_, one.covariances_ = (
            draws[name].values[s] for name in ("weights", "means", "covariances")
        )
        twin = in_scikit_learn(one)
        probability.append(twin.predict_proba(new))
        density.append(np.exp(twin.score_samples(new)))
    np.testing.assert_allclose(fitted.predict_proba(new), np.mean(probability, axis=0), atol=1e-10)
    np.testing.assert_allclose(fitted.score_samples(new), np.log(np.mean(density, axis=0)), rtol=1e-10)
    np.testing.assert_array_equal(fitted.predict(new), np.mean(probability, axis=0).argmax(axis=1))


@ignore_poor_draws
@pytest.mark.parametrize("method", ["em", "nuts"])
def test_samples_look_like_the_data(method):
    fitted = BayesianMixture(method=method, **SHORT).fit(VALUES)
    X, labels = fitted.sample(20_000, random_state=5)
    assert X.shape == (20_000, 2)
    share = np.bincount(labels, minlength=2) / len(labels)
    np.testing.assert_allclose(share, fitted.weights_, atol=4 * np.sqrt(0.25 / len(labels)))
    for k in (0, 1):
        error = X[labels == k].std(axis=0) / np.sqrt((labels == k).sum())
        assert (abs(X[labels == k].mean(axis=0) - fitted.means_[k]) < 4 * error).all()
    again, _ = fitted.sample(20_000, random_state=5)
    np.testing.assert_array_equal(X, again)
    np.testing.assert_array_equal(fitted.sample(3)[0], fitted.sample(3)[0])  # as scikit-learn, with an int seed
    assert not np.array_equal(fitted.sample(3, random_state=1)[0], fitted.sample(3, random_state=2)[0])


@ignore_poor_draws
@pytest.mark.parametrize(("method", "n_components"), [("em", 4), ("laplace", 2)])
def test_random_state(method, n_components):
    def scores(random_state, n_fits=1):
        estimator = BayesianMixture(n_components, method=method, n_init=1, draws=50, random_state=random_state)
        return [estimator.fit(VALUES).score(VALUES) for _ in range(n_fits)]

    assert scores(1, 2)[0] == scores(1, 2)[1]
    assert scores(np.random.RandomState(1), 3) == scores(np.random.RandomState(1), 3)
    assert len(set(scores(np.random.RandomState(1), 5))) > 1
    # For None scikit-learn takes NumPy's global state.
    found = []
    for _ in range(2):
        np.random.seed(11)  # noqa: NPY002  (that state is what is tested)
        found += scores(None)
    assert found[0] == found[1]


def test_clone_keeps_parameters():
    priors = {"weights": bm.priors.Dirichlet(2.0)}
    estimator = BayesianMixture(2, priors=priors, covariance_type="diag", random_state=1)
    copy = clone(estimator)
    assert copy.get_params()["priors"] == priors
    np.testing.assert_array_equal(copy.fit(VALUES).weights_, estimator.fit(VALUES).weights_)
    flat = BayesianMixture(2, covariance_type="diag", random_state=1).fit(VALUES)
    assert copy.weights_[0] < flat.weights_[0]  # drawn towards equal weights


@ignore_poor_draws
@pytest.mark.parametrize("method", ["em", "nuts"])
def test_pipeline(method):
    pipeline = make_pipeline(StandardScaler(), PCA(2), BayesianMixture(method=method, **SHORT | {"n_components": 3}))
    pipeline.set_output(transform="pandas")
    labels = pipeline.fit_predict(PENGUINS)
    mixture = pipeline[-1]
    assert mixture.feature_names_in_.tolist() == ["pca0", "pca1"]
    np.testing.assert_array_equal(pipeline.predict(PENGUINS), labels)
    assert pipeline.predict_proba(PENGUINS).shape == (len(PENGUINS), 3)
    assert np.isfinite(pipeline.score(PENGUINS))
    who = bm.responsibilities(mixture.posterior_)
    assert who["obs"].values.tolist() == PENGUINS.index.tolist()
    assert mixture.posterior_["posterior"]["feature"].values.tolist() == ["pca0", "pca1"]


@ignore_poor_draws
@pytest.mark.parametrize("method", ["em", "nuts"])
def test_probabilities_are_features_for_what_follows(method):
    pipeline = make_pipeline(StandardScaler(), BayesianMixture(**SHORT, method=method)).set_output(transform="pandas")
    features = pipeline.fit(FAITHFUL).transform(FAITHFUL)
    assert list(features.columns) == list(pipeline.get_feature_names_out()) == ["bayesianmixture0", "bayesianmixture1"]
    assert features.index.equals(FAITHFUL.index)
    np.testing.assert_array_equal(features, pipeline.predict_proba(FAITHFUL))
    in_polars = pipeline.set_output(transform="polars").transform(FAITHFUL)
    assert isinstance(in_polars, pl.DataFrame)
    assert in_polars.columns == list(features.columns)


def test_grid_search():
    rng = np.random.default_rng(2)
    centres = 12 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    X = np.repeat(centres, 60, axis=0) + rng.standard_normal((240, 2))
    X = rng.permutation(X)
    pipeline = Pipeline([("scale", StandardScaler()), ("mixture", BayesianMixture(random_state=1))])
    grid = {"mixture__n_components": [1, 2, 4, 8], "mixture__covariance_type": ["full", "spherical"]}
    search = GridSearchCV(pipeline, grid, cv=4).fit(X)
    assert search.best_params_ == {"mixture__n_components": 4, "mixture__covariance_type": "spherical"}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_names_of_columns(make):
    frame = make({name: FAITHFUL[name].to_numpy() for name in FAITHFUL.columns})
    fitted = BayesianMixture(2, random_state=1).fit(frame)
    assert fitted.feature_names_in_.tolist() == ["eruptions", "waiting"]
    assert fitted.posterior_["posterior"]["feature"].values.tolist() == ["eruptions", "waiting"]
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[["waiting", "eruptions"]])
    plain = BayesianMixture(2, random_state=1).fit(VALUES)
    assert not hasattr(plain, "feature_names_in_")
    np.testing.assert_array_equal(plain.predict_proba(VALUES), fitted.predict_proba(frame))


@ignore_poor_draws
@pytest.mark.parametrize("method", ["em", "nuts"])
def test_pickles_and_trees_travel(method, tmp_path):
    fitted = BayesianMixture(method=method, **SHORT).fit(FAITHFUL)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(FAITHFUL), fitted.predict_proba(FAITHFUL))
    bm.save(fitted.posterior_, tmp_path / "fit.nc")
    loaded = bm.load(tmp_path / "fit.nc")
    who = bm.responsibilities(loaded, FAITHFUL)["probability"]
    np.testing.assert_allclose(who, fitted.predict_proba(FAITHFUL), atol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_components": 0}, ValueError, "n_components must be an integer of at least 1; got 0"),
        ({"n_components": 2.0}, TypeError, "n_components must be an integer"),
        ({"family": "student"}, ValueError, "no family is called 'student': there are 'full', 'tied'"),
        ({"family": 3}, TypeError, "family must be a family such as bm.Gaussian"),
        ({"family": "poisson"}, ValueError, "X must hold counts"),
        ({"family": "poisson", "covariance_type": "diag"}, ValueError, "'poisson': leave covariance_type out"),
        ({"family": bm.Gaussian("diag"), "covariance_type": "tied"}, ValueError, "take one of 'full', 'tied'"),
        ({"covariance_type": "round"}, ValueError, "covariance_type='round' does not go with family='gaussian'"),
        (
            {"method": "vb"},
            ValueError,
            "method must be one of 'em', 'auto', 'nuts', 'gibbs', 'advi', 'laplace'",
        ),
        ({"estimate": "mean"}, ValueError, "estimate must be 'map' or 'ml'"),
        ({"n_init": 0}, ValueError, "n_init must be an integer of at least 1"),
        ({"tol": -1}, ValueError, "tol must be a number of at least 0"),
        ({"priors": {"sigma": 1}}, ValueError, "no part named 'sigma'"),
        ({"random_state": -1}, ValueError, "random_state must not be negative, not -1"),
        ({"random_state": "one"}, TypeError, "random_state must be None, a whole number from 0 on"),
        ({"method": "nuts", "draws": 0}, ValueError, "draws"),
    ],
)
def test_impossible_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        BayesianMixture(**parameters).fit(VALUES)


@pytest.mark.parametrize("method", ["em", "nuts"])
def test_impossible_rows(method):
    estimator = BayesianMixture(2, method=method)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        estimator.fit(VALUES[:1])
    with pytest.raises(ValueError, match="fewer distinct rows than groups: 1 distinct among 3"):
        estimator.fit(VALUES[[0, 0, 0]])
    with pytest.raises(ValueError, match="constant column"):
        estimator.fit(np.column_stack([VALUES, np.ones(len(VALUES))]))
    empty = VALUES.copy()
    empty[3] = np.nan
    with pytest.raises(ValueError, match="without any value: row 3"):
        estimator.fit(empty)


def test_trouble_is_a_warning():
    with pytest.warns(ConvergenceWarning, match="EM stopped at max_iter"):
        hasty = BayesianMixture(3, max_iter=2, random_state=1).fit(VALUES)
    assert (hasty.converged_, hasty.n_iter_) == (False, 2)
    enough = BayesianMixture(3, n_init=1, random_state=1).fit(VALUES).n_iter_
    assert BayesianMixture(3, n_init=1, random_state=1, max_iter=enough).fit(VALUES).converged_
    with pytest.warns(ConvergenceWarning, match="EM stopped at max_iter"):
        BayesianMixture(3, n_init=1, random_state=1, max_iter=enough - 1).fit(VALUES)
    with pytest.warns(ConvergenceWarning, match="effective draws"):
        short = BayesianMixture(2, method="nuts", draws=20, tune=100, chains=2, random_state=1).fit(VALUES)
    assert not short.converged_


def test_unfitted():
    estimator = BayesianMixture(2)
    assert not hasattr(estimator, "posterior_")
    for ask in (estimator.predict, estimator.predict_proba, estimator.score_samples, estimator.score, estimator.bic):
        with pytest.raises(NotFittedError):
            ask(VALUES)
    with pytest.raises(NotFittedError):
        estimator.sample()
    with pytest.raises(ValueError, match="n_samples"):
        estimator.fit(VALUES).sample(0)


@pytest.mark.parametrize(
    ("given", "family"),
    [
        ({"family": "student-t", "covariance_type": "diag"}, bm.StudentT("diag")),
        ({"family": "student-t-spherical"}, bm.StudentT("spherical")),
        ({"family": bm.Gaussian("tied")}, bm.Gaussian("tied")),
        ({"covariance_type": "EEI"}, bm.Gaussian("EEI")),
    ],
)
def test_families_by_name_and_object(given, family):
    fitted = BayesianMixture(2, random_state=1, **given).fit(VALUES)
    em = bm.Mixture(2, family).fit_em(VALUES, random_seed=1)
    for name, value in family.estimates(em.params).items():
        np.testing.assert_array_equal(getattr(fitted, f"{name}_"), value)
    np.testing.assert_array_equal(clone(fitted).fit(VALUES).labels_, em.labels)


@pytest.mark.parametrize("method", ["em", "laplace"])
def test_counts(method):
    rng = np.random.default_rng(5)
    counts = rng.poisson(np.repeat([[2.0, 30.0], [20.0, 3.0]], 60, axis=0))
    fitted = BayesianMixture(2, family="poisson", method=method, random_state=1).fit(counts)
    labels = fitted.predict(counts)
    assert len(set(labels[:60])) == len(set(labels[60:])) == 1
    assert labels[0] != labels[-1]
    # the rows of a group that is beyond doubt have its rate but for the prior
    rates = [fitted.rates_[labels[i]] for i in (0, -1)]
    np.testing.assert_allclose(rates, [counts[:60].mean(0), counts[60:].mean(0)], rtol=0.1)


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame, lambda table: pd.DataFrame(table).to_numpy()])
@pytest.mark.parametrize("method", ["em", "laplace"])
def test_levels_in_words(method, container):
    table = {"answer": ["yes"] * 30 + ["no"] * 20, "colour": ["red"] * 29 + ["blue"] * 21}
    fitted = BayesianMixture(2, family=bm.Categorical(), method=method, random_state=1).fit(container(table))
    np.testing.assert_array_equal(fitted.labels_, np.repeat([fitted.labels_[0], 1 - fitted.labels_[0]], [30, 20]))
    np.testing.assert_array_equal(fitted.predict(container(table)), fitted.labels_)
    # levels of each column sum to one
    np.testing.assert_allclose(fitted.probabilities_.reshape(2, 2, 2).sum(-1), 1)
    with pytest.raises(ValueError, match="levels that the model was not fitted on, 'maybe'"):
        fitted.predict(container({"answer": ["maybe"], "colour": ["red"]}))


def test_levels_keep_the_order_of_their_categories():
    table = pd.DataFrame({"size": pd.Categorical(["small", "large"] * 10, ["small", "large"], ordered=True)})
    fitted = BayesianMixture(family="categorical").fit(table)
    assert fitted.em_.family.levels == (("small", "large"),)


def test_a_fitted_mixture_takes_missing_cells():
    """A row is judged by its other cells, as by the mixture of these alone; without any it gets the weights."""
    fitted = BayesianMixture(2, covariance_type="diag", random_state=1).fit(FAITHFUL)
    X = VALUES[:5].copy()
    X[:, 0] = np.nan
    X[4] = np.nan
    densities = norm(fitted.means_[:, 1], np.sqrt(fitted.covariances_[:, 1])).pdf(X[:4, 1:]) * fitted.weights_
    wanted = np.vstack([densities / densities.sum(axis=1, keepdims=True), fitted.weights_])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of names, which an array has not
        np.testing.assert_allclose(fitted.predict_proba(X), wanted, rtol=1e-9)
        np.testing.assert_allclose(fitted.score_samples(X), [*np.log(densities.sum(axis=1)), 0.0], rtol=1e-9)
        assert fitted.predict(X).tolist() == wanted.argmax(axis=1).tolist()
        for infinite in (fitted.predict, fitted.score_samples):
            with pytest.raises(ValueError, match="infinity"):
                infinite(np.full((1, 2), np.inf))
    with pytest.raises(ValueError, match="contains NaN"):
        BayesianMixture(2, family="full+noise").fit(X)


def test_fit_sums_missing_cells_out():
    X = FAITHFUL.copy()
    X.iloc[::7, 0] = np.nan
    estimator = BayesianMixture(2, random_state=1)
    assert estimator.__sklearn_tags__().input_tags.allow_nan
    assert not BayesianMixture(2, family="full+noise").__sklearn_tags__().input_tags.allow_nan
    wanted = bm.Mixture(2).fit_em(X, random_seed=1)
    np.testing.assert_allclose(estimator.fit(X).means_, wanted.params["means"], rtol=1e-9)
    assert estimator.bic(X) == pytest.approx(wanted.bic, rel=1e-9)


IRIS = load_iris(return_X_y=True)


@pytest.mark.parametrize("classes", [np.array(["x", "y", "z"]), np.array([5, 7, 9])])
def test_classes_of_any_name(classes):
    X, y = IRIS
    wanted = classes[y]
    mixture = BayesianMixture(3).fit(X, wanted)
    other = QuadraticDiscriminantAnalysis().fit(X, wanted)
    np.testing.assert_array_equal(mixture.classes_, other.classes_)
    assert np.mean(mixture.predict(X) == other.predict(X)) > 0.98  # the posterior mode beside the maximum likelihood
    np.testing.assert_array_equal(mixture.fit_predict(X, wanted), wanted)


def test_classes_of_some_rows():
    X, y = IRIS
    some = np.where(np.arange(len(y)) % 10 == 0, y, -1)
    mixture = BayesianMixture(3, random_state=1).fit(X, some)
    assert np.mean(mixture.predict(X) == y) > 0.95
    assert (mixture.labels_[some >= 0] == y[some >= 0]).all()
    named = np.where(some < 0, None, np.array(["a", "b", "c"], dtype=object)[y])
    by_name = BayesianMixture(3, random_state=1).fit(X, named)
    np.testing.assert_array_equal(by_name.predict_proba(X), mixture.predict_proba(X))
    more = BayesianMixture(4, random_state=1).fit(X, named)
    assert more.classes_.tolist() == ["a", "b", "c", "group 3"]


@pytest.mark.parametrize(
    ("y", "words"),
    [(IRIS[1], "y has 3 classes ('0', '1', '2'), but n_components=2"), (IRIS[1][:5] % 2, "y is for 5 rows, but X has")],
)
def test_refused_classes(y, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        BayesianMixture(2).fit(IRIS[0], y)
