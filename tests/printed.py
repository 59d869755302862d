"""What code prints beside what a page says it prints.

The words must be the same, and the numbers within two units of the last place that is shown. Draws, and everything made
of them, differ from processor to processor, so a page shows no digit below its Monte Carlo error, no count or name of a
row that hangs on it, and marks what cannot be shown otherwise; of that the words alone are compared.
"""

import re
from collections.abc import Iterator

NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[-+]?\d+)?")
# Diagnostics of draws, which say nothing but that a gate was passed.
DIAGNOSTIC = re.compile(r"(R-hat|effective sample size|Pareto k is) [\d.]+")
# Of numbers that are printed in all their digits, these are rounding.
ROUNDING = 1e-9


def form(text: str) -> str:
    """The text without its numbers and without white space, in which tables are set."""
    return "".join(NUMBER.sub("#", text).split())


def allowed(number: str) -> float:
    """How far another machine's number may be from this one; whole numbers below ten are exact, and tell groups."""
    digits, _, exponent = number.partition("e")
    whole, _, decimals = digits.partition(".")
    if not decimals.strip("0"):
        return 2.0 if abs(int(whole)) >= 10 else 0.0
    return max(2.1 * 10.0 ** (int(exponent or 0) - len(decimals)), ROUNDING * abs(float(number)))


def differences(printed: str, promised: str, *, numbers_vary: bool = False) -> Iterator[str]:
    """What another machine may not print otherwise: words, and numbers unless these vary."""
    printed, promised = (DIAGNOSTIC.sub(r"\1 #", text) for text in (printed, promised))
    if form(printed) != form(promised):
        yield f"printed\n{printed}\nwhere the page has\n{promised}"
    elif not numbers_vary:
        for found, wanted in zip(NUMBER.findall(printed), NUMBER.findall(promised), strict=True):
            if abs(float(found) - float(wanted)) > max(allowed(found), allowed(wanted)):
                yield f"{found} where the page has {wanted}"
