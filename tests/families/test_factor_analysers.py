"""Gaussian components of few factors: against SciPy, scikit-learn and R, and NUTS against Gibbs sampling."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import digamma, polygamma
from sklearn.decomposition import FactorAnalysis

import bayesmix as bm
from bayesmix.families.gaussian.factors import rotation
from bayesmix.families.gaussian.factors.family import most_factors
from tests.getting_it_right import JointChain, findings_of
from tests.monte_carlo import ALLOWED, Finding, mean_of, worst
from tests.problems import problem_of

SAME = 1e-7  # relative, of log-likelihoods at tops that are climbed to
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "factors.json").read_text(encoding="utf-8"))


def rows(n_rows=200, n_features=8, n_factors=2, apart=0.0, seed=0):
    """Two groups of equal size, each with loadings of its own."""
    rng = np.random.default_rng(seed)
    labels, loadings = np.arange(n_rows) % 2, rng.normal(size=(2, n_features, n_factors))
    own = rng.standard_normal((n_rows, n_features)) * np.linspace(0.4, 1.2, n_features)
    factors = rng.standard_normal((n_rows, n_factors))
    return labels, apart * labels[:, None] + np.einsum("nij,nj->ni", loadings[labels], factors) + own


@functools.cache
def of_one_group(n_factors):
    X = rows(n_features=12, n_factors=n_factors)[1]
    em = bm.Mixture(1, bm.Gaussian(factors=n_factors)).fit_em(X, estimate="ml", tol=1e-11, max_iter=20_000)
    return X, em


def below_scikit_learn(n_factors):
    """By how much our log-likelihood is below, relative; that one stops a little below its top."""
    X, em = of_one_group(n_factors)
    theirs = FactorAnalysis(n_factors, tol=1e-6, max_iter=1000, svd_method="lapack").fit(X).score(X) * len(X)
    return (theirs - em.log_likelihood) / abs(theirs)


def of_r(fit):
    """By how much R's likelihood is above ours, and the largest difference of uniquenesses, on standardised columns."""
    X = np.array(REFERENCE["rows"])
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    family = bm.Gaussian(factors=fit["factors"])
    em = bm.Mixture(1, family).fit_em(X, estimate="ml", tol=1e-12, max_iter=20_000)
    loadings, own = np.array(fit["loadings"]), np.array(fit["uniquenesses"])
    theirs = stats.multivariate_normal(np.zeros(X.shape[1]), loadings @ loadings.T + np.diag(own)).logpdf(X).sum()
    return (theirs - em.log_likelihood) / abs(theirs), np.abs(em.params["uniquenesses"][0] - own).max()


@pytest.mark.filterwarnings("ignore:FactorAnalysis did not converge")
@pytest.mark.parametrize("n_factors", [1, 2])
def test_one_group_has_scikit_learns_likelihood(n_factors):
    assert -1e-4 < below_scikit_learn(n_factors) <= SAME


@pytest.mark.parametrize("fit", REFERENCE["fits"][:2], ids=lambda fit: f"{fit['factors']}-factors")
def test_one_group_has_the_uniquenesses_of_r(fit):
    """The third fit of the file is a Heywood case: R holds a uniqueness at a bound."""
    above, apart = of_r(fit)
    assert above <= SAME and apart <= 1e-4


def test_where_a_column_is_left_nothing_the_likelihood_is_no_lower_than_rs():
    assert of_r(REFERENCE["fits"][2])[0] <= 1e-5


def error_of_density(n_factors=3):
    """Of log densities of components, against SciPy's with the whole matrix, relative."""
    labels, X = rows(n_factors=n_factors)
    params = bm.Mixture(2, bm.Gaussian(factors=n_factors)).fit_em(X, init=labels, max_iter=3).params
    family = bm.Gaussian(factors=n_factors)
    found = family.log_joint(np.array([0.3, 0.7]), params, X)
    for k, matrix in enumerate(family.covariance_matrices(params)):
        found[:, k] -= np.log([0.3, 0.7][k]) + stats.multivariate_normal(params["means"][k], matrix).logpdf(X)
    return np.abs(found).max() / len(X)


