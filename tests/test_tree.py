import json
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesmix import Gaussian
from bayesmix.data import read_rows
from bayesmix.priors.sets import default_priors, resolve_priors
from bayesmix.tree import (
    build_tree,
    draws_of,
    family_of,
    load,
    record_of,
    save,
    training_rows,
    with_record,
)
from bayesmix.tree.record import describe
from tests.simulated_trees import COVARIANCES, made_by, simulated_tree

SUFFIXES = (".nc", ".zarr")


def assert_identical(left: xr.DataTree, right: xr.DataTree) -> None:
    """Same groups, dims, coords and bits; netCDF may return text in another string dtype."""
    assert set(left.groups) == set(right.groups)
    assert json.loads(left.attrs["bayesmix"]) == json.loads(right.attrs["bayesmix"])
    for name in left.children:
        a, b = left[name].to_dataset(), right[name].to_dataset()
        xr.testing.assert_identical(a.drop_attrs(), b.drop_attrs())
        for variable in a.data_vars:
            if a[variable].dtype.kind in "fiub":
                assert a[variable].dtype == b[variable].dtype
                assert a[variable].values.tobytes() == b[variable].values.tobytes()


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_groups_and_dims(covariance):
    tree = simulated_tree(covariance)
    second = {
        "full": ("covariances", ("component", "feature", "feature_bis")),
        "tied": ("covariances", ("feature", "feature_bis")),
        "diag": ("variances", ("component", "feature")),
        "spherical": ("variances", ("component",)),
    }[covariance]
    assert set(tree.children) == {"posterior", "sample_stats", "observed_data", "constant_data"}
    assert tree.posterior["weights"].dims == ("chain", "draw", "component")
    assert tree.posterior["means"].dims == ("chain", "draw", "component", "feature")
    assert tree.posterior[second[0]].dims == ("chain", "draw", *second[1])
    assert tree.observed_data["x"].dims == ("obs", "feature")
    assert tree.constant_data["pivot"].dims == ("obs",)
    assert (tree.sample_stats["permutation"] == tree.posterior["component"]).all()


@pytest.mark.parametrize(
    ("covariance", "scales", "correlations"),
    [
        ("full", ("component", "feature"), ("component", "feature", "feature_bis")),
        ("tied", ("feature",), ("feature", "feature_bis")),
        ("diag", ("component", "feature"), None),
        ("spherical", ("component",), None),
    ],
)
def test_derived_variables_have_dims_too(covariance, scales, correlations):
    sizes = {"component": 3, "feature": 2, "feature_bis": 2}
    template = simulated_tree(covariance)
    weights, params = draws_of(template)
    posterior = {"weights": weights, **params}
    posterior["scales"] = np.ones((2, 12, *(sizes[d] for d in scales)))
    if correlations:
        posterior["correlations"] = np.ones((2, 12, *(sizes[d] for d in correlations)))
    tree = build_tree(
        family=Gaussian(covariance),
        rows=training_rows(template),
        posterior=posterior,
        record=made_by("nuts", template),
    )
    assert tree.posterior["scales"].dims == ("chain", "draw", *scales)
    if correlations:
        assert tree.posterior["correlations"].dims == ("chain", "draw", *correlations)


def test_extra_variables_keep_their_dims_and_coords():
    template = simulated_tree()
    weights, params = draws_of(template)
    slope = xr.DataArray(
        np.zeros((4, 2, 12)),
        dims=("region", "chain", "draw"),
        coords={"region": ["n", "e", "s", "w"], "chain": [5, 6]},
    )
    tree = build_tree(
        family=Gaussian("full"),
        rows=training_rows(template),
        posterior={
            "weights": weights,
            **params,
            "slope": slope,
            "bare": np.zeros((2, 12, 7)),
            "distance": xr.DataArray(np.zeros((2, 12, 3)), dims=("chain", "draw", "component")),
        },
        record=made_by("adopted", template),
        log_likelihood=np.zeros((2, 12, 60)),
        log_prior={"means": np.zeros((2, 12, 3)), "weights": np.zeros((2, 12))},
        posterior_attrs={"multimodal": True, "pareto_k": 0.3},
    )
    posterior = tree.posterior.to_dataset()
    assert posterior["slope"].dims == ("chain", "draw", "region")
    assert list(posterior["region"].values) == ["n", "e", "s", "w"]
    assert list(posterior["chain"].values) == [0, 1]
    assert posterior["bare"].dims == ("chain", "draw", "bare_dim_0")
    assert posterior["distance"].dims == ("chain", "draw", "component")
    assert posterior.attrs == {"multimodal": 1, "pareto_k": 0.3}
    assert tree.log_likelihood["x"].dims == ("chain", "draw", "obs")
    assert tree.log_prior["means"].dims == ("chain", "draw", "component")
    assert tree.log_prior["weights"].dims == ("chain", "draw")


