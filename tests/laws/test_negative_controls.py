"""Law 10: what is planted is caught, by the laws that are said to catch it, and what is right is not."""

import pytest

from tests.laws import planted_in_sweeps as in_sweeps
from tests.laws.negative_controls import ALSO_CAUGHT_BY, CAUGHT_BY, ERRORS, LAWS, RIGHT, caught, figure, of_error


def test_every_error_has_a_law():
    assert set(CAUGHT_BY) | set(ALSO_CAUGHT_BY) == set(ERRORS)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_what_is_right_passes(case, name):
    assert figure(name, case) <= LAWS[name].allowed


@pytest.mark.parametrize("stage", in_sweeps.STAGES)
def test_sweeps_as_they_are_pass_as_python(stage):
    assert in_sweeps.by_enumeration(in_sweeps.STAGES[stage]) <= in_sweeps.MOST


@pytest.mark.parametrize("error", CAUGHT_BY)
def test_errors_are_caught_in_every_model(error):
    for case in of_error(error):
        for name in CAUGHT_BY[error]:
            assert figure(name, case) > 100 * LAWS[name].allowed, (case, name)


def test_the_table_holds():
    lines = caught()
    assert {line.error for line in lines} == set(ERRORS)
    assert [line for line in lines if not line.figure > line.allowed] == []
