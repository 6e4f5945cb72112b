"""How Sphinx builds the documentation (`make docs`)."""

from pygments.lexers.sql import PostgresLexer
from sphinx.application import Sphinx

from hotmesh import __version__

project = "HotMesh for Python"
author = "The HotMesh for Python authors"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "sphinx_click"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["requirements.lock"]
nitpicky = False
default_role = "code"

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
# Links to files of the repository outside docs/; tests/architecture/test_docs.py follows every link.
suppress_warnings = ["myst.xref_missing"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"HotMesh for Python {release}"
# One width for letters, lines and signs of the drawings in text.
MONOSPACE = '"DejaVu Sans Mono", "Cascadia Mono", Menlo, Consolas, ui-monospace, monospace'
html_theme_options = {"light_css_variables": {"font-stack--monospace": MONOSPACE}}
html_show_sphinx = False
html_copy_source = False


def setup(app: Sphinx) -> None:
    """Have ```sql mean Postgres' SQL, which knows $$."""
    app.add_lexer("sql", PostgresLexer)
