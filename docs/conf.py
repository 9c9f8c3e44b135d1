"""Settings of the documentation site; `make docs` builds it into build/docs."""

import sys
from pathlib import Path

import ecs_model

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

project = "ecs-model"
author = "the authors of ecs-model"
project_copyright = "%Y, the authors of ecs-model"
release = version = ecs_model.__version__

extensions = [
    "myst_nb",
    "sphinx_external_toc",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "extensions.docstrings",
    "extensions.gallery",
    "extensions.layers",
    "extensions.mathml",
    "extensions.offline",
]
exclude_patterns = ["extensions"]

external_toc_path = "contents.yml"
myst_enable_extensions = ["attrs_block", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # tests/test_notebooks.py executes them

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_use_ivar = True
default_role = "code"

html_theme = "furo"
html_title = f"ecs-model {release}"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
