"""Who belongs with whom, without names of groups: similarity of rows, one partition for all draws, agreement."""

from bayesmix.posterior.partitions.agreement import compare_clusterings
from bayesmix.posterior.partitions.co_membership import similarity
from bayesmix.posterior.partitions.estimate import partition
from bayesmix.posterior.partitions.other_ways import partial_assignments

__all__ = ["compare_clusterings", "partial_assignments", "partition", "similarity"]