def test_a_wrong_shape_names_the_variable():
    template = simulated_tree()
    weights, params = draws_of(template)
    params["means"] = params["means"][..., :1]
    with pytest.raises(ValueError, match="means has shape"):
        build_tree(
            family=Gaussian("full"),
            rows=training_rows(template),
            posterior={"weights": weights, **params},
            record={},
        )


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_reading_gives_back_what_was_built(covariance):
    tree = simulated_tree(covariance)
    weights, params = draws_of(tree)
    assert family_of(tree) == Gaussian(covariance)
    assert weights.shape == (2, 12, 3)
    assert list(params) == [spec.name for spec in Gaussian(covariance).parameters]
    rows = training_rows(tree)
    assert rows.sha256 == record_of(tree)["data_sha256"]
    assert rows.features == ("eruptions / minutes", "Wartezeit µ")
    assert not rows.values.flags.writeable


def test_record_keeps_arrays_as_lists_and_other_objects_as_text():
    class Graph:
        def __str__(self):
            return "normal_rv"

    record = record_of(simulated_tree(record={"seconds": {"em": np.float64(1.5)}, "prior": Graph(), "a": np.arange(2)}))
    assert record["seconds"] == {"em": 1.5}
    assert record["prior"] == {"text": "normal_rv"}
    assert record["a"] == [0, 1]
    assert record["n_components"] == 3
    assert record["versions"]["numpy"] == np.__version__


def test_with_record_leaves_the_original_alone():
    tree = simulated_tree()
    changed = with_record(tree, method="laplace", seed=None)
    assert record_of(changed)["method"] == "laplace"
    assert "seed" not in record_of(changed)
    assert record_of(tree)["method"] == "nuts"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "obs",
    [
        None,
        pd.date_range("2024-02-28", periods=60, freq="7h"),
        pd.Index([f"row / {i} é" for i in range(60)], dtype=object),
        np.linspace(-1, 1, 60),
        np.zeros(60, dtype=int),
    ],
    ids=["range", "dates", "text", "floats", "repeated"],
)
def test_a_saved_tree_comes_back_bit_for_bit(tmp_path, suffix, obs):
    messages = np.full((2, 12), "", dtype=object)
    messages[0, 3] = "divergence: énergie"
    stats = {"diverging": np.zeros((2, 12), bool), "divergence_message": messages}
    tree = simulated_tree(obs=obs, sample_stats=stats)
    path = tmp_path / f"fit{suffix}"
    assert save(tree, path) == path
    loaded = load(path)
    assert_identical(tree, loaded)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    rows = training_rows(tree)
    expected = family_of(tree).log_mixture(*draws_of(tree), rows.values)
    again = family_of(loaded).log_mixture(*draws_of(loaded), training_rows(loaded).values)
    assert expected.tobytes() == again.tobytes()


def test_one_chain_one_draw_one_component_and_no_text_columns(tmp_path):
    family, rows = Gaussian("diag"), read_rows(np.arange(5.0))
    tree = build_tree(
        family=family,
        rows=rows,
        posterior={
            "weights": np.ones((1, 1, 1)),
            "means": np.full((1, 1, 1, 1), 2.0),
            "variances": np.ones((1, 1, 1, 1)),
        },
        record={
            "method": "em",
            "mixture": describe(family, 1, resolve_priors(default_priors(family), rows, family, 1)),
        },
    )
    assert_identical(tree, load(save(tree, tmp_path / "em.nc")))


