"""A progress bar where it can be redrawn: on a terminal, in a notebook."""

import os
import sys
import warnings

SHAPE = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}]{postfix}"
UNKNOWN = 80  # columns of a terminal that has no size, as those of some containers
ROWS = 20  # likewise; the bar takes one


def can_redraw(stream):
    """Whether a bar can be drawn over itself there; a log takes lines instead."""
    return stream.isatty() or in_notebook()


def in_notebook():
    """Whether this process is the kernel of a notebook."""
    if (ipython := sys.modules.get("IPython")) is None:
        return False
    return getattr(ipython.get_ipython(), "kernel", None) is not None


class Bar:
    """A bar of tqdm: on a terminal, as text; in a notebook that has ipywidgets, as a widget.

    Args:
        total: what there is to do, in any unit.
        done: how much of it is done at the start; it does not count for the time that is left.
        stream: where it is drawn as text.
    """

    def __init__(self, total, done, stream):
        self._stream = stream
        place = {"file": stream, "ncols": _columns(stream), "nrows": ROWS}
        self._bar = _library()(total=total, initial=done, bar_format=SHAPE, **place)

    def show(self, done, words, further=""):
        """Draw it anew.

        Args:
            done: how much is done, in the unit of `total`.
            words: how much that is, beside the bar.
            further: what else there is to say.
        """
        self._bar.n, self._bar.ncols = done, _columns(self._stream)
        self._bar.set_description_str(words, refresh=False)
        self._bar.set_postfix_str(further, refresh=False)
        self._bar.refresh()

    def stretch(self, total):
        """There is more, or less, to do than was thought."""
        self._bar.total = total

    def close(self):
        """Leave it as it is, and go to the next line."""
        self._bar.close()


def _columns(stream):
    """How wide a terminal is, also one that does not say so; None in a notebook."""
    return (os.get_terminal_size(stream.fileno()).columns or UNKNOWN) if stream.isatty() else None


def _library():
    """The class of tqdm that suits, without the thread that watches for slow bars."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without ipywidgets has a bar as text
        from tqdm.auto import tqdm
    tqdm.monitor_interval = 0
    return tqdm
