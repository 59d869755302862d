"""Expectation-maximisation: starts, the one loop, the map of optima and the result."""

from bayesmix.em.fit import fit
from bayesmix.em.result import EMResult
from bayesmix.em.settings import EMSettings
from bayesmix.em.status import Status

__all__ = ["EMResult", "EMSettings", "Status", "fit"]
