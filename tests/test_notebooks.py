"""The notebooks: text and executed cells are the same, and running them again gives the results that are shown."""

import re
from itertools import zip_longest

import nbformat
import pytest

from notebooks import execute
from tests.printed import differences

# Tags of cells whose numbers hang on the very path of the draws, which differs from machine to machine; and whose words
# do, since they say which posteriors can be trusted.
NUMBERS_VARY, WORDS_VARY = "numbers-vary", "words-vary"
LARGEST = 1_000_000  # bytes


def committed(name):
    return nbformat.read(execute.HERE / f"{name}.ipynb", as_version=4)


def texts(cell):
    """What a cell prints and the value that it ends with, as text."""
    for output in cell.get("outputs", ()):
        yield output["text"] if output["output_type"] == "stream" else output["data"].get("text/plain", "")


def pictures(cell):
    return sum("image/png" in output.get("data", {}) for output in cell.get("outputs", ()))


def test_there_are_seven():
    assert [name[:2] for name in execute.names()] == [f"{number:02d}" for number in range(1, 8)]
    assert execute.names() == sorted(path.stem for path in execute.HERE.glob("*.ipynb"))


@pytest.mark.parametrize("name", execute.names())
def test_text_and_executed_notebook_have_the_same_cells(name):
    pairs = list(zip_longest(execute.written(name).cells, committed(name).cells))
    for text, run in pairs:
        assert (text.cell_type, text.source, text.metadata) == (run.cell_type, run.source, run.metadata)
    runs = [run for _, run in pairs if run.cell_type == "code"]
    assert [run.execution_count for run in runs] == list(range(1, len(runs) + 1))


@pytest.mark.parametrize("name", execute.names())
def test_what_is_committed_is_small_and_clean(name):
    path = execute.HERE / f"{name}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < LARGEST
    assert not re.search(r"\\u001b|\\r|/(home|root|tmp|Users)/|site-packages", text)
    for cell in committed(name).cells:
        for output in cell.get("outputs", ()):
            assert output["output_type"] in ("execute_result", "display_data") or output["name"] == "stdout"
        if pictures(cell):
            assert len(cell.metadata["mystnb"]["image"]["alt"]) > 20


@pytest.mark.gate
@pytest.mark.parametrize("name", execute.names())
def test_the_results_that_are_shown_still_come_out(name):
    for again, shown in zip(execute.executed(name).cells, committed(name).cells, strict=True):
        assert pictures(again) == pictures(shown)
        tags = shown.metadata.get("tags", ())
        printed, promised = ("\n".join(texts(cell)) for cell in (again, shown))
        if WORDS_VARY in tags:
            assert printed
        else:
            assert list(differences(printed, promised, numbers_vary=NUMBERS_VARY in tags)) == [], shown.source
