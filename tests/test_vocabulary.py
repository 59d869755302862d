"""One name for one thing: arguments that other libraries call otherwise, and results that stand for their trees."""

import inspect
import pickle

import numpy as np
import pytest
import xarray as xr

import bayesmix as bm
from bayesmix.datasets import simulate
from bayesmix.estimator import BayesianMixture
from bayesmix.registry import FAMILIES
from bayesmix.vocabulary import named_arguments

SIMULATED = simulate(60, 2, 2, separation=6, random_seed=1)
EM = bm.Mixture(2).fit_em(SIMULATED.X, n_init=2, random_seed=1)


def public_callables():
    """Functions and classes that people call, with the methods of the classes."""
    named = {name: getattr(bm, name) for name in bm.__all__} | {
        "BayesianMixture": BayesianMixture,
        "simulate": simulate,
    }
    for name, exported in named.items():
        if inspect.isclass(exported) and issubclass(exported, Warning):
            continue  # people catch it, and never call it
        if inspect.isclass(exported):
            yield name, exported
            for attribute, member in vars(exported).items():
                if inspect.isfunction(member) and not attribute.startswith("_"):
                    yield f"{name}.{attribute}", member
        elif inspect.isfunction(exported):
            yield name, exported


CALLABLES = dict(public_callables())


def with_parameter(*names):
    """The public callables that have one of these parameters, and the one."""
    found = [
        pytest.param(function, name, id=f"{path}, {name}")
        for path, function in CALLABLES.items()
        for name in names
        if name in inspect.signature(function).parameters
    ]
    assert found
    return found


@pytest.mark.parametrize("other", ["random_state", "seed", "random_seed", "rng"])
@pytest.mark.parametrize(("function", "ours"), with_parameter("random_seed", "random_state"))
def test_seeds_of_other_libraries_are_answered(function, ours, other):
    if other == ours:
        return
    with pytest.raises(TypeError, match=f"has no argument '{other}': use {ours}="):
        function(**{other: 1})


@pytest.mark.parametrize("other", ["n_clusters", "k", "n_groups"])
@pytest.mark.parametrize(("function", "ours"), with_parameter("n_components"))
def test_numbers_of_groups_of_other_libraries_are_answered(function, ours, other):
    if function is bm.EMResult:
        return
    with pytest.raises(TypeError, match=f"has no argument '{other}': use {ours}="):
        function(**{other: 2})


def test_an_unknown_argument_is_left_to_python():
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        bm.Mixture(2, colour="red")  # type: ignore  # it is wrong


def test_a_wrapped_function_keeps_its_signature_and_its_pickle():
    @named_arguments
    def fit(X, *, random_seed=None):
        """Fit."""
        return X, random_seed

    assert str(inspect.signature(fit)) == "(X, *, random_seed=None)"
    assert fit.__doc__ == "Fit."
    assert fit(1, random_seed=2) == (1, 2)
    assert pickle.loads(pickle.dumps(bm.responsibilities)) is bm.responsibilities
    assert pickle.loads(pickle.dumps(bm.Mixture(2))) == bm.Mixture(2)


TAKE_A_TREE = [path for path, function in CALLABLES.items() if "tree" in inspect.signature(function).parameters]
# Averages over posterior draws, of which a point estimate has none, and pictures of them: a refusal in these words.
NEED_DRAWS = {
    "log_evidence": "point estimate",
    "kfold": "point estimate",
    "sensitivity": "point estimate",
    "loo": "point estimate",
    "waic": "point estimate",
    "plot_labels": "draw",
    "number_of_groups": "how many groups have rows",
}
ARGUMENTS = {
    "log_density": {"X": SIMULATED.X},
    "sample_predictive": {"n": 3, "random_seed": 1},
    "cdf": {"X": [1.0, 2.0], "feature": "x0"},
    "quantile": {"p": 0.5, "feature": "x0"},
    "highest_density": {"X": SIMULATED.X, "n": 50, "random_seed": 1},
    "conditional": {"given": {"x0": 1.0}},
    "outliers": {"n": 50, "random_seed": 1},
    "plot_outliers": {"n": 50, "random_seed": 1},
    "plot_conditional": {"feature": "x1", "given": "x0"},
    "impute": {"n": 3, "random_seed": 1},
}
WITH_A_GAP = np.where(np.arange(SIMULATED.X.size).reshape(SIMULATED.X.shape) == 0, np.nan, SIMULATED.X)
PATHS = {"save": "em.nc", "report": "em.md"}


