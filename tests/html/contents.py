"""What reports are made of: a comparison, and one whose every string is an attack."""

import numpy as np
import pandas as pd

import bayesmix as bm

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>'",
    "{{ 7 * 7 }} & --> ]]> </svg></style>",
)


def hostile_em():
    """Every string a user can bring is one that a careless page would run."""
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=(30, 3)), rng.normal(size=(20, 3)) + 2])
    index = [f"{HOSTILE[1]} <b>{i}</b>" for i in range(50)]
    frame = pd.DataFrame(values, columns=list(HOSTILE), index=index)
    return bm.Mixture(2).fit_em(frame, random_seed=1)


def hostile_table():
    index = pd.MultiIndex.from_tuples([(HOSTILE[0], 1), (HOSTILE[0], 2)], names=["family", "K"])
    columns = {"bic": [2.0, 1.0], "icl": [2.0, 1.0], "aic": [2.0, 1.0], "elpd_loo": [-5.0, -4.0]}
    columns |= {"se_loo": [1.0, 1.0], "elpd_diff": [np.nan, 0.0], "dse": [np.nan, 0.0]}
    return pd.DataFrame(columns | {"notes": [HOSTILE[1], ""]}, index=index)


def comparison_table():
    keys = [("gaussian-full", k) for k in (1, 2, 3)]
    index = pd.MultiIndex.from_tuples(keys, names=["family", "n_components"])
    return pd.DataFrame(
        {
            "log_likelihood": [-1300.123456789, -1130.0, -1120.0],
            "n_parameters": [5, 11, 17],
            "aic": [2610.0, 2282.0, 2274.0],
            "bic": [2628.0, 2322.0, 2335.0],
            "icl": [2628.0, 2323.0, 2390.0],
            "elpd_loo": [-1305.2, -1140.1, -1139.5],
            "se_loo": [12.0, 15.0, 15.5],
            "elpd_diff": [-165.1, 0.0, np.nan],
            "dse": [20.0, 0.0, np.nan],
            "weight": [0.01, 0.99, np.nan],
            "max_rhat": [1.001, 1.002, 1.5],
            "min_ess": [2000.0, 2500.0, 7.0],
            "divergences": [0, 0, 41],
            "notes": ["", "", "41 draws diverged"],
        },
        index=index,
    )
