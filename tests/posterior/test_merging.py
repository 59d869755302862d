"""Merged components beside mclust and fpc, modes beside the ridgeline and SciPy, and what merging keeps."""

import json
from pathlib import Path

import arviz as az
import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import entr, expit
from sklearn.datasets import load_iris

import bayesmix as bm
from bayesmix import Gaussian, StudentT
from bayesmix.tree import draws_of, training_rows
from tests.laws.cases import LIKELIHOOD_CASES
from tests.monte_carlo import Finding, worst
from tests.simulated_trees import discrete_tree, simulated_tree, tree_of

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "groups.json").read_text())
ROWS = {"faithful": np.asarray(bm.datasets.load_faithful()), "iris": load_iris().data}


def of_mclust(name):
    """A tree of mclust's estimate, its one draw."""
    theirs = REFERENCE[name]
    draws = {key: np.array(theirs[key])[None, None] for key in ("weights", "means", "covariances")}
    return theirs, tree_of(Gaussian("full"), ROWS[name], draws)


def findings() -> list[Finding]:
    """Of mclust's own estimates."""
    found = []
    for name in ROWS:
        theirs, tree = of_mclust(name)
        made = bm.merge(tree, n_groups=1)
        entropies = np.array(theirs["entropy"][::-1])
        apart = np.abs(made["tree_entropy"].values - entropies) / np.maximum(entropies, 1e-3)
        found.append(Finding(f"merge, {name}: entropy of every step", "mclust's clustCombi", float(apart.max()), 1e-6))
        mistaken = np.array(theirs["misclassification"])
        wanted = np.maximum(mistaken, mistaken.T)
        off = ~np.eye(len(wanted), dtype=bool)
        apart = np.abs(made["overlap"].values - wanted)[off] / np.maximum(wanted[off], 1e-5)
        found.append(Finding(f"merge, {name}: overlap of pairs", "R's fpc", float(apart.max()), 1e-4))
    return found


def test_a_single_draw_overlaps_as_by_mclust_and_fpc():
    assert worst(findings()) == ""


@pytest.mark.parametrize("name", ROWS)
def test_a_single_draw_is_merged_as_by_mclust(name):
    theirs, tree = of_mclust(name)
    found = bm.merge(tree, n_groups=1)
    names = list(range(len(theirs["weights"])))
    for step, members in enumerate(reversed(theirs["steps"])):
        twice = next(group for group in members if members.count(group) == 2)
        pair = [names[place] for place, group in enumerate(members) if group == twice]
        assert sorted(found["merged"].values[step]) == sorted(pair)
        new = [names[members.index(group)] for group in range(1, max(members) + 1)]
        new[twice - 1] = len(theirs["weights"]) + step
        names = new


def test_merging_keeps_probabilities_and_counts_draws():
    """Of draws that overlap: the tree's numbers by hand."""
    tree = simulated_tree(n_rows=80, n_components=4, separation=2.5, spread=0.15)
    found = bm.merge(tree, n_groups=2, ci_prob=0.8)
    weights, params = draws_of(tree)
    joint = Gaussian("full").log_joint(weights, params, training_rows(tree).values).reshape(24, 80, 4)
    shares = np.exp(joint - np.logaddexp.reduce(joint, axis=2, keepdims=True))
    np.testing.assert_allclose(found["tree_entropy"][0], entr(shares).sum(axis=(1, 2)).mean(), rtol=1e-9)
    np.testing.assert_allclose(found["tree_entropy"][-1], 0.0, atol=1e-9)
    np.testing.assert_allclose(found["step_entropy"], -np.diff(found["tree_entropy"].values), rtol=1e-9, atol=1e-12)
    groups = [shares[:, :, found["group_of"].values == g].sum(axis=2) for g in range(2)]
    np.testing.assert_allclose(found["probability"].T, np.mean(groups, axis=1), rtol=1e-9, atol=1e-12)
    at_two = np.sum([entr(one).sum(axis=1) for one in groups], axis=0)
    np.testing.assert_allclose(found["tree_entropy"].sel(number=2), at_two.mean(), rtol=1e-9)
    ends = found["tree_entropy_interval"].sel(number=2)
    np.testing.assert_allclose(ends, np.quantile(at_two, [0.1, 0.9]), rtol=1e-9)
    shortest = bm.merge(tree, n_groups=2, ci_prob=0.8, ci_kind="hdi")["tree_entropy_interval"].sel(number=2)
    np.testing.assert_allclose(shortest, az.hdi(at_two, prob=0.8), rtol=1e-9)
    mistaken = np.array(
        [
            [
                (s[:, 0] * (s[:, 1] > s[:, 0])).sum() / s[:, 0].sum(),
                (s[:, 1] * (s[:, 0] >= s[:, 1])).sum() / s[:, 1].sum(),
            ]
            for s in shares
        ]
    )
    larger = mistaken.max(axis=1)
    assert float(found["overlap"][0, 1]) == pytest.approx(larger.mean(), rel=1e-9)
    assert float(found["overlap_probability"][0, 1]) == pytest.approx((larger > 0.025).mean())


