"""mclust's fits, ours of the same models, and our objective at mclust's parameters."""

import functools
import json
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris

import bayesmix as bm
from bayesmix import Gaussian, Mixture

COVARIANCE_OF = {"VVV": "full", "EEE": "tied", "VVI": "diag", "VII": "spherical"}
ROWS = {
    "faithful": np.asarray(bm.datasets.load_faithful()),
    "iris": load_iris().data,
    "diabetes": np.loadtxt(Path(__file__).with_name("diabetes.csv"), delimiter=",", skiprows=1),
}
# by maximum likelihood alone: mclust.R says why
_OTHERS = ("EII", "EEI", "VEI", "EVI", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV")
BY_LIKELIHOOD = {code: code for code in _OTHERS}
ONE_FEATURE = {"V": "full", "E": "tied"}
FURTHER_ROWS = {
    "eruptions": ROWS["faithful"][:, :1],
    # with variances of one, where mclust's prior of diagonal and spherical covariances is ours
    **{
        f"{name}, standardised": (ROWS[name] - ROWS[name].mean(axis=0)) / ROWS[name].std(axis=0, ddof=1)
        for name in ("faithful", "iris")
    },
}
_FITS = json.loads(Path(__file__).with_name("mclust.json").read_text())
MADE_WITH = f"mclust {_FITS['made_with']['mclust']}"


def reference_fits(data, estimate):
    """``(model, number of components) -> fit`` by mclust, ``estimate`` being "ml" or "map"."""
    return {(fit["model"], fit["G"]): fit for fit in _FITS[data][estimate]}


@functools.cache
def fit_of(data, estimate, model, n_components):
    """The same model by bayesmix."""
    mixture = Mixture(n_components, Gaussian((COVARIANCE_OF | BY_LIKELIHOOD | ONE_FEATURE)[model]))
    return mixture.fit_em(
        (ROWS | FURTHER_ROWS)[data], estimate=estimate, n_init=20, tol=1e-12, max_iter=20_000, random_seed=1
    )


def objective_at(em, theirs):
    """Log-likelihood plus our log prior at mclust's parameters."""
    matrices = np.array(theirs["covariances"])
    name = em.family.structure.parameter.name
    if em.family.correlated:
        values = matrices if not em.family.structure.parameter.shared else matrices[0]
    else:
        values = np.array([em.family.structure.reduce(np.diag(one)) for one in matrices])
    named = {
        "weights": np.atleast_1d(np.array(theirs["weights"], dtype=float)),
        "means": np.array(theirs["means"]),
        name: values,
    }
    value = em.family.log_mixture(named["weights"], named, em.rows.values).sum()
    if em.estimate == "map":
        value += sum(em.family.log_prior_terms(em.priors, named).values())
        if em.n_components > 1:
            value += em.priors.weights.log_density(named["weights"])
    return float(value)
