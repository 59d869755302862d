"""Gaussian components of few factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, override

import numpy as np

from bayesmix.data import Rows, check_spread
from bayesmix.density.by_parts import Part
from bayesmix.families.column_blocks import NO_ROW_WEIGHTS
from bayesmix.families.gaussian.elliptical import MEANS
from bayesmix.families.gaussian.factors import low_rank, rotation
from bayesmix.families.gaussian.factors.density import FactorDensity, derived
from bayesmix.families.gaussian.factors.given_rows import FactorConditional, in_units
from bayesmix.families.gaussian.factors.units import FactorUnits
from bayesmix.families.gaussian.family import Gaussian
from bayesmix.families.gaussian.far import FAR, mend
from bayesmix.families.parts import Form, Fused, ParameterSpec, Params, State, Statistics, Summary, Sweeps, labels_drawn
from bayesmix.families.protocol import MOST_WATCHED, Family
from bayesmix.notes import Note
from bayesmix.passes import dense
from bayesmix.priors.factors import InverseGamma, Loadings
from bayesmix.priors.separated import Normal
from bayesmix.priors.sets import Priors
from bayesmix.vocabulary import behind_the_door, named_arguments

_LEAST_OWN = 0.05  # of each column's variance within a component, what starts leave to it
_MOST_NUMBERS = 4e6  # held at once, about


@named_arguments
@dataclass(frozen=True, repr=False)
class FactorAnalysers(Gaussian, of_factors=True):
    """What ``Gaussian(factors=q)`` makes: components with ``means``, ``loadings`` and ``uniquenesses``."""

    sums_out_missing: ClassVar[bool] = False
    takes_errors: ClassVar[bool] = False
    read_by_blocks: ClassVar[bool] = False
    takes_noise: ClassVar[bool] = False

    def __post_init__(self):
        factors = self.factors
        if isinstance(factors, bool) or not isinstance(factors, int | np.integer) or factors < 1:
            raise ValueError(f"factors must be a whole number of at least 1, not {factors!r}")
        if self.covariance != "full":
            raise ValueError(
                f"covariance={self.covariance!r} and factors={factors} are two ways to say what a covariance is: "
                "give one"
            )
        object.__setattr__(self, "factors", int(factors))

    @classmethod
    @override
    def names(cls) -> tuple[str, ...]:
        return ("factors-1", "factors-2", "factors-3")

    def __repr__(self) -> str:
        return f"Gaussian(factors={self.factors})"

    def __str__(self) -> str:
        return f"gaussian-factors-{self.factors}"

    @property
    def _n_factors(self) -> int:
        assert self.factors is not None
        return self.factors

    @property
    @override
    def code(self) -> str:
        return f"bm.Gaussian(factors={self.factors})"

    # What it is made of

    @property
    @override
    def correlated(self) -> bool:
        return True

    @property
    @override
    def parameters(self) -> tuple[ParameterSpec, ...]:
        lengths = (("factor", self._n_factors),)
        return (
            MEANS,
            ParameterSpec("loadings", ("component", "feature", "factor"), "real", lengths=lengths),
            ParameterSpec("uniquenesses", ("component", "feature"), "positive"),
        )

    @property
    @override
    def derived(self) -> tuple[ParameterSpec, ...]:
        return (
            ParameterSpec("scales", ("component", "feature"), "positive"),
            ParameterSpec("communalities", ("component", "feature"), "probability"),
        )

    @override
    def complete(self, params: Params, priors: Priors | None = None) -> dict[str, np.ndarray]:
        return {**params, **derived(params)}

    @override
    def coords(self, rows: Rows) -> dict[str, list[str]]:
        return {"factor": [str(number) for number in range(self._n_factors)]}

    @override
    def n_parameters(self, n_components: int, n_features: int) -> int:
        each = 2 * n_features + rotation.n_free(n_features, self._n_factors)
        return n_components - 1 + n_components * each

    @override
    def same_model_as(self, other: Family, n_components: int, n_features: int) -> bool:
        return self == other

    @property
    @override
    def prior_forms(self) -> tuple[Mapping[str, Any], ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return ({"means": Normal(), "loadings": Loadings(), "uniquenesses": InverseGamma()},)

    # What it learns of the rows

    @override
    def check(self, rows: Rows) -> None:
        n_features, most = rows.n_features, most_factors(rows.n_features)
        if self._n_factors > most:
            remedy = f"use factors={most} or less, or " if most else "use "
            raise ValueError(
                f"factors={self.factors} is more than {n_features} columns can tell: where (D - q)^2 < D + q, any "
                f"covariance is one of q factors; {remedy}covariance='full'"
            )
        if rows.n_rows > 1:
            check_spread(rows)

    @override
    def why_no_maximum(self, rows: Rows) -> str | None:
        return None

    @override
    def remarks(self, rows: Rows, priors: Priors) -> list[Note]:
        return []

    @override
    def standardised(self, rows: Rows) -> Any:
        return FactorUnits(rows)

    @override
    def standard_scale(self, scale: np.ndarray) -> np.ndarray:
        return scale

    @override
    def reduce(self, covariance_or_variances: np.ndarray) -> Any:
        return covariance_or_variances

    # One pass over the rows

    @property
    @override
    def kernel(self) -> Any:
        return low_rank

    @override
    @behind_the_door
    def form(self, weights: np.ndarray, state: State) -> Form:
        return low_rank.standard_form(weights, *state)

    @override
    def forms(self, weights: np.ndarray, params: Params) -> Form:
        parts = (np.asarray(params[spec.name], dtype=float) for spec in self.parameters)
        means, loadings, uniquenesses = parts
        weights = np.broadcast_to(np.asarray(weights, dtype=float), means.shape[:-1])
        return low_rank.standard_form(weights, means, loadings, uniquenesses)

    @override
    @behind_the_door
    def statistics(self, form: Form, columns: np.ndarray, row_weights: np.ndarray = NO_ROW_WEIGHTS) -> Statistics:
        return Family.statistics(self, form, columns, row_weights)

    @override
    def of_rows(self, what: str, columns: np.ndarray, forms: Form) -> np.ndarray:
        out = getattr(low_rank, what)(columns, *forms)
        n_draws, n_components, n_features = forms[1].shape
        joint = out if what == "log_joint" else low_rank.log_joint(columns, *(part[:1] for part in forms))
        near = joint.max(axis=2) >= -0.5 * FAR
        far = np.flatnonzero(~near.all(axis=0))  # what overflowed may be NaN
        if far.size == 0:
            return out
        of_far = np.ascontiguousarray(columns[:, far])
        size = max(1, int(_MOST_NUMBERS // (n_components * n_features**2)))
        for start in range(0, n_draws, size):
            draws = slice(start, start + size)
            form = _dense_form(*(part[draws] for part in forms))
            places = (slice(None), far, draws) if what == "responsibilities" else (draws, far)
            out[places] = mend(what, np.ascontiguousarray(out[places]), dense, of_far, form)
        return out

    @override
    def gathered(self, columns: np.ndarray, memberships: np.ndarray, n_components: int) -> tuple[State, Statistics]:
        """See :class:`~bayesmix.families.protocol.Family`: the largest axes of the scatter of each component."""
        shares = np.eye(n_components)[memberships] if memberships.ndim == 1 else memberships
        counts = shares.sum(axis=0)
        means = (columns @ shares).T / np.maximum(counts, 1e-300)[:, None]
        loadings = np.zeros((*means.shape, self._n_factors))
        uniquenesses = np.ones_like(means)
        for k in np.flatnonzero(counts > 1):
            centred = columns - means[k][:, None]
            covariance = (centred * shares[:, k]) @ centred.T / counts[k]
            loadings[k], uniquenesses[k] = _principal(covariance, self._n_factors)
        state = (means, loadings, uniquenesses)
        form = self.form(np.full(n_components, 1 / n_components), state)
        return state, Statistics(0.0, counts, low_rank.sums_of_shares(columns, shares.T, form), form)

    @override
    def conditional(self, standardised: Any, priors: Priors | None) -> Any:
        return FactorConditional.under(standardised, priors)

    @override
    def sweeps(self, standardised: Any, priors: Priors, n_rows: int) -> Sweeps | None:
        conditional = self.conditional(standardised, priors)
        return None if conditional is None else conditional.sweeps(n_rows)

    # Its priors

    @override
    def closed_form(self, rows: Rows, standardised: Any, priors: Priors, n_components: int) -> Any:
        if not priors.closed:
            return None
        own, shapes = in_units(priors, standardised), self.shapes(n_components, rows.n_features)
        parts = tuple(Part(spec.name, shapes[spec.name], spec.support, own[spec.name]) for spec in self.parameters)

        def likelihood(weights: np.ndarray, params: Params, columns: np.ndarray, row_weights: np.ndarray):
            value, counts, *slopes = self._total(columns, row_weights, weights, params)
            return value, counts, {spec.name: slope for spec, slope in zip(self.parameters, slopes, strict=True)}

        return FactorDensity(
            standardised.columns,
            n_components,
            priors.weights,
            parts,
            likelihood,
            units=standardised,
            n_factors=self._n_factors,
        )

    @override
    def prior_draws(self, priors: Priors, n_components: int, n_features: int, size: int, rng: np.random.Generator):
        return Family.prior_draws(self, priors, n_components, n_features, size, rng)

    @property
    @override
    def has_prior_constant(self) -> bool:
        return True

    @override
    def log_prior_terms(self, priors: Priors, named: Params) -> dict[str, np.ndarray]:
        return Family.log_prior_terms(self, priors, named)

    @override
    def prior_shares(self, rows: Rows, priors: Priors, weights: np.ndarray, params: Params) -> np.ndarray | None:
        return None

    # The likelihood for PyMC

    def _total(self, columns, row_weights, weights, params):
        form = low_rank.standard_form(weights, *(params[spec.name] for spec in self.parameters))
        value, counts, *sums = low_rank.accumulate(columns, row_weights, *form)
        return value, counts, *low_rank.score(counts, *sums, *form[2:])

    @property
    @override
    def fused(self) -> Fused:
        def rows(columns: np.ndarray, log_weights: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
            form = low_rank.standard_form(np.exp(log_weights), *parameters)
            return low_rank.log_mixture(columns, *(part[None] for part in form))[0]

        def total(columns, row_weights, log_weights, *parameters):
            named = {spec.name: value for spec, value in zip(self.parameters, parameters, strict=True)}
            value, *slopes = self._total(columns, row_weights, np.exp(log_weights), named)
            return np.array(value), *slopes

        return Fused(rows, total)

    @override
    def written_out(self, ops: Any, columns: Any, log_weights: Any, *parameters: Any) -> Any:
        means, loadings, uniquenesses = parameters
        deviations = uniquenesses**0.5
        z, scaled = (columns[None] - means[:, :, None]) / deviations[:, :, None], loadings / deviations[:, :, None]
        # elimination in I + B'B, whose pivots are at least one
        rest, inner, pulled = (z**2).sum(axis=1), np.eye(self._n_factors) + scaled.mT @ scaled, scaled.mT @ z
        log_determinants = 2 * ops.log(deviations).sum(axis=-1)
        for p in range(self._n_factors):
            pivot, column, own = inner[:, p, p], inner[:, :, p], pulled[:, p]
            log_determinants = log_determinants + ops.log(pivot)
            rest = rest - own**2 / pivot[:, None]
            shares = column / pivot[:, None]
            pulled = pulled - shares[:, :, None] * own[:, None]
            inner = inner - shares[:, :, None] * column[:, None]
        offsets = log_weights - 0.5 * (columns.shape[0] * np.log(2 * np.pi) + log_determinants)
        return ops.logsumexp(offsets[:, None] - 0.5 * rest, axis=0)

    # What is said of it

    @override
    def sample(
        self, weights: np.ndarray, params: Params, n: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        labels = labels_drawn(weights, n, rng)
        means, loadings, uniquenesses = (np.asarray(params[spec.name]) for spec in self.parameters)
        factors = rng.standard_normal((n, self._n_factors))
        rows = rng.standard_normal((n, means.shape[1]))
        for k in range(len(means)):
            own = labels == k
            rows[own] = means[k] + factors[own] @ loadings[k].T + np.sqrt(uniquenesses[k]) * rows[own]
        return rows, labels

    @override
    @behind_the_door
    def covariance_matrices(self, params: Params) -> np.ndarray:
        loadings, uniquenesses = np.asarray(params["loadings"]), np.asarray(params["uniquenesses"])
        matrices = loadings @ np.swapaxes(loadings, -1, -2)
        diagonal = np.arange(uniquenesses.shape[-1])
        matrices[..., diagonal, diagonal] += uniquenesses
        return matrices

    @override
    def mean_and_variance(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        return np.asarray(params["means"]), derived(params)["scales"] ** 2

    @override
    def total_variances(self, weights: np.ndarray, params: Params) -> np.ndarray:
        means, variances = self.mean_and_variance(params)
        centred = means - np.einsum("...k,...kd->...d", weights, means)[..., None, :]
        return np.einsum("...k,...kd->...d", weights, variances + centred**2)

    @override
    def watched(self, weights: np.ndarray, params: Params) -> np.ndarray:
        many = np.shape(params["means"])[-1] > MOST_WATCHED
        return self.total_variances(weights, params) if many else super().watched(weights, params)

    @override
    def radii(self, params: Params, share: float) -> np.ndarray:
        return np.full(np.shape(params["means"])[:-1], np.sqrt(-2 * np.log1p(-share)))

    @override
    def summaries(self, params: Params, rows: Rows) -> tuple[Summary, ...]:
        found, means = derived(params), np.asarray(params["means"])
        return (
            Summary("centre", "centre", "centres", rows.labels, means),
            Summary("spread", "standard deviation", "standard deviations", rows.labels, found["scales"]),
            Summary("communality", "communality", "communalities", rows.labels, found["communalities"], share=True),
        )

    @override
    def estimates(self, params: Params) -> dict[str, np.ndarray]:
        return {"means": params["means"], "covariances": self.covariance_matrices(params)}

    @override
    def marginal(self, params: Params, features: np.ndarray) -> tuple["Gaussian", dict[str, np.ndarray]]:
        return self, {
            "means": np.asarray(params["means"])[..., features],
            "loadings": np.asarray(params["loadings"])[..., features, :],
            "uniquenesses": np.asarray(params["uniquenesses"])[..., features],
        }

    @override
    def elliptical_form(
        self, weights: np.ndarray, params: Params
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        heights, centres, *_ = self.forms(weights, params)
        precisions = np.linalg.inv(self.covariance_matrices(params))
        return heights, centres, precisions, np.full(heights.shape, np.inf)

    @override
    def _with(self, params: Params, means: np.ndarray, covariances: np.ndarray) -> dict[str, np.ndarray]:
        return {"means": means, "covariances": covariances}

    @override
    def in_words(self, n_features: int) -> str:
        factors = "one factor" if self.factors == 1 else f"{self.factors} factors"
        return f"Clouds of points (normal distributions), correlated by {factors} of each"


def most_factors(n_features: int) -> int:
    """The most factors q with ``(D - q)^2 >= D + q``: with more, nothing is saved (Ledermann 1937)."""
    return max((q for q in range(1, n_features) if (n_features - q) ** 2 >= n_features + q), default=0)


def _principal(covariance: np.ndarray, n_factors: int) -> tuple[np.ndarray, np.ndarray]:
    """Loadings and uniquenesses from the largest axes of the correlations."""
    deviations = np.sqrt(np.maximum(np.diagonal(covariance), 1e-12))
    values, axes = np.linalg.eigh(covariance / deviations[:, None] / deviations)
    rest = values[:-n_factors].mean()
    loadings = axes[:, -n_factors:] * np.sqrt(np.maximum(values[-n_factors:] - rest, 0.0))
    explained = (loadings**2).sum(axis=1)
    loadings *= np.sqrt(np.minimum(1.0, (1 - _LEAST_OWN) / np.maximum(explained, 1e-12)))[:, None]
    own = np.maximum(1 - (loadings**2).sum(axis=1), _LEAST_OWN)
    return deviations[:, None] * loadings, deviations**2 * own


def _dense_form(offsets: np.ndarray, means: np.ndarray, precisions: np.ndarray, scaled: np.ndarray) -> Form:
    """The form of the same components with whole covariance matrices."""
    matrices = scaled @ np.swapaxes(scaled, -1, -2) + np.eye(means.shape[-1])
    whiteners = np.linalg.inv(np.linalg.cholesky(matrices)) * precisions[..., None, :]
    return offsets, np.ascontiguousarray(means), np.ascontiguousarray(whiteners)
