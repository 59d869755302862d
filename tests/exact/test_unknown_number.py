"""Six rows and an unknown number of components: every partition enumerated, and bayesmix beside it."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

import bayesmix as bm
from tests.engines.test_gibbs_exact import MODELS
from tests.exact.partitions import Partitions, of_quantiles
from tests.monte_carlo import ALLOWED, FEWEST, Finding, effective_draws, mean_of, worst


class Case(NamedTuple):
    """A model, priors of the number and of the weights, and what SciPy makes of them.

    ``probabilities`` are those of 1, 2, ...; ``concentration`` a number, or a distribution of SciPy's.
    """

    model: str
    number: bm.priors.DiscreteUniform | bm.priors.ShiftedPoisson | bm.priors.ShiftedBetaNegativeBinomial | int
    weights: bm.priors.Dirichlet
    probabilities: np.ndarray
    concentration: float | object

    def __str__(self) -> str:
        kind, known = "dynamic" if self.weights.dynamic else "static", self.weights.hyperprior is None
        weights = self.weights.concentration if known else type(self.weights.concentration).__name__
        return f"{self.model}, {self.number}, {kind} {weights}"

    @property
    def unknown(self) -> bool:
        """Whether the concentration is."""
        return not isinstance(self.concentration, float)


def exactly(n: int) -> np.ndarray:
    return np.append(np.zeros(n - 1), 1.0)


K = np.arange(60)
BNB, POISSON = stats.betanbinom(1, 4, 3).pmf(np.arange(300)), stats.poisson(2.0).pmf(K)
FISHER, GAMMA, SPARSE = bm.priors.FisherF(6, 3), bm.priors.Gamma(2.0, 1.0), bm.priors.Gamma(1.0, 4.0)
F, G, S = stats.f(6, 3), stats.gamma(2.0), stats.gamma(1.0, scale=1 / 4)
dirichlet, dynamic = bm.priors.Dirichlet, bm.priors.DynamicDirichlet
CASES = (
    Case("gaussian-full", bm.priors.ShiftedBetaNegativeBinomial(1, 4, 3), dirichlet(1.5), BNB, 1.5),
    Case("gaussian-full", bm.priors.ShiftedPoisson(2.0), dynamic(2.0), POISSON, 2.0),
    Case("gaussian-tied", bm.priors.DiscreteUniform(4), dirichlet(0.7), np.full(4, 0.25), 0.7),
    Case("gaussian-tied", bm.priors.ShiftedGeometric(0.4), dynamic(3.0), stats.geom(0.4).pmf(K + 1), 3.0),
    Case("gaussian-diag", bm.priors.ShiftedPoisson(2.0), dirichlet(1.0), POISSON, 1.0),
    Case("gaussian-spherical", bm.priors.DiscreteUniform(9), dynamic(1.0), np.full(9, 1 / 9), 1.0),
    Case(str(bm.Gaussian("EEI")), bm.priors.ShiftedPoisson(2.0), dirichlet(1.0), POISSON, 1.0),
    Case("poisson", bm.priors.DiscreteUniform(5), dirichlet(1.0), np.full(5, 0.2), 1.0),
    Case("bernoulli", bm.priors.ShiftedPoisson(2.0), dynamic(1.5), POISSON, 1.5),
    Case("categorical", bm.priors.ShiftedBetaNegativeBinomial(1, 4, 3), dirichlet(0.5), BNB, 0.5),
    Case("gaussian-diag", bm.priors.ShiftedBetaNegativeBinomial(1, 4, 3), dynamic(FISHER), BNB, F),
    Case("poisson", bm.priors.DiscreteUniform(5), dirichlet(GAMMA), np.full(5, 0.2), G),
    Case("gaussian-diag", 4, dirichlet(SPARSE), exactly(4), S),
    Case("poisson", 3, dynamic(FISHER), exactly(3), F),
)


@functools.cache
def exact(i: int) -> Partitions:
    case = CASES[i]
    model, known = MODELS[case.model], (np.array([case.concentration]), np.ones(1))
    concentrations = of_quantiles(case.concentration) if case.unknown else known
    return Partitions(model.rows, model.groups, case.probabilities, concentrations, dynamic=case.weights.dynamic)


@functools.cache
def tree_of(i: int):
    case = CASES[i]
    model = MODELS[case.model]
    mixture = bm.Mixture(case.number, model.family, priors={"weights": case.weights, **model.priors})
    return mixture.fit_gibbs(model.rows, draws=5000, thin=5, random_seed=1, progressbar=False)


def of_one(concentration: np.ndarray) -> np.ndarray:
    """A function of the concentration whose variance is finite: that of the F distribution need not be."""
    return 1 / (1 + concentration)


def of_draws(what: str, draws: np.ndarray, exactly: float) -> Finding:
    return Finding(what, "enumeration of partitions", mean_of(draws).errors_from(exactly), ALLOWED)


def of_numbers(name: str, numbers: np.ndarray, probabilities: np.ndarray) -> list[Finding]:
    """How often each number was drawn, next to its probability."""
    often = [n for n, probability in enumerate(probabilities[:6], start=1) if 0.002 < probability < 0.998]
    if often:
        assert effective_draws(numbers.astype(float)) >= FEWEST
    return [of_draws(f"{name}: {n}", (numbers == n).astype(float), probabilities[n - 1]) for n in often]


def found(i: int) -> list[Finding]:
    tree, truth, case = tree_of(i), exact(i), CASES[i]
    posterior = tree["posterior"].to_dataset()
    findings = of_numbers(f"{case}, occupied", tree["sample_stats"]["n_occupied"].values, truth.occupied)
    if "n_components" in posterior:
        findings += of_numbers(f"{case}, components", posterior["n_components"].values, truth.components)
    if case.unknown:
        draws = of_one(posterior["concentration"].values)
        assert effective_draws(draws) >= FEWEST
        findings.append(of_draws(f"{case}, concentration", draws, truth.of_concentration(of_one)))
    weights, params = bm.tree.draws_of(tree)
    rows = bm.tree.training_rows(tree).values[:3]
    densities = np.exp(bm.tree.family_of(tree).log_mixture(weights, params, rows))
    for n, density in enumerate(truth.predictive(rows)):
        findings.append(of_draws(f"{case}, density of a new row like row {n}", densities[..., n], density))
    return findings


@pytest.mark.gate
@pytest.mark.parametrize("i", range(len(CASES)), ids=map(str, CASES))
def test_enumeration(i):
    """Numbers of components and of those with rows, the concentration, and the density of new rows."""
    assert worst(found(i)) == ""


@pytest.mark.parametrize("i", [0, 3])
def test_enumeration_is_not_the_prior(i):
    """The rows say something, so that the comparison above has something to see."""
    assert np.abs(exact(i).components[:4] - CASES[i].probabilities[:4]).max() > 0.05


def test_enumeration_of_concentrations_is_not_the_prior():
    for i in (10, 12):
        truth = exact(i)
        assert abs(truth.of_concentration(of_one) - truth.probabilities @ of_one(truth.concentrations)) > 0.05


# A Gaussian case of an unknown number, and in how many batches of each chain its draws are taken: long ones.
TOGETHER, BATCHES = 1, 25


def exactly_together() -> np.ndarray:
    """Probabilities that two rows belong together."""
    truth = exact(TOGETHER)
    labels, probability = np.array(truth.all), truth.joint.sum(axis=(1, 2))
    return np.einsum("p,pij->ij", probability, (labels[:, :, None] == labels[:, None, :]).astype(float))


@pytest.mark.gate
def test_who_is_with_whom():
    tree, together = tree_of(TOGETHER), exactly_together()
    sizes = tree["posterior"].to_dataset().sizes
    size = sizes["draw"] // BATCHES
    batches = [
        bm.similarity(tree.isel(chain=[chain], draw=slice(size * batch, size * (batch + 1)))).values
        for chain in range(sizes["chain"])
        for batch in range(BATCHES)
    ]
    pairs = np.triu_indices(len(together), 1)
    values = np.array(batches)[:, *pairs]
    errors = np.abs(values.mean(axis=0) - together[pairs]) / (values.std(axis=0, ddof=1) / np.sqrt(len(values)))
    assert errors.max() < ALLOWED
    np.testing.assert_allclose(values.mean(axis=0), bm.similarity(tree).values[pairs], rtol=1e-9)


@pytest.mark.gate
def test_the_partition_is_the_best_of_all():
    """By the draws: under the exact posterior it is worse by their error in every pair, twice, at most."""
    tree, together = tree_of(TOGETHER), exactly_together()
    found, n = bm.partition(tree, "binder"), len(together)

    def loss(labels):
        return np.where(labels[:, None] == labels, 1 - together, together).sum() / n**2

    error = np.abs(bm.similarity(tree).values - together).sum() / n**2
    assert error < 0.02
    assert loss(found["label"].values) <= min(loss(np.array(labels)) for labels in exact(TOGETHER).all) + 2 * error
    assert float(found["expected_loss"]) == pytest.approx(loss(found["label"].values), abs=error)


# Covariances of Student-t components whose samplers take long to compile.
CORRELATED = ("full", "tied")


class Students(Partitions):
    """Student-t components of one feature: the evidence of a block by quadrature over centre, scale and tail.

    The scale is ``tied`` where all components have the same.
    """

    def __init__(self, rows: np.ndarray, number: np.ndarray, prior: dict[str, float], dof: object, *, tied: bool):
        self.tied = tied
        super().__init__(rows, lambda k: [], number, (np.ones(1), np.ones(1)), dynamic=False)
        variances = stats.invgamma(prior["dof"] / 2, scale=prior["scale"] / 2)
        (variance, a), (z, b), (nu, c) = (
            of_quantiles(distribution, n) for distribution, n in ((variances, 120), (stats.norm, 120), (dof, 40))
        )
        scale = np.sqrt(variance)[:, None, None]
        centre = prior["mean"] + scale / np.sqrt(prior["shrinkage"]) * z[:, None]
        logs = [stats.t.logpdf((x - centre) / scale, nu) - np.log(scale) for x in rows[:, 0]]
        self.of_rows, self.of_scales, self.log_shares = np.array(logs), np.log(a), np.log(b[:, None] * c)

    def log_evidence(self, labels) -> float:
        groups = [self.of_rows[np.equal(labels, g)].sum(axis=0) for g in range(max(labels) + 1)]
        given_scale = [logsumexp(group + self.log_shares, axis=(1, 2)) for group in groups]
        if self.tied:
            return logsumexp(sum(given_scale) + self.of_scales)
        return sum(logsumexp(group + self.of_scales) for group in given_scale)


@functools.cache
def students(covariance: str) -> list[Finding]:
    rows, number = np.array([[-2.0], [-1.6], [0.9], [1.4], [6.0]]), np.full(3, 1 / 3)
    prior = {"mean": 0.5, "shrinkage": 0.5, "dof": 4.0, "scale": 3.0}
    truth = Students(rows, number, prior, stats.gamma(2.0, scale=2.0), tied=covariance == "tied")
    scale = [prior["scale"]] if covariance == "diag" else [[prior["scale"]]]
    own = bm.priors.NormalInverseWishart(**prior | {"mean": [prior["mean"]], "scale": scale})
    priors = {"components": own, "dof": bm.priors.Gamma(2.0, 0.5)}
    mixture = bm.Mixture(bm.priors.DiscreteUniform(3), bm.StudentT(covariance), priors=priors)
    tree = mixture.fit_gibbs(rows, draws=5000, thin=5, random_seed=1, progressbar=False)
    return [
        *of_numbers(f"student-t-{covariance}, components", tree["posterior"]["n_components"].values, truth.components),
        *of_numbers(f"student-t-{covariance}, occupied", tree["sample_stats"]["n_occupied"].values, truth.occupied),
    ]


@pytest.mark.gate
@pytest.mark.parametrize("covariance", ["diag", *(pytest.param(one, marks=pytest.mark.slow) for one in CORRELATED)])
def test_student_t(covariance):
    """Degrees of freedom of each component are drawn too, and those of one that is new come from the prior."""
    assert worst(students(covariance)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("covariance", CORRELATED)
def test_student_t_of_two_features(covariance):
    """Draws of two components are those of a mixture of two."""
    rows = np.random.default_rng(1).normal(size=(9, 2)) + np.repeat([[0.0, 0.0], [3.0, 1.0]], [5, 4], axis=0)
    own = bm.priors.NormalInverseWishart([1.0, 0.0], 0.3, 4.0, [[1.0, 0.3], [0.3, 1.0]])
    priors = {"components": own, "dof": bm.priors.Gamma(2.0, 0.5)}
    settings = {"draws": 5000, "thin": 5, "random_seed": 1, "progressbar": False}
    given, drawn = (
        bm.Mixture(number, bm.StudentT(covariance), priors=priors).fit_gibbs(rows, **settings)
        for number in (2, bm.priors.DiscreteUniform(3))
    )
    two = (drawn["posterior"]["n_components"] == 2).values
    quantities = {
        "log-likelihood": lambda tree: tree["log_likelihood"]["x"].sum("obs").values,
        "occupied": lambda tree: (tree["sample_stats"]["n_occupied"] == 2).values.astype(float),
        "larger weight": lambda tree: tree["posterior"]["weights"].max("component").values,
        "tails": lambda tree: np.log(tree["posterior"]["dof"]).mean("component").values,
        "means apart": lambda tree: np.log1p(tree["posterior"]["means"].std("component").sum("feature")).values,
    }
    compared = []
    for name, of in quantities.items():
        known, beyond = mean_of(of(given)), mean_of(np.where(two, of(drawn) - mean_of(of(given)).value, 0.0))
        error = np.hypot(beyond.error, two.mean() * known.error)
        compared.append(Finding(name, "two components given", abs(beyond.value) / error, ALLOWED))
    assert worst(compared) == ""


def findings() -> list[Finding]:
    """The worst of each case."""
    worst_of: Callable[[list[Finding]], Finding] = functools.partial(max, key=lambda one: one.figure)
    return [
        *(worst_of(found(i)) for i in range(len(CASES))),
        *(worst_of(students(one)) for one in ("diag", *CORRELATED)),
    ]
