"""Progress over the models of a sweep, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(shown: bool, total: int) -> Iterator[Callable[[str], Callable[[str], None]]]:
    """A function to call at the start of each model; it gives one to call at each stage."""
    if not shown:
        yield lambda model: lambda stage: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    # elsewhere than on a screen a bar would leave blank lines
    with Progress(
        *columns, console=console, transient=True, disable=not (console.is_terminal or console.is_jupyter)
    ) as bar:
        task = bar.add_task("", total=total)
        begun = 0

        def advance(model: str) -> Callable[[str], None]:
            nonlocal begun
            bar.update(task, description=model, completed=begun)
            begun += 1
            return lambda stage: bar.update(task, description=f"{model}: {stage}")

        yield advance
