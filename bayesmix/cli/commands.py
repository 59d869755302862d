"""The commands: their options, their help, and the order in which things are done.

The rooms that do the work are imported when a command runs, so that help is there at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App, Parameter

from bayesmix.version import __version__

if TYPE_CHECKING:
    import pandas as pd

app = App(
    name="bayesmix",
    help="Bayesian mixture models: how many groups, which row belongs where, how sure?",
    help_epilogue="Examples:\n\n"
    "  bayesmix demo\n"
    "  bayesmix compare penguins.csv --components 1:6 --output report.html\n"
    "  bayesmix fit penguins.csv --components 3 --output fit.nc\n"
    "  bayesmix predict fit.nc new.csv --output labels.csv",
    help_format="plaintext",
    version=__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=()),
)

Method = Literal["nuts", "advi", "laplace", "em"]
Covariance = Literal["full", "tied", "diag", "spherical"]
FamilyName = Literal["gaussian"]
_SUFFIXES_OF_FIT = (".nc", ".zarr", ".html")
_SUFFIXES_OF_COMPARISON = (".html", ".csv")
_SUFFIXES_OF_LABELS = (".csv", ".parquet", ".pq")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Source:
    """Which part of a file holds the rows."""

    columns: str | None = None
    """Columns to use: height,weight (all by default; for predict those of the fit)."""
    index: str | None = None
    """Column that names the rows."""
    drop_missing: bool = False
    """Leave out rows with missing values."""

    def read(self, data: Path, features: Sequence[str] | None = None) -> "pd.DataFrame":
        """Read the rows, and say on standard error which they are.

        With ``features``, those of a fit, these columns are read, or ``columns`` in their place.
        """
        from bayesmix.cli.choices import names_of
        from bayesmix.cli.files import read_frame
        from bayesmix.cli.screen import say

        columns = features if self.columns is None else names_of(self.columns)
        if features is not None and columns is not None and len(columns) != len(features):
            raise ValueError(
                f"--columns names {len(columns)} columns, but the fit has {len(features)}: "
                f"{', '.join(features)}. Name one for each, in this order."
            )
        frame = read_frame(data, columns=columns, index=self.index, drop_missing=self.drop_missing, say=say)
        say(f"{data.name}: {len(frame):,} rows of {', '.join(map(str, frame.columns))}.")
        return frame if features is None else frame.set_axis(list(features), axis=1)


@app.command(help_epilogue="Example:\n\n  bayesmix demo --output old-faithful.html")
def demo(*, output: Path = Path("report.html"), seed: int = 1) -> None:
    """Run the main job on real data: how many groups are there in Old Faithful's eruptions?

    Compares 1 to 6 groups, each fitted by EM and by NUTS, and prints the criteria,
    the answer, the groups and the rows that are hardest to place.

    Parameters
    ----------
    output
        Where to write the report, one self-contained HTML file.
    seed
        The same seed gives the same numbers.
    """
    from bayesmix.cli.choices import check_output, families_of
    from bayesmix.cli.screen import say
    from bayesmix.cli.work import compare_and_show
    from bayesmix.datasets import load_faithful

    check_output(output, (".html",))
    X = load_faithful()
    say(f"Old Faithful: {len(X)} eruptions, their lengths and the waits for the next (minutes).")
    compare_and_show(X, list(range(1, 7)), families_of("gaussian", "full"), "nuts", seed, output)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix fit faithful.csv --components 2 --output fit.nc\n"
    "  bayesmix fit penguins.csv --components 3 --method em --covariance diag \\\n"
    "      --columns bill_length_mm,bill_depth_mm --drop-missing"
)
def fit(
    data: Path,
    /,
    *,
    components: int,
    method: Method = "nuts",
    family: FamilyName = "gaussian",
    covariance: Covariance = "full",
    source: Source = Source(),
    seed: int | None = None,
    output: Path | None = None,
) -> None:
    """Fit a mixture with a given number of groups.

    Parameters
    ----------
    data
        File of rows: .csv, .tsv or .parquet.
    components
        Number of groups.
    method
        NUTS draws from the posterior; ADVI and Laplace approximate it; EM gives a point estimate.
    family
        What a group is.
    covariance
        Shape of the groups: full (any), tied (one for all), diag (along the axes), spherical.
    seed
        The same seed gives the same numbers; without one a seed is drawn and said.
    output
        Where to keep the fit for predict (.nc or .zarr), or to write a report (.html).
    """
    from bayesmix.cli.choices import check_output, families_of
    from bayesmix.cli.work import fit_and_show

    check_output(output, _SUFFIXES_OF_FIT)
    if components < 1:
        raise ValueError(f"--components must be at least 1, not {components}.")
    [chosen] = families_of(family, covariance)
    X = source.read(data)
    fit_and_show(X, components, chosen, method, _seed(seed), output)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix compare faithful.csv --components 1:6 --output report.html\n"
    "  bayesmix compare penguins.csv --components 2,3,4 --covariance full,diag \\\n"
    "      --columns bill_length_mm,bill_depth_mm --drop-missing --method em"
)
def compare(
    data: Path,
    /,
    *,
    components: str = "1:6",
    method: Method = "nuts",
    family: FamilyName = "gaussian",
    covariance: str = "full",
    source: Source = Source(),
    seed: int | None = None,
    output: Path | None = None,
) -> None:
    """Compare mixtures over numbers of groups: how many are there?

    Parameters
    ----------
    data
        File of rows: .csv, .tsv or .parquet.
    components
        Numbers of groups: 3, 1:6 (both ends included) or 1,2,4.
    method
        NUTS draws from the posterior; ADVI and Laplace approximate it; EM gives point estimates.
    family
        What a group is.
    covariance
        Shapes of the groups, with commas between: full, tied, diag, spherical.
    seed
        The same seed gives the same numbers; without one a seed is drawn and said.
    output
        Where to write a report (.html) or the table (.csv).
    """
    from bayesmix.cli.choices import check_output, families_of, numbers_of
    from bayesmix.cli.work import compare_and_show

    check_output(output, _SUFFIXES_OF_COMPARISON)
    numbers, families = numbers_of(components), families_of(family, covariance)
    X = source.read(data)
    compare_and_show(X, numbers, families, method, _seed(seed), output)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix predict fit.nc new.csv --output labels.csv\n"
    "  bayesmix predict fit.nc new.parquet --index id --intervals"
)
def predict(
    fitted: Path,
    data: Path,
    /,
    *,
    source: Source = Source(),
    intervals: bool = False,
    output: Path | None = None,
) -> None:
    """Say which group rows belong to, and how sure that is.

    The columns of the fit are taken from the file; --columns names others for them.

    Written for every row: its label, the probability of that, the entropy, and
    the probability of every group.

    Parameters
    ----------
    fitted
        What fit kept with --output.
    data
        File of rows: .csv, .tsv or .parquet.
    intervals
        Add the interval of every probability.
    output
        Where to write the table (.csv or .parquet); by default it is printed as CSV.
    """
    from bayesmix.cli.choices import check_output
    from bayesmix.cli.work import label_and_write
    from bayesmix.tree import load, record_of

    check_output(output, _SUFFIXES_OF_LABELS)
    tree = load(fitted)
    features = record_of(tree)["features"]
    label_and_write(tree, source.read(data, features), output, intervals=intervals)


def _seed(seed: int | None) -> int:
    """The seed, or a new one that is said, so that every run can be repeated."""
    if seed is not None:
        if seed < 0:
            raise ValueError(f"--seed must not be negative, not {seed}.")
        return seed
    import secrets

    from bayesmix.cli.screen import say

    drawn = secrets.randbelow(2**31)
    say(f"Seed {drawn}: add --seed {drawn} to get the same numbers again.")
    return drawn
