"""What stands on the page of evidence: its sections, their words, and the modules that make the checks.

A module joins by its name here: its ``findings()``, or ``caught()`` where errors are planted, gives the lines of a
table.
"""

from collections.abc import Callable
from dataclasses import dataclass

from docs import calibration

AT_EVERY_CHANGE = "at every change"
IN_PART = "in part at every change, whole on demand"


@dataclass(frozen=True)
class Section:
    """A part of the page: words, and the table of what its modules found.

    ``commands`` check it again, where the tests of its modules as pytest runs them do not do all of it; ``tested`` says
    whether all of it is tested before a change lands.
    """

    title: str
    words: str
    anchor: str
    modules: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    tested: str = AT_EVERY_CHANGE
    level: int = 2
    condensed: bool = False  # a line for each kind of check, not for each check
    planted: bool = False  # errors, whose figures are to be above what is allowed
    # Where findings do not say all: tables, and their line at the top of the page (how many checks, the worst).
    body: Callable[[], str] | None = None
    summary: Callable[[], tuple[int, str]] | None = None


PROGRAMS = "Reference values stand in `tests/reference`, beside the scripts that made them."

EXACT = """\
Where the posterior is known without sampling, it is compared with the formula. With one component under the conjugate
prior it is normal-inverse-Wishart, and its prediction is a Student t. With two or three components and six rows, a sum
over every assignment of rows to components gives the evidence, which is compared with that by bridge sampling, and
who belongs with whom. This side is written in NumPy
and SciPy and shares no code with bayesmix.

*What it says:* likelihood, prior, their constants and the samplers, NUTS and Gibbs, are right together where all of it
is known."""

MCLUST = """\
The same models, by mclust and by bayesmix. A figure is what mclust's optimum is above bayesmix's, next to its size;
zero where bayesmix's is everywhere as high or higher. [Parity with mclust](parity.md) lists every fit.

*What it says:* likelihood and penalty are the same, and no optimum is missed that mclust finds."""

SAMPLED = """\
The same posterior, from a program that somebody else wrote: Stan with the priors written out there once more, and the
textbook mixture of PyMC. Compared are means and standard deviations of log-scales, Fisher-z correlations, the log-ratio
of the weights and the log-likelihood, quantiles of means and covariances, and, where R's loo gave them, LOO and WAIC.
There are posteriors of two components and of three, well apart or one of them small. All summaries have at least a
thousand effective draws on both sides. A line is one posterior, and its figure the largest distance among all its
summaries.

*What it says:* the priors are what the documentation says they are, and the draws are draws from that posterior."""

OTHERS = """\
Counts by flexmix, counts with spread by R's MASS, pscl and its own densities, latent classes by poLCA, normal
distributions behind errors of measurement by astroML, and components with heavy tails by direct optimisation of the
density that SciPy writes out. A figure is what the optimum here loses to theirs, next to the size of the
log-likelihood."""

FACTORS = """\
Factor analysis of one group by R and scikit-learn, densities by SciPy with whole covariance matrices, the posterior by
NUTS and by Gibbs sampling, and Geweke's test of the latter: rows that are drawn anew must leave the parameters to their
prior. Likelihoods and densities are next to their size, and draws in Monte Carlo errors."""

LOO = """\
LOO and WAIC of the very same draws, row by row, in nats. WAIC is a formula, and agrees to rounding. Programs smooth the
tails of importance weights over different lengths, which LOO shows."""

COMPARED = """\
BIC for singular models, by the numbers that its authors' R package prints; what the likelihood gains by one group more,
which the bootstrap test rests on; and the density of a row that importance sampling cannot leave out, by moment
matching of the very draws that R's loo had. Figures are differences. For one group there are closed forms: of the
evidence under priors that are stated, and of means under powers of the prior, where figures are in standard errors; and
of a row's density given the others, in nats.

*What it says:* a comparison stands on numbers that others find too, row by row."""

GROUPS = """\
What is said of groups when all is drawn: how draws are named, which partition is reported, how partitions of other
programs compare with it, what is merged, which rows fit badly, and what lies below a threshold. Names are compared with
R's label.switching, the reported partition with every partition that there is, agreement with scikit-learn, merging
with mclust's clustCombi and R's fpc, distributions with SciPy. Figures are differences, next to the size of what is
compared; of tail probabilities, Monte Carlo standard errors.

*What it says:* the answers that people read are functions of the draws as their definitions have them."""

LAWS = """\
What must be true of any mixture, whatever the data. The laws run over every covariance and prior, in one to four
features and one to three components; a new family or prior joins the list that all of them read,
`tests/laws/cases.py`. By their numbers: [one pass over the rows](#evidence-pass) (1 and 2), [slopes](#evidence-slopes)
(3), [EM climbs](#evidence-climbs) (4), [names](#evidence-names) (5), [one density](#evidence-density) (6),
[units](#evidence-units) (7), [seeds](#evidence-seeds) (8), posteriors agree with
[other programs](#evidence-programs) and are [calibrated](#evidence-calibration) (9),
[planted errors](#evidence-planted) are caught (10), and Gibbs sampling agrees with
[exact answers](#evidence-exact) (12)."""

