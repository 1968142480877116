"""The documentation: `make docs` builds it into docs/_build/html.

``ICONLEARN_DOCS_ONLY=t-sne,simclr`` gives pages to these methods only, for a quick look; ``ICONLEARN_DOCS_JOBS`` is
the number of runs at a time.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import generate

import iconlearn

project = "iconlearn"
author = "The iconlearn developers"
copyright = "The iconlearn developers, BSD-3-Clause"
version = release = iconlearn.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "mathml",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_cache", "examples", "authoring", "**/*.txt"]

html_theme = "furo"
html_title = f"iconlearn {release}"
html_static_path = ["_static"]
html_css_files = ["iconlearn.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings tell types and shapes
autodoc_default_options = {"members": False}
napoleon_google_docstring = False
napoleon_use_rtype = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "_generated/gallery",
    "filename_pattern": r"plot_.*\.py",
    "image_scrapers": ("matplotlib",),
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,  # its page would fetch scripts
    "show_signature": False,
    "min_reported_time": 30,
    "remove_config_comments": True,
    "copyfile_regex": r".*\.png",
}


def setup(app):
    names = os.environ.get("ICONLEARN_DOCS_ONLY", "")
    app.add_config_value("iconlearn_only", [name for name in names.split(",") if name], "env", [list])
    app.connect("builder-inited", generate.on_builder_inited, priority=1)  # before the gallery is made
