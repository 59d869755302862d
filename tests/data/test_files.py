"""Files of rows that are read block by block."""

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import zarr

import bayesmix as bm
from bayesmix.data import StreamedRows, read_rows
from bayesmix.data.blocks import rows_of_block

RNG = np.random.default_rng(6)
N = 2 * rows_of_block(3) + 17
X = RNG.normal(size=(N, 3)) @ RNG.normal(size=(3, 3)) + [0.0, 1e3, -5.0]
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    FRAME.to_parquet(folder / "rows.parquet", row_group_size=20_000)
    FRAME.to_csv(folder / "rows.csv", index=False)
    FRAME.to_csv(folder / "rows.tsv", index=False, sep="\t")
    FRAME.to_csv(folder / "rows.csv.gz", index=False)
    np.save(folder / "rows.npy", X)
    zarr.save(str(folder / "rows.zarr"), X)
    (folder / "parts").mkdir()
    FRAME[:50_000].to_parquet(folder / "parts" / "1.parquet")
    FRAME[50_000:].to_parquet(folder / "parts" / "2.parquet")
    return folder


NAMES = ["rows.parquet", "rows.csv", "rows.tsv", "rows.csv.gz", "rows.npy", "rows.zarr", "parts"]


@pytest.mark.parametrize("name", NAMES)
def test_blocks_are_the_rows(files, name):
    file = bm.data.open(files / name)
    for _ in range(2):
        blocks = list(file)
        assert len(blocks) >= 3
        np.testing.assert_array_equal(np.concatenate(blocks), X)
    first, _, third = file.columns
    swapped = bm.data.open(files / name, columns=[third, first])
    assert swapped.columns == (third, first)
    np.testing.assert_array_equal(np.concatenate(list(swapped)), X[:, [2, 0]])


