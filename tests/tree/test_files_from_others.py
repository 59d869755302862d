"""Files that were damaged, or made to harm: loaded rightly or refused in words, and nothing in them is run."""

import json
import pickle
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
import zarr

import bayesmix as bm
from bayesmix.tree import draws_of, load, record_of, save
from tests.simulated_trees import simulated_tree
from tests.test_tree import assert_identical

OF_BEFORE = Path(__file__).with_name("before_fingerprints.nc")
SUFFIXES = (".nc", ".zarr")


def test_a_file_of_before_loads_and_is_saved_with_fingerprints(tmp_path):
    tree = load(OF_BEFORE)
    weights, params = draws_of(tree)
    assert weights.shape == (1, 1, 2)
    assert params["covariances"].shape == (1, 1, 2, 2)
    assert not tree["posterior"]["weights"].attrs
    assert "fingerprints" not in record_of(tree)
    for suffix in SUFFIXES:
        assert_identical(tree, load(save(tree, tmp_path / f"again{suffix}")))
    with h5py.File(tmp_path / "again.nc") as file:
        kept = json.loads(file.attrs["bayesmix"])["fingerprints"]
    assert set(kept) == set(tree.groups)  # the root stands for the record
    assert set(kept["/posterior"]) == {"", *map(str, tree["posterior"].to_dataset().variables)}


def change(tree, group, name, make):
    dataset = tree[group].to_dataset()
    values = dataset[name].values.copy()
    dataset[name] = (dataset[name].dims, make(values))
    changed = tree.copy(deep=False)
    changed[group] = xr.DataTree(dataset)
    return changed


def put(place, value):
    def make(values):
        values[place] = value
        return values

    return make


def swapped(values):
    return values[..., ::-1]


NOT_POSITIVE_DEFINITE = np.array([[1.0, 2.0], [2.0, 1.0]])
IMPOSSIBLE = {
    "nan": ("posterior", "weights", put((0, 0, 0), np.nan), r"posterior\.weights must be shares"),
    "negative": ("posterior", "weights", put((0, 0), [-1.0, 1.0, 1.0]), r"posterior\.weights must be shares"),
    "seven": ("posterior", "weights", put((1, 3, 2), 7.0), r"posterior\.weights must be shares"),
    "infinite mean": ("posterior", "means", put((0, 0, 0, 0), np.inf), r"posterior\.means must be finite"),
    "no spread": ("posterior", "covariances", put((0, 0, 1), 0.0), r"posterior\.covariances must be symmetric"),
    "minus one": ("posterior", "covariances", put((0, 0, 1), -1.0), r"posterior\.covariances must be symmetric"),
    "indefinite": ("posterior", "covariances", put((1, 2, 0), NOT_POSITIVE_DEFINITE), "positive definite"),
    "asymmetric": ("posterior", "covariances", put((0, 0, 0, 0, 1), 0.01), "symmetric"),
    "permutation": ("sample_stats", "permutation", put((0, 0), 1), r"sample_stats\.permutation must be permutations"),
    "pivot": ("constant_data", "pivot", put(5, 3), r"constant_data\.pivot must be labels"),
    "text": ("posterior", "means", lambda values: values.astype(str), r"posterior\.means must hold numbers"),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("what", list(IMPOSSIBLE))
def test_arrays_that_cannot_be_are_refused(tmp_path, what, suffix):
    """Without fingerprints, and with right ones."""
    group, name, make, said = IMPOSSIBLE[what]
    tree = change(simulated_tree(), group, name, make)
    path = tmp_path / f"fit{suffix}"
    tree.to_netcdf(path) if suffix == ".nc" else tree.to_zarr(path, consolidated=False)
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"cannot be loaded: .*{said}.*Copy it again"):
            load(path)
        save(tree, path)


def test_the_record_and_the_arrays_are_held_against_each_other(tmp_path):
    tree = simulated_tree()
    mixture = {**record_of(tree)["mixture"], "n_components": 2}
    path = tmp_path / "fit.nc"
    for changes, said in (
        ({"n_components": 2, "mixture": mixture}, "3 entries along component, where there must be 2"),
        ({"features": ["Wartezeit µ", "eruptions / minutes"]}, "names other features"),
    ):
        forged = tree.copy(deep=False)
        forged.attrs["bayesmix"] = json.dumps({**record_of(tree), **changes})
        with pytest.raises(ValueError, match=said):
            load(save(forged, path))


CHANGES = {
    "swapped weights": lambda file: put_back(file, "posterior/weights", swapped),
    "one bit": lambda file: put_back(file, "posterior/means", lambda values: np.nextafter(values, np.inf)),
    "other labels of rows": lambda file: put_back(file, "observed_data/obs", swapped),
    "an attribute": lambda file: file["posterior"].attrs.modify("multimodal", 1),
    "a variable less": lambda file: file["posterior"].pop("scales"),
    "a variable more": lambda file: file["posterior"].create_dataset("more", data=1.0),
    "a group more": lambda file: file.create_group("more").create_dataset("x", data=1.0),
}


def put_back(file, name, make):
    file[name][...] = make(file[name][...])


@pytest.fixture(scope="module")
def fit():
    return bm.Mixture(2).fit_laplace(bm.datasets.load_faithful()[::8], draws=8, random_seed=1)


