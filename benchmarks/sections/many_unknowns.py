"""The same with 10^4 rows of 10 columns in 5 groups: 329 unknowns.

A run of the textbook takes minutes. So the one trial of each configuration is what counts, beside three runs of
bayesmix.
"""

from benchmarks.asked import MANY_UNKNOWNS
from benchmarks.problems import problem
from benchmarks.sections.effective_draws import BOUND, COLUMNS, Task, bound_row, textbook_rows
from benchmarks.tables import Table

TITLE = "Smallest effective sample size per second, many unknowns"


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    task = Task(problem(MANY_UNKNOWNS))
    bound = Table(BOUND, [bound_row(task, 1)])
    if quick:
        return [Table(BOUND, bound.rows, "The textbook takes an hour here and is left out by `--quick`.")]
    return [Table(COLUMNS, textbook_rows(task, quick, 0)), bound]
