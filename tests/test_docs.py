"""The pages: their code runs and prints what they say, and their links lead somewhere."""

import ast
import json
import re
from pathlib import Path
from unittest import mock

import matplotlib
import pytest

import bayesmix
from bayesmix.registry import FAMILIES
from docs import age, calibration, evidence, pages
from docs.sections import AT_EVERY_CHANGE, IN_PART, SECTIONS
from tests.fingerprint import fingerprint
from tests.printed import differences

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ALL = sorted(DOCS.glob("*.md"))
# PyMC compiles and samples a model on this page, for a minute and more.
COMPILING = ("from-pymc",)
# What stands in one column of a grid, and the code in it that a reader would copy.
COLUMN = re.compile(r"^::::\{grid-item\}\n(.*?)^::::$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```(?:\{code-block\} )?(?:python|r)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"https?://[^\s)>\]\"'`]+")
# Pages that are linked for what they are, and not cited.
PLACES = ("https://docs.astral.sh/uv/",)


def parameters():
    names = pages.pages_with_code()
    return [pytest.param(name, marks=pytest.mark.slow) if name in COMPILING else name for name in names]


@pytest.mark.gate
@pytest.mark.parametrize("page", parameters())
def test_code_prints_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    with mock.patch.dict(FAMILIES):  # a page may add one
        for block, printed in pages.run(page):
            found = list(differences(printed, block["printed"] or "", numbers_vary=bool(block["vary"])))
            assert not found, block["code"]
    drawn = {picture.name for picture in tmp_path.glob("*.png")}
    assert all((pages.PICTURES / name).exists() for name in drawn)


def test_every_picture_is_drawn_by_code_that_is_shown():
    sources = {page: pages.source(page) for page in pages.pages_with_code()}
    of_examples = set(pages.PICTURES.glob("api-*.png"))  # drawn by docs/examples.py
    for picture in set(pages.PICTURES.glob("*.png")) - of_examples - {calibration.PICTURE}:
        assert any(f'savefig("{picture.name}"' in text for text in sources.values()), picture.name


def test_code_side_by_side_is_not_cut():
    """A column holds 48 characters on a page 1280 pixels wide, between both sidebars."""
    columns = [column for path in ALL for column in COLUMN.findall(path.read_text(encoding="utf-8"))]
    lines = [line for column in columns for code in CODE.findall(column) for line in code.splitlines()]
    assert len(lines) > 50
    assert [line for line in lines if len(line) > 48] == []


def test_every_picture_has_its_card_in_the_gallery():
    from docs import examples

    gallery = (DOCS / "gallery.md").read_text(encoding="utf-8")
    drawn = [name for name in examples.public_names() if name.startswith("plot_")]
    assert len(drawn) > 5
    for name in drawn:
        assert f":img-top: pictures/{examples.picture(name).name}" in gallery
        assert f":link: api/bayesmix.{name}\n" in gallery


def runs():
    return json.loads(evidence.RUNS.read_text(encoding="utf-8"))


@pytest.mark.gate
def test_the_page_of_evidence_says_what_was_found():
    """Where its words or the study of calibration have changed, ``python -m docs.evidence --page`` writes it anew."""
    assert evidence.PAGE.read_text(encoding="utf-8") == evidence.page_text(runs()), "python -m docs.evidence --page"
    assert calibration.PICTURE.exists()


def test_every_module_with_findings_is_on_the_page_of_evidence():
    door = re.compile(rf"^def ({'|'.join(evidence.DOORS)})\(", re.MULTILINE)
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "tests").rglob("*.py")
        if door.search(path.read_text(encoding="utf-8"))
    }
    assert modules == {name for section in SECTIONS for name in section.modules}
    assert set(runs()) == set(evidence.MODULES)


@pytest.mark.parametrize("section", [one for one in SECTIONS if one.modules], ids=lambda one: one.title)
def test_the_page_says_what_is_tested_on_demand_only(section):
    """Where a test of a section's modules is marked slow, the page says so, with the command that runs it."""
    paths = [ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in section.modules]
    slow = any("mark.slow" in path.read_text(encoding="utf-8") for path in paths)
    on_demand = slow or section.body is not None  # the study of calibration has a command of its own
    assert section.tested == (IN_PART if on_demand else AT_EVERY_CHANGE)
    assert any("slow or not slow" in command for command in section.commands) == slow


