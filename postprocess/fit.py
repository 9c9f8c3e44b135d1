"""Measured courses, what was fitted to them, the band of the fit, and what is left."""

import csv
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ecs_model.physics.values import Array
from ecs_model.postprocess import style, theme
from ecs_model.postprocess.labels import label, typeset


@dataclass(frozen=True)
class Fitted:
    """A column of a fit, in its unit.

    Attributes:
        name: of the column.
        unit: of all values.
        measured, fitted: shape (times,).
        half: half the width of the band in which the course lies, shape (times,).
    """

    name: str
    unit: str
    measured: Array
    fitted: Array
    half: Array


def pictures(folder: Path, formats: tuple[str, ...] = ("png",)) -> list[Path]:
    """Paths of the picture of a fit that lies in a folder, in all `formats`."""
    folder = Path(folder)
    times, columns = read(folder / "fit.csv")
    return style.save_all({"fit": partial(_figure, times, columns)}, folder, formats)


def read(path: Path) -> tuple[Array, list[Fitted]]:
    """Times [s] and the columns of the table of a fit."""
    with open(path, newline="") as file:
        heads = next(csv.reader(file))
        values = np.loadtxt(file, delimiter=",", ndmin=2)
    table = dict(zip(heads, values.T, strict=True))
    names = [head.removeprefix("fitted ") for head in heads if head.startswith("fitted ")]
    return table["t [s]"], [_column(table, name) for name in names]


def _column(table, head):
    name, _, unit = head.removesuffix("]").partition(" [")
    half = (table[f"band high {head}"] - table[f"band low {head}"]) / 2
    return Fitted(name, unit, table[head], table[f"fitted {head}"], half)


@style.styled
def _figure(times, columns) -> Figure:
    figure = style.figure(3.4)
    rows = figure.subplots(2, len(columns), sharex=True, squeeze=False, height_ratios=[3, 1])
    for above, below, column in zip(*rows, columns, strict=True):
        _draw(above, below, times, column)
    rows[0, 0].legend()
    return figure


def _draw(above, below, times, column):
    fitted, half = column.fitted, column.half
    above.plot(times, column.measured, ".", ms=3, color=theme.now().dim, label="measured")
    (drawn,) = above.plot(times, fitted, label="fitted")
    colour = drawn.get_color()
    above.fill_between(times, fitted - half, fitted + half, color=colour, alpha=0.25, lw=0)
    name, _, place = column.name.partition("@")
    above.set(ylabel=label(name, column.unit), title=place)
    below.axhline(0, lw=0.8, color=theme.now().grey)
    below.plot(times, column.measured - fitted, ".", ms=3, color=theme.now().dim)
    below.set(xlabel="Time [s]", ylabel=f"Residual [{typeset(column.unit)}]")
