"""One component under the default prior: the posterior is normal-inverse-Wishart, the prediction a Student t."""

import functools

import arviz as az
import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Gaussian, Mixture
from tests.exact.conjugate import Groups, prior_of
from tests.monte_carlo import ALLOWED, FEWEST, Estimate, Finding, effective_draws, mean_of, quantile_of, sd_of, worst

CASES = [("full", 1), ("full", 3), ("tied", 3), ("diag", 3), ("spherical", 3)]
PROBABILITIES = (0.05, 0.5, 0.95)


def rows_of(n_features: int) -> np.ndarray:
    rng = np.random.default_rng(n_features)
    mixed = rng.normal(size=(20, n_features)) @ np.triu(
        np.full((n_features, n_features), 0.6) + 0.4 * np.eye(n_features)
    )
    return mixed * np.array([2.0, 30.0, 0.5])[:n_features] + np.array([10.0, -400.0, 0.0])[:n_features]


def default_prior(covariance: str, rows: np.ndarray) -> list[Groups]:
    """``kappa = 0.01``, ``nu = D + 2``, ``Lambda = var(X)`` around the data mean, written out once more."""
    spread = np.atleast_2d(np.cov(rows.T))
    scale = {"full": spread, "tied": spread, "diag": np.diag(spread), "spherical": np.trace(spread) / rows.shape[1]}
    return prior_of(covariance, 1, rows.mean(axis=0), 0.01, rows.shape[1] + 2, scale[covariance])


@functools.cache
def exact(covariance: str, n_features: int) -> Groups:
    rows = rows_of(n_features)
    return default_prior(covariance, rows)[0].given([rows])


@functools.cache
def sampled(covariance: str, n_features: int):
    mixture = Mixture(1, Gaussian(covariance))
    return mixture.fit_nuts(rows_of(n_features), draws=2000, random_seed=1, progressbar=False)


def draws_of(tree, covariance: str) -> dict[str, np.ndarray]:
    """Means (chain, draw, D), the spread, and the variances of the features, without the component axis."""
    posterior = tree["posterior"]
    spread = posterior[Gaussian(covariance).structure.parameter.name].values
    if covariance != "tied":
        spread = spread[:, :, 0]
    variances = np.diagonal(spread, axis1=-2, axis2=-1) if covariance in ("full", "tied") else spread
    return {"mean": posterior["means"].values[:, :, 0], "spread": spread, "variance": variances}


def estimates(covariance: str, n_features: int, tree):
    """Name, draws (chain, draw), and pairs of an estimate from them and what it should be."""
    known, draws = exact(covariance, n_features), draws_of(tree, covariance)
    log_means, log_sds = known.log_scale_moments()
    for j in range(n_features):
        x = draws["mean"][..., j]
        pairs = [(quantile_of(x, p), known.quantiles_of_means(p)[0, j]) for p in PROBABILITIES]
        yield f"mean {j}", x, [(mean_of(x), known.means[0, j]), *pairs]
    for place in np.ndindex(np.shape(log_means)):
        x = draws["variance"][(..., *place)]
        logs = np.log(x) / 2
        pairs = [(quantile_of(x, p), known.quantiles_of_variances(p)[place]) for p in PROBABILITIES]
        yield f"variance {place}", logs, [(mean_of(logs), log_means[place]), (sd_of(logs), log_sds[place]), *pairs]
    spread = np.asarray(known.mean_of_spread())
    for place in np.ndindex(spread.shape):
        x = draws["spread"][(..., *place)]
        yield f"covariance {place}", x, [(mean_of(x), spread[place])]


def new_rows(n_features: int) -> np.ndarray:
    """Some in the middle, some far out.

    Not farther: at four standard deviations the log density varies by 4.6 between draws, so that a handful of them
    carry its mean, and the error of that mean cannot be told from the draws.
    """
    rows = rows_of(n_features)
    steps = np.array([0.0, 0.5, -1.0, 2.0, -2.5])[:, None]
    return rows.mean(axis=0) + steps * rows.std(axis=0)


def predictions(covariance: str, n_features: int, tree):
    """Predictive densities by ``bm.log_density`` with the error of their mean over the draws, and Student's."""
    x, posterior = new_rows(n_features), tree["posterior"]
    values = np.exp(bm.log_density(tree, x)["log_density"].values)
    family = Gaussian(covariance)
    params = {spec.name: posterior[spec.name].values for spec in family.parameters}
    each = np.exp(family.log_mixture(posterior["weights"].values, params, x))
    errors = [float(az.mcse(each[..., i], method="mean")) for i in range(len(x))]
    wanted = exact(covariance, n_features).predictive(0, x)
    return [(Estimate(*pair), density) for pair, density in zip(zip(values, errors, strict=True), wanted, strict=True)]


def findings(trees=sampled, cases=CASES) -> list[Finding]:
    """The largest distance of each kind, in Monte Carlo errors."""
    rows = []
    for covariance, n_features in cases:
        tree = trees(covariance, n_features)
        of_parameters = [
            one.errors_from(wanted) for _, _, pairs in estimates(covariance, n_features, tree) for one, wanted in pairs
        ]
        of_predictions = [one.errors_from(wanted) for one, wanted in predictions(covariance, n_features, tree)]
        name = f"gaussian-{covariance}, D = {n_features}, K = 1"
        rows += [
            Finding(
                f"{name}: {len(of_parameters)} posterior means, deviations and quantiles",
                "closed form",
                max(of_parameters),
                ALLOWED,
            ),
            Finding(
                f"{name}: predictive density of {len(of_predictions)} rows", "Student's t", max(of_predictions), ALLOWED
            ),
        ]
    return rows


@pytest.mark.parametrize(("covariance", "n_features"), CASES)
def test_chains_are_long_enough(covariance, n_features):
    for name, draws, _ in estimates(covariance, n_features, sampled(covariance, n_features)):
        assert effective_draws(draws) >= FEWEST, name


def test_posterior_and_prediction_are_the_closed_form():
    assert worst(findings()) == ""


@pytest.mark.parametrize("covariance", ["full", "diag", "spherical"])
def test_one_degree_of_freedom_too_many_is_caught(covariance):
    """The negative control: ``nu = D + 3`` in the place of ``D + 2``."""
    priors = {"components": bm.priors.NormalInverseWishart(dof=6.0)}
    tree = Mixture(1, Gaussian(covariance), priors=priors).fit_nuts(
        rows_of(3), draws=2000, random_seed=1, progressbar=False
    )
    apart = [one.errors_from(wanted) for _, _, pairs in estimates(covariance, 3, tree) for one, wanted in pairs]
    assert max(apart) > ALLOWED
