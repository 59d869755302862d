"""Posterior predictive data beside the data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesmix.data import Column, Rows
from bayesmix.engines.em import EMResult
from bayesmix.plots.frame import bare_figure, checked_size, house_style, ink, shortened, shown_figure
from bayesmix.plots.palette import MUTED, colour
from bayesmix.plots.panels import bars_of_counts, bars_of_levels, grid, name_values, panels_of, shares_upwards
from bayesmix.plots.view import left_out, most_separating
from bayesmix.posterior.checks import prior_sets
from bayesmix.posterior.labels.judgement import heeded
from bayesmix.posterior.margins import evenly, marginal_of, positions_of
from bayesmix.posterior.predictive import replicated_sets, sample_predictive
from bayesmix.seeds import generator_of
from bayesmix.tree import SAMPLE_DIMS, family_of, training_rows
from bayesmix.vocabulary import named_arguments

KINDS = ("kde", "ecdf", "hist")
# Data sets drawn, as far as they hold no more numbers in all than the second figure, but at least the third.
_DATA_SETS = 50
_MOST_VALUES = 4_000_000
_FEWEST = 10
# Of more rows than this so many are drawn, and the data sets are as long: a curve needs no more.
_MOST_ROWS = 50_000
_MOST_FEATURES = 12
# Data sets that the prior makes, rows of each, and the share of its values that the axis must hold.
_PRIOR_SETS = 30
_PRIOR_ROWS = 100
_WITHIN = (0.1, 0.9)
# Replicated data sets have the colour of the model; the data are ink and dashed.
_REPLICATED = colour(4)


@named_arguments
def plot_predictive_check(
    tree: xr.DataTree | EMResult,
    *,
    features: str | Sequence[str] | None = None,
    kind: str | None = None,
    random_seed: Any = 0,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw data sets that the model makes beside the data, feature by feature.

    Where the data lie outside what the model makes, the model has missed something. Fifty data sets as long as the
    data are drawn (fewer if they are very long), each from one posterior draw, by ArviZ's ``plot_ppc_dist``. Of more
    than 50,000 rows so many are drawn, evenly over their order, and the data sets are as long.

    Of counts and levels: the share of each value in the data as a bar, and its shares in the data sets as points.

    Parameters
    ----------
    tree : xarray.DataTree or EMResult
        An EMResult makes all data sets from the one estimate.
    features : str or sequence of str, optional
        The features to show, by name; by default all, and of more than twelve the twelve that separate the
        groups best.
    kind : {"kde", "ecdf", "hist"}, optional
        Kernel density estimates (the default), cumulative distributions or histograms; of real numbers.
    random_seed : int, numpy.random.Generator, RandomState or SeedSequence, default 0
        The same seed gives the same picture.
    figsize : (float, float), optional
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When a feature or the kind is unknown, or a kind is given for counts or levels.

    References
    ----------
    Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies,
    Statistica Sinica 6.

    Examples
    --------
    >>> import bayesmix as bm
    >>> tree = bm.Mixture(2).fit_nuts(bm.datasets.load_faithful(), random_seed=1, progressbar=False)
    >>> figure = bm.plot_predictive_check(tree)
    >>> figure.savefig("api-plot_predictive_check.png")
    """
    tree = heeded(tree)
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}, not {kind!r}.")
    if kind is not None and "real" not in training_rows(tree).kinds:
        raise ValueError("kind is for real numbers; of counts and levels shares are drawn: leave it out.")
    chosen = _chosen(tree, features)
    figure = shown_figure(checked_size(figsize, _size(len(chosen))))
    rows = training_rows(tree)
    _draw(figure, _observed(tree), _replicated(tree, random_seed), rows, chosen, kind or KINDS[0])
    return _noted(figure, tree, chosen)


def draw_predictive_check(tree: xr.DataTree, features: Sequence[str] | None = None) -> Figure:
    """Return the picture of :func:`plot_predictive_check`, for a file: pyplot does not know it."""
    chosen = _chosen(tree, features)
    figure = bare_figure(_size(len(chosen)))
    rows = training_rows(tree)
    _draw(figure, _observed(tree), _replicated(tree, 0), rows, chosen, KINDS[0])
    return _noted(figure, tree, chosen)


