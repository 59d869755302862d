"""What is being waited for: bars in a terminal or a notebook, gone afterwards, and now and then a line in a script."""

import html
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, Protocol

# In a script nothing is said of work that is done sooner; lines then stand this part of the time that has passed apart.
_LONG = 10.0  # seconds
_APART = 0.25
_PATIENCE = 2.0  # seconds that nobody who watches minds
_BETWEEN = 0.1  # seconds between two things that a loop says
_SCREEN = threading.Lock()  # who holds it shows progress: there is one screen, whatever threads there are


class Report(Protocol):
    """Says what is being done now, and how much of it is finished."""

    def __call__(self, activity: str, done: float | None = None) -> None:
        """Show ``activity``, and ``done`` of the total; None leaves it as it was."""


class _Current:
    """What is being done, and where to say so; None where nobody is told."""

    def __init__(self, show: Report | None):
        self._show = show
        self._activity = ""

    def report(self, activity: str, done: float | None = None) -> None:
        self._activity = activity
        if self._show is not None:
            self._show(activity, done)

    def turns(self, what: str) -> Callable[[int], None]:
        show, last = self._show, monotonic()
        if show is None:
            return lambda number: None

        def turn(number: int) -> None:
            nonlocal last
            now = monotonic()
            if now - last >= _BETWEEN:
                last = now
                show(f"{self._activity}, {what} {number:,}" if self._activity else f"{what} {number:,}")

        return turn


# Of the outermost progress; what is inside it has no display of its own.
_CURRENT: ContextVar[_Current | None] = ContextVar("current progress", default=None)


def turns(what: str) -> Callable[[int], None]:
    """A function to call with the number of each turn of a long loop.

    It is told by the progress that is being shown, if any, beside what that says is being done; at most ten times a
    second.

    Parameters
    ----------
    what : str
        What the loop counts, such as ``"iteration"``.
    """
    current = _CURRENT.get()
    return (lambda number: None) if current is None else current.turns(what)


@contextmanager
def progress(shown: bool | None, total: float | None = None) -> Iterator[Report]:
    """Show progress while something lasts.

    Where standard error is no terminal, it is a line that says what is being done, after ten seconds and then at
    growing intervals. Nothing is written in a notebook that a program executes, whose stored outputs would keep it.
    Inside another progress, shown or not, nothing of its own is shown.

    Parameters
    ----------
    shown : bool or None
        True shows it at once; None at the first report after two seconds, and only where somebody watches; False shows
        nothing, whatever else is done inside.
    total : float, optional
        What ``done`` goes up to; without it there is no bar.

    Yields
    ------
    Report
    """
    if _CURRENT.get() is not None:
        yield lambda activity, done=None: None
        return
    with ExitStack() as opened:
        display = None if shown is False or (shown is None and not is_watched()) else _display(total)
        current = _Current(display and _shown_after(0.0 if shown else _PATIENCE, display, opened))
        before = _CURRENT.set(current)
        try:
            yield current.report
        finally:
            _CURRENT.reset(before)


def is_shown_or_silenced() -> bool:
    """Whether this runs inside of a progress, which has its own say on what is shown."""
    return _CURRENT.get() is not None


_Display = Callable[[float], AbstractContextManager[Report]]


def _display(total: float | None) -> _Display | None:
    """What opens a display, given the seconds since the work began; None where there is no place for one."""
    if in_notebook():
        return (lambda since: _in_notebook(total)) if _is_attended() else None
    if sys.stderr is None:
        return None
    return (lambda since: _in_terminal(total, since)) if in_terminal() else lambda since: _in_script(total, since)


def _shown_after(patience: float, display: _Display, opened: ExitStack) -> Report:
    """A report that opens the display when so many seconds are over and the screen is free."""
    began, show = monotonic(), None

    def report(activity: str, done: float | None = None) -> None:
        nonlocal show
        since = monotonic() - began
        if show is None and since >= patience and _SCREEN.acquire(blocking=False):
            opened.callback(_SCREEN.release)
            show = opened.enter_context(display(since))
        if show is not None:
            show(activity, done)

    return report


@contextmanager
def notices() -> Iterator[Callable[[str], None]]:
    """A function that says a sentence on standard error; in a notebook it is gone when this context ends.

    Yields
    ------
    callable
    """
    with ExitStack() as shown:

        def say(sentence: str) -> None:
            if in_notebook():
                if _is_attended():
                    shown.enter_context(_in_notebook(None))(sentence)
            elif sys.stderr is not None:
                # by this name, which a bar that is being shown has put itself in the place of
                print(sentence, file=sys.stderr)

        yield say


def in_notebook() -> bool:
    """Whether this is a kernel of Jupyter's."""
    return _kernel() is not None


def is_watched() -> bool:
    """Whether somebody sees what is shown: at a terminal, or in a notebook that no program executes."""
    return _is_attended() if in_notebook() else in_terminal()


def _kernel() -> Any:
    # Whoever runs in a kernel has imported IPython already.
    ipython = sys.modules.get("IPython")
    return None if ipython is None else getattr(ipython.get_ipython(), "kernel", None)


def in_terminal() -> bool:
    """Whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def _is_attended() -> bool:
    """Whether the one who runs the cell could answer a question, as a person can and a program cannot."""
    return bool(getattr(_kernel(), "_allow_stdin", True))


@contextmanager
def _in_terminal(total: float | None, since: float) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    activity = TextColumn("{task.description}", markup=False)
    measure = (SpinnerColumn(),) if total is None else (BarColumn(bar_width=20), MofNCompleteColumn())
    with Progress(activity, *measure, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        bar.tasks[task].start_time = bar.get_time() - since
        yield lambda activity, done=None: bar.update(task, description=activity, completed=done)


@contextmanager
def _in_script(total: float | None, since: float) -> Iterator[Report]:
    """Lines of their own, from a thread, since what lasts longest (compiling, sampling) reports least."""
    began, ended = monotonic() - since, threading.Event()
    doing, reached = "Working", 0.0

    def report(activity: str, done: float | None = None) -> None:
        nonlocal doing, reached
        doing, reached = activity, reached if done is None else done

    def tell() -> None:
        stretch = _LONG
        while not ended.wait(stretch):
            seconds = monotonic() - began
            print(f"{doing} ({_share(reached, total)}{seconds:.0f} s)", file=sys.stderr, flush=True)
            stretch = max(_LONG, _APART * seconds)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield report
    finally:
        ended.set()
        teller.join()


def _share(reached: float, total: float | None) -> str:
    if total is None:
        return ""
    return f"{reached:.0%}, " if total == 1 else f"{reached:g} of {total:g} done, "


@contextmanager
def _in_notebook(total: float | None) -> Iterator[Report]:
    """One output that is written over, and empty in the end: no widget, whose remains a saved notebook would keep."""
    from IPython.display import display

    handle: Any = display({"text/plain": ""}, raw=True, display_id=True)
    reached = 0.0

    def report(activity: str, done: float | None = None) -> None:
        nonlocal reached
        reached = reached if done is None else done
        bar = "" if total is None else f'<progress value="{reached:g}" max="{total:g}"></progress> '
        handle.update({"text/html": bar + html.escape(activity), "text/plain": activity}, raw=True)

    try:
        yield report
    finally:
        handle.update({}, raw=True)