def own_tree(shares):
    """All groups that the greedy tree of one draw makes, as sets."""
    groups = {frozenset([k]): shares[:, k] for k in range(shares.shape[1])}
    made = set()
    while len(groups) > 1:

        def lost(pair):
            return (
                entr(groups[pair[0]] + groups[pair[1]]).sum()
                - entr(groups[pair[0]]).sum()
                - entr(groups[pair[1]]).sum()
            )

        one, other = min(((a, b) for a in groups for b in groups if min(a) < min(b)), key=lost)
        groups[one | other] = groups.pop(one) + groups.pop(other)
        made.add(one | other)
    return made


def test_a_merge_is_as_probable_as_draws_make_it():
    tree = simulated_tree(n_rows=60, n_components=4, separation=2.0, spread=0.25)
    found = bm.merge(tree)
    weights, params = draws_of(tree)
    joint = Gaussian("full").log_joint(weights, params, training_rows(tree).values).reshape(24, 60, 4)
    own = [own_tree(np.exp(one - np.logaddexp.reduce(one, axis=1, keepdims=True))) for one in joint]
    members = {k: frozenset([k]) for k in range(4)}
    shares = []
    for step, (one, other) in enumerate(found["merged"].values):
        members[4 + step] = members[one] | members[other]
        shares.append(np.mean([members[4 + step] in made for made in own]))
    np.testing.assert_allclose(found["step_probability"], shares)
    assert 0 < found["step_probability"].min() < 1


def test_components_far_apart_stay_apart_and_twins_are_one_group():
    tree = simulated_tree(n_components=3, separation=12.0)
    found = bm.merge(tree)
    assert found.sizes["group"] == 3
    off = ~np.eye(3, dtype=bool)
    assert (found["overlap_probability"].values[off] == 0).all()
    assert (found["mode_probability"].values[off] == 0).all()
    twins = tree.copy(deep=True)
    for name in ("means", "covariances"):
        twins["posterior"][name].values[:, :, 1] = twins["posterior"][name].values[:, :, 0]
    found = bm.merge(twins)
    assert found["group_of"].values.tolist()[0] == found["group_of"].values.tolist()[1]
    assert found.sizes["group"] == 2
    assert float(found["mode_probability"][0, 1]) == 1
    assert float(found["overlap_probability"][0, 1]) == 1


def test_new_rows_belong_to_the_groups_of_the_training_rows():
    """Even where they are rows of the smallest group alone."""
    tree = simulated_tree("full", n_components=3)
    of_training = bm.merge(tree, n_groups=2)
    X = training_rows(tree).values[(of_training["label"] == 1).values]
    found = bm.merge(tree, X, n_groups=2)
    np.testing.assert_array_equal(found["group_of"], of_training["group_of"])
    memberships = bm.responsibilities(tree, X)["probability"]
    for group in range(2):
        wanted = memberships.isel(component=(found["group_of"] == group).values).sum("component")
        np.testing.assert_allclose(found["probability"].sel(group=group), wanted, rtol=1e-12)
    assert (found["label"] == 1).all()
    with pytest.raises(ValueError, match="X has 1 column"):
        bm.merge(tree, X[:, :1])


def test_levels_and_counts_are_merged_and_have_no_modes():
    for kind in ("count", "binary", "categorical"):
        found = bm.merge(discrete_tree(kind))
        assert "mode_probability" not in found
        with pytest.raises(ValueError, match=r"no slope to climb\. bm\.merge"):
            bm.modes(discrete_tree(kind))


def test_fewer_draws_say_so():
    tree = simulated_tree()
    found = bm.merge(tree, draws=3)
    assert found.attrs["note"] == "3 of 12 draws of each chain, evenly spaced; draws=12 asks for all."
    found = bm.modes(tree, draws=3)
    assert found.attrs["note"] == "3 of 12 draws of each chain, evenly spaced; draws=12 asks for all."
    assert found["draw"].values.tolist() == [0, 6, 11]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n_groups": 4}, "n_groups must be an integer from 1 to 3"),
        ({"n_groups": 0}, "n_groups must be an integer from 1 to 3"),
        ({"cutoff": 2.5}, "cutoff must be a share of rows between 0 and 1"),
        ({"draws": 0}, "draws must be an integer of at least 1"),
    ],
)
def test_what_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        bm.merge(simulated_tree(), **given)


# Modes