def draw_prior_check(tree: xr.DataTree, features: Sequence[str] | None = None) -> Figure:
    """Draw data sets that the prior makes beside the data, for a file.

    Cumulative distributions: those of a wide prior have no height that a density could be compared with.
    """
    made = prior_sets(tree, _PRIOR_SETS, np.random.default_rng(0))
    drawn = np.array([values[:_PRIOR_ROWS] for values in made])
    rows = training_rows(tree)
    names = list(rows.features)
    replicated = _as_dataset(drawn[None], names)
    chosen = _chosen(tree, features)
    figure = bare_figure(_size(len(chosen)))
    # Of many rows the quantiles: a curve needs no more points.
    levels = np.linspace(0, 1, min(rows.n_rows, _PRIOR_ROWS))
    values = np.nanquantile(rows.values, levels, axis=0)
    observed = xr.Dataset({"x": (("obs", "feature"), values)}, coords={"feature": names})
    if _is_discrete(tree):
        _draw(figure, _observed(tree), replicated, rows, chosen, "ecdf", maker="prior")
        return _noted(figure, tree, chosen)
    observed = _observed(tree) if rows.mixed else observed
    axes = _draw(figure, observed, replicated, rows, chosen, "ecdf", maker="prior")
    for ax, j in zip(axes, chosen, strict=True):
        if rows.columns[j].kind != "real":
            continue
        # The sets in the middle of the prior, and the data: its far tails would flatten both.
        within = np.quantile(drawn[:, :, j], _WITHIN)
        ax.set_xlim(min(within[0], values[:, j].min()), max(within[1], values[:, j].max()))
    return _noted(figure, tree, chosen)


def _chosen(tree: xr.DataTree, features: str | Sequence[str] | None) -> list[int]:
    positions = positions_of(tree, features)
    if features is not None or len(positions) <= _MOST_FEATURES:
        return positions
    return most_separating(marginal_of(tree), _MOST_FEATURES)


def _noted(figure: Figure, tree: xr.DataTree, chosen: list[int]) -> Figure:
    """Say above the legend which features are shown, where not all are."""
    if len(chosen) < training_rows(tree).n_features:
        with house_style():
            figure.legends[0].set_title(left_out(chosen, marginal_of(tree)))
    return figure


def _is_discrete(tree: xr.DataTree) -> bool:
    return family_of(tree).measure == "probability"


def _size(n_features: int) -> tuple[float, float]:
    columns, rows = grid(n_features)
    return (8.6 if columns > 1 else 6.4), 2.5 * rows + 0.9


