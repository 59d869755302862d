"""Markdown reports, read back by another implementation of Markdown."""

import pytest
from markdown_it import MarkdownIt

import bayesmix as bm
from bayesmix.html.content import Answer, Cell, ReportContent, Section, Table
from bayesmix.html.markdown import render_markdown
from bayesmix.html.reports import content_of_tree

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b",
    "*bold*",
    "`tick`",
    "_x_",
    "a_b",
    "[l](u)",
    "1. one",
    "# head",
    "\\",
    "&lt;",
)


def content(**parts) -> ReportContent:
    """A report that is empty but for the parts that are given."""
    names = ("groups", "membership", "trust", "data", "reproduction")
    sections = {name: Section() for name in names}
    return ReportContent(**{"title": "T", "answer": Answer("A"), "warnings": (), "choice": None, **sections, **parts})


def read(text: str) -> list:
    """The tokens of Markdown, as GitHub's flavour has them."""
    return MarkdownIt("gfm-like", {"linkify": False}).parse(text)


def inline(tokens, kind: str) -> list[str]:
    """What a reader sees inside every element of one kind."""
    return [seen(tokens[i + 1]) for i, token in enumerate(tokens) if token.type == f"{kind}_open"]


def seen(token) -> str:
    """The text of an inline token, which holds no mark and no HTML but emphasis."""
    kinds = {child.type for child in token.children}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close", "em_open", "em_close", "softbreak"}
    return "".join(child.content for child in token.children)


def test_hostile_strings_stay_text():
    table = Table(HOSTILE[0], ("feature", *HOSTILE), (tuple(Cell(text) for text in ("x", *HOSTILE)),))
    facts = tuple((text, text) for text in HOSTILE)
    answer = Answer(HOSTILE[0], tuple(zip(HOSTILE, HOSTILE, strict=True)))
    section = Section(sentences=HOSTILE, facts=facts, tables=(table,), listed=True)
    tokens = read(
        render_markdown(
            content(
                title=HOSTILE[0],
                answer=answer,
                warnings=HOSTILE[:1],
                data=section,
            )
        )
    )
    assert inline(tokens, "h1") == []
    assert inline(tokens, "heading")[0] == HOSTILE[0]
    assert inline(tokens, "th") == ["feature", *HOSTILE]
    assert inline(tokens, "td") == ["x", *HOSTILE]
    points = [seen(tokens[i + 2]) for i, token in enumerate(tokens) if token.type == "list_item_open"]
    asked = [f"{text} {text}" for text in HOSTILE]
    assert points == [*asked, *HOSTILE, *(f"{text}: {text}" for text in HOSTILE)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_sentence_stays_a_paragraph(text):
    tokens = read(render_markdown(content(data=Section(sentences=(text,)))))
    headings = inline(tokens, "heading")
    assert headings[0] == "T"
    assert len(headings) == 6
    assert inline(tokens, "paragraph") == ["A", text]


def test_code_with_fences_is_one_block():
    code = 'print("""\n```\n# no heading\n""")'
    tokens = read(render_markdown(content(reproduction=Section(code=code))))
    assert [token.content for token in tokens if token.type == "fence"] == [code + "\n"]


def test_parts_have_headings_of_their_own():
    part = Section(sentences=("# within",), facts=(("a", "b"),))
    tokens = read(render_markdown(content(trust=Section(sentences=("Before.",), parts=(("1. Checks", part),)))))
    at = [(token.tag, seen(tokens[i + 1])) for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert at[-4:-1] == [("h2", "Can it be trusted?"), ("h3", "1. Checks"), ("h2", "The data")]
    assert "# within" in inline(tokens, "paragraph")


def test_a_comparison_tells_everything_that_the_table_has(tmp_path):
    X = bm.datasets.load_faithful()
    comparison = bm.compare(X, range(1, 3), method="em", random_seed=1, progressbar=False)
    text = comparison.to_markdown(tmp_path / "c.md")
    assert (tmp_path / "c.md").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["c.md"]
    tokens = read(text)
    assert inline(tokens, "paragraph")[0] == "Probably 2 groups"
    assert comparison.advice[0] in inline(tokens, "paragraph")
    cells = inline(tokens, "td")
    for bic in comparison.table["bic"]:
        assert f"{bic:,.1f}" in cells
    assert [token.content for token in tokens if token.type == "fence"] == [comparison.code + "\n"]
    headings = inline(tokens, "heading")
    assert headings[1] == "The groups"
    assert headings[-2:] == ["How to reproduce it", "Words used here"]
    checks = dict(content_of_tree(comparison.tree_to_show()).trust.parts)
    assert len(checks) == 2
    assert set(checks) <= set(headings)
    for part in checks.values():
        for row in part.tables[0].rows:
            assert row[-1].text in cells


def test_a_fit_is_told_by_the_suffix(tmp_path):
    em = bm.Mixture(2).fit_em(bm.datasets.load_faithful(), random_seed=1)
    assert bm.report(em, tmp_path / "fit.md") == tmp_path / "fit.md"
    tokens = read((tmp_path / "fit.md").read_text(encoding="utf-8"))
    assert inline(tokens, "heading")[0].startswith("Groups in 272 rows")
    with pytest.raises(ValueError, match=r"\.html or \.md"):
        bm.report(em, tmp_path / "fit.txt")
