"""Fits of families other than the Gaussian by other people's programs, and the rows that they were made from."""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import bayesmix as bm

HERE = Path(__file__).parent
POISSON = ("earthquakes", "three-counts")
LATENT_CLASSES = ("carcinoma", "gss82")
STUDENT_T = ("heavy-tails", "faithful")


@functools.cache
def reference(program: str) -> dict[str, Any]:
    """What ``"poisson"``, ``"latent_classes"``, ``"student_t"`` or ``"mclust"`` wrote."""
    return json.loads((HERE / f"{program}.json").read_text())


@functools.cache
def patterns_of(name: str) -> pd.DataFrame:
    """Of the latent classes: each combination of answers once, as strings, and its ``count``."""
    return pd.read_csv(HERE / f"{name}.csv", dtype=str).astype({"count": int})


def rows_of(name: str) -> pd.DataFrame:
    """Counts, answers or measurements, one row each."""
    if name == "faithful":
        return bm.datasets.load_faithful()
    if name == "penguins":
        return bm.datasets.load_penguins().loc[:, "bill_length_mm":"body_mass_g"].dropna()
    if name in LATENT_CLASSES:
        patterns = patterns_of(name)
        return patterns.loc[patterns.index.repeat(patterns["count"])].drop(columns="count").reset_index(drop=True)
    return pd.read_csv(HERE / f"{name}.csv")


def by_level(fit: dict[str, Any], column: str, answers: pd.Series) -> np.ndarray:
    """(row, class): the probability of each answer in a fit of latent classes."""
    probabilities = fit["probabilities"][column]
    return np.array([probabilities[answer] for answer in answers])