def _replicated(tree: xr.DataTree, random_seed: Any) -> xr.Dataset:
    """Return data sets from evenly spaced draws, as ``x (chain, draw, obs, feature)``."""
    rows, features = training_rows(tree), list(training_rows(tree).features)
    n_shown = min(rows.n_rows, _MOST_ROWS)
    wanted = int(np.clip(_MOST_VALUES // (n_shown * rows.n_features), _FEWEST, _DATA_SETS))
    if n_shown < rows.n_rows:
        made = replicated_sets(tree, wanted, generator_of(random_seed), n_shown)
        return _as_dataset(np.array(list(made))[None], features)
    sizes = tree["posterior"].to_dataset().sizes
    if sizes["chain"] * sizes["draw"] > 1:
        per_chain = max(1, round(wanted / sizes["chain"]))
        sample = sample_predictive(tree, draws=min(per_chain, sizes["draw"]), random_seed=random_seed)
        return sample["posterior_predictive"].to_dataset()
    new = sample_predictive(tree, wanted * rows.n_rows, random_seed=random_seed)["predictions"].to_dataset()
    return _as_dataset(new["x"].values.reshape(1, wanted, *rows.values.shape), features)


def _as_dataset(drawn: np.ndarray, features: list[str]) -> xr.Dataset:
    """Return data sets (1, S, N, D) with names."""
    return xr.Dataset(
        {"x": ((*SAMPLE_DIMS, "obs", "feature"), drawn)},
        coords={"chain": [0], "draw": np.arange(drawn.shape[1]), "feature": features},
    )


def _observed(tree: xr.DataTree) -> xr.Dataset:
    data = tree["observed_data"].to_dataset()[["x"]]
    missing = np.isnan(data["x"].values)
    if missing.any():  # of each column as many quantiles of what was seen: a panel shows the one column
        levels = np.linspace(0, 1, len(missing))
        data["x"] = (data["x"].dims, np.nanquantile(data["x"].values, levels, axis=0, method="inverted_cdf"))
    return data.isel(obs=evenly(data.sizes["obs"], _MOST_ROWS))


def _draw(
    figure: Figure,
    observed: xr.Dataset,
    replicated: xr.Dataset,
    rows: Rows,
    chosen: list[int],
    kind: str,
    *,
    maker: str = "model",
) -> Sequence[Axes]:
    observed, replicated = observed.isel(feature=chosen), replicated.isel(feature=chosen)
    shares = [rows.columns[j].kind != "real" for j in chosen]
    curves = [place for place, is_share in enumerate(shares) if not is_share]
    discrete = not curves
    n_sets = replicated.sizes["chain"] * replicated.sizes["draw"]
    with house_style():
        panels = panels_of(figure, len(chosen))
        if any(shares):
            made = replicated["x"].transpose(*SAMPLE_DIMS, "obs", "feature").values.reshape(n_sets, -1, len(chosen))
            for place, (ax, j) in enumerate(zip(panels, chosen, strict=True)):
                if shares[place]:
                    _draw_shares(ax, rows.columns[j], observed["x"].values[:, place], made[:, :, place])
        if curves:
            of_curves = observed.isel(feature=curves), replicated.isel(feature=curves)
            _draw_curves(figure, [panels[place] for place in curves], *of_curves, kind)
        height = "cumulative share" if kind == "ecdf" else "density"
        for place, (ax, j) in enumerate(zip(panels, chosen, strict=True)):
            ax.set_xlabel(shortened(rows.labels[j]))
            if place % grid(len(chosen))[0] == 0:
                ax.set_ylabel("share of the rows" if shares[place] else height)
        thinned = f" ({_MOST_ROWS:,} of {rows.n_rows:,} rows)" if maker == "model" and rows.n_rows > _MOST_ROWS else ""
        said = f"{n_sets} data sets that the {maker} makes"
        handles: list[Artist] = [
            Patch(facecolor=MUTED, alpha=0.3, label=f"the data{thinned}")
            if discrete
            else Line2D([], [], color=ink(), linewidth=1.8, linestyle=(0, (5, 1.5)), label=f"the data{thinned}"),
            Line2D([], [], color=_REPLICATED, linestyle="none", marker="_", markersize=9, label=said)
            if discrete
            else Line2D([], [], color=_REPLICATED, linewidth=1.2, label=said),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return panels


def _draw_curves(
    figure: Figure, panels: Sequence[Axes], observed: xr.Dataset, replicated: xr.Dataset, kind: str
) -> None:
    """Draw real numbers: a curve, or a histogram, for each data set."""
    import arviz as az

    # A name of its own for every panel: two long names can be shortened to the same.
    places = {"feature": np.arange(len(panels))}
    data = xr.DataTree.from_dict(
        {
            "/posterior_predictive": replicated.assign_coords(places),
            "/observed_data": observed.assign_coords(places),
        }
    )
    az.plot_ppc_dist(
        data,
        sample_dims=list(SAMPLE_DIMS),
        num_samples=replicated.sizes["chain"] * replicated.sizes["draw"],
        kind=kind,
        plot_collection=_collection(figure, panels, data["posterior_predictive"].to_dataset()),
        visuals={
            "predictive_dist": {"color": _REPLICATED, "alpha": 0.35, "width": 0.8},
            "observed_dist": {"color": ink(), "width": 1.8, "linestyle": (0, (5, 1.5))},
            "title": False,
            "remove_axis": False,
        },
    )
    if kind != "ecdf":
        for ax in panels:
            ax.set_yticks([])
            ax.set_ylim(bottom=0)


def _draw_shares(ax: Axes, column: Column, values: np.ndarray, made: np.ndarray) -> None:
    """Draw the share of each value in the data (N,), and in every data set (S, N) that the model makes."""
    starts, width = bars_of_counts(values) if column.kind == "count" else bars_of_levels(column)
    middle, edges = starts + (width - 1) / 2, np.append(starts, starts[-1] + width[-1])
    ax.bar(middle, np.histogram(values, edges)[0] / len(values), width=0.9 * width, color=MUTED, alpha=0.3)
    for one in made:
        shares = np.histogram(np.minimum(one, edges[-1] + 1), np.append(edges, np.inf))[0][:-1] / len(one)
        half = 0.3 * width
        ax.hlines(shares, middle - half, middle + half, color=_REPLICATED, alpha=0.35, linewidth=0.8)
    shares_upwards(ax)
    name_values(ax, column)


def _collection(figure: Figure, panels: Sequence[Axes], replicated: xr.Dataset) -> Any:
    """Return ArviZ's PlotCollection over axes of ours, so that the figure need not be pyplot's."""
    import arviz as az

    targets = np.empty(len(panels), dtype=object)
    targets[:] = list(panels)
    one_row = np.zeros(len(panels), dtype=int)
    drawn = xr.Dataset(
        {
            "figure": ((), np.array(figure, dtype=object)),
            "plot": ("feature", targets),
            "row_index": ("feature", one_row),
            "col_index": ("feature", np.arange(len(panels))),
        },
        coords={"feature": replicated["feature"].values},
    )
    return az.PlotCollection(
        replicated.stack(sample=SAMPLE_DIMS),
        xr.DataTree(drawn),
        aes={"overlay_ppc": ["sample"]},
        backend="matplotlib",
    )
