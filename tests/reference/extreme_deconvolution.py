"""Maximum-likelihood mixtures of normal distributions behind errors of measurement, by astroML's extreme deconvolution.

``uv run --with astroML python -m tests.reference.extreme_deconvolution`` writes ``measured_penguins.csv`` (bill length
in mm and body mass in kg of the 342 penguins, with an error drawn once for each, and the covariances of the errors),
and ``extreme_deconvolution.json``. Components go by their first mean.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

import bayesmix as bm

HERE = Path(__file__).parent
SEEDS, TOLERANCE, MOST = range(3), 1e-7, 3000
COLUMNS = ("bill_length", "body_mass", "variance_of_bill", "covariance", "variance_of_mass")


def measured_penguins() -> tuple[np.ndarray, np.ndarray]:
    """Rows (N, 2) with their errors, and the covariances (N, 2, 2) of these."""
    true = bm.datasets.load_penguins()[["bill_length_mm", "body_mass_g"]].dropna().to_numpy() / [1.0, 1000.0]
    rng = np.random.default_rng(20110617)
    deviations = np.array([1.5, 0.2]) * rng.gamma(2.0, 0.5, size=true.shape)
    correlations = rng.uniform(-0.8, 0.8, len(true))
    errors = deviations[:, :, None] * deviations[:, None, :]
    errors[:, 0, 1] *= correlations
    errors[:, 1, 0] *= correlations
    seen = true + np.einsum("nij,nj->ni", np.linalg.cholesky(errors), rng.standard_normal(true.shape))
    return seen.round(3), errors.round(6)


def main() -> None:
    """Fit them."""
    from astroML.density_estimation import XDGMM  # pyright: ignore[reportMissingImports]: not a dependency

    rows, errors = measured_penguins()
    table = np.column_stack([rows, errors[:, 0, 0], errors[:, 0, 1], errors[:, 1, 1]])
    lines = [",".join(COLUMNS), *(",".join(f"{value:.8g}" for value in row) for row in table)]
    (HERE / "measured_penguins.csv").write_text("\n".join(lines) + "\n")
    fits = {}
    for k in (1, 2):
        models = [XDGMM(k, max_iter=MOST, tol=TOLERANCE, random_state=seed).fit(rows, errors) for seed in SEEDS]
        best = max(models, key=lambda model: model.logL(rows, errors))
        order = np.argsort(best.mu[:, 0])
        fits[k] = {
            "log_likelihood": float(best.logL(rows, errors)),
            "weights": best.alpha[order].tolist(),
            "means": best.mu[order].tolist(),
            "covariances": best.V[order].tolist(),
        }
    written = {"astroML": version("astroML"), "fits": fits}
    (HERE / "extreme_deconvolution.json").write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
