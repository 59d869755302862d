import errno
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from bayesmix.html.content import Answer, Cell, Picture, ReportContent, Section, Table
from bayesmix.html.page import render, write_html
from bayesmix.html.vector import to_svg
from bayesmix.plots.palette import INK, PAPER
from tests.html.pages import Page


def empty_content(**changes) -> ReportContent:
    nothing = Section()
    content = ReportContent(
        title="Title",
        answer=Answer("Answer."),
        warnings=(),
        data=nothing,
        groups=nothing,
        membership=nothing,
        choice=None,
        trust=nothing,
        reproduction=nothing,
    )
    return replace(content, **changes)


def a_figure(label: str = "x") -> Figure:
    figure = Figure(figsize=(3, 2), facecolor=PAPER)
    ax = figure.add_subplot(facecolor=PAPER)
    ax.plot([0, 1], [0, 1], color=INK)
    ax.set_xlabel(label, color=INK, parse_math=False)
    return figure


def test_the_file_is_replaced_whole(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_html(empty_content(), path) == path
    assert Page(path.read_text(encoding="utf-8")).texts("h1") == ["Title"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(source, target):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match=r"report\.html cannot be written: .*/output error"):
        write_html(empty_content(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_paths_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.html, not 'report\.pdf'"):
        write_html(empty_content(), tmp_path / "report.pdf")
    with pytest.raises(FileNotFoundError, match="create it first"):
        write_html(empty_content(), tmp_path / "absent" / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_two_pictures_share_no_ids():
    pictures = tuple(Picture(a_figure, "alternative text", "caption") for _ in range(2))
    page = Page(render(empty_content(groups=Section(pictures=pictures))))
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert page.mistakes == []


def test_pictures_take_the_colours_of_the_page():
    svg = to_svg(a_figure(), "alt", "one")
    assert INK not in svg
    assert PAPER not in svg
    assert "var(--ink)" in svg
    assert "var(--paper)" in svg


def test_every_colour_of_a_picture_is_defined_for_light_dark_and_print():
    text = render(empty_content())
    style = text[text.index("<style>") : text.index("</style>")]
    assert style.count("--ink:") == style.count("--paper:") == 3
    for number in range(9):
        assert style.count(f"--group-{number}:") == 3


def test_the_same_figure_is_the_same_text():
    assert to_svg(a_figure(), "alt", "one") == to_svg(a_figure(), "alt", "one")


def test_text_in_pictures_is_text_in_any_script():
    svg = to_svg(a_figure("高さ <i> & $x$"), 'a "quoted" <alt>', "one")
    page = Page(svg)
    assert "高さ <i> & $x$" in page.texts("text")
    assert page.all("svg")[0]["aria-label"] == 'a "quoted" <alt>'
    assert not page.all("i")


def test_the_users_settings_are_left_alone():
    before = matplotlib.rcParams.copy()
    to_svg(a_figure(), "alt", "one")
    assert matplotlib.rcParams == before


def test_tables_show_what_they_are_given():
    table = Table(
        caption="Numbers <of> things",
        header=("name", "value", "note"),
        rows=(
            (Cell("a"), Cell("2.0", 2.0), Cell("says")),
            (Cell("b"), Cell("–", np.nan), Cell("")),
        ),
        highlighted=frozenset({1}),
        words=True,
    )
    folded = replace(table, folded=True, caption="More")
    page = Page(render(empty_content(data=Section(tables=(table, folded)))))
    assert page.texts("span") == ["Numbers <of> things", "More"]
    assert page.texts("summary") == ["More"]
    assert [cell["data-sort"] for cell in page.all("td")][:4] == ["2.0", "says", "nan", ""]
    assert page.texts("td")[:4] == ["2.0", "says", "–", ""]
    rows = [attributes.get("class") for attributes in page.all("tr")]
    assert rows == [None, None, "highlighted"] * 2


def test_what_is_empty_is_left_out():
    page = Page(render(empty_content()))
    for tag in ("table", "svg", "dl", "pre", "figure"):
        assert page.all(tag) == []
    assert len(page.all("ul")) == 1  # the list of sections
    assert "How the number of groups was chosen" not in page.texts("h2")
    warned = Page(render(empty_content(warnings=("Two answers.",))))
    assert warned.texts("h2")[0] == "Do not rely on these numbers yet"
    assert "Two answers." in warned.texts("p")


def test_sentences_are_points_where_they_are_listed():
    sentences = Section(sentences=("One.", "Two."), listed=True, facts=(("rows", "3"),), code="a < b")
    page = Page(render(empty_content(trust=sentences)))
    assert page.texts("li")[-2:] == ["One.", "Two."]
    assert (page.texts("dt"), page.texts("dd")) == (["rows"], ["3"])
    assert page.texts("code") == ["a < b"]
