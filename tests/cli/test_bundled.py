"""``bayesmix data``: the bundled sets as files, and the README's commands as they stand."""

import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.entry import run
from tests.cli.commands import refused


@pytest.mark.parametrize("name", ["faithful", "galaxies", "penguins"])
def test_a_set_is_written_as_python_loads_it(name, capsys, folder):
    assert run(["data", name, "-o", "set.csv"]) == 0
    expected = getattr(bm.datasets, f"load_{name}")()
    pd.testing.assert_frame_equal(pd.read_csv("set.csv"), expected)
    assert f"{folder / 'set.csv'}: {len(expected)} rows of {', '.join(expected.columns)}." in capsys.readouterr().out


def test_without_a_name_the_sets_are_listed(capsys, folder):
    before = sorted(path.name for path in folder.iterdir())
    assert run(["data"]) == 0
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line]
    loaders = sorted(name.removeprefix("load_") for name in bm.datasets.__all__ if name.startswith("load_"))
    assert shown[: len(loaders)] == loaders
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_file_with_other_content_is_not_written_over(capsys, folder):
    (folder / "galaxies.csv").write_text("mine\n1\n")
    assert "is there already" in refused(capsys, "data", "galaxies")
    assert (folder / "galaxies.csv").read_text() == "mine\n1\n"
    assert run(["data", "galaxies", "-o", "other.csv"]) == 0
    assert run(["data", "galaxies", "-o", "other.csv"]) == 0  # the same again
    assert "Did you mean faithful?" in refused(capsys, "data", "faithfull")
    assert "must end in .csv" in refused(capsys, "data", "galaxies", "-o", "galaxies.txt")
