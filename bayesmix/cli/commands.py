"""The commands: their options, their help, and the order in which things are done.

The rooms that do the work are imported when a command runs, so that help is there at once.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from bayesmix.cli.request import NO_DEFAULT, Manner, Request
from bayesmix.version import __version__

if TYPE_CHECKING:
    import pandas as pd

app = App(
    name="bayesmix",
    help="Bayesian mixture models: how many groups, which row belongs where, how sure?",
    help_epilogue="Examples:\n\n"
    "  bayesmix demo\n"
    "  bayesmix compare faithful.csv --components 1:6 --output report.html\n"
    "  bayesmix fit faithful.csv --components 2 --output fit.nc\n"
    "  bayesmix predict fit.nc new.csv --output labels.csv\n\n"
    "Results go to standard output, progress to standard error. What cannot be\n"
    "done is said in one line, with exit status 2. For the options of a command:\n"
    "bayesmix COMMAND --help.",
    help_format="plaintext",
    version=__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=()),
)

Method = Literal["nuts", "advi", "laplace", "em"]
Shell = Literal["bash", "zsh", "fish"]
_OUTPUTS_OF_FIT = (".nc", ".zarr", ".html", ".md", ".csv", ".parquet", ".pq")
_OUTPUTS_OF_PREDICT = (".csv", ".parquet", ".pq")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Source:
    """Which part of a file holds the rows."""

    columns: str | None = None
    """Columns to use: height,weight (all by default; for predict those of the fit)."""
    index: str | None = None
    """Column that names the rows."""
    drop_missing: Annotated[bool, NO_DEFAULT] = False
    """Leave out rows with missing values."""

    def read(self, data: Path, say: Callable[[str], None], features: Sequence[str] | None = None) -> "pd.DataFrame":
        """Read the rows, and say which they are.

        With ``features``, those of a fit, these columns are read, or ``columns`` in their place.
        """
        from bayesmix.cli.choices import names_of
        from bayesmix.cli.files import read_frame

        columns = features if self.columns is None else names_of(self.columns)
        if features is not None and columns is not None and len(columns) != len(features):
            raise ValueError(
                f"--columns names {len(columns)} columns, but the fit has {len(features)}: "
                f"{', '.join(features)}. Name one for each, in this order."
            )
        frame = read_frame(data, columns=columns, index=self.index, drop_missing=self.drop_missing, say=say)
        noun = "row" if len(frame) == 1 else "rows"
        say(f"{data.name}: {len(frame):,} {noun} of {', '.join(map(str, frame.columns))}.")
        return frame if features is None else frame.set_axis(list(features), axis=1)


@app.command(help_epilogue="Example:\n\n  bayesmix demo --output old-faithful.html")
def demo(*, output: list[Path] | None = None, seed: int = 1, manner: Manner = Manner()) -> None:
    """Run the main job on real data: how many groups are there in Old Faithful's eruptions?

    Compares 1 to 6 groups, each fitted by EM and by NUTS, and prints the criteria,
    the answer, the groups and the rows that are hardest to place.

    Parameters
    ----------
    output
        Where to write the report (report.html by default), or what else compare writes.
    seed
        The same seed gives the same numbers.
    """
    from bayesmix.cli.choices import families_of
    from bayesmix.cli.files import check_outputs

    outputs = tuple(output or [Path("report.html")])
    check_outputs(outputs, _OUTPUTS_OF_FIT)
    _check_seed(seed)
    from bayesmix.cli.comparing import compare_and_tell
    from bayesmix.datasets import load_faithful

    X = load_faithful()
    manner.say(f"Old Faithful: {len(X)} eruptions, their lengths and the waits for the next (minutes).")
    with manner.telling_of_first_use():
        compare_and_tell(X, range(1, 7), families_of("full"), Request("Old Faithful", "nuts", seed, outputs, manner))


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix fit faithful.csv --components 2 --output fit.nc --output report.html\n"
    "  bayesmix fit penguins.csv --components 3 --method em --family diag \\\n"
    "      --columns bill_length_mm,bill_depth_mm --drop-missing \\\n"
    "      --output labels.csv\n"
    "  bayesmix fit faithful.csv --components 2 --method em --json --quiet \\\n"
    "      | jq .criteria.bic"
)
def fit(
    data: Path,
    /,
    *,
    components: int,
    method: Method = "nuts",
    family: str = "full",
    source: Source = Source(),
    seed: int | None = None,
    output: list[Path] | None = None,
    manner: Manner = Manner(),
) -> None:
    """Fit a mixture with a given number of groups.

    Parameters
    ----------
    data
        File of rows: .csv, .tsv (also .gz) or .parquet.
    components
        Number of groups.
    method
        NUTS draws from the posterior; ADVI and Laplace approximate it; EM gives a point estimate.
    family
        Shape of the groups: full (any), tied (one for all), diag (along the axes), spherical.
    seed
        The same seed gives the same numbers; without one a seed is drawn and said.
    output
        The fit for predict (.nc, .zarr), a report (.html, .md), labels (.csv, .parquet); may be repeated.
    """
    from bayesmix.cli.choices import families_of
    from bayesmix.cli.files import check_outputs

    outputs = tuple(output or ())
    check_outputs(outputs, _OUTPUTS_OF_FIT, data)
    if components < 1:
        raise ValueError(f"--components must be at least 1, not {components}: how many groups to fit.")
    _check_seed(seed)
    [chosen, *more] = families_of(family, "--family")
    if more:
        raise ValueError(f"--family {family!r}: one model has one family; bayesmix compare takes several.")
    X = source.read(data, manner.say)
    request = Request(data.name, method, _seed(seed, manner), outputs, manner)
    from bayesmix.cli.fitting import fit_and_tell
    from bayesmix.mixture import Mixture

    with manner.telling_of_first_use():
        fit_and_tell(X, Mixture(components, chosen), request)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix compare faithful.csv --components 1:6 --output report.html\n"
    "  bayesmix compare penguins.csv --components 2,3,4 --families full,diag \\\n"
    "      --columns bill_length_mm,bill_depth_mm --drop-missing \\\n"
    "      --method em --output table.csv\n"
    "  bayesmix compare faithful.csv --json --quiet | jq -r .answer"
)
def compare(
    data: Path,
    /,
    *,
    components: str = "1:6",
    method: Method = "nuts",
    families: str = "full",
    source: Source = Source(),
    seed: int | None = None,
    output: list[Path] | None = None,
    manner: Manner = Manner(),
) -> None:
    """Compare mixtures over numbers of groups: how many are there?

    Parameters
    ----------
    data
        File of rows: .csv, .tsv (also .gz) or .parquet.
    components
        Numbers of groups: 3, 1:6 (both ends included) or 1,2,4.
    method
        NUTS draws from the posterior; ADVI and Laplace approximate it; EM gives point estimates.
    families
        Shapes of the groups, with commas between: full,tied,diag,spherical.
    seed
        The same seed gives the same numbers; without one a seed is drawn and said.
    output
        A report (.html, .md), the table (.csv, .parquet), the chosen fit (.nc, .zarr); may be repeated.
    """
    from bayesmix.cli.choices import families_of, numbers_of
    from bayesmix.cli.files import check_outputs

    outputs = tuple(output or ())
    check_outputs(outputs, _OUTPUTS_OF_FIT, data)
    _check_seed(seed)
    numbers, chosen = numbers_of(components), families_of(families)
    X = source.read(data, manner.say)
    request = Request(data.name, method, _seed(seed, manner), outputs, manner)
    from bayesmix.cli.comparing import compare_and_tell

    with manner.telling_of_first_use():
        compare_and_tell(X, numbers, chosen, request)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix predict fit.nc new.csv --output labels.csv\n"
    "  bayesmix predict fit.nc new.parquet --index id --intervals\n"
    "  bayesmix predict fit.nc new.csv --json \\\n"
    "      | jq '.rows[] | select(.label_probability < 0.9) | .row'"
)
def predict(
    fitted: Path,
    data: Path,
    /,
    *,
    source: Source = Source(),
    intervals: Annotated[bool, NO_DEFAULT] = False,
    output: list[Path] | None = None,
    manner: Manner = Manner(),
) -> None:
    """Say which group rows belong to, and how sure that is.

    The columns of the fit are taken from the file; --columns names others for them.

    Written for every row: its label, the probability of that, the entropy, and
    the probability of every group.

    Parameters
    ----------
    fitted
        What fit or compare kept with --output.
    data
        File of rows: .csv, .tsv (also .gz) or .parquet.
    intervals
        Write the posterior interval of every probability too.
    output
        Where to write the labels (.csv, .parquet); standard output by default; may be repeated.
    """
    from bayesmix.cli.files import check_outputs

    outputs = tuple(output or ())
    check_outputs(outputs, _OUTPUTS_OF_PREDICT, data)
    from bayesmix.cli.labelling import label_and_tell
    from bayesmix.tree import load, record_of

    tree = load(fitted)
    X = source.read(data, manner.say, record_of(tree)["features"])
    with manner.telling_of_first_use():
        label_and_tell(tree, X, data.name, outputs, manner, intervals=intervals)


@app.command(
    help_epilogue="Examples:\n\n"
    "  source <(bayesmix completion bash)         # in ~/.bashrc\n"
    "  source <(bayesmix completion zsh)          # in ~/.zshrc, after compinit\n"
    "  bayesmix completion fish > ~/.config/fish/completions/bayesmix.fish"
)
def completion(shell: Shell, /) -> None:
    """Print the script that lets a shell complete commands, options and file names.

    Parameters
    ----------
    shell
        The shell that is to read it.
    """
    sys.stdout.write(app.generate_completion(prog_name="bayesmix", shell=shell))
    if shell == "zsh":  # the script only defines its function, and nothing would call it
        sys.stdout.write("compdef _cyclopts_bayesmix bayesmix\n")


def _check_seed(seed: int | None) -> None:
    if seed is not None and seed < 0:
        raise ValueError(f"--seed must not be negative, not {seed}: give any whole number from 0 on.")


def _seed(seed: int | None, manner: Manner) -> int:
    """The seed, or a new one that is said, so that every run can be repeated."""
    if seed is not None:
        return seed
    import secrets

    drawn = secrets.randbelow(2**31)
    manner.say(f"Seed {drawn}: add --seed {drawn} to get the same numbers again.")
    return drawn
