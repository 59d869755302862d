"""Groups with noise beside them: against mclust, what results say of rows that are noise, and what is refused."""

import functools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, norm

import bayesmix as bm
from bayesmix.estimator import BayesianMixture
from tests.monte_carlo import Finding

# R's mclust 6.0.0 on `noisy` below: Mclust(Y, G, modelNames, initialization = list(noise = 273:312), Vinv = 1 / 185.5,
# control = emControl(tol = c(1e-12, 1e-12), itmax = c(20000, 1000))): log-likelihood, df, share of noise, and how many
# rows are noise. HIGHER are those of which we find a higher top.
MCLUST = {
    ("VVV", 1): (-1537.189534603, 7, 0.2506021209, 38),
    ("VVV", 2): (-1390.523433867, 13, 0.1765133621, 39),
    ("EEE", 2): (-1401.168769641, 10, 0.1718795947, 35),
    ("EEE", 3): (-1388.025760360, 13, 0.1661960730, 38),
    ("VVI", 2): (-1399.571354041, 11, 0.2031495059, 42),
    ("VII", 3): (-1564.894841910, 13, 0.7549160584, 220),
    ("VEV", 2): (-1396.674067658, 12, 0.1695522261, 34),
    ("VEV", 3): (-1386.448816888, 17, 0.1593707033, 32),
    ("EEI", 3): (-1391.211261879, 12, 0.1785146536, 38),
}
HIGHER = {("VVV", 3): -1387.167017334, ("VII", 2): -1593.804944822}
ALLOWED = 1e-6  # relative, of a log-likelihood


@functools.cache
def noisy() -> pd.DataFrame:
    """Old Faithful, and forty points of a lattice all over its box."""
    X = bm.datasets.load_faithful()
    low, high = X.min().to_numpy(), X.max().to_numpy()
    lattice = (np.arange(1, 41)[:, None] * [0.6180339887, 0.7548776662]) % 1
    return pd.concat([X, pd.DataFrame(low + lattice * (high - low), columns=X.columns)], ignore_index=True)


@functools.cache
def estimate(code: str, n_components: int):
    mixture = bm.Mixture(n_components, code, noise=True)
    return mixture.fit_em(noisy(), estimate="ml", tol=1e-12, max_iter=20000, random_seed=1)


@functools.cache
def tree_of_draws():
    return bm.Mixture(2, noise=True).fit_laplace(noisy(), random_seed=1, progressbar=False)


def error_of(code: str, n_components: int) -> float:
    wanted = MCLUST[code, n_components][0]
    return abs(estimate(code, n_components).log_likelihood - wanted) / abs(wanted)


def findings() -> list[Finding]:
    worst = max(error_of(*model) for model in MCLUST)
    return [Finding(f"noise, log-likelihood, relative: {len(MCLUST)} models", "R's mclust", worst, ALLOWED)]


@pytest.mark.parametrize(("code", "n_components"), MCLUST)
def test_estimate_is_mclusts(code, n_components):
    _, n_parameters, share, n_noise = MCLUST[code, n_components]
    em = estimate(code, n_components)
    assert error_of(code, n_components) < ALLOWED
    assert em.n_parameters == n_parameters - 1  # mclust counts the volume too
    assert float(em.params["noise_weight"]) == pytest.approx(share, abs=1e-4)
    assert (em.labels == -1).sum() == n_noise


@pytest.mark.parametrize(("code", "n_components"), HIGHER)
def test_estimate_is_higher_than_mclusts(code, n_components):
    assert estimate(code, n_components).log_likelihood > HIGHER[code, n_components]


def test_likelihood_is_that_of_the_formula():
    em, X = estimate("VVV", 2), noisy().to_numpy()
    groups = [
        multivariate_normal(m, c).pdf(X) for m, c in zip(em.params["means"], em.params["covariances"], strict=True)
    ]
    share, volume = float(em.params["noise_weight"]), np.ptp(X, axis=0).prod()
    parts = np.column_stack([(1 - share) * (em.weights * np.transpose(groups)), np.full(len(X), share / volume)])
    assert em.log_likelihood == pytest.approx(np.log(parts.sum(axis=1)).sum(), rel=1e-12)
    parts /= parts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(em.responsibilities, parts[:, :2], atol=1e-9)
    np.testing.assert_array_equal(em.labels, np.where(parts.argmax(axis=1) == 2, -1, parts.argmax(axis=1)))
    np.testing.assert_array_equal(em.predict(X), em.labels)
    assert em.entropy == pytest.approx(-(parts * np.log(np.maximum(parts, 1e-300))).sum(), rel=1e-8)
    certainty = np.log(parts.max(axis=1)).sum()
    assert em.icl == pytest.approx(-2 * em.log_likelihood + em.n_parameters * np.log(len(X)) - 2 * certainty, rel=1e-10)
    assert em.weights.sum() == pytest.approx(1)


