"""Columns of several kinds, each in a panel of its own: densities of numbers, bars of counts and levels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import xarray as xr
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from bayesmix.plots.discrete import Discrete, draw_panel, handles_of
from bayesmix.plots.frame import shortened
from bayesmix.plots.legend import add_legend_below, density_handles
from bayesmix.plots.one_feature import draw_one_feature
from bayesmix.plots.panels import grid, panels_of
from bayesmix.plots.view import left_out, most_separating
from bayesmix.posterior.margins import marginal_of, positions_of
from bayesmix.tree import training_rows

_MOST_PANELS = 9
_LONGEST_NAME = 22


@dataclass(frozen=True, eq=False)
class Mixed:
    """Columns as a picture shows them: of each kind the panels that it has alone."""

    discrete: Discrete

    @property
    def positions(self) -> list[int]:
        """The columns that are shown."""
        return [j for panel in self.discrete.panels for j in panel]

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height of the picture."""
        return 8.6, 0.9 + 2.6 * grid(len(self.positions))[1]

    @property
    def needs(self) -> str:
        """See :func:`bayesmix.plots.frame.figure_of`."""
        return f"{len(self.positions)} features need a panel each: choose one"

    def alone(self, j: int) -> Discrete:
        """One column."""
        return replace(self.discrete, panels=([j],))


def mixed_of(
    tree: xr.DataTree, features: str | Sequence[str] | None = None, principal_components: int | None = None
) -> Mixed | None:
    """Choose the columns, by default those that separate the groups best; None where all are of one kind.

    Raises
    ------
    ValueError
        When a name is unknown, or principal components are asked for.
    """
    rows, chosen = training_rows(tree), positions_of(tree, features)
    if len({rows.columns[j].kind for j in chosen}) == 1:
        return None
    if principal_components is not None:
        raise ValueError(
            "principal_components is for real numbers, and these columns are of several kinds: choose features= "
            "instead."
        )
    marginal = marginal_of(tree)
    if features is None:
        chosen = most_separating(marginal, _MOST_PANELS)
    return Mixed(Discrete(rows, marginal, tuple([j] for j in chosen), left_out(chosen, marginal), apart=True))


def draw_mixed(figure: Figure, picture: Mixed, ci_prob: float) -> None:
    """Draw every panel."""
    discrete = picture.discrete
    rows, marginal, handles = discrete.rows, discrete.marginal, {}
    for ax, j in zip(panels_of(figure, len(picture.positions)), picture.positions, strict=True):
        if rows.columns[j].kind == "real":
            draw_one_feature(ax, rows.values[:, j], None, marginal.of([j]), ci_prob)
            ax.set_xlabel(shortened(rows.labels[j], _LONGEST_NAME))
            ax.set_yticks([])
            told = density_handles(marginal, 1, ci_prob, (), unsure=False)
        else:
            draw_panel(ax, picture.alone(j), [j], ci_prob)
            told = handles_of(picture.alone(j), ci_prob)
        handles = {str(handle.get_label()): handle for handle in told} | handles
    add_legend_below(figure, None, _groups_first(handles), discrete.note)


def _groups_first(handles: dict[str, Artist]) -> list[Artist]:
    return [handles[label] for label in sorted(handles, key=lambda label: (not label.startswith("group "), label))]
