"""How the cost of one EM iteration grows with N, D and K, one of them at a time, with one thread; and how it depends on
how far apart the groups are.

Every row is one size in turn with scikit-learn, measured as in the section on one iteration. From N = 10^6 on,
scikit-learn is left out where it would take more than a minute an iteration or several GB.
"""

from benchmarks.asked import Size, spread
from benchmarks.peers import scikit_learn
from benchmarks.problems import Problem, problem
from benchmarks.sections.em_iteration import iterate, start_of
from benchmarks.tables import Table, seconds_text, size_text
from benchmarks.timing import alternate, per_step

TITLE = "How cost grows"
COLUMNS = ("(N, D, K)", "bayesmix", "a row and component", "scikit-learn", "ratio (range)")
MANY_ROWS = 10_000_000
LARGEST_OF_PEER = 3_000_000


def row(given: Problem, rounds: int, budget: float = 1e9) -> tuple[str, ...]:
    """One size: as many iterations as the size allows."""
    n, d, k = given.size
    work = n * k * d * (d + 8)
    many = int(min(100, max(3, budget / work)))
    start = start_of(given, "full")
    sides = {"bayesmix": per_step(lambda i: iterate(given, start, i)[0], 1, 1 + many)}
    with_peer = n <= LARGEST_OF_PEER
    if with_peer:
        fewer = max(2, many // 20)
        sides[scikit_learn.NAME] = per_step(lambda i: scikit_learn.iterate(given, "full", i)[0], 1, 1 + fewer)
    taken = alternate(sides, rounds, warm=n <= 10_000)
    ours = taken.median("bayesmix")
    beside = (
        (seconds_text(taken.median(scikit_learn.NAME)), spread(taken.ratios(scikit_learn.NAME)))
        if with_peer
        else ("", "")
    )
    return size_text(given.size), seconds_text(ours), seconds_text(ours / (n * k)), *beside


def sizes(quick: bool) -> dict[str, list[Size]]:
    """The sizes of each table."""
    last = 10**5 if quick else MANY_ROWS
    return {
        "N": [(10**power, 4, 8) for power in range(3, 8) if 10**power <= last],
        "D": [(20_000, d, 4) for d in ((2, 8, 32) if quick else (2, 4, 8, 16, 32, 64))],
        "K": [(20_000, 4, k) for k in ((2, 8, 32) if quick else (2, 4, 8, 16, 32))],
    }


def run(quick: bool) -> list[Table]:
    """See the module's docstring."""
    rounds = 3
    found = [
        Table((f"grows with {what}", *COLUMNS[1:]), [row(problem(size), rounds) for size in cases])
        for what, cases in sizes(quick).items()
    ]
    apart = [
        (f"{s:g} standard deviations apart", *row(problem((20_000, 4, 8), separation=s), rounds)[1:])
        for s in (1.0, 2.0, 5.0, 20.0)
    ]
    return [*found, Table(("(20000, 4, 8)", *COLUMNS[1:]), apart)]
