"""The command ``data``: small real data sets as files that the other commands read."""

import difflib
from importlib.resources import files
from pathlib import Path

from bayesmix.cli.outputs import check_outputs
from bayesmix.replacing import written_whole


def show_sets() -> None:
    """Print the names of the sets, and what they are."""
    from bayesmix import datasets

    for name in _names():
        about = getattr(datasets, f"load_{name}").__doc__.partition("\n")[0]
        print(f"{name:<12}{about}")
    print("\nbayesmix data NAME writes one as a .csv file.")


def write_set(name: str, output: Path | None) -> None:
    """Write a set as it came, and say where it is.

    Raises
    ------
    ValueError
        If there is no such set, or a file with other content stands there already.
    """
    if name not in _names():
        near = difflib.get_close_matches(name, _names(), n=1)
        meant = f"Did you mean {near[0]}?" if near else f"There are {', '.join(_names())}."
        raise ValueError(f"no data set is called {name!r}. {meant}")
    path = Path(f"{name}.csv") if output is None else output
    check_outputs([path], (".csv",))
    content = (files("bayesmix.datasets") / f"{name}.csv").read_bytes()
    if path.exists() and path.read_bytes() != content:
        raise ValueError(f"{path} is there already, with other content: give another name with --output.")
    with written_whole(path) as new:
        new.write_bytes(content)
    n_rows = content.count(b"\n") - 1
    columns = content.partition(b"\n")[0].decode().strip().replace('"', "").replace(",", ", ")
    print(f"{path.resolve()}: {n_rows} rows of {columns}.")


def _names() -> list[str]:
    there = (file.name for file in files("bayesmix.datasets").iterdir())
    return sorted(name.removesuffix(".csv") for name in there if name.endswith(".csv"))
