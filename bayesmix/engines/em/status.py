"""How a climb ended, in sentences."""

from enum import Enum


class Status(Enum):
    """How EM ended; the value is the sentence."""

    CONVERGED = "converged: an iteration gained less than tol per row"
    FLAT_WEIGHTS = (
        "converged; with a Dirichlet concentration below 1 the weights' MAP lies on the boundary, so 1 was used in "
        "its place"
    )
    MAX_ITER = "stopped at max_iter before an iteration gained less than tol per row: raise max_iter or tol"
    FOLLOWER = "came to the same place as another climb, and is recorded with the optimum that this one reached"
    SET_ASIDE = (
        "set aside after a short run, so far below the best start that max_iter iterations at its pace could not have "
        "caught up; its objective is that of the place where it stopped"
    )
    DEGENERATE = (
        "a group collapsed onto a point, a line or a plane, where the likelihood has no bound: use estimate='map', "
        "fewer groups or a simpler family"
    )
    EMPTY = "a group lost all its rows: use estimate='map' or fewer groups"

    INTERRUPTED = (
        "interrupted before an iteration gained less than tol per row: fit again with init=this result to go on"
    )

    @property
    def interior(self) -> bool:
        """Whether the point reached is an estimate, and not a collapse."""
        return self not in (Status.DEGENERATE, Status.EMPTY)
