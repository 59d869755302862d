"""What a command was asked for, beside the model: how to answer, how to draw, where to write."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bayesmix.registry import ENGINES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

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
    def working(self) -> Iterator[None]:
        """Shelter the work, and tell where it compiles what this machine has never used."""
        from bayesmix.first_use import compiling_told_by
        from bayesmix.progress import progress
        from bayesmix.shelter import sheltered

        silence = progress(False) if self.quiet else nullcontext()
        with sheltered(), silence, compiling_told_by(self.say):
            yield


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Length:
    """How long the sampler runs."""

    draws: int | None = None
    """Posterior draws, of each chain (1000 by default)."""
    tune: int | None = None
    """NUTS: tuning steps of each chain (as many as the posterior asks for by default)."""
    chains: int | None = None
    """NUTS and Gibbs: chains (4 by default)."""

    def options(self, method: str) -> dict[str, int]:
        """The arguments of the fit that were given.

        Raises
        ------
        ValueError
            If one is below 1, or the method knows no such thing.
        """
        known = ENGINES[method].settings if method in ENGINES else ()
        given = {name: value for name, value in vars(self).items() if value is not None}
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"--{name} has no meaning with --method {method}: leave it out.")
            if value < 1:
                raise ValueError(f"--{name} must be at least 1, not {value}.")
        return given


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
    weights : array, optional
        How much each row counts.
    labels, groups : Series, optional
        The group of rows of which it is known, and which rows belong together.
    """

    data: str
    method: str
    seed: int
    outputs: tuple[Path, ...]
    manner: Manner
    weights: "np.ndarray | None" = None
    labels: "pd.Series | None" = None
    groups: "pd.Series | None" = None