def test_density_is_that_of_the_whole_matrix():
    assert error_of_density() < 1e-12


@pytest.mark.parametrize("size", [1e5, 1e200])
def test_rows_far_from_all_components_have_odds(size):
    labels, X = rows(apart=4.0)
    em = bm.Mixture(2, bm.Gaussian(factors=2)).fit_em(X, init=labels)
    shares = em.predict_proba(np.concatenate([X[:3], np.full((1, X.shape[1]), size)]))
    assert np.isfinite(shares).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_units_of_columns_change_no_responsibility():
    """Law 7, of many columns and by maximum likelihood too."""
    _, X = rows(n_features=40, n_factors=2, apart=1.0)
    units = np.logspace(-6, 6, X.shape[1])
    for estimate in ("ml", "map"):
        mixture = bm.Mixture(2, bm.Gaussian(factors=2))
        one = mixture.fit_em(X, estimate=estimate, random_seed=1)
        other = mixture.fit_em(X * units + 3 * units, estimate=estimate, random_seed=1)
        np.testing.assert_allclose(one.responsibilities, other.responsibilities, atol=1e-7)
        shift = one.log_likelihood - other.log_likelihood - len(X) * np.log(units).sum()
        assert abs(shift) < 1e-7 * abs(one.log_likelihood)


def test_the_order_of_the_columns_is_no_part_of_the_model():
    labels, X = rows(apart=2.0)
    turned = np.random.default_rng(0).permutation(X.shape[1])
    mixture = bm.Mixture(2, bm.Gaussian(factors=2))
    one, other = mixture.fit_em(X, init=labels, tol=1e-12), mixture.fit_em(X[:, turned], init=labels, tol=1e-12)
    assert one.log_prior + one.log_likelihood == pytest.approx(other.log_prior + other.log_likelihood, rel=1e-10)
    matrices = [one.family.covariance_matrices(em.params) for em in (one, other)]
    np.testing.assert_allclose(matrices[0][:, turned][:, :, turned], matrices[1], atol=1e-4)


def test_loadings_are_told_in_one_rotation():
    rng = np.random.default_rng(0)
    loadings, turn = rng.normal(size=(5, 7, 3)), stats.special_ortho_group.rvs(3, random_state=1)
    told = rotation.settled(loadings)
    np.testing.assert_allclose(told, rotation.settled(loadings @ turn), atol=1e-12)
    np.testing.assert_allclose(told @ told.swapaxes(1, 2), loadings @ loadings.swapaxes(1, 2), atol=1e-12)
    assert (told[:, *np.triu_indices(3, 1)] == 0).all()
    assert (np.diagonal(told, axis1=1, axis2=2) > 0).all()


def log_of_settled_measure(n_factors):
    """Estimated log integral of a normal density over settled loadings; zero where their measure is right."""
    rng, n_features = np.random.default_rng(1), n_factors + 1
    free = rng.standard_normal((300_000, rotation.n_free(n_features, n_factors))) * 1.5
    diagonal = rotation.places(n_features, n_factors).diagonal
    free[:, diagonal] *= 0.5
    log_proposal = stats.norm.logpdf(free, scale=1.5).sum(axis=1)
    log_proposal += (
        stats.norm.logpdf(free[:, diagonal], scale=0.75) - stats.norm.logpdf(free[:, diagonal], scale=1.5)
    ).sum(axis=1)
    log_density = stats.norm.logpdf(rotation.from_free(free, n_features, n_factors)).sum(axis=(1, 2))
    log_density += free[:, diagonal] @ rotation.powers(n_factors) + rotation.log_volume(n_factors)
    ratios = np.exp(log_density - log_proposal)
    return ratios.mean() - 1, ratios.std() / np.sqrt(len(ratios))


@pytest.mark.parametrize("n_factors", [1, 2, 3])
def test_the_measure_of_settled_loadings_integrates_to_one(n_factors):
    off, error = log_of_settled_measure(n_factors)
    assert error < 0.03 and abs(off) < ALLOWED * error


SHAPE, N_ROWS, STEPS = 3.0, 5, 2500


