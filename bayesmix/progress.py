"""What is being waited for: bars in a terminal or a notebook, gone afterwards, and now and then a line in a script."""

import html
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

# In a script nothing is said of work that is done sooner; lines then stand this part of the time that has passed apart.
_LONG = 10.0  # seconds
_APART = 0.25


class Report(Protocol):
    """Says what is being done now, and how much of it is finished."""

    def __call__(self, activity: str, done: float | None = None) -> None:
        """Show ``activity``, and ``done`` of the total; None leaves it as it was."""


@contextmanager
def progress(shown: bool, total: float | None = None) -> Iterator[Report]:
    """Show progress while something lasts.

    Where standard error is no terminal, it is a line that says what is being done, after ten seconds and then at
    growing intervals. Nothing is written in a notebook that a program executes, whose stored outputs would keep it.

    Parameters
    ----------
    shown : bool
        False shows nothing anywhere.
    total : float, optional
        What ``done`` goes up to; without it there is no bar.

    Yields
    ------
    Report
    """
    if shown and in_notebook():
        with _in_notebook(total) if _is_attended() else _nowhere() as report:
            yield report
    elif shown and sys.stderr is not None:
        with _in_terminal(total) if in_terminal() else _in_script(total) as report:
            yield report
    else:
        with _nowhere() as report:
            yield report


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
def _nowhere() -> Iterator[Report]:
    yield lambda activity, done=None: None


@contextmanager
def _in_terminal(total: float | None) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    activity = TextColumn("{task.description}", markup=False)
    measure = (SpinnerColumn(),) if total is None else (BarColumn(bar_width=20), MofNCompleteColumn())
    with Progress(activity, *measure, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda activity, done=None: bar.update(task, description=activity, completed=done)


@contextmanager
def _in_script(total: float | None) -> Iterator[Report]:
    """Lines of their own, from a thread, since what lasts longest (compiling, sampling) reports least."""
    began, ended = time.monotonic(), threading.Event()
    doing, reached = "Working", 0.0

    def report(activity: str, done: float | None = None) -> None:
        nonlocal doing, reached
        doing, reached = activity, reached if done is None else done

    def tell() -> None:
        stretch = _LONG
        while not ended.wait(stretch):
            seconds = time.monotonic() - began
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
