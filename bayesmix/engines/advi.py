"""Automatic variational inference: the Gaussian nearest to the posterior."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from bayesmix.density import Density
from bayesmix.engines.basins import find_basins
from bayesmix.engines.draws import Draws
from bayesmix.engines.gaussian_check import checked_draws, pareto_k_is_above
from bayesmix.engines.natural_gradient import FullRank, MeanField, Moments, Rank
from bayesmix.engines.paired_gradients import AllRows, PairedGradients, SomeRows
from bayesmix.engines.protocol import Start
from bayesmix.notes import Note
from bayesmix.problem import Problem
from bayesmix.progress import progress, turns
from bayesmix.threads import one_blas_thread

# The noise that is left in the answer, in nats of ELBO for each unknown
_TOLERANCE = 1e-4  # an error of 0.014 standard deviations
_TOLERABLE = 1e-2  # 0.14, where the most draws do not bring it further down
_RESOLVED = 3.0  # a step is taken when its gain is three times what noise alone would show
_FIRST_PAIRS, _MOST_PAIRS = 16, 2**14
_PAIRS_AT_ONCE = 1024
_SURE = 3.0  # standard errors by which the ELBO must fall before a step is taken back
_SHORTEST = 1 / 64  # step
_JUDGED = 1000  # draws by which the Gaussian is judged on the way
_TURNED = 0.2  # cosine between successive steps, beyond what noise makes of a right angle


@dataclass(frozen=True)
class Advi:
    """See :meth:`bayesmix.Mixture.fit_advi`."""

    rank: str = "full"
    draws: int = 1000
    minibatch_size: int | None = None
    progressbar: bool | None = True

    def run(self, problem: Problem, start: Start) -> Draws:
        """Climb from the Laplace approximation of the basin with the largest mass, and draw from the Gaussian."""
        with progress(self.progressbar) as report, one_blas_thread():
            report("Laplace at the tops")
            basin = find_basins(start.density, start.em)[0]
            return climb(
                start.density,
                (basin.mode, basin.transform),
                rank=self.rank,
                draws=self.draws,
                random_seed=start.seeds[0],
                minibatch=self.minibatch_size,
                told=lambda step, elbo: report(f"ADVI: step {step}, ELBO {elbo:.2f}"),
                component_variables=start.exchanged,
            )


class Status(Enum):
    """How the climb ended; the value is the sentence."""

    CONVERGED = "converged: no step is left whose gain would show"
    NOISY = "stopped, the next step hidden in noise: the posterior is far from Gaussian; use NUTS"
    MAX_STEPS = "stopped at max_steps while the ELBO was still rising"
    HOPELESS = "stopped early: the Gaussian is too far from the posterior for any further step to mend it"
    LOST = "stopped: the ELBO fell however short the step; use NUTS"


def climb(
    density: Density,
    start: tuple[np.ndarray, np.ndarray],
    *,
    rank: str = "full",
    draws: int = 1000,
    random_seed: int | np.random.SeedSequence | None = None,
    minibatch: int | None = None,
    told: Callable[[int, float], None] | None = None,
    max_steps: int = 200,
    component_variables: Collection[str] = (),
) -> Draws:
    """Fit a Gaussian to a density by natural gradients, draw from it and judge it.

    Maximises the ELBO, ``E_q[log p - log q]``, over ``q = N(m, S)`` with S a full matrix or, for
    ``"mean-field"``, diagonal in the unconstrained vector itself. Each step is estimated from as
    many pairs of draws as it takes for its gain to stand out from the noise; the climb ends when
    the gain is below 1e-4 nats for each unknown, or does not stand out although the noise is below
    that (or the step has had 2^14 pairs). A step after which the ELBO has fallen is taken back and
    made shorter. Where no step would gain more than 1e-2 nats for each unknown, which is an error of
    0.14 standard deviations, and Pareto k-hat is above 1 beyond doubt, the climb ends too: the weights
    of such a Gaussian have no mean, and what is left to climb does not bring k-hat down to 0.7.

    Parameters
    ----------
    density : Density
    start : (mean (size,), transform (size, size))
        A Gaussian to start from, ``q = mean + transform @ z``: the Laplace approximation.
    rank : {"full", "mean-field"}
    draws : int
    random_seed : int or numpy.random.SeedSequence, optional
    minibatch : int, optional
        Estimate each gradient from so many random rows (without replacement, new ones for each
        pair), as a difference from the gradient of all rows at the mean. The final draws are judged
        with all rows.
    told : callable, optional
        Called with the number of the step and the ELBO.
    max_steps : int
    component_variables : collection of str
        See :func:`bayesmix.engines.gaussian_check.log_q_over_labellings`.

    Returns
    -------
    Draws
        As :func:`bayesmix.engines.gaussian_check.checked_draws`; attrs also ``converged`` (0 or
        1), ``n_steps`` (length of the trace of the ELBO), ``n_gradients``, ``elbo_gap`` (estimate
        of what the ELBO could still gain).

    Raises
    ------
    ValueError
        If ``rank`` is unknown, or ``minibatch`` is not between 1 and the number of rows.
    TypeError
        If the density has no minibatches.

    References
    ----------
    Kucukelbir, Tran, Ranganath, Gelman and Blei (2017), Automatic differentiation variational
    inference, JMLR 18. The optimiser: see :mod:`bayesmix.engines.natural_gradient`. Growing
    batches: Bollapragada, Byrd and Nocedal (2018), Adaptive sampling strategies for stochastic
    optimization, SIAM Journal on Optimization 28. Minibatches: Johnson and Zhang (2013),
    Accelerating stochastic gradient descent using predictive variance reduction, NeurIPS.
    """
    mean, transform = (np.asarray(part, dtype=float) for part in start)
    if rank == "full":
        first: Rank = FullRank(mean, transform)
    elif rank == "mean-field":
        first = MeanField.like(mean, transform)
    else:
        raise ValueError(f"rank must be 'full' or 'mean-field', not {rank!r}")
    climbing, drawing, judging = np.random.default_rng(random_seed).spawn(3)
    gradients: PairedGradients = AllRows(density)
    if minibatch is not None:
        gradients = SomeRows(density, minibatch, climbing.spawn(1)[0])
    began = time.perf_counter()

    def hopeless(rank: Rank) -> bool:
        """Whether the importance weights of this Gaussian have no mean, beyond doubt."""
        here = checked_draws(
            density, rank.approximation, draws=_JUDGED, rng=judging, component_variables=component_variables
        )
        return pareto_k_is_above(1.0, here.attrs["pareto_k"], _JUDGED)

    climbed = _climb(gradients, first, climbing, max_steps, told, hopeless)
    fitted = time.perf_counter()
    found = checked_draws(
        density,
        climbed.rank.approximation,
        draws=draws,
        rng=drawing,
        component_variables=component_variables,
        rank=rank,
    )
    ended = Note("ended", {"engine": "ADVI", "how": climbed.status.value})
    notes = () if climbed.status is Status.CONVERGED else (ended,)
    attrs = {
        "converged": float(climbed.status is Status.CONVERGED),
        "n_steps": float(climbed.n_steps),
        "n_gradients": float(gradients.n_calls),
        "elbo_gap": climbed.gap,
    }
    return replace(
        found,
        seconds={"fitting": fitted - began, "sampling": time.perf_counter() - fitted},
        notes=notes + found.notes,
        attrs=found.attrs | attrs,
    )


@dataclass(frozen=True, eq=False)
class _Look:
    """What pairs of draws around one Gaussian say."""

    moments: Moments | None  # None: the density was finite at fewer than half of them
    elbo: float
    elbo_se: float

    def fell_from(self, earlier: "_Look") -> bool:
        """Whether the ELBO is lower than it was, beyond doubt."""
        doubt = np.hypot(self.elbo_se, earlier.elbo_se)
        return self.moments is None or self.elbo < earlier.elbo - _SURE * doubt


@dataclass(frozen=True, eq=False)
class _Climb:
    rank: Rank
    status: Status
    n_steps: int
    gap: float


def _climb(
    gradients: PairedGradients,
    rank: Rank,
    rng: np.random.Generator,
    max_steps: int,
    told: Callable[[int, float], None] | None,
    hopeless: Callable[[Rank], bool],
) -> _Climb:
    rho, gap = 1.0, np.inf
    before: tuple[Rank, Moments, _Look] | None = None
    for step in range(1, max_steps + 1):
        look = _look_around(gradients, rank, rng)
        if told is not None:
            told(step, look.elbo)
        if before is not None and look.fell_from(before[2]):
            rho *= 0.5
            rank, moments, _ = before
            if rho < _SHORTEST:
                return _Climb(rank, Status.LOST, step, gap)
            rank = rank.moved(moments, rho)
            continue
        moments = look.moments
        if moments is None:
            rank = rank.shrunk()
            continue
        gap = moments.gap
        if gap < max(_RESOLVED * moments.noise, _TOLERANCE * rank.mean.size):
            if moments.noise > _TOLERABLE * rank.mean.size:
                return _Climb(rank, Status.NOISY, step, gap)
            return _Climb(rank.moved(moments, rho), Status.CONVERGED, step, moments.noise)
        if before is not None:
            rho = _adapted(rho, moments.cosine(before[1]))
        before = rank, moments, look
        rank = rank.moved(moments, rho)
        if gap < _TOLERABLE * rank.mean.size and hopeless(rank):
            return _Climb(rank, Status.HOPELESS, step, gap)
    return _Climb(rank, Status.MAX_STEPS, max_steps, gap)


def _adapted(rho: float, cosine: float) -> float:
    """A shorter step where the last one went too far, a longer one where it stopped halfway."""
    if cosine < -_TURNED:
        return max(0.5 * rho, _SHORTEST)
    return min(1.0, 1.4 * rho) if cosine > _TURNED else rho


def _look_around(gradients: PairedGradients, rank: Rank, rng: np.random.Generator) -> _Look:
    """Twice as many pairs until the step's gain stands out or the noise is within the tolerance."""
    size, log_height = rank.mean.size, rank.approximation.log_height
    moments, ratios, n_drawn, wanted = None, [], 0, _FIRST_PAIRS
    turn = turns("pair of draws")
    while n_drawn < _MOST_PAIRS:
        while n_drawn < wanted:
            z = rng.standard_normal((min(wanted - n_drawn, _PAIRS_AT_ONCE), size))
            n_drawn += len(z)
            turn(n_drawn)
            values, even, odd = gradients.at_pairs(rank.mean, rank.stretched(z))
            # log p - log q, the mean of the pair
            ratio = values + 0.5 * (z**2).sum(axis=1) - log_height
            fine = np.isfinite(ratio) & np.isfinite(even).all(axis=1) & np.isfinite(odd).all(axis=1)
            ratios.append(ratio[fine])
            more = rank.moments(z[fine], even[fine], odd[fine])
            moments = more if moments is None else moments + more
        if moments is None or moments.n < n_drawn / 2:
            return _Look(None, -np.inf, 0.0)
        if moments.gap > _RESOLVED * moments.noise or moments.noise < _TOLERANCE * size:
            break
        wanted *= 2
    of_pairs = np.concatenate(ratios)
    error = float(of_pairs.std(ddof=1) / np.sqrt(of_pairs.size))
    return _Look(moments, float(of_pairs.mean()), error)
