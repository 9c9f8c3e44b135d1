"""Warns of whatever a built page would load from a network, so that the site reads well offline."""

import re
from pathlib import Path

from sphinx.util import logging

log = logging.getLogger(__name__)
LOADED = re.compile(
    r"""<(?:script|img|iframe|video|source|embed|object)\b[^>]*\b(?:src|data)=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b[^>]*\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"'\s)]+)"""
)


def loaded(text):
    """Addresses that a browser would load from a network to show a page or a style sheet."""
    return [next(filter(None, found)) for found in LOADED.findall(text)]


def check(app, exception):
    """Warn of each page and style sheet that needs a network."""
    if exception or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css"):
            for address in loaded(path.read_text()):
                log.warning("%s loads %s from a network", path.relative_to(app.outdir), address)


def setup(app):
    """Look at everything once it is built."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
