"""Expectation-maximisation: starts, the one loop, the map of optima and the result."""

from bayesmix.engines.em.fit import beyond, fit
from bayesmix.engines.em.result import EMResult
from bayesmix.engines.em.settings import EMSettings
from bayesmix.engines.em.status import Status

__all__ = ["EMResult", "EMSettings", "Status", "beyond", "fit"]
