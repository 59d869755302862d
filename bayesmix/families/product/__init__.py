"""Mixed columns: blocks of columns, each with a family of its own."""

from bayesmix.families.product.family import Product

__all__ = ["Product"]
