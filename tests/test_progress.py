import io
import re
import sys
import time

import pytest

from bayesmix.progress import progress


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
