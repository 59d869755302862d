"""The code on the pages: run from top to bottom, page by page, and what it prints.

A ``python`` block is run; a ``text`` block right after it is what it prints. ``tests/test_docs.py`` compares the two,
and of a block with ``% numbers vary`` above it, whose numbers hang on the very path of the draws, the words alone.
``python -m docs.pages [PAGE ...]`` runs the pages and writes what was printed, and the pictures that the code saves,
in their places.
"""

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
# Code, and, where only blank lines are between, what it prints.
BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```$(?:\n\n(?P<vary>% numbers vary\n)?```text\n(?P<printed>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


def pages_with_code() -> list[str]:
    """Names of the pages that have code to run."""
    return sorted(path.stem for path in HERE.glob("*.md") if BLOCK.search(path.read_text(encoding="utf-8")))


def source(page: str) -> str:
    """The text of a page."""
    return (HERE / f"{page}.md").read_text(encoding="utf-8")


def run(page: str) -> Iterator[tuple[re.Match[str], str]]:
    """Run a page's code in the working folder; give each block and what it printed on standard output."""
    namespace: dict[str, object] = {"__name__": f"page_{page}"}
    text = source(page)
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start("code"))
        code = compile("\n" * line + block["code"], f"{page}.md", "exec")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, namespace)
        yield block, out.getvalue()


def write(page: str) -> None:
    """Run a page, and put what it printed and the pictures that it saved in their places."""
    text, end, parts = source(page), 0, []
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for block, printed in run(page):
                code = f"```python\n{block['code']}```"
                shown = "\n".join(line.rstrip() for line in printed.rstrip().splitlines())
                mark = block["vary"] or ""
                parts += [text[end : block.start()], f"{code}\n\n{mark}```text\n{shown}\n```" if shown else code]
                end = block.end()
        finally:
            os.chdir(before)
        PICTURES.mkdir(exist_ok=True)
        for picture in Path(folder).glob("*.png"):
            shutil.copy(picture, PICTURES / picture.name)
    path = HERE / f"{page}.md"
    new = path.with_suffix(".md.new")
    new.write_text("".join([*parts, text[end:]]), encoding="utf-8")
    new.replace(path)


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("agg")
    for name in sys.argv[1:] or pages_with_code():
        write(name)
        print(f"{name}.md written")