def of_prior(n_features, n_factors, planted=lambda sweeps: sweeps, steps=STEPS):
    """Geweke's test: rows drawn anew leave parameters to their prior."""
    start = np.random.default_rng(2).normal(size=(N_ROWS, n_features))
    priors = {
        "means": bm.priors.Normal(sd=tuple(0.5 * start.std(axis=0))),
        "uniquenesses": bm.priors.InverseGamma(SHAPE),
    }
    problem = problem_of(start, bm.Gaussian(factors=n_factors), 2, priors)
    conditional = problem.conditional
    means, loadings, own = (conditional.parts[name] for name in ("means", "loadings", "uniquenesses"))

    def quantities(state):
        z = (state[0] - np.asarray(means.mean)) / np.asarray(means.sd)
        squares = (state[1] / np.asarray(loadings.sd)[:, None]) ** 2
        logs = np.log(state[2] / np.asarray(own.scale))
        return {
            "mean": z.mean(),
            "square of mean": (z**2).mean(),
            "square of loading": squares.mean(),
            "square of a sum of squares": (squares.sum(axis=(1, 2)) ** 2).mean(),
            "log uniqueness": logs.mean(),
            "square of log uniqueness": (logs**2).mean(),
        }

    def rows_of(labels, state, rng):
        factors = rng.standard_normal((labels.size, n_factors))
        noise = rng.standard_normal((labels.size, n_features)) * np.sqrt(state[2][labels])
        return (state[0][labels] + np.einsum("nij,nj->ni", state[1][labels], factors) + noise).T

    n, log_mean = n_features * n_factors, -digamma(SHAPE)
    expected = {
        "mean": 0.0,
        "square of mean": 1.0,
        "square of loading": 1.0,
        "square of a sum of squares": n * (n + 2.0),
        "log uniqueness": log_mean,
        "square of log uniqueness": log_mean**2 + polygamma(1, SHAPE),
    }
    chains = [JointChain(problem, planted(problem.sweeps), rows_of, seed) for seed in range(2)]
    return findings_of(chains, steps, quantities, expected)


@pytest.mark.parametrize("shape", [(3, 1), pytest.param((5, 2), marks=pytest.mark.slow)])
def test_rows_drawn_anew_leave_the_parameters_to_their_prior(shape):
    assert not worst(of_prior(*shape))


def test_a_planted_error_is_seen():
    def wide_loadings(sweeps):
        mean, mean_sd, loading_sd, *others = sweeps.numbers
        return sweeps._replace(numbers=(mean, mean_sd, 1.2 * loading_sd, *others))

    assert worst(of_prior(3, 1, wide_loadings))


@functools.cache
def posteriors():
    labels, X = rows(n_rows=100, n_features=4, apart=4.0)
    mixture = bm.Mixture(2, bm.Gaussian(factors=1))
    settings = {"chains": 2, "random_seed": 1, "progressbar": False}
    return labels, {"NUTS": mixture.fit_nuts(X, **settings), "Gibbs": mixture.fit_gibbs(X, **settings)}


def between_samplers():
    def quantities(tree):
        posterior = tree["posterior"]
        weights, means = posterior["weights"].values, posterior["means"].values
        matrices = bm.Gaussian(factors=1).covariance_matrices(
            {name: posterior[name].values for name in ("means", "loadings", "uniquenesses")}
        )
        yield "log-likelihood", tree["log_likelihood"]["x"].values.sum(axis=-1)
        yield "log-odds of weights", np.log(weights[..., 0] / weights[..., 1])
        yield "a mean", means[..., 0, 2]
        yield "a log variance", np.log(matrices[..., 0, 1, 1])
        yield (
            "a correlation",
            np.arctanh(matrices[..., 1, 0, 3] / np.sqrt(matrices[..., 1, 0, 0] * matrices[..., 1, 3, 3])),
        )
        yield "a log uniqueness", np.log(posterior["uniquenesses"].values[..., 1, 2])

    _, trees = posteriors()
    both = zip(quantities(trees["NUTS"]), quantities(trees["Gibbs"]), strict=True)
    return [
        Finding(name, "NUTS", mean_of(one).errors_from(mean_of(other)), ALLOWED) for (name, one), (_, other) in both
    ]


