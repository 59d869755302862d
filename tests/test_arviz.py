"""What ArviZ users expect of a tree: its functions work on it as it is."""

import arviz as az
import matplotlib.pyplot as plt
import numpy as np
import pytest

import bayesmix as bm


@pytest.fixture(scope="module")
def trees():
    X = bm.datasets.load_faithful()
    return {k: bm.Mixture(k).fit_nuts(X, draws=200, chains=2, random_seed=1, progressbar=False) for k in (1, 2)}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_summary_names_components_and_features(trees):
    summary = az.summary(trees[2], var_names=["weights", "means"])
    assert list(summary.index) == [
        "weights[0]",
        "weights[1]",
        "means[0, eruptions]",
        "means[0, waiting]",
        "means[1, eruptions]",
        "means[1, waiting]",
    ]
    means = trees[2].posterior["means"].mean(("chain", "draw")).sel(feature="waiting").values
    shown = summary.loc[["means[0, waiting]", "means[1, waiting]"], "mean"].astype(float)
    np.testing.assert_allclose(shown, means, rtol=0.02)


def test_loo_agrees_with_ours_and_compare_ranks(trees):
    found = az.loo(trees[2])
    assert found.n_data_points == 272
    np.testing.assert_allclose(found.elpd, bm.loo(trees[2]).elpd, rtol=1e-12)
    table = az.compare({"one": trees[1], "two": trees[2]})
    assert list(table.index) == ["two", "one"]


@pytest.mark.parametrize("plot", [az.plot_trace_dist, az.plot_rank])
def test_chain_plots_draw(trees, plot):
    collection = plot(trees[2], var_names=["weights"])
    assert {"chart", "plot"} & set(collection.viz.children)


def test_predictive_plot_draws(trees):
    replicated = bm.sample_predictive(trees[2], random_seed=1)
    collection = az.plot_ppc_dist(replicated, cols=["feature"], sample_dims=["chain", "draw"], num_samples=20)
    drawn = collection.viz["predictive_dist"]["x"]
    assert drawn.sizes["sample"] == 20
    assert list(drawn["feature"].values) == ["eruptions", "waiting"]


def test_diagnostics_and_sensitivity(trees):
    assert float(az.rhat(trees[2])["means"].max()) < 1.05
    sensitivity = az.psense(trees[2], var_names=["means"])
    assert sensitivity["means"].shape == (2, 2)
    assert float(sensitivity["means"].max()) < 0.1  # a weak prior: the data speak
