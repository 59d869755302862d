"""Files of rows that are read block by block, as often as it takes."""

from bayesmix.data.files.opening import open
from bayesmix.data.files.source import File, needs_memory

__all__ = ["File", "needs_memory", "open"]