def test_nuts_and_gibbs_sampling_agree():
    assert not worst(between_samplers())


def test_what_a_tree_has_travels_in_its_file(tmp_path):
    labels, trees = posteriors()
    bm.save(trees["Gibbs"], tmp_path / "fit.nc")
    tree = bm.load(tmp_path / "fit.nc")
    X = rows(n_rows=100, n_features=4, apart=4.0)[1]
    found = bm.responsibilities(tree, X)["label"].values
    assert (found == labels).mean() in (0.0, 1.0)
    assert tree["posterior"]["loadings"].dims[-1] == "factor"
    communalities = tree["posterior"]["communalities"].values
    assert ((communalities > 0) & (communalities < 1)).all()
    seen = np.where(np.arange(4) == 3, np.nan, X[:4])  # of a new row, cells may be missing
    assert np.isfinite(bm.log_density(tree, seen)["log_density"]).all()


def test_hundreds_of_columns_are_fitted_in_seconds():
    labels, X = rows(n_rows=300, n_features=200, n_factors=3)
    em = bm.Mixture(2, bm.Gaussian(factors=3)).fit_em(X, random_seed=1, n_init=2)
    assert max((em.labels == labels).mean(), (em.labels != labels).mean()) == 1
    assert em.n_parameters == 1 + 2 * (200 + 200 * 3 - 3 + 200)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"factors": 0}, "factors must be a whole number of at least 1, not 0"),
        ({"factors": 1.5}, "factors must be a whole number"),
        ({"factors": True}, "factors must be a whole number"),
        ({"covariance": "diag", "factors": 2}, "two ways to say what a covariance is"),
        ({"n_factors": 2}, "unexpected keyword"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises((ValueError, TypeError), match=said):
        bm.Gaussian(**arguments)


def test_more_factors_than_columns_can_tell_are_refused():
    assert [most_factors(n) for n in (1, 2, 3, 4, 5, 6, 10, 40)] == [0, 0, 1, 1, 2, 3, 6, 31]
    with pytest.raises(ValueError, match=r"factors=3 is more than 5 columns can tell.*factors=2 or less"):
        bm.Mixture(2, bm.Gaussian(factors=3)).fit_em(rows(n_features=5)[1])
    with pytest.raises(ValueError, match=r"more than 2 columns can tell.*use covariance='full'"):
        bm.Mixture(2, bm.Gaussian(factors=1)).fit_em(rows(n_features=2)[1])


def test_missing_cells_are_refused():
    X = rows()[1]
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="gaussian-factors-2 mixture does not sum them out"):
        bm.Mixture(2, bm.Gaussian(factors=2)).fit_em(X)


def test_names():
    assert bm.Mixture(2, "factors-3").family == bm.Gaussian(factors=3)
    assert str(bm.Gaussian(factors=3)) == "gaussian-factors-3"
    assert eval(bm.Gaussian(factors=3).code, {"bm": bm}) == bm.Gaussian(factors=3)


def test_bic_finds_factors_and_groups():
    _, X = rows(n_rows=400, n_features=12, apart=2.0)
    families = [bm.Gaussian(factors=q) for q in (1, 2, 3)]
    comparison = bm.compare(X, [1, 2], families=families, method="em", random_seed=1, progressbar=False)
    assert comparison.table["bic"].idxmin() == ("gaussian-factors-2", 2)


def findings():
    return [
        *(
            Finding(f"{q} factors, one group: log-likelihood", "scikit-learn", max(below_scikit_learn(q), 0.0), SAME)
            for q in (1, 2)
        ),
        *(
            Finding(f"{f['factors']} factors: uniquenesses", "R's factanal", of_r(f)[1], 1e-4)
            for f in REFERENCE["fits"][:2]
        ),
        Finding("log density", "SciPy, of the whole matrix", error_of_density(), 1e-12),
        *between_samplers(),
        *of_prior(3, 1),
    ]