@pytest.mark.gate
def test_student_groups_have_noise_too():
    em = bm.Mixture(2, bm.StudentT(), noise=True).fit_em(noisy(), random_seed=1)
    assert em.converged and np.diff(em.history).min() > -1e-9 and 0.1 < float(em.params["noise_weight"]) < 0.25


def test_membership_says_how_sure_noise_is():
    found = bm.responsibilities(tree_of_draws())
    draws = bm.responsibility_draws(tree_of_draws()).values.reshape(-1, 312, 2)
    noise = 1 - draws.sum(axis=2)
    np.testing.assert_allclose(found["noise_probability"], noise.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found["noise_probability_sd"], noise.std(axis=0), atol=1e-10)
    every = np.column_stack([found["probability"], found["noise_probability"]])
    np.testing.assert_allclose(every.sum(axis=1), 1)
    label = np.where(every.argmax(axis=1) == 2, -1, every.argmax(axis=1))
    np.testing.assert_array_equal(found["label"], label)
    np.testing.assert_allclose(found["label_probability"], every.max(axis=1))
    np.testing.assert_allclose(found["entropy"], -(every * np.log(np.maximum(every, 1e-300))).sum(axis=1), atol=1e-9)


def test_a_saved_fit_knows_its_box(tmp_path):
    path = bm.save(tree_of_draws(), tmp_path / "noise.nc") or tmp_path / "noise.nc"
    tree = bm.load(path)
    assert bm.Mixture.from_tree(tree).noise
    far = [[4.0, 500.0], [4.3, 80.0]]
    ours, theirs = (bm.responsibilities(one, far)["noise_probability"].values for one in (tree, tree_of_draws()))
    np.testing.assert_array_equal(ours, theirs)
    assert ours[0] == 1 and ours[1] < 0.1
    assert bm.responsibilities(tree, far)["label"].values[0] == -1


def test_rows_without_some_lie_in_the_same_box():
    """The box is that of all rows in a refit without the row that spans it."""
    tree = tree_of_draws()
    rows = bm.tree.training_rows(tree).chosen(np.arange(100, 200))
    assert rows.spanning.columns == bm.tree.training_rows(tree).columns
    assert bm.tree.family_of(tree).box == ((1.6, 5.1), (43.0, 96.0))


def test_new_rows_are_noise_as_often_as_its_share_says():
    em = estimate("VVV", 2)
    X, labels = em.sample(20_000, random_seed=1)
    share = float(em.params["noise_weight"])
    assert abs((labels == -1).mean() - share) < 5 * np.sqrt(share * (1 - share) / 20_000)
    noise = X[labels == -1]
    np.testing.assert_allclose(noise.min(axis=0), [1.6, 43.0], atol=0.2)
    np.testing.assert_allclose(noise.mean(axis=0), [3.35, 69.5], atol=1.0)


def test_engines_agree():
    """The approximation at the mode and Gibbs sampling, of a posterior that is nearly Gaussian."""
    mixture = bm.Mixture(2, noise=True)
    drawn = mixture.fit_gibbs(noisy(), draws=500, chains=2, thin=2, random_seed=1)["posterior"]["noise_weight"]
    ours = tree_of_draws()["posterior"]["noise_weight"]
    assert abs(float(drawn.mean() - ours.mean())) < 0.3 * float(ours.std())
    assert float(drawn.std()) == pytest.approx(float(ours.std()), rel=0.25)


def test_prior_of_the_share_moves_it():
    rare = bm.Mixture(2, noise=True, priors={"noise_weight": bm.priors.Beta(1, 400)}).fit_em(noisy(), random_seed=1)
    assert float(rare.params["noise_weight"]) < 0.6 * float(estimate("VVV", 2).params["noise_weight"])


def test_compare_with_and_without():
    comparison = bm.compare(noisy(), 2, families=["full", "full+noise"], method="em", random_seed=1, progressbar=False)
    table = comparison.table.xs(2, level="n_components")
    assert table.loc["gaussian-full+noise", "n_parameters"] == table.loc["gaussian-full", "n_parameters"] + 1
    assert comparison.best("bic").mixture.noise


def test_estimator_has_noise():
    fitted = BayesianMixture(2, noise=True, random_state=1).fit(noisy())
    em = bm.Mixture(2, noise=True).fit_em(noisy(), random_seed=1)
    assert fitted.noise_weight_ == em.params["noise_weight"]
    np.testing.assert_array_equal(fitted.labels_, em.labels)
    assert (fitted.predict(noisy()) == -1).sum() == (em.labels == -1).sum() > 0


