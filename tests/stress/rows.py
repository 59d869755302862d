"""The rows of the panel: each function makes one data set that is hard to fit, and always the same."""

import numpy as np

import bayesmix as bm


def _rng() -> np.random.Generator:
    return np.random.default_rng(20)


def faithful() -> np.ndarray:
    return np.asarray(bm.datasets.load_faithful(), dtype=float)


def two_groups(n_rows: int = 60, n_features: int = 2, distance: float = 20.0, share: float = 0.6) -> np.ndarray:
    """Round groups of unit variance; so far apart that no row is in doubt, unless ``distance`` is small."""
    rows = _rng().normal(size=(n_rows, n_features))
    rows[int(share * n_rows) :] += distance / np.sqrt(n_features)
    return rows


def five_points() -> np.ndarray:
    """Five places, forty rows at each."""
    places = np.array([[0.0, 0.0], [10.0, 1.0], [-9.0, 8.0], [4.0, -12.0], [13.0, 14.0]])
    return np.repeat(places, 40, axis=0)


def one_point_apart(distance: float, n_rows: int = 200) -> np.ndarray:
    """A standard normal cloud, and one row ``distance`` standard deviations away, the last."""
    rows = _rng().normal(size=(n_rows + 1, 2))
    rows[-1] = [0.6 * distance, 0.8 * distance]
    return rows


def crossing_lines(thickness: float) -> np.ndarray:
    """Two lines that cross at a right angle, each with ``thickness`` as the ratio of its deviations."""
    rng = _rng()
    along, across = 5.0 * rng.normal(size=(2, 80)) * np.array([[1.0], [thickness]])
    first = np.arange(80) < 40
    turned = np.where(first[:, None], np.stack([along, across], 1), np.stack([-across, along], 1))
    return turned @ np.array([[0.8, 0.6], [-0.6, 0.8]])


def nearly_collinear(ratio: float) -> np.ndarray:
    """A third column that is the sum of the others, up to ``ratio``."""
    rows = _rng().normal(size=(60, 3))
    rows[:, 2] = rows[:, 0] + rows[:, 1] + ratio * rows[:, 2]
    return rows


def few_rows(n_rows: int, n_features: int) -> np.ndarray:
    return _rng().normal(size=(n_rows, n_features)) * np.geomspace(1, 100, n_features) + 3.0


def rare_group(n_rows: int, weight: float) -> np.ndarray:
    """The last rows are a group of its own, as many as ``weight`` says, 30 standard deviations away."""
    rows, n_rare = _rng().normal(size=(n_rows, 2)), round(weight * n_rows)
    rows[-n_rare:] += [30.0, 0.0]
    return rows


def all_but_one_alike() -> np.ndarray:
    """A column in which one row alone differs."""
    rows = _rng().normal(size=(50, 2))
    rows[:, 1] = 0.0
    rows[-1, 1] = 1.0
    return rows


def one_row_repeated() -> np.ndarray:
    """A hundred rows of a cloud, and one row far from them a hundred times."""
    return np.concatenate([_rng().normal(size=(100, 2)), np.full((100, 2), 30.0)])


def counts() -> np.ndarray:
    """Whole numbers, kept as such."""
    rng = _rng()
    return np.concatenate([rng.poisson([4, 50], size=(60, 2)), rng.poisson([40, 10], size=(40, 2))])


def coins() -> np.ndarray:
    """Zeros and ones in three columns: at most eight distinct rows."""
    return (_rng().uniform(size=(80, 3)) < [0.5, 0.3, 0.7]).astype(float)


def heavy_tails() -> np.ndarray:
    """Cauchy: most rows near zero, a few at hundreds."""
    return _rng().standard_cauchy(size=(300, 1))


def ring() -> np.ndarray:
    """A circle: every rotation of an answer is as good an answer."""
    angles = np.arange(60) * 2 * np.pi / 60
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def square() -> np.ndarray:
    """Four groups at the corners, every row with its seven images: two components may part the square either way."""
    corner = 5.0 + _rng().normal(size=(12, 2))
    half = np.concatenate([corner, corner[:, ::-1]])
    signs = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    return np.concatenate([half * sign for sign in signs])


def nested() -> np.ndarray:
    """A narrow group inside a wide one: deviations 1e-4 and 1 around the same mean."""
    rows = _rng().normal(size=(200, 2))
    rows[:80] *= 1e-4
    return rows


def skewed() -> np.ndarray:
    """Log-normal over many orders of magnitude."""
    return np.exp(3.0 * _rng().normal(size=(200, 1)))
