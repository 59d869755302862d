"""What every engine gives back."""

from dataclasses import dataclass, field

import numpy as np

from bayesmix.notes import Note


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of the flat unconstrained vector.

    Attributes
    ----------
    unconstrained : (chain, draw, size) array
    stats : mapping of (chain, draw) arrays
        Under ArviZ's names: ``lp, acceptance_rate, tree_depth, reached_max_treedepth, n_steps, step_size, energy,
        diverging`` for NUTS; ``log_p, log_q`` for ADVI and Laplace.
    seconds : mapping of float
        What the engine spent, by stage.
    notes : tuple of Note
        What a careful reader must know.
    attrs : mapping
        Numbers about the whole run, such as ``pareto_k``.
    method : str, optional
        What the record calls the engine, where it is another than the one that was asked.
    others : mapping of (chain, draw) arrays
        Unknowns that the vector does not hold: an unknown ``concentration`` of the weights' prior.
    """

    unconstrained: np.ndarray
    stats: dict[str, np.ndarray]
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    attrs: dict[str, float] = field(default_factory=dict)
    method: str | None = None
    others: dict[str, np.ndarray] = field(default_factory=dict)
