"""The peers, one module each; the module's docstring says which configuration it gets."""
