"""The hash of the code behind a figure: it changes with the code, and with nothing else."""

import ast

import pytest

from tests import fingerprint as made


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of three modules and a table, of which one is read by nobody."""
    texts = {
        "bayesmix/engines/em/__init__.py": '"""Room."""\nfrom bayesmix.engines.em.loop import climb\n',
        "bayesmix/engines/em/loop.py": "def climb(x):\n    return x + 1\n",
        "bayesmix/density/dense.py": "SIGN = 1\n",
        "bayesmix/html/page.py": "TITLE = 1\n",
        "tests/__init__.py": "",
        "tests/reference/mclust.py": "FILE = 1\n",
        "tests/reference/mclust.json": "{}\n",
        "tests/checks.py": (
            "import bayesmix as bm\nfrom tests.reference import mclust\nfrom bayesmix.html import page\n\n"
            'def findings():\n    """Words."""\n    return bm.EMResult\n\ndef test_it():\n    assert True\n'
        ),
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(made, "ROOT", tmp_path)
    for cached in (made.imports, made.words_of):
        cached.cache_clear()
    yield tmp_path
    for cached in (made.imports, made.words_of):
        cached.cache_clear()


def again(repository, name, old, new) -> str:
    """The fingerprint after a change in a file."""
    path = repository / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    for cached in (made.imports, made.words_of):
        cached.cache_clear()
    return made.fingerprint("tests.checks")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("bayesmix/engines/em/loop.py", "x + 1", "x + 2"),
        ("tests/checks.py", "return bm.EMResult", "return 2 * bm.EMResult"),
        ("tests/reference/mclust.json", "{}", "{1}"),
        ("tests/reference/mclust.py", "FILE = 1", "FILE = 2"),
    ],
)
def test_code_and_reference_values_count(repository, name, old, new):
    assert made.fingerprint("tests.checks") != again(repository, name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("bayesmix/engines/em/__init__.py", '"""Room."""', '"""A room."""'),
        ("bayesmix/engines/em/loop.py", "return x + 1", "return (x + 1)  # one more"),
        ("bayesmix/html/page.py", "TITLE = 1", "TITLE = 2"),
        ("bayesmix/density/dense.py", "SIGN = 1", "SIGN = -1"),
        ("tests/checks.py", '"""Words."""', '"""Other words."""'),
        ("tests/checks.py", "assert True", "assert 1"),
    ],
)
def test_words_and_what_is_not_imported_do_not(repository, name, old, new):
    assert made.fingerprint("tests.checks") == again(repository, name, old, new)


def test_modules_named_in_texts_are_found(repository):
    text = 'load = import_module\nload(f"bayesmix.density.{geometry}")\n'
    assert made.fingerprint("tests.checks") != again(
        repository, "bayesmix/engines/em/loop.py", "def climb", f"{text}def climb"
    )
    assert repository / "bayesmix/density/dense.py" in made.files_of("tests.checks")


def test_of_this_repository_every_statistical_room_is_behind_the_study_of_calibration():
    found = {path.relative_to(made.ROOT).as_posix() for path in made.files_of("tests.calibration.study")}
    wanted = {
        "passes/few_features.py",
        "families/gaussian/density/dense_conjugate.py",
        "engines/em/loop.py",
        "engines/nuts.py",
        "mixture.py",
    }
    assert {f"bayesmix/{name}" for name in wanted} | {"tests/calibration/replicate.py"} <= found
    assert not [name for name in found if name.startswith(("bayesmix/html", "bayesmix/plots", "bayesmix/cli"))]
    for path in made.files_of("tests.calibration.study"):
        if path.suffix == ".py":
            ast.parse(made.words_of(path))
