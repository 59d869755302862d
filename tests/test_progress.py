import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from itertools import count

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.progress import progress, turns


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("shown", [False, True])
def test_into_a_file_or_a_pipe_nothing_is_written_of_what_is_soon_done(capsys, shown):
    with progress(shown, 3) as report:
        report("EM starts", 1)
    assert capsys.readouterr() == ("", "")


def test_a_script_is_told_now_and_then_what_it_waits_for(capsys, monkeypatch):
    monkeypatch.setattr("bayesmix.progress._LONG", 0.01)
    lines = []
    with progress(True, 6) as report:
        report("gaussian-full 3", 2)
        report("gaussian-full 3: NUTS")
        while len(lines) < 2:  # nobody reports while a model is fitted
            time.sleep(0.01)
            lines += capsys.readouterr().err.splitlines()
    assert all(re.fullmatch(r"gaussian-full 3: NUTS \(2 of 6 done, \d+ s\)", line) for line in lines)
    assert capsys.readouterr().out == ""
    with progress(False, 6) as report:
        report("gaussian-full 3", 2)
        time.sleep(0.1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("total", [None, 3])
def test_a_terminal_shows_progress_on_standard_error_and_is_left_clean(monkeypatch, capsys, total):
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(True, total) as report:
        report("[bold]EM[/bold] starts", 1)
    written = terminal.getvalue()
    assert "[bold]EM[/bold] starts" in written
    # Up one line and erase it: what follows is written where the bar was.
    assert written.rstrip().endswith("\x1b[1A\x1b[2K")
    assert capsys.readouterr().out == ""


def test_progress_that_is_not_wanted_is_not_shown(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(False, 3) as report:
        report("EM starts", 1)
    assert terminal.getvalue() == ""


def test_an_error_passes_through(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())

    def interrupted():
        with progress(True, 2) as report:
            report("EM starts", 0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def watch(monkeypatch):
    """A terminal, and a clock that goes on by a second whenever it is read.

    No fixture: the capturing of pytest puts its own in the place of the terminal when a test begins.
    """
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    terminal, seconds = Terminal(), count()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("bayesmix.progress.monotonic", lambda: float(next(seconds)))
    return terminal


def test_what_waits_is_shown_after_two_seconds(monkeypatch):
    watched = watch(monkeypatch)
    with progress(None, 3) as report:
        report("first", 1)  # one second after the beginning
        assert watched.getvalue() == ""
        report("second", 2)
    assert "first" not in watched.getvalue()
    assert "second" in watched.getvalue()
    assert "0:00:02" in watched.getvalue()  # since the beginning of the work, and not of the display


@pytest.mark.parametrize("shown", [None, False])
def test_what_waits_says_nothing_where_nobody_watches(capsys, monkeypatch, shown):
    monkeypatch.setattr("bayesmix.progress._LONG", 0.01)
    monkeypatch.setattr("bayesmix.progress._PATIENCE", 0.0)
    with progress(shown) as report:
        report("EM starts")
        time.sleep(0.1)
    assert capsys.readouterr() == ("", "")


def test_what_ends_before_is_not_shown(monkeypatch):
    watched = watch(monkeypatch)
    with progress(None, 3) as report:
        report("first", 1)
    assert watched.getvalue() == ""


def test_a_long_loop_is_counted_beside_what_is_being_done(monkeypatch):
    watched = watch(monkeypatch)
    with progress(None) as report:
        report("EM starts")
        turn = turns("iteration")
        for number in range(1000, 1003):
            turn(number)
    assert "EM starts, iteration 1,002" in watched.getvalue()


def test_a_loop_counts_ten_times_a_second_at_most(monkeypatch):
    clock, told = [0.0], []
    monkeypatch.setattr("bayesmix.progress.monotonic", lambda: clock[0])
    turn = progress_module()._Current(lambda activity, done=None: told.append(activity)).turns("iteration")
    for number in range(1001):
        clock[0] = number / 1000
        turn(number)
    assert 9 <= len(told) <= 10


@pytest.mark.parametrize("outer", [True, None, False])
@pytest.mark.parametrize("inner", [True, None, False])
def test_inside_of_another_progress_there_is_no_display(monkeypatch, outer, inner):
    watched = watch(monkeypatch)
    with progress(outer) as report:
        report("outside")
        with progress(inner) as nested:
            for _ in range(5):
                nested("inside")
        for _ in range(5):
            report("outside")
    assert "inside" not in watched.getvalue()
    assert ("outside" in watched.getvalue()) == (outer is not False)


def test_one_display_for_all_threads(monkeypatch):
    """Each would move the cursor of the others."""
    watched = watch(monkeypatch)

    def work():
        with progress(True) as report:
            report("beside")

    with progress(True) as report:
        report("first")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert "beside" not in watched.getvalue()
    work()
    assert "beside" in watched.getvalue()


def overhear(monkeypatch):
    """All that a display is told; a real one is painted ten times a second, whatever it was told between."""
    told = []

    @contextmanager
    def display(total, since):
        yield lambda activity, done=None: told.append(activity)

    watch(monkeypatch)
    monkeypatch.setattr("bayesmix.progress._in_terminal", display)
    return told


def three_times():
    return np.tile(np.asarray(bm.datasets.load_faithful()), (3, 1))


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: bm.Mixture(2).fit_em(three_times(), n_init=2, random_seed=1), ["EM to the tops, iteration "]),
        (lambda: bm.Mixture(1).fit_em(three_times()), ["EM starts, iteration "]),
        (
            lambda: bm.Mixture(2).fit_laplace(three_times(), random_seed=1),
            [
                "EM, iteration ",
                "Laplace at the tops, gradient ",
                "Laplace at the tops, second derivatives, gradient ",
                "draws of the Gaussian, draw ",
                "the posterior",
            ],
        ),
        (
            lambda: bm.compare(three_times(), [1, 2], method="em", random_seed=1),
            ["gaussian-full mixture of 2: EM, iteration "],
        ),
    ],
    ids=["EM", "one climb", "Laplace", "compare"],
)
def test_long_work_is_not_silent(monkeypatch, work, said):
    told = overhear(monkeypatch)
    work()
    for beginning in said:
        assert any(activity.startswith(beginning) for activity in told)


