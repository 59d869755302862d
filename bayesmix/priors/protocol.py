"""What the house asks of a prior: two small classes that a new one derives from."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np

from bayesmix.priors.numbers import DataSummary


class Prior:
    """What is believed of one part of a mixture before the data, in the units of the data.

    A prior is a frozen dataclass of its hyperparameters; one that is None is scaled by the data. Files keep it by its
    name and numbers, and :mod:`bayesmix.priors` lists it.
    """

    joint: ClassVar[bool] = False
    """Whether several parameters have it together, so that no PyMC distribution of one of them can take its place."""

    def resolve(self, summary: DataSummary, family: Any, n_components: int) -> Self:
        """The same prior with numbers in the place of None; itself, where nothing is scaled by the data.

        Parameters
        ----------
        summary : DataSummary
            Of the data.
        family : Family
        n_components : int

        Returns
        -------
        prior
            Of the same class.

        Raises
        ------
        ValueError
            If a hyperparameter does not fit the number of features or components, or the family.
        """
        return self

    def standardised(self, centre: np.ndarray, scale: np.ndarray) -> Self:
        """The resolved prior in the units of ``scale^-1 (x - centre)``; itself, where it has no units.

        Parameters
        ----------
        centre : (D,) array
        scale : (D,) array, or (D, D) array
            Column scales; a lower triangular matrix for full and tied covariances under a joint prior.

        Returns
        -------
        prior
            Of the same class.
        """
        return self


class ElementwisePrior(Prior, ABC):
    """A prior of every entry of a parameter on its own: what a family's table needs of the priors of its parameters."""

    @abstractmethod
    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Log density of each entry.

        Parameters
        ----------
        values : array
            Its last axes are those of the hyperparameters.

        Returns
        -------
        array
        """

    @abstractmethod
    def slope(self, values: np.ndarray) -> np.ndarray:
        """Derivative of the log density of each entry.

        Parameters
        ----------
        values : array

        Returns
        -------
        array
        """

    @abstractmethod
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Independent draws.

        Parameters
        ----------
        shape : tuple of int
        rng : numpy.random.Generator

        Returns
        -------
        array
        """

    @abstractmethod
    def distribution(self, shape: tuple[int, ...]) -> Any:
        """The PyMC distribution of an array of such parameters; PyMC is imported here, and not before.

        Parameters
        ----------
        shape : tuple of int

        Returns
        -------
        TensorVariable
        """
