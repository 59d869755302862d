"""Real data sets, shipped as CSV files beside this module and read as they are."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def load_faithful() -> pd.DataFrame:
    """Eruptions of the Old Faithful geyser, Yellowstone National Park: two clear groups.

    Returns
    -------
    pandas.DataFrame
        272 rows; `eruptions`, how long the eruption lasted (minutes), and `waiting`, the time to
        the next one (minutes); ``attrs["units"]`` names the units for axes and tables.

    References
    ----------
    A. Azzalini and A. W. Bowman (1990). A look at some data on the Old Faithful geyser. Applied
    Statistics 39, 357-365.
    """
    return _read("faithful.csv", {"eruptions": "min", "waiting": "min"})


def load_galaxies() -> pd.DataFrame:
    """Velocities of galaxies in the Corona Borealis region: how many groups is a classic question.

    Returns
    -------
    pandas.DataFrame
        82 rows; `velocity`, the velocity away from us (1000 km/s, as ``attrs["units"]`` says too).

    Notes
    -----
    The values are those of R's MASS, so that results agree with published ones: row 78, counted
    from 1, is 26.690, a typing error for 26.960 according to the help page there.

    References
    ----------
    M. Postman, J. P. Huchra and M. J. Geller (1986). Probes of large-scale structure in the Corona
    Borealis region. Astronomical Journal 92, 1238-1247.

    K. Roeder (1990). Density estimation with confidence sets exemplified by superclusters and voids
    in the galaxies. Journal of the American Statistical Association 85, 617-624.
    """
    return _read("galaxies.csv", {"velocity": "1000 km/s"})


def load_penguins() -> pd.DataFrame:
    """Penguins of three species, measured on the Palmer Archipelago, Antarctica.

    Returns
    -------
    pandas.DataFrame
        344 rows, some with missing values; `species`, `island`, `bill_length_mm`, `bill_depth_mm`,
        `flipper_length_mm` (millimetres), `body_mass_g` (grams), `sex` and `year`.

    Notes
    -----
    Nothing is dropped here: a mixture of the measurements wants the choice of columns, and of what
    to do about the two penguins that were not measured, said aloud.

    References
    ----------
    K. B. Gorman, T. D. Williams and W. R. Fraser (2014). Ecological sexual dimorphism and
    environmental variability within a community of Antarctic penguins (genus Pygoscelis). PLoS ONE
    9(3), e90081. CC0.

    Examples
    --------
    >>> from bayesmix.datasets import load_penguins
    >>> penguins = load_penguins()
    >>> measured = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    >>> X = penguins[measured].dropna()
    >>> X.shape
    (342, 4)
    >>> species = penguins.loc[X.index, "species"]
    """
    return _read("penguins.csv", {})


def _read(name: str, units: dict[str, str]) -> pd.DataFrame:
    """A file beside this module, with the units of columns whose names do not say them."""
    import pandas as pd

    with files("bayesmix.datasets").joinpath(name).open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    if units:
        table.attrs["units"] = units
    return table
