"""What a command was asked for, beside the model: how to answer, how to draw, where to write."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

# That a switch is off by default goes without saying.
NO_DEFAULT = Parameter(show_default=False)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Manner:
    """How the answer is given."""

    json: Annotated[bool, NO_DEFAULT] = False
    """Print the result as one JSON document, for machines."""
    quiet: Annotated[bool, Parameter(alias="-q", show_default=False)] = False
    """Say nothing on standard error but what went wrong."""

    def say(self, sentence: str) -> None:
        """Tell, on standard error, what is going on."""
        if not self.quiet:
            from bayesmix.cli.screen import say

            say(sentence)

    @contextmanager
    def telling_of_first_use(self) -> Iterator[None]:
        """While something lasts, tell where it compiles what this machine has never used."""
        from bayesmix.first_use import compiling_told_by

        with compiling_told_by(self.say):
            yield


@dataclass(frozen=True)
class Request:
    """A fit or a comparison that was asked for.

    Attributes
    ----------
    data : str
        What the rows are called.
    method : str
    seed : int
    outputs : tuple of Path
        Where to write, by suffix.
    manner : Manner
    """

    data: str
    method: str
    seed: int
    outputs: tuple[Path, ...]
    manner: Manner
