"""Where bayesmix and mclust find the same optimum, and where bayesmix finds a better one.

``uv run python -m benchmarks.parity_with_mclust`` writes ``docs/parity.md``. The tests that hold the numbers to account
are in ``tests/engines/em/test_mclust.py``.
"""

from pathlib import Path

import numpy as np
from scipy.linalg import eigh

from tests.reference.mclust import BY_LIKELIHOOD, COVARIANCE_OF, ROWS, fit_of, objective_at, reference_fits

PAGE = Path(__file__).parents[1] / "docs" / "parity.md"
SAME = 1e-6  # relative difference within which two optima count as one

HEAD = """\
# Parity with mclust

Every row is one model, fitted by both programs: by maximum likelihood (`ml`; the numbers are log-likelihoods) and with
the conjugate prior that the two have in common (`map`, full and tied covariances; the numbers are bayesmix's penalised
objective, at its own estimate and at mclust's). bayesmix runs from 20 k-means++ starts with `tol=1e-12`; mclust, from
its hierarchical clustering. A difference counts from one part in a million on. `narrowest` is the smallest generalised
eigenvalue of a fitted covariance against the data's: an optimum with a component so narrow is higher, and may still be
nobody's group. Below 1e-8 a start counts as a collapse and is left out.

This page is written by `python -m benchmarks.parity_with_mclust`.

| data | estimate | covariance | K | mclust | bayesmix | difference | narrowest | |
|---|---|---|---:|---:|---:|---:|---:|---|
"""


def rows():
    """One row of the table for each model."""
    for data in ROWS:
        for estimate in ("ml", "map"):
            for model, covariance in (COVARIANCE_OF | BY_LIKELIHOOD).items():
                if estimate == "map" and (covariance not in ("full", "tied") or data == "diabetes"):
                    continue
                for k in range(1, 5):
                    theirs, em = reference_fits(data, estimate)[model, k], fit_of(data, estimate, model, k)
                    reference = theirs["loglik"] if estimate == "ml" else objective_at(em, theirs)
                    gain = em.objective - reference
                    verdict = "same" if abs(gain) <= SAME * abs(reference) else "better" if gain > 0 else "WORSE"
                    heights = f"{reference:.4f}", f"{em.objective:.4f}", f"{0.0 if verdict == 'same' else gain:.4f}"
                    yield data, estimate, covariance, k, *heights, f"{narrowest(em):.1e}", verdict


def narrowest(em) -> float:
    """Smallest generalised eigenvalue of a fitted covariance against the data's."""
    spread = np.cov(em.rows.values.T)
    matrices = em.family.covariance_matrices(em.params)
    return float(min(eigh(one, spread, eigvals_only=True)[0] for one in matrices))


def main() -> None:
    """Write the page."""
    table = list(rows())
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in table]
    counts = {verdict: sum(row[-1] == verdict for row in table) for verdict in ("same", "better", "WORSE")}
    total = (
        f"\nOf {len(table)} models, {counts['same']} have the same optimum, in {counts['better']} bayesmix's is better"
    )
    total += f", in {counts['WORSE']} it is worse.\n"
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(HEAD + "\n".join(lines) + "\n" + total)


if __name__ == "__main__":
    main()
