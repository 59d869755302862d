"""Which groups may be one, and how many peaks the density has."""

import numpy as np

from bayesmix.data.words import joined
from bayesmix.html.content import Section
from bayesmix.html.digest import Digest
from bayesmix.html.numbers import counted, percent

# What is less probable than this is not told.
_WORTH_TELLING = 0.1
_MOST_PAIRS = 5


def overlaps_section(digest: Digest) -> Section:
    """Sentences, of more than one group."""
    return Section(sentences=tuple([" ".join(_pairs(digest)), *peaks_told(digest)]))


def _pairs(digest: Digest) -> list[str]:
    merged = digest.merged
    overlap, probability = merged["overlap"].values, np.nan_to_num(merged["overlap_probability"].values)
    pairs = sorted(zip(*np.triu_indices(len(overlap), 1), strict=True), key=lambda pair: -probability[pair])
    told = [pair for pair in pairs if probability[pair] >= _WORTH_TELLING][:_MOST_PAIRS]
    said = []
    for pair in told:
        how = f"probability {percent(probability[pair])}" if digest.sampled else f"{percent(overlap[pair])} do"
        said.append(f"Groups {pair[0]} and {pair[1]} overlap so much that they may be one: {how}.")
    said = said or ["No two groups overlap so much that they may be one."]
    said.append(
        f"They do where more than {100 * merged.attrs['cutoff']:g}% of the rows of one rather look like the other's."
    )
    left = merged.sizes["group"]
    if left < len(overlap):
        said.append(f"Taken together where that is more probable than not, {counted(left, 'group')} would be left.")
    return said


def peaks_told(digest: Digest) -> list[str]:
    """How many peaks the density has, in a sentence; none where it has no slope to climb."""
    if digest.peaks is None:
        return []
    ordered = sorted(digest.peaks.items(), key=lambda one: -one[1])
    if not digest.sampled:
        return [f"The density has {counted(ordered[0][0], 'peak')}."]
    likely = [one for one in ordered if one[1] >= _WORTH_TELLING] or ordered[:1]
    told = [f"{number} (probability {percent(share)})" for number, share in likely]
    return [f"Peaks of the density: {joined(told, 'or')}."]