def test_report_and_pictures_tell_it(tmp_path):
    text = bm.report(tree_of_draws(), tmp_path / "report.md").read_text(encoding="utf-8")
    n_noise = int((bm.responsibilities(tree_of_draws())["label"] == -1).sum())
    assert "312 rows as 2 groups and noise" in text and f"{n_noise} rows are noise rather than of any group" in text
    assert "eruptions from 1.6 to 5.1" in text and "| noise |" in text
    for plot in (bm.plot_density, bm.plot_responsibilities, bm.plot_uncertainty):
        legends = plot(tree_of_draws()).legends
        assert any("noise" in entry.get_text() for legend in legends for entry in legend.get_texts())


def test_pairs_are_in_one_group_or_not():
    shares = bm.responsibility_draws(tree_of_draws()).values[0, :, :3]
    together = np.einsum("sik,sjk->ij", shares, shares) / len(shares)
    np.fill_diagonal(together, 1.0)
    np.testing.assert_allclose(bm.similarity(tree_of_draws(), noisy()[:3]), together, atol=1e-12)


ASKED = {
    bm.partition: {},
    bm.compare_clusterings: {"clusterings": {"one": np.zeros(312, dtype=int)}},
    bm.partial_assignments: {},
    bm.conditional: {"given": {"waiting": 70.0}},
    bm.cdf: {"X": [3.0], "feature": "eruptions"},
    bm.quantile: {"p": 0.5, "feature": "eruptions"},
    bm.highest_density: {},
    bm.impute: {},
    bm.plot_similarity: {},
    bm.plot_conditional: {"feature": "eruptions", "given": "waiting"},
}


@pytest.mark.parametrize("function", ASKED, ids=lambda function: function.__name__)
def test_what_knows_of_groups_alone_refuses(function):
    with pytest.raises(ValueError, match=rf"bm.{function.__name__} is for mixtures whose rows are all in groups"):
        function(tree_of_draws(), **ASKED[function])


def test_a_row_with_missing_cells_is_judged_by_the_others():
    """By noise in the box of these alone; one without cells is noise as often as any row."""
    em, rows = estimate("VVV", 2), np.array([[np.nan, 60.0], [np.nan, np.nan]])
    share, spreads = float(em.params["noise_weight"]), np.sqrt(em.params["covariances"][:, 1, 1])
    groups = (1 - share) * em.weights * norm(em.params["means"][:, 1], spreads).pdf(60.0)
    found = em.predict_proba(rows)
    np.testing.assert_allclose(found[0], groups / (groups.sum() + share / 53), rtol=1e-10)
    np.testing.assert_allclose(found[1], (1 - share) * em.weights, rtol=1e-10)


def test_bad_input_is_refused():
    X, number = noisy(), bm.priors.ShiftedBetaNegativeBinomial()
    with pytest.raises(ValueError, match="noise does not go with a poisson mixture"):
        bm.Mixture(2, "poisson", noise=True)
    with pytest.raises(ValueError, match="noise does not go with a product"):
        bm.Mixture(2, bm.Product({"a": "full", "b": "poisson"}), noise=True)
    with pytest.raises(ValueError, match="noise does not go with a gaussian-factors-1 mixture"):
        bm.Mixture(2, bm.Gaussian(factors=1), noise=True)
    with pytest.raises(TypeError, match="noise must be True or False, not 3"):
        bm.Mixture(2, noise=3)
    with pytest.raises(ValueError, match="labels is given, and a gaussian-full\\+noise mixture"):
        bm.Mixture(2, noise=True).fit_em(X, labels=np.arange(len(X)) % 2)
    with pytest.raises(ValueError, match="groups is given, and a gaussian-full\\+noise mixture"):
        bm.Mixture(2, noise=True).fit_em(X, groups=np.arange(len(X)) // 2)
    with pytest.raises(ValueError, match="groups, or labels, are given"):
        bm.responsibilities(tree_of_draws(), X, groups=np.arange(len(X)) // 2)
    with pytest.raises(ValueError, match="noise does not go with an unknown number of groups"):
        bm.Mixture(number, noise=True).fit_gibbs(X)
    with pytest.raises(ValueError, match="gaussian-full\\+noise mixture does not sum them out"):
        bm.Mixture(2, noise=True).fit_em(X.mask(X > 95))
    with pytest.raises(TypeError, match="priors\\['noise_weight'\\] is 3"):
        bm.Mixture(2, noise=True, priors={"noise_weight": 3})
    with pytest.raises(ValueError, match="priors has no part named 'noise_weight'"):
        bm.Mixture(2, priors={"noise_weight": bm.priors.Beta()})


def test_a_name_is_a_family_with_noise():
    mixture = bm.Mixture(2, "diag+noise")
    assert mixture.noise and mixture == bm.Mixture(2, "diag", noise=True)
    assert str(mixture) == "gaussian-diag+noise mixture of 2"
    assert repr(mixture) == "Mixture(n_components=2, family=Gaussian(covariance='diag'), noise=True)"
