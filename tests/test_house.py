"""The house: who may import whom, what modules may be called, and that the front door is light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bayesmix

PACKAGE = Path(bayesmix.__file__).parent
# Bottom to top: a room imports only rooms that stand before it in this list.
ROOMS = (
    "version",
    "registry",
    "threads",
    "shelter",
    "seeds",
    "progress",
    "first_use",
    "vocabulary",
    "notebook",
    "replacing",
    "verdict",
    "data",
    "notes",
    "datasets",
    "passes",
    "priors",
    "density",
    "families",
    "tree",
    "problem",
    "pymc_model",
    "engines",
    "posterior",
    "mixture",
    "standing",
    "plots",
    "html",
    "comparison",
    "estimator",
    "cli",
)
# The front doors open every room, and no room may go through them.
DOORS = ("__init__", "__main__")
HEAVY = ("arviz", "dask", "jax", "matplotlib", "numba", "numpy", "pandas", "polars", "pymc", "pytensor", "scipy")
HEAVY += ("sklearn", "xarray", "nutpie", "rich", "cyclopts")


def modules() -> dict[str, Path]:
    """Dotted names below ``bayesmix``, without it, and their files."""
    named = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return named


MODULES = modules()
IN_ROOMS = {name: path for name, path in MODULES.items() if name not in DOORS}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported from bayesmix, at the top, lazily or for types only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.partition(".")[0] == "bayesmix":
                yield node.lineno, name.removeprefix("bayesmix").removeprefix(".")


def test_every_room_is_in_the_list():
    assert {name.partition(".")[0] for name in IN_ROOMS} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below(room):
    below = (room, *ROOMS[: ROOMS.index(room)])
    above = [
        f"bayesmix.{name}, line {line}, imports bayesmix.{imported}"
        for name, path in IN_ROOMS.items()
        for line, imported in imports(path)
        if name.partition(".")[0] == room and imported.partition(".")[0] not in below
    ]
    assert not above


def test_no_circle_of_modules():
    """Within a room too, an import leads to no module that leads back."""
    graph = {name: {module_of(i) for _, i in imports(path)} - {name} for name, path in IN_ROOMS.items()}
    done, path = set(), []

    def visit(name):
        if name in path:
            pytest.fail(" -> ".join([*path[path.index(name) :], name]))
        if name in done or name not in graph:
            return
        path.append(name)
        for imported in sorted(graph[name]):
            visit(imported)
        done.add(path.pop())

    for name in graph:
        visit(name)


def module_of(imported: str) -> str:
    """The module that an imported name is or lives in."""
    return imported if imported in MODULES else imported.rpartition(".")[0]


def test_no_module_bears_the_name_of_a_public_function():
    functions = {name for name in bayesmix.__all__ if name not in ("data", "datasets", "priors") and name.islower()}
    clashes = [name for name in MODULES if name.rpartition(".")[2] in functions]
    assert not clashes


def test_no_drawer_for_odds_and_ends():
    assert not [name for name in MODULES if name.rpartition(".")[2] in ("utils", "util", "helpers", "misc", "common")]


def test_every_public_name_opens():
    missing = [name for name in bayesmix.__all__ if not hasattr(bayesmix, name)]
    assert not missing


def test_importing_bayesmix_is_light():
    code = f"import sys, bayesmix; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.split() == []