def test_figures_of_other_code_are_named(tmp_path, monkeypatch):
    """On the built pages, and by ``python -m docs.age``."""
    now = {"tests.stress.test_em": {"code": fingerprint("tests.stress.test_em")}}
    written = tmp_path / "docs" / "evidence.json"
    written.parent.mkdir()
    monkeypatch.setattr(age, "HERE", written.parent)
    written.write_text(json.dumps(now))
    assert age.older(["evidence"]) == ([], 1)
    assert age.sentence(["evidence"]) == "All figures are of the code as it stands."
    written.write_text(json.dumps(now | {"tests.laws.test_units": {"code": "0123456789ab"}}))
    assert age.older(["evidence"]) == (["tests.laws.test_units"], 2)
    assert "some of these figures were made: tests.laws.test_units." in age.sentence(["evidence"])
    written.write_text(json.dumps({"tests.laws.test_units": {}}))
    assert age.sentence(["evidence"]) == "The code has changed since these figures were made."


@pytest.mark.gate
def test_the_figures_that_are_kept_say_of_which_code_they_are():
    assert evidence.run("tests.engines.em.test_mclust")["code"] == fingerprint("tests.engines.em.test_mclust")
    names = {kind: [name for name, *_ in each()] for kind, each in age.FIGURES.items()}
    assert names["evidence"] == list(evidence.MODULES)
    assert all(names.values())


def test_nothing_on_the_page_of_evidence_is_on_the_wrong_side_of_its_limit():
    found = runs()
    for section in SECTIONS:
        for line in [] if section.body else evidence.lines_of(section, found):
            assert (line["figure"] > line["allowed"]) == section.planted, line


def test_every_block_of_code_is_run_or_said_not_to_be():
    """A fence that the runner would pass over is no fence."""
    for path in ALL:
        text = path.read_text(encoding="utf-8")
        assert text.count("```python") == len(pages.BLOCK.findall(text)), path.name


def test_every_public_name_is_in_the_reference():
    reference = (DOCS / "api.rst").read_text(encoding="utf-8").split()
    public = [
        f"bayesmix.{name}" for name in bayesmix.__all__ if name not in ("__version__", "data", "datasets", "priors")
    ]
    public.append("bayesmix.data.open")
    for room in (bayesmix.priors, bayesmix.datasets):
        public += [f"{room.__name__}.{name}" for name in room.__all__]
    assert not [name for name in public if name not in reference]


def test_every_command_is_on_the_page_of_the_command_line():
    from bayesmix.cli.commands import app

    shown = set(re.findall(r"^```\{command-help\} ?(\w*)$", (DOCS / "command-line.md").read_text(), re.MULTILINE))
    assert shown == {"", *(name for name in app if not name.startswith("-"))}


def cited() -> set[str]:
    """Addresses in the one list of references."""
    return set(LINK.findall((DOCS / "references.md").read_text(encoding="utf-8")))


def texts():
    """Every page, and every docstring of the package."""
    for path in ALL:
        yield path.name, path.read_text(encoding="utf-8")
    for path in (ROOT / "bayesmix").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                yield path.name, ast.get_docstring(node) or ""


def test_links_that_leave_the_site_are_in_the_list_of_references():
    """Links within the site are checked by Sphinx, for which one that leads nowhere is an error."""
    known = cited() | set(PLACES)
    strange = {
        (name, link.rstrip(".,;"))
        for name, text in texts()
        for link in LINK.findall(text)
        if link.rstrip(".,;") not in known
    }
    assert not strange


def test_references_are_well_formed_and_each_is_there_once():
    text = (DOCS / "references.md").read_text(encoding="utf-8")
    keys = re.findall(r"^\(ref-(\w+)\)=$", text, flags=re.MULTILINE)
    assert len(keys) == len(set(keys)) > 20
    links = LINK.findall(text)
    assert len(links) == len(set(links))
    for link in links:
        if "doi.org" in link:
            assert re.fullmatch(r"https://doi\.org/10\.\d{4,9}/[\w.()/:-]+", link), link
        else:
            assert re.fullmatch(r"https://(jmlr\.org|proceedings\.mlr\.press|arxiv\.org)/[\w./-]+", link), link
    named = {key for path in ALL for key in re.findall(r"\]\(#ref-(\w+)\)", path.read_text(encoding="utf-8"))}
    assert named <= set(keys)