@pytest.mark.parametrize("case", [case for case in LIKELIHOOD_CASES if case.n_features > 1], ids=str)
def test_bells_are_the_density(case):
    """Law: the elliptical form gives the components' log densities, of every family that has one."""
    weights, params = case.parameters()
    form = case.family.elliptical_form(weights, params)
    if form is None:
        assert case.family.measure == "probability"
        return
    heights, centres, precisions, dof = form
    X = case.rows.values
    away = X[:, None] - centres
    squares = np.einsum("nki,kij,nkj->nk", away, precisions, away)
    with np.errstate(invalid="ignore"):
        heavy = -0.5 * (dof + case.n_features) * np.log1p(squares / dof)
    found = heights + np.where(np.isinf(dof), -0.5 * squares, heavy)
    wanted = case.family.log_joint(weights, params, X)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-7)


def one_draw(family, seed, n_components=4, n_features=2):
    """A draw of components that overlap, and rows."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(n_components, n_features, n_features)) * 0.5 + np.eye(n_features)
    draws = {
        "weights": rng.dirichlet(np.full(n_components, 4.0)),
        "means": 2.0 * rng.normal(size=(n_components, n_features)) * [1.0, 1000.0] + [0.0, 1e6],
        "covariances": (roots @ roots.swapaxes(1, 2)) * np.outer([1.0, 1000.0], [1.0, 1000.0]),
    }
    if isinstance(family, StudentT):
        draws["dof"] = rng.uniform(1.5, 8, size=n_components)
    X, _ = family.sample(draws["weights"], draws, 60, rng)
    return draws, tree_of(family, X, {name: value[None, None] for name, value in draws.items()})


@pytest.mark.parametrize("family", [Gaussian("full"), StudentT("full")], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_rows_climb_to_where_an_optimiser_climbs(family, seed):
    """Steepest ascent in small steps from each row, by SciPy's solver of differential equations' kin: see the steps."""
    draws, tree = one_draw(family, seed)
    found = bm.modes(tree)
    scale = np.array([1.0, 1000.0])
    centre = np.array([0.0, 1e6])

    def minus(z):
        return -float(family.log_mixture(draws["weights"], draws, (centre + scale * z)[None])[0])

    places = (found["location"].values - centre) / scale
    for place in places:
        # no slope, and lower all around
        assert np.abs(approx_fprime(place, minus, 1e-6)).max() < 1e-4
        better = minimize(minus, place + 1e-3, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
        np.testing.assert_allclose(better.x, place, atol=1e-5)
    # every optimum that small ascents find from the rows is a mode
    X = (training_rows(tree).values - centre) / scale
    ends = np.array([minimize(minus, x, method="BFGS", options={"gtol": 1e-8}).x for x in X[:15]])
    nearest = np.linalg.norm(ends[:, None] - places, axis=2).min(axis=1)
    assert nearest.max() < 1e-4
    assert float(found["n_modes"].item()) == len(places)


def test_rows_on_a_line_climb_uphill():
    """One feature: between two minima of the density all rows climb to the one mode there."""
    draws = {
        "weights": np.array([0.3, 0.3, 0.4])[None, None],
        "means": np.array([[0.0], [2.5], [8.0]])[None, None],
        "variances": np.array([[1.0], [0.5], [2.0]])[None, None],
    }
    X = np.linspace(-5, 14, 400)[:, None]
    tree = tree_of(Gaussian("diag"), X, draws)
    found = bm.modes(tree)
    density = bm.log_density(tree, X)["log_density"].values
    rises = np.diff(density) > 0
    valleys = X[1:-1, 0][~rises[:-1] & rises[1:]]
    part = np.searchsorted(valleys, X[:, 0])
    assert len(valleys) == 2
    clear = np.abs(X - valleys).min(axis=1) > 0.06
    mode_of = np.concatenate([np.unique(found["label"].values[clear & (part == one)]) for one in range(3)])
    assert sorted(mode_of) == [0, 1, 2]
    peaks = X[1:-1, 0][rises[:-1] & ~rises[1:]]
    np.testing.assert_allclose(np.sort(found["location"].values[:, 0]), peaks, atol=0.05)


def ridge_modes(draws, n_points=40_001):
    """Modes of two normal components, which all lie on the ridgeline (Ray and Lindsay 2005)."""
    precisions = np.linalg.inv(draws["covariances"])
    alpha = expit(np.linspace(-16, 16, n_points))[:, None, None]  # modes of components far apart are near its ends
    one, other = (1 - alpha) * precisions[0], alpha * precisions[1]
    pulled = one @ draws["means"][0] + other @ draws["means"][1]
    ridge = np.linalg.solve(one + other, pulled[..., None])[..., 0]
    height = Gaussian("full").log_mixture(draws["weights"], draws, ridge)
    rises = np.diff(height, prepend=-np.inf, append=-np.inf) > -1e-13  # near its ends it is flat up to rounding
    return ridge[rises[:-1] & ~rises[1:]]


@pytest.mark.parametrize("seed", range(8))
def test_modes_of_two_components_are_those_of_the_ridgeline(seed):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(2, 2, 2)) * 0.6 + np.eye(2)
    draws = {
        "weights": np.array([0.45, 0.55]),
        "means": 1.5 * rng.normal(size=(2, 2)),
        "covariances": roots @ roots.swapaxes(1, 2),
    }
    X, _ = Gaussian("full").sample(draws["weights"], draws, 30, rng)
    tree = tree_of(Gaussian("full"), X, {name: value[None, None] for name, value in draws.items()})
    places, wanted = bm.modes(tree)["location"].values, ridge_modes(draws)
    assert len(places) == len(wanted)
    np.testing.assert_allclose(places[np.argsort(places[:, 0])], wanted[np.argsort(wanted[:, 0])], atol=1e-3)
    assert float(bm.merge(tree)["mode_probability"][0, 1]) == (len(wanted) == 1)


def test_crossed_components_have_a_third_mode():
    """Two narrow ellipses at a right angle: their tails cross in a mode that is no component's."""
    draws = {
        "weights": np.array([0.5, 0.5]),
        "means": np.array([[0.0, 0.0], [1.0, 1.0]]),
        "covariances": np.array([np.diag([1.0, 0.05]), np.diag([0.05, 1.0])]),
    }
    assert len(ridge_modes(draws)) == 3
    X, _ = Gaussian("full").sample(draws["weights"], draws, 30, np.random.default_rng(0))
    tree = tree_of(Gaussian("full"), X, {name: value[None, None] for name, value in draws.items()})
    assert bm.modes(tree)["n_modes"].item() == 3


