"""What every engine takes: rows, a family, a number of components and resolved priors, put together once."""

from dataclasses import dataclass, replace
from functools import cached_property

from bayesmix.data import Rows, check_distinct
from bayesmix.density import Density
from bayesmix.families import Family
from bayesmix.families.parts import Conditional, Standardised
from bayesmix.priors.sets import Priors, default_priors, resolve_priors


@dataclass(frozen=True, eq=False)
class Problem:
    """One model of one data set.

    Attributes
    ----------
    rows : Rows
    family : Family
        With what it learned of the rows.
    n_components : int
    priors : Priors
        Resolved: every number in the units of the data.
    has_default_priors : bool
        Whether they are what the family's default prior resolves to.
    """

    rows: Rows
    family: Family
    n_components: int
    priors: Priors
    has_default_priors: bool = False

    @classmethod
    def of(cls, rows: Rows, family: Family, n_components: int, priors: Priors) -> "Problem":
        """The problem, with the rows held against the family and data-scaled priors resolved.

        Raises
        ------
        ValueError
            If there are fewer distinct rows than components, the family does not fit the rows, or a prior does not fit
            the model.
        """
        check_distinct(rows, n_components)
        family.check(rows)
        family = family.on(rows.columns)
        resolved = resolve_priors(priors, rows, family, n_components)
        return cls(rows, family, n_components, resolved, priors == default_priors(family))

    @cached_property
    def standardised(self) -> Standardised:
        """The rows as engines work on them."""
        return self.family.standardised(self.rows)

    @cached_property
    def conditional(self) -> Conditional | None:
        """What is known of the parameters given statistics; None where the priors have no closed form of it."""
        return self.family.conditional(self.standardised, self.priors)

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
        return self.family.closed_form(self.rows, self.standardised, self.priors, self.n_components)
