"""What an engine is: it takes a problem and a place to start from, and gives draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

from bayesmix.density import Density
from bayesmix.engines.draws import Draws
from bayesmix.engines.em import EMResult
from bayesmix.engines.exchangeability import is_exchangeable
from bayesmix.problem import Problem
from bayesmix.verdict import Reason


@dataclass(frozen=True, eq=False)
class Start:
    """Where engines begin.

    Attributes
    ----------
    em : EMResult
        MAP, with every optimum that was found.
    density : Density
        Of the posterior.
    seed : int
        That the user gave, or that was drawn.
    seeds : tuple of int
        Made of it, for the engine.
    """

    em: EMResult
    density: Density
    seed: int
    seeds: tuple[int, ...]

    @cached_property
    def exchangeable(self) -> bool:
        """Whether components may change places without changing the posterior."""
        return is_exchangeable(self.density, self.em.family, self.em.n_components)

    @property
    def exchanged(self) -> tuple[str, ...]:
        """Variables that a relabelling permutes; none where the prior tells the components apart."""
        return self.em.family.component_variables if self.exchangeable else ()


class Engine(Protocol):
    """A way to a posterior; an instance holds the settings of one run.

    It is a frozen dataclass of the arguments of ``Mixture.fit_<method>`` that are its own, and stands in
    ``bayesmix.registry.ENGINES`` under its method.
    """

    def run(self, problem: Problem, start: Start) -> Draws:
        """Draw from the posterior.

        Parameters
        ----------
        problem : Problem
            Rows, family, number of components and resolved priors.
        start : Start
            EM's optima, the density of the flat unconstrained vector, and seeds.

        Returns
        -------
        Draws
            With what a careful reader must know in ``notes``.
        """
        ...


@runtime_checkable
class Choice(Engine, Protocol):
    """An engine that lets others run, and goes on with another one where the first did not do."""

    def instead(self, problem: Problem, start: Start, draws: Draws, reasons: Sequence[Reason]) -> Draws | None:
        """Draw anew where draws are not to be trusted for these reasons.

        Parameters
        ----------
        problem : Problem
        start : Start
        draws : Draws
            What ``run`` gave.
        reasons : sequence of Reason
            Against them.

        Returns
        -------
        Draws or None
            None where there is nothing better to be had.
        """
        ...
