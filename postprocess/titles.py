"""Titles above whole figures."""

import functools
import textwrap

import matplotlib as mpl

from ecs_model.postprocess import labels, style

LETTER = 0.54  # mean width of a letter over its size
GAP = 0.08  # inches, between a figure and its title
INCH = 72  # points


@style.styled
def put(figure, text):
    """The figure with a title above all of it, in as many lines as its width needs.

    Words stay whole, so that an address can be copied. What is in the figure stays where it is.
    """
    _settle(figure)
    size = mpl.rcParams["font.size"]
    most = int(figure.get_figwidth() * INCH / (LETTER * size))
    whole = {"break_long_words": False, "break_on_hyphens": False}
    lines = textwrap.fill(labels.plain(text), most, **whole)
    top = 1.0 + GAP / figure.get_figheight()
    figure.text(0.01, top, lines, ha="left", va="bottom", fontsize=size)
    return figure


def _settle(figure):
    """Fix what is in a figure where it is: legends outside of axes would move up to a title."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for legend in figure.legends:
        corner = figure.transFigure.inverted().transform(legend.get_window_extent().min)
        legend.borderaxespad = 0.0
        legend.set_loc("lower left")
        legend.set_bbox_to_anchor(tuple(corner), figure.transFigure)


def over(drawings, text):
    """Name -> function that gives the figure, with a title; "": as they are."""
    if not text:
        return drawings
    return {name: functools.partial(_titled, draw, text) for name, draw in drawings.items()}


def _titled(draw, text):
    return put(draw(), text)
