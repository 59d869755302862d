"""The first use on a machine: what compiles says so, once; what loads from the cache says nothing."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numba.core import event

from bayesmix import first_use
from bayesmix.families.gaussian import fused
from bayesmix.first_use import SENTENCE, compiling_shown, compiling_told_by
from bayesmix.passes import blocks
from bayesmix.progress import progress
from tests.test_progress import Terminal

USE = """
import numpy as np
from bayesmix.first_use import compiling_told_by
from bayesmix.passes import blocks
for _ in range(2):
    with compiling_told_by(print):
        print(blocks.no_nan(np.zeros(3)))
        blocks.fill(np.zeros(3), 1.0)
"""


def test_the_process_that_compiles_says_so_and_later_ones_do_not(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", USE]
    first, second = (subprocess.check_output(command, env=environment, text=True).splitlines() for _ in range(2))
    assert first == [SENTENCE, "True", "True"]
    assert second == ["True", "True"]


@pytest.fixture
def new_process(monkeypatch):
    """A process in which nothing was compiled yet."""
    monkeypatch.setattr(first_use._Compiling, "reported", False)


def compile_a_kernel():
    """What Numba tells when it does not find a kernel in its cache."""
    with event.trigger_event("numba:compile", data={"dispatcher": blocks.fill}):
        pass


def test_what_every_process_compiles_is_no_first_use(new_process):
    said = []
    with compiling_told_by(said.append):
        offsets = np.empty(1)
        assert fused.fill_offsets(offsets, np.zeros(1), np.ones((1, 1)))
    assert offsets == -fused.HALF_LOG_TWO_PI
    assert fused.fill_offsets.stats.cache_misses
    assert said == []


@pytest.mark.parametrize("bar", [False, True])
def test_a_terminal_keeps_the_sentence(new_process, monkeypatch, bar):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with compiling_shown(True), progress(bar, 3) as report:
        report("EM starts", 1)
        compile_a_kernel()
        compile_a_kernel()
    assert terminal.getvalue().count(SENTENCE) == 1
    # on a line of its own, which no bar erases
    [line] = [line for line in terminal.getvalue().splitlines() if SENTENCE in line]
    assert line.rpartition("\r")[2].removeprefix("\x1b[2K").removesuffix("\x1b[0m") == SENTENCE


@pytest.mark.parametrize("shown", [False, True])
def test_a_script_is_told_on_standard_error_if_it_asks_for_progress(new_process, capsys, shown):
    with compiling_shown(shown):
        compile_a_kernel()
    assert capsys.readouterr() == ("", f"{SENTENCE}\n" if shown else "")


def test_a_fit_listens_only_while_it_lasts(new_process):
    said = []
    with compiling_told_by(said.append):
        pass
    compile_a_kernel()
    assert said == []
