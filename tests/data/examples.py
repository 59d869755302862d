"""Rows that are read in every form, and what is wrong with others."""

import numpy as np
import pandas as pd
import pytest

NUMBERS = np.array([[1.0, 10.0], [2.0, 30.0], [4.0, -20.0]])


NAMES = ["a", "b"]


INDEX = ["u", "v", "w"]


FRAME = pd.DataFrame(NUMBERS, columns=NAMES)


COLUMN = [1.0, 2.0, 4.0]


DAYS = pd.date_range("2024-01-01", periods=3)


GOOD = np.random.default_rng(0).normal(size=(50, 3))


def refusal(error, function, *arguments, **keywords) -> str:
    with pytest.raises(error) as caught:
        function(*arguments, **keywords)
    return str(caught.value)
