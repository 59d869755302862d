"""Maximum-likelihood fits of latent classes by polca, the C++ translation of R's poLCA, and by stepmix.

``uv run --with polca --with stepmix python -m tests.reference.latent_classes`` writes ``latent_classes.json``, and
``carcinoma.csv`` and ``gss82.csv``, the patterns of answers with their counts, from polca's copies of poLCA's data.
Parameters are polca's; stepmix must find the same likelihood, or the program ends with an error.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
LEVELS = {
    "carcinoma": dict.fromkeys("ABCDEFG", (1, 2)),  # seven pathologists: no, yes
    "gss82": {
        "PURPOSE": ("Good", "Depends", "Waste of time"),
        "ACCURACY": ("Mostly true", "Not true"),
        "UNDERSTA": ("Good", "Fair/Poor"),
        "COOPERAT": ("Interested", "Cooperative", "Impatient"),
    },
}
STARTS, FEWER_STARTS = 50, 10  # of polca, and of stepmix, which is slow
TOLERANCE, MOST = 1e-12, 100_000


def codes_of(name: str) -> np.ndarray:
    """(row, column), from 0, in the order of the levels."""
    import pypolca

    table = pypolca.load_dataset(name)
    columns = [[levels.index(value) for value in table[column]] for column, levels in LEVELS[name].items()]
    return np.array(columns).T


def write_patterns(name: str, patterns: np.ndarray, counts: np.ndarray) -> None:
    levels = LEVELS[name]
    lines = [",".join([*levels, "count"])]
    for pattern, count in zip(patterns, counts, strict=True):
        answers = [str(of_column[code]) for of_column, code in zip(levels.values(), pattern, strict=True)]
        lines.append(",".join([*answers, str(count)]))
    (HERE / f"{name}.csv").write_text("\n".join(lines) + "\n")


def by_polca(name: str, codes: np.ndarray, k: int):
    import polars
    import pypolca

    table = polars.DataFrame(codes + 1, schema=list(LEVELS[name]))
    formula = f"cbind({', '.join(LEVELS[name])}) ~ 1"
    return pypolca.fit(formula, table, nclass=k, nrep=STARTS, maxiter=MOST, tol=TOLERANCE, seed=k, calc_se=False)


def by_stepmix(codes: np.ndarray, k: int) -> float:
    """The largest log-likelihood."""
    from stepmix import StepMix

    model = StepMix(k, measurement="categorical", n_init=FEWER_STARTS, abs_tol=TOLERANCE, max_iter=MOST, random_state=k)
    model.set_params(progress_bar=0).fit(codes)
    return float(model.score(codes) * len(codes))


def fits(name: str) -> list[dict]:
    codes = codes_of(name)
    patterns, first, counts = np.unique(codes, axis=0, return_index=True, return_counts=True)
    write_patterns(name, patterns, counts)
    found = []
    for k in range(1, 5):
        fit, other = by_polca(name, codes, k), by_stepmix(codes, k)
        print(name, k, fit.loglik, other, fit.converged, fit.iterations, flush=True)
        assert fit.converged and abs(fit.loglik - other) < 1e-8 * abs(other)
        order = np.argsort(-fit.P)
        # polca's own number of parameters leaves the shares of the classes out
        df = k - 1 + k * sum(len(levels) - 1 for levels in LEVELS[name].values())
        probabilities = {
            column: {str(level): values[order, i].tolist() for i, level in enumerate(levels)}
            for (column, levels), values in zip(LEVELS[name].items(), fit.probs, strict=True)
        }
        found.append(
            {
                "K": k,
                "loglik": fit.loglik,
                "df": df,
                "bic": df * np.log(len(codes)) - 2 * fit.loglik,
                "weights": fit.P[order].tolist(),
                "probabilities": probabilities,
                "responsibilities": fit.posterior[first][:, order].tolist(),  # of the patterns, as the table has them
            }
        )
    return found


if __name__ == "__main__":
    result = {"made_with": {one: version(one) for one in ("polca", "stepmix")}} | {name: fits(name) for name in LEVELS}
    (HERE / "latent_classes.json").write_text(json.dumps(result) + "\n")
