"""Formulas as MathML, which browsers show by themselves: nothing is loaded from a network."""

import re

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.util import logging

log = logging.getLogger(__name__)


def inline(writer, node):
    """Write a formula of a line."""
    writer.body.append(_mathml(node, "inline"))
    raise SkipNode


def block(writer, node):
    """Write a formula on lines of its own."""
    writer.body.append(f'<div class="formula">{_mathml(node, "block")}</div>')
    raise SkipNode


def _mathml(node, display):
    text = convert(node.astext(), display=display)
    if unknown := re.findall(r"\\\w+", re.sub(r"<annotation.*?</annotation>", "", text)):
        log.warning("formula with unknown commands: %s", " ".join(unknown), location=node)
    return text


def setup(app):
    """Register the renderer `mathml`."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
