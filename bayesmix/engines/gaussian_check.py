"""Draws of a Gaussian approximation, and whether they can stand for the posterior (Pareto k-hat).

Where the components are exchangeable the posterior has K! copies of every mode, while the Gaussian
sits on one. A draw in its tail that reaches another copy would meet a large density where the
Gaussian has next to none, and raise an alarm although relabelling makes the draw a good one.
So k-hat judges the average of the Gaussian over the labellings.
"""

from collections.abc import Collection, Iterator
from itertools import islice, permutations
from math import factorial

import numpy as np
from scipy.special import logsumexp

from bayesmix.density import Density
from bayesmix.density.many_places import logps
from bayesmix.engines.draws import Draws
from bayesmix.engines.gaussian_approximation import GaussianApproximation
from bayesmix.notes import Note
from bayesmix.passes.pareto import smoothed, tail_size

TRUSTED = 0.7  # importance sampling is unreliable above it (Vehtari and others, 2024)
_MOST_COMPONENTS = 6  # 720 labellings
_NEGLIGIBLE = 40.0  # nats below the draw's own labelling: all 720 together change log q by 3e-15
_EXACT = 1e-8  # nats: log ratios that differ by less are rounding, and form no tail
_FEWEST = 25  # draws: their largest fifth has the five that a tail needs
_PERMUTATIONS_AT_ONCE = 24


def checked_draws(
    density: Density,
    approximation: GaussianApproximation,
    *,
    draws: int,
    rng: np.random.Generator,
    component_variables: Collection[str] = (),
    rank: str = "full",
) -> Draws:
    """Independent draws of the approximation as one chain, judged against the density.

    Parameters
    ----------
    density : Density
    approximation : GaussianApproximation
        Of the density's flat vector.
    draws : int
    rng : numpy.random.Generator
    component_variables : collection of str
        See :func:`log_q_over_labellings`.
    rank : str
        Of the approximation's covariance matrix: what a note advises depends on it.

    Returns
    -------
    Draws
        ``unconstrained`` (1, draws, size); stats ``log_p`` (log density), ``log_q`` (of the
        approximation itself) and ``lp`` (the same as ``log_p``); attrs ``pareto_k``, ``elbo`` (the
        mean of ``log_p - log_q``) and ``elbo_se``; a note where k-hat exceeds 0.7.
    """
    q = approximation.draw(draws, rng)
    log_p = logps(density, q, "draw")
    log_p = np.where(np.isnan(log_p), -np.inf, log_p)
    log_q = approximation.log_density(q)
    averaged = log_q_over_labellings(density, approximation, q, component_variables, log_q=log_q)
    k_hat = pareto_k(log_p - averaged)
    ratios = log_p - log_q
    with np.errstate(invalid="ignore"):  # a draw of no density: the ELBO is minus infinity
        spread = float(ratios.std(ddof=1) / np.sqrt(draws)) if draws > 1 else np.nan
    notes = ()
    if not k_hat <= TRUSTED:
        notes = (Note("far_from_gaussian", {"pareto_k": k_hat, "gate": TRUSTED, "rank": rank}),)
    return Draws(
        unconstrained=q[None],
        stats={"log_p": log_p[None], "log_q": log_q[None], "lp": log_p[None].copy()},
        notes=notes,
        attrs={"pareto_k": k_hat, "elbo": float(ratios.mean()), "elbo_se": spread},
    )


def pareto_k(log_ratios: np.ndarray) -> float:
    """Shape of the generalised Pareto law fitted to the largest importance ratios.

    Parameters
    ----------
    log_ratios : (draws,) array
        ``log p - log q`` at draws of q, up to a constant; minus infinity is a weight of zero.

    Returns
    -------
    float
        Minus infinity where the largest ratios are all alike; infinity where there are too few to
        judge, or they are so far apart that no Pareto law can be fitted to them.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, Journal of
    Machine Learning Research 25. Yao, Vehtari, Simpson and Gelman (2018), Yes, but did it work?:
    evaluating variational inference, ICML.
    """
    possible = log_ratios[np.isfinite(log_ratios)]
    if possible.size == 0 or log_ratios.size < _FEWEST:
        return np.inf
    n_tail = _tail(log_ratios.size)
    if np.ptp(np.sort(log_ratios)[-n_tail - 1 :]) < _EXACT:
        return -np.inf
    # a weight of zero belongs to the bulk, whatever its logarithm: the tail fit needs a number
    finite = np.where(np.isfinite(log_ratios), log_ratios, possible.min() - 1.0)
    return smoothed(finite, tail_size(finite.size))[1]


def _tail(n_draws: int) -> int:
    """How many of the largest ratios the law is fitted to."""
    return int(np.ceil(min(0.2 * n_draws, 3 * np.sqrt(n_draws))))


def pareto_k_is_above(limit: float, k_hat: float, n_draws: int) -> bool:
    """Whether the k that ``k_hat`` estimates is above a limit by two standard errors, ``(1 + k) / sqrt(tail)``.

    References
    ----------
    Hosking and Wallis (1987), Parameter and quantile estimation for the generalized Pareto distribution, Technometrics
    29: the variance of the maximum likelihood estimate of the shape.
    """
    return bool(np.isfinite(k_hat) and k_hat - 2 * (1 + k_hat) / np.sqrt(_tail(n_draws)) > limit)


