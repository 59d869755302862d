"""How well the labels of the draws could be told apart."""

import numpy as np

# A draw counts as ambiguous where exchanging two of its components would lose less than this
# share of the rows that the two hold.
AMBIGUOUS = 0.1


def relabelling_quality(agreement: np.ndarray, permutations: np.ndarray) -> dict[str, float]:
    """Agreement with the pivot, and the distance to the next best naming.

    Parameters
    ----------
    agreement : array, (S, K, K)
        From ``agreement_matrices``: pivot label, then component of the draw.
    permutations : int array, (S, K)

    Returns
    -------
    dict
        ``agreement``: share of rows whose label is the pivot's, mean over the draws.
        ``margin``: 1 where every exchange of two components would cost all rows that the two hold,
        0 where it would cost none; worst pair of each draw, mean over the draws.
        ``ambiguous``: share of the draws whose margin is below 0.1.
    """
    n_components = agreement.shape[-1]
    renamed = np.take_along_axis(agreement, permutations[:, None, :], axis=-1)
    kept = np.diagonal(renamed, axis1=-2, axis2=-1)
    attained = kept.sum(axis=-1) / agreement.sum(axis=(-2, -1))
    occupied = agreement[0].sum(axis=-1) > 0
    margin = np.ones(len(agreement))
    for one in range(n_components):
        for other in range(one + 1, n_components):
            if not (occupied[one] or occupied[other]):
                continue
            now = kept[:, one] + kept[:, other]
            swapped = renamed[:, one, other] + renamed[:, other, one]
            held = now + swapped
            gap = np.divide(now - swapped, held, out=np.zeros_like(held), where=held > 0)
            margin = np.minimum(margin, gap)
    return {
        "agreement": float(attained.mean()),
        "margin": float(margin.mean()),
        "ambiguous": float((margin < AMBIGUOUS).mean()),
    }
