"""The evidence of a model: the density of the rows with all parameters integrated out, from posterior draws."""

from bayesmix.comparison.evidence.estimate import Evidence, log_evidence, measured

__all__ = ["Evidence", "log_evidence", "measured"]
