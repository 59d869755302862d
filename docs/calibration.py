"""The part of the page of evidence about calibration, from ``tests/calibration/results.json`` and nothing else."""

import functools
from pathlib import Path

import numpy as np

from benchmarks.tables import Table
from docs.figures import in_words, number, paragraph, share
from tests.calibration import results as study
from tests.calibration.planted import PLANTED
from tests.calibration.replicate import N_RANKS
from tests.calibration.results import LEVEL, Judgement
from tests.calibration.study import CENTRAL
from tests.calibration.uniformity import band, counts_below

PICTURE = Path(__file__).parent / "pictures" / "calibration.png"
METHODS = {"nuts": "NUTS", "laplace": "Laplace", "advi": "ADVI"}

WORDS = """\
Parameters are drawn from the prior, rows from the parameters, and the rows are fitted. If prior, likelihood and sampler
belong together, the truth takes every rank among the posterior draws equally often, and an interval holds the truth as
often as it promises ([Talts et al., 2018](#ref-talts2018)). Ranks are judged by simultaneous bands
([Säilynoja et al., 2022](#ref-sailynoja2022)). Every family takes part, and every covariance but `Gaussian("VEV")`,
from whose prior nothing draws. Data sets in which a column is constant or a level has no row are of another model, and
are drawn anew with their truth.

*What it says:* over the data sets that the prior makes, posteriors by NUTS are not seen to be too narrow, too wide or
to one side. A fit that fails R-hat, the effective sample size or another gate is counted, and stays in: what is judged
is what a user gets."""

APPROXIMATIONS = """\
The same data sets, by the two approximations. They are fast, and their intervals are too narrow; here is by how much.
k-hat ([Trusting a posterior](#pareto-k)) warns of the worst fits, but a good k-hat is no promise that the coverage is
exact.

*What it says:* an approximation serves to look around. Where an interval must hold as often as it says, use NUTS."""


@functools.cache
def judged(method: str) -> list[Judgement]:
    """Every test of a method."""
    return study.of_method(study.read(), method)


def allowed(method: str) -> float:
    """The smallest p-value that passes: all tests of a method together err at the level."""
    return LEVEL / len(judged(method))


def of_nuts() -> str:
    """Tables of NUTS and of what would be caught."""
    results, found = study.read(), judged("nuts")
    cells = {name: cell["nuts"] for name, cell in results["cells"].items()}
    worst = min(found, key=lambda one: one.p_value)
    n_replicates, n_failed = (sum(cell[key] for cell in cells.values()) for key in ("replicates", "failed"))
    reasons = sorted({reason for cell in cells.values() for reason in cell["failed_by"]})
    by = {reason: sum(cell["failed_by"].get(reason, 0) for cell in cells.values()) for reason in reasons}
    pooled = study.pooled_coverage(results, "nuts")
    days = sorted({cell.get("on", "") for cell in results["cells"].values()} - {""})
    undated = sum("on" not in cell for cell in results["cells"].values())
    dated = ""
    if days:
        dated = f" It was run on {days[0]}" if days[0] == days[-1] else f" It was run from {days[0]} to {days[-1]}"
        dated += f", but for {undated} models whose days were not kept." if undated else "."
    hours = sum(cell["processor_seconds"] for cell in results["cells"].values()) / 3600
    parts = [
        paragraph(
            f"{len(found)} tests of {n_replicates} fits in {len(cells)} models; {len(study.bad(found))} fail. The "
            f"smallest p-value is {number(worst.p_value)} ({worst.what} in {worst.cell}); one below "
            f"{number(allowed('nuts'))} would fail, so that the chance that any fails where all is right is at most "
            f"{LEVEL:.0%}. {n_failed} fits failed a gate (some more than one: {in_words(by)}). The study, "
            f"approximations included, took {hours:.1f} hours of processor time.{dated}"
        ),
        _picture(),
        Table(
            ["model", "rows", "fits", "failed a gate", "tests", "smallest p", "of"],
            [_cell_row(name, cell, results["cells"][name]["rows"]) for name, cell in cells.items()],
        ).markdown(),
        paragraph(
            "Coverage over all models, of intervals by `bm.responsibilities`, where the fit is in doubt, and by "
            "`bm.log_density`. Entries of one data set depend on each other: one each is counted, drawn at random. "
            f"One p-value in {len(pooled)} below {number(LEVEL / len(pooled))} would fail. Intervals come from few "
            f"draws here: of n independent ones an interval of 50% is expected to hold {0.5 * 99 / 101:.1%} where n is "
            f"100, the least that the gates let pass, and {0.5 * 799 / 801:.1%} where it is 800, all of them."
        ),
        _coverage(results),
        "Errors planted in the fit, and the same fit without one. A p-value times the number of tests below "
        f"{number(LEVEL)} is caught:",
        _planted(results),
    ]
    return "\n\n".join(parts)


def summary() -> tuple[int, str]:
    """Number of tests of NUTS, and the smallest p-value."""
    found = judged("nuts")
    return len(found), f"p = {number(min(one.p_value for one in found))}, at least {number(allowed('nuts'))}"


