"""Who belongs with whom, without names of groups: similarity of rows, the partition that stands for the posterior."""

from bayesmix.posterior.partitions.co_membership import similarity
from bayesmix.posterior.partitions.estimate import partition

__all__ = ["partition", "similarity"]