@pytest.mark.parametrize("what", list(CHANGES))
def test_what_is_not_as_it_was_saved_is_named(tmp_path, fit, what):
    path = save(fit, tmp_path / "fit.nc")
    with h5py.File(path, "r+") as file:
        CHANGES[what](file)
    with pytest.raises(
        ValueError, match=r"fit\.nc cannot be loaded: it is damaged: .*(saved|missing|saved with it)\. Copy it again"
    ):
        load(path)


@pytest.mark.parametrize("attribute", ["scale_factor", "add_offset", "_FillValue", "missing_value"])
def test_no_attribute_changes_the_numbers(tmp_path, attribute):
    tree = simulated_tree()
    path = save(tree, tmp_path / "fit.nc")
    with h5py.File(path, "r+") as file:
        weights = file["posterior/weights"]
        weights.attrs[attribute] = weights[0, 0, 0]
    np.testing.assert_array_equal(load(path)["posterior"]["weights"], tree["posterior"]["weights"])


def test_a_flipped_byte_in_a_chunk_is_noticed(tmp_path):
    tree = simulated_tree()
    path = save(tree, tmp_path / "fit.zarr")
    chunks = sorted(file for file in path.rglob("c/**/*") if file.is_file())
    refused = []
    for chunk in chunks:
        before = chunk.read_bytes()
        middle = len(before) // 2
        chunk.write_bytes(before[:middle] + bytes([before[middle] ^ 0x10]) + before[middle + 1 :])
        try:
            again = load(path)
        except ValueError as error:
            refused.append(str(error))
        else:  # a bit that stands for nothing
            assert_identical(tree, again)
        chunk.write_bytes(before)
    assert len(refused) > len(chunks) / 2
    assert all("Copy it again" in sentence for sentence in refused)
    assert_identical(tree, load(path))


def soft(file):
    file["posterior/loop"] = h5py.SoftLink("/posterior")


def hard(file):
    file["posterior/loop"] = file["posterior"]


def external(file):
    file["other"] = h5py.ExternalLink("elsewhere.nc", "/")


def foreign_values(file):
    file.create_dataset("posterior/other", shape=(4,), dtype="f8", external=[("/etc/hostname", 0, 32)])


def huge(file):
    file.create_dataset("posterior/huge", shape=(2**31,), dtype="f8", chunks=(2**16,))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (soft, "/posterior/loop is a link"),
        (hard, "loop is in it twice|posterior is in it twice"),
        (external, "/other is a link"),
        (foreign_values, "values of /posterior/other are in another file"),
        (huge, r"declares 17\.2 GB of values"),
    ],
)
def test_links_and_sizes_are_looked_at_before_anything_is_read(tmp_path, make, said):
    path = save(simulated_tree(), tmp_path / "fit.nc")
    with h5py.File(path, "r+") as file:
        make(file)
    with pytest.raises(ValueError, match=rf"fit\.nc cannot be loaded: .*({said})"):
        load(path)


def test_a_folder_with_a_link_or_a_huge_array_is_refused(tmp_path):
    path = save(simulated_tree(), tmp_path / "fit.zarr")
    (path / "posterior" / "loop").symlink_to(path / "posterior")
    with pytest.raises(ValueError, match="posterior/loop is a link"):
        load(path)
    (path / "posterior" / "loop").unlink()
    about = path / "posterior" / "means" / "zarr.json"
    described = json.loads(about.read_text())
    for part in (described, described["chunk_grid"]["configuration"]):
        larger = json.loads(json.dumps(described))
        name = "shape" if part is described else "chunk_shape"
        (larger if part is described else larger["chunk_grid"]["configuration"])[name] = [2**31, 1, 1, 1]
        about.write_text(json.dumps(larger))
        with pytest.raises(ValueError, match=r"declares 17\.2 GB"):
            load(path)


class Payload:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_no_pickle_is_opened(tmp_path):
    """Zarr's older format can hold pickled objects; so could a codec of the newer one."""
    trace = tmp_path / "trace"
    pickled = pickle.dumps(np.array([Payload(trace)], dtype=object))
    path = save(simulated_tree(), tmp_path / "fit.zarr")
    old = tmp_path / "old.zarr"
    group = zarr.open_group(old, mode="w", zarr_format=2)
    group.attrs["bayesmix"] = zarr.open_group(path, mode="r").attrs["bayesmix"]
    for name in ("posterior", "observed_data"):
        zarr.open_group(old / name, mode="w", zarr_format=2)
    for place in (old / "posterior" / "weights", old / "posterior"):
        place.mkdir(exist_ok=True)
    (old / "posterior" / "weights" / ".zarray").write_text(
        json.dumps(
            {
                **{"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "order": "C", "fill_value": None},
                **{"compressor": None, "filters": [{"id": "pickle", "protocol": 5}]},
            }
        )
    )
    (old / "posterior" / "weights" / "0").write_bytes(pickled)
    with pytest.raises(ValueError, match=r"old\.zarr cannot be read as a zarr folder"):
        load(old)
    about = path / "posterior" / "means" / "zarr.json"
    described = json.loads(about.read_text())
    described["codecs"] = [{"name": "numcodecs.pickle", "configuration": {"protocol": 5}}]
    about.write_text(json.dumps(described))
    with pytest.raises(ValueError, match="stored in a way that save does not write"):
        load(path)
    shutil.copy(OF_BEFORE, tmp_path / "fit.nc")
    with h5py.File(tmp_path / "fit.nc", "r+") as file:
        file.attrs["bayesmix"] = np.void(pickled)
    with pytest.raises(ValueError, match=r"fit\.nc cannot be"):
        load(tmp_path / "fit.nc")
    assert not trace.exists()
