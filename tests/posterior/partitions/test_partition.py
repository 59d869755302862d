"""The partition of least expected loss: beside all partitions, scikit-learn's measures, what others would report."""

from typing import Any

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import entropy
from sklearn.metrics import adjusted_rand_score, mutual_info_score, rand_score

import bayesmix as bm
from bayesmix.posterior.partitions.estimate import _LOSSES, _least, by_size
from bayesmix.posterior.partitions.label_draws import LabelDraws, label_draws
from bayesmix.posterior.partitions.losses import OfPairs
from bayesmix.tree import training_rows
from tests.exact.partitions import partitions
from tests.monte_carlo import Finding, worst
from tests.simulated_trees import discrete_tree, random_permutations, simulated_tree

LOSSES = tuple(_LOSSES)


def information(one: np.ndarray, other: np.ndarray) -> float:
    """Variation of information by SciPy's entropy and scikit-learn's mutual information, in nats."""
    return entropy(np.bincount(one)) + entropy(np.bincount(other)) - 2 * mutual_info_score(one, other)


def pairs_apart(one: np.ndarray, other: np.ndarray) -> float:
    n = len(one)
    return (1 - rand_score(one, other)) * (n - 1) / n if n > 1 else 0.0


BETWEEN = {"vi": information, "binder": pairs_apart, "omari": lambda a, b: 1 - adjusted_rand_score(a, b)}


def expected_loss(loss: str, labels: np.ndarray, draws: np.ndarray, together: np.ndarray) -> float:
    """From draws, or from the probabilities of pairs as the formulas of the losses have them."""
    if loss == "vi":
        return float(np.mean([information(labels, one) for one in draws]))
    n = len(labels)
    upper = np.triu_indices(n, 1)
    same, p = (labels[:, None] == labels)[upper], together[upper]
    if loss == "binder":
        return 2 / n**2 * float(np.where(same, 1 - p, p).sum())
    if n == 1:
        return 0.0
    by_chance = same.sum() * p.sum() / len(p)
    most = (same.sum() + p.sum()) / 2
    return 0.0 if most - by_chance < 1e-12 else 1 - float(((same * p).sum() - by_chance) / (most - by_chance))


def posterior(seed: int, most_rows: int) -> tuple[LabelDraws, np.ndarray]:
    """Draws of a few rows whose responsibilities are anything, and the probabilities of pairs."""
    rng = np.random.default_rng(seed)
    n_rows, n_labels, n_draws = rng.integers(1, most_rows + 1), rng.integers(1, 6), rng.integers(1, 25)
    share = rng.dirichlet(np.full(n_labels, 0.6), size=(n_draws, n_rows))
    labels = (rng.random((n_draws, n_rows, 1)) > share.cumsum(-1)).sum(-1).clip(0, n_labels - 1)
    together = np.einsum("sik,sjk->ij", share, share) / n_draws
    np.fill_diagonal(together, 1)
    return LabelDraws(labels.astype(np.uint16), int(n_labels)), together


def judged(loss: str, draws: LabelDraws, together: np.ndarray):
    kind = _LOSSES[loss]
    return kind(draws, together) if issubclass(kind, OfPairs) else kind(draws)


def missed_and_apart(loss: str, seeds: range, most_rows: int) -> tuple[list[int], float]:
    """Seeds where a better partition is missed, and how far the expected loss of the best is from the formula's."""
    missed, apart = [], 0.0
    for seed in seeds:
        draws, together = posterior(seed, most_rows)
        one = judged(loss, draws, together)
        all_of_them = [np.array(labels) for labels in partitions(draws.n_rows)]
        values = [one.expected(labels) for labels in all_of_them]
        best = int(np.argmin(values))
        apart = max(apart, abs(values[best] - expected_loss(loss, all_of_them[best], draws.labels, together)))
        if one.expected(_least(one, np.random.default_rng(seed))) > values[best] + 1e-10:
            missed.append(seed)
    return missed, apart


def findings() -> list[Finding]:
    """Of posteriors of up to six rows."""
    found = []
    for loss in LOSSES:
        missed, apart = missed_and_apart(loss, range(15), 6)
        what = f'partition(loss="{loss}")'
        found.append(Finding(f"{what}: missed in 15 posteriors", "all partitions", float(len(missed)), 0.0))
        found.append(Finding(f"{what}: expected loss", "scikit-learn's measures", apart, 1e-12))
    return found


@pytest.mark.gate
def test_of_few_rows_it_is_the_least_of_all_partitions():
    assert worst(findings()) == ""


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_of_eight_rows_it_is_the_least_of_all_partitions(loss):
    missed, apart = missed_and_apart(loss, range(100, 160), 8)
    assert missed == []
    assert apart < 1e-12


@pytest.fixture(scope="module")
def tree():
    """Three groups that overlap."""
    return simulated_tree(n_rows=60, shape=(2, 150), separation=1.5, spread=0.2)


@pytest.fixture(scope="module")
def drawn(tree):
    """The draws of labels that the default seed gives."""
    return label_draws(tree, training_rows(tree), np.random.default_rng(0))


