"""A result keeps what its columns are: kinds, levels and units."""

import numpy as np
import pandas as pd
import pytest

from bayesmix import Gaussian
from bayesmix.data import Column, read_rows
from bayesmix.priors.sets import default_priors, resolve_priors
from bayesmix.tree import build_tree, columns_of, load, record_of, save, training_rows, with_record
from bayesmix.tree.record import describe
from tests.simulated_trees import simulated_tree

COLUMNS = (
    Column("grade", "categorical", ("low", "Größe", "高い")),
    Column("visits", "count"),
    Column("bought", "binary"),
    Column("height", "real", unit="cm"),
)
X = pd.DataFrame(
    {
        "grade": ["low", "Größe", "高い", "low"],
        "visits": [3, 0, 12, 1],
        "bought": [True, False, True, True],
        "height": [1.5, -2.0, 0.1, 0.2],
    },
)


@pytest.fixture(scope="module")
def tree():
    """One draw of a mixture; of which family it is makes no difference to the columns."""
    family, rows = Gaussian("diag"), read_rows(X, columns=COLUMNS)
    mixture = describe(family, 2, resolve_priors(default_priors(family), rows, family, 2))
    posterior = {"weights": [[[0.25, 0.75]]], "means": [[rows.values[:2]]], "variances": np.ones((1, 1, 2, 4))}
    return build_tree(family=family, rows=rows, posterior=posterior, record={"method": "adopted", "mixture": mixture})


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_file_keeps_kinds_levels_and_units(tree, tmp_path, suffix):
    loaded = load(save(tree, tmp_path / f"fit{suffix}"))
    assert columns_of(tree) == columns_of(loaded) == training_rows(loaded).columns == COLUMNS
    again = read_rows(X[::-1], columns=columns_of(loaded))
    np.testing.assert_array_equal(again.values, training_rows(loaded).values[::-1])


def test_files_of_real_numbers_say_nothing_of_kinds():
    tree = simulated_tree()
    assert "columns" not in record_of(tree)
    assert [column.kind for column in columns_of(tree)] == ["real", "real"]


GRADE, REAL = {"kind": "categorical", "levels": ["low", "high"]}, {"kind": "real"}
IMPOSSIBLE = {
    "no list": ({}, "columns must be a list, not"),
    "too few": ([REAL], "columns must be a list of 4 kinds"),
    "no kind": ([{}, REAL, REAL, REAL], r"columns\[0\] has no kind"),
    "unknown kind": ([REAL, {"kind": "odd"}, REAL, REAL], r"columns\[1\].kind must be one of real, count, binary, cat"),
    "a list of kinds": ([{"kind": ["real"]}, REAL, REAL, REAL], r"columns\[0\].kind must be one of"),
    "no levels": ([{"kind": "categorical"}, REAL, REAL, REAL], r"columns\[0\] must have levels where"),
    "levels of numbers": ([REAL, REAL, REAL, {**GRADE, "kind": "real"}], r"columns\[3\] must have levels where"),
    "no text": ([{**GRADE, "levels": [1, 2]}, REAL, REAL, REAL], r"columns\[0\].levels\[0\] must be a text, not 1"),
    "twice": ([{**GRADE, "levels": ["u", "u"]}, REAL, REAL, REAL], r"columns\[0\].levels repeats a level"),
}


@pytest.mark.parametrize(("columns", "said"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_columns_that_cannot_be_are_refused(tree, columns, said):
    with pytest.raises(ValueError, match=said):
        record_of(with_record(tree, columns=columns))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([GRADE, REAL, REAL, REAL], "'grade' must be such as a categorical column has"),
        ([REAL, REAL, REAL, {"kind": "count"}], "'height' must be such as a count column has"),
        ([REAL, {"kind": "binary"}, REAL, REAL], "'visits' must be such as a binary column has"),
    ],
)
def test_rows_that_are_none_of_such_columns_are_refused(tree, tmp_path, columns, said):
    path = save(with_record(tree, columns=columns), tmp_path / "fit.nc")
    with pytest.raises(ValueError, match=said):
        load(path)
