"""Gibbs sampling of Student-t mixtures, by that of normal ones with a mass for each row.

``parts`` says what the masses and the degrees of freedom add; ``dense`` and ``axis`` compile it for correlated and
uncorrelated features.
"""
