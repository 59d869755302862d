"""What every engine takes: rows, a family, a number of components and resolved priors, put together once."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from bayesmix.data import Rows, check_alone, check_distinct, check_missing
from bayesmix.data.words import joined
from bayesmix.density import Density
from bayesmix.families import Family, names_that_sum_out_missing
from bayesmix.families.column_blocks import ColumnBlocks, Held, HeldTogether
from bayesmix.families.parts import Conditional, Standardised, Sweeps
from bayesmix.families.together import TogetherDensity
from bayesmix.families.together_sweeps import sweeps_of_subjects
from bayesmix.passes.known import with_known
from bayesmix.priors.number import PriorOfNumber
from bayesmix.priors.sets import Priors, default_priors, resolve_priors

if TYPE_CHECKING:
    from bayesmix.density.minibatch import KnowingDensity, SubsampledDensity

# Where the number of components is unknown, priors of their parameters must not depend on it: what is scaled by the
# data and by the number is scaled as for this many.
STATED = 5
# Numbers of rows that are repeated as often as their weights say.
MOST_COPIED = 2e8


@dataclass(frozen=True, eq=False)
class Problem:
    """One model of one data set.

    Attributes
    ----------
    rows : Rows
    family : Family
        With what it learned of the rows.
    n_components : int
        Where it is unknown, the number that the priors were resolved for.
    priors : Priors
        Resolved: every number in the units of the data.
    has_default_priors : bool
        Whether they are what the family's default prior resolves to.
    number : PriorOfNumber, optional
        What is believed of the number of components, where it is unknown.
    """

    rows: Rows
    family: Family
    n_components: int
    priors: Priors
    has_default_priors: bool = False
    number: PriorOfNumber | None = None

    @classmethod
    def of(cls, rows: Rows, family: Family, n_components: int | PriorOfNumber, priors: Priors) -> "Problem":
        """The problem, with the rows held against the family and data-scaled priors resolved.

        Raises
        ------
        ValueError
            If there are fewer distinct rows than components, the family does not fit the rows, or a prior does not fit
            the model.
        """
        number = n_components if isinstance(n_components, PriorOfNumber) else None
        if number and family.has_noise:
            raise ValueError(
                "noise does not go with an unknown number of groups: give n_components a number, or leave noise out"
            )
        n_components = n_components if isinstance(n_components, int) else STATED
        check_missing(rows, None if family.sums_out_missing else _cannot_sum_out(family))
        if rows.log_prior is not None and not family.takes_labels:
            raise ValueError(f"labels is given, and a {family} mixture cannot use what is known of rows: leave it out")
        _check_subjects(rows, family, 1 if number else n_components)
        check_distinct(rows, 1 if number else n_components)
        family.check(rows)
        rows = rows.spanning if family.has_noise else rows
        family = family.on(rows.columns)
        if number and np.ndim(getattr(priors.weights, "concentration", 0.0)) > 0:
            raise ValueError(
                "priors['weights'] has a concentration for each group, whose number is unknown: give one number, or "
                "bm.priors.DynamicDirichlet"
            )
        resolved = resolve_priors(priors, rows, family, n_components)
        return cls(rows, family, n_components, resolved, priors == default_priors(family), number)

    @cached_property
    def standardised(self) -> Standardised:
        """The rows as engines work on them."""
        return self.family.standardised(self.rows)

    @cached_property
    def columns(self) -> np.ndarray:
        """The rows as a pass takes them, with what is known of their components (:mod:`bayesmix.passes.known`)."""
        return with_known(self.standardised.columns, self.rows.log_prior)

    @cached_property
    def row_weights(self) -> np.ndarray:
        """How much each row counts, as passes take it: (N,), or (0,) where each counts once."""
        return self.rows.row_weights

    @property
    def blocks(self) -> ColumnBlocks:
        """The same in blocks, as EM passes over them, with the weights of the rows."""
        if self.rows.subjects is not None:
            return self._together
        plain = self.rows.log_prior is None and self.rows.weights is None
        return self.standardised.blocks if plain else Held(self.columns, self.row_weights)

    @property
    def _together(self) -> HeldTogether:
        """The columns with what belongs together."""
        subjects, log_prior = self.rows.subjects, self.rows.log_prior
        assert subjects is not None
        return HeldTogether(
            self.standardised.columns, subjects, None if log_prior is None else log_prior[subjects.first]
        )

    @property
    def has_copies(self) -> bool:
        """Whether weights are whole numbers, and not of more rows than can be held."""
        rows = self.rows
        return rows.weighs_whole and (rows.weights is None or rows.total * rows.n_features <= MOST_COPIED)

    @cached_property
    def copies(self) -> "Problem":
        """The same of rows that are repeated where they count more than once: each copy has a component of its own."""
        return self if self.rows.weights is None else replace(self, rows=self.rows.copies)

    @cached_property
    def conditional(self) -> Conditional | None:
        """What is known of the parameters given statistics; None where the priors have no closed form of it."""
        return self.family.conditional(self.standardised, self.priors)

    @cached_property
    def sweeps(self) -> Sweeps | None:
        """The compiled Gibbs sampler; None where nobody draws weights or parameters given assignments.

        None, too, where cells are missing or true values unknown and nobody draws them, and where rows do not count a
        whole number of times: parts of a row have no component of their own.
        """
        if not (self.priors.closed and self.has_copies) or self.rows.errors is not None:
            return None
        if self.rows.weights is not None:
            return self.copies.sweeps
        found = self.family.sweeps(self.standardised, self.priors, self.rows.n_rows)
        if found is not None and self.rows.subjects is not None:
            return sweeps_of_subjects(self.family, found, self.n_components, self._together)
        return found if self.rows.missing is None or (found is not None and found.takes_gaps) else None

    @property
    def likelihood(self) -> Conditional | None:
        """The same without a prior."""
        return self.family.conditional(self.standardised, None)

    @property
    def by_default(self) -> "Problem":
        """The same under the family's default prior, which EM settles its starts with."""
        return self if self.has_default_priors else self._by_default

    @cached_property
    def _by_default(self) -> "Problem":
        priors = resolve_priors(default_priors(self.family), self.rows, self.family, self.n_components)
        other = replace(self, priors=priors, has_default_priors=True)
        vars(other)["standardised"] = self.standardised
        return other

    def closed_form(self) -> Density | None:
        """The posterior density in closed form; None where a prior is known to PyMC alone."""
        if not self.priors.closed:
            return None
        found = self.family.closed_form(self.rows, self.standardised, self.priors, self.n_components)
        density = cast("SubsampledDensity | None", found)
        if density is not None and self.rows.subjects is not None:
            return TogetherDensity(cast("KnowingDensity", density), self.family, self.standardised, self._together)
        if density is not None and self.rows.log_prior is not None:
            density = cast("KnowingDensity", density).knowing(self.rows.log_prior)
        return density.weighted(self.row_weights) if density is not None and self.row_weights.size else density


def _cannot_sum_out(family: Family) -> str:
    able = joined([f"bm.{name}" for name in names_that_sum_out_missing()])
    return f"A {family} mixture does not sum them out; mixtures of {able} do."


def _check_subjects(rows: Rows, family: Family, n_components: int) -> None:
    """Refuse rows that belong together where nobody can use it."""
    if rows.subjects is None:
        return
    check_alone(rows)
    if rows.weights is not None:
        raise ValueError(
            "groups is given with sample_weight, and whether a weight counts a row of its group or the group is not "
            "said: repeat rows, each copy in its group or copies in groups of their own, and leave sample_weight out"
        )
    if rows.missing is not None:
        raise ValueError(
            "groups is given, and X has missing values, which are not summed out of rows that belong together: give "
            "complete rows, or leave groups out"
        )
    if not family.takes_labels:
        raise ValueError(f"groups is given, and a {family} mixture cannot use what is known of rows: leave it out")
    if rows.n_subjects < n_components:
        raise ValueError(
            f"groups leaves {rows.n_subjects} subjects (rows that belong together) for n_components={n_components}, of "
            f"which each has at least one: give n_components={rows.n_subjects} or less"
        )
