"""Sees from the beginning of a text how it is written: its letters, what stands between columns, decimals, names."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bayesmix.cli.reading.origin import SAMPLE, Origin
from bayesmix.cli.source import Source

_OWN = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_SEPARATORS = (",", "\t", ";", "|")
_WORDS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces", "|": "bars"}
_RECORDS = 200  # that are looked at
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Layout:
    """How a text is written.

    Attributes
    ----------
    encoding : str
    separator : str
        A space stands for any run of blanks.
    decimal : str
    header : tuple of str or None
        The first record, where it holds names.
    width : int
        Fields of the first record of data; of the header where there is none.
    """

    encoding: str
    separator: str
    decimal: str
    header: tuple[str, ...] | None
    width: int


def examine(origin: Origin, source: Source, say: Callable[[str], None]) -> Layout:
    """See how a text is written, and say what its suffix and the options do not.

    Raises
    ------
    ValueError
        If its letters cannot be read, or its numbers can be read in two ways.
    """
    encoding = source.encoding or _encoding(origin)
    lines = _decoded(origin, encoding)
    own, asked = _OWN.get(origin.suffix), source.mark("separator")
    separator = asked or _separator(lines, own)
    if asked is None and separator != (own or ","):
        say(f"{origin.name}: {_WORDS[separator]} between the columns.")
    records = list(_records(io.StringIO(lines, newline=""), separator))
    if not records:
        raise ValueError(f"{origin.name} is empty.")
    header = None if source.no_header else tuple(name.strip() for name in records[0])
    data = records if header is None else records[1:]
    decimal = source.mark("decimal") or _decimal(origin, data, separator, source, say)
    return Layout(encoding, separator, decimal, header, len(data[0]) if data else len(records[0]))


def is_number(text: str) -> bool:
    """Whether a cell is a number, with a decimal point."""
    return _NUMBER.fullmatch(text.strip()) is not None


def line_of(origin: Origin, layout: Layout, row: int) -> int:
    """The line of the file on which a row of data (from 0) begins; cells may hold line ends, and lines be empty."""
    with origin.open() as file:
        text = io.TextIOWrapper(file, encoding=layout.encoding, newline="")
        wanted = row + (layout.header is not None)
        reader = _reader(text, layout.separator)
        before = 0
        for record in reader:
            if record:
                if wanted == 0:
                    return before + 1
                wanted -= 1
            before = reader.line_num
    return before


def _encoding(origin: Origin) -> str:
    for mark, encoding in _BOMS.items():
        if origin.head.startswith(mark):
            return encoding
    zeros = [origin.head[start::2].count(0) / len(origin.head[start::2] or b"x") for start in (0, 1)]
    if max(zeros) > 0.4 and min(zeros) < 0.1:
        remedy = f"--encoding utf-16-{'be' if zeros[0] > zeros[1] else 'le'}"
        raise ValueError(f"{origin.name} seems to be written in UTF-16 without a mark of it: add {remedy}.")
    if b"\0" in origin.head:
        raise ValueError(f"{origin.name} is no table of text: it holds zero bytes. Export it as .csv.")
    return "utf-8"


def _decoded(origin: Origin, encoding: str) -> str:
    """The beginning as text; of a long one without its last line, which may be cut."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(origin.head, final=len(origin.head) < SAMPLE)
    except LookupError as error:
        raise ValueError(f"--encoding {encoding!r} is unknown: write utf-8, latin-1, cp1252 or utf-16-le.") from error
    except UnicodeError as error:
        raise not_in(origin, encoding) from error
    if len(origin.head) == SAMPLE:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    return text


def not_in(origin: Origin, encoding: str) -> ValueError:
    """The refusal of a text whose letters are written in another way."""
    if encoding == "utf-8":
        return ValueError(
            f"{origin.name} is not written in UTF-8: --encoding cp1252 reads what programs on Windows in the west of "
            "Europe write, --encoding latin-1 and others what is named so."
        )
    return ValueError(f"{origin.name} is not written in {encoding}: give another --encoding.")


def _reader(text: Iterator[str], separator: str):
    if separator == " ":
        return csv.reader(
            (line.lstrip(" \t").replace("\t", " ") for line in text), delimiter=" ", skipinitialspace=True
        )
    return csv.reader(text, delimiter=separator, skipinitialspace=True)


def _records(text: Iterator[str], separator: str) -> Iterator[list[str]]:
    """The first records that are not empty."""
    reader, found = _reader(text, separator), 0
    try:
        for record in reader:
            if separator == " " and record and record[-1] == "":
                record.pop()
            if record:
                yield record
                found += 1
            if found == _RECORDS:
                return
    except csv.Error:
        return


def _separator(text: str, own: str | None) -> str:
    """What cuts most records into equally many fields, and most of these into numbers; the suffix decides a tie."""
    candidates = [*_SEPARATORS, *([" "] if own is None else [])]
    if own is not None:
        candidates.remove(own)
        candidates.insert(0, own)
    return max(candidates, key=lambda separator: _evenness(text, separator))


def _evenness(text: str, separator: str) -> tuple[float, float]:
    records = list(_records(io.StringIO(text, newline=""), separator))
    if not records:
        return (0.0, 0.0)
    [(width, n_even)] = Counter(len(record) for record in records).most_common(1)
    if width == 1:
        return (0.0, 0.0)
    cells = [cell for record in records for cell in record if cell]
    n_numbers = sum(is_number(cell) or (separator != "," and _is_with_comma(cell)) for cell in cells)
    return (n_even / len(records), n_numbers / max(len(cells), 1))


def _is_with_comma(cell: str) -> bool:
    return _DECIMAL_COMMA.fullmatch(cell.strip()) is not None


def _decimal(
    origin: Origin, records: Sequence[Sequence[str]], separator: str, source: Source, say: Callable[[str], None]
) -> str:
    """A comma, where numbers with commas stand and none with points, and commas do not separate columns."""
    if separator == "," or source.thousands is not None:
        return "."
    cells = [cell.strip() for record in records for cell in record]
    with_comma = [cell for cell in cells if _is_with_comma(cell)]
    if not with_comma or any("." in cell and is_number(cell) for cell in cells):
        return "."
    if all(_THOUSANDS.fullmatch(cell) for cell in with_comma):
        raise ValueError(
            f"{origin.name} has {with_comma[0]!r}, which can be read in two ways: add --decimal , if its comma stands "
            "before decimals, or --thousands , if it stands between thousands."
        )
    say(f"{origin.name}: decimal commas, such as {with_comma[0]!r}.")
    return ","