@pytest.mark.parametrize("name", TAKE_A_TREE)
def test_whatever_takes_a_tree_takes_an_em_result(name, tmp_path):
    function = CALLABLES[name]
    given = ARGUMENTS.get(name, {}) | ({"path": tmp_path / PATHS[name]} if name in PATHS else {})
    if name in NEED_DRAWS:
        with pytest.raises(ValueError, match=NEED_DRAWS[name]):
            function(EM, **given)
        return
    em = bm.Mixture(2).fit_em(WITH_A_GAP, random_seed=1) if name == "impute" else EM
    of_em, of_tree = function(em, **given), function(em.to_tree(), **given)
    assert type(of_em) is type(of_tree)
    if isinstance(of_tree, xr.Dataset | xr.DataTree):
        xr.testing.assert_identical(of_em, of_tree)


def test_the_doors_for_results_are_all_there():
    assert {"save", "responsibilities", "log_density", "sample_predictive", "relabel", "diagnose"} <= set(TAKE_A_TREE)


def test_responsibilities_of_an_em_result_are_its_own():
    membership = bm.responsibilities(EM)
    np.testing.assert_allclose(membership["probability"], EM.responsibilities, rtol=1e-12)
    np.testing.assert_array_equal(membership["label"], EM.labels)
    np.testing.assert_allclose(bm.log_density(EM, SIMULATED.X)["log_density"], EM.score_samples(SIMULATED.X))


def test_an_em_result_makes_its_mixture_again():
    again = bm.Mixture.from_tree(EM)
    assert again.n_components == 2
    assert again.priors == EM.priors


@pytest.mark.parametrize("name", TAKE_A_TREE)
def test_what_is_no_result_is_refused_by_name(name, tmp_path):
    given = ARGUMENTS.get(name, {}) | ({"path": tmp_path / PATHS[name]} if name in PATHS else {})
    with pytest.raises(TypeError, match=r"tree must be an xarray\.DataTree or an EMResult, not ndarray"):
        CALLABLES[name](np.zeros(3), **given)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("full", "gaussian-full"),
        ("gaussian-diag", "gaussian-diag"),
        ("tied", "gaussian-tied"),
        ("gaussian", "gaussian-full"),
    ],
)
def test_a_family_goes_by_its_name(name, meant):
    assert bm.Mixture(3, name) == bm.Mixture(3, bm.Gaussian(meant.removeprefix("gaussian-")))
    assert str(bm.Mixture(3, name).family) == meant


def test_an_unknown_family_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="no family is called 'ful': there are 'full', 'tied', 'diag', 'spherical'"):
        bm.Mixture(3, "ful")
    with pytest.raises(TypeError, match="its name, 'full', not 3"):
        bm.Mixture(2, 3)  # type: ignore  # it is wrong


@pytest.fixture(scope="module")
def comparison():
    return bm.compare(SIMULATED.X, [1, 2], families=["full", "diag"], method="em", random_seed=1, progressbar=False)


def test_models_of_a_comparison_go_by_short_names(comparison):
    assert comparison["full", 2].key == ("gaussian-full", 2)
    assert comparison["gaussian-diag", np.int64(1)].key == ("gaussian-diag", 1)
    assert comparison[bm.Gaussian("diag"), 2] is comparison["diag", 2]


def test_one_family_needs_no_name_and_one_number_no_number():
    alone = bm.compare(SIMULATED.X, [1, 2], families="diag", method="em", random_seed=1, progressbar=False)
    assert alone[2].key == ("gaussian-diag", 2)
    single = bm.compare(SIMULATED.X, 2, families=["full", "diag"], method="em", random_seed=1, progressbar=False)
    assert single["diag"].key == ("gaussian-diag", 2)


def test_an_ambiguous_or_unknown_model_is_answered_with_what_there_is(comparison):
    with pytest.raises(KeyError, match=r"several models 2: .*\('gaussian-full', 2\), \('gaussian-diag', 2\)"):
        comparison[2]
    for key in (7, "tied", ("full", 7), (), None):
        with pytest.raises(KeyError, match=r"no model .*\('gaussian-full', 1\), \('gaussian-full', 2\)"):
            comparison[key]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_every_iteration_calls_has_no_door(family):
    kind = getattr(bm, family)
    for method in (kind.statistics, kind.form):
        assert not hasattr(method, "__wrapped__"), method
    assert hasattr(kind.n_parameters, "__wrapped__")
