import io
import sys

import pytest

import bayesmix as bm
from bayesmix.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_into_a_file_or_a_pipe_nothing_is_written(capsys):
    bm.Mixture(2).fit_em(bm.datasets.load_faithful(), n_init=2, random_seed=1, progressbar=True)
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
