"""Gibbs sampling of Gaussian components under the normal-inverse-Wishart prior."""
