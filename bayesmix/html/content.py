"""What a report consists of, as plain data: the template knows nothing else."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text : str
    sort : float or str, optional
        By what its column is sorted; the text by default.
    group : int, optional
        The group that it names, whose colour it bears.
    """

    text: str
    sort: float | str | None = None
    group: int | None = None

    @property
    def sort_key(self) -> str:
        """The key as the page's script reads it."""
        return self.text if self.sort is None else str(self.sort)


@dataclass(frozen=True)
class Table:
    """A table; every column can be sorted by.

    Attributes
    ----------
    caption : str
    header : tuple of str
    rows : tuple of tuple of Cell
    n_labels : int
        So many cells at the start of a row name it.
    folded : bool
        Whether it is shown only when asked for.
    highlighted : frozenset of int
        Rows that stand out.
    words : bool
        Whether the last column holds sentences.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    n_labels: int = 1
    folded: bool = False
    highlighted: frozenset[int] = frozenset()
    words: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A matplotlib figure, which is drawn when it is asked for: Markdown does without.

    Attributes
    ----------
    draw : callable
        Returns the matplotlib figure.
    alt : str
        What it shows, for people who do not see it.
    caption : str
        How to read it.
    """

    draw: "Callable[[], Figure]"
    alt: str
    caption: str


@dataclass(frozen=True, eq=False)
class Section:
    """One part of the report; what is empty is left out.

    Attributes
    ----------
    sentences : tuple of str
        A list of points where ``listed``, else paragraphs.
    facts : tuple of (str, str)
        Names and values.
    pictures : tuple of Picture
    tables : tuple of Table
    code : str
    listed : bool
    parts : tuple of (str, Section)
        Headings and what they stand over, after everything else; these have no parts of their own.
    """

    sentences: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    code: str = ""
    listed: bool = False
    parts: tuple[tuple[str, "Section"], ...] = ()


@dataclass(frozen=True, eq=False)
class Answer:
    """What a reader wants to know first.

    Attributes
    ----------
    headline : str
        A few words, which are set large.
    points : tuple of (str, str)
        Questions, and replies in sentences.
    """

    headline: str
    points: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class ReportContent:
    """A report, in the order in which it is read.

    Attributes
    ----------
    title : str
    answer : Answer
    warnings : tuple of str
        Why the answer must not be relied on; empty where it may.
    groups, membership : Section
    choice : Section or None
        How the number of groups was chosen; None where it was given.
    trust, data, reproduction : Section
    """

    title: str
    answer: Answer
    warnings: tuple[str, ...]
    groups: Section
    membership: Section
    choice: Section | None
    trust: Section
    data: Section
    reproduction: Section

    @property
    def sections(self) -> tuple[tuple[str, str, Section], ...]:
        """Anchor, heading and content of every section there is."""
        parts = (
            ("groups", "The groups", self.groups),
            ("membership", "Who belongs where", self.membership),
            ("choice", "How the number of groups was chosen", self.choice),
            ("trust", "Can it be trusted?", self.trust),
            ("data", "The data", self.data),
            ("reproduction", "How to reproduce it", self.reproduction),
        )
        return tuple((anchor, head, part) for anchor, head, part in parts if part is not None)
