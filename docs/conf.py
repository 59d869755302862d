"""How the documentation is built: ``uv run --group docs sphinx-build -W docs docs/_build/html``."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent)]

project = "bayesmix"
copyright = "The bayesmix developers"
author = "The bayesmix developers"
version = release = installed_version("bayesmix")

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "age",
    "command_help",
    "house",
    "mathml",
    "notebooks_beside",
]

# Code on the pages is run, and what it prints compared, by tests/test_docs.py; notebooks are committed with their
# output. So nothing is executed here, and a build takes seconds.
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

# Every link inside the site must resolve. Names of other projects are not looked up: that would need the network.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!bayesmix).*"),
    # scikit-learn's metadata routing writes these methods, with links to its own pages
    ("py:.*", r"bayesmix\.estimator\.BayesianMixture\.(set|get)_.*"),
]

autosummary_generate = True
# Pictures that the examples draw (docs/examples.py), by the name of the function.
autosummary_context = {
    "pictures": {
        f"bayesmix.{path.stem.removeprefix('api-')}": path.name for path in (HERE / "pictures").glob("api-*.png")
    }
}
autodoc_typehints = "none"  # the docstrings say the types, in words
autodoc_member_order = "bysource"
# scikit-learn writes these, with words that its own glossary explains
autodoc_default_options = {"exclude-members": "set_fit_request, set_score_request"}
numpydoc_show_class_members = False  # autosummary's template lists them
numpydoc_xref_param_type = False

templates_path = ["templates"]
html_theme = "pydata_sphinx_theme"
html_title = "bayesmix"
html_static_path = ["style"]
html_css_files = ["bayesmix.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_exclude = ".linenos, .gp, .go"