ONE_PASS = """\
Every log density, gradient and EM step comes from one pass over the rows. The compiled pass is compared with ten lines
of NumPy and with extended precision; statistics of parts add up to those of the whole, and a whole number as a weight
is a row repeated. Figures are errors next to the sum of the absolute values of all terms."""

SLOPES = """\
The gradient that samplers follow is the slope of the log density, and it vanishes where an M-step ends. Figures are
errors as shares of what finite differences themselves err by."""

ONE_DENSITY = """\
bayesmix has its log posterior twice: in closed form, and compiled from the PyMC model. Both are compared with what PyMC
itself makes of the model; the likelihood also with `pm.Mixture`, and densities of rows with SciPy. All at random
points."""

CLIMBS = """\
EM's objective never falls, at any iteration, and where it ends the log posterior has no slope."""

NAMES = """\
Which component is called the first changes nothing but names: densities stay as they are, and EM arrives at the same
groups. Where a prior has no M-step in closed form, L-BFGS climbs, and another order of the components takes another way
to the same top."""

UNITS = """\
Minutes or seconds, grams or kilograms: responsibilities do not change, at any factor or shift. What a shift costs is
the rounding of the data themselves."""

BITS = """\
The same seed gives the same bits on one machine, whatever the number of cores; the order of the rows changes no more
than rounding."""

HARD = """\
Rows that break programs: ties, a cluster of one point, a point at forty standard deviations, covariances that are
nearly singular, fewer rows than columns, equal components, tiny weights, numbers at the ends of double precision. Where
the right answer or the right refusal is known before the fit, it is asked for; everywhere, that densities are exact and
that an optimum is one. Where nothing is allowed, a figure counts what must not be.

*What it says:* hard rows end in a right answer or in words that say why there is none, and never in a NaN."""

HARD_POSTERIORS = """\
The same rows by NUTS, Laplace and ADVI. A posterior need not be good there; it must be known whether it is: the
diagnosis agrees with ArviZ's numbers, and where the case decides whether the posterior can be trusted, it says so. A
comparison leaves no hole in its table but where it says why, and brackets what cannot be trusted."""

PLANTED = """\
Every law is worth what it would catch. Errors of the kind that programmers make are planted by the tests, and each must
put a law's figure above what that law allows; without the error, the same check lets pass. A figure is the least over
the models. More errors are planted against Stan, the exact answers and the [calibration](#evidence-calibration), by
their own tests.

*What it says:* a mistake of these kinds would have been seen."""

NOISE = """\
Groups with noise beside them: the pass against SciPy's densities of every part, its slopes, the PyMC model, and where
EM ends. Units, names and weights are tested too."""

