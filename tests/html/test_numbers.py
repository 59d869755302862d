import math

import numpy as np
import pytest

from bayesmix.html.numbers import (
    as_sure,
    beside_interval,
    counted,
    fixed,
    percent,
    percent_with_interval,
    plain,
    with_interval,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (4.0, "4"),
        (5092.32, "5,092"),
        (1234567.0, "1,234,567"),
        (0.1 + 0.2, "0.3"),
        (0.0123456, "0.01235"),
        (99.996, "100"),
        (-13.59, "−13.59"),
        (2.5e-9, "2.5×10⁻⁹"),
        (-3.14159e12, "−3.142×10¹²"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_single_numbers_have_four_digits(value, text):
    assert plain(value) == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((4.28964, 4.2432, 4.3391), "4.29 (4.24 to 4.34)"),
        ((57.3, 50.2, 64.1), "57 (50 to 64)"),
        ((5078.2, 5008.4, 5146.0), "5,078 (5,008 to 5,146)"),
        ((-0.02, -1.3, 1.2), "0.0 (−1.3 to 1.2)"),
        ((0.414, 0.379, 0.454), "0.41 (0.38 to 0.45)"),
        ((0.0, -1e-8, 1e-8), "0 (−1.0×10⁻⁸ to 1.0×10⁻⁸)"),
        ((3.5, 3.5, 3.5), "3.5"),
        ((1.0, math.nan, 2.0), "1"),
        ((2.01e-7, 1.5e-7, 2.4e-7), "2.0×10⁻⁷ (1.5×10⁻⁷ to 2.4×10⁻⁷)"),
    ],
)
def test_the_interval_decides_the_digits(numbers, text):
    assert with_interval(*numbers) == text
    assert as_sure(*numbers) == text.split(" (")[0]


@pytest.mark.parametrize("exponent", range(-12, 13))
def test_rounding_never_moves_an_estimate_by_more_than_a_fifth_of_its_interval(exponent):
    rng = np.random.default_rng(exponent + 20)
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
    for width in 10.0**exponent * rng.uniform(1, 10, size=20):
        value = width * rng.uniform(-40, 40)
        text = as_sure(value, value - width / 2, value + width / 2)
        written = float(text.replace(",", "").translate(superscripts).replace("×10", "e"))
        assert abs(written - value) <= width / 5 + 1e-12 * abs(value)


def test_only_none_and_all_are_called_so():
    shares = [0, 0.0021, 0.01, 0.638, 0.99, 0.9996, 1, math.nan]
    texts = ["0%", "<1%", "1%", "64%", "99%", ">99%", "100%", "–"]
    assert [percent(share) for share in shares] == texts
    assert percent_with_interval(0.64, 0.6, 0.6999) == "64% (60% to 70%)"
    assert percent_with_interval(0.64, 0.64, 0.64) == "64%"


def test_a_number_beside_an_interval_has_digits_that_tell_them_apart():
    assert beside_interval(2009.0, 2009.021, 2009.213) == ("2,009.00", "2,009.02 to 2,009.21")
    assert beside_interval(0.9012, 0.8771, 0.9189) == ("0.901", "0.877 to 0.919")
    assert beside_interval(1.972, 3.1, 20.4) == ("1.97", "3 to 20")
    assert beside_interval(1.972, 1.91, 20.4) == ("1.97", "1.9 to 20.4")
    assert beside_interval(801.2, 735.1, 7715.6) == ("801", "735 to 7,716")
    assert beside_interval(3.0, 1.0, 1.0) == ("3", "1 to 1")


def test_decimals_can_be_fixed():
    assert [fixed(v, 1) for v in (-1234.56, -0.01, math.nan)] == ["−1,234.6", "0.0", "–"]


def test_things_are_counted():
    assert [counted(n, "row") for n in (0, 1, 1000)] == ["0 rows", "1 row", "1,000 rows"]
