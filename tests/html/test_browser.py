"""The report in a real browser: nothing fails or leaves the page, and mouse, keyboard, eyes and ears can use it."""

import re
import subprocess

import pytest

from bayesmix.html.page import write_html
from bayesmix.html.reports import content_of_comparison, content_of_tree
from tests.html.browser import Browser
from tests.html.contents import HOSTILE, comparison_table, hostile_em, hostile_table
from tests.programs import find
from tests.simulated_trees import simulated_tree

KINDS = ["comparison", "fit", "hostile"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    tree = simulated_tree(n_features=2, n_components=2, separation=3.0)
    advice = ("2 groups: LOO prefers 2.", "The posterior of 3 groups cannot be trusted.")
    hostile = {"table": hostile_table(), "advice": HOSTILE, "code": HOSTILE[0], "title": HOSTILE[0]}
    contents = {
        "comparison": content_of_comparison(tree, table=comparison_table(), advice=advice),
        "fit": content_of_tree(simulated_tree("diag", n_features=3)),
        "hostile": content_of_comparison(hostile_em().to_tree(), **hostile),
    }
    return {name: write_html(content, folder / f"{name}.html") for name, content in contents.items()}


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.mark.gate
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_fails_and_nothing_leaves_the_page(browser, files, kind):
    browser.open(files[kind])
    assert browser.complaints == []
    # pictures of many cells are in the page itself, as data
    assert [one for one in browser.requests if not one.startswith("data:")] == [files[kind].as_uri()]
    # The policy is in force: what a page of ours never tries, it could not do.
    blocked = "fetch('https://example.org').then(() => 'sent', () => 'refused')"
    assert browser.evaluate(blocked) == "refused"
    assert any("Content Security Policy" in complaint for complaint in browser.complaints)


def test_hostile_strings_stay_text(browser, files):
    browser.open(files["hostile"])
    assert browser.evaluate("document.querySelectorAll('img, b, script:not(:last-of-type)').length") == 0
    seen = browser.evaluate("document.body.innerText")
    assert all(text in seen for text in HOSTILE)
    assert browser.evaluate("document.title") == HOSTILE[0]


MODELS = "section[aria-labelledby=choice] table"


def column(browser, number: int) -> list[str]:
    rows = f"[...document.querySelector('{MODELS}').tBodies[0].rows]"
    return browser.evaluate(f"{rows}.map((row) => row.cells[{number}].dataset.sort)")


def sorts(browser) -> list[str | None]:
    cells = f"[...document.querySelector('{MODELS}').tHead.rows[0].cells]"
    return browser.evaluate(f"{cells}.map((cell) => cell.getAttribute('aria-sort'))")


def test_tables_sort_by_a_click(browser, files):
    browser.open(files["comparison"])
    given = column(browser, 2)
    assert [float(value) for value in given] == [2628, 2322, 2335]
    browser.click(f"{MODELS} thead th:nth-child(3) button")
    assert [float(value) for value in column(browser, 2)] == [2322, 2335, 2628]
    assert sorts(browser)[:4] == [None, None, "ascending", None]
    browser.click(f"{MODELS} thead th:nth-child(3) button")
    assert [float(value) for value in column(browser, 2)] == [2628, 2335, 2322]
    assert sorts(browser)[2] == "descending"
    # What is no number comes last, up or down: the difference of a LOO that is not trusted.
    for _ in range(2):
        browser.click(f"{MODELS} thead th:nth-child(7) button")
        assert column(browser, 6)[-1] == "nan"
    assert sorts(browser)[2] is None


@pytest.mark.parametrize("key", ["Enter", " "])
def test_tables_sort_by_the_keyboard(browser, files, key):
    browser.open(files["comparison"])
    browser.press("Tab")
    focused = "document.activeElement"
    assert browser.evaluate(f"{focused}.className") == "skip"
    assert browser.evaluate(f"{focused}.getBoundingClientRect().x") >= 0
    wanted = f"{focused} === document.querySelectorAll('{MODELS} thead button')[2]"
    for _ in range(200):
        browser.press("Tab")
        if browser.evaluate(wanted):
            break
    assert browser.evaluate(wanted)
    assert browser.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"
    browser.press(key)
    assert [float(value) for value in column(browser, 2)] == [2322, 2335, 2628]
    assert browser.evaluate(wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_and_tables_have_names_for_ears(browser, files, kind):
    browser.open(files[kind])
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    names: dict[str, list[str]] = {}
    for node in nodes:
        if not node["ignored"]:
            names.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    pictures = names.get("image", []) + names.get("img", []) + names.get("SvgRoot", [])
    assert len(pictures) == browser.evaluate("document.querySelectorAll('figure').length") >= 4
    assert all(len(name) > 40 for name in pictures)
    assert all(names["table"])
    assert all(names["button"])
    assert {"main", "navigation"} <= set(names)


# The least contrast of a text with what lies behind it, by the formula of WCAG 2.
CONTRAST = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (c) => c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || ['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const colour = rgba(element instanceof SVGElement ? style.fill : style.color);
    const [low, high] = [light(colour), light(behind(element))].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), element.tagName + ': ' + element.textContent.slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0]);
})()"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", ["comparison", "fit"])
def test_every_text_can_be_read(browser, files, kind, dark):
    """WCAG 2 AA asks for 4.5 to 1."""
    browser.open(files[kind], dark=dark)
    assert (browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)") != dark
    found = browser.evaluate(CONTRAST)
    assert len(found) > 100
    assert found[0][0] >= 4.5, found[:5]


@pytest.mark.parametrize("kind", KINDS)
def test_a_narrow_page_does_not_scroll_sideways(browser, files, kind):
    browser.open(files[kind], width=400)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 400


def test_it_prints(browser, files, tmp_path):
    browser.open(files["comparison"], dark=True)
    browser.print(tmp_path / "report.pdf")
    program = find("pdftotext")
    text = subprocess.run(
        [program, "-layout", tmp_path / "report.pdf", "-"], check=True, capture_output=True, text=True
    ).stdout
    words = re.sub(r"\s+", " ", text)
    for said in ("2 groups: LOO prefers 2.", "The groups", "Can it be trusted?", "import bayesmix as bm", "p (larger)"):
        assert said in words
    assert "[−1,139.5 (15.5)]" in words
    assert text.count("\f") >= 3  # a page ends with it
