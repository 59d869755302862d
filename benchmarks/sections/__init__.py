"""The sections of the page, one module each: ``TITLE``, a docstring that says what is measured, and ``run``."""