def test_what_a_first_look_tells(files):
    """One pass over the blocks, against the same of rows in memory."""
    looked, rows = StreamedRows(bm.data.open(files / "rows.parquet")), read_rows(FRAME)
    assert (looked.n_rows, looked.features) == (N, ("a", "b", "c"))
    for one, other in zip(looked.centre_and_scale, rows.centre_and_scale, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)
    np.testing.assert_allclose(looked.correlation_factor, rows.correlation_factor, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(looked.extent, rows.extent)


def test_a_sorted_file_has_the_same_moments(tmp_path):
    """The first block is unlike all others, and columns are close to collinear."""
    x = np.sort(RNG.normal(size=200_000))
    frame = pd.DataFrame({"x": 1e6 + x, "y": x + 1e-5 * RNG.normal(size=x.size)})
    np.save(tmp_path / "sorted.npy", frame.to_numpy())
    looked, rows = StreamedRows(bm.data.open(tmp_path / "sorted.npy")), read_rows(frame)
    np.testing.assert_allclose(looked.centre_and_scale, rows.centre_and_scale, rtol=1e-12)
    np.testing.assert_allclose(looked.correlation_factor, rows.correlation_factor, rtol=1e-6, atol=1e-12)


def test_the_sample_is_uniform(tmp_path):
    np.save(tmp_path / "numbers.npy", np.arange(300_000.0)[:, None])
    sample = StreamedRows(bm.data.open(tmp_path / "numbers.npy")).sample[:, 0]
    assert len(np.unique(sample)) == len(sample) == 2**16
    counts = np.histogram(sample, bins=30, range=(0, 300_000))[0]
    # hypergeometric counts: chi-square of 29 degrees of freedom, times the share that was not drawn
    expected = len(sample) / 30
    assert ((counts - expected) ** 2 / expected).sum() / (1 - len(sample) / 300_000) < 70  # 3e-5
    assert abs(np.corrcoef(np.arange(len(sample)), sample)[0, 1]) < 4 / np.sqrt(len(sample))  # in no order


def write_groups(path, groups, schema=None):
    tables = [pyarrow.table(group, schema=schema) for group in groups]
    with pyarrow.parquet.ParquetWriter(path, tables[0].schema) as writer:
        for table in tables:
            writer.write_table(table)


def test_a_missing_value_in_the_millionth_row(tmp_path):
    numbers = RNG.normal(size=1_100_000).astype(np.float32)
    numbers[999_999] = np.nan
    write_groups(tmp_path / "rows.parquet", [{"a": part} for part in np.split(numbers, 11)])
    with pytest.raises(ValueError, match=r"missing value .* column 'a': .*rows.parquet, row group 9, row 99,999 of it"):
        bm.Mixture(2).fit_em(bm.data.open(tmp_path / "rows.parquet"))


def test_null_and_infinite_values_are_refused_by_their_place(tmp_path):
    write_groups(tmp_path / "rows.parquet", [{"a": pyarrow.array([1, 2, None, 4])}])
    with pytest.raises(ValueError, match=r"missing value.*row group 0, row 2 of it"):
        StreamedRows(bm.data.open(tmp_path / "rows.parquet"))
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3,inf\n")
    with pytest.raises(ValueError, match="infinite value in column 'b': line 3"):
        StreamedRows(bm.data.open(tmp_path / "rows.csv"))


def test_text_where_numbers_were(tmp_path):
    lines = ["a,b", *["1,2.5"] * 90_000, "1,none of it", "3,4"]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    wanted = r"column 'b' holds text \('none of it' in line 90,002\), but numbers before.*columns=\['a'\]"
    with pytest.raises(TypeError, match=wanted):
        StreamedRows(bm.data.open(tmp_path / "rows.csv"))


def test_columns_that_change_from_file_to_file(tmp_path):
    pd.DataFrame({"a": [1.0], "b": [2.0]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"b": ["x"], "a": [1.0]}).to_parquet(tmp_path / "2.parquet")
    pd.DataFrame({"b": [3], "a": [1.5]}).to_parquet(tmp_path / "3.parquet")
    pd.DataFrame({"a": [1.0]}).to_parquet(tmp_path / "4.parquet")
    with pytest.raises(TypeError, match=r"2.parquet: column 'b' holds \w*string entries"):
        bm.data.open([tmp_path / "1.parquet", tmp_path / "2.parquet"])
    with pytest.raises(ValueError, match=r"4.parquet has no column 'b': its columns are 'a'"):
        bm.data.open([tmp_path / "1.parquet", tmp_path / "4.parquet"])
    in_other_order = bm.data.open([tmp_path / "1.parquet", tmp_path / "3.parquet"])
    assert np.concatenate(list(in_other_order)).tolist() == [[1.0, 2.0], [1.5, 3.0]]


def test_an_empty_row_group_is_passed_over_and_a_file_of_them_refused(tmp_path):
    schema = pyarrow.schema([("a", pyarrow.float64())])
    write_groups(tmp_path / "rows.parquet", [{"a": []}, {"a": [1.0, np.nan]}, {"a": []}, {"a": [2.0]}], schema)
    file = bm.data.open(tmp_path / "rows.parquet")
    np.testing.assert_array_equal(np.concatenate(list(file))[:, 0], [1.0, np.nan, 2.0])
    assert "row group 3, row 0 of it" in file.place(2)
    write_groups(tmp_path / "none.parquet", [{"a": []}], schema)
    with pytest.raises(ValueError, match="has no rows: each of its"):
        bm.data.open(tmp_path / "none.parquet")
    (tmp_path / "none.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match="has column names but no rows"):
        bm.data.open(tmp_path / "none.csv")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv does not exist"):
        bm.data.open(tmp_path / "nowhere.csv")
    (tmp_path / "rows.xlsx").write_text("")
    with pytest.raises(ValueError, match=r"read by blocks are one file \.csv, \.tsv, \.npy, \.zarr, or Parquet files"):
        bm.data.open(tmp_path / "rows.xlsx")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        bm.data.open(tmp_path / "torn.parquet")
    (tmp_path / "torn.npy").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read as an array of numbers"):
        bm.data.open(tmp_path / "torn.npy")
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="two dimensions"):
        bm.data.open(tmp_path / "cube.npy")
    with pytest.raises(ValueError, match="a folder without Parquet files"):
        bm.data.open(tmp_path / ".." / tmp_path.name / "empty") if (tmp_path / "empty").mkdir() is None else None


def test_what_needs_rows_in_memory_says_so(files):
    file = bm.data.open(files / "rows.npy")
    two = bm.Mixture(2)
    for call in (two.fit_gibbs, two.fit, lambda X: bm.compare(X, [1, 2]), two.build_model):
        with pytest.raises(TypeError, match=r"opened by bm\.data\.open: fit_em and the predictions of its result"):
            call(file)
    with pytest.raises(ValueError, match="only EM of Gaussian and Student-t mixtures under the default prior"):
        bm.Mixture(2, priors={"means": bm.priors.Normal()}).fit_em(file)
    with pytest.raises(ValueError, match="only EM of Gaussian and Student-t mixtures under the default prior"):
        bm.Mixture(2, bm.Poisson()).fit_em(file)
