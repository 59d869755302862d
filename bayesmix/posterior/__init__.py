"""Draws become a tree, and what can be asked of a tree."""