@pytest.mark.parametrize("first", SUFFIXES)
@pytest.mark.parametrize("second", SUFFIXES)
def test_a_loaded_tree_can_be_saved_over_itself_and_in_the_other_format(tmp_path, first, second):
    tree = simulated_tree()
    loaded = load(save(tree, tmp_path / f"fit{first}"))
    assert_identical(tree, load(save(loaded, tmp_path / f"fit{first}")))
    assert_identical(tree, load(save(loaded, tmp_path / f"other{second}")))


def test_saving_refuses_other_suffixes_and_folders(tmp_path):
    tree = simulated_tree()
    with pytest.raises(ValueError, match=r"\.nc .* or \.zarr"):
        save(tree, tmp_path / "fit.pkl")
    with pytest.raises(FileNotFoundError, match="create it first"):
        save(tree, tmp_path / "nowhere" / "fit.nc")
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.zarr" / "thesis.txt").write_text("x")
    with pytest.raises(FileExistsError, match="no zarr store"):
        save(tree, tmp_path / "mine.zarr")
    assert (tmp_path / "mine.zarr" / "thesis.txt").exists()


def test_a_failed_save_leaves_the_old_file_and_no_rest(tmp_path):
    path = save(simulated_tree(), tmp_path / "fit.nc")
    before = path.read_bytes()
    broken = simulated_tree()
    broken["posterior"] = broken.posterior.to_dataset().assign_attrs(bad={1, 2})
    with pytest.raises(TypeError):
        save(broken, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


def test_loading_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"fit\.nc does not exist"):
        load(tmp_path / "fit.nc")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = save(simulated_tree(), tmp_path / "fit.nc")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"fit\.nc cannot be read .* Copy it again"):
        load(path)


def test_a_truncated_folder_is_refused(tmp_path):
    path = save(simulated_tree(), tmp_path / "fit.zarr")
    shutil.rmtree(path / "posterior" / "means" / "c")
    with pytest.raises(ValueError, match=r"fit\.zarr cannot be loaded: .*means are missing"):
        load(path)
    shutil.rmtree(path / "posterior" / "means")
    with pytest.raises(ValueError, match=r"fit\.zarr cannot be loaded: .*/posterior/means is missing"):
        load(path)


def test_something_else_is_refused(tmp_path):
    text = tmp_path / "data.nc"
    text.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"data\.nc cannot be read as a netCDF file"):
        load(text)
    with pytest.raises(ValueError, match="cannot be read as a zarr folder"):
        load(tmp_path)
    foreign = tmp_path / "foreign.nc"
    xr.DataTree.from_dict({"/posterior": xr.Dataset({"mu": 1.0})}).to_netcdf(foreign)
    with pytest.raises(ValueError, match=r"foreign\.nc cannot be loaded: .*not made by bayesmix"):
        load(foreign)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_another_format_version_is_refused(tmp_path, suffix):
    tree = simulated_tree()
    path = save(tree, tmp_path / f"fit{suffix}")
    record = {**record_of(tree), "format_version": 99, "versions": {"bayesmix": "9.9"}}
    future = xr.DataTree.from_dict({"/posterior": tree.posterior.to_dataset()})
    future.attrs["bayesmix"] = json.dumps(record)
    if suffix == ".nc":
        future.to_netcdf(path)
    else:
        future.to_zarr(path, mode="w", consolidated=False)
    with pytest.raises(ValueError, match=r"format version 99.*9\.9.*fit again"):
        load(path)


def test_damaged_rows_are_noticed(tmp_path):
    tree = simulated_tree()
    tree["observed_data"] = tree.observed_data.to_dataset() + 1.0
    with pytest.raises(ValueError, match="training rows are not those"):
        load(save(tree, tmp_path / "fit.nc"))


def test_a_tree_of_something_else_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"Mixture\.adopt"):
        record_of(xr.DataTree())
