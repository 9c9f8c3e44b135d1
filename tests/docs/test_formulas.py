"""Equations are typeset everywhere, by commands that the site and GitHub know."""

import re

import pytest
from latex2mathml.converter import convert

from tests.docs import pages

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\\w`$])\$([^$`\n]+)\$(?!\w)", re.DOTALL)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
DERIVATIVE = re.compile(r"^ {4}\S.*(∂|∇|\bd ?\w+/dt|\bdiv\b|\bgrad\b|\bsum_)", re.MULTILINE)


def prose(page):
    """The text of a page without its fenced blocks."""
    return FENCED.sub("", (pages.ROOT / page).read_text())


@pytest.mark.parametrize("page", pages.PAGES)
def test_no_equation_is_drawn_with_letters(page):
    assert not DERIVATIVE.findall(prose(page))


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_formula_can_be_typeset(page):
    for long, short in FORMULA.findall(re.sub(r"`[^`\n]*`", "", prose(page))):
        made = re.sub("<annotation.*?</annotation>", "", convert(long or short))
        assert not re.search(r"\\\w+", made), long or short
