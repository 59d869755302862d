"""What the legend of a density picture says."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesmix.plots.frame import ink
from bayesmix.plots.one_feature import BAND, HISTOGRAM
from bayesmix.plots.palette import MUTED, colour, dashes, marker
from bayesmix.plots.two_features import ELLIPSE
from bayesmix.posterior.margins import Marginal
from bayesmix.posterior.membership import UNSURE

_LONGEST_COLUMN = 17
_ENTRY, _WIDE_ENTRY = 1.15, 1.6  # inches of an entry


def density_handles(
    marginal: Marginal, n_features: int, ci_prob: float, contours: Sequence[float], *, unsure: bool
) -> list[Artist]:
    """Return the entries: the groups with their shares of the rows, then what the lines mean.

    Parameters
    ----------
    marginal : Marginal
    n_features : int
        1: curves over a histogram; 2: rows, contours and ellipses; more: both.
    ci_prob : float
    contours : sequence of float
    unsure : bool
        Whether some rows are drawn hollow.
    """
    handles: list[Artist] = [
        Line2D(
            [],
            [],
            color=colour(k),
            linestyle=dashes(k),
            marker=marker(k) if n_features > 1 else "none",
            markersize=5,
            linewidth=1.8,
            label=f"{marginal.group(k)}: {share:.0%}",
        )
        for k, share in zip(marginal.groups, marginal.shares.mean(axis=0), strict=False)
    ]
    handles += noise_handles(marginal)
    sampled = marginal.n_draws > 1
    if n_features != 2:
        handles += _of_curves(ci_prob, sampled=sampled)
    if n_features > 1:
        handles += _of_pairs(contours, named=marginal.named, sampled=sampled, unsure=unsure)
    return handles


def noise_handles(marginal: Marginal) -> list[Artist]:
    """Return the entry of rows that are noise, with their share of all; nothing where there are none."""
    if not marginal.family.has_noise:
        return []
    style = {"color": colour(-1), "linestyle": "none", "marker": marker(-1), "markersize": 4}
    return [Line2D([], [], label=f"noise: {float(marginal.params['noise_weight'].mean()):.0%}", **style)]


def ellipse_handle(*, width: float) -> Artist:
    """Return the entry of the groups' ellipses."""
    return _ring(size=12, width=width, label=f"{ELLIPSE:.0%} of a group")


def columns_below(figure: Figure, handles: Sequence[Artist]) -> int:
    """Return how many columns of entries fit below a picture."""
    return max(1, min(len(handles), int(figure.get_size_inches()[0] / _ENTRY)))


def legend_columns(handles: Sequence[Artist]) -> int:
    """Return how many columns the entries take: a second one rather than more than fit."""
    return 1 if len(handles) <= _LONGEST_COLUMN else 2


def add_legend_below(figure: Figure, ax: Axes | None, handles: Sequence[Artist], note: str = "") -> None:
    """Put the legend below the picture, what is not shown above it; into the user's axes where there are any."""
    if ax is not None:
        ax.legend(handles=list(handles), loc="best", title=note or None)
        return
    columns = max(1, int(figure.get_size_inches()[0] / _WIDE_ENTRY))
    figure.legend(handles=list(handles), loc="outside lower center", ncols=columns, title=note or None)


def _of_curves(ci_prob: float, *, sampled: bool) -> list[Artist]:
    rows = Patch(facecolor=MUTED, alpha=HISTOGRAM + 0.1, label="rows")
    predictive = Line2D([], [], color=ink(), linewidth=2, label="predictive density")
    if not sampled:
        return [rows, predictive]
    return [
        rows,
        predictive,
        Patch(facecolor=ink(), alpha=BAND, label=f"its {ci_prob:.0%} interval"),
    ]


def _of_pairs(contours: Sequence[float], *, named: bool, sampled: bool, unsure: bool) -> list[Artist]:
    shares = ", ".join(f"{100 * share:.3g}" for share in sorted(contours))
    lines = Line2D([], [], color=ink(), linewidth=0.8, label=f"{shares}% of the prediction")
    if not named:
        row = Line2D([], [], color=MUTED, alpha=0.5, linestyle="none", marker="o", markersize=4, label="rows")
        return [row, lines]
    handles: list[Artist] = [lines, ellipse_handle(width=2.0)]
    if sampled:
        handles.append(_ring(size=12, width=0.5, label="the same, single draws"))
    if unsure:
        handles.append(_ring(size=5, width=1.0, label=f"unsure rows (below {UNSURE:.0%})"))
    return handles


def _ring(*, size: float, width: float, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker="o",
        markerfacecolor="none",
        markeredgecolor=ink(),
        markeredgewidth=width,
        markersize=size,
        label=label,
    )
