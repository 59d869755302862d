"""A full or failing disk, and processes killed in the middle: old or new whole, one sentence, and nothing beside it."""

import errno
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pandas as pd
import pytest

import bayesmix as bm
from bayesmix.cli.outputs import write_frame
from bayesmix.replacing import put_aside, written_whole
from bayesmix.tree import record_of
from tests.simulated_trees import simulated_tree

OF_UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither such signals nor such limits")


def write_all(folder):
    """What each writer raises; to die here is to fail."""
    tree = simulated_tree(n_rows=400)
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 4)))
    raised = {}
    for name, write in {
        "fit.nc": lambda path: bm.save(tree, path),
        "fit.zarr": lambda path: bm.save(tree, path),
        "fit.html": lambda path: bm.report(tree, path),
        "fit.md": lambda path: bm.report(tree, path),
        "fit.csv": lambda path: write_frame(frame, path),
        "fit.parquet": lambda path: write_frame(frame, path),
    }.items():
        with pytest.raises(OSError, match="cannot be written") as caught:
            write(folder / name)
        raised[name] = caught.value
    gc.collect()  # which closes what HDF5 left open
    return raised


@pytest.mark.gate
@OF_UNIX
def test_every_writer_survives_a_write_that_fails(tmp_path):
    import resource

    (tmp_path / "fit.csv").write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        raised = write_all(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    for name, error in raised.items():
        kept = " What was there is untouched." if name == "fit.csv" else ""
        assert str(error) == f"{tmp_path / name} cannot be written: {os.strerror(errno.EFBIG)}.{kept}"
        assert error.errno == errno.EFBIG
    assert (tmp_path / "fit.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["fit.csv"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB that is full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk; the limit on the size of a file stands for it")
    (folder / "full").write_bytes(bytes(1 << 20))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.gate
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk")
def test_every_writer_survives_a_full_disk(small_disk):
    for name, error in write_all(small_disk).items():
        assert str(error).startswith(f"{small_disk / name} cannot be written: {os.strerror(errno.ENOSPC)} (")
        assert str(error).endswith(f"{small_disk} has 0 bytes free). Make room or choose another folder.")
        assert ("are needed" in str(error)) == (name in ("fit.nc", "fit.html", "fit.md"))
    assert [path.name for path in small_disk.iterdir()] == ["full"]


def run_until_killed(code, path):
    """Run code that kills itself."""
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(path)], capture_output=True, timeout=100)
    assert ended.returncode in (-signal.SIGKILL, -signal.SIGTERM), ended.stderr


KILLED_WHILE_WRITING = """
    import os, signal, sys
    from pathlib import Path
    from bayesmix.replacing import written_whole
    with written_whole(Path(sys.argv[1])) as new:
        new.write_text("half")
        os.kill(os.getpid(), signal.{signal})
"""


@OF_UNIX
@pytest.mark.parametrize("by", ["SIGKILL", "SIGTERM"])
def test_what_a_killed_process_left_is_cleared_away_by_the_next_one(tmp_path, by):
    path, other = tmp_path / "fit.nc", tmp_path / ".fit.nc.mine.part"
    path.write_text("old")
    other.write_text("not ours")
    run_until_killed(KILLED_WHILE_WRITING.replace("{signal}", by), path)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 3
    with written_whole(path) as new:
        new.write_text("new")
    assert path.read_text() == "new"
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, other.name}


KILLED_BETWEEN_TWO_RENAMES = """
    import os, signal, sys
    from pathlib import Path
    from bayesmix.replacing import written_whole
    replace, path = os.replace, sys.argv[1]
    def dying(source, target):
        if str(target) == path:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
    os.replace = dying
    with written_whole(Path(path)) as new:
        new.mkdir()
"""


@OF_UNIX
def test_a_folder_that_was_put_aside_is_named_and_comes_back(tmp_path):
    path = bm.save(simulated_tree(seed=5), tmp_path / "fit.zarr")
    run_until_killed(KILLED_BETWEEN_TWO_RENAMES, path)
    with pytest.raises(FileNotFoundError, match=r"fit\.zarr does not exist\. A save that was killed put .* aside, in "):
        bm.load(path)
    assert put_aside(path) is not None
    # A write that fails has not lost it either.
    with pytest.raises(ZeroDivisionError), written_whole(path):
        raise ZeroDivisionError
    assert record_of(bm.load(path))["seed"] == 5
    assert list(tmp_path.iterdir()) == [path]


@OF_UNIX
def test_what_another_process_is_writing_is_left_to_it(tmp_path):
    path = tmp_path / "fit.csv"
    begun, may_end = threading.Event(), threading.Event()

    def slow():
        with written_whole(path) as new:
            new.write_text("slow")
            begun.set()
            may_end.wait(60)

    other = threading.Thread(target=slow)
    other.start()
    assert begun.wait(60)
    with written_whole(path) as new:
        new.write_text("fast")
    assert path.read_text() == "fast"
    may_end.set()
    other.join()
    assert path.read_text() == "slow"
    assert list(tmp_path.iterdir()) == [path]
