"""The command ``test``: do the rows speak against so many groups?"""

from typing import TYPE_CHECKING

from bayesmix.cli import documents, screen
from bayesmix.cli.request import Request
from bayesmix.comparison import bootstrap_lrt
from bayesmix.families import Family

if TYPE_CHECKING:
    import pandas as pd


def weigh_and_tell(
    X: "pd.DataFrame", components: int, alternative: int | None, family: Family, resamples: int, request: Request
) -> int:
    """Test a number of groups against a larger one; tell the answer; return the exit status."""
    test = bootstrap_lrt(
        X,
        components,
        alternative,
        family=family,
        n_resamples=resamples,
        random_seed=request.seed,
        progressbar=not request.manner.quiet,
    )
    if request.manner.json:
        documents.tell(documents.of_test(test, request))
        return 0
    console = screen.results()
    screen.show_sentences(console, test.sentence, [])
    larger = f"Twice the gain in log-likelihood by {test.alternative} groups: {test.statistic:.1f}."
    error = f"Monte Carlo error of p: {test.p_value_se:.2g}."
    failed = [f"Left out: {test.n_failed:,} resamples without a maximum."] if test.n_failed else []
    screen.show_sentences(console, "Likelihood ratio, by parametric bootstrap", [larger, error, *failed])
    return 0
