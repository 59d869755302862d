"""Which small component chains do not hold equally often, and how the verdict names it."""

import numpy as np
import pytest

import bayesmix as bm
from bayesmix import Mixture
from bayesmix.engines.small_components import held, worst_held
from bayesmix.tree import record_of

PENGUINS = bm.datasets.load_penguins().select_dtypes("float").dropna()


def chains_of(shares, n_draws=200):
    """Three groups: the third is at (9, -9) with 6 rows in some draws of a chain, and nearly empty in others.

    Its name is another one in every draw.
    """
    rng = np.random.default_rng(1)
    problem = Mixture(3)._problem(rng.normal(size=(100, 2)))
    values = problem.family.prior_draws(problem.priors, 3, 2, len(shares) * n_draws, rng)
    values = {name: value.reshape(len(shares), n_draws, *value.shape[1:]) for name, value in values.items()}
    weights = np.empty((len(shares), n_draws, 3))
    for c, share in enumerate(shares):
        for s in range(n_draws):
            there = rng.random() < share
            order = rng.permutation(3)
            weights[c, s, order] = (0.5, 0.44, 0.06) if there else (0.5, 0.495, 0.005)
            values["means"][c, s, order[2]] = (9, -9) if there else (0, 0)
    return problem, {"weights": weights, **values}


def test_the_component_that_chains_do_not_hold_equally_often():
    problem, values = chains_of((0.9, 0.9, 0.1, 0.0))
    found = worst_held(problem, values)
    assert found is not None
    assert found["rows"] == pytest.approx(6)
    assert list(found["place"].values()) == [9, -9]
    np.testing.assert_allclose(found["shares"], (values["weights"].min(axis=-1) > 0.02).mean(axis=-1))


def test_nothing_is_found_where_chains_agree():
    problem, values = chains_of((0.5, 0.5, 0.5, 0.5), 1000)
    assert len(held(values["weights"], 100))
    assert worst_held(problem, values) is None
    assert worst_held(*chains_of((1.0, 1.0))) is None


@pytest.fixture(scope="module")
def spent():
    """Penguins of four groups, whose fourth comes and goes."""
    with pytest.warns(bm.UntrustedWarning) as said:
        tree = Mixture(4).fit_gibbs(PENGUINS, max_sweeps=6000, random_seed=1)
    return tree, [str(one.message) for one in said]


def test_the_refusal_names_it_and_says_how_often_each_chain_holds_it(spent):
    tree, [said] = spent
    [reason] = [one for one in bm.diagnose(tree).reasons if one.kind == "small_component"]
    assert reason.clause in said
    shares, place = reason.numbers["shares"], reason.numbers["place"]
    assert list(place) == list(PENGUINS)
    assert f"rows (at bill_length_mm {place['bill_length_mm']:.4g}, " in reason.clause
    assert f"is in {shares[0]:.0%}, {shares[1]:.0%}, " in reason.clause
    low, high = PENGUINS.min(), PENGUINS.max()
    assert all(low[name] < value < high[name] for name, value in place.items())
    weights = np.sort(tree["posterior"]["weights"].values, axis=-1)
    bounds = 2.0 ** np.arange(1, 8) / len(PENGUINS)
    per_chain = (weights[..., None] > bounds).mean(axis=1)  # (chain, rank, bound)
    assert np.isclose(per_chain, np.reshape(shares, (4, 1, 1))).all(axis=0).any()


def test_what_the_refusal_says_travels_in_the_file(spent, tmp_path):
    tree, _ = spent
    bm.save(tree, tmp_path / "fit.nc")
    with pytest.warns(bm.UntrustedWarning, match="a group of about"):
        loaded = bm.load(tmp_path / "fit.nc")
    assert bm.diagnose(loaded).reasons == bm.diagnose(tree).reasons
    [note] = [note for note in record_of(loaded)["notes"] if note["kind"] == "sweeps_spent"]
    assert note["component"]["rows"] > 0
