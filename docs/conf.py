"""Settings of the documentation site. `python docs/build.py` builds it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent / "python")]

import paranom_rs  # noqa: E402

project = "paranom_rs"
author = "The paranom_rs developers"
copyright = "2026, the paranom_rs developers"
version = release = paranom_rs.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_design",
    "site_parts.diagrams",
    "site_parts.llms",
    "site_parts.repository_links",
    "site_parts.reference",
]
exclude_patterns = ["README.md", "jupyter_execute"]
suppress_warnings = ["myst.header", "config.cache"]
root_doc = "index"

# Markdown, and tutorials that are executed each time.
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "substitution"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_render_text_lexer = "none"

# The API reference. Libraries that are not installed are stood in for, so that the pages are there all the same.
autodoc_mock_imports = [
    name
    for name in (
        "bytewax",
        "dask",
        "opentelemetry",
        "paho",
        "pyspark",
        "quixstreams",
        "ray",
        "river",
        "sklearn",
        "torch",
        "safetensors",
    )
    if find_spec(name) is None
]
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_default_options = {"member-order": "bysource"}
default_role = "py:obj"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
python_use_unqualified_type_names = True

html_theme = "pydata_sphinx_theme"
html_title = "paranom_rs"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_baseurl = "https://paranom.github.io/paranom_rs/"
html_theme_options = {
    "github_url": "https://github.com/paranom/paranom_rs",
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