SECTIONS = (
    Section(
        "Exact answers",
        EXACT,
        "evidence-exact",
        (
            "tests.exact.test_one_component",
            "tests.exact.test_enumeration",
            "tests.exact.test_counts_and_answers",
            "tests.engines.test_gibbs_exact",
            "tests.exact.test_unknown_number",
            "tests.engines.test_telescoping",
            "tests.engines.test_richardson_green",
            "tests.exact.test_evidence",
            "tests.exact.test_noise",
        ),
        ('uv run pytest tests/exact -m "slow or not slow"',),
        tested=IN_PART,
    ),
    Section("Other programs", PROGRAMS, "evidence-programs"),
    Section(
        "EM: mclust", MCLUST, "evidence-mclust", ("tests.engines.em.test_mclust", "tests.families.test_noise"), level=3
    ),
    Section(
        "EM: flexmix, MASS, poLCA and astroML",
        OTHERS,
        "evidence-em-others",
        (
            "tests.engines.em.test_other_programs",
            "tests.laws.test_together",
            "tests.laws.test_weighted_elsewhere",
            "tests.families.test_counts_with_spread",
            "tests.engines.em.test_extreme_deconvolution",
        ),
        (
            'uv run pytest tests/laws/test_together.py -m "slow or not slow"',
            "uv run pytest -m 'not slow' tests/engines/em/test_other_programs.py tests/laws/test_weighted_elsewhere.py "
            "tests/families/test_counts_with_spread.py tests/engines/em/test_extreme_deconvolution.py",
        ),
        tested=IN_PART,
        level=3,
    ),
    Section(
        "Factor analysers",
        FACTORS,
        "evidence-factors",
        ("tests.families.test_factor_analysers",),
        ('uv run pytest tests/families/test_factor_analysers.py -m "slow or not slow"',),
        tested=IN_PART,
        level=3,
    ),
    Section(
        "Posteriors: Stan and PyMC",
        SAMPLED,
        "evidence-posteriors",
        ("tests.engines.test_stan", "tests.engines.test_stan_families", "tests.engines.test_textbook"),
        ('uv run pytest tests/engines/test_stan*.py tests/engines/test_textbook.py -m "slow or not slow"',),
        tested=IN_PART,
        level=3,
    ),
    Section("LOO and WAIC: R's loo", LOO, "evidence-loo", ("tests.comparison.test_against_loo",), level=3),
    Section(
        "Comparisons",
        COMPARED,
        "evidence-comparisons",
        (
            "tests.comparison.test_singular",
            "tests.comparison.test_likelihood_ratio",
            "tests.comparison.test_moment_matching",
            "tests.comparison.test_folds",
            "tests.comparison.test_stated_priors",
            "tests.posterior.test_power_scaling",
        ),
        (
            'uv run pytest tests/comparison/test_likelihood_ratio.py -m "slow or not slow"',
            "uv run pytest -m 'not slow' tests/comparison/test_singular.py tests/comparison/test_moment_matching.py "
            "tests/comparison/test_folds.py tests/comparison/test_stated_priors.py "
            "tests/posterior/test_power_scaling.py",
        ),
        tested=IN_PART,
        level=3,
    ),
    Section(
        "Groups, partitions, rows",
        GROUPS,
        "evidence-groups",
        (
            "tests.posterior.labels.test_relabelling",
            "tests.posterior.partitions.test_partition",
            "tests.posterior.partitions.test_agreement",
            "tests.posterior.test_merging",
            "tests.posterior.test_tails",
            "tests.posterior.test_distribution",
        ),
        (
            "uv run pytest tests/posterior/partitions/test_partition.py tests/posterior/test_tails.py "
            '-m "slow or not slow"',
            "uv run pytest -m 'not slow' tests/posterior/labels/test_relabelling.py "
            "tests/posterior/partitions/test_agreement.py tests/posterior/test_merging.py "
            "tests/posterior/test_distribution.py",
        ),
        tested=IN_PART,
        level=3,
    ),
    Section("Laws", LAWS, "evidence-laws"),
    Section("One pass over the rows", ONE_PASS, "evidence-pass", ("tests.passes.test_against_twin",), level=3),
    Section("Slopes", SLOPES, "evidence-slopes", ("tests.laws.test_score",), level=3),
    Section(
        "One density",
        ONE_DENSITY,
        "evidence-density",
        ("tests.laws.test_density", "tests.pymc_model.test_op", "tests.families.test_gaussian"),
        (
            'uv run pytest tests/laws/test_density.py -m "slow or not slow"',
            "uv run pytest -m 'not slow' tests/pymc_model/test_op.py tests/families/test_gaussian.py",
        ),
        tested=IN_PART,
        level=3,
    ),
    Section("EM climbs", CLIMBS, "evidence-climbs", ("tests.laws.test_objective",), level=3),
    Section("Names", NAMES, "evidence-names", ("tests.laws.test_permutation",), level=3),
    Section("Units", UNITS, "evidence-units", ("tests.laws.test_units",), level=3),
    Section(
        "Seeds",
        BITS,
        "evidence-seeds",
        ("tests.laws.test_same_bits",),
        ('uv run pytest tests/laws/test_same_bits.py -m "slow or not slow"',),
        tested=IN_PART,
        level=3,
    ),
    Section("Noise", NOISE, "evidence-noise", ("tests.laws.test_noise",), level=3),
    Section(
        "Calibration",
        calibration.WORDS,
        "evidence-calibration",
        ("tests.calibration.results",),
        ("uv run python -m tests.calibration", "uv run pytest -m 'not slow' tests/calibration"),
        tested=IN_PART,
        body=calibration.of_nuts,
        summary=calibration.summary,
    ),
    Section(
        "Laplace and ADVI",
        calibration.APPROXIMATIONS,
        "evidence-approximations",
        level=3,
        body=calibration.of_approximations,
    ),
    Section("Hard cases", HARD, "evidence-hard", ("tests.stress.test_em",), condensed=True),
    Section(
        "Posteriors of hard cases",
        HARD_POSTERIORS,
        "evidence-hard-posteriors",
        ("tests.stress.test_posteriors", "tests.stress.test_comparison"),
        ('uv run pytest tests/stress -m "slow or not slow"',),
        tested=IN_PART,
        level=3,
        condensed=True,
    ),
    Section(
        "Planted errors",
        PLANTED,
        "evidence-planted",
        ("tests.laws.negative_controls",),
        ("uv run pytest -m 'not slow' tests/laws/test_negative_controls.py",),
        planted=True,
    ),
)
