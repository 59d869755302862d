"""The reference values are what they say, by SciPy: so that a test that compares with them compares with the truth."""

import json

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from tests.reference.families import LATENT_CLASSES, POISSON, STUDENT_T, by_level, patterns_of, reference, rows_of
from tests.reference.posteriors.sample import HERE as POSTERIORS
from tests.reference.posteriors.sample import PRIORS

# By the help pages of poLCA 1.6, and by Zucchini, MacDonald and Langrock (2016), table 1.2.
PUBLISHED = {
    "carcinoma": {2: -317.2568, 3: -293.705, 4: -289.2858},
    "gss82": {2: -2783.268, 3: -2754.545, 4: -2746.621},
    "earthquakes": {1: -391.9189, 2: -360.3690, 3: -356.8489, 4: -356.7337},
}


def fits_of(program, names):
    return [
        pytest.param(name, fit, id=f"{name}-{i}") for name in names for i, fit in enumerate(reference(program)[name])
    ]


def poisson_joint(fit, rows):
    """``log w_k + log p(x_i | k)``, (row, component)."""
    return np.log(fit["weights"]) + stats.poisson.logpmf(rows[:, None], np.array(fit["rates"])).sum(axis=-1)


def latent_class_joint(fit, patterns):
    with np.errstate(divide="ignore"):
        return np.log(fit["weights"]) + sum(
            np.log(by_level(fit, column, patterns[column])) for column in fit["probabilities"]
        )


def assert_consistent(fit, log_density, n):
    assert np.sum(fit["weights"]) == pytest.approx(1, abs=1e-12)
    assert log_density.sum() == pytest.approx(fit["loglik"], rel=1e-10)
    assert fit["bic"] == pytest.approx(fit["df"] * np.log(n) - 2 * log_density.sum(), rel=1e-10)


@pytest.mark.parametrize(("name", "fit"), fits_of("poisson", POISSON))
def test_poisson(name, fit):
    rows = rows_of(name).to_numpy()
    joint = poisson_joint(fit, rows)
    assert_consistent(fit, logsumexp(joint, axis=1), len(rows))
    assert fit["df"] == fit["K"] * (1 + rows.shape[1]) - 1
    responsibilities = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(fit["responsibilities"], responsibilities[:5], atol=1e-6)
    shares = responsibilities.sum(axis=0)  # at an optimum EM stands still
    np.testing.assert_allclose(shares / len(rows), fit["weights"], atol=1e-6)
    np.testing.assert_allclose((responsibilities.T @ rows) / shares[:, None], fit["rates"], rtol=1e-5)


@pytest.mark.parametrize(("name", "fit"), fits_of("latent_classes", LATENT_CLASSES))
def test_latent_classes(name, fit):
    patterns = patterns_of(name)
    counts, joint = patterns["count"].to_numpy(), latent_class_joint(fit, patterns)
    assert_consistent(fit, counts * logsumexp(joint, axis=1), counts.sum())
    levels = [len(of_column) for of_column in fit["probabilities"].values()]
    assert fit["df"] == fit["K"] - 1 + fit["K"] * sum(one - 1 for one in levels)
    responsibilities = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(fit["responsibilities"], responsibilities, atol=1e-5)
    weighted = counts[:, None] * responsibilities
    np.testing.assert_allclose(weighted.sum(axis=0) / counts.sum(), fit["weights"], atol=1e-6)
    for column, probabilities in fit["probabilities"].items():
        for level, of_classes in probabilities.items():
            share = weighted[patterns[column] == level].sum(axis=0) / weighted.sum(axis=0)
            np.testing.assert_allclose(share, of_classes, atol=1e-6)


@pytest.mark.parametrize(("name", "fit"), fits_of("student_t", STUDENT_T))
def test_student_t(name, fit):
    rows = rows_of(name).to_numpy()
    parts = zip(fit["weights"], fit["means"], fit["scale_matrices"], fit["dof"], strict=True)
    joint = [
        np.log(w) + stats.multivariate_t.logpdf(rows, m, scale, df=np.inf if nu is None else nu)
        for w, m, scale, nu in parts
    ]
    log_density = logsumexp(joint, axis=0)
    within = 1e-10 if None not in fit["dof"] else 1e-7
    assert log_density.sum() == pytest.approx(fit["loglik"], rel=within)
    assert fit["bic"] == pytest.approx(fit["df"] * np.log(len(rows)) - 2 * fit["loglik"], rel=1e-12)
    others = {"full": 6, "tied": 3, "diag": 4, "spherical": 2}[fit["scale"]]
    assert fit["df"] == 5 + others + {"free": 2, "shared": 1, "given": 0}[fit["dof_is"]]
    if fit["studenttmixture"] is not None and None not in fit["dof"]:
        assert fit["studenttmixture"] == pytest.approx(fit["loglik"], rel=1e-8)


MCLUST = [
    pytest.param(name, model, k, id=f"{name}-{model}-{k}")
    for name, most in (("faithful", 4), ("penguins", 5))
    for model in ("EEI", "VEV")
    for k in range(1, most + 1)
]


@pytest.mark.parametrize(("name", "model", "k"), MCLUST)
def test_mclust(name, model, k):
    """Equal diagonals; or volumes and directions of their own, and one shape."""
    rows = rows_of(name).to_numpy()
    (fit,) = [one for one in reference("mclust")[name]["ml"] if (one["model"], one["G"]) == (model, k)]
    weights, matrices = np.atleast_1d(fit["weights"]), np.array(fit["covariances"])
    parts = zip(weights, fit["means"], matrices, strict=True)
    joint = [np.log(w) + stats.multivariate_normal.logpdf(rows, m, covariance) for w, m, covariance in parts]
    log_likelihood, n_features = logsumexp(joint, axis=0).sum(), rows.shape[1]
    assert log_likelihood == pytest.approx(fit["loglik"], rel=1e-10)
    assert fit["bic"] == pytest.approx(fit["df"] * np.log(len(rows)) - 2 * log_likelihood, rel=1e-10)
    means, angles = k * n_features, n_features * (n_features - 1) // 2
    assert fit["df"] == k - 1 + means + (n_features if model == "EEI" else k + n_features - 1 + k * angles)
    values = np.linalg.eigvalsh(matrices)
    if model == "EEI":
        assert (matrices == matrices[0] * np.eye(n_features)).all()
    else:
        shapes = values / np.prod(values, axis=1, keepdims=True) ** (1 / n_features)
        np.testing.assert_allclose(shapes, shapes[[0]].repeat(k, axis=0), rtol=1e-8)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_log_likelihoods(name):
    fits = reference("poisson" if name in POISSON else "latent_classes")[name]
    found = {fit["K"]: fit["loglik"] for fit in fits if fit["K"] in PUBLISHED[name]}
    assert found == pytest.approx(PUBLISHED[name], abs=5e-4)


@pytest.mark.parametrize("name", PRIORS)
def test_posteriors_were_sampled_long_enough(name):
    found = json.loads((POSTERIORS / f"{name}.json").read_text())
    assert found["hyperparameters"] == PRIORS[name]
    assert found["divergences"] == 0
    for one in (*found["moments"].values(), *found["quantiles"].values()):
        assert min(one["ess_bulk"], one["ess_tail"]) > 4000
        assert one["rhat"] < 1.01
