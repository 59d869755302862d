"""Pictures of counts and levels: what is drawn is what the model and the data say, by SciPy's probabilities."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from scipy.stats import poisson

import bayesmix as bm
from bayesmix.plots.discrete import probabilities_of_bars
from bayesmix.plots.palette import INK, colour
from bayesmix.plots.panels import bars_of_counts
from bayesmix.posterior.margins import marginal_of
from tests.simulated_trees import discrete_data, discrete_tree

KINDS = ("count", "binary", "categorical")


def flat(tree, name):
    values = tree["posterior"][name].values
    return values.reshape(-1, *values.shape[2:])


def whiskers(ax):
    """Ends of all thin lines of intervals, in their order."""
    lines = [c for c in ax.collections if isinstance(c, LineCollection) and np.all(c.get_linewidth() == 1.2)]
    return [np.array([segment[:, 0] for segment in c.get_segments()]) for c in lines]


def bars_of(ax, k):
    return [bar for bar in ax.patches if to_hex(bar.get_facecolor()) == colour(k)]


def test_counts_are_drawn_as_shares_beside_their_probabilities():
    tree = discrete_tree("count")
    figure = bm.plot_density(tree, ci_prob=0.8)
    assert [ax.get_xlabel() for ax in figure.axes] == ["calls", "visits"]
    X, weights, rates = discrete_data("count"), flat(tree, "weights"), flat(tree, "rates")
    for j, (name, ax) in enumerate(zip(X, figure.axes, strict=True)):
        counts = np.arange(X[name].max() + 1)
        np.testing.assert_allclose(
            [bar.get_height() for bar in ax.patches], np.bincount(X[name], minlength=len(counts)) / len(X)
        )
        each = weights[:, None, :] * poisson.pmf(counts[:, None], rates[:, None, :, j])
        *groups, predictive = ax.lines
        for k, line in enumerate(groups):
            np.testing.assert_allclose(line.get_xydata(), np.column_stack([counts, each[..., k].mean(axis=0)]))
        np.testing.assert_allclose(predictive.get_ydata(), each.sum(axis=-1).mean(axis=0))
        assert to_hex(predictive.get_color()) == INK
        (interval,) = ax.collections
        ends = np.array([segment[:, 1] for segment in interval.get_segments()])
        np.testing.assert_allclose(ends.T, np.quantile(each.sum(axis=-1), [0.1, 0.9], axis=0))


def test_many_counts_share_bars_whose_probabilities_are_their_sums():
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"n": rng.poisson(np.repeat([40.0, 900.0], 60))})
    em = bm.Mixture(2, bm.Poisson()).fit_em(X, random_seed=1)
    starts, width = bars_of_counts(X["n"].to_numpy())
    assert len(starts) <= 60
    _, mixture = probabilities_of_bars(marginal_of(em.to_tree()), starts, width)
    ends = starts + width - 1
    inside = poisson.cdf(ends[:, None], em.params["rates"].T) - poisson.cdf(starts[:, None] - 1, em.params["rates"].T)
    np.testing.assert_allclose(mixture[0], inside @ em.weights, atol=1e-12)
    (ax,) = bm.plot_density(em).axes
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)


def test_levels_are_bars_of_their_probabilities_with_intervals():
    tree = discrete_tree("categorical")
    figure = bm.plot_density(tree, ci_prob=0.8)
    p, X = flat(tree, "probabilities"), discrete_data("categorical")
    first = 0
    for ax, name in zip(figure.axes, X, strict=True):
        levels = list(X[name].cat.categories)
        assert ax.get_title(loc="left") == name
        assert [text.get_text() for text in ax.get_yticklabels()] == levels
        own = slice(first, first + len(levels))
        for k, ends in enumerate(whiskers(ax)):
            np.testing.assert_allclose([bar.get_width() for bar in bars_of(ax, k)], p[:, k, own].mean(axis=0))
            np.testing.assert_allclose(ends.T, np.quantile(p[:, k, own], [0.1, 0.9], axis=0))
        shares = X[name].value_counts(normalize=True, sort=False)
        np.testing.assert_allclose([segment[0, 0] for segment in ax.collections[-1].get_segments()], shares)
        first += len(levels)


def test_zeros_and_ones_have_one_panel_with_a_bar_for_each_item_and_group():
    tree = discrete_tree("binary")
    (ax,) = bm.plot_density(tree).axes
    p, X = flat(tree, "probabilities"), discrete_data("binary")
    assert [text.get_text() for text in ax.get_yticklabels()] == list(X)
    for k in range(2):
        np.testing.assert_allclose([bar.get_width() for bar in bars_of(ax, k)], p[:, k].mean(axis=0))
    np.testing.assert_allclose([segment[0, 0] for segment in ax.collections[-1].get_segments()], X.mean())


def test_a_point_estimate_has_no_intervals():
    em = bm.Mixture(2, bm.Categorical()).fit_em(discrete_data("categorical"), random_seed=1)
    figure = bm.plot_density(em)
    assert all(not whiskers(ax) for ax in figure.axes)
    assert not any("interval" in text.get_text() for text in figure.legends[0].get_texts())


def test_of_many_columns_and_levels_those_are_shown_in_which_the_groups_differ():
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 150)
    X = pd.DataFrame({f"c{j}": [f"l{code:02}" for code in rng.integers(20, size=300)] for j in range(6)})
    X["c3"] = [f"l{3 * k + code:02}" for k, code in zip(labels, rng.integers(3, size=300), strict=True)]
    X["c5"] = [f"l{9 * k + code:02}" for k, code in zip(labels, rng.integers(20, size=300), strict=True)]
    figure = bm.plot_density(bm.Mixture(2, bm.Categorical()).fit_em(X, random_seed=1))
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert len(titles) == 5
    assert "c3" in titles
    (many,) = [title for title in titles if title.startswith("c5")]
    assert many == "c5: 12 of 29 levels,\nwhich separate the groups best"
    shown = [text.get_text() for text in figure.axes[titles.index(many)].get_yticklabels()]
    assert len(shown) == 12
    assert shown == sorted(shown)
    assert figure.legends[0].get_title().get_text() == "5 of 6 features: those that separate the groups best"


@pytest.mark.parametrize("kind", KINDS)
def test_rows_stand_at_their_value_with_their_entropy_as_height(kind):
    tree = discrete_tree(kind)
    figure = bm.plot_uncertainty(tree)
    X = tree["observed_data"]["x"].values
    entropy = bm.responsibilities(tree)["entropy"].values / np.log(2)
    assert len(figure.axes) == X.shape[1]
    for j, ax in enumerate(figure.axes):
        drawn = np.concatenate([collection.get_offsets() for collection in ax.collections])
        wanted = np.column_stack([X[:, j], entropy])
        found = np.column_stack([np.round(drawn[:, 0]), drawn[:, 1]])
        np.testing.assert_allclose(found[np.lexsort(found.T)], wanted[np.lexsort(wanted.T)])


def test_the_check_draws_the_shares_of_the_data_beside_those_of_what_the_model_makes():
    tree = discrete_tree("categorical")
    figure = bm.plot_predictive_check(tree, features="often")
    (ax,) = figure.axes
    shares = discrete_data("categorical")["often"].value_counts(normalize=True, sort=False)
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], shares)
    made = np.array([[segment[0, 1] for segment in lines.get_segments()] for lines in ax.collections])
    np.testing.assert_allclose(made.sum(axis=1), 1)
    expected = np.einsum("sk,skl->sl", flat(tree, "weights"), flat(tree, "probabilities")[..., :3]).mean(axis=0)
    error = made.std(axis=0) / np.sqrt(len(made))
    assert np.all(np.abs(made.mean(axis=0) - expected) < 4 * error)


def test_traces_are_of_the_level_that_tells_the_groups_apart():
    figure = bm.plot_labels(discrete_tree("categorical"), features="often")
    p = discrete_tree("categorical")["posterior"]["probabilities"].values
    label = figure.axes[1].get_ylabel()
    level = label.removeprefix("probability of\noften=")
    place = list(discrete_data("categorical")["often"].cat.categories).index(level)
    assert place in (0, 2)
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), p[0, :, 0, place])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plot", [bm.plot_density, bm.plot_uncertainty])
def test_principal_components_are_refused_in_words(kind, plot):
    with pytest.raises(ValueError, match=r"principal_components is for real numbers, and these are (counts|levels)"):
        plot(discrete_tree(kind), principal_components=2)


def test_kinds_of_curves_are_refused_in_words():
    with pytest.raises(ValueError, match="kind is for real numbers; of counts and levels shares are drawn"):
        bm.plot_predictive_check(discrete_tree("count"), kind="kde")


def test_axes_of_the_user_hold_one_panel():
    _, ax = plt.subplots()
    assert bm.plot_density(discrete_tree("count"), features="visits", ax=ax) is ax.figure
    assert ax.get_xlabel() == "visits"
    with pytest.raises(ValueError, match="2 features need a panel each: choose one by features="):
        bm.plot_density(discrete_tree("count"), ax=ax)
    assert bm.plot_density(discrete_tree("binary"), ax=plt.subplots()[1])
