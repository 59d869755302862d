"""What the pictures look like, and that nothing in them lies on anything else."""

import itertools
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

import bayesmix as bm
from bayesmix.plots.palette import COLOURS, DASHES, FAINT, HATCHES, INK, MARKERS, MUTED, PAPER
from tests.plots.pictures import BASELINE, PICTURES, em, save, tree

# Root mean square over the pixels, of 255: rounding in a contour or a glyph stays far below it, and one line that is
# gone from a small picture far above (see the last test).
TOLERANCE = 2.0


@pytest.fixture(scope="module", params=sorted(PICTURES))
def drawn(request, tmp_path_factory):
    """The name of a picture, its file and the figure, drawn once."""
    name = request.param
    figure = PICTURES[name]()
    path = tmp_path_factory.mktemp("pictures") / f"{name}.png"
    save(figure, path)  # before anything else: the layout of a second drawing differs by a pixel here and there
    return name, path, figure


def test_the_picture_looks_as_it_did(drawn):
    name, path, _ = drawn
    difference = compare_images(BASELINE / path.name, path, TOLERANCE)
    assert difference is None, (
        f"{difference}\nIf {name} should look so: python -m tests.plots.pictures draws the baselines anew."
    )


def test_no_text_lies_on_another_or_leaves_the_figure(drawn):
    *_, figure = drawn
    boxes = dict(shown_texts(figure))
    assert boxes
    for (first, a), (second, b) in itertools.combinations(boxes.items(), 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width <= 0.5 or height <= 0.5, f"{first.get_text()!r} lies on {second.get_text()!r}"
    for text, box in boxes.items():
        inside = box.x0 >= -0.5 and box.y0 >= -0.5 and box.x1 <= figure.bbox.x1 + 0.5 and box.y1 <= figure.bbox.y1 + 0.5
        assert inside, f"{text.get_text()!r} leaves the figure"


def test_every_entry_of_a_legend_shows_what_it_speaks_of(drawn):
    *_, figure = drawn
    for legend in figure.legends:
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            if isinstance(handle, Line2D):
                assert handle.get_linestyle() != "None" or handle.get_marker() not in ("None", None, ""), (
                    text.get_text()
                )


def shown_texts(figure):
    """Texts with their boxes in pixels, without the labels of ticks outside the axes' limits."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    ticks = {}
    for ax in figure.axes:
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                within = min(limits) <= tick.get_loc() <= max(limits)
                ticks |= {label: within for label in (tick.label1, tick.label2)}
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and ticks.get(text, True):
            yield text, text.get_window_extent(renderer)


@pytest.mark.parametrize("name", [name for name in PICTURES if name.endswith(("galaxies", "faithful", "comparison"))])
def test_a_dark_page_can_exchange_every_colour(name, tmp_path):
    """The report's pages put their own colours in the place of the palette's; another colour would stay."""
    figure = PICTURES[name]()
    figure.savefig(tmp_path / "picture.svg")
    svg = (tmp_path / "picture.svg").read_text(encoding="utf-8")
    used = set(re.findall(r"#[0-9a-f]{6}\b", svg))
    # The veil of the intervals is white on any page, and black is what nothing is drawn in by default.
    assert used <= {*COLOURS, INK, MUTED, FAINT, PAPER, "#ffffff", "#000000"}


def test_the_baselines_are_small_and_none_is_left_over():
    files = list(BASELINE.iterdir())
    assert {file.name for file in files} == {f"{name}.png" for name in PICTURES}
    assert sum(file.stat().st_size for file in files) < 600_000


@pytest.mark.parametrize("removed", ["ellipse", "label", "colour"])
def test_a_picture_that_lacks_something_is_caught(removed, tmp_path):
    figure = bm.plot_density(tree("faithful", 2))
    (ax,) = figure.axes
    if removed == "ellipse":
        next(one for one in ax.patches if isinstance(one, Ellipse) and one.get_alpha() is None).remove()
    elif removed == "label":
        ax.set_xlabel("")
    else:
        for points in ax.collections:
            points.set_color(INK)
    save(figure, tmp_path / "picture.png")
    assert compare_images(BASELINE / "density_faithful.png", tmp_path / "picture.png", TOLERANCE) is not None


# Machado, Oliveira and Fernandes (2009), A physiologically-based model for simulation of color vision deficiency,
# IEEE Transactions on Visualization and Computer Graphics 15, severity 1, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_six_groups_can_be_told_apart_whatever_ones_colour_vision(deficiency):
    seen = [cie_lab(np.clip(np.array(DEFICIENCIES[deficiency]) @ linear(colour), 0, 1)) for colour in COLOURS[:6]]
    differences = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    # 2.3 is just noticeable side by side; points and lines stand apart.
    assert min(differences) > 4 * 2.3


def test_six_groups_can_be_told_apart_in_grey():
    assert len(set(MARKERS[:6])) == len(set(HATCHES[:6])) == 6
    assert len(set(DASHES)) == len(DASHES) == 5


def linear(colour: str) -> np.ndarray:
    encoded = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def cie_lab(rgb: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* under D65 from linear sRGB (IEC 61966-2-1)."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ rgb / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    "draw",
    [bm.plot_density, bm.plot_responsibilities, bm.plot_uncertainty, bm.plot_predictive_check, bm.plot_em],
)
@pytest.mark.parametrize("figsize", [(0, 3), (4,), "large", (float("inf"), 2)])
def test_a_size_that_is_none_is_refused(draw, figsize):
    with pytest.raises(ValueError, match="figsize must be two positive numbers"):
        draw(em("faithful", 2), figsize=figsize)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("draw", [bm.plot_density, bm.plot_responsibilities, bm.plot_uncertainty, bm.plot_labels])
def test_what_is_no_tree_is_refused(draw):
    with pytest.raises(TypeError, match=r"tree must be an xarray\.DataTree or an EMResult, not ndarray"):
        draw(np.zeros((3, 2)))
