r"""Gibbs sampling of factor analysers.

A sweep draws the components of the rows with the factors summed out, the factors given the components,

.. math:: f_i \sim N(M B^\top z_i, M), \qquad M = (I + B^\top B)^{-1},

the weights, of each column and component the mean and the loadings together (normal: a regression on factors and a
one), and the uniquenesses (inverse-gamma). All rows of all components enter by a few products of matrices.

Many columns tell the factors given the loadings as well as exactly, and the loadings given the factors: both would move
together by the smallest steps. What the rows say nothing of, :math:`(f, \Lambda, \mu) \to (A f + c, \Lambda A^{-1},
\mu - \Lambda A^{-1} c)`, is therefore drawn between the two: a shift c (normal), a rotation (uniform), and the scale a
of each factor, whose square has a generalised inverse Gaussian distribution,

.. math:: p(\log a^2) \propto a^{n - D} \exp\Bigl(-\tfrac12 a^2 \sum_i f_i^2
   - \tfrac1{2 a^2} \sum_j \lambda_j^2 / s_j^2\Bigr),

by a Metropolis step from the normal distribution at its mode (Liu and Wu, 1999). The loadings and the mean that go with
them are drawn next, and need not be moved.

The state is means (K, D), loadings (K, D, q), in whatever rotation the sweep came to, and uniquenesses (K, D).

References
----------
Liu, J. S. and Wu, Y. N. (1999). Parameter expansion for data augmentation. Journal of the American Statistical
Association 94, 1264-1274. https://doi.org/10.1080/01621459.1999.10473879
"""

from typing import Any

import numpy as np

from bayesmix.families.concentration import draw_share
from bayesmix.families.gaussian.factors.low_rank import standard_form
from bayesmix.families.parts import Sweeps
from bayesmix.families.sweeps import draw_weights

# A sweep takes as long as one elsewhere that looks at so many numbers more, and at a number for so many columns.
_CALLS, _COLUMNS = 2500.0, 25.0


def sampler(parts: dict[str, Any], n_rows: int) -> Sweeps:
    """The sampler of so many rows under priors in standardised units."""
    numbers = tuple(
        np.asarray(one, dtype=float)
        for one in (
            parts["means"].mean,
            parts["means"].sd,
            parts["loadings"].sd,
            parts["uniquenesses"].shape,
            parts["uniquenesses"].scale,
        )
    )
    return Sweeps(run, numbers, 0, moving=False, cost=_CALLS / n_rows + numbers[0].size / _COLUMNS)


def run(rng: np.random.Generator, problem: tuple, position: tuple, plan: tuple) -> tuple:
    """See :func:`bayesmix.families.sweeps.run_completed`; assignments do not move together."""
    columns, concentrations, numbers, _, _, (of_concentration, of_all), known = problem
    labels, state, form = position
    n_kept, thin, _ = plan
    n_components = concentrations.shape[0]
    rows = _Rows(columns)
    kept_weights, kept_states = np.empty((n_kept, n_components)), np.empty((n_kept, state.shape[0]))
    log_likelihoods, occupied = np.empty(n_kept), np.empty(n_kept, np.int64)
    moves, shares = np.zeros((n_kept, 4, 2), np.int64), np.empty(n_kept)
    for s in range(n_kept):
        for _ in range(thin):
            counts = np.bincount(labels, minlength=n_components).astype(float)
            factors = rows.factors(rng, labels, form)
            _move(rng, factors, labels, numbers, form)
            if of_concentration.size:
                concentrations[:] = draw_share(
                    rng, of_concentration, of_all, concentrations[0], n_components, counts, len(labels)
                )
            weights = draw_weights(rng, concentrations, counts)
            form = _drawn(rng, rows, weights, counts, labels, factors, numbers, state, form)
            kept_weights[s], kept_states[s] = weights, state
            shares[s], occupied[s] = concentrations[0], np.count_nonzero(counts)
            log_likelihoods[s] = rows.draw_labels(rng, labels, known, form)
    return kept_weights, kept_states, log_likelihoods, occupied, moves, shares, form


class _Rows:
    """Standardised rows (D, N), and their squares."""

    def __init__(self, columns: np.ndarray):
        self.columns = columns
        self.both = np.concatenate([columns, columns**2])

    def factors(self, rng, labels: np.ndarray, form: tuple) -> np.ndarray:
        """Factors (q, N) of every row in its own component."""
        _, means, precisions, scaled = (part[0] for part in form)
        n_factors = scaled.shape[2]
        out = rng.standard_normal((n_factors, labels.size))
        for k in range(len(means)):
            own = np.flatnonzero(labels == k)
            half = np.linalg.inv(np.linalg.cholesky(np.eye(n_factors) + scaled[k].T @ scaled[k]))
            slopes = scaled[k].T * precisions[k]
            pulled = slopes @ self.columns[:, own] - (slopes @ means[k])[:, None]
            out[:, own] = half.T @ (half @ pulled + out[:, own])
        return out

    def draw_labels(self, rng, labels: np.ndarray, known: np.ndarray, form: tuple) -> float:
        """Overwrite the labels; the log-likelihood."""
        offsets, means, precisions, scaled = (part[0] for part in form)
        n_factors = scaled.shape[2]
        joint = np.empty((len(means), labels.size))
        for k in range(len(means)):
            own = precisions[k] ** 2
            half = np.linalg.inv(np.linalg.cholesky(np.eye(n_factors) + scaled[k].T @ scaled[k]))
            slopes = half @ (scaled[k].T * precisions[k])
            squares = np.concatenate([-2 * own * means[k], own]) @ self.both + own @ means[k] ** 2
            explained = slopes @ self.columns - (slopes @ means[k])[:, None]
            joint[k] = offsets[k] - 0.5 * (squares - np.einsum("qn,qn->n", explained, explained))
        joint += known if known.size else 0.0
        top = joint.max(axis=0)
        shares = np.exp(joint - top)
        up_to = np.cumsum(shares, axis=0)
        drawn = rng.random(labels.size) * up_to[-1]
        labels[:] = np.minimum((up_to <= drawn).sum(axis=0), len(means) - 1)
        return float((top + np.log(up_to[-1])).sum())


