"""Progress for people who are watching: on standard error of a terminal, or in a notebook, and gone afterwards."""

import html
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol


class Report(Protocol):
    """Says what is being done now, and how much of it is finished."""

    def __call__(self, activity: str, done: float | None = None) -> None:
        """Show ``activity``, and ``done`` of the total; None leaves it as it was."""


@contextmanager
def progress(shown: bool, total: float | None = None) -> Iterator[Report]:
    """Show progress while something lasts.

    Nothing is written where nobody watches: into a file, a pipe, or a notebook that a program executes, whose stored
    outputs would keep it.

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
    elif shown and _is_terminal():
        with _in_terminal(total) as report:
            yield report
    else:
        with _nowhere() as report:
            yield report


@contextmanager
def notices() -> Iterator[Callable[[str], None]]:
    """A function that says a sentence where somebody watches; in a notebook it is gone when this context ends.

    Yields
    ------
    callable
    """
    with ExitStack() as shown:

        def say(sentence: str) -> None:
            if in_notebook():
                if _is_attended():
                    shown.enter_context(_in_notebook(None))(sentence)
            elif _is_terminal():
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


def _is_terminal() -> bool:
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