def log_q_over_labellings(
    density: Density,
    approximation: GaussianApproximation,
    q: np.ndarray,
    component_variables: Collection[str] = (),
    *,
    log_q: np.ndarray | None = None,
) -> np.ndarray:
    """Log of the approximation averaged over the labellings of the components, at the points ``q``.

    ``log (1/K!) sum over permutations s of q(s . theta)``, where s acts on the constrained
    variables. No Jacobian enters: permuting whole blocks of coordinates has a determinant of
    plus or minus one, and so has what a permutation does to the K - 1 logits of the weights (it is
    linear, being the permutation of K logits that sum to zero).

    Parameters
    ----------
    density : Density
        For the transforms of its vector.
    approximation : GaussianApproximation
    q : (n, size) array
    component_variables : collection of str
        Names of the variables (free or derived) whose first axis is ``component``, ``weights``
        included. Empty where the prior tells the components apart, or for one component: then the
        only labelling is the one that stands.
    log_q : (n,) array, optional
        ``approximation.log_density(q)``, where it is known already.

    Returns
    -------
    (n,) array
        With more than six components the identity alone, too: 7! labellings are too many.
    """
    own = approximation.log_density(q) if log_q is None else log_q
    n_components = _count_components(density, component_variables)
    if not 1 < n_components <= _MOST_COMPONENTS:
        return own
    slots = _slots(density, component_variables)
    shifted = _cyclic_shifts(density, q, component_variables, n_components)
    bounds = _bounds(approximation, shifted, slots, n_components)
    height = approximation.log_height
    relative: list[np.ndarray] = [np.zeros((1, len(q)))]
    for orders in _orders(n_components):
        # slot b holds component orders[b]: in the shift by orders[b] - b it does, too
        shifts = (orders - np.arange(n_components)) % n_components
        bound = bounds[:, np.arange(n_components), shifts].max(axis=-1)  # (n, permutations)
        draw, which = np.nonzero(height - 0.5 * bound > own[:, None] - _NEGLIGIBLE)
        terms = np.full((len(orders), len(q)), -np.inf)
        if draw.size:
            source = np.where(slots >= 0, shifts[which][:, slots], 0)
            points = shifted[source, draw[:, None], np.arange(density.size)]
            terms[which, draw] = approximation.log_density(points) - own[draw]
        relative.append(terms)
    total = logsumexp(np.concatenate(relative), axis=0)
    return own + total - np.log(factorial(n_components))


def _count_components(density: Density, component_variables: Collection[str]) -> int:
    if not component_variables:
        return 1
    named = density.constrain(np.zeros(density.size))
    return next(array.shape[0] for name, array in named.items() if name in component_variables)


def _orders(n_components: int) -> Iterator[np.ndarray]:
    """All permutations but the identity, some at a time: ``new[b] = old[order[b]]``."""
    remaining = islice(permutations(range(n_components)), 1, None)
    while chunk := list(islice(remaining, _PERMUTATIONS_AT_ONCE)):
        yield np.array(chunk)


def _slots(density: Density, component_variables: Collection[str]) -> np.ndarray:
    """Which component each coordinate of the vector belongs to; -1 where all share it."""
    slots = np.full(density.size, -1)
    for variable in density.variables:
        if variable.name in component_variables:
            # K - 1 logits of the weights: the last component has none of its own
            leading = np.indices(variable.shape)[0]
            slots[variable.place] = leading.ravel()
    return slots


def _cyclic_shifts(
    density: Density, q: np.ndarray, component_variables: Collection[str], n_components: int
) -> np.ndarray:
    """The points with component ``(b + shift) mod K`` in slot b, for all K shifts: (K, n, size).

    A slot's coordinates depend on the component in it, and otherwise on symmetric functions of
    all of them: every permutation can be put together from these, slot by slot.
    """
    named, leading = density.constrain(q), q.ndim - 1
    shifted = [q]
    for shift in range(1, n_components):
        moved = {
            name: np.roll(array, -shift, axis=leading) if name in component_variables else array
            for name, array in named.items()
        }
        shifted.append(density.unconstrain(moved))
    return np.stack(shifted)


def _bounds(
    approximation: GaussianApproximation, shifted: np.ndarray, slots: np.ndarray, n_components: int
) -> np.ndarray:
    """Lower bounds (n, slot, shift) of the squared Mahalanobis distance, one coordinate at a time.

    Of any point, ``(q_i - mean_i)^2 / variance_i`` is one for every coordinate i.
    """
    distance = (shifted - approximation.mean) ** 2 / approximation.variances
    out = np.zeros((shifted.shape[1], n_components, n_components))
    for slot in range(n_components):
        of_slot = distance[:, :, slots == slot]
        out[:, slot] = of_slot.max(axis=-1, initial=0.0).T
    return out
