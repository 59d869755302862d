"""What columns look like."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bayesmix as bm
from bayesmix.data import kinds_of

TABLE = pd.DataFrame(
    {
        "height": [1.7, 1.6, np.nan],
        "visits": [0, 3, 12],
        "floats": [0.0, 4.0, np.nan],
        "grams": [3750, 3800, 3250],
        "below": [-1, 0, 2],
        "truth": [True, False, True],
        "items": [0, 1, 1],
        "nullable": pd.array([1, None, 0], dtype="Int64"),
        "town": ["Bath", None, "York"],
        "ordered": pd.Categorical(["a", "b", "a"]),
        "mixed": pd.Series([True, None, False], dtype=object),
    }
)
WANTED = {
    "height": "real",
    "visits": "count",
    "floats": "count",
    "grams": "real",
    "below": "real",
    "truth": "binary",
    "items": "binary",
    "nullable": "binary",
    "town": "categorical",
    "ordered": "categorical",
    "mixed": "binary",
}


def test_kinds_are_those_that_a_reader_would_say():
    assert kinds_of(TABLE) == WANTED


def test_kinds_do_not_hang_on_the_container():
    names = ["height", "visits", "truth", "town"]
    assert kinds_of(pl.from_pandas(TABLE[names])) == {name: WANTED[name] for name in names}
    assert kinds_of(np.array([[0.5, 2.0], [1.5, 7.0]])) == {"x0": "real", "x1": "count"}


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (["height", "grams"], bm.Gaussian("full")),
        (["visits"], bm.Poisson()),
        (["truth", "items"], bm.Bernoulli()),
        (["town"], bm.Categorical()),
        (["town", "visits", "height"], bm.Product({"height": "full", "visits": "poisson", "town": "categorical"})),
    ],
)
def test_family_suits_the_columns(names, family):
    assert bm.family_for(TABLE[names]) == family


def test_comparison_says_what_was_chosen_and_how_to_change_it():
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"a": rng.normal(size=40), "n": rng.poisson(3, 40), "town": rng.choice(["x", "y"], 40)})
    comparison = bm.compare(X, 1, families="auto", method="em", random_seed=1, progressbar=False)
    said = " ".join(comparison.advice)
    assert "'a' as numbers; 'n' as counts; 'town' as categories" in said
    code = said.partition("families=")[2].partition("}")[0] + "})"
    assert eval(code, {"bm": bm}) == bm.family_for(X)
    with pytest.raises(ValueError, match=r"needs the rows: bm\.family_for"):
        bm.Mixture(2, "auto")
