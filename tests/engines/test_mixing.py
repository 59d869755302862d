import arviz as az
import numpy as np
import pytest
import xarray as xr

from bayesmix.engines.mixing import effective_sizes, mixing

SHAPES = [(4, 200), (1, 101), (2, 5), (3, 4), (2, 37)]


def chains(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Quantities (M, chain, draw) from independent to sticky and anticorrelated, with ties, and one that jumps."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(7, *shape))
    made = noise.copy()
    for draw in range(1, shape[1]):
        for place, memory in enumerate((0.0, 0.5, 0.9, 0.999, -0.9)):
            made[place, :, draw] = memory * made[place, :, draw - 1] + noise[place, :, draw]
    made[5] = np.round(noise[5])
    made[6] += 30 * np.arange(shape[0])[:, None]
    return made


@pytest.mark.parametrize("shape", SHAPES)
def test_every_number_is_arvizs(shape):
    draws = chains(shape)
    entries = xr.DataArray(draws, dims=("entry", "chain", "draw"))
    rhat, bulk, tail = mixing(draws)
    theirs = np.full(len(draws), np.nan) if shape[0] == 1 else az.rhat(entries)
    np.testing.assert_allclose(rhat, theirs, rtol=1e-10)
    np.testing.assert_allclose(bulk, az.ess(entries, method="bulk"), rtol=1e-8)
    np.testing.assert_allclose(tail, az.ess(entries, method="tail"), rtol=1e-8)
    np.testing.assert_allclose(effective_sizes(draws), az.ess(entries, method="mean"), rtol=1e-8)


def test_what_is_unknown_is_nan_beside_what_is_known():
    draws = chains((4, 100))
    known = [numbers[0] for numbers in mixing(draws)]
    draws[1, 2, 3] = np.nan
    for numbers, alone in zip(mixing(draws), known, strict=True):
        assert numbers[0] == pytest.approx(alone, rel=1e-12) and np.isnan(numbers[1])
    assert np.isnan(mixing(draws[:, :, :3])).all()


def test_many_quantities_are_taken_in_parts():
    draws = np.random.default_rng(1).normal(size=(150, 2, 50))
    for whole, last in zip(mixing(draws), mixing(draws[-3:]), strict=True):
        np.testing.assert_allclose(whole[-3:], last, rtol=1e-12)
