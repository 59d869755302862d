"""Estimates from draws with their Monte Carlo errors, and how far they are from what they should be."""

from typing import NamedTuple

import arviz as az
import numpy as np

# Fewer effective draws than this, in bulk or tails, and a Monte Carlo error is not to be believed.
FEWEST = 1000
# Monte Carlo errors between an estimate and the truth. Every processor draws otherwise, and the tests compare some
# thousands of estimates: of right ones, one in 1.7 million is farther away.
ALLOWED = 5.0


class Estimate(NamedTuple):
    """A number and its Monte Carlo standard error."""

    value: float
    error: float

    def errors_from(self, other: "Estimate | float") -> float:
        """Distance in Monte Carlo errors of both sides together."""
        value, error = other if isinstance(other, Estimate) else (float(other), 0.0)
        return float(abs(self.value - value) / np.hypot(self.error, error))


class Finding(NamedTuple):
    """One line of evidence: right where ``figure`` is at most ``allowed``."""

    what: str
    against: str
    figure: float
    allowed: float


def mean_of(draws: np.ndarray) -> Estimate:
    """Of draws (chain, draw)."""
    return Estimate(float(draws.mean()), float(az.mcse(draws, method="mean")))


def sd_of(draws: np.ndarray) -> Estimate:
    """Of draws (chain, draw)."""
    return Estimate(float(draws.std(ddof=1)), float(az.mcse(draws, method="sd")))


def quantile_of(draws: np.ndarray, p: float) -> Estimate:
    """Of draws (chain, draw)."""
    return Estimate(float(np.quantile(draws, p)), float(az.mcse(draws, method="quantile", prob=p)))


def effective_draws(draws: np.ndarray) -> float:
    """The smaller of the effective sample sizes of bulk and tails of draws (chain, draw)."""
    return min(float(az.ess(draws, method="bulk")), float(az.ess(draws, method="tail", prob=(0.05, 0.95))))


def worst(findings: list[Finding]) -> str:
    """What is not right, for a test to print; empty where all is."""
    return "\n".join(map(str, (one for one in findings if not one.figure <= one.allowed)))
