"""The variational Gaussian against known answers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import (
    logsumexp,
    multigammaln,  # pyright: ignore[reportAttributeAccessIssue]  # stubs
)
from scipy.stats import multivariate_t

from bayesmix import Gaussian
from bayesmix.datasets import load_faithful
from bayesmix.engines.advi import _Look
from bayesmix.engines.advi import climb as run
from bayesmix.engines.em import EMSettings, fit
from bayesmix.engines.laplace import approximate
from tests.engines.targets import Bananas, GaussianTarget, Walled
from tests.problems import problem_of

NAMES = {"weights", "means", "covariances", "scales"}


def gaussian_target(size=6, log_normaliser=2.5):
    rng = np.random.default_rng(11)
    root = rng.normal(size=(size, size)) + 2 * np.eye(size)
    return GaussianTarget(rng.normal(size=size), root @ root.T / size, log_normaliser)


def rough_start(target):
    """Half a standard deviation off, and of another shape."""
    deviations = 1 / np.sqrt(np.diagonal(target.precision))
    return target.mean + 0.5 * deviations, np.diag(0.5 * deviations)


def mixture(n_components, rows=None):
    problem = problem_of(load_faithful() if rows is None else rows, Gaussian("full"), n_components)
    density = problem.closed_form()
    em = fit(problem, EMSettings(n_init=3), random_seed=1)
    laplace = approximate(density, density.unconstrain({"weights": em.weights, **em.params}))
    return density, laplace, problem.priors


@pytest.fixture(scope="module")
def faithful():
    return mixture(2)


def test_full_rank_recovers_a_gaussian():
    target = gaussian_target()
    found = run(target, rough_start(target), random_seed=1, draws=4000)
    covariance = np.linalg.inv(target.precision)
    deviations = np.sqrt(np.diagonal(covariance))
    q = found.unconstrained[0]
    assert np.abs((q.mean(0) - target.mean) / deviations).max() < 4 / np.sqrt(4000)
    error = (np.cov(q.T) - covariance) / np.outer(deviations, deviations)
    assert np.abs(error).max() < 4 * np.sqrt(2 / 4000)
    # a further fit from the answer has nothing to do
    factor = np.linalg.cholesky(covariance)
    again = run(target, (target.mean, factor), random_seed=1, draws=10)
    assert again.attrs["n_steps"] == 1 and again.attrs["converged"] == 1
    # log q is the log density itself, but for the normaliser and for 1e-4 nats an unknown
    assert_allclose(found.stats["log_p"] - found.stats["log_q"], 2.5, atol=0.2)
    assert_allclose(found.attrs["elbo"], 2.5, atol=6e-4 + 4 * found.attrs["elbo_se"])
    assert found.attrs["elbo_se"] < 1e-3
    assert found.attrs["converged"] == 1 and found.notes == ()
    assert {"fitting", "sampling"} <= set(found.seconds)


@pytest.mark.parametrize("rank", ["full", "mean-field"])
def test_the_elbo_that_is_told_on_the_way_is_that_of_the_start(rank):
    """``log Z - KL(q, p)`` in closed form, at the first step; and it ends at what remains of it."""
    target = gaussian_target()
    mean, transform = rough_start(target)
    told = []
    run(target, (mean, transform), rank=rank, random_seed=1, draws=10, told=lambda step, elbo: told.append(elbo))
    off, covariance = mean - target.mean, transform @ transform.T
    trace = np.trace(target.precision @ covariance) + off @ target.precision @ off
    divergence = 0.5 * (trace - target.size - np.linalg.slogdet(target.precision @ covariance)[1])
    # 16 pairs: log p - log q is a quadratic form, whose deviation over pairs is at most that over single draws
    half = transform.T @ target.precision @ transform - np.eye(target.size)
    deviation = np.sqrt(0.5 * np.sum(half**2) + np.sum((transform.T @ target.precision @ off) ** 2))
    assert abs(told[0] - (2.5 - divergence)) < 5 * deviation / np.sqrt(16)
    assert 5 * deviation / np.sqrt(16) < divergence  # so that another density's value would be seen
    precision = target.precision
    least = 0.5 * (np.log(np.diagonal(precision)).sum() - np.linalg.slogdet(precision)[1]) if rank != "full" else 0.0
    assert told[-1] == pytest.approx(2.5 - least, abs=0.05)


@pytest.mark.parametrize(("elbo", "fell"), [(-14.0, True), (-10.5, False), (-10.0, False), (-6.0, False)])
def test_a_step_is_taken_back_where_the_elbo_fell_beyond_doubt(elbo, fell):
    moments = object()
    earlier = _Look(moments, -10.0, 0.3)
    assert bool(_Look(moments, elbo, 0.4).fell_from(earlier)) == fell
    assert _Look(None, -np.inf, 0.0).fell_from(earlier)


def test_mean_field_has_the_diagonal_of_the_precision():
    target = gaussian_target()
    transform = np.linalg.cholesky(np.linalg.inv(target.precision))
    found = run(target, (target.mean + 0.3, transform), rank="mean-field", random_seed=1, draws=4000)
    variances = 1 / np.diagonal(target.precision)
    q = found.unconstrained[0]
    assert np.abs(q.var(0) / variances - 1).max() < 4 * np.sqrt(2 / 4000)
    assert np.abs(q.mean(0) - target.mean).max() < 4 * np.sqrt(variances.max() / 4000)
    # KL(q, p) = (sum log precision_ii - log |precision|) / 2
    precision = target.precision
    divergence = 0.5 * (np.log(np.diagonal(precision)).sum() - np.linalg.slogdet(precision)[1])
    assert abs(found.attrs["elbo"] - (2.5 - divergence)) < 4 * found.attrs["elbo_se"]


def test_mean_field_from_a_start_of_another_shape():
    target = gaussian_target()
    found = run(target, rough_start(target), rank="mean-field", random_seed=1, draws=4000)
    variances = 1 / np.diagonal(target.precision)
    assert np.abs(found.unconstrained[0].var(0) / variances - 1).max() < 5 * np.sqrt(2 / 4000)


@pytest.mark.parametrize("rank", ["full", "mean-field"])
def test_the_same_seed_gives_the_same_bits(faithful, rank):
    density, laplace, _ = faithful
    start = laplace.mode, laplace.transform
    first, again, other = (run(density, start, rank=rank, random_seed=s, draws=50) for s in (3, 3, 4))
    assert_array_equal(first.unconstrained, again.unconstrained)
    assert first.attrs == again.attrs
    assert np.abs(first.unconstrained - other.unconstrained).min() > 0


def test_one_component_against_the_exact_evidence():
    density, laplace, priors = mixture(1)
    found = run(density, (laplace.mode, laplace.transform), random_seed=2, draws=4000)
    X = load_faithful().to_numpy()
    prior = priors.parts["components"]
    assert prior.mean is not None and prior.scale is not None and prior.dof is not None
    n, d = X.shape
    centred = X - X.mean(0)
    off = X.mean(0) - prior.mean
    shrinkage, dof = prior.shrinkage + n, prior.dof + n
    scale = prior.scale + centred.T @ centred + prior.shrinkage * n / shrinkage * np.outer(off, off)
    evidence = (
        -0.5 * n * d * np.log(np.pi)
        + multigammaln(dof / 2, d)
        - multigammaln(prior.dof / 2, d)
        + 0.5 * prior.dof * np.linalg.slogdet(prior.scale)[1]
        - 0.5 * dof * np.linalg.slogdet(scale)[1]
        + 0.5 * d * np.log(prior.shrinkage / shrinkage)
    )
    assert evidence - 0.1 < found.attrs["elbo"] - 4 * found.attrs["elbo_se"]
    assert found.attrs["elbo"] < evidence + 4 * found.attrs["elbo_se"]
    ratios = np.exp(found.stats["log_p"] - found.stats["log_q"] - evidence)
    assert abs(ratios.mean() - 1) < 4 * ratios.std() / np.sqrt(4000)


def test_old_faithful_against_importance_sampling(faithful):
    density, laplace, _ = faithful
    found = run(
        density,
        (laplace.mode, laplace.transform),
        random_seed=5,
        draws=4000,
        component_variables=NAMES,
    )
    assert found.attrs["converged"] == 1 and found.attrs["pareto_k"] < 0.7 and found.notes == ()
    # an independent reference: a t law around the mode, reweighted
    proposal = multivariate_t(laplace.mode, 1.3 * laplace.transform @ laplace.transform.T, df=7)
    q = proposal.rvs(20_000, random_state=np.random.default_rng(9))
    log_weights = np.array([density.logp_grad(one)[0] for one in q]) - proposal.logpdf(q)
    weights = np.exp(log_weights - logsumexp(log_weights))
    assert 1 / np.sum(weights**2) > 5000
    mean = weights @ q
    deviations = np.sqrt(weights @ (q - mean) ** 2)
    drawn = found.unconstrained[0]
    # 1e-3 nats a Gaussian cannot do better than: its own bias is some hundredths of a deviation
    assert np.abs((drawn.mean(0) - mean) / deviations).max() < 0.1
    assert np.abs(drawn.std(0) / deviations - 1).max() < 0.1
    evidence = logsumexp(log_weights) - np.log(len(q))
    assert evidence - 0.3 < found.attrs["elbo"] < evidence
    # nearer to the posterior's mean than the mode is
    assert np.linalg.norm((drawn.mean(0) - mean) / deviations) < 0.5 * np.linalg.norm(
        (laplace.mode - mean) / deviations
    )


def test_all_rows_as_a_minibatch_are_the_density(faithful):
    density, laplace, _ = faithful
    q = laplace.mode + 0.1
    value, gradient = density.logp_grad(q)
    order = np.random.default_rng(1).permutation(density.n_rows)
    shuffled = density.minibatch(order).logp_grad(q)
    assert_allclose(shuffled[0], value, rtol=1e-12)
    assert_allclose(shuffled[1], gradient, rtol=1e-9, atol=1e-9)


def test_minibatches_that_share_out_the_rows_average_to_the_density(faithful):
    density, laplace, _ = faithful
    q = laplace.mode - 0.1
    value, gradient = density.logp_grad(q)
    parts = np.random.default_rng(2).permutation(density.n_rows).reshape(8, -1)
    found = [density.minibatch(part).logp_grad(q) for part in parts]
    assert_allclose(np.mean([one[0] for one in found]), value, rtol=1e-12)
    assert_allclose(np.mean([one[1] for one in found], axis=0), gradient, rtol=1e-9, atol=1e-9)
    assert np.std([one[0] for one in found]) > 1


def test_minibatches_lead_to_the_same_gaussian():
    rng = np.random.default_rng(6)
    X = np.concatenate([rng.normal(size=(3000, 2)), rng.normal(size=(2000, 2)) * 0.5 + 4])
    density, laplace, _ = mixture(2, X)
    start = laplace.mode, laplace.transform
    full, some = (
        run(density, start, random_seed=7, draws=2000, minibatch=size, component_variables=NAMES)
        for size in (None, 250)
    )
    assert some.attrs["converged"] == 1 and some.attrs["pareto_k"] < 0.7
    gap = full.attrs["elbo"] - some.attrs["elbo"]
    assert abs(gap) < 4 * np.hypot(full.attrs["elbo_se"], some.attrs["elbo_se"]) + some.attrs["elbo_gap"]
    a, b = full.unconstrained[0], some.unconstrained[0]
    # Monte Carlo errors of both sets of draws, and 0.03 for the noise that both climbs leave
    assert np.abs((a.mean(0) - b.mean(0)) / a.std(0)).max() < 4 * np.sqrt(2 / 2000) + 0.03
    assert np.abs(a.std(0) / b.std(0) - 1).max() < 4 / np.sqrt(2000) + 0.03


@pytest.mark.parametrize("rank", ["full", "mean-field"])
def test_a_banana_raises_the_alarm(rank):
    target = Bananas(5)
    found = run(target, (np.zeros(10), np.eye(10)), rank=rank, random_seed=1, draws=2000, max_steps=30)
    assert found.attrs["pareto_k"] > 0.7
    assert found.attrs["elbo"] < -0.5  # the target integrates to one
    advice = "use NUTS" if rank == "full" else "rank='full'"
    assert any("k-hat" in note.words and advice in note.words for note in found.notes)


def test_a_climb_that_no_step_can_save_ends_early():
    """Eighty bent coordinates: k-hat is far above 1 long before the ELBO stands still."""
    target = Bananas(40)
    found = run(target, (np.zeros(80), np.eye(80)), random_seed=1, max_steps=60)
    assert found.attrs["converged"] == 0
    assert found.notes[0].words.startswith("ADVI: stopped early") and "k-hat" in found.notes[1].words
    assert found.attrs["pareto_k"] > 0.7
    # one look with the most pairs costs 32,768 gradients, and the climb would come to many of them
    assert found.attrs["n_gradients"] < 2 * 2**15


def test_points_without_a_density_are_left_out():
    found = run(Walled(np.zeros(3), np.eye(3)), (np.ones(3), 2 * np.eye(3)), random_seed=1, draws=500)
    assert found.attrs["converged"] == 1
    assert_allclose(found.unconstrained[0].std(0), 1.0, atol=0.2)
    nowhere = run(Walled(np.zeros(3), np.eye(3)), (np.full(3, 9.0), np.eye(3)), max_steps=5, random_seed=1)
    assert nowhere.attrs["converged"] == 0 and nowhere.attrs["pareto_k"] == np.inf
    assert len(nowhere.notes) == 2


def test_progress_and_the_limit_on_steps(faithful):
    density, laplace, _ = faithful
    seen = []
    found = run(
        density,
        (laplace.mode, laplace.transform),
        random_seed=1,
        draws=100,
        max_steps=1,
        told=lambda step, elbo: seen.append((step, elbo)),
    )
    assert [step for step, _ in seen] == [1] and np.isfinite(seen[0][1])
    assert found.attrs["n_steps"] == 1
    assert "max_steps" in found.notes[0].words


def test_refusals(faithful):
    density, laplace, _ = faithful
    start = laplace.mode, laplace.transform
    with pytest.raises(ValueError, match="rank must be"):
        run(density, start, rank="low")
    for size in (0, density.n_rows + 1):
        with pytest.raises(ValueError, match="minibatch_size must be between 1 and"):
            run(density, start, minibatch=size)
    target = gaussian_target()
    with pytest.raises(TypeError, match="closed form"):
        run(target, rough_start(target), minibatch=10)
