"""What the options say: numbers of groups, columns, families."""

import pytest

from bayesmix.cli.choices import CRITERIA, as_option, criteria_of, families_of, names_of, numbers_of


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("3", [3]), ("1:6", [1, 2, 3, 4, 5, 6]), ("1,2,4", [1, 2, 4]), ("1:3, 6, 2", [1, 2, 3, 6]), ("2:2", [2])],
)
def test_numbers_of_groups(text, numbers):
    assert numbers_of(text) == numbers


@pytest.mark.parametrize("text", ["", "1-6", "1:2:3", "two", "1,,2", "6:1", "0:3", "0", "1:", "²", "1:1000000000"])
def test_numbers_of_groups_refuses(text):
    with pytest.raises(ValueError, match="--components"):
        numbers_of(text)


def test_criteria():
    assert criteria_of("bic, sBIC,bic") == ["bic", "sbic"]
    assert criteria_of("all") == list(CRITERIA)
    with pytest.raises(ValueError, match=r"there is no 'loo'\. Write some of bic,aic,icl"):
        criteria_of("bic,loo")


@pytest.mark.parametrize("names", [["a", "b"], ["height, cm", "x"], ["it's", 'say "x"', "ü"], ["a b"]])
def test_the_option_that_is_proposed_is_read_back(names):
    import shlex

    option, text = shlex.split(as_option(names))
    assert option == "--columns"
    assert names_of(text) == names


@pytest.mark.parametrize("text", ["", "a,,b", "a,b,a"])
def test_column_names_refused(text):
    with pytest.raises(ValueError, match="--columns"):
        names_of(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("full", ["gaussian-full"]),
        ("full, diag", ["gaussian-full", "gaussian-diag"]),
        ("gaussian-tied,spherical", ["gaussian-tied", "gaussian-spherical"]),
    ],
)
def test_families(text, names):
    assert [str(family) for family in families_of(text)] == names