def test_two_equal_components_are_one_mode_up_to_two_standard_deviations():
    """In closed form; halfway between them a saddle is left."""
    for apart, n_modes in ((1.9, 1), (2.1, 2), (6.0, 2)):
        draws = {
            "weights": np.full((1, 1, 2), 0.5),
            "means": np.array([[[[0.0, 0.0], [apart, 0.0]]]]),
            "variances": np.ones((1, 1, 2, 2)),
        }
        tree = tree_of(Gaussian("diag"), np.random.default_rng(0).normal(size=(20, 2)), draws)
        found = bm.modes(tree, [[apart / 2, 0.0], [apart / 2, 5.0], [1e12, 0.0], [-1e200, 1.0]])
        assert found["n_modes"].item() == n_modes
        place = found["location"].values
        assert place[found["label"].values[2], 0] >= apart / 2 - 1e-6 >= place[found["label"].values[3], 0] - 2e-6


def test_modes_do_not_depend_on_names():
    tree = simulated_tree(n_components=3, separation=5.0)
    found = bm.modes(tree)
    renamed = tree.copy(deep=True)
    for array in renamed["posterior"].data_vars.values():
        if "component" in array.dims:
            array.values[1] = array.values[1, :, ::-1].copy()
    again = bm.modes(renamed)
    np.testing.assert_allclose(again["location"], found["location"], atol=1e-6)
    np.testing.assert_array_equal(again["label"], found["label"])
    np.testing.assert_allclose(found["probability"].sum("mode"), 1.0)
    assert found.sizes["mode"] == 3
    assert (found["mode_probability"] == 1).all()


def test_intervals_of_modes_are_arviz_s():
    """Of one component, whose mode is its mean, draw by draw."""
    tree = simulated_tree(n_components=1)
    means = tree["posterior"]["means"].values.reshape(-1, 2)
    for kind, of in (("eti", az.eti), ("hdi", az.hdi)):
        found = bm.modes(tree, ci_prob=0.8, ci_kind=kind)
        np.testing.assert_allclose(found["location_interval"][0], of(means.T, prob=0.8, axis=-1), atol=1e-9)
        assert found.attrs == {"ci_prob": 0.8, "ci_kind": kind}


def test_new_rows_have_the_modes_of_the_training_rows():
    tree = simulated_tree(n_components=3, separation=5.0)
    found, rows = bm.modes(tree), training_rows(tree).values
    few = bm.modes(tree, rows[::-7])
    np.testing.assert_allclose(few["location"], found["location"])
    np.testing.assert_array_equal(few["label"], found["label"].values[::-7])
    largest = tree["posterior"]["weights"].mean(["chain", "draw"]).argsort().values[::-1]
    centres = tree["posterior"]["means"].mean(["chain", "draw"]).values[largest]
    np.testing.assert_allclose(found["location"], centres, atol=0.2)
