"""The folder in which every command runs."""

import pytest

import bayesmix as bm


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, with the data files that commands are given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    bm.datasets.load_faithful().to_csv("faithful.csv", index=False)
    bm.datasets.load_penguins().to_csv("penguins.csv", index=False)
    return tmp_path
