"""What counts as the same print, and what does not."""

import pytest

from tests.printed import differences

SAME = [
    ("BIC 3420.0, weights [0.46 0.35 0.19]", "BIC 3421.0, weights [0.45 0.37 0.19]"),
    ("[[ 1. -0.]\n [ 0.  1.]]", "[[1. 0.]\n [0. 1.]]"),
    ("[80.  54.5]", "[79.9 54.4]"),
    ("R-hat 1.001 (gate 1.01), effective sample size 3085.", "R-hat 1.004 (gate 1.01), effective sample size 2501."),
    ("mean=92.41165617538529", "mean=92.41165617538533"),
    ("0.00 of 149", "0.01 of 150"),
]
OTHER = [
    ("3 groups", "2 groups"),
    ("converged", "not converged"),
    ("BIC 3420.0", "BIC 3423.0"),
    ("[0.46 0.35]", "[0.46 0.38]"),
    ("[0.46 0.35]", "[0.46 nan]"),
    ("[0.46 0.35]", "[0.46 0.35 0.19]"),
    ("row 298", "row 268"),
    ("1.2e-05", "1.2e-06"),
]


@pytest.mark.parametrize(("printed", "promised"), SAME)
def test_rounding_is_not_told(printed, promised):
    assert list(differences(printed, promised)) == []
    assert list(differences(promised, printed)) == []


@pytest.mark.parametrize(("printed", "promised"), OTHER)
def test_differences_are_told(printed, promised):
    assert list(differences(printed, promised)) != []
    assert list(differences(promised, printed)) != []


def test_where_numbers_vary_words_do_not():
    assert list(differences("2 basins: 0.7", "3 basins: 0.1", numbers_vary=True)) == []
    assert list(differences("2 basins: 0.7", "3 basins: none", numbers_vary=True)) != []
