"""The commands: their options, their help, and the order in which things are done.

The rooms that do the work are imported when a command runs, so that help is there at once.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from bayesmix.cli.choices import DEFAULT_CRITERIA, known_families
from bayesmix.cli.request import NO_DEFAULT, Length, Manner, Request
from bayesmix.cli.source import Source
from bayesmix.registry import AUTO, DEFAULT
from bayesmix.version import __version__

app = App(
    name="bayesmix",
    help="Bayesian mixture models: how many groups, which row belongs where, how sure?",
    help_epilogue="Examples:\n\n"
    "  bayesmix demo\n"
    "  bayesmix data faithful\n"
    "  bayesmix compare faithful.csv --components 1:6 --output report.html\n"
    "  bayesmix fit faithful.csv -k 2 -o fit.nc\n"
    "  bayesmix predict fit.nc faithful.csv --output labels.csv\n\n"
    "Results go to standard output, progress to standard error. What cannot be\n"
    "done is said in one line, with exit status 2. What was made and is not to be\n"
    "trusted says so first, with exit status 3. For the options of a command:\n"
    "bayesmix COMMAND --help.",
    help_format="plaintext",
    version=__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=()),
)

# "-" is standard input
Data = Annotated[Path, Parameter(allow_leading_hyphen=True)]
Outputs = Annotated[list[Path] | None, Parameter(alias="-o")]
Method = Literal["auto", "nuts", "gibbs", "advi", "laplace", "em"]
Relabel = Literal["ecr", "pivot", "stephens", "order"]
Shell = Literal["bash", "zsh", "fish"]
_FAMILY = (
    f"What the groups are: {known_families()}; or the shape of Gaussian groups: full (any), tied (one for all), diag "
    "(along the axes), spherical, or a code of mclust's, such as VVE. student-t-diag names both. auto: by what the "
    "columns look like, of several kinds 'product(gaussian-full: a, b; poisson: c)'."
)
_FAMILIES = (
    f"What the groups may be, with commas between: {known_families()}; or full,tied,diag,spherical; factors-2: of two "
    "factors, for many columns; mclust: "
    "all fourteen covariances; auto: by what the columns look like."
)
_OUTPUTS_OF_FIT = (".nc", ".zarr", ".html", ".md", ".csv", ".parquet", ".pq")
_OUTPUTS_OF_PREDICT = (".csv", ".parquet", ".pq")


@app.command(help_epilogue="Example:\n\n  bayesmix demo --output old-faithful.html")
def demo(*, output: Outputs = None, seed: int = 1, manner: Manner = Manner()) -> int:
    """Run the main job on real data: how many groups are there in Old Faithful's eruptions?

    Compares 1 to 6 groups, each fitted by EM and by NUTS or Gibbs sampling, and prints the answer,
    the groups, the rows in doubt and the criteria.

    Parameters
    ----------
    output
        Where to write the report (report.html by default), or what else compare writes.
    seed
        The same seed gives the same numbers.
    """
    from bayesmix.cli.choices import criteria_of, families_of
    from bayesmix.cli.outputs import check_outputs

    outputs = tuple(output or [Path("report.html")])
    check_outputs(outputs, _OUTPUTS_OF_FIT)
    _check_seed(seed)
    from bayesmix.cli.comparing import compare_and_tell
    from bayesmix.datasets import load_faithful

    X = load_faithful()
    for path in outputs:
        manner.say(f"What is found will be written to {path.resolve()}.")
    manner.say(f"Old Faithful: {len(X)} eruptions, their lengths and the waits for the next (minutes).")
    with manner.working():
        request = Request("Old Faithful", "auto", seed, outputs, manner)
        families, criteria = families_of(DEFAULT), criteria_of(DEFAULT_CRITERIA)
        return compare_and_tell(X, range(1, 7), families, criteria, request)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix data                              # which there are\n"
    "  bayesmix data penguins\n"
    "  bayesmix data faithful --output geyser.csv"
)
def data(name: str | None = None, /, *, output: Annotated[Path | None, Parameter(alias="-o")] = None) -> None:
    """Write a small real data set as a file of rows, to try things with.

    Parameters
    ----------
    name
        Which one; without a name they are listed.
    output
        Where to write it (NAME.csv by default).
    """
    from bayesmix.cli.bundled import show_sets, write_set

    if name is None:
        show_sets()
    else:
        write_set(name, output)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix fit faithful.csv --components 2 --output fit.nc --output report.html\n"
    "  bayesmix fit faithful.csv --components unknown\n"
    "  bayesmix fit penguins.csv --components 3 --method em --family diag \\\n"
    "      --columns bill_length_mm,bill_depth_mm --drop-missing \\\n"
    "      --output labels.csv\n"
    "  bayesmix fit faithful.csv --components 2 --method em --json --quiet \\\n"
    "      | jq .criteria.bic"
)
def fit(
    data: Data,
    /,
    *,
    components: Annotated[int | Literal["unknown"], Parameter(alias="-k")],
    method: Method = "auto",
    family: Annotated[str, Parameter(help=_FAMILY)] = DEFAULT,
    noise: Annotated[bool, NO_DEFAULT] = False,
    source: Source = Source(),
    length: Length = Length(),
    relabel: Relabel | None = None,
    stream: Annotated[bool, NO_DEFAULT] = False,
    weights: str | None = None,
    labels: str | None = None,
    groups: str | None = None,
    seed: int | None = None,
    output: Outputs = None,
    manner: Manner = Manner(),
) -> int:
    """Fit a mixture with a given number of groups, or find out their number.

    Parameters
    ----------
    data
        File of rows: .csv, .tsv, .txt (also .gz), .parquet or .xlsx; - is standard input.
    components
        Number of groups; or unknown: then it is drawn too, and the posterior of the number is the answer.
    method
        NUTS and Gibbs draw from the posterior, and auto takes the one that can be trusted; ADVI and Laplace
        approximate it; EM gives a point estimate.
    noise
        Let rows be of no group: noise, which lies anywhere in the box of the data, and has the label -1.
    relabel
        How groups get the same name in every draw: by the EM labels of the rows (ecr, the default), by the draw of the
        highest posterior density, by Stephens' method, or in the order of their weights.
    stream
        Read the file block by block, as often as it takes, so that its rows need not fit in memory: .parquet (or a
        folder of such), .npy, .zarr, plain .csv and .tsv; with --method em. Ctrl-C ends the fit with what it has.
    weights
        Column that says how much each row counts: a whole number is so many equal rows. It is no feature.
    labels
        Column of what is known of the groups of rows: names, or numbers from 0 on; empty (or -1) where nothing is.
    groups
        Column that says which rows belong together, such as the visits of a patient: they are in one group.
    seed
        The same seed gives the same numbers; without one a seed is drawn and said.
    output
        The fit for predict (.nc, .zarr), a report (.html, .md), labels (.csv, .parquet); may be repeated. Of an
        unknown number of groups: the fit, and the table of numbers (.csv, .parquet).
    """
    from bayesmix.cli.choices import families_of, family_for_rows, sums_out_missing, takes_of, with_noise_of
    from bayesmix.cli.outputs import check_outputs
    from bayesmix.cli.reading import Beside, Told, read_frame

    outputs = tuple(output or ())
    if components == "unknown":
        _check_unknown(method)
    check_outputs(outputs, _OUTPUTS_OF_FIT, data)
    if components != "unknown" and components < 1:
        raise ValueError(f"--components must be at least 1, not {components}: how many groups to fit.")
    _check_seed(seed)
    options: dict[str, Any] = dict(length.options("gibbs" if components == "unknown" else method))
    if relabel is not None:
        _check_relabel(components, method)
        options["relabel"] = relabel
    several = f"--family {family!r}: one model has one family; bayesmix compare takes several."
    if "," in family and not family.startswith("product("):
        raise ValueError(several)
    if stream:
        from bayesmix.cli.streaming import check_streamed, open_rows

        for option, column in (("weights", weights), ("labels", labels), ("groups", groups)):
            if column is not None:
                raise ValueError(f"--{option} is for rows in memory: leave out --stream.")
        if noise:
            raise ValueError("--noise is for rows in memory, whose box is known before the fit: leave out --stream.")
        check_streamed(method, outputs, components, family)
        X: Any = open_rows(data, source, manner.say)
        told = Told()
    else:
        takes, summed_out = takes_of(family, "--family"), sums_out_missing(family, "--family") and not noise
        beside = Beside(weights, labels, groups)
        X, told = read_frame(data, source, manner.say, takes=takes, summed_out=summed_out, beside=beside)
    chosen, *others = (
        [family_for_rows(X, "--family", manner.say)] if family == AUTO else families_of(family, "--family")
    )
    if others:
        raise ValueError(several)
    if noise:
        [chosen] = with_noise_of([chosen])
    request = Request(_named(data), method, _seed(seed, manner), outputs, manner, *told)
    if components == "unknown":
        from bayesmix.cli.counting import count_and_tell

        with manner.working():
            return count_and_tell(X, chosen, request, options)
    from bayesmix.cli.fitting import fit_and_tell
    from bayesmix.mixture import Mixture

    with manner.working():
        return fit_and_tell(X, Mixture(components, chosen), request, options)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix compare faithful.csv --components 1:6 --output report.html\n"
    "  bayesmix compare penguins.csv --components 2,3,4 --families full,diag \\\n"
    "      --columns bill_length_mm,bill_depth_mm --drop-missing \\\n"
    "      --method em --output table.csv\n"
    "  bayesmix compare faithful.csv --json --quiet | jq -r .answer"
)
def compare(
    data: Data,
    /,
    *,
    components: Annotated[str, Parameter(alias="-k")] = "1:6",
    method: Method = "auto",
    families: Annotated[str, Parameter(help=_FAMILIES)] = DEFAULT,
    noise: Annotated[bool, NO_DEFAULT] = False,
    criteria: str = DEFAULT_CRITERIA,
    evidence_under: list[str] | None = None,
    refits: int = 10,
    cv: int | None = None,
    cache: Path | None = None,
    source: Source = Source(),
    weights: str | None = None,
    seed: int | None = None,
    output: Outputs = None,
    manner: Manner = Manner(),
) -> int:
    """Compare mixtures over numbers of groups: how many are there?

    Parameters
    ----------
    data
        File of rows: .csv, .tsv, .txt (also .gz), .parquet or .xlsx; - is standard input.
    components
        Numbers of groups: 3, 1:6 (both ends included) or 1,2,4.
    method
        NUTS and Gibbs draw from the posterior, and auto takes for each model the one that can be trusted; ADVI
        and Laplace approximate it; EM gives point estimates.
    noise
        Let rows be of no group, in every model: noise, which lies anywhere in the box of the data. To compare with and
        without it, write --families full,full+noise.
    criteria
        Columns of the table that is shown, beside LOO: some of bic,aic,icl,sbic,sabic,caic,entropy, or all.
    evidence_under
        Fit all models under this prior too, and tell how the evidence moves: a name, a colon, and the prior, as in
        "narrow: components=NormalInverseWishart(shrinkage=0.1)"; may be repeated. The default prior stands beside.
    refits
        Rows of a model, at most, that LOO leaves out by a fit of their own, where importance sampling and moment
        matching cannot.
    cv
        Check LOO by leaving out so many folds of the rows, each by a fit of its own.
    cache
        Folder in which every model is kept once it is finished: the same command goes on where it was stopped, by
        the same seed.
    weights
        Column that says how much each row counts: a whole number is so many equal rows. It is no feature.
    seed
        The same seed gives the same numbers; without one a seed is drawn and said.
    output
        A report (.html, .md), the table (.csv, .parquet), the chosen fit (.nc, .zarr); may be repeated.
    """
    from bayesmix.cli.choices import (
        criteria_of,
        families_of,
        family_for_rows,
        numbers_of,
        stated_priors_of,
        sums_out_missing,
        takes_of,
        with_noise_of,
    )
    from bayesmix.cli.outputs import check_outputs
    from bayesmix.cli.reading import Beside, read_frame

    outputs = tuple(output or ())
    check_outputs(outputs, _OUTPUTS_OF_FIT, data)
    _check_seed(seed)
    if refits < 0:
        raise ValueError(f"--refits must not be negative, not {refits}: 0 leaves it at moment matching.")
    shown = criteria_of(criteria)
    numbers = numbers_of(components)
    takes, summed_out = takes_of(families), sums_out_missing(families) and not noise
    beside = Beside(weights)
    X, told = read_frame(data, source, manner.say, takes=takes, summed_out=summed_out, beside=beside)
    chosen = [family_for_rows(X, "--families", manner.say)] if families == AUTO else families_of(families)
    chosen = with_noise_of(chosen) if noise else chosen
    under = stated_priors_of(evidence_under or (), chosen)
    from bayesmix.cli.comparing import compare_and_tell, seed_in

    seed = seed_in(cache) if seed is None else seed
    request = Request(_named(data), method, _seed(seed, manner), outputs, manner, *told)
    with manner.working():
        return compare_and_tell(X, numbers, chosen, shown, request, refits=refits, cv=cv, cache=cache, under=under)


@app.command(
    name="test",
    help_epilogue="Examples:\n\n"
    "  bayesmix test faithful.csv --components 2 --family tied\n"
    "  bayesmix test faithful.csv --components 1 --resamples 99 --json --quiet \\\n"
    "      | jq .p_value",
)
def likelihood_ratio(
    data: Data,
    /,
    *,
    components: Annotated[int, Parameter(alias="-k")],
    alternative: int | None = None,
    family: Annotated[str, Parameter(help=_FAMILY)] = DEFAULT,
    resamples: int = 999,
    source: Source = Source(),
    seed: int | None = None,
    manner: Manner = Manner(),
) -> int:
    """Test a number of groups: do the rows speak against it, and for a larger one?

    The likelihood ratio of the two numbers is held against that of data sets drawn from the estimate with the smaller
    one (parametric bootstrap).

    Parameters
    ----------
    data
        File of rows: .csv, .tsv, .txt (also .gz), .parquet or .xlsx; - is standard input.
    components
        Number of groups that is tested.
    alternative
        A larger number; the next one by default.
    resamples
        Data sets that are drawn and fitted: the smallest p-value is one over one more.
    seed
        The same seed gives the same numbers; without one a seed is drawn and said.
    """
    from bayesmix.cli.choices import families_of, sums_out_missing, takes_of
    from bayesmix.cli.reading import read_frame

    if components < 1:
        raise ValueError(f"--components must be at least 1, not {components}: the number that is tested.")
    if alternative is not None and alternative <= components:
        raise ValueError(f"--alternative must be larger than --components, {components}, not {alternative}.")
    if resamples < 1:
        raise ValueError(f"--resamples must be at least 1, not {resamples}.")
    _check_seed(seed)
    takes, summed_out = takes_of(family, "--family"), sums_out_missing(family, "--family")
    X, _ = read_frame(data, source, manner.say, takes=takes, summed_out=summed_out)
    chosen, *others = families_of(family, "--family")
    if others:
        raise ValueError(f"--family {family!r}: a test is of one family.")
    request = Request(_named(data), "em", _seed(seed, manner), (), manner)
    from bayesmix.cli.testing import weigh_and_tell

    with manner.working():
        return weigh_and_tell(X, components, alternative, chosen, resamples, request)


@app.command(
    help_epilogue="Examples:\n\n"
    "  bayesmix predict fit.nc new.csv --output labels.csv\n"
    "  bayesmix predict fit.nc new.parquet --index id --intervals\n"
    "  bayesmix predict fit.nc new.csv --outliers --output labels.csv\n"
    "  bayesmix predict fit.nc new.csv --json \\\n"
    "      | jq '.rows[] | select(.label_probability < 0.9) | .row'"
)
def predict(
    fitted: Path,
    data: Data,
    /,
    *,
    source: Source = Source(),
    intervals: Annotated[bool, NO_DEFAULT] = False,
    outliers: Annotated[bool, NO_DEFAULT] = False,
    stream: Annotated[bool, NO_DEFAULT] = False,
    output: Outputs = None,
    manner: Manner = Manner(),
) -> int:
    """Say which group rows belong to, and how sure that is.

    The columns of the fit are taken from the file; --columns names others for them.

    Written for every row: its label, the probability of that, the entropy with its
    two parts, and the probability of every group. Where cells are empty, a row is
    judged by the others.

    Parameters
    ----------
    fitted
        What fit or compare kept with --output.
    data
        File of rows: .csv, .tsv, .txt (also .gz), .parquet or .xlsx; - is standard input.
    intervals
        Write the posterior interval of every probability too.
    outliers
        Write how rarely a new row is as improbable, the same adjusted for the number of rows, and whether it is an
        outlier: among those at most 5 % are expected to be ordinary.
    stream
        Read the file and write the labels block by block, so that neither need fit in memory: as in fit. Rows are
        called by their positions, from 0.
    output
        Where to write the labels (.csv, .parquet); standard output by default; may be repeated.
    """
    from bayesmix.cli.outputs import check_outputs
    from bayesmix.cli.reading import read_frame
    from bayesmix.cli.reading.origin import is_fit

    outputs = tuple(output or ())
    check_outputs(outputs, _OUTPUTS_OF_PREDICT, data)
    if is_fit(data) and not is_fit(fitted):
        raise ValueError(
            f"{fitted} is no fit, but {data} looks like one: swapped? The fit comes first: "
            f"bayesmix predict {data} {fitted}."
        )
    from bayesmix.tree import columns_of, load

    tree = load(fitted)
    if stream:
        from bayesmix.cli.streaming import label_streamed, open_rows

        if manner.json or outliers:
            raise ValueError(f"{'--json' if manner.json else '--outliers'} needs all rows at once: leave out --stream.")
        file = open_rows(data, source, manner.say, [column.name for column in columns_of(tree)])
        with manner.working():
            return label_streamed(tree, file, outputs, manner, intervals=intervals)
    X, _ = read_frame(data, source, manner.say, fitted=columns_of(tree))
    from bayesmix.cli.labelling import label_and_tell

    with manner.working():
        return label_and_tell(tree, X, _named(data), outputs, manner, intervals=intervals, judged=outliers)


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


def _named(data: Path) -> str:
    """What a file of rows is called in results."""
    from bayesmix.cli.reading.origin import STANDARD_INPUT

    return "standard input" if data == STANDARD_INPUT else data.name


def _check_relabel(components: int | str, method: str) -> None:
    if method == "em":
        raise ValueError("--relabel has no meaning with --method em, which has no draws: leave it out.")
    if components == "unknown":
        raise ValueError(
            "--relabel has no meaning with --components unknown, where no group is in all draws: leave it out."
        )


def _check_unknown(method: str) -> None:
    if method not in ("auto", "gibbs"):
        raise ValueError(
            f"--method {method} needs a number of groups: --components unknown is drawn by gibbs (or auto)."
        )


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
