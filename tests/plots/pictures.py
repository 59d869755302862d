"""The pictures whose appearance is kept in ``baseline/``.

``python -m tests.plots.pictures`` draws all of them anew; look at every one that changed before it is committed.
"""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from PIL import Image

import bayesmix as bm
from bayesmix.engines.em import EMResult
from bayesmix.tree import build_tree
from bayesmix.tree.record import describe
from tests.simulated_trees import discrete_tree, permuted

BASELINE = Path(__file__).parent / "baseline"
DPI = 55
LONG_NAMES = [
    "a name of a column that says everything there is to say about it / mm",
    "Tiefe des Schnabels, gemessen am Ansatz / mm",
    r"flipper $\alpha$ <b>",
    "m",
]


@cache
def data(name: str) -> pd.DataFrame:
    if name == "faithful":
        return bm.datasets.load_faithful()
    if name == "galaxies":
        return bm.datasets.load_galaxies()
    penguins = bm.datasets.load_penguins().dropna(subset="body_mass_g")
    frame = penguins[["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]]
    if name == "long names":
        frame = frame.set_axis(LONG_NAMES, axis=1)
        frame.index = [f"penguin number {i} of the island Torgersen, seen by night" for i in range(len(frame))]
    return frame


@cache
def em(name: str, n_components: int) -> EMResult:
    return bm.Mixture(n_components).fit_em(data(name), random_seed=1)


@cache
def ten_groups() -> EMResult:
    """Ten groups that overlap, climbed from where they were simulated: no start decides."""
    made = bm.datasets.simulate(600, 2, 10, separation=2.0, random_seed=5)
    return bm.Mixture(10).fit_em(made.X, init=made.labels)


@cache
def tree(name: str, n_components: int) -> xr.DataTree:
    """Draws scattered around the EM estimate: no sampler, so that every machine has the same ones."""
    return around(em(name, n_components))


@cache
def switching(name: str, n_components: int) -> xr.DataTree:
    """The same, with labels that change in the middle of a chain, relabelled."""
    return bm.relabel(around(em(name, n_components), switch=True))


def around(point: EMResult, *, shape: tuple[int, int] = (2, 60), switch: bool = False) -> xr.DataTree:
    rng = np.random.default_rng(7)
    n_components, spread = point.n_components, 0.07
    weights = point.weights * np.exp(2 * spread * rng.normal(size=(*shape, n_components)))
    scales = np.sqrt(np.diagonal(point.params["covariances"], axis1=-2, axis2=-1))
    means = point.params["means"] + 2 * spread * scales * rng.normal(size=(*shape, *scales.shape))
    factors = np.exp(spread * rng.normal(size=(*shape, n_components, 1, 1)))
    posterior: dict[str, Any] = {
        "weights": weights / weights.sum(-1, keepdims=True),
        "means": means,
        "covariances": factors * point.params["covariances"],
    }
    if switch:
        moved = np.tile(np.arange(n_components), (*shape, 1))
        moved[0, shape[1] // 2 :] = np.roll(np.arange(n_components), 1)
        moved[1] = np.arange(n_components)[::-1]
        posterior = permuted(posterior, moved, shared=())
    return build_tree(
        family=point.family,
        rows=point.rows,
        posterior=posterior,
        record={"method": "nuts", "seed": 7, "mixture": describe(point.family, n_components, point.priors)},
        constant_data={"pivot": point.labels},
    )


def comparison_table() -> pd.DataFrame:
    """A table with everything that a picture of it must show."""
    keys = [(family, k) for family in ("gaussian-full", "gaussian-diag") for k in range(1, 6)]
    elpd = np.array([-1294.3, -1141.6, -1139.0, -1138.3, -1137.1, -1520.0, -1157.0, -1144.0, -1139.6, -1135.3])
    trusted = np.array([1, 1, 0, 0, 0, 1, 1, 1, 0, 0], dtype=bool)
    difference = np.where(trusted, elpd - elpd[1], np.nan)
    return pd.DataFrame(
        {
            "bic": [2607.6, 2322.2, 2324.2, 2341.0, 2356.5, 3055.8, 2346.1, 2332.5, 2332.3, 2346.1],
            "icl": [2607.6, 2322.7, 2351.4, 2447.8, 2411.4, 3055.8, 2346.2, 2345.7, 2399.8, 2447.8],
            "aic": [2589.6, 2282.5, 2262.9, 2258.1, 2252.0, 3041.4, 2313.6, 2282.0, 2263.8, 2259.6],
            "elpd_loo": elpd,
            "se_loo": [11.6, 17.0, 17.3, 17.1, 17.2, 12.0, 18.9, 17.5, 17.2, 16.9],
            "elpd_diff": difference,
            "dse": [14.7, 0.0, np.nan, np.nan, np.nan, 20.7, 6.6, 6.4, np.nan, np.nan],
            "elpd_waic": elpd + 0.1,
            "se_waic": [11.6, 17.0, 17.3, 17.1, 17.2, 12.0, 18.9, 17.5, 17.2, 16.9],
        },
        index=pd.MultiIndex.from_tuples(keys, names=["family", "n_components"]),
    )


@cache
def by_em(name: str) -> pd.DataFrame:
    """Point estimates side by side: BIC, ICL and AIC alone."""
    return bm.compare(data(name), range(1, 4), method="em", random_seed=1, progressbar=False).table


PICTURES: dict[str, Callable[[], Figure]] = {
    "density_galaxies": lambda: bm.plot_density(tree("galaxies", 3)),
    "density_faithful": lambda: bm.plot_density(tree("faithful", 2)),
    "density_penguins": lambda: bm.plot_density(tree("penguins", 3)),
    "density_counts": lambda: bm.plot_density(discrete_tree("count")),
    "density_items": lambda: bm.plot_density(discrete_tree("binary")),
    "density_levels": lambda: bm.plot_density(discrete_tree("categorical")),
    "density_one_group": lambda: bm.plot_density(tree("faithful", 1)),
    "density_point_estimate_six_groups": lambda: bm.plot_density(em("galaxies", 6)),
    "density_principal_components": lambda: bm.plot_density(tree("long names", 3), principal_components=2),
    "density_long_names": lambda: bm.plot_density(tree("long names", 3), principal_components=3),
    "density_ten_groups": lambda: bm.plot_density(around(ten_groups())),
    "uncertainty_ten_groups": lambda: bm.plot_uncertainty(around(ten_groups())),
    "labels_ten_groups": lambda: bm.plot_labels(around(ten_groups())),
    "responsibilities_galaxies": lambda: bm.plot_responsibilities(tree("galaxies", 3)),
    "responsibilities_six_groups": lambda: bm.plot_responsibilities(tree("faithful", 6)),
    "responsibilities_long_names": lambda: bm.plot_responsibilities(tree("long names", 3)),
    "similarity_galaxies": lambda: bm.plot_similarity(tree("galaxies", 6)),
    "uncertainty_galaxies": lambda: bm.plot_uncertainty(tree("galaxies", 6)),
    "uncertainty_faithful": lambda: bm.plot_uncertainty(tree("faithful", 3)),
    "uncertainty_levels": lambda: bm.plot_uncertainty(discrete_tree("categorical")),
    "uncertainty_penguins": lambda: bm.plot_uncertainty(tree("penguins", 3)),
    "labels_faithful": lambda: bm.plot_labels(switching("faithful", 2)),
    "labels_galaxies": lambda: bm.plot_labels(switching("galaxies", 3)),
    "labels_long_names": lambda: bm.plot_labels(switching("long names", 3)),
    "comparison": lambda: bm.plot_comparison(comparison_table()),
    "comparison_galaxies": lambda: bm.plot_comparison(by_em("galaxies")),
    "comparison_penguins": lambda: bm.plot_comparison(by_em("penguins")),
    "em_faithful": lambda: bm.plot_em(em("faithful", 3)),
    "em_one_group": lambda: bm.plot_em(em("galaxies", 1)),
    "em_penguins": lambda: bm.plot_em(em("penguins", 3)),
    "predictive_check_faithful": lambda: bm.plot_predictive_check(tree("faithful", 2)),
    "predictive_check_counts": lambda: bm.plot_predictive_check(discrete_tree("count")),
    "predictive_check_galaxies": lambda: bm.plot_predictive_check(tree("galaxies", 3), kind="ecdf"),
    "predictive_check_long_names": lambda: bm.plot_predictive_check(tree("long names", 3)),
}


def save(figure: Figure, path: Path) -> None:
    """Write a small PNG: few colours, no alpha."""
    stream = io.BytesIO()
    figure.savefig(stream, dpi=DPI)
    picture = Image.open(stream).convert("RGB")
    picture.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Draw the baselines anew."""
    import matplotlib.pyplot as plt

    matplotlib.use("Agg")
    BASELINE.mkdir(exist_ok=True)
    for old in BASELINE.glob("*.png"):
        old.unlink()
    for name, draw in PICTURES.items():
        save(draw(), BASELINE / f"{name}.png")
        plt.close("all")


if __name__ == "__main__":
    main()
