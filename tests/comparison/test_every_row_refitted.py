"""LOO beside a fit of its own for every row: all of them in the long suite, some of them always."""

import arviz as az
import numpy as np
import pytest

import bayesmix as bm
from bayesmix.comparison.moment_matching import MomentMatching
from bayesmix.comparison.pointwise import bad_rows
from bayesmix.comparison.refit import repair
from bayesmix.comparison.without import densities, fit_without, point_estimate, side_by_side
from bayesmix.tree import training_rows

DATA = {"galaxies": (bm.datasets.load_galaxies, 3), "Old Faithful": (bm.datasets.load_faithful, 2)}
RUN = {"thin": 10}  # fixed runs


@pytest.fixture(scope="module", params=DATA)
def fitted(request):
    load, n_components = DATA[request.param]
    X = load()
    mixture = bm.Mixture(n_components).resolve_priors(X)
    return mixture, mixture.fit_gibbs(X, random_seed=1, progressbar=False, **RUN)


def refitted(mixture, tree, rows):
    """``log p(x_i | x_-i)`` and its error, by draws without each row and nothing else."""
    em, every = point_estimate(tree, mixture), training_rows(tree)

    def left_out(row):
        without = fit_without(np.array([row]), tree, mixture, em, 100 + row, {"cores": 1, **RUN})
        density = np.exp(densities(without, every.chosen([row])).reshape(4, -1))
        # error of the mean, relative to it, of draws that are not independent
        error = density.std() / density.mean() / np.sqrt(float(az.ess(density, method="mean")))
        return np.log(density.mean()), error

    return np.array(list(side_by_side(left_out, rows, None))).T


def check(mixture, tree, rows):
    elpd = bm.loo(tree)
    rows = [row for row in rows if elpd.pareto_k.values[row] < 0.7]
    exact, errors = refitted(mixture, tree, rows)
    apart = elpd.elpd_i.values[rows] - exact
    # importance sampling has an error of about the same size, which is of the same draws for all rows
    errors = np.maximum(errors, 0.002)
    assert (np.abs(apart) < 4.5 * np.sqrt(2) * errors).all()
    assert abs(apart.sum()) < 4 * np.sqrt(np.sum(errors**2)) + 2 * errors.sum()


def test_some_rows(fitted):
    mixture, tree = fitted
    worst = np.argsort(-bm.loo(tree).pareto_k.values)
    check(mixture, tree, [*worst[:2].tolist(), 0])


@pytest.mark.slow
def test_every_row(fitted):
    mixture, tree = fitted
    check(mixture, tree, range(tree["observed_data"].sizes["obs"]))


def test_bad_rows_of_gibbs_sampling_are_repaired_until_none_is_left(monkeypatch):
    """A row far out of six groups; its LOO by a refit is that of draws without it."""
    monkeypatch.setattr(MomentMatching, "of", lambda tree: None)
    X = bm.datasets.load_galaxies()
    mixture = bm.Mixture(6).resolve_priors(X)
    tree = mixture.fit_gibbs(X, random_seed=1, progressbar=False, **RUN)
    before = bm.loo(tree)
    worst = int(np.argmax(before.pareto_k.values))
    before.pareto_k.values[worst] = 0.9  # whatever it is on this processor
    after = repair(before, tree, mixture, point_estimate(tree, mixture), seed=np.random.SeedSequence(1))
    assert worst in after.refitted
    assert after.remaining == ()
    assert len(bad_rows(after.elpd)) == 0
    (value,), (error,) = refitted(mixture, tree, [worst])
    assert abs(after.elpd.elpd_i.values[worst] - value) < 4 * error + 0.05


def test_loo_refits_what_it_is_asked_to(monkeypatch):
    X = bm.datasets.load_galaxies()
    tree = bm.Mixture(1).fit_gibbs(X, random_seed=1, progressbar=False)
    plain = bm.loo(tree)
    assert bm.loo(tree, refits=3).elpd == plain.elpd  # nothing to do
    monkeypatch.setattr("bayesmix.comparison.pointwise.PARETO_GATE", float(np.sort(plain.pareto_k.values)[-3]))
    mended = bm.loo(tree, refits=3)
    worst = np.argsort(plain.pareto_k.values)[-2:]
    assert (mended.pareto_k.values[worst] != plain.pareto_k.values[worst]).all()
    np.testing.assert_allclose(mended.elpd_i, plain.elpd_i, atol=0.1)


@pytest.mark.parametrize(("refits", "error"), [(-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_bad_numbers_of_refits_are_refused(refits, error):
    tree = bm.Mixture(1).fit_gibbs(bm.datasets.load_galaxies(), draws=50, random_seed=1, progressbar=False)
    with pytest.raises(error, match="refits must"):
        bm.loo(tree, refits=refits)
