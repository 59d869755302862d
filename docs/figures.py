"""Numbers and paragraphs as the page of evidence writes them."""

import textwrap
from collections.abc import Mapping

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Two significant digits, and no digits that say nothing: ``1.4``, ``4``, ``2.2×10⁻¹⁶``."""
    mantissa, _, exponent = f"{value:.2g}".partition("e")
    if not exponent:
        return mantissa
    if 0 < int(exponent) < 5:
        return f"{float(f'{value:.2g}'):.0f}"
    power = "10" + str(int(exponent)).translate(RAISED)
    return power if mantissa == "1" else f"{mantissa}×{power}"


def share(value: float, error: float) -> str:
    """A share and its standard error in per cent."""
    return f"{100 * value:.1f} ± {100 * error:.1f} %"


def paragraph(text: str) -> str:
    """Lines of at most 120 characters."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def in_words(counts: Mapping[str, object]) -> str:
    """Names and numbers, one after the other."""
    return ", ".join(f"{name} {value}" for name, value in counts.items())
