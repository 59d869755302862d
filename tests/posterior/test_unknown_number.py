"""Trees of an unknown number of components: what is in them, which views take them, and which refuse."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import logsumexp

import bayesmix as bm
from bayesmix.tree import draws_of, family_of
from tests.monte_carlo import ALLOWED, FEWEST, effective_draws, mean_of

GALAXIES = bm.datasets.load_galaxies()
MIXTURE = bm.Mixture(bm.priors.ShiftedPoisson(3.0), "diag", priors={"weights": bm.priors.DynamicDirichlet(1.0)})


@pytest.fixture(scope="module")
def tree():
    return MIXTURE.fit(GALAXIES, random_seed=1, progressbar=False)


def test_what_is_not_there_has_no_weight_and_no_parameters(tree):
    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    n_components = posterior["n_components"]
    assert n_components.max() == posterior.sizes["component"]
    there = (posterior["component"] < n_components).transpose("chain", "draw", "component")
    assert (posterior["weights"] > 0).equals(there)
    np.testing.assert_allclose(posterior["weights"].sum("component"), 1, rtol=1e-12)
    for name in ("means", "variances", "scales"):
        absent = np.isnan(posterior[name].values).reshape((*there.shape, -1))
        assert (absent == ~there.values[..., None]).all()
    assert ((stats["n_occupied"] >= 1) & (stats["n_occupied"] <= n_components)).all()


def test_log_likelihood_is_that_of_the_draws(tree):
    """Draw by draw, of its own components alone."""
    posterior, values = tree["posterior"].to_dataset(), GALAXIES.to_numpy()
    for chain, draw in [(0, 0), (1, 500), (3, 999)]:
        one = posterior.isel(chain=chain, draw=draw)
        k = int(one["n_components"])
        w, mean, variance = (one[name].values[:k] for name in ("weights", "means", "variances"))
        joint = np.log(w) - 0.5 * np.log(2 * np.pi * variance[:, 0]) - 0.5 * (values - mean[:, 0]) ** 2 / variance[:, 0]
        stored = tree["log_likelihood"]["x"].isel(chain=chain, draw=draw)
        np.testing.assert_allclose(stored, logsumexp(joint, axis=1), rtol=1e-10)


def test_density_of_rows(tree):
    stored = tree["log_likelihood"]["x"].values.reshape(-1, len(GALAXIES))
    found = bm.log_density(tree, GALAXIES)["log_density"]
    np.testing.assert_allclose(found, logsumexp(stored, axis=0) - np.log(len(stored)), rtol=1e-10)
    new = bm.sample_predictive(tree, 2000, random_seed=1)["predictions"]["x"]
    assert abs(float(new.median()) - float(GALAXIES.median().iloc[0])) < 1


def test_number_of_groups(tree):
    found = bm.number_of_groups(tree)
    occupied, numbers = tree["sample_stats"]["n_occupied"].values, found["number"].values
    for name in ("components", "occupied", "occupied_prior"):
        assert float(found[name].sum()) == pytest.approx(1, abs=1e-4)
    assert float((found["occupied"] * numbers).sum()) == pytest.approx(occupied.mean())
    np.testing.assert_allclose(found["components_prior"], MIXTURE.n_components.probabilities()[: numbers.size])
    assert found.attrs["rhat_occupied"] < 1.02
    assert found.attrs["ess_components"] >= 400
    assert bm.diagnose(tree).ok
    assert "agree" in str(bm.diagnose(tree))


@pytest.mark.parametrize(
    "view",
    [
        bm.responsibilities,
        bm.responsibility_draws,
        bm.relabel,
        bm.merge,
        bm.plot_merge,
        bm.plot_labels,
        bm.plot_responsibilities,
    ],
    ids=lambda view: view.__name__,
)
def test_what_speaks_of_groups_refuses(tree, view):
    with pytest.raises(ValueError, match=r"number of groups varies: bm\.number_of_groups"):
        view(tree)


def test_the_density_needs_no_names(tree):
    ax = bm.plot_density(tree).axes[0]
    (curve,) = ax.lines
    grid, density = curve.get_data()
    expected = np.exp(bm.log_density(tree, grid)["log_density"])
    np.testing.assert_allclose(density, expected, rtol=0.2, atol=0.02 * float(expected.max()))  # of fewer draws
    assert ax.figure.legends[0].get_texts()[0].get_text() == "rows"


def test_the_report_tells_what_needs_no_names(tree, tmp_path):
    tree = tree.isel(draw=slice(60))
    page = bm.report(tree, tmp_path / "unknown.md").read_text(encoding="utf-8")
    occupied = bm.number_of_groups(tree)["occupied"]
    best = int(occupied.idxmax())
    assert f"{best} groups have rows with a probability of {float(occupied.max()):.0%}" in page
    n_groups = int(bm.partition(tree)["label"].max()) + 1
    assert f"The one partition that stands for all draws has {n_groups} groups" in page
    assert f"Mixture({best}) fits {best} groups with names" in page
    for heading in ("In a picture", "As one partition", "Beside other ways to group", "Rows that fit badly"):
        assert f"### {heading}\n" in page
    assert "nan" not in page
    code = page.split("```python\n")[1]
    assert f"bm.Mixture(bm.priors.{MIXTURE.n_components}, " in code


@pytest.mark.parametrize("method", ["fit_em", "fit_nuts", "fit_advi", "fit_laplace", "build_model"])
def test_what_needs_a_number_refuses(method):
    with pytest.raises(ValueError, match=r"ShiftedPoisson\(3\), and this needs a number: only fit and fit_gibbs"):
        getattr(MIXTURE, method)(GALAXIES)
    with pytest.raises(TypeError, match="number_of_groups"):
        bm.compare(GALAXIES, MIXTURE.n_components)


def test_modes_need_no_names(tree):
    """The number of peaks of each draw, counted on a fine grid of its density."""
    found = bm.modes(tree, draws=20)
    grid = np.linspace(-400, 400, 80_001)[:, None]
    numbers = found["n_modes"].values.ravel()
    chosen = tree["posterior"].to_dataset().sel(draw=found["draw"].values)
    weights, params = draws_of(tree)
    places = np.isin(tree["posterior"]["draw"].values, chosen["draw"].values)
    density = (
        family_of(tree)
        .log_mixture(weights[:, places], {name: value[:, places] for name, value in params.items()}, grid)
        .reshape(numbers.size, -1)
    )
    rises = np.diff(density) > 0
    counted = (rises[:, :-1] & ~rises[:, 1:]).sum(axis=1)
    assert np.mean(counted == numbers) > 0.95  # a grid has flat steps, and ends
    assert (np.abs(counted - numbers) <= 1).all()


def test_a_file_keeps_it(tree, tmp_path):
    again = bm.load(bm.save(tree, tmp_path / "unknown.nc"))
    xr.testing.assert_identical(again["posterior"].to_dataset(), tree["posterior"].to_dataset())
    mixture = bm.Mixture.from_tree(again)
    assert mixture == MIXTURE.resolve_priors(GALAXIES)
    assert (mixture.n_components, str(mixture)) == (MIXTURE.n_components, str(MIXTURE))


def test_same_seed_same_bits_for_any_cores(tree):
    again = MIXTURE.fit_gibbs(GALAXIES, random_seed=1, cores=1, progressbar=False)
    xr.testing.assert_identical(again["posterior"].to_dataset(), tree["posterior"].to_dataset())


@pytest.mark.parametrize("covariance", ["diag", "spherical"])
def test_priors_of_parameters_do_not_depend_on_the_number(covariance):
    """What data and number scale is scaled as for five, whatever is believed of the number."""
    X = np.random.default_rng(0).normal(size=(30, 2)) * [1.0, 3.0]
    of_five = bm.Mixture(5, covariance).resolve_priors(X).priors.components
    for number in (bm.priors.DiscreteUniform(2), bm.priors.ShiftedGeometric()):
        assert bm.Mixture(number, covariance).resolve_priors(X).priors.components == of_five


def test_one_row_says_nothing_of_the_number():
    priors = {"components": bm.priors.NormalInverseWishart([0.0], 1.0, 3.0, [2.0]), "weights": bm.priors.Dirichlet(2.0)}
    mixture = bm.Mixture(bm.priors.ShiftedPoisson(2.0), "diag", priors=priors)
    numbers = mixture.fit_gibbs([[1.0]], draws=2000, random_seed=1, progressbar=False)["posterior"]["n_components"]
    assert effective_draws(numbers.values.astype(float)) >= FEWEST
    for n, probability in enumerate(bm.priors.ShiftedPoisson(2.0).probabilities()[:6], start=1):
        assert mean_of((numbers.values == n).astype(float)).errors_from(probability) <= ALLOWED


def test_a_sparse_finite_mixture_tells_its_groups():
    """Ten components of small weight: few have rows, before the data and after."""
    mixture = bm.Mixture(10, "diag", priors={"weights": bm.priors.Dirichlet(0.05)})
    found = bm.number_of_groups(mixture.fit_gibbs(GALAXIES, draws=500, random_seed=1, progressbar=False))
    assert found["components"].values.tolist() == [0.0] * 9 + [1.0]
    assert float(found["occupied_prior"].sum()) == pytest.approx(1)
    assert float(found["occupied"].sel(number=slice(3, 6)).sum()) > 0.9


def test_other_refusals():
    with pytest.raises(ValueError, match="concentration for each group"):
        bm.Mixture(MIXTURE.n_components, priors={"weights": bm.priors.Dirichlet([1, 2, 3, 4, 5])}).fit(GALAXIES)
    with pytest.raises(ValueError, match="init and relabel name groups"):
        MIXTURE.fit(GALAXIES, relabel="order")
    with pytest.raises(ValueError, match="nothing draws a gaussian-full mixture of an unknown number"):
        bm.Mixture(MIXTURE.n_components, priors={"means": bm.priors.Normal()}).fit(GALAXIES)
    em = bm.Mixture(2, "diag").fit_em(GALAXIES, random_seed=1)
    with pytest.raises(ValueError, match="does not say how many groups have rows"):
        bm.number_of_groups(em)
    with pytest.raises(ValueError, match="probability must be below 1"):
        bm.priors.ShiftedGeometric(1.0)
    with pytest.raises(ValueError, match="upper must be at most 1000"):
        bm.priors.DiscreteUniform(2000)
