"""Raster plots: when the neurons along a line fired, a tick for each spike."""

import numpy as np

from ecs_model.postprocess import labels, style, theme
from ecs_model.run import spike_tables
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import read_line

_HEIGHT = 2.6  # inches
_PANEL = 140.0  # points of it that are panel
_TICK = (1.5, 9.0)  # points: shortest and longest tick
_ROOM = 1000  # ticks beside each other that fill the width; more of them are drawn paler
_PALEST = 0.15


@style.styled
def raster(run_dir, line):
    """Figure of the spikes along a line: time horizontally, position vertically.

    Args:
        run_dir: the run directory.
        line: name of a line of a run whose model spikes.

    Raises:
        ConfigError: if the run has no table of spikes along this line, or it is broken.
    """
    folder = RunDir.open(run_dir).path
    times, places = spike_tables.read_spikes(folder, line)
    rows, points, *_ = read_line(folder, line)
    fig = style.figure(_HEIGHT)
    axes = fig.subplots()
    ends = _ends([*points, *places])
    axes.plot(times, places, linestyle="", rasterized=True, **_tick(places, np.ptp(ends)))
    axes.set(xlabel="Time [s]", ylabel=f"Position [{labels.LENGTH}]")
    axes.set(xlim=(0.0, max([*rows[-1:], *times[-1:]])), ylim=ends)
    return fig


def _tick(places, height):
    """How a spike is drawn in a panel of some height [mm]: as high as there is room for each."""
    gaps, (low, high) = np.diff(np.unique(places)), _TICK
    length = min(max(0.9 * _PANEL * np.median(gaps) / height, low), high) if len(gaps) else high
    most = np.unique(places, return_counts=True)[1].max(initial=1)
    look = {"marker": "|", "markersize": length, "markeredgewidth": 0.5, "color": theme.now().ink}
    return look | {"alpha": min(max(_ROOM / most, _PALEST), 1.0)}


def _ends(places):
    """Both ends of the line [mm], with room for a tick."""
    room = 0.04 * np.ptp(places) or 0.5
    return min(places) - room, max(places) + room
