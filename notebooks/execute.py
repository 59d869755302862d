"""Run the notebooks: ``uv run python -m notebooks.execute [NAME ...]`` writes each ``.ipynb`` from its ``.md``.

The text is the source, in Jupytext's MyST form; the ``.ipynb`` beside it has the same cells with what they print and
draw. ``tests/test_notebooks.py`` holds the two together, and runs the notebooks again.
"""

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).parent
LONGEST = 600  # seconds a cell: more than compiling and sampling take on a slow and busy processor


def names() -> list[str]:
    """Names of the notebooks, in their order."""
    return sorted(path.stem for path in HERE.glob("[0-9][0-9]-*.md"))


def written(name: str) -> NotebookNode:
    """The cells of a notebook's text, without outputs."""
    notebook = jupytext.read(HERE / f"{name}.md", fmt="md:myst")
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"  # Jupytext's are random: every run would change the file
    return notebook


def executed(name: str) -> NotebookNode:
    """The notebook with its outputs, from a fresh kernel in the notebooks' own folder."""
    notebook = written(name)
    client = NotebookClient(
        notebook,
        timeout=LONGEST,
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(HERE)}},
    )
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            # "<Figure size 640x480 ...>" says nothing beside the picture
            if "image/png" in output.get("data", {}):
                output.data.pop("text/plain", None)
    notebook.metadata.pop("widgets", None)
    return notebook


def write(name: str) -> None:
    """Run one notebook and put it, with its outputs, beside its text."""
    path = HERE / f"{name}.ipynb"
    new = path.with_suffix(".ipynb.new")
    nbformat.write(executed(name), new, version=4)
    new.replace(path)


if __name__ == "__main__":
    for name in sys.argv[1:] or names():
        begun = time.perf_counter()
        write(name)
        print(f"{name}.ipynb written in {time.perf_counter() - begun:.0f} s")
