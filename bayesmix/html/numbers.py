"""Numbers for people: as many digits as the uncertainty leaves standing."""

import math
from typing import Any

import numpy as np

from bayesmix.data import Rows
from bayesmix.data.words import row_name

MISSING = "\N{EN DASH}"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# From here on a number is written with a power of ten.
_LARGE = 1e9
_SMALL = 1e-4
_MOST_DECIMALS = 6
# More digits than this are not read beside a power of ten.
_MOST_DIGITS = 6
# A float holds no more digits, and whole numbers up to the second.
_ALL_DIGITS = 17
_EXACT = 2.0**53 * 10
# Digits that an interval gets at most so as not to seem to leave out a number that it holds.
_MORE_DIGITS = 2


def plain(value: float, digits: int = 4) -> str:
    """Write a number with so many significant digits, and whole numbers whole.

    Examples
    --------
    >>> plain(5092.32), plain(0.012345), plain(float("nan")), plain(-2.5e-9)
    ('5,092', '0.01235', '–', '−2.5×10⁻⁹')
    """
    value = float(value)
    if not math.isfinite(value):
        return _not_finite(value)
    if value == 0:
        return "0"
    if abs(value) >= _LARGE or abs(value) < _SMALL:
        return _scientific(value, digits, trimmed=True)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return _signed(text.rstrip("0").rstrip(".") if "." in text else text)


def to_spread(value: float, spread: float) -> str:
    """Write a number so that a hundredth of a spread still shows, but with four significant digits at least.

    Examples
    --------
    >>> to_spread(3.48778, 1.141), to_spread(1e15 + 160, 114.0), to_spread(20828123.0, 40000.0)
    ('3.488', '1,000,000,000,000,160', '20,828,100')
    """
    value, spread = float(value), float(spread)
    if not (math.isfinite(value) and value and math.isfinite(spread) and spread > 0):
        return plain(value)
    digits = math.floor(math.log10(abs(value))) - math.floor(math.log10(spread)) + 3
    return plain(value, 4) if digits <= 4 else _to_digits(value, digits)


def of_row(rows: Rows, i: int, j: int) -> str:
    """Write what row i has in column j: a level by its name, a count as it is."""
    value, column = float(rows.values[i, j]), rows.columns[j]
    if math.isnan(value):
        return MISSING
    if column.levels:
        return column.levels[int(value)]
    return plain(value) if column.kind != "real" else to_spread(value, float(rows.centre_and_scale[1][j]))


def fixed(value: float, decimals: int) -> str:
    """Write a number with so many decimals."""
    value = float(value)
    return _signed(f"{value:,.{decimals}f}") if math.isfinite(value) else _not_finite(value)


def with_interval(value: float, low: float, high: float) -> str:
    """Write an estimate with its interval; the interval's width decides the digits.

    Examples
    --------
    >>> with_interval(4.28964, 4.2211, 4.3567), with_interval(3.5, 3.5, 3.5)
    ('4.29 (4.22 to 4.36)', '3.5')
    """
    texts = _as_sure((value, low, high), float(high) - float(low))
    return plain(value) if texts is None else f"{texts[0]} ({texts[1]} to {texts[2]})"


def as_sure(value: float, low: float, high: float) -> str:
    """Write an estimate alone, with the digits that :func:`with_interval` gives it."""
    texts = _as_sure((value, low, high), float(high) - float(low))
    return plain(value) if texts is None else texts[0]


def beside_interval(value: float, low: float, high: float) -> tuple[str, str]:
    """Write a number and an interval that it may lie outside of, with digits that tell them apart.

    Examples
    --------
    >>> beside_interval(2009.0, 2009.021, 2009.213), beside_interval(1.975, 3.1, 20.4), beside_interval(1.97, 1.91, 20)
    (('2,009.00', '2,009.02 to 2,009.21'), ('1.98', '3 to 20'), ('1.97', '1.9 to 20.0'))
    """
    width = float(high) - float(low)
    for _ in range(_MORE_DIGITS):
        if _stay_on_their_sides(value, low, high, width):
            break
        width /= 10
    texts = _as_sure((value, low, high), width) or [plain(x) for x in (value, low, high)]
    # Of a wide interval a few digits are enough, but the number itself is known.
    return max(texts[0], plain(value, 3), key=len), f"{texts[1]} to {texts[2]}"


def _stay_on_their_sides(value: float, low: float, high: float, width: float) -> bool:
    """Whether the bounds, rounded by a width, still lie on the side of the number where they do."""
    if not (math.isfinite(width) and width > 0):
        return True
    decimals = -math.floor(math.log10(width / 5))
    return all((round(bound, decimals) <= value) == (bound <= value) for bound in (low, high))


def _as_sure(numbers: tuple[float, float, float], width: float) -> list[str] | None:
    """Round to a tenth to a fifth of the width; None where there is no width."""
    if not (math.isfinite(width) and width > 0):
        return None
    largest = max(abs(number) for number in numbers)
    decimals = -math.floor(math.log10(width / 5))
    if largest >= _LARGE or decimals > _MOST_DECIMALS:
        digits = max(2, math.floor(math.log10(largest)) + decimals + 1)
        return [_to_digits(number, digits) for number in numbers]
    return [fixed(number, max(0, decimals)) for number in numbers]


def percent(share: float) -> str:
    """Write a share in percent; only what is exactly none or all is called so.

    Examples
    --------
    >>> percent(0.638), percent(0.0021), percent(0.9996), percent(1)
    ('64%', '<1%', '>99%', '100%')
    """
    share = float(share)
    if not math.isfinite(share):
        return MISSING
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share:.0%}"


def percent_with_interval(share: float, low: float, high: float) -> str:
    """Write a share with its interval, in percent."""
    if low == high:
        return percent(share)
    return f"{percent(share)} ({percent(low)} to {percent(high)})"


def counted(number: int, thing: str) -> str:
    """Write a number of things: "1 row", "1,000 rows"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _to_digits(value: float, digits: int) -> str:
    """Write a number that needs so many digits; many are read more easily without a power of ten."""
    decimals = digits - 1 - math.floor(math.log10(abs(value))) if value else 0
    if 0 <= decimals <= _MOST_DECIMALS:
        return fixed(value, decimals)
    if 0 > decimals and (abs(value) < _LARGE or (digits > _MOST_DIGITS and abs(value) < _EXACT)):
        return fixed(round(value, decimals), 0)
    return _scientific(value, min(digits, _ALL_DIGITS))


def _scientific(value: float, digits: int, *, trimmed: bool = False) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{float(value):.{digits - 1}e}".split("e")
    if trimmed and "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return _signed(f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPT)}")


def _signed(text: str) -> str:
    """Write the minus sign as one, and no minus before nothing."""
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return MISSING
    return "∞" if value > 0 else "−∞"


def sortable(name: Any) -> float | str:
    """By what a column of row names is sorted: numbers by their size."""
    return float(name) if isinstance(name, int | float | np.number) else row_name(name)