@pytest.mark.parametrize("loss", LOSSES)
def test_expected_loss_is_that_of_scikit_learns_measures(tree, drawn, loss):
    found, together = bm.partition(tree, loss), bm.similarity(tree).values
    labels = found["label"].values
    assert float(found["expected_loss"]) == pytest.approx(expected_loss(loss, labels, drawn.labels, together))
    one = judged(loss, drawn, together)
    np.testing.assert_allclose(
        one.between(labels)[:50], [BETWEEN[loss](labels, other) for other in drawn.labels[:50]], atol=1e-12
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_none_that_others_would_report_is_better(tree, drawn, loss):
    """Draws that were visited, and cuts of trees of average and complete linkage, as in mcclust."""
    together = bm.similarity(tree).values
    one, least = judged(loss, drawn, together), float(bm.partition(tree, loss)["expected_loss"])
    rivals = [by_size(labels) for labels in drawn.labels[::5]]
    for method in ("average", "complete"):
        links = linkage(squareform(1 - together, checks=False), method)
        rivals += [by_size(fcluster(links, number, "maxclust")) for number in range(1, 61)]
    assert least < min(one.expected(labels) for labels in rivals) + 1e-12


@pytest.mark.parametrize("loss", LOSSES)
def test_the_credible_ball(tree, drawn, loss):
    found = bm.partition(tree, loss, ci_prob=0.7)
    labels, radius = found["label"].values, float(found["radius"])
    far = judged(loss, drawn, bm.similarity(tree).values).between(labels)
    inside = far <= radius + 1e-12
    assert inside.mean() >= 0.7 > np.mean(far < radius - 1e-12)
    groups = np.array([len(np.unique(other)) for other in drawn.labels])
    for name, number in {"lower": groups[inside].max(), "upper": groups[inside].min(), "horizontal": None}.items():
        bound = found[name].values
        assert number is None or len(np.unique(bound)) == number
        among = inside & (groups == number) if number is not None else inside
        assert BETWEEN[loss](labels, bound) == pytest.approx(far[among].max())
        assert any(adjusted_rand_score(bound, other) == 1 for other in drawn.labels[among])


def test_labels_are_by_size_and_the_first_row_decides():
    assert by_size(np.array([7, 7, 2, 2, 5, 5, 5, 9])).tolist() == [1, 1, 2, 2, 0, 0, 0, 3]
    found = bm.partition(simulated_tree(separation=1.5))
    for name in ("label", "lower", "upper", "horizontal"):
        sizes = np.bincount(found[name].values)
        assert (sizes > 0).all()
        assert (np.diff(sizes) <= 0).all()


def test_names_of_groups_do_not_matter():
    raw = simulated_tree(separation=1.5, permutations=random_permutations((2, 12), 3, seed=1))
    one, other = (bm.partition(tree, "binder") for tree in (raw, simulated_tree(separation=1.5)))
    assert float(one["expected_loss"]) == pytest.approx(float(other["expected_loss"]))


def test_groups_far_apart_are_found_and_new_rows_parted():
    tree = simulated_tree(separation=20)
    labels = tree["constant_data"]["pivot"].values
    for loss in LOSSES:
        found = bm.partition(tree, loss)
        assert adjusted_rand_score(found["label"], labels) == 1
        assert float(found["radius"]) == float(found["expected_loss"]) == pytest.approx(0, abs=1e-9)
    new = training_rows(tree).values[:7]
    assert adjusted_rand_score(bm.partition(tree, X=new)["label"], labels[:7]) == 1


def test_one_row_one_group_and_many_groups():
    one = simulated_tree(n_components=1)
    for loss in LOSSES:
        assert (bm.partition(one, loss)["label"] == 0).all()
        alone = bm.partition(one, loss, training_rows(one).values[:1])
        assert alone["label"].values.tolist() == [0]
        assert float(alone["expected_loss"]) == float(alone["radius"]) == 0


def test_the_same_seed_gives_the_same_and_any_engine_and_family_will_do():
    faithful = bm.datasets.load_faithful()
    mixture = bm.Mixture(2)
    fits = [mixture.fit_em(faithful, random_seed=1), mixture.fit_laplace(faithful, random_seed=1, draws=200)]
    found = [bm.partition(fit) for fit in fits]
    assert found[0].identical(bm.partition(fits[0]))
    assert adjusted_rand_score(found[0]["label"], found[1]["label"]) > 0.95
    for kind in ("count", "binary", "categorical"):
        tree = discrete_tree(kind)
        probable = bm.responsibilities(tree)["label"]
        assert adjusted_rand_score(bm.partition(tree, "binder")["label"], probable) > 0.9


def test_refusals():
    tree = simulated_tree()
    rows_in_the_place_of_the_loss: Any = [[1.0, 2.0]]
    with pytest.raises(ValueError, match=r"loss must be one of 'vi', 'binder', 'omari', not \["):
        bm.partition(tree, rows_in_the_place_of_the_loss)
    with pytest.raises(ValueError, match="loss must be one of 'vi', 'binder', 'omari', not 'VI'"):
        bm.partition(tree, "VI")
    with pytest.raises(ValueError, match=r"for 60 rows take 0.0288 MB; allowed are 59 rows .* Use loss='vi'"):
        bm.partition(tree, "binder", max_rows=59)
    assert bm.partition(tree, "vi", max_rows=59)["label"].size == 60
    with pytest.raises(ValueError, match="ci_prob must lie between 0 and 1"):
        bm.partition(tree, ci_prob=95)
