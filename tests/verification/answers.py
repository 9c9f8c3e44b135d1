"""Small tissues, time courses and ways to step, and what must come out of them."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad

D = 1.96e-9  # of K+ in water [m^2/s]
ALPHA, TORTUOSITY = 0.2, 1.6
EFFECTIVE = D / TORTUOSITY**2

# The same tissue in one, two and three dimensions, and how large it and its left end are.
TISSUES = {
    1: '[mesh]\ngenerator = "interval"\nlength = "0.4 mm"\ncell = "40 um"\n',
    2: '[mesh]\ngenerator = "rectangle"\nsize = ["0.4 mm", "0.2 mm"]\ncell = "50 um"\n',
    3: '[mesh]\ngenerator = "box"\nsize = ["0.4 mm", "0.2 mm", "0.1 mm"]\ncell = "50 um"\n',
}
VOLUMES = {1: 4e-4, 2: 8e-8, 3: 8e-12}
ENDS = {1: 1.0, 2: 2e-4, 3: 2e-8}

STEPS = {
    "adaptive": ["time.step=20 ms"],
    "long": ["time.step=20 ms", "time.tolerance=50 mM"],
    "fixed": ["time.step=70 ms", "time.adaptive=false"],
    "one an interval": ["time.step=10 s", "time.adaptive=false"],
    "rkl2": ["time.step=20 ms", "solver.scheme=rkl2"],
    "rkl2, fixed": ["time.step=70 ms", "time.adaptive=false", "solver.scheme=rkl2"],
}


@dataclass(frozen=True)
class Course:
    """A time course: its settings, its factor at a time [s], and where it bends or jumps."""

    text: str
    factor: object
    bends: tuple = ()

    def integral(self, end):
        """Integral of the factor from 0 to `end` [s], by quadrature between the bends."""
        ends = [0.0, *(t for t in self.bends if 0 < t < end), end]
        return sum(quad(self.factor, a, b)[0] for a, b in itertools.pairwise(ends))


def pulses(start, duration, period, count):
    """A Course of pulses [s]."""
    begins = start + period * np.arange(count)
    bends = tuple(sorted({float(t) for t in (*begins, *(begins + duration))}))
    text = (
        f'{{ kind = "train", start = "{start} s", duration = "{duration} s", '
        f'period = "{period} s", count = {count} }}'
    )
    return Course(text, lambda t: float(((begins <= t) & (t < begins + duration)).any()), bends)


TABLE = ((0.05, 0.0), (0.31, 1.0), (0.31, 2.5), (0.9, 0.5), (1.7, 0.0))
TABLE_TEXT = "".join(f"{t} {factor}\n" for t, factor in TABLE)

# Edges lie between steps, more than one within a step, and beyond the end of 2 s.
COURSES = {
    "constant": Course('{ kind = "constant" }', lambda t: 1.0),
    "step": Course('{ kind = "step", start = "0.337 s" }', lambda t: float(t >= 0.337), (0.337,)),
    "pulse": Course(
        '{ kind = "pulse", start = "0.337 s", duration = "0.211 s" }',
        lambda t: float(0.337 <= t < 0.548),
        (0.337, 0.548),
    ),
    "short pulse": Course(
        '{ kind = "pulse", start = "0.5031 s", duration = "2.7 ms" }',
        lambda t: float(0.5031 <= t < 0.5058),
        (0.5031, 0.5058),
    ),
    "train": pulses(0.113, 0.051, 0.23, 5),
    "train beyond the end": pulses(0.0, 0.3, 0.7, 9),
    "table": Course(
        '{ kind = "table", file = "course.txt" }',
        lambda t: (
            np.interp(t, *zip(*TABLE[:2], strict=True))
            if t < 0.31
            else np.interp(t, *zip(*TABLE[2:], strict=True))
        ),
        (0.05, 0.31, 0.9, 1.7),
    ),
}


def text_of(dimension, *sections, end="2 s", series="0.5 s", model="none"):
    """The TOML text of a run in one of the TISSUES."""
    return (
        TISSUES[dimension]
        + f'[membrane]\nmodel = "{model}"\n[time]\nend = "{end}"\n'
        + f'[output]\nevery = "{end}"\nseries = "{series}"\n'
        + "".join(sections)
    )


def with_table(folder):
    """The folder, in which there now is the table of COURSES."""
    (folder / "course.txt").write_text(TABLE_TEXT)
    return folder