def test_long_work_on_trees_is_not_silent(monkeypatch):
    told = overhear(monkeypatch)
    tree = bm.Mixture(2).fit_laplace(three_times(), random_seed=1, progressbar=False)
    assert told == []
    monkeypatch.setattr("bayesmix.tree.reading.MAX_VALUES", 1e5)
    rows = np.tile(three_times(), (60, 1))
    bm.loo(tree)
    bm.waic(tree)
    bm.responsibilities(tree, rows)
    bm.log_density(tree, rows)
    for beginning in ("LOO, row ", "WAIC, row ", "responsibilities, row ", "log density, row "):
        assert any(activity.startswith(beginning) for activity in told)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_real_terminal_sees_a_fit_that_lasts():
    """Two seconds of a real clock, of a climb that goes on until it is interrupted."""
    program = (
        "import bayesmix as bm, numpy as np\n"
        "X = np.random.default_rng(1).normal(size=(20_000, 2))\n"
        "bm.Mixture(2).fit_em(X, tol=0, max_iter=10**9, n_init=1)\n"
    )
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=theirs) as fit:
        try:
            os.close(theirs)
            until(ours, "EM starts, iteration ")
            fit.send_signal(signal.SIGINT)
            until(ours, "KeyboardInterrupt")
        finally:
            fit.kill()
            os.close(ours)


def until(terminal, words):
    """Read what is written to a terminal up to these words."""
    written = ""
    while words not in written:
        written += os.read(terminal, 4096).decode()


def progress_module():
    return sys.modules[progress.__module__]
