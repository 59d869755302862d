"""The README's code runs, and prints what the README says it prints."""

import re
import shlex
from pathlib import Path

import matplotlib
import pytest

from tests.printed import differences

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of the README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.gate
def test_code_prints_what_is_promised(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    [code], [promised] = blocks("python"), blocks("text")
    exec(compile(code, "README.md", "exec"), {})
    assert list(differences(capsys.readouterr().out, promised)) == []
    assert (tmp_path / "penguins.html").stat().st_size > 10_000
    assert (tmp_path / "penguins.nc").exists()


@pytest.mark.gate
def test_commands_can_be_typed_as_they_stand(capsys, tmp_path, monkeypatch):
    from bayesmix.cli.entry import run

    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("bayesmix ")]
    assert {shlex.split(line)[1] for line in lines} == {"data", "compare", "fit", "predict"}
    for line in lines:
        assert run(shlex.split(line)[1:]) == 0, line
    written = {shlex.split(line)[-1] for line in lines if "--output" in line}
    assert written == {"report.html", "fit.nc", "labels.csv"}
    assert all((tmp_path / name).stat().st_size > 1000 for name in written)


def test_files_it_points_to_are_there():
    root = Path(__file__).parent.parent
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets
    assert not [target for target in targets if not (root / target).exists()]
