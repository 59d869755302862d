"""Every public name has an example, which prints what it says and draws the picture of its page."""

import matplotlib
import pytest

from docs import examples


@pytest.mark.parametrize("name", examples.public_names())
def test_the_example_prints_what_it_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    otherwise = examples.run(name)
    assert otherwise == "", otherwise
    drawn = [path.name for path in tmp_path.glob("*.png")]
    assert drawn == ([examples.picture(name).name] if name.startswith("plot_") else [])
    assert all((examples.PICTURES / one).exists() for one in drawn)