def _move(rng, factors: np.ndarray, labels: np.ndarray, numbers: tuple, form: tuple) -> None:
    """Shift, turn and scale the factors (q, N) of each component."""
    prior_mean, mean_sd, loading_sd, _, _ = numbers
    _, means, precisions, scaled = (part[0] for part in form)
    n_features, n_factors = scaled.shape[1:]
    for k in range(len(means)):
        own = np.flatnonzero(labels == k)
        if own.size == 0:
            continue
        loadings, f = scaled[k] / precisions[k][:, None], factors[:, own]
        pull = loadings.T / mean_sd**2
        half = np.linalg.inv(np.linalg.cholesky(own.size * np.eye(n_factors) + pull @ loadings))
        shift = half.T @ (half @ (pull @ (means[k] - prior_mean) - f.sum(axis=1)) + rng.standard_normal(n_factors))
        turn = np.linalg.qr(rng.standard_normal((n_factors, n_factors)))[0]
        f = turn.T @ (f + shift[:, None])
        sizes, inverse_sizes = (f**2).sum(axis=1), ((loadings @ turn / loading_sd[:, None]) ** 2).sum(axis=0)
        factors[:, own] = f * _drawn_scales(rng, 0.5 * (own.size - n_features), sizes, inverse_sizes)[:, None]


def _drawn_scales(rng, power: float, sizes: np.ndarray, inverse_sizes: np.ndarray) -> np.ndarray:
    """``a`` (q,) by a Metropolis step from one."""
    bend = np.sqrt(power**2 + sizes * inverse_sizes)
    mode = np.log((power + bend) / sizes if power > 0 else inverse_sizes / (bend - power))

    def excess(t):
        """What the log density has beyond that of the proposal."""
        return power * t - 0.5 * (sizes * np.exp(t) + inverse_sizes * np.exp(-t)) + 0.5 * bend * (t - mode) ** 2

    proposed = mode + rng.standard_normal(sizes.size) / np.sqrt(bend)
    accepted = np.log(rng.random(sizes.size)) < excess(proposed) - excess(np.zeros_like(mode))
    return np.exp(0.5 * np.where(accepted, proposed, 0.0))


def _drawn(rng, rows, weights, counts, labels, factors, numbers, state, form) -> tuple:
    """Means, loadings and uniquenesses given the factors; the form there."""
    prior_mean, mean_sd, loading_sd, shape, scale = numbers
    _, means, precisions, scaled = (part[0] for part in form)
    n_components, n_features, n_factors = scaled.shape
    n_rows = labels.size
    ones = np.concatenate([factors, np.ones((1, n_rows))])
    members = (labels == np.arange(n_components)[:, None]).astype(float)
    spread = (members[:, None] * ones).reshape(-1, n_rows)  # of each component, zero elsewhere
    right = (rows.columns @ spread.T).reshape(n_features, n_components, n_factors + 1).swapaxes(0, 1)
    squares = rows.both[n_features:] @ members.T
    gram = np.stack([(own * ones[:, None] * ones[None]).sum(axis=-1) for own in members])
    own = (precisions**2)[..., None]
    ridge = np.empty((n_features, n_factors + 1))
    ridge[:, :-1], ridge[:, -1] = loading_sd[:, None] ** -2, mean_sd**-2
    pulled = own * right
    pulled[..., -1] += ridge[:, -1] * prior_mean
    matrices = own[..., None] * gram[:, None]
    diagonal = np.arange(n_factors + 1)
    matrices[..., diagonal, diagonal] += ridge
    half = np.linalg.inv(np.linalg.cholesky(matrices))
    noise = rng.standard_normal(pulled.shape)
    drawn = (half.swapaxes(-1, -2) @ (half @ pulled[..., None] + noise[..., None]))[..., 0]
    rest = squares.T + np.einsum("kdq,kdq->kd", drawn, drawn @ gram - 2 * right)
    rates = scale + 0.5 * np.maximum(rest, 0.0)  # a sum of squares, but for rounding
    uniquenesses = rates / rng.standard_gamma(shape + 0.5 * counts[:, None], size=rates.shape)
    means, loadings = drawn[..., -1].copy(), drawn[..., :-1].copy()
    state[:] = np.concatenate([means.ravel(), loadings.ravel(), uniquenesses.ravel()])
    return tuple(part[None] for part in standard_form(weights, means, loadings, uniquenesses))
