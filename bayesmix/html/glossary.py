"""Terms that a report cannot do without, and what they mean; only those that it uses are explained."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bayesmix.html.content import ReportContent, Section


@dataclass(frozen=True)
class Term:
    """A term.

    Attributes
    ----------
    name : str
    meaning : str
    pattern : str
        A regular expression of how it is written; letters of either case count.
    """

    name: str
    meaning: str
    pattern: str

    @property
    def anchor(self) -> str:
        """Where the page explains it."""
        return f"term-{re.sub('[^a-z]+', '-', self.name.lower()).strip('-')}"


GLOSSARY = "Words used here"

TERMS = (
    Term(
        "adjusted Rand index",
        "How much two ways to group rows agree, by the share of pairs that are together or apart in both: 1 for the "
        "same groups, 0 for no more than chance would give.",
        r"adjusted Rand index",
    ),
    Term(
        "AIC, BIC, ICL",
        "Criteria of a best estimate: how badly it fits, and a charge for every number that was fitted. BIC charges "
        "more than AIC, and ICL charges for groups that overlap, too. Lower is better; differences below 2 are small.",
        r"AIC|BIC|ICL",
    ),
    Term(
        "basin",
        "A hill of the posterior: values that explain the data together. Chains that settle in different basins "
        "have found different answers.",
        r"basins?",
    ),
    Term(
        "Cramér's V",
        "How much two features hang together whose values are levels: 0 not at all, 1 as much as can be.",
        r"Cramér's V",
    ),
    Term(
        "degrees of freedom",
        "How heavy the tails of a group are. With 3 single rows lie far out; with 30 hardly more of them do than "
        "in a normal distribution.",
        r"degrees of freedom",
    ),
    Term(
        "divergence",
        "A step of the sampler that failed. Many of them mean that a part of the posterior was left out.",
        r"diverge(?:d|nt|nces?)",
    ),
    Term(
        "effective draws (ESS)",
        "Draws follow one another and repeat themselves; this is how many independent ones would tell as much. "
        "Bulk: about the middle of a quantity; tail: about its extremes.",
        r"effective draws|effective sample size|effective ones|ESS",
    ),
    Term(
        "ecr",
        "The method that gives groups the same name in every draw: the names under which the rows' memberships agree "
        "best with those of the point estimate.",
        r"ecr",
    ),
    Term(
        "evidence",
        "How probable the rows are to a model before it has seen any: averaged over all values that its priors allow. "
        "The logarithm is shown; a difference of 3 is a factor of 20. It depends on the priors as much as on the fit.",
        r"(?:log )?evidences?",
    ),
    Term("gate", "The worst value of a diagnostic at which the draws are still used.", r"gates?"),
    Term(
        "gaussian-full, -tied, -diag, -spherical",
        "Groups as normal distributions. Full: each has a size, shape and direction of its own. Tied: all share one. "
        "Diag: within a group features do not hang together. Spherical: nor do their spreads differ.",
        r"gaussian-(?:full|tied|diag|spherical)",
    ),
    Term(
        "interval",
        "A range that holds a quantity with the stated probability, given the data and the model.",
        r"posterior intervals?|\d+% intervals?",
    ),
    Term(
        "label-free quantities",
        "What does not depend on which group is called which: the likelihood, the sorted shares, how all rows vary.",
        r"label-free",
    ),
    Term(
        "LOO",
        "Leave-one-out cross-validation: how probable each row is to a model that has not seen it, as the sum of "
        "logarithms. Higher is better; differences below 4, or below two standard errors, are small.",
        r"LOO",
    ),
    Term(
        "margin",
        "How much would be lost if two groups exchanged their names, as a share of the rows that the two hold, for "
        "the pair that is hardest to tell apart: 1 is clear, near 0 the names are arbitrary.",
        r"margin",
    ),
    Term(
        "nats",
        "The unit of differences between logarithms of probabilities: one nat is a factor of 2.7, ten are 22,000.",
        r"nats?",
    ),
    Term(
        "optimum",
        "A set of values that no small change improves. A fit may have several; the best one is shown.",
        r"optim(?:um|a)",
    ),
    Term(
        "Pareto k",
        "Whether the draws can be used for a model that leaves a row out, or for the posterior that they stand in "
        "for. Up to 0.7 they can; beyond, too few draws would carry all the weight.",
        r"Pareto k(?:-hat)?",
    ),
    Term(
        "pivot",
        "The method that gives groups the same name in every draw: the names under which a draw is most like one draw, "
        "that of the highest posterior density.",
        r"pivot",
    ),
    Term(
        "point estimate",
        "The one set of values under which the data are most probable (with the prior: the posterior mode). "
        "It says nothing of other sets that are nearly as good.",
        r"point estimates?|posterior mode|maximum[- ]likelihood",
    ),
    Term(
        "posterior",
        "What the data leave possible: many sets of values (draws), each as often as it is probable.",
        r"posteriors?(?! (?:intervals?|modes?|means?|medians?|predictive))",
    ),
    Term("prior", "What was held probable before any row was seen. By default it is vague.", r"priors?(?! predictive)"),
    Term(
        "R-hat",
        "Whether chains that began in different places agree: 1 if they do. Above 1.01 they have not come together.",
        r"R.hat",
    ),
    Term(
        "relabelling",
        "Which group is called group 0 is arbitrary, and may change from draw to draw; relabelling undoes that.",
        r"relabel(?:ling|led)",
    ),
    Term(
        "stephens",
        "The method that gives groups the same name in every draw: the names under which the rows' memberships in all "
        "draws are most alike.",
        r"stephens",
    ),
    Term(
        "variation of information",
        "How much two ways to group rows differ: what either says and the other does not. 0 for the same groups.",
        r"variation of information",
    ),
    Term(
        "weight",
        "In a comparison: the share each model gets in the mix of models that would predict new rows best.",
        r"stacking weights?",
    ),
)


def terms_of(content: ReportContent) -> tuple[Term, ...]:
    """The terms that a report uses, in alphabetical order."""
    said = "\n".join(_said(content))
    return tuple(term for term in TERMS if re.search(_bounded(term), said, re.IGNORECASE))


def split(text: str, terms: Sequence[Term], linked: set[str]) -> Iterator[tuple[str, Term | None]]:
    """Take a text apart into pieces, each with the term that it is; terms that were linked are ordinary words.

    Parameters
    ----------
    text : str
    terms : sequence of Term
    linked : set of str
        Names of terms that have been linked; those of this text are added.
    """
    if not terms:
        yield text, None
        return
    pattern = "|".join(f"(?P<t{i}>{_bounded(term)})" for i, term in enumerate(terms))
    end = 0
    for match in re.finditer(pattern, text, re.IGNORECASE):
        term = terms[int(str(match.lastgroup)[1:])]
        if term.name in linked:
            continue
        linked.add(term.name)
        yield text[end : match.start()], None
        yield match[0], term
        end = match.end()
    yield text[end:], None


def _bounded(term: Term) -> str:
    return rf"(?<![\w-])(?:{term.pattern})(?![\w-])"


def _said(content: ReportContent) -> Iterator[str]:
    yield from content.warnings
    yield content.answer.headline
    for point in content.answer.points:
        yield from point
    for _, heading, section in content.sections:
        yield heading
        yield from _said_in(section)


def _said_in(section: Section) -> Iterator[str]:
    yield from section.sentences
    for fact in section.facts:
        yield from fact
    yield from (picture.caption for picture in section.pictures)
    for table in section.tables:
        yield table.caption
        yield from table.header
        if table.words:
            yield from (row[-1].text for row in table.rows)
    for heading, part in section.parts:
        yield heading
        yield from _said_in(part)
