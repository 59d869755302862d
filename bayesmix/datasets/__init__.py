"""Small real data sets with their sources, and simulated mixtures whose truth is known."""

from bayesmix.datasets.real import load_faithful, load_galaxies, load_penguins
from bayesmix.datasets.simulation import Simulation, simulate

__all__ = ["Simulation", "load_faithful", "load_galaxies", "load_penguins", "simulate"]
