"""The fused mixture likelihood as a PyMC random variable, for our models and for people's own."""

from collections.abc import Mapping
from typing import Any

import pytensor.tensor as pt

from bayesmix.families import read_family
from bayesmix.pymc_model.mixture_variable import mixture_of
from bayesmix.pymc_model.seen_cells import SeenCells, with_gaps


class MixtureLikelihood:
    r"""Rows from a finite mixture, with the hidden groups summed out.

    .. math:: p(x_i) = \sum_k w_k \, f(x_i \mid \theta_k)

    The log-likelihood has one number a row. Summed, as samplers want it, its value and its gradient cost a single
    compiled pass over the data, in the Numba and in the JAX backend. Prior and posterior predictive sampling,
    ``pm.compute_log_likelihood`` and ``pm.Minibatch`` (with ``total_size``) work.

    Parameters
    ----------
    name : str
        Name of the variable in the model on the context stack.
    weights : (K,) tensor
        Mixture weights. They should sum to one.
    family : bayesmix.Gaussian or str
        What a component is.
    params : mapping of str to tensor
        The family's parameters by name, component axis first: ``means (K, D)`` and ``covariances`` ((K, D, D) for
        full, (D, D) for tied) or ``variances`` ((K, D) for diag, (K,) for spherical). A covariance that is not
        positive definite has log-likelihood minus infinity.
    observed : (N, D) array, optional
        The data, or a ``pm.Data`` or ``pm.Minibatch`` of them. Cells that are missing (NaN, masked) are summed out
        exactly, and not made variables of their own, as other likelihoods of PyMC do it.
    dims : tuple of str, optional
        Names of the row and the feature dimension.
    total_size : int, optional
        Number of rows of the whole data when ``observed`` is a minibatch.
    row_weights : (N,) tensor, optional
        How much each row counts: its log-likelihood is multiplied by it.
    **kwargs
        Others of PyMC's distributions, such as ``initval``.

    Raises
    ------
    ValueError
        If a parameter is missing, not known to the family or has the wrong number of dimensions.

    Examples
    --------
    >>> import bayesmix as bm
    >>> import numpy as np
    >>> import pymc as pm
    >>> X = bm.datasets.load_faithful()
    >>> with pm.Model() as model:
    ...     weights = pm.Dirichlet("weights", np.ones(2))
    ...     means = pm.Normal("means", X.mean(), X.std(), shape=(2, 2))
    ...     variances = pm.InverseGamma("variances", 2, X.var(), shape=(2, 2))
    ...     params = {"means": means, "variances": variances}
    ...     x = bm.MixtureLikelihood("x", weights, bm.Gaussian("diag"), params, observed=X)
    >>> [variable.name for variable in model.observed_RVs]
    ['x']
    """

    def __new__(
        cls,
        name: str,
        weights: Any,
        family: Any,
        params: Mapping[str, Any],
        *,
        observed: Any = None,
        dims: Any = None,
        total_size: Any = None,
        row_weights: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Add the variable to the model on the context stack."""
        observed, family = with_gaps(observed, read_family(family))
        distribution, arguments = _distribution_of(weights, family, params, row_weights)
        return distribution(name, *arguments, observed=observed, dims=dims, total_size=total_size, **kwargs)

    @classmethod
    def dist(cls, weights: Any, family: Any, params: Mapping[str, Any], **kwargs: Any) -> Any:
        """The distribution outside of a model.

        Parameters
        ----------
        weights, family, params : as of the class
        **kwargs
            Of PyMC's ``dist``: ``shape=(N, D)`` gives the number of rows.

        Returns
        -------
        TensorVariable
        """
        distribution, arguments = _distribution_of(weights, family, params)
        return distribution.dist(*arguments, **kwargs)


def _distribution_of(
    weights: Any, family: Any, params: Mapping[str, Any], row_weights: Any = None
) -> tuple[Any, list[Any]]:
    """The PyMC distribution of a family and its arguments in order, checked."""
    family = family if isinstance(family, SeenCells) else read_family(family)
    names = [spec.name for spec in family.parameters]
    if sorted(params) != sorted(names):
        raise ValueError(f"params for {family} must be named {', '.join(names)}; got {', '.join(params) or 'none'}")
    n_dims = {spec.name: len(spec.dims) for spec in family.parameters}
    tensors = {"weights": weights, **{name: params[name] for name in names}}
    tensors = {name: pt.as_tensor(tensor, dtype="float64") for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        expected = n_dims.get(name, 1)
        if tensor.type.ndim != expected:
            raise ValueError(f"{name} must have {expected} dimensions for {family}, got {tensor.type.ndim}")
    if row_weights is None:
        return mixture_of(family), list(tensors.values())
    row_weights = pt.as_tensor(row_weights, dtype="float64")
    if row_weights.type.ndim != 1:
        raise ValueError(f"row_weights must have 1 dimension, one number a row, got {row_weights.type.ndim}")
    return mixture_of(family, weighted=True), [*tensors.values(), row_weights]