def _picture() -> str:
    return (
        f"```{{image}} pictures/{PICTURE.name}\n"
        ":alt: Three panels of lines around zero within a grey band; a few of Laplace and ADVI leave it.\n"
        ":align: center\n```\n\n"
    ) + paragraph(
        "Each line is one quantity in one model: by how much the distribution function of the truth's ranks is off the "
        "uniform one. Where a method is calibrated, the grey bands hold all lines of its panel at once with a "
        f"probability of {1 - LEVEL:.0%}; it is wider where fewer data sets were fitted."
    )


def _cell_row(name: str, cell, n_rows: int) -> list[str]:
    own = list(study.judgements(name, cell))
    worst = min(own, key=lambda one: one.p_value)
    counts = (n_rows, cell["replicates"], cell["failed"], len(own))
    return [name, *map(str, counts), number(worst.p_value), worst.what]


def _coverage(results) -> str:
    found = {method: study.interval_coverage(results, method) for method in METHODS}
    rows = []
    tests = {one.what.removeprefix("intervals of "): one.p_value for one in study.pooled_coverage(results, "nuts")}
    for name, (value, error) in found["nuts"].items():
        what, promised = name.rsplit(" ", 1)
        others = [share(*found[method][name]) for method in ("laplace", "advi")]
        rows.append([what, f"{float(promised):.0%}", share(value, error), number(tests[name]), *others])
    columns = ["intervals of", "promise", "NUTS", "p-value", "Laplace", "ADVI"]
    return Table(columns, rows).markdown()


def _planted(results) -> str:
    rows = []
    for error in PLANTED:
        own = list(study.judgements(error, results["planted"][error]))
        worst = min(own, key=lambda one: one.p_value)
        fits, p = results["planted"][error]["replicates"], min(1.0, worst.p_value * len(own))
        rows.append([error, str(fits), number(p), worst.what])
    return Table(["error", "fits", "p-value times tests", "smallest for"], rows).markdown()


def of_approximations() -> str:
    """Tables of Laplace and ADVI."""
    results, rows, failing = study.read(), [], {}
    for method in ("laplace", "advi"):
        failing[METHODS[method]] = f"{len(study.bad(judged(method)))} of {len(judged(method))}"
        for group, fits in study.by_pareto_k(results, method).items():
            errors = [number(np.quantile(fits.errors, p)) for p in (0.5, 0.9)]
            rows.append([METHODS[method], group, str(fits.replicates), share(*fits.central), *errors])
    parts = [
        f"Tests that fail at the level at which none of NUTS may: {in_words(failing)}.",
        Table(
            [
                "method",
                "k-hat",
                "fits",
                f"truth in the central {len(CENTRAL) / N_RANKS:.1%}",
                "distance from NUTS",
                "9 in 10 below",
            ],
            rows,
        ).markdown(),
        paragraph(
            "A distance is that of means, in standard deviations, or of log standard deviations, whichever is larger; "
            "the median over the quantities of a fit, and over fits."
        ),
    ]
    return "\n\n".join(parts)


def draw() -> None:
    """The differences between the distribution functions, and their simultaneous bands."""
    from matplotlib.figure import Figure

    from bayesmix.plots.palette import COLOURS, FAINT, INK, MUTED, PAPER

    results = study.read()
    figure = Figure(figsize=(9.5, 3.3), layout="constrained", facecolor=PAPER)
    for axes, (method, title) in zip(figure.subplots(1, len(METHODS), sharey=True), METHODS.items(), strict=True):
        counts = [np.array(one) for cell in results["cells"].values() for one in cell[method]["ranks"].values()]
        sizes = sorted({int(one.sum()) for one in counts})
        limits = {n: band(n, len(counts[0]), allowed(method)) for n in sizes}
        for points, lower, upper in limits.values():
            axes.fill_between(points, lower - points, upper - points, color=FAINT, alpha=0.7, linewidth=0)
        outside = 0
        for one in counts:
            n = int(one.sum())
            points, lower, upper = limits[n]
            values = counts_below(one) / n
            leaves = bool(((values < lower) | (values > upper)).any())
            outside += leaves
            style = {"color": COLOURS[1], "zorder": 3, "alpha": 0.9} if leaves else {"color": COLOURS[0], "alpha": 0.3}
            axes.plot(points, values - points, linewidth=0.7, **style)
        axes.axhline(0, color=MUTED, linewidth=0.6)
        axes.set_title(f"{title}: {outside} of {len(counts)} lines leave the band", color=INK, fontsize=10)
        axes.tick_params(colors=MUTED)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("rank of the truth among the draws, as a share", color=INK, fontsize=10)
    figure.axes[0].set_ylabel("difference of distribution functions", color=INK)
    new = PICTURE.with_suffix(".png.new")
    figure.savefig(new, dpi=110, format="png", metadata={"Software": None})
    new.replace(PICTURE)
